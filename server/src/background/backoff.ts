/** How long the background waits after a failure before it tries the same again. */

import { CodedError } from '../coded-error.ts';
import { longestBackOffMs } from '../ledger/clocks.ts';

/** Seconds between two tries. A failure that passes by itself (Stripe is down) is tried often: all must be fresh soon after. */
const maxSecondsTransient = 30;
const maxSeconds = 300;

/**
 * Milliseconds of back-off: 1, 2, 4 … seconds, each give or take a quarter, so that failures of one moment do not come
 * again together; and never less than Stripe asked for.
 *
 * @param failures - how many there were before this one
 * @param random - 0 to 1
 */
export function backOffMs(cause: unknown, failures: number, random: () => number): number {
  const failure = cause instanceof CodedError ? cause : null;
  const seconds = Math.min(failure?.transient === true ? maxSecondsTransient : maxSeconds, 2 ** failures);
  const asked = Math.min(failure?.retryAfterMs ?? 0, longestBackOffMs);
  return Math.max(asked, Math.round(seconds * 1000 * (0.75 + random() / 2)));
}
