/** The price that a subscription's coupons leave, and until when. */

import type { Discount, Money, Plan } from '@billhook/widget/contract';
import type { DiscountFacts, ItemFacts, SubscriptionFacts } from '../facts.ts';
import { iso } from './deadlines.ts';
import { listPrice } from './list-price.ts';

/** Does a coupon count for this item? */
export const countsFor = ({ prices }: DiscountFacts, { price }: ItemFacts): boolean =>
  prices === undefined || prices.includes(price);

/**
 * What the coupons make of these items' prices together. One whose end comes before the next charge lowers no charge any
 * more. With terms that are not known, or that these prices cannot say, it stays at `discounted`.
 *
 * @param shown - some of the subscription's items
 */
export function loweredBy(
  subscription: SubscriptionFacts,
  shown: readonly ItemFacts[],
): Pick<Plan, 'discounted' | 'discount'> {
  const { discounts, currentPeriodEnd, status, items } = subscription;
  if (discounts === undefined) return { discounted: subscription.discounted };
  const counting = discounts
    .filter(({ end }) => end === null || currentPeriodEnd === null || end > currentPeriodEnd)
    .filter((each) => shown.some((item) => countsFor(each, item)));
  if (counting.length === 0) return { discounted: false };
  const isOnce = counting.some(({ once }) => once);
  // A trial's own invoice over nothing may use such a coupon up: only the preview knows.
  const isPlain = !isOnce || (counting.length === 1 && status !== 'trialing');
  // An amount is taken from all that it counts for, and not from each line.
  const isOfThese = counting.every(
    (each) => each.amountOff === null || items.every((item) => !countsFor(each, item) || shown.includes(item)),
  );
  const discount = isPlain && isOfThese ? termsOf(counting, shown) : null;
  return { discounted: true, ...(discount === null ? {} : { discount }) };
}

function termsOf(counting: readonly DiscountFacts[], shown: readonly ItemFacts[]): Discount | null {
  const [first] = counting;
  if (first === undefined) return null;
  const isOfAll = counting.length === 1 && shown.every((item) => countsFor(first, item));
  const percentOff = isOfAll ? first.percentOff : null;
  const listed = sumOf(shown.map(listPrice));
  const price = listed === null ? null : lowered(shown, listed.currency, counting);
  if (price === null && percentOff === null) return null;
  const ends = counting.flatMap(({ end }) => end ?? []);
  return {
    price,
    percentOff,
    amountOff: price === null || listed === null ? null : { ...listed, amount: listed.amount - price.amount },
    until: ends.length === 0 ? null : iso(Math.min(...ends)),
    once: first.once,
  };
}

/** In the one currency of a subscription. `null`: one is not known. */
export function sumOf(prices: readonly (Money | null)[]): Money | null {
  const [first] = prices;
  if (first === undefined || first === null) return null;
  const amounts = prices.flatMap((price) => price?.amount ?? []);
  return amounts.length < prices.length ? null : { ...first, amount: amounts.reduce((sum, each) => sum + each, 0) };
}

/** One after the other, each rounded as an invoice's line is; an amount is taken from the lines that it counts for. */
function lowered(shown: readonly ItemFacts[], currency: string, discounts: readonly DiscountFacts[]): Money | null {
  const lines = shown.map((item) => ({ item, amount: listPrice(item)?.amount ?? 0 }));
  for (const discount of discounts) {
    const { percentOff, amountOff, currency: of } = discount;
    if (amountOff !== null && of !== currency) return null;
    let rest = amountOff ?? Infinity;
    for (const line of lines.filter(({ item }) => countsFor(discount, item))) {
      const taken = Math.min(line.amount, rest, Math.round((line.amount * (percentOff ?? 100)) / 100));
      line.amount -= taken;
      rest -= taken;
    }
  }
  return { amount: lines.reduce((sum, { amount }) => sum + amount, 0), currency };
}
