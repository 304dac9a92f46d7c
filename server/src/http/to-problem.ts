/** Whatever was thrown, as an error with a code: what leaves, and what is counted, is this and never the cause. */

import { NotAnEventError } from '../stripe/event.ts';
import { BillhookError } from '../problem.ts';
import { StripeFailure } from '../stripe/gateway.ts';
import { StoreUnavailableError } from '../ledger/errors.ts';

/** `internal` for what nobody foresaw. */
export function toProblemError(cause: unknown): BillhookError {
  if (cause instanceof BillhookError) return cause;
  if (cause instanceof NotAnEventError) return new BillhookError('body_malformed', { cause });
  if (cause instanceof StoreUnavailableError) return new BillhookError('store_unavailable', { cause, retryAfter: 5 });
  if (cause instanceof StripeFailure) {
    if (cause.code === 'stripe_unauthorized') return new BillhookError('stripe_rejected', { cause });
    const retryAfter = cause.retryAfterMs === null ? 2 : Math.ceil(cause.retryAfterMs / 1000);
    return new BillhookError(cause.code, cause.passing ? { cause, retryAfter } : { cause });
  }
  return new BillhookError('internal', { cause });
}
