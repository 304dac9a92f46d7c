/** What a Checkout session may say in one mode alone, as the SDK documents it, and when its trial may end. */

import { daySeconds } from '../engine/periods.ts';
import { invalidRequest } from '../errors.ts';
import { requireFuture, requireOneOf } from '../http/bounds.ts';
import type { CheckoutOrder, CheckoutSession } from '../state/wire.ts';
import type { Params } from './checkout-fields.ts';

type Mode = CheckoutSession['mode'];

/** The modes in which a parameter may be given; those that are not named may be given in each. */
const modesOf: { readonly [Name in keyof Params]?: readonly Mode[] } = {
  allow_promotion_codes: ['payment', 'subscription'],
  automatic_tax: ['payment', 'subscription'],
  customer_creation: ['payment', 'setup'],
  discounts: ['payment', 'subscription'],
  line_items: ['payment', 'subscription'],
  payment_intent_data: ['payment'],
  payment_method_collection: ['subscription'],
  setup_intent_data: ['setup'],
  submit_type: ['payment', 'subscription'],
  subscription_data: ['subscription'],
  tax_id_collection: ['payment', 'subscription'],
};

/** @throws {StripeError} that names the parameter */
export function refuseOutOfMode(params: Params): void {
  for (const [name, modes] of Object.entries(modesOf)) {
    if (params[name as keyof Params] === undefined || modes?.includes(params.mode) === true) continue;
    throw invalidRequest(`You can not pass \`${name}\` in \`${params.mode}\` mode.`, { param: name });
  }
  requireOneOf(params, 'customer', 'customer_creation');
  requireOneOf(params, 'allowed_payment_method_types', 'payment_method_types');
  const methods = params.allowed_payment_method_types ?? params.payment_method_types;
  if (params.mode === 'setup' && params.currency === undefined && !methods)
    throw invalidRequest('You must provide `currency` or the types of payment methods in `setup` mode.', {
      param: 'currency',
    });
}

type Data = NonNullable<Params['subscription_data']>;

/** A trial of a day at least, or to an end in two days at the earliest. */
export function trialOf(data: Data, now: number): CheckoutOrder['trial'] {
  const { trial_end: end, trial_period_days: days, trial_settings: settings } = data;
  if (end !== undefined && days !== undefined) {
    throw invalidRequest('You may only specify one of these parameters: trial_end, trial_period_days.', {
      param: 'subscription_data',
    });
  }
  requireFuture(end, now, 'subscription_data[trial_end]', now + 730 * daySeconds);
  if (end !== undefined && end < now + 2 * daySeconds) {
    throw invalidRequest('The `trial_end` date has to be at least 2 days in the future.', {
      param: 'subscription_data[trial_end]',
    });
  }
  if (settings && end === undefined && days === undefined) {
    throw invalidRequest('You can only pass `trial_settings` with a trial.', {
      param: 'subscription_data[trial_settings]',
    });
  }
  if (end !== undefined) return { end };
  return days === undefined ? null : { days };
}
