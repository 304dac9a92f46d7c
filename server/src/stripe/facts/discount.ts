/** The coupons of a subscription, of any API version → their terms. */

import type { DiscountFacts } from '../../billing/facts.ts';
import { idOf, isObject, list, number, object, text, time, type Json } from './json.ts';

const discountsOf = (holder: Json): readonly unknown[] => {
  const several = list(holder['discounts']);
  return several.length > 0 ? several : [holder['discount']].filter(isObject);
};

export function isDiscounted(subscription: Json, customer: Json): boolean {
  const items = list(subscription['items']).map(object);
  return [subscription, customer, ...items].some((holder) => discountsOf(holder).length > 0);
}

/**
 * The terms under which the subscription's prices are lowered: those of its items first, as an invoice counts them; its own
 * coupons stand in place of its customer's (SUB-18).
 *
 * @returns `null` where there are none, or where one is not known well enough to say a price: its coupon was not expanded
 */
export function discountFacts(subscription: Json, customer: Json): DiscountFacts[] | null {
  const items = list(subscription['items']).map(object);
  const own = discountsOf(subscription);
  const all = [
    ...items.flatMap((item) => discountsOf(item).map((each) => termsOf(object(each), [item], items))),
    ...(own.length > 0 ? own : discountsOf(customer)).map((each) => termsOf(object(each), items, items)),
  ];
  const terms = all.filter((each) => each !== null);
  return terms.length === 0 || terms.length < all.length ? null : terms;
}

/**
 * The coupon stands under `source` since 2025-09-30.
 *
 * @param of - the items that it was redeemed for
 */
function termsOf(discount: Json, of: readonly Json[], items: readonly Json[]): DiscountFacts | null {
  const coupon = object(object(discount['source'])['coupon'] ?? discount['coupon']);
  const [percentOff, amountOff] = [number(coupon['percent_off']), number(coupon['amount_off'])];
  if ((percentOff === null) === (amountOff === null)) return null;
  const products = list(object(coupon['applies_to'])['products']);
  const price = (item: Json): unknown => item['price'] ?? item['plan'];
  const counted =
    products.length === 0 ? of : of.filter((item) => products.includes(idOf(object(price(item))['product'])));
  return {
    percentOff,
    amountOff,
    currency: text(coupon['currency']),
    end: time(discount['end']),
    once: coupon['duration'] === 'once',
    ...(counted.length < items.length ? { prices: counted.flatMap((item) => idOf(price(item)) ?? []) } : {}),
  };
}
