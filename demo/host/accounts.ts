/** The host's own workspaces, which are its billing accounts. In a real product, a table. */

/** How the sign-in page arranges them. */
export const accountGroups = ['paying', 'attention', 'turning'] as const;
export type AccountGroup = (typeof accountGroups)[number];

export interface Account {
  /** The host's id, the widget token's `sub`. */
  readonly id: string;
  readonly workspace: string;
  /** A description for people who try the demo, in English and Arabic; `null` where the situation is unknown. */
  readonly situation: { readonly group: AccountGroup; readonly en: string; readonly ar: string } | null;
  /** The Stripe customer that the host knew before Billhook came: introduced with the token, checked, linked once. */
  readonly customer: string | null;
  /** Another workspace that its people belong to, by id. */
  readonly alsoIn?: string | null;
}
