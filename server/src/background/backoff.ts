import { StripeFailure } from '../stripe/gateway.ts';
import { LedgerPinnedError, StoreUnavailableError } from '../ledger/errors.ts';

/** The code that is logged, counted and kept beside a customer; `internal` for what nobody foresaw. */
export function codeOf(cause: unknown): string {
  const isKnown =
    cause instanceof StripeFailure || cause instanceof StoreUnavailableError || cause instanceof LedgerPinnedError;
  return isKnown ? cause.code : 'internal';
}

/** Seconds between two tries. What passes by itself (Stripe is down) is tried often: all must be fresh soon after. */
const maxSecondsPassing = 30;
const maxSeconds = 300;

/**
 * Milliseconds of back-off: 1, 2, 4 … seconds, each give or take a quarter, so that what failed together does not come
 * again together; and never less than Stripe asked for.
 *
 * @param failures How many there were before this one.
 * @param random 0 to 1.
 */
export function backOffMs(cause: unknown, failures: number, random: () => number): number {
  const failure = cause instanceof StripeFailure ? cause : null;
  const seconds = Math.min(failure?.passing === true ? maxSecondsPassing : maxSeconds, 2 ** failures);
  return Math.max(failure?.retryAfterMs ?? 0, Math.round(seconds * 1000 * (0.75 + random() / 2)));
}
