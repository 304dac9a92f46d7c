/** How a subscription begins. Renewing, changing and ending it are next door. */

import { cardError, invalidRequest, StripeError } from '../errors.ts';
import type { State } from '../state/state.ts';
import type {
  Customer,
  Discount,
  EventType,
  PaymentMethod,
  Price,
  Subscription,
  SubscriptionItem,
  TaxRate,
} from '../state/wire.ts';
import { behaviourOf } from './cards.ts';
import { collect, settleZero } from './collection.ts';
import { payingMethod } from './customers.ts';
import { declineOf } from './declines.ts';
import { proposeDiscount, redeem, type DiscountRequest } from './discounts.ts';
import { keepPrices } from './inline-prices.ts';
import { draftInvoice, finalizeInvoice } from './invoices.ts';
import { periodLines } from './lines.ts';
import { nextBoundary } from './periods.ts';
import { planOf } from './prices.ts';
import { quote, requireTaxLocation } from './quote.ts';
import { trialNotice } from './trials.ts';

/** SUB-1, as observed: not the order in which things happen. Stripe promises none. */
export const firstPurchaseOrder: readonly EventType[] = [
  'charge.succeeded',
  'charge.failed',
  'payment_method.attached',
  'customer.created',
  'checkout.session.completed',
  'customer.updated',
  'customer.subscription.created',
  'payment_intent.succeeded',
  'payment_intent.created',
  'payment_intent.payment_failed',
  'payment_intent.requires_action',
  'invoice.created',
  'invoice.finalized',
  'invoice.updated',
  'invoice.payment_action_required',
  'invoice.payment_failed',
  'invoice.paid',
  'invoice.payment_succeeded',
  'invoice_payment.paid',
];

export interface ItemDraft {
  readonly price: Price;
  readonly quantity: number | undefined;
  readonly metadata: Record<string, string>;
  readonly discounts?: readonly DiscountRequest[];
  readonly taxRates?: readonly TaxRate[];
}

export interface SubscriptionDraft {
  readonly customer: Customer;
  readonly items: ItemDraft[];
  readonly paymentBehavior: 'allow_incomplete' | 'default_incomplete' | 'error_if_incomplete';
  readonly defaultPaymentMethod: string | null;
  readonly metadata: Record<string, string>;
  readonly description: string | null;
  /** Unix seconds at which a free trial ends; `null` for none. */
  readonly trialEnd: number | null;
  readonly missingPaymentMethod: 'create_invoice' | 'cancel' | 'pause';
  readonly saveDefaultPaymentMethod: 'off' | 'on_subscription';
  /** The customer is present and has confirmed with their bank. Default false. */
  readonly confirmed?: boolean;
  readonly discounts?: readonly DiscountRequest[];
  /** Discounts that were redeemed for it already, as Checkout does. */
  readonly redeemed?: readonly Discount[];
  readonly defaultTaxRates?: readonly TaxRate[];
  readonly automaticTax?: boolean;
  /** Default `charge_automatically`. */
  readonly collectionMethod?: 'charge_automatically' | 'send_invoice';
  readonly daysUntilDue?: number | null;
  /** Default `flexible` (OBJ-4). */
  readonly billingMode?: 'classic' | 'flexible';
  readonly paymentMethodTypes?: readonly string[] | null;
  /** The schedule that makes it: it is active from the start, and charged an hour later. */
  readonly schedule?: string;
}

export function createItem(
  state: State,
  subscription: string,
  draft: ItemDraft,
  period: { start: number; end: number },
): SubscriptionItem {
  const metered = draft.price.recurring?.usage_type === 'metered';
  return {
    id: state.ids.next('si'),
    object: 'subscription_item',
    billing_thresholds: null,
    created: state.clock.seconds(),
    current_period_end: period.end,
    current_period_start: period.start,
    current_trial: null,
    discounts: [],
    metadata: draft.metadata,
    plan: planOf(draft.price),
    price: draft.price,
    ...(metered ? {} : { quantity: draft.quantity ?? 1 }),
    subscription,
    tax_rates: structuredClone([...(draft.taxRates ?? [])]),
  };
}

/** OBJ-2: the undocumented copies at the top, for subscriptions with one item. */
export function mirrorSingleItem(subscription: Subscription): void {
  const [only, ...others] = subscription.items.data;
  subscription.plan = only && others.length === 0 ? only.plan : null;
  subscription.quantity = only && others.length === 0 ? (only.quantity ?? null) : null;
}

