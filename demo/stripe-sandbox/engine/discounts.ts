/** Coupons and promotion codes, and the discounts that redeeming them makes. */

import { invalidRequest, noSuch } from '../errors.ts';
import { tellChange } from '../state/events.ts';
import type { State } from '../state/state.ts';
import type { Coupon, Customer, Discount, PromotionCode, Subscription } from '../state/wire.ts';
import { addInterval } from './periods.ts';

/** One entry of a `discounts` parameter: exactly one of the three. */
export interface DiscountRequest {
  readonly coupon?: string;
  readonly promotion_code?: string;
  readonly discount?: string;
}

/** The customer, and the object of it, that a discount belongs to. */
export interface DiscountTarget {
  readonly customer: Pick<Customer, 'id'>;
  readonly currency: string;
  readonly subscription?: string;
  readonly subscriptionItem?: string;
  readonly invoice?: string;
  readonly invoiceItem?: string;
  readonly checkoutSession?: string;
}

/** Older versions have both at the top, where there is no list to name. */
const inside = (param: string, name: string): string => (param === '' ? name : `${param}[${name}]`);

/** Checks a request without redeeming anything, so that a refusal leaves no trace (SUB-18). */
export function checkDiscount(
  state: State,
  request: DiscountRequest,
  target: Pick<DiscountTarget, 'customer' | 'currency'>,
  param: string,
): { coupon: Coupon; code: PromotionCode | null } {
  const named = [request.coupon, request.promotion_code, request.discount].filter((value) => value !== undefined);
  if (named.length !== 1) {
    throw invalidRequest('You must specify exactly one of coupon, promotion_code or discount.', { param });
  }
  if (request.discount !== undefined) {
    const coupon = couponOf(state, state.discounts.get(request.discount));
    if (!coupon) throw noSuch('discount', request.discount, `${param}[discount]`);
    return { coupon, code: null };
  }
  const code = request.promotion_code === undefined ? null : usableCode(state, request.promotion_code, target, param);
  const id = code ? String(code.promotion.coupon) : (request.coupon ?? '');
  const where = inside(param, code ? 'promotion_code' : 'coupon');
  const coupon = state.coupons.get(id);
  if (!coupon) throw noSuch('coupon', id, where);
  if (!isRedeemable(state, coupon)) {
    throw invalidRequest(`Coupon expired: ${coupon.id}`, { code: 'coupon_expired', param: where });
  }
  if (coupon.currency !== null && coupon.currency !== target.currency) {
    throw invalidRequest(
      `The coupon ${coupon.id} is for ${coupon.currency}; it cannot be applied to ${target.currency}.`,
      { param: where },
    );
  }
  return { coupon, code };
}

function usableCode(
  state: State,
  id: string,
  { customer }: Pick<DiscountTarget, 'customer'>,
  param: string,
): PromotionCode {
  const where = inside(param, 'promotion_code');
  const code = state.promotionCodes.get(id);
  if (!code) throw noSuch('promotion code', id, where);
  const refuse = (why: string): Error => invalidRequest(why, { param: where });
  if (!isActive(state, code)) throw refuse('This promotion code cannot be redeemed because it is inactive or expired.');
  if (code.customer !== null && code.customer !== customer.id)
    throw refuse('This promotion code cannot be redeemed because it is for another customer.');
  const bought = state.invoices.of(customer.id, (row) => row.status === 'paid' && row.amount_paid > 0);
  if (code.restrictions.first_time_transaction && bought.length > 0)
    throw refuse('This promotion code cannot be redeemed because the associated customer has prior transactions.');
  return code;
}

/** Whether a promotion code can still be redeemed. */
export const isActive = (state: State, code: PromotionCode): boolean =>
  code.active &&
  (code.expires_at === null || code.expires_at > state.clock.seconds()) &&
  (code.max_redemptions === null || code.times_redeemed < code.max_redemptions);

export const isRedeemable = (state: State, coupon: Coupon): boolean =>
  (coupon.redeem_by === null || coupon.redeem_by > state.clock.seconds()) &&
  (coupon.max_redemptions === null || coupon.times_redeemed < coupon.max_redemptions);

