/** The price that a subscription's coupons leave, and until when. */

import type { Discount, Money, Plan } from '@billhook/widget/contract';
import type { DiscountFacts, SubscriptionFacts } from '../facts.ts';
import { iso } from './deadlines.ts';

/**
 * A coupon whose end comes before the next charge lowers no charge any more. With terms that are not known, or that no
 * single price can say, it stays at `discounted`.
 */
export function loweredBy(
  { discounts, currentPeriodEnd, status }: SubscriptionFacts,
  plan: Plan,
): Pick<Plan, 'discounted' | 'discount'> {
  if (discounts === undefined) return { discounted: plan.discounted };
  const counting = discounts.filter(({ end }) => end === null || currentPeriodEnd === null || end > currentPeriodEnd);
  const [first] = counting;
  if (first === undefined) return { discounted: false };
  const isOnce = counting.some(({ once }) => once);
  // A trial's own invoice over nothing may use such a coupon up: only the preview knows.
  const isPlain = !isOnce || (counting.length === 1 && status !== 'trialing');
  // An amount is taken from the whole invoice, and not from each of its lines.
  const isOfOnePrice = plan.otherItems === 0 || counting.every(({ amountOff }) => amountOff === null);
  const discount = isPlain && isOfOnePrice ? termsOf(first, counting, plan.price) : null;
  return { discounted: true, ...(discount === null ? {} : { discount }) };
}

function termsOf(first: DiscountFacts, all: readonly DiscountFacts[], list: Money | null): Discount | null {
  const percentOff = all.length === 1 ? first.percentOff : null;
  const price = list === null ? null : lowered(list, all);
  if (price === null && percentOff === null) return null;
  const ends = all.flatMap(({ end }) => end ?? []);
  return {
    price,
    percentOff,
    amountOff: price === null || list === null ? null : { ...list, amount: list.amount - price.amount },
    until: ends.length === 0 ? null : iso(Math.min(...ends)),
    once: first.once,
  };
}

/** One after the other, each rounded as an invoice's line is. */
function lowered({ amount: listed, currency }: Money, discounts: readonly DiscountFacts[]): Money | null {
  let amount = listed;
  for (const { percentOff, amountOff, currency: of } of discounts) {
    if (amountOff !== null && of !== currency) return null;
    amount -= Math.min(amount, amountOff ?? Math.round((amount * (percentOff ?? 0)) / 100));
  }
  return { amount, currency };
}
