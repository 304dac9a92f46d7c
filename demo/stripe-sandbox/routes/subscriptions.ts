/** `/v1/subscriptions`. */

import type { Stripe } from 'stripe';
import { endSubscription, markCancelAt, scheduleByApi, unscheduleCancellation } from '../engine/cancellation.ts';
import { requireAttached, requireCustomer, requireListed } from '../engine/customers.ts';
import { pauseByRequest, resume } from '../engine/pause.ts';
import { changeWhenPaid } from '../engine/pending-update.ts';
import { daySeconds } from '../engine/periods.ts';
import {
  changeItems,
  creditUnusedTime,
  invoiceWhatWaits,
  itemsAfter,
  resetAnchor,
} from '../engine/subscription-change.ts';
import { isTerminal, periodEnd } from '../engine/subscription-status.ts';
import { createSubscription } from '../engine/subscriptions.ts';
import { endTrialNow, moveTrialEnd, requireTrialing } from '../engine/trials.ts';
import { invalidRequest, missingParam, noSuch } from '../errors.ts';
import type { Api } from '../http/api.ts';
import { inRange, page, pageParams } from '../http/paging.ts';
import { flag, hash, only, required, text, timeRange, union, type Read } from '../http/params.ts';
import type { State } from '../state/state.ts';
import type { Customer, ItemChange, Price, Subscription } from '../state/wire.ts';
import { inlinePrice } from './inline-prices.ts';
import { freshMetadata, patchMetadata } from './metadata.ts';
import { readBilling } from './subscription-billing.ts';
import { refuseChange, refuseFirst } from './subscription-refusals.ts';
import {
  cancellationDetails,
  createFields,
  discountsOf,
  pauseFields,
  resumeFields,
  updateFields,
} from './subscription-fields.ts';
import { taxRatesOf } from './tax.ts';

type Status = Stripe.SubscriptionListParams.Status;

export function subscriptionRoutes(api: Api): void {
  api.post('/v1/subscriptions', createFields, ({ state, params }) => create(state, params));
  api.get(
    '/v1/subscriptions',
    {
      ...pageParams,
      customer: text,
      customer_account: text,
      price: text,
      status: union<Status>(),
      collection_method: union<Subscription['collection_method']>(),
      created: timeRange,
      current_period_end: timeRange,
      current_period_start: timeRange,
    },
    ({ state, params }) => {
      requireListed(state, params.customer);
      return page(
        state.subscriptions.listOf(
          params.customer,
          (row) =>
            (params.price === undefined || row.items.data.some((item) => item.price.id === params.price)) &&
            (params.collection_method === undefined || row.collection_method === params.collection_method) &&
            statusFits(row, params.status) &&
            inRange(row.created, params.created) &&
            row.items.data.some(
              (item) =>
                inRange(item.current_period_end, params.current_period_end) &&
                inRange(item.current_period_start, params.current_period_start),
            ),
        ),
        params,
        '/v1/subscriptions',
        'subscription',
        params.starting_after === undefined && params.ending_before === undefined ? [] : state.subscriptions.list(),
      );
    },
  );
  api.get('/v1/subscriptions/:id', {}, ({ state, id }) => requireSubscription(state, id()));
  api.post('/v1/subscriptions/:id', updateFields, ({ state, params, id }) =>
    update(state, requireSubscription(state, id()), params),
  );
  modeRoutes(api);
}

