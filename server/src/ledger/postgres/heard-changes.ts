/**
 * The changes that were heard of, by account and customer: a row that was read before the last change of its own is old. A
 * counter rises with each change, and the counts of the latest ones are kept; a row from before those that are not kept any
 * more counts as changed.
 */

import type { AccountRef } from '../account.ts';
import type { LedgerChange } from '../feed.ts';

/** Accounts and customers whose last change is remembered. */
const rememberedAtMost = 50_000;

export class HeardChanges {
  #count = 0;
  /** Everything read up to here may have changed since. */
  #floor = 0;
  /** The count of each one's last change, the longest ago first. */
  readonly #last = new Map<string, number>();

  get count(): number {
    return this.#count;
  }

  hear(change: LedgerChange): void {
    this.#count += 1;
    switch (change.kind) {
      case 'raised':
        for (const customer of change.customers) this.#changed(customerKey(customer));
        return;
      case 'looked':
        this.#changed(accountKey(change));
        if (change.customer !== undefined) this.#changed(customerKey(change.customer));
        return;
      case 'catalogue':
      case 'missed':
        this.#floor = this.#count;
        return;
    }
  }

  isSameSince(count: number, account: AccountRef, customer: string | null): boolean {
    return (
      count >= this.#floor &&
      (this.#last.get(accountKey(account)) ?? 0) <= count &&
      (this.#last.get(customerKey(customer)) ?? 0) <= count
    );
  }

  #changed(key: string): void {
    this.#last.delete(key);
    this.#last.set(key, this.#count);
    if (this.#last.size <= rememberedAtMost) return;
    const [oldest] = this.#last;
    if (oldest === undefined) return;
    this.#last.delete(oldest[0]);
    this.#floor = Math.max(this.#floor, oldest[1]);
  }
}

const accountKey = ({ host, account }: AccountRef): string => `${host}\u0000${account}`;
/** Never an account's: no host's id is empty. */
const customerKey = (customer: string | null): string => `\u0000${customer}`;
