/** Turns Stripe's 404 into nothing. */

import { Stripe } from 'stripe';

/** One thing in a list, or none where Stripe does not know it. */
export async function orNothing<T>(found: Promise<T>): Promise<T[]> {
  try {
    return [await found];
  } catch (cause) {
    if (cause instanceof Stripe.errors.StripeInvalidRequestError && cause.statusCode === 404) return [];
    throw cause;
  }
}
