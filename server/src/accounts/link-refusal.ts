/** Why an account and a customer were not linked, as a code and in words. */

import type { LinkOutcome } from '../ledger/customers.ts';

/** The reason in Stripe's object against a link. */
export type CustomerRefusal = 'customerDeleted' | 'livemode_mismatch' | 'host_mismatch' | 'account_mismatch';

export type LinkRefusal = CustomerRefusal | Exclude<LinkOutcome, 'linked' | 'alreadyLinked'>;

/** In words for the host's developers and operators. */
export const refusalTexts: Record<LinkRefusal, string> = {
  customerDeleted: 'The customer was deleted at Stripe.',
  livemode_mismatch: 'The customer is of another mode than the Stripe key.',
  host_mismatch: 'The customer’s metadata "billhook_host" does not name this host.',
  account_mismatch: 'The customer’s metadata "billhook_account" names another account.',
  customerTaken: 'The customer pays for another account: one customer has one account.',
  accountTaken: 'The account has another customer already, and keeps it.',
};
