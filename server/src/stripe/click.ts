/** How a request is made that a person waits for. */

import { setTimeout as pause } from 'node:timers/promises';
import { Stripe } from 'stripe';

/** Tried again once where no answer came, under the SDK's own idempotency key. */
export const click = { maxNetworkRetries: 1 };

/** Milliseconds: a renewal or another request holds an object for about as long. */
const lockMs = 500;

/**
 * Asks once more where another request held the object: the SDK tries no 429 again (SDK-2), and nothing was carried out
 * (HTTP-7).
 */
export async function onceMoreIfLocked<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    if (!(cause instanceof Stripe.errors.StripeRateLimitError) || cause.code !== 'lock_timeout') throw cause;
    await pause(lockMs);
    return await call();
  }
}