/** Creates a subscription with its first invoice, and tries to get it paid (SUB-1, SUB-3, SUB-4, HTTP-4). */
export function createSubscription(state: State, draft: SubscriptionDraft): Subscription {
  const currency = currencyOf(draft);
  requireTaxLocation({ automatic: draft.automaticTax ?? false, customer: draft.customer });
  const total = firstTotal(state, draft, currency);
  const method =
    (draft.defaultPaymentMethod === null ? undefined : state.paymentMethods.get(draft.defaultPaymentMethod)) ??
    payingMethod(state, null, draft.customer);
  const isLater = isPaidLater(draft);
  const charged = draft.trialEnd === null && total > 0 && !isLater;
  if (charged && !method && draft.paymentBehavior !== 'default_incomplete') throw noPaymentSource();
  if (charged && method && draft.paymentBehavior === 'error_if_incomplete') refuseUnlessPaid(state, method);

  return state.events.inSendOrder(firstPurchaseOrder, () => {
    keepPrices(
      state,
      draft.items.map(({ price }) => price),
    );
    const subscription = buildSubscription(state, draft, currency);
    redeemAll(state, subscription, draft);
    state.update(draft.customer, (customer) => void (customer.currency ??= currency));
    const invoice = draftInvoice(state, {
      customer: draft.customer,
      subscription,
      reason: 'subscription_create',
      currency,
      lines: periodLines(state, subscription, { free: draft.trialEnd !== null }),
      autoAdvance: isLater,
      period: { start: subscription.created, end: subscription.created },
    });
    // Such an invoice stays a draft for an hour, as on renewals.
    if (!isLater) {
      invoice.webhooks_delivered_at = invoice.created;
      finalizeInvoice(state, invoice);
    }
    if (!settleZero(state, invoice) && !isLater && draft.paymentBehavior !== 'default_incomplete') {
      const outcome = collect(state, invoice, 'first', { method, confirmed: draft.confirmed ?? false });
      // A bank debit under way is good until it bounces; see `recordDebit`.
      if (outcome === 'processing') subscription.status = 'active';
    }
    if (invoice.status === 'paid' && subscription.status === 'incomplete') subscription.status = 'active';
    // Known only from here on: the effects of its first payment are part of its creation, and no update.
    state.subscriptions.add(subscription);
    state.emit('customer.subscription.created', subscription);
    if (subscription.trial_end !== null && subscription.trial_end - subscription.created <= trialNotice) {
      state.emit('customer.subscription.trial_will_end', subscription);
    }
    return subscription;
  });
}

/** Whether a subscription is active before its first invoice is paid. */
const isPaidLater = (draft: SubscriptionDraft): boolean =>
  draft.collectionMethod === 'send_invoice' || draft.schedule !== undefined;

/** The first invoice's total, with discounts that are not redeemed yet. */
function firstTotal(state: State, draft: SubscriptionDraft, currency: string): number {
  const propose = (requests: readonly DiscountRequest[] | undefined, path: string): Discount[] =>
    (requests ?? []).map((request, index) =>
      proposeDiscount(state, request, { customer: draft.customer, currency }, `${path}[${index}]`),
    );
  const own = draft.redeemed ?? propose(draft.discounts, 'discounts');
  const { sums } = quote(state, {
    items: draft.items.map((item, index) => ({
      price: item.price,
      quantity: item.quantity ?? 1,
      discounts: propose(item.discounts, `items[${index}][discounts]`),
      ...(item.taxRates ? { taxRates: item.taxRates } : {}),
    })),
    discounts: own.length > 0 ? own : draft.customer.discount ? [draft.customer.discount] : [],
    tax: {
      automatic: draft.automaticTax ?? false,
      customer: draft.customer,
      defaultRates: draft.defaultTaxRates ?? [],
    },
    currency,
  });
  return sums.total;
}

function redeemAll(state: State, subscription: Subscription, draft: SubscriptionDraft): void {
  const target = { customer: draft.customer, currency: subscription.currency, subscription: subscription.id };
  subscription.discounts = [
    ...(draft.redeemed ?? []).map(({ id }) => id),
    ...(draft.discounts ?? []).map((request, index) => redeem(state, request, target, `discounts[${index}]`).id),
  ];
  for (const discount of draft.redeemed ?? []) discount.subscription = subscription.id;
  subscription.items.data.forEach((item, index) => {
    item.discounts = (draft.items[index]?.discounts ?? []).map(
      (request, at) =>
        redeem(state, request, { ...target, subscriptionItem: item.id }, `items[${index}][discounts][${at}]`).id,
    );
  });
}

function currencyOf(draft: SubscriptionDraft): string {
  const currencies = new Set(draft.items.map((item) => item.price.currency));
  const [currency] = currencies;
  if (currency === undefined)
    throw invalidRequest('Missing required param: items.', { code: 'parameter_missing', param: 'items' });
  if (currencies.size > 1)
    throw invalidRequest('The prices on a subscription must all have the same currency.', { param: 'items' });
  const used = draft.customer.currency;
  if (used && used !== currency) {
    throw invalidRequest(
      `You cannot combine currencies on a single customer. This customer has an active subscription, subscription schedule, discount, quote, or invoice item with currency ${used}.`,
    );
  }
  return currency;
}

