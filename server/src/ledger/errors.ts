/** What the ledger throws. */

/** The ledger belongs to another Stripe account or mode than the key in use. */
export class LedgerPinnedError extends Error {
  override readonly name = 'LedgerPinnedError';
  readonly code = 'ledger_pinned';
}

/** The database cannot do its work now: locked, full, read-only, gone. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
  readonly code = 'store_unavailable';
}