/** Other billing modes, pauses and ends. */
function modeRoutes(api: Api): void {
  api.post(
    '/v1/subscriptions/:id/migrate',
    { billing_mode: required(hash({ type: required(only('flexible')) })) },
    ({ state, id }) => {
      const subscription = requireSubscription(state, id());
      if (subscription.billing_mode.type === 'flexible')
        throw invalidRequest('This subscription is already in flexible billing mode.', { param: 'billing_mode' });
      state.update(subscription, (changed) => {
        changed.billing_mode = {
          flexible: { proration_discounts: 'included' },
          type: 'flexible',
          updated_at: state.clock.seconds(),
        };
      });
      return subscription;
    },
  );
  api.post('/v1/subscriptions/:id/pause', pauseFields, ({ state, params, id }) => {
    const subscription = requireSubscription(state, id());
    const from = params.bill_for?.unused_time_from?.type;
    pauseByRequest(state, subscription, from === undefined ? {} : { unusedTimeFrom: from });
    return subscription;
  });
  api.post('/v1/subscriptions/:id/resume', resumeFields, ({ state, params, id }) => {
    const subscription = requireSubscription(state, id());
    resume(state, subscription, {
      anchor: params.billing_cycle_anchor?.type ?? 'now',
      payment: params.payment_behavior ?? 'resume_on_payment_attempt',
      proration: params.proration_behavior ?? 'create_prorations',
    });
    return subscription;
  });
  api.delete(
    '/v1/subscriptions/:id',
    { cancellation_details: cancellationDetails, invoice_now: flag, prorate: flag },
    ({ state, params, id }) => {
      const subscription = requireSubscription(state, id());
      if (params.prorate) creditUnusedTime(state, subscription);
      endSubscription(state, subscription, 'cancellation_requested', params.cancellation_details);
      if (params.invoice_now) invoiceWhatWaits(state, subscription);
      return subscription;
    },
  );
}

export function requireSubscription(state: State, id: string, param = 'id'): Subscription {
  const subscription = state.subscriptions.get(id);
  if (!subscription) throw noSuch('subscription', id, param);
  return subscription;
}

/** What is invoiced for a subscription is invoiced to its own customer. */
export function requireOwned(subscription: Subscription, customer: Customer): void {
  if (subscription.customer === customer.id) return;
  throw invalidRequest(`Customer ${customer.id} does not have a subscription with ID ${subscription.id}`, {
    code: 'resource_missing',
    param: 'subscription',
  });
}

/** Without a status, Stripe lists everything that has not been canceled. */
function statusFits(row: Subscription, status: Status | undefined): boolean {
  if (status === undefined) return row.status !== 'canceled';
  if (status === 'all') return true;
  return status === 'ended' ? isTerminal(row) : row.status === status;
}

/** HTTP-2: a price that is missing or cannot recur is named by its place in the body. */
export function recurringPrice(state: State, id: string, param: string): Price {
  const price = state.prices.get(id);
  if (!price) throw noSuch('price', id, param);
  if (!price.recurring) {
    throw invalidRequest(
      `The price specified is set to \`type=one_time\` but this field only accepts prices with \`type=recurring\`.`,
      { param },
    );
  }
  requireSold(state, price, param);
  return price;
}

/** A price is sold as long as its product is. */
export function requireSold(state: State, price: Price, param: string): void {
  if (!price.active)
    throw invalidRequest('The price specified is inactive. This field only accepts active prices.', { param });
  if (state.products.get(price.product)?.active === false)
    throw invalidRequest(`The product of the price specified is inactive: ${price.product}.`, { param });
}

/** A price by its id, or one that comes with the request. */
function itemPrice(
  state: State,
  { price, price_data: data }: Pick<NonNullable<Read<typeof updateFields>['items']>[number], 'price' | 'price_data'>,
  path: string,
): Price {
  if (data && price !== undefined)
    throw invalidRequest('You may only specify one of these parameters: price, price_data.', { param: path });
  if (data) return inlinePrice(state, data, `${path}[price_data]`);
  if (price === undefined) throw missingParam(`${path}[price]`);
  return recurringPrice(state, price, `${path}[price]`);
}

