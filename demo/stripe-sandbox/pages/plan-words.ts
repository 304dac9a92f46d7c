/** How a subscription's plan is called and priced, in words. */

import { couponOf, runningDiscounts } from '../engine/discounts.ts';
import { amountFor } from '../engine/prices.ts';
import { formatDate, formatInterval, formatMoney } from '../state/money.ts';
import type { State } from '../state/state.ts';
import type { Subscription } from '../state/wire.ts';

export const planName = (state: State, subscription: Subscription): string =>
  subscription.items.data.map((item) => state.products.get(item.price.product)?.name ?? 'Plan').join(' + ');

/** The price of one period, over all items. */
export const totalOf = (subscription: Subscription): number =>
  subscription.items.data.reduce((sum, row) => sum + amountFor(row.price, row.quantity ?? 1), 0);

/** @example discountsOf(state, subscription); // ['20% off until 24 September 2027'] */
export function discountsOf(state: State, subscription: Subscription): string[] {
  return runningDiscounts(state, subscription.discounts as string[]).flatMap((discount) => {
    const { percent_off: percent = null, amount_off: amount = null, currency } = couponOf(state, discount) ?? {};
    const off = percent === null ? amount && formatMoney(amount, currency ?? subscription.currency) : `${percent}%`;
    if (off === null) return [];
    return `${off} off${discount.end === null ? '' : ` until ${formatDate(discount.end)}`}`;
  });
}

/** @example periodOf(subscription); // 'per month', 'every 3 months' */
export function periodOf(subscription: Subscription): string {
  const { interval, interval_count: count } = subscription.items.data[0]?.price.recurring ?? {
    interval: 'month',
    interval_count: 1,
  };
  return `${count === 1 ? 'per ' : ''}${formatInterval(interval, count)}`;
}
