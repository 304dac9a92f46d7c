/** Metered prices: billed for a period that is over, by the usage that its meter was told. */

import type { State } from '../state/state.ts';
import type { Meter, Subscription, SubscriptionItem } from '../state/wire.ts';
import { runningDiscounts } from './discounts.ts';
import type { LineDraft } from './line-draft.ts';
import { describe, isMetered, usageAmount } from './prices.ts';

/** Usage from `start` until before `end` (Unix seconds), as the meter adds it up. */
export function usageOf(state: State, meter: Meter, customer: string, start: number, end: number): number {
  const rows = (state.usage.get(meter.id) ?? []).filter(
    (row) => row.customer === customer && row.at >= start && row.at < end,
  );
  switch (meter.default_aggregation.formula) {
    case 'count':
      return rows.length;
    case 'last':
      return rows.at(-1)?.value ?? 0;
    default:
      return rows.reduce((sum, row) => sum + row.value, 0);
  }
}

/** The lines of metered items for the periods that end now, before the items are moved on. */
export const usageLines = (state: State, subscription: Subscription, due: readonly string[]): LineDraft[] =>
  subscription.items.data
    .filter((item) => due.includes(item.id) && isMetered(item.price))
    .map((item) => usageLine(state, subscription, item));

function usageLine(state: State, subscription: Subscription, item: SubscriptionItem): LineDraft {
  const { price, current_period_start: start, current_period_end: end } = item;
  const meter = state.meters.get(price.recurring?.meter ?? '');
  const quantity = meter ? usageOf(state, meter, subscription.customer, start, end) : 0;
  return {
    amount: usageAmount(price, quantity),
    description: describe(state, price, quantity),
    price,
    quantity,
    period: { start, end },
    proration: false,
    subscription: subscription.id,
    subscriptionItem: item.id,
    invoiceItem: null,
    metadata: { ...subscription.metadata },
    discountable: true,
    discounts: runningDiscounts(state, item.discounts),
    taxRates: item.tax_rates ?? [],
    credits: [],
  };
}
