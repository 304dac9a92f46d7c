/** The coupons of a subscription, of any API version → their terms. */

import type { DiscountFacts } from '../../billing/facts.ts';
import { isObject, list, number, object, text, time, type Json } from './json.ts';

const discountsOf = (holder: Json): readonly unknown[] => {
  const several = list(holder['discounts']);
  return several.length > 0 ? several : [holder['discount']].filter(isObject);
};

export function isDiscounted(subscription: Json, customer: Json): boolean {
  const items = list(subscription['items']).map(object);
  return [subscription, customer, ...items].some((holder) => discountsOf(holder).length > 0);
}

/**
 * The terms under which the subscription's price is lowered: its own coupons stand in place of its customer's (SUB-18).
 *
 * @returns `null` where there are none, or where they are not known well enough to say a price: a coupon that was not
 * expanded, one for some products only, or one of a single item
 */
export function discountFacts(subscription: Json, customer: Json): DiscountFacts[] | null {
  const own = discountsOf(subscription);
  const all = own.length > 0 ? own : discountsOf(customer);
  if (list(subscription['items']).some((item) => discountsOf(object(item)).length > 0)) return null;
  const known = all.map((each) => termsOf(object(each)));
  const terms = known.filter((each) => each !== null);
  return terms.length === 0 || terms.length < all.length ? null : terms;
}

/** The coupon stands under `source` since 2025-09-30. */
function termsOf(discount: Json): DiscountFacts | null {
  const coupon = object(object(discount['source'])['coupon'] ?? discount['coupon']);
  const [percentOff, amountOff] = [number(coupon['percent_off']), number(coupon['amount_off'])];
  const isPartial = list(object(coupon['applies_to'])['products']).length > 0;
  if (isPartial || (percentOff === null) === (amountOff === null)) return null;
  return {
    percentOff,
    amountOff,
    currency: text(coupon['currency']),
    end: time(discount['end']),
    once: coupon['duration'] === 'once',
  };
}