function create(state: State, params: Read<typeof createFields>): Subscription {
  const customer = requireCustomer(state, params.customer, 'customer');
  if (params.items.length === 0) throw missingParam('items');
  const items = params.items.map((item, index) => ({
    price: itemPrice(state, item, `items[${index}]`),
    quantity: item.quantity,
    metadata: freshMetadata(item.metadata),
    ...(item.discounts ? { discounts: item.discounts } : {}),
    taxRates: taxRatesOf(state, item.tax_rates, `items[${index}][tax_rates]`),
  }));
  refuseFirst(params, items, state.clock.seconds());
  if (params.default_payment_method !== undefined) {
    requireAttached(state, params.default_payment_method, customer.id, 'default_payment_method');
  }
  const days = params.trial_period_days ?? 0;
  const now = state.clock.seconds();
  const subscription = createSubscription(state, {
    customer,
    items,
    paymentBehavior: params.payment_behavior ?? 'allow_incomplete',
    defaultPaymentMethod: params.default_payment_method ?? null,
    metadata: freshMetadata(params.metadata),
    description: params.description ?? null,
    trialEnd: params.trial_end ?? (days > 0 ? now + days * daySeconds : null),
    missingPaymentMethod: params.trial_settings?.end_behavior.missing_payment_method ?? 'create_invoice',
    saveDefaultPaymentMethod: params.payment_settings?.save_default_payment_method ?? 'off',
    paymentMethodTypes: params.payment_settings?.payment_method_types ?? null,
    discounts: discountsOf(params) ?? [],
    defaultTaxRates: taxRatesOf(state, params.default_tax_rates, 'default_tax_rates'),
    automaticTax: params.automatic_tax?.enabled ?? false,
    collectionMethod: params.collection_method ?? 'charge_automatically',
    daysUntilDue: params.days_until_due ?? null,
    billingMode: params.billing_mode?.type ?? 'flexible',
  });
  if (params.cancel_at_period_end) state.update(subscription, (changed) => scheduleByApi(changed, now));
  else if (params.cancel_at !== undefined) {
    const at = cancelTime(subscription, params.cancel_at);
    state.update(subscription, (changed) => markCancelAt(changed, at, now));
  }
  return subscription;
}

function cancelTime(subscription: Subscription, at: number | 'max_period_end' | 'min_period_end'): number {
  if (typeof at === 'number') return at;
  const ends = subscription.items.data.map((item) => item.current_period_end);
  return at === 'min_period_end' ? Math.min(...ends) : periodEnd(subscription);
}

function update(state: State, subscription: Subscription, params: Read<typeof updateFields>): Subscription {
  if (isTerminal(subscription)) refuseUnlessWords(subscription, params);
  const now = state.clock.seconds();
  refuseChange(subscription, params, now);
  if (params.default_payment_method != null) {
    requireAttached(state, params.default_payment_method, subscription.customer, 'default_payment_method');
  }
  const changes = (params.items ?? []).map((item, index) => itemChange(state, subscription, item, index));
  refuseWhileScheduled(subscription, params);
  // SUB-18: everything that may be refused is refused before anything is changed.
  itemsAfter(state, subscription, changes, params.proration_date ?? now);
  if (params.trial_end !== undefined && params.trial_end !== 'now') requireTrialing(subscription);
  const billing = readBilling(state, subscription, params);
  const proration = params.proration_behavior ?? 'create_prorations';
  if (params.payment_behavior === 'pending_if_incomplete' && changes.length > 0) {
    refuseBesidePending(params);
    // Only what is invoiced now can be left unpaid; everything else happens at once.
    if (proration === 'always_invoice' && subscription.status !== 'trialing') {
      changeWhenPaid(state, subscription, changes, params.proration_date ?? now);
      return subscription;
    }
  }
  const also = (changed: Subscription): void => {
    apply(changed, params, now);
    billing(changed);
  };
  if (params.billing_cycle_anchor?.type === 'now' && subscription.status !== 'trialing')
    resetAnchor(state, subscription, changes, proration, also);
  else changeItems(state, subscription, changes, proration, params.proration_date ?? now, also);
  if (params.trial_end === 'now') endTrialNow(state, subscription);
  else if (params.trial_end !== undefined) moveTrialEnd(state, subscription, params.trial_end);
  return subscription;
}

