/** What a subscription cannot be asked for, when it is made and when it is changed, before anything is done (SUB-18). */

import { daySeconds } from '../engine/periods.ts';
import { invalidRequest } from '../errors.ts';
import { requireFuture, requireOneOf } from '../http/bounds.ts';
import type { Read } from '../http/params.ts';
import type { Price, Subscription } from '../state/wire.ts';
import type { createFields, updateFields } from './subscription-fields.ts';

type CreateParams = Read<typeof createFields>;
type UpdateParams = Read<typeof updateFields>;

interface FirstItem {
  readonly price: Price;
  readonly quantity: number | undefined;
}

export function refuseFirst(params: CreateParams, items: readonly FirstItem[], now: number): void {
  refuseTwoWays(params);
  requireOneOf(params, 'trial_end', 'trial_period_days');
  requireFuture(params.trial_end, now, 'trial_end', now + 730 * daySeconds);
  refusePast(params.cancel_at, now);
  requireDueDays(params.collection_method, params.days_until_due);
  refuseItems(items, params);
}

export function refuseChange(subscription: Subscription, params: UpdateParams, now: number): void {
  refuseTwoWays(params);
  refusePast(params.cancel_at, now);
  if (typeof params.trial_end === 'number') requireFuture(params.trial_end, now, 'trial_end', now + 730 * daySeconds);
  requireFuture(params.pause_collection?.resumes_at, now, 'pause_collection[resumes_at]');
  if ((params.collection_method ?? subscription.collection_method) !== 'send_invoice')
    requireDueDays('charge_automatically', params.days_until_due);
  refuseDateOutside(subscription, params.proration_date);
  if (subscription.status === 'incomplete' && params.items) {
    throw invalidRequest('The items of a subscription cannot be changed before its first payment.', {
      param: 'items',
    });
  }
  const ids = (params.items ?? []).flatMap(({ id }) => id ?? []);
  if (new Set(ids).size < ids.length)
    throw invalidRequest('Each subscription item can be given once only.', { param: 'items' });
  for (const [index, { id, quantity }] of (params.items ?? []).entries()) {
    const item = subscription.items.data.find((row) => row.id === id);
    if (item && quantity !== undefined) refuseMetered(item.price, `items[${index}][quantity]`);
  }
}

/** The items of a change count from a moment of the running period. */
export function refuseDateOutside({ items }: Subscription, at: number | undefined): void {
  if (at === undefined) return;
  const start = Math.min(...items.data.map((item) => item.current_period_start));
  const end = Math.max(...items.data.map((item) => item.current_period_end));
  if (at >= start && at <= end) return;
  throw invalidRequest('The `proration_date` must lie in the current period of the subscription.', {
    param: 'proration_date',
  });
}

function refuseTwoWays(params: CreateParams | UpdateParams): void {
  if (params.cancel_at_period_end !== undefined && params.cancel_at !== undefined) {
    throw invalidRequest('You cannot set `cancel_at` and `cancel_at_period_end` at the same time.', {
      param: 'cancel_at',
    });
  }
  requireOneOf(params, 'coupon', 'discounts', 'promotion_code');
}

function refusePast(at: CreateParams['cancel_at'] | null, now: number): void {
  if (typeof at === 'number') requireFuture(at, now, 'cancel_at');
}

/** A sent invoice needs a day on which it is due, and only a sent one has it. */
function requireDueDays(method: string | undefined, days: number | undefined): void {
  if (method === 'send_invoice' && days === undefined) {
    throw invalidRequest("You must pass `days_until_due` when `collection_method` is 'send_invoice'.", {
      param: 'days_until_due',
    });
  }
  if (method !== 'send_invoice' && days !== undefined) {
    throw invalidRequest("`days_until_due` can only be set when `collection_method` is 'send_invoice'.", {
      param: 'days_until_due',
    });
  }
}

function refuseItems(items: readonly FirstItem[], { billing_mode: mode, currency }: CreateParams): void {
  for (const [index, { price, quantity }] of items.entries()) {
    if (currency !== undefined && price.currency !== currency) {
      throw invalidRequest(
        `The price specified only supports \`${price.currency}\`. This doesn't match the expected currency: \`${currency}\`.`,
        { param: `items[${index}][price]` },
      );
    }
    if (quantity !== undefined) refuseMetered(price, `items[${index}][quantity]`);
    if (items.findIndex((other) => other.price.id === price.id) < index) {
      throw invalidRequest(`Cannot add multiple subscription items with the same plan: ${price.id}`, {
        param: 'items',
      });
    }
  }
  const intervals = new Set(
    items.map(({ price: { recurring } }) => `${recurring?.interval_count} ${recurring?.interval}`),
  );
  if (mode?.type === 'classic' && intervals.size > 1) {
    throw invalidRequest('All items of a subscription in classic billing mode must have the same interval.', {
      param: 'items',
    });
  }
}

function refuseMetered({ recurring }: Price, param: string): void {
  if (recurring?.usage_type !== 'metered') return;
  throw invalidRequest('You cannot set the quantity for metered plans.', { param });
}
