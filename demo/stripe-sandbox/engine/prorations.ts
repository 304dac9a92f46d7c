/** The credit and the charge of a change in the middle of a period (SUB-9). */

import { formatShortDate } from '../state/money.ts';
import type { State } from '../state/state.ts';
import type { Debit, Subscription, SubscriptionItem } from '../state/wire.ts';
import { openDebits } from './debits.ts';
import { discountsFor } from './discounts.ts';
import type { LineDraft } from './line-draft.ts';
import { itemLines } from './lines.ts';
import { amountFor, isMetered, productName } from './prices.ts';
import { addUp } from './totals.ts';

type Period = Debit['period'];

/** The part of a period that is left at `at` (Unix seconds). */
const partLeft = ({ start, end }: Period, at: number): number => (end - at) / (end - start);

const periodOf = (item: SubscriptionItem): Period => ({
  start: item.current_period_start,
  end: item.current_period_end,
});

/**
 * SUB-9: the credit for the unused time that was billed, then the charge for the time that remains. OBJ-4: flexible billing
 * credits what was billed for that time, and nothing where nothing was; classic billing what would be billed now.
 *
 * @param before - `null` for an item that is added
 * @param after - `null` for an item that is taken out
 */
export function prorationLines(
  state: State,
  subscription: Subscription,
  before: SubscriptionItem | null,
  after: SubscriptionItem | null,
  at: number,
): LineDraft[] {
  return [
    ...(before && !isMetered(before.price) ? creditLines(state, subscription, before, at) : []),
    ...(after && !isMetered(after.price) ? [chargeLine(state, subscription, after, at)] : []),
  ];
}

function creditLines(state: State, subscription: Subscription, item: SubscriptionItem, at: number): LineDraft[] {
  const debits = openDebits(state, subscription, item, at);
  const isClassic = subscription.billing_mode.type === 'classic';
  if (!isClassic && debits.length === 0) return [];
  const unused = isClassic
    ? amountNow(state, subscription, item) * partLeft(periodOf(item), at)
    : debits.reduce((sum, { amount, period }) => sum + amount * partLeft(period, at), 0);
  return [{ ...lineOf(state, subscription, item, at, 'Unused'), amount: 0 - Math.round(unused), credits: debits }];
}

function chargeLine(state: State, subscription: Subscription, item: SubscriptionItem, at: number): LineDraft {
  const amount = Math.round(amountNow(state, subscription, item) * partLeft(periodOf(item), at));
  return { ...lineOf(state, subscription, item, at, 'Remaining'), amount };
}

function lineOf(
  state: State,
  subscription: Subscription,
  item: SubscriptionItem,
  at: number,
  words: 'Unused' | 'Remaining',
): Omit<LineDraft, 'amount'> {
  const quantity = item.quantity ?? 0;
  const counted = quantity === 1 ? '' : `${quantity} × `;
  return {
    description: `${words} time on ${counted}${productName(state, item.price)} after ${formatShortDate(at)}`,
    price: item.price,
    quantity,
    period: { start: at, end: item.current_period_end },
    proration: true,
    subscription: subscription.id,
    subscriptionItem: item.id,
    invoiceItem: null,
    metadata: {},
    // Discounts are in the amount already: `proration_discounts: included`, Stripe's default.
    discountable: false,
    discounts: [],
    taxRates: item.tax_rates ?? [],
    credits: [],
  };
}

/** What an item would be billed for a whole period, with the discounts that run now. */
function amountNow(state: State, subscription: Subscription, item: SubscriptionItem): number {
  const whole = amountFor(item.price, item.quantity ?? 0);
  const customer = state.customers.get(subscription.customer);
  // In the place that it has or had: a changed or removed item is credited as it would be billed now.
  const items = subscription.items.data.map((row) => (row.id === item.id ? item : row));
  if (!items.includes(item)) items.push(item);
  const lines = items.flatMap((row) => itemLines(state, subscription, row));
  if (!customer) return whole;
  const { lines: totals } = addUp(state, {
    lines,
    discounts: discountsFor(state, customer, subscription),
    tax: { automatic: false, customer, defaultRates: [] },
    currency: subscription.currency,
  });
  const off = lines
    .flatMap((line, index) => (line.subscriptionItem === item.id ? (totals[index]?.discountAmounts ?? []) : []))
    .reduce((sum, row) => sum + row.amount, 0);
  return whole - off;
}