/** Makes a discount without keeping or counting it. A `discount` that is there already is taken as it is. */
export function proposeDiscount(
  state: State,
  request: DiscountRequest,
  target: DiscountTarget,
  param: string,
): Discount {
  const { coupon, code } = checkDiscount(state, request, target, param);
  const existing = state.discounts.get(request.discount ?? '');
  if (existing) return existing;
  const start = state.clock.seconds();
  return {
    id: state.ids.next('di'),
    object: 'discount',
    checkout_session: target.checkoutSession ?? null,
    customer: target.customer.id,
    customer_account: null,
    end: coupon.duration === 'repeating' ? addInterval(start, 'month', coupon.duration_in_months ?? 1) : null,
    invoice: target.invoice ?? null,
    invoice_item: target.invoiceItem ?? null,
    promotion_code: code?.id ?? null,
    source: { coupon: coupon.id, type: 'coupon' },
    start,
    subscription: target.subscription ?? null,
    subscription_item: target.subscriptionItem ?? null,
  };
}

/**
 * Redeems a coupon or a promotion code.
 *
 * @param replaced - the discount that it takes the place of
 */
export function redeem(
  state: State,
  request: DiscountRequest,
  target: DiscountTarget,
  param: string,
  replaced: Discount | null = null,
): Discount {
  const discount = proposeDiscount(state, request, target, param);
  if (state.discounts.get(discount.id)) return discount;
  state.discounts.add(discount);
  const coupon = couponOf(state, discount);
  if (coupon) {
    coupon.times_redeemed += 1;
    coupon.valid = isRedeemable(state, coupon);
  }
  const code = state.promotionCodes.get(discount.promotion_code ?? '');
  if (code) {
    code.times_redeemed += 1;
    code.active = isActive(state, code);
  }
  if (replaced) tellChange(state.events, ['customer.discount.updated'], replaced, discount);
  else state.emit('customer.discount.created', discount);
  return discount;
}

/** Gives a customer a discount of its own, or another one, or none. */
export function discountCustomer(
  state: State,
  customer: Customer,
  request: Pick<DiscountRequest, 'coupon' | 'promotion_code'> | null,
): void {
  if (!request) {
    if (customer.discount) removeDiscount(state, customer.discount, { customer, subscription: null });
    return;
  }
  customer.discount = redeem(state, request, discountTargetOf(state, customer, request), '', customer.discount);
}

/** A customer without a currency takes a coupon of any. */
export function discountTargetOf(
  state: State,
  customer: Customer,
  { coupon, promotion_code: code }: Pick<DiscountRequest, 'coupon' | 'promotion_code'>,
): DiscountTarget {
  const id = coupon ?? String(state.promotionCodes.get(code ?? '')?.promotion.coupon ?? '');
  return { customer, currency: customer.currency ?? state.coupons.get(id)?.currency ?? '' };
}

export const couponOf = (state: State, discount: Discount | undefined): Coupon | undefined =>
  state.coupons.get(discount?.source.coupon ?? '');

const isRunning = (state: State, discount: Discount): boolean =>
  discount.end === null || discount.end > state.clock.seconds();

/** The discounts with these ids that still run, in their order. */
export const runningDiscounts = (state: State, ids: readonly string[]): Discount[] =>
  ids.flatMap((id) => state.discounts.get(id) ?? []).filter((discount) => isRunning(state, discount));

/** The discounts of the next invoice: the subscription's own, else the customer's. */
export function discountsFor(state: State, customer: Customer, subscription: Subscription | null): Discount[] {
  if (subscription && subscription.discounts.length > 0) return runningDiscounts(state, subscription.discounts);
  return runningDiscounts(state, customer.discount ? [customer.discount.id] : []);
}

/** Takes away what an invoice has used up: `once`, and what has come to its end. */
export function useUp(
  state: State,
  discounts: readonly Discount[],
  owners: { customer: Customer; subscription: Subscription | null },
): void {
  const over = (discount: Discount): boolean =>
    couponOf(state, discount)?.duration === 'once' || !isRunning(state, discount);
  for (const discount of discounts.filter(over)) removeDiscount(state, discount, owners);
}

/** Ends a discount: its subscription, items or customer have it no more. */
export function removeDiscount(
  state: State,
  discount: Discount,
  { customer, subscription }: { customer: Customer | undefined; subscription: Subscription | null },
): void {
  const without = (ids: string[]): string[] => ids.filter((id) => id !== discount.id);
  if (subscription) {
    subscription.discounts = without(subscription.discounts);
    for (const item of subscription.items.data) item.discounts = without(item.discounts);
  }
  if (customer?.discount?.id === discount.id) customer.discount = null;
  state.emit('customer.discount.deleted', discount);
}
