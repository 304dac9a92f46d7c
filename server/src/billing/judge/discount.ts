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
    .filter(({ end }) => end === null || end > (currentPeriodEnd ?? 0))
    .filter((each) => shown.some((item) => countsFor(each, item)));
  const [first] = counting;
  if (first === undefined) return { discounted: false };
  const isOnce = counting.some(({ once }) => once);
  // A trial's own invoice over nothing may use such a coupon up: only the preview knows.
  const isPlain = !isOnce || (counting.length === 1 && status !== 'trialing');
  // An amount is taken from all that it counts for, and not from each line.
  const isOfThese = counting.every(
    (each) => each.amountOff === null || items.every((item) => !countsFor(each, item) || shown.includes(item)),
  );
  const discount = isPlain && isOfThese ? termsOf(first, counting, shown) : null;
  return { discounted: true, ...(discount === null ? {} : { discount }) };
}

function termsOf(first: DiscountFacts, all: readonly DiscountFacts[], shown: readonly ItemFacts[]): Discount | null {
  const isOfAll = all.length === 1 && shown.every((item) => countsFor(first, item));
  const percentOff = isOfAll ? first.percentOff : null;
  const known = lowered(shown, all);
  if (known === null && percentOff === null) return null;
  return {
    price: known?.price ?? null,
    percentOff,
    amountOff: known?.amountOff ?? null,
    // Infinity, where none ends, is no moment.
    until: iso(Math.min(...all.flatMap(({ end }) => end ?? []))),
    once: first.once,
  };
}

/** List prices together, in the one currency of a subscription. `null`: one is not known. */
export const listSum = (items: readonly ItemFacts[]): Money | null =>
  items.map(listPrice).reduce((sum, price) => sum && price && { ...sum, amount: sum.amount + price.amount });

/** One after the other, each rounded as an invoice's line is; an amount is taken from the lines that it counts for. */
function lowered(
  shown: readonly ItemFacts[],
  discounts: readonly DiscountFacts[],
): { price: Money; amountOff: Money } | null {
  const list = listSum(shown);
  if (list === null) return null;
  const { currency } = list;
  const lines = shown.map((item) => ({ item, off: 0, left: listPrice(item)?.amount ?? 0 }));
  for (const discount of discounts) {
    const { percentOff, amountOff, currency: of } = discount;
    if (amountOff !== null && of !== currency) return null;
    let rest = amountOff ?? Infinity;
    for (const line of lines.filter(({ item }) => countsFor(discount, item))) {
      const taken = Math.min(line.left, rest, Math.round((line.left * (percentOff ?? 100)) / 100));
      line.left -= taken;
      line.off += taken;
      rest -= taken;
    }
  }
  const sum = (of: 'left' | 'off') => ({ amount: lines.reduce((all, line) => all + line[of], 0), currency });
  return { price: sum('left'), amountOff: sum('off') };
}