/** HTTP-4. */
const noPaymentSource = (): StripeError =>
  new StripeError(
    400,
    {
      type: 'invalid_request_error',
      code: 'resource_missing',
      message:
        'This customer has no attached payment source or default payment method. Please consider adding a default payment method. For more information, visit https://stripe.com/docs/billing/subscriptions/payment-methods-setting#payment-method-priority.',
    },
    true,
  );

/** `error_if_incomplete`: nothing is created unless the charge will go through. */
function refuseUnlessPaid(state: State, method: PaymentMethod): void {
  const behaviour = state.nextCharges[0] ?? behaviourOf(method);
  if (behaviour === 'works') return;
  state.nextCharges.shift();
  if (behaviour !== 'needsAuthentication') throw cardError({ ...declineOf(behaviour), param: '' });
  throw cardError({
    code: 'subscription_payment_intent_requires_action',
    message:
      'Subscription creation failed: the payment requires additional user action before it can be completed successfully.',
  });
}

/** OBJ-4 */
const billingModeOf = ({ billingMode }: SubscriptionDraft, now: number): Subscription['billing_mode'] =>
  billingMode === 'classic'
    ? { flexible: null, type: 'classic' }
    : { flexible: { proration_discounts: 'included' }, type: 'flexible', updated_at: now };

type PaymentTypes = NonNullable<Subscription['payment_settings']>['payment_method_types'];

function buildSubscription(state: State, draft: SubscriptionDraft, currency: string): Subscription {
  const now = state.clock.seconds();
  const id = state.ids.next('sub');
  const items = draft.items.map((item) => {
    const { interval, interval_count: count } = item.price.recurring ?? { interval: 'month', interval_count: 1 };
    return createItem(state, id, item, { start: now, end: draft.trialEnd ?? nextBoundary(now, interval, count, now) });
  });
  const subscription: Subscription = {
    id,
    object: 'subscription',
    application: null,
    application_fee_percent: null,
    automatic_tax: {
      disabled_reason: null,
      enabled: draft.automaticTax ?? false,
      liability: draft.automaticTax ? { type: 'self' } : null,
    },
    billing_cycle_anchor: draft.trialEnd ?? now,
    billing_cycle_anchor_config: null,
    billing_mode: billingModeOf(draft, now),
    billing_schedules: [],
    billing_thresholds: null,
    cancel_at: null,
    cancel_at_period_end: false,
    canceled_at: null,
    cancellation_details: { comment: null, feedback: null, feedback_option: null, reason: null },
    collection_method: draft.collectionMethod ?? 'charge_automatically',
    created: now,
    currency,
    customer: draft.customer.id,
    customer_account: null,
    days_until_due: draft.daysUntilDue ?? null,
    default_payment_method: draft.defaultPaymentMethod,
    default_source: null,
    default_tax_rates: structuredClone([...(draft.defaultTaxRates ?? [])]),
    description: draft.description,
    discounts: [],
    ended_at: null,
    invoice_settings: {
      account_tax_ids: null,
      custom_fields: null,
      description: null,
      footer: null,
      issuer: { type: 'self' },
    },
    items: { object: 'list', data: items, has_more: false, url: `/v1/subscription_items?subscription=${id}` },
    latest_invoice: null,
    livemode: false,
    managed_payments: null,
    metadata: draft.metadata,
    next_pending_invoice_item_invoice: null,
    on_behalf_of: null,
    pause_collection: null,
    payment_settings: {
      payment_method_options: null,
      payment_method_types: (draft.paymentMethodTypes ?? null) as PaymentTypes,
      save_default_payment_method: draft.saveDefaultPaymentMethod,
    },
    pending_invoice_item_interval: null,
    pending_setup_intent: null,
    pending_update: null,
    plan: null,
    quantity: null,
    schedule: draft.schedule ?? null,
    start_date: now,
    status: draft.trialEnd !== null ? 'trialing' : isPaidLater(draft) ? 'active' : 'incomplete',
    test_clock: null,
    transfer_data: null,
    trial_end: draft.trialEnd,
    trial_settings: {
      end_behavior: { billing_cycle_anchor: null, missing_payment_method: draft.missingPaymentMethod },
    },
    trial_start: draft.trialEnd === null ? null : now,
  };
  // OBJ-2
  Object.assign(subscription.items, { total_count: items.length });
  mirrorSingleItem(subscription);
  return subscription;
}
