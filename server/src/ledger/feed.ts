/** The ledger’s contract on commits: how a process hears of what another one wrote. */

/** What another process did to the ledger. */
export type LedgerChange =
  /** A ticket was raised, or a notice written: workers may look. */
  | { readonly kind: 'raised' }
  /** What is known of an account differs, or a look at it ended. */
  | { readonly kind: 'looked'; readonly host: string; readonly account: string }
  /** A product has another name, or a price another amount: whoever keeps the catalogue in memory reads it again. */
  | { readonly kind: 'catalogue' }
  /** Something may have been missed: everybody look. */
  | { readonly kind: 'missed' };

export interface FeedStore {
  /** Other processes may work on this ledger: whoever waits for a change must also look by himself now and then. */
  readonly shared: boolean;
  /**
   * Calls back after commits, those of other processes included, as far as they can be heard: a slow poll must stand
   * behind it. Where only one process works on a ledger it may stay silent.
   *
   * @returns Stops it.
   */
  subscribe(listener: (commit: LedgerChange) => void): () => void;
}