/** A scheduled subscription's cancelation is changed through the schedule. */
function refuseWhileScheduled(subscription: Subscription, params: Read<typeof updateFields>): void {
  if (subscription.schedule === null) return;
  if (params.cancel_at === undefined && params.cancel_at_period_end === undefined) return;
  throw invalidRequest(
    `The subscription is managed by the subscription schedule \`${subscription.schedule}\`, and updating any cancelation behavior directly is not allowed. Please update the schedule instead.`,
    { param: params.cancel_at === undefined ? 'cancel_at_period_end' : 'cancel_at' },
  );
}

const pendingParams = ['expand', 'items', 'off_session', 'payment_behavior', 'proration_behavior', 'proration_date'];

/** SUB-16: a pending update holds a few things only. */
function refuseBesidePending(params: object): void {
  const other = Object.keys(params).find((name) => !pendingParams.includes(name));
  if (other === undefined) return;
  throw invalidRequest(`When \`payment_behavior\` is set to \`pending_if_incomplete\`, you cannot pass \`${other}\`.`, {
    param: other,
  });
}

/** SUB-14: of a subscription that is over, only metadata and cancellation details can still change. */
function refuseUnlessWords(subscription: Subscription, params: object): void {
  const other = Object.keys(params).find((name) => !['metadata', 'cancellation_details', 'expand'].includes(name));
  if (other === undefined) return;
  throw invalidRequest(
    `A canceled subscription can only update its cancellation_details and metadata. Subscription ${subscription.id} is ${subscription.status}.`,
    { param: other },
  );
}

export function itemChange(
  state: State,
  subscription: Subscription,
  item: NonNullable<Read<typeof updateFields>['items']>[number],
  index: number,
): ItemChange {
  const isPriced = item.price !== undefined || item.price_data !== undefined;
  const price = isPriced ? itemPrice(state, item, `items[${index}]`) : undefined;
  // A quantity alone is meant for the item that has this price already.
  const id = item.id ?? (price ? subscription.items.data.find((row) => row.price.id === price.id)?.id : undefined);
  return {
    ...(id === undefined ? {} : { id }),
    ...(price ? { price } : {}),
    ...(item.quantity === undefined ? {} : { quantity: item.quantity }),
    ...(item.deleted ? { deleted: true } : {}),
    ...(item.metadata === undefined ? {} : { metadata: freshMetadata(item.metadata) }),
  };
}

function apply(subscription: Subscription, params: Read<typeof updateFields>, now: number): void {
  patchMetadata(subscription, params.metadata);
  if (params.description !== undefined) subscription.description = params.description;
  if (params.default_payment_method !== undefined) subscription.default_payment_method = params.default_payment_method;
  // SUB-15: the status stays what it was.
  if (params.pause_collection !== undefined) {
    subscription.pause_collection = params.pause_collection && {
      behavior: params.pause_collection.behavior,
      resumes_at: params.pause_collection.resumes_at ?? null,
    };
  }
  if (params.payment_settings?.payment_method_types !== undefined && subscription.payment_settings) {
    const types = params.payment_settings
      .payment_method_types as typeof subscription.payment_settings.payment_method_types;
    subscription.payment_settings.payment_method_types = types;
  }
  if (params.payment_settings?.save_default_payment_method !== undefined && subscription.payment_settings) {
    subscription.payment_settings.save_default_payment_method = params.payment_settings.save_default_payment_method;
  }
  if (params.trial_settings && subscription.trial_settings) {
    subscription.trial_settings.end_behavior.missing_payment_method =
      params.trial_settings.end_behavior.missing_payment_method;
  }
  if (params.cancel_at_period_end === true) scheduleByApi(subscription, now);
  else if (
    params.cancel_at_period_end === false &&
    (subscription.cancel_at_period_end || subscription.cancel_at !== null)
  )
    unscheduleCancellation(subscription);
  if (params.cancel_at === null) unscheduleCancellation(subscription);
  else if (params.cancel_at !== undefined) markCancelAt(subscription, cancelTime(subscription, params.cancel_at), now);
  if (params.cancellation_details && subscription.cancellation_details)
    Object.assign(subscription.cancellation_details, params.cancellation_details);
}
