/** What may be said about a subscription: when it is made, changed, paused and resumed. */

import {
  either,
  emptyable,
  flag,
  hash,
  integer,
  list,
  metadata,
  oneOf,
  required,
  text,
  unsupported,
} from '../http/params.ts';

const paymentBehavior = oneOf('allow_incomplete', 'default_incomplete', 'error_if_incomplete');
const prorationBehavior = oneOf('always_invoice', 'create_prorations', 'none');
const cancelAt = either(integer, oneOf('max_period_end', 'min_period_end'));
const feedback = oneOf(
  'customer_service',
  'low_quality',
  'missing_features',
  'other',
  'switched_service',
  'too_complex',
  'too_expensive',
  'unused',
);
export const cancellationDetails = hash({ comment: emptyable(text), feedback: emptyable(feedback) });
const paymentSettings = hash({ save_default_payment_method: oneOf('off', 'on_subscription') });
const trialSettings = hash({
  end_behavior: required(hash({ missing_payment_method: required(oneOf('cancel', 'create_invoice', 'pause')) })),
});

const notYet = {
  add_invoice_items: unsupported,
  application_fee_percent: unsupported,
  billing_cycle_anchor: unsupported,
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
export const automaticTax = hash({ enabled: required(flag), liability: hash({ type: required(oneOf('self')) }) });
const shared = {
  automatic_tax: automaticTax,
  collection_method: oneOf('charge_automatically', 'send_invoice'),
  days_until_due: integer,
  default_tax_rates: taxRates,
  discounts: discountList,
};
const itemExtras = { discounts: discountList, tax_rates: taxRates };

export const createFields = {
  ...notYet,
  ...shared,
  backdate_start_date: unsupported,
  billing_cycle_anchor_config: unsupported,
  billing_mode: hash({
    flexible: hash({ proration_discounts: oneOf('included') }),
    type: required(oneOf('classic', 'flexible')),
  }),
  cancel_at: cancelAt,
  cancel_at_period_end: flag,
  currency: text,
  customer: required(text),
  default_payment_method: text,
  description: text,
  items: required(list(hash({ ...itemExtras, metadata, price: required(text), quantity: integer }))),
  metadata,
  off_session: flag,
  payment_behavior: paymentBehavior,
  payment_settings: paymentSettings,
  proration_behavior: prorationBehavior,
  trial_end: integer,
  trial_period_days: integer,
  trial_settings: trialSettings,
};

export const updateFields = {
  ...notYet,
  ...shared,
  cancel_at: emptyable(cancelAt),
  cancel_at_period_end: flag,
  cancellation_details: cancellationDetails,
  default_payment_method: emptyable(text),
  description: emptyable(text),
  items: list(hash({ ...itemExtras, deleted: flag, id: text, metadata, price: text, quantity: integer })),
  metadata,
  off_session: flag,
  pause_collection: emptyable(
    hash({ behavior: required(oneOf('keep_as_draft', 'mark_uncollectible', 'void')), resumes_at: integer }),
  ),
  payment_behavior: oneOf('allow_incomplete', 'pending_if_incomplete'),
  payment_settings: paymentSettings,
  proration_behavior: prorationBehavior,
  proration_date: integer,
  trial_end: either(integer, oneOf('now')),
  trial_settings: trialSettings,
};

export const pauseFields = {
  bill_for: hash({
    outstanding_usage_through: hash({ type: required(oneOf('none', 'now')) }),
    unused_time_from: hash({ type: required(oneOf('item_current_period_start', 'none', 'now')) }),
  }),
  invoicing_behavior: oneOf('pending_invoice_item'),
  type: oneOf('subscription'),
};

export const resumeFields = {
  billing_cycle_anchor: hash({ type: required(oneOf('now', 'unchanged')) }),
  payment_behavior: oneOf('resume_on_payment_attempt', 'resume_on_payment_success'),
  proration_behavior: prorationBehavior,
  proration_date: unsupported,
};

export const STATUSES = [
  'active',
  'all',
  'canceled',
  'ended',
  'incomplete',
  'incomplete_expired',
  'past_due',
  'paused',
  'trialing',
  'unpaid',
] as const;
