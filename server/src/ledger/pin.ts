/** Which Stripe account and mode a ledger belongs to: the first one that it was used with. */

import { type StripeIdentity } from './ledger.ts';
import { LedgerPinnedError } from './errors.ts';

/**
 * @param pinned - keeps the name if none was kept, and answers the one that is
 * @throws {LedgerPinnedError} `ledger_pinned`
 */
export async function pinOrRefuse(
  { account, livemode }: StripeIdentity,
  pinned: (wanted: string) => Promise<string>,
): Promise<void> {
  const wanted = `${account} ${livemode ? 'live' : 'test'}`;
  const kept = await pinned(wanted);
  if (kept !== wanted) {
    throw new LedgerPinnedError(
      `this ledger belongs to the Stripe account and mode "${kept}", but the key in use is of "${wanted}": ` +
        'use a key of the former, or another ledger (DATABASE_URL)',
    );
  }
}
