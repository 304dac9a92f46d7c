/** The host's own workspaces: who pays. In a real product, a table. */

/** How the sign-in page arranges them. */
export const accountGroups = ['paying', 'attention', 'turning'] as const;
export type AccountGroup = (typeof accountGroups)[number];

export interface Account {
  /** The host's id, the widget token's `sub`. */
  readonly id: string;
  readonly workspace: string;
  /** What somebody who tries the demo will find there, in English and Arabic; `null` where nobody can know. */
  readonly situation: { readonly group: AccountGroup; readonly en: string; readonly ar: string } | null;
  /** The Stripe customer that the host knew before Billhook came: introduced with the token, checked, linked once. */
  readonly customer: string | null;
  /** Another workspace that its people belong to, by id. */
  readonly alsoIn?: string | null;
}
