/** The ledger’s contract on commits: how a process hears of what another one wrote. */

import type { AccountRef } from './account.ts';

/** A change of the ledger, by this process or another one. */
export type LedgerChange =
  /** The tickets of these customers were raised; of none: an unresolved event came, or a notice was written. */
  | { readonly kind: 'raised'; readonly customers: readonly string[] }
  /** An account's facts differ, or a sync of it ended. */
  | { readonly kind: 'looked'; readonly host: string; readonly account: string; readonly customer?: string }
  /** A product has another name, or a price another amount: a catalogue in memory must be read again. */
  | { readonly kind: 'catalogue' }
  /** Changes may have been missed: all poll now. */
  | { readonly kind: 'missed' };

export interface FeedStore {
  /** Other processes may work on this ledger: a wait for a change must poll now and then too. */
  readonly shared: boolean;
  /** The time by the clock that all its processes share, in Unix milliseconds; `null` where one process works on it. */
  readonly sharedNow: (() => Promise<number>) | null;
  /**
   * Calls back after commits, those of other processes included, as far as they can be heard: a slow poll must stand
   * behind it. Where only one process works on a ledger, it hears the tickets that it raised, and nothing else.
   *
   * @returns Stops it.
   */
  subscribe(listener: (commit: LedgerChange) => void): () => void;
  /**
   * A number that rises with every commit, those of other programs by the next turn of the event loop: while it is the same,
   * so is all that was read since. `null` where the database does not say: then only another read can tell.
   *
   * @throws {StoreUnavailableError}
   */
  changeCount(): number | null;
  /** Where `changeCount` does not say: the commits that other processes told of. `null` where it does. */
  readonly heard: HeardCommits | null;
}

/**
 * The commits that were heard of, with the accounts that each of them changes. This process's own are heard before their
 * call resolves, and another's when its message arrives: some milliseconds late, and never later than `lateAtMostMs`.
 */
export interface HeardCommits {
  readonly lateAtMostMs: number;
  /** A number for this moment, taken before a row is read. `null` while nothing proves that messages arrive. */
  moment(): number | null;
  /** Nothing was heard since that moment that changes what is read of the account, or of its customer. */
  isSameSince(moment: number, account: AccountRef, customer: string | null): boolean;
}
