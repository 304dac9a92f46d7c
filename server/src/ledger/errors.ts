/** The errors of the ledger. */

import { CodedError } from '../coded-error.ts';

/** The ledger belongs to another Stripe account or mode than the key in use. */
export class LedgerPinnedError extends CodedError<'ledger_pinned'> {
  override readonly name = 'LedgerPinnedError';

  constructor(message: string) {
    super('ledger_pinned', message);
  }
}

/** The database cannot do its work now: locked, gone, or until an operator acts: full, read-only. */
export class StoreUnavailableError extends CodedError<'store_unavailable'> {
  override readonly name = 'StoreUnavailableError';

  constructor(message: string, { cause }: ErrorOptions = {}) {
    super('store_unavailable', message, { cause });
  }
}

/** A look at a ledger makes none, and brings none up to date (N3). */
export class LedgerNotReadyError extends StoreUnavailableError {
  readonly because: 'missing' | 'older';

  constructor(because: LedgerNotReadyError['because'], place: string) {
    super(
      because === 'missing'
        ? `there is no ledger at ${place} yet: "billhook serve" makes it at its start, or DATABASE_URL leads elsewhere`
        : `the ledger at ${place} is of an earlier version: the next start of "billhook serve" brings it up to date`,
    );
    this.because = because;
  }
}
