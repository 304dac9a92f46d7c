/** The parameters of a subscription: when it is made, changed, paused and resumed. */

import type { Stripe } from 'stripe';
import { currencyCode, integerFrom, natural, upTo } from '../http/bounds.ts';
import {
  either,
  emptyable,
  flag,
  hash,
  integer,
  list,
  metadata,
  only,
  required,
  text,
  textUpTo,
  union,
  unsupported,
} from '../http/params.ts';
import { itemPriceData } from './inline-prices.ts';

const paymentBehavior = only('allow_incomplete', 'default_incomplete', 'error_if_incomplete');
const prorationBehavior = union<Stripe.SubscriptionUpdateParams.ProrationBehavior>();
const cancelAt = either(integer, only('max_period_end', 'min_period_end'));
const feedback = union<Stripe.SubscriptionUpdateParams.CancellationDetails.Feedback>();
export const cancellationDetails = hash({ comment: emptyable(text), feedback: emptyable(feedback) });
const paymentSettings = hash({
  payment_method_types: emptyable(list(text)),
  save_default_payment_method: union<Stripe.SubscriptionUpdateParams.PaymentSettings.SaveDefaultPaymentMethod>(),
});
const trialSettings = hash({
  end_behavior: required(
    hash({
      missing_payment_method:
        required(union<Stripe.SubscriptionUpdateParams.TrialSettings.EndBehavior.MissingPaymentMethod>()),
    }),
  ),
});

const notYet = {
  add_invoice_items: unsupported,
  application_fee_percent: unsupported,
  billing_thresholds: unsupported,
  default_source: unsupported,
  on_behalf_of: unsupported,
  pending_invoice_item_interval: unsupported,
  transfer_data: unsupported,
  trial_from_plan: unsupported,
};

export const discountList = emptyable(list(hash({ coupon: text, discount: text, promotion_code: text })));
const taxRates = emptyable(list(text));
/** Only `self` can owe the tax: the sandbox has no connected accounts. */
export const automaticTax = hash({ enabled: required(flag), liability: hash({ type: required(only('self')) }) });
/** The discounts asked for; `null` for none. Older versions know one, by `coupon` or `promotion_code`. */
export function discountsOf({
  coupon,
  discounts,
  promotion_code: code,
}: {
  coupon?: string | null;
  discounts?: ReturnType<typeof discountList.read>;
  promotion_code?: string;
}): typeof discounts {
  if (code !== undefined) return [{ promotion_code: code }];
  if (coupon !== undefined) return coupon === null ? null : [{ coupon }];
  return discounts;
}

/** Of older versions. */
const oneDiscount = { coupon: emptyable(text), promotion_code: text };

const shared = {
  ...oneDiscount,
  automatic_tax: automaticTax,
  collection_method: union<Stripe.SubscriptionUpdateParams.CollectionMethod>(),
  days_until_due: natural,
  default_tax_rates: taxRates,
  discounts: discountList,
};
const itemExtras = { discounts: discountList, tax_rates: taxRates };

export const createFields = {
  ...notYet,
  ...shared,
  backdate_start_date: unsupported,
  billing_cycle_anchor: unsupported,
  billing_cycle_anchor_config: unsupported,
  billing_mode: hash({
    flexible: hash({ proration_discounts: only('included') }),
    type: required(union<Stripe.SubscriptionCreateParams.BillingMode.Type>()),
  }),
  cancel_at: cancelAt,
  cancel_at_period_end: flag,
  currency: currencyCode,
  customer: required(text),
  customer_account: text,
  default_payment_method: text,
  description: textUpTo(500),
  items: required(
    upTo(20, list(hash({ ...itemExtras, metadata, price: text, price_data: itemPriceData, quantity: natural }))),
  ),
  metadata,
  off_session: flag,
  payment_behavior: paymentBehavior,
  payment_settings: paymentSettings,
  proration_behavior: prorationBehavior,
  trial_end: integer,
  trial_period_days: integerFrom({ min: 0, max: 730 }),
  trial_settings: trialSettings,
};

export const updateFields = {
  ...notYet,
  ...shared,
  // OBJ-5: an object since endive.
  billing_cycle_anchor: hash({ type: required(union<Stripe.SubscriptionUpdateParams.BillingCycleAnchor.Type>()) }),
  cancel_at: emptyable(cancelAt),
  cancel_at_period_end: flag,
  cancellation_details: cancellationDetails,
  default_payment_method: emptyable(text),
  description: emptyable(textUpTo(500)),
  items: list(
    hash({
      ...itemExtras,
      deleted: flag,
      id: text,
      metadata,
      price: text,
      price_data: itemPriceData,
      quantity: natural,
    }),
  ),
  metadata,
  off_session: flag,
  pause_collection: emptyable(
    hash({
      behavior: required(union<Stripe.SubscriptionUpdateParams.PauseCollection.Behavior>()),
      resumes_at: integer,
    }),
  ),
  payment_behavior: only('allow_incomplete', 'pending_if_incomplete'),
  payment_settings: paymentSettings,
  proration_behavior: prorationBehavior,
  proration_date: integer,
  trial_end: either(integer, only('now')),
  trial_settings: trialSettings,
};

export const pauseFields = {
  bill_for: hash({
    outstanding_usage_through: hash({
      type: required(union<Stripe.SubscriptionPauseParams.BillFor.OutstandingUsageThrough.Type>()),
    }),
    unused_time_from: hash({ type: required(union<Stripe.SubscriptionPauseParams.BillFor.UnusedTimeFrom.Type>()) }),
  }),
  invoicing_behavior: only('pending_invoice_item'),
  type: only('subscription'),
};

export const resumeFields = {
  billing_cycle_anchor: hash({ type: required(union<Stripe.SubscriptionResumeParams.BillingCycleAnchor.Type>()) }),
  payment_behavior: union<Stripe.SubscriptionResumeParams.PaymentBehavior>(),
  proration_behavior: prorationBehavior,
  proration_date: unsupported,
};
