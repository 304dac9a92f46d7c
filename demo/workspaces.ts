/** Who may sign in at the demo's host: the seeded customers' workspaces, and one that has never bought anything. */

import type { Account } from './host/accounts.ts';
import type { SeededCustomers } from './stripe-sandbox/index.ts';

interface Workspace extends Pick<Account, 'id' | 'workspace'> {
  readonly seeded: keyof SeededCustomers | null;
  readonly situation: NonNullable<Account['situation']>;
}

const workspaces: readonly Workspace[] = [
  {
    id: 'alder-works',
    workspace: 'Alder Works',
    seeded: 'active',
    situation: { en: 'Team plan, paid', ar: 'خطة Team، مدفوعة' },
  },
  {
    id: 'harbour-studio',
    workspace: 'Harbour Studio',
    seeded: 'pastDue',
    situation: { en: 'Team plan, the last payment failed', ar: 'خطة Team، فشل آخر دفع' },
  },
  {
    id: 'blue-door-bakery',
    workspace: 'Blue Door Bakery',
    seeded: 'ending',
    situation: { en: 'Starter plan, ends with this period', ar: 'خطة Starter، أُلغيت بنهاية الفترة' },
  },
  {
    id: 'elm-street-press',
    workspace: 'Elm Street Press',
    seeded: 'ended',
    situation: { en: 'Its plan has ended', ar: 'انتهت خطتها' },
  },
  {
    id: 'fern-and-field',
    workspace: 'Fern & Field',
    seeded: null,
    situation: { en: 'Free, never bought anything', ar: 'مجانية، لم تشترِ شيئًا' },
  },
];

/** The workspaces with the sandbox's customers behind them. */
export function seededAccounts(customers: SeededCustomers): readonly Account[] {
  return workspaces.map(({ id, workspace, situation, seeded }) => ({
    id,
    workspace,
    situation,
    customer: seeded === null ? null : customers[seeded],
  }));
}

/**
 * The workspaces on a real Stripe account, where nobody knows what they have bought.
 *
 * @param customers Stripe customers by workspace id. Others begin with none.
 */
export function unknownAccounts(customers: Readonly<Record<string, string>>): readonly Account[] {
  return workspaces.map(({ id, workspace }) => ({ id, workspace, situation: null, customer: customers[id] ?? null }));
}

/** The variable that introduces a customer for a workspace: `DEMO_CUSTOMER_HARBOUR_STUDIO=cus_…`. */
export const customerVariable = (id: string): string => `DEMO_CUSTOMER_${id.toUpperCase().replaceAll('-', '_')}`;

export const workspaceIds: readonly string[] = workspaces.map(({ id }) => id);
