/** An account as one caller may see it, under its host's policy. */

import type { Policy } from '../billing/policy.ts';
import type { AccountRef } from '../ledger/account.ts';

export interface Account extends AccountRef {
  readonly policy: Policy;
  /** The caller may open the portal, Checkout and invoices. */
  readonly mayManage: boolean;
}
