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
): Partial<Pick<Plan, 'discounted' | 'discount'>> {
  if (discounts === undefined) return {};
  const counting = discounts.filter(({ end }) => end === null || end > (currentPeriodEnd ?? 0));
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
  const known = list === null ? null : lowered(list, all);
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

/** One after the other, each rounded as an invoice's line is. */
function lowered(list: Money, discounts: readonly DiscountFacts[]): { price: Money; amountOff: Money } | null {
  const { currency } = list;
  let { amount } = list;
  for (const { percentOff, amountOff, currency: of } of discounts) {
    if (amountOff !== null && of !== currency) return null;
    amount -= Math.min(amount, amountOff ?? Math.round((amount * (percentOff ?? 0)) / 100));
  }
  return { price: { amount, currency }, amountOff: { amount: list.amount - amount, currency } };
}
