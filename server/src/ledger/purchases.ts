/** The ledger’s contract on first purchases: one customer, and one open Checkout an account. */

import type { AccountRef } from './account.ts';

/** An account's last Checkout, as it was asked for. */
export interface CheckoutRecord {
  readonly session: string;
  readonly offer: string;
  readonly returnUrl: string;
}

/** Before a first purchase: creating the customer once, and one open Checkout an account. */
export interface PurchaseStore {
  /** Notes that a customer is about to be created for the account, or answers the note that is there. */
  intendCustomer(ref: AccountRef, now: number): Promise<{ readonly generation: number; readonly since: number }>;
  /**
   * The note of this generation is too old to rely on, and becomes one of the next. Of two that renew the same one both get
   * the same next: they must not create two customers.
   */
  renewIntent(ref: AccountRef, generation: number, now: number): Promise<{ readonly generation: number }>;

  /**
   * Takes the account's lock for `leaseMs`, and answers its last Checkout; `null` while another process has the lock.
   */
  lockCheckout(
    ref: AccountRef,
    lock: string,
    leaseMs: number,
    now: number,
  ): Promise<{ readonly last: CheckoutRecord | null } | null>;
  /** Writes the Checkout down, while the lock is still ours. */
  keepCheckout(ref: AccountRef, lock: string, checkout: CheckoutRecord): Promise<void>;
  unlockCheckout(ref: AccountRef, lock: string): Promise<void>;
}
