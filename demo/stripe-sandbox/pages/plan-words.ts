/** How a subscription's plan is called and priced, in words. */

import { amountFor } from '../engine/prices.ts';
import { formatInterval } from '../state/money.ts';
import type { State } from '../state/state.ts';
import type { Subscription } from '../state/wire.ts';

export const planName = (state: State, subscription: Subscription): string =>
  subscription.items.data.map((item) => state.products.get(item.price.product)?.name ?? 'Plan').join(' + ');

/** The price of one period, over all items. */
export const totalOf = (subscription: Subscription): number =>
  subscription.items.data.reduce((sum, row) => sum + amountFor(row.price, row.quantity ?? 1), 0);

/** @example periodOf(subscription); // 'per month', 'every 3 months' */
export function periodOf(subscription: Subscription): string {
  const { interval, interval_count: count } = subscription.items.data[0]?.price.recurring ?? {
    interval: 'month',
    interval_count: 1,
  };
  return `${count === 1 ? 'per ' : ''}${formatInterval(interval, count)}`;
}
