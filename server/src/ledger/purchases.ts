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

/** The statements that both stores run as they are. */
export const purchaseSql = {
  findIntent: `SELECT generation, since FROM intents WHERE host = @host AND account = @account`,
  renewIntent: `UPDATE intents SET generation = generation + 1, since = @now
    WHERE host = @host AND account = @account AND generation = @generation`,
  addCheckout: `INSERT INTO checkouts (host, account) VALUES (@host, @account) ON CONFLICT DO NOTHING`,
  keepCheckout: `UPDATE checkouts SET session = @session, offer = @offer, return_url = @returnUrl
    WHERE host = @host AND account = @account AND lock = @lock`,
  unlockCheckout: `UPDATE checkouts SET lock = NULL, locked_until = 0 WHERE host = @host AND account = @account AND lock = @lock`,
} as const;
