/** What Stripe refused, or did not answer, as an error with a code of ours. */

import { Stripe } from 'stripe';
import { CodedError } from '../coded-error.ts';
import { onceMoreIfLocked } from './click.ts';
import { retryAfterMs } from './http.ts';
import { BudgetSpentError, currentContext } from './request-budget.ts';

export type StripeFailureCode =
  | 'stripe_unavailable'
  | 'stripe_rate_limited'
  | 'stripe_unauthorized'
  | 'stripe_customer_missing'
  | 'portal_not_configured'
  | 'portal_flow_unavailable'
  | 'stripe_rejected';

/** Worth another try in a moment: nothing was wrong with the request. */
const transientCodes: Record<StripeFailureCode, boolean> = {
  stripe_unavailable: true,
  stripe_rate_limited: true,
  stripe_unauthorized: false,
  stripe_customer_missing: false,
  portal_not_configured: false,
  portal_flow_unavailable: false,
  stripe_rejected: false,
};

/** Stripe refused or did not answer. The cause is for the log. */
export class StripeFailure extends CodedError<StripeFailureCode> {
  override readonly name = 'StripeFailure';

  constructor(code: StripeFailureCode, cause: unknown) {
    super(code, cause instanceof Error ? cause.message : code, {
      transient: transientCodes[code],
      retryAfterMs: cause instanceof Stripe.errors.StripeError ? retryAfterMs(cause.headers) : null,
      cause,
    });
  }
}

/** Gives every failure its code, after a click was tried again where that helps; Stripe's own classes decide, never a message, but where Stripe has nothing else. */
export async function named<T>(
  call: () => Promise<T>,
  about:
    | 'account'
    | 'checkout'
    | 'configuration'
    | 'customer'
    | 'flow'
    | 'event'
    | 'invoice'
    | 'price'
    | 'product'
    | 'subject'
    | 'subscription',
): Promise<T> {
  try {
    return await (currentContext().priority === 'click' ? onceMoreIfLocked(call) : call());
  } catch (cause) {
    throw new StripeFailure(failureCode(cause, about), cause);
  }
}

/** PORT-5: Stripe may name neither parameter nor code; a 400 that names nothing else of the session is about its flow. */
function isAboutFlow({ param, statusCode }: Stripe.errors.StripeInvalidRequestError, about: string): boolean {
  if (param?.startsWith('flow_data')) return !param.includes('after_completion');
  return about === 'flow' && statusCode === 400 && param === undefined;
}

export function failureCode(cause: unknown, about: string): StripeFailureCode {
  const { errors } = Stripe;
  if (cause instanceof errors.StripeRateLimitError) return 'stripe_rate_limited';
  if (cause instanceof errors.StripeConnectionError && cause.detail instanceof BudgetSpentError)
    return 'stripe_rate_limited';
  if (cause instanceof errors.StripeAuthenticationError || cause instanceof errors.StripePermissionError) {
    return 'stripe_unauthorized';
  }
  if (cause instanceof errors.StripeInvalidRequestError) {
    const missing = cause.code === 'resource_missing' && (about === 'customer' || about === 'flow');
    if (missing && (cause.param === 'customer' || cause.param === 'id')) return 'stripe_customer_missing';
    // Gone or switched off: a click meets it as a parameter of its session, a look as the thing itself.
    const configuration = cause.param === 'configuration' || (about === 'configuration' && cause.statusCode === 404);
    if (configuration) return 'portal_not_configured';
    // Switched off in the configuration, or not possible for this subscription: Stripe knows cases that we do not.
    if (isAboutFlow(cause, about)) return 'portal_flow_unavailable';
    return cause.statusCode === 429 ? 'stripe_rate_limited' : 'stripe_rejected';
  }
  if (cause instanceof errors.StripeCardError || cause instanceof errors.StripeIdempotencyError)
    return 'stripe_rejected';
  return 'stripe_unavailable';
}
