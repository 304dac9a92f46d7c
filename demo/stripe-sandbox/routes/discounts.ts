/** Coupons and promotion codes, and taking discounts away. */

import { requireCustomer } from '../engine/customers.ts';
import { isActive, isRedeemable, removeDiscount } from '../engine/discounts.ts';
import { daySeconds } from '../engine/periods.ts';
import { invalidRequest, missingParam, noSuch } from '../errors.ts';
import type { Api } from '../http/api.ts';
import { currencyCode, positive, requireFuture } from '../http/bounds.ts';
import { inRange, page, pageParams } from '../http/paging.ts';
import {
  decimal,
  flag,
  hash,
  integer,
  list,
  metadata,
  required,
  text,
  textUpTo,
  timeRange,
  union,
  type Read,
} from '../http/params.ts';
import type { State } from '../state/state.ts';
import type { Coupon, Discount, PromotionCode } from '../state/wire.ts';
import { freshMetadata, patchMetadata } from './metadata.ts';
import { requireProduct } from './products.ts';
import { requireSubscription } from './subscriptions.ts';

const couponFields = {
  amount_off: positive,
  applies_to: hash({ products: list(text) }),
  currency: currencyCode,
  duration: union<Coupon['duration']>(),
  duration_in_months: positive,
  id: text,
  max_redemptions: positive,
  metadata,
  name: textUpTo(40),
  percent_off: decimal,
  redeem_by: integer,
};

const codeFields = {
  active: flag,
  code: text,
  // Of older versions: `promotion` is what became of it.
  coupon: text,
  customer: text,
  customer_account: text,
  expires_at: integer,
  max_redemptions: positive,
  metadata,
  promotion: hash({ coupon: text, type: required(union<'coupon'>()) }),
  restrictions: hash({ first_time_transaction: flag, minimum_amount: positive, minimum_amount_currency: currencyCode }),
};

export function discountRoutes(api: Api): void {
  couponRoutes(api);
  promotionCodeRoutes(api);
  api.delete('/v1/customers/:id/discount', {}, ({ state, id }) => {
    const customer = requireCustomer(state, id());
    return deleted(state, customer.discount ?? undefined, () =>
      customer.discount ? removeDiscount(state, customer.discount, { customer, subscription: null }) : undefined,
    );
  });
  api.delete('/v1/subscriptions/:id/discount', {}, ({ state, id }) => {
    const subscription = requireSubscription(state, id());
    const discount = state.discounts.get(subscription.discounts[0] ?? '');
    return deleted(state, discount, () => {
      state.update(subscription, (changed) => {
        if (discount) removeDiscount(state, discount, { customer: undefined, subscription: changed });
      });
    });
  });
}

function deleted(_state: State, discount: Discount | undefined, remove: () => void): object {
  if (!discount) throw noSuch('active discount for customer', '');
  remove();
  const { end: _end, ...rest } = discount;
  return { ...rest, deleted: true };
}

function couponRoutes(api: Api): void {
  api.post('/v1/coupons', couponFields, ({ state, params }) => createCoupon(state, params));
  api.get('/v1/coupons', { ...pageParams, created: timeRange }, ({ state, params }) =>
    page(
      state.coupons.list((row) => inRange(row.created, params.created)).map((row) => current(state, row)),
      params,
      '/v1/coupons',
      'coupon',
    ),
  );
  api.get('/v1/coupons/:id', {}, ({ state, id }) => current(state, requireCoupon(state, id())));
  api.post('/v1/coupons/:id', { metadata, name: textUpTo(40) }, ({ state, params, id }) => {
    const coupon = requireCoupon(state, id());
    state.update(coupon, (changed) => {
      patchMetadata(changed, params.metadata);
      if (params.name !== undefined) changed.name = params.name;
    });
    return current(state, coupon);
  });
  api.delete('/v1/coupons/:id', {}, ({ state, id }) => {
    const coupon = requireCoupon(state, id());
    state.coupons.delete(coupon.id);
    state.emit('coupon.deleted', coupon);
    return { id: coupon.id, object: 'coupon', deleted: true };
  });
}

const current = (state: State, coupon: Coupon): Coupon => ({ ...coupon, valid: isRedeemable(state, coupon) });

function createCoupon(state: State, params: Read<typeof couponFields>): Coupon {
  const { amount_off: amount, percent_off: percent, duration = 'once' } = params;
  if ((amount === undefined) === (percent === undefined))
    throw invalidRequest('You must pass either amount_off or percent_off.', { param: 'percent_off' });
  if (amount !== undefined && params.currency === undefined)
    throw invalidRequest('You must pass currency when passing amount_off.', { param: 'currency' });
  if (percent !== undefined && (Number(percent) <= 0 || Number(percent) > 100))
    throw invalidRequest('Invalid percent_off: must be greater than 0 and at most 100.', { param: 'percent_off' });
  if (duration === 'repeating' && params.duration_in_months === undefined) {
    throw invalidRequest('You must pass duration_in_months when passing duration=repeating', {
      param: 'duration_in_months',
    });
  }
  if (duration !== 'repeating' && params.duration_in_months !== undefined) {
    throw invalidRequest('You may only pass duration_in_months when passing duration=repeating', {
      param: 'duration_in_months',
    });
  }
  const now = state.clock.seconds();
  requireFuture(params.redeem_by, now, 'redeem_by', now + 5 * 366 * daySeconds);
  params.applies_to?.products?.forEach((id, index) => requireProduct(state, id, `applies_to[products][${index}]`));
  if (params.id !== undefined && state.coupons.get(params.id))
    throw invalidRequest('Coupon already exists.', { code: 'resource_already_exists', param: 'id' });
  const coupon: Coupon = {
    id: params.id ?? state.ids.token(8),
    object: 'coupon',
    amount_off: amount ?? null,
    ...(params.applies_to?.products ? { applies_to: { products: params.applies_to.products } } : {}),
    created: state.clock.seconds(),
    currency: amount === undefined ? null : (params.currency ?? '').toLowerCase(),
    duration,
    duration_in_months: duration === 'repeating' ? (params.duration_in_months ?? null) : null,
    livemode: false,
    max_redemptions: params.max_redemptions ?? null,
    metadata: freshMetadata(params.metadata),
    name: params.name ?? null,
    percent_off: percent === undefined ? null : Number(percent),
    redeem_by: params.redeem_by ?? null,
    times_redeemed: 0,
    valid: true,
  };
  state.coupons.add(coupon);
  state.emit('coupon.created', coupon);
  return coupon;
}

function promotionCodeRoutes(api: Api): void {
  api.post('/v1/promotion_codes', codeFields, ({ state, params }) => createCode(state, params));
  api.get(
    '/v1/promotion_codes',
    {
      ...pageParams,
      active: flag,
      code: text,
      coupon: text,
      created: timeRange,
      customer: text,
      customer_account: text,
    },
    ({ state, params }) =>
      page(
        state.promotionCodes.list(
          (row) =>
            (params.active === undefined || isActive(state, row) === params.active) &&
            (params.code === undefined || row.code.toLowerCase() === params.code.toLowerCase()) &&
            (params.coupon === undefined || row.promotion.coupon === params.coupon) &&
            (params.customer === undefined || row.customer === params.customer) &&
            inRange(row.created, params.created),
        ),
        params,
        '/v1/promotion_codes',
        'promotion code',
      ),
  );
  api.get('/v1/promotion_codes/:id', {}, ({ state, id }) => requireCode(state, id()));
  api.post('/v1/promotion_codes/:id', { active: flag, metadata }, ({ state, params, id }) => {
    const code = requireCode(state, id());
    state.update(code, (changed) => {
      patchMetadata(changed, params.metadata);
      if (params.active !== undefined) changed.active = params.active;
    });
    return code;
  });
}

function createCode(state: State, params: Read<typeof codeFields>): PromotionCode {
  if (params.promotion === undefined && params.coupon === undefined) throw missingParam('promotion');
  if (params.promotion && params.promotion.coupon === undefined) throw missingParam('promotion[coupon]');
  const coupon =
    params.coupon === undefined
      ? requireCoupon(state, params.promotion?.coupon ?? '', 'promotion[coupon]')
      : requireCoupon(state, params.coupon, 'coupon');
  requireFuture(params.expires_at, state.clock.seconds(), 'expires_at');
  if (params.customer !== undefined) requireCustomer(state, params.customer, 'customer');
  const code = params.code ?? state.ids.token(8).toUpperCase();
  const taken = state.promotionCodes.list(
    (row) =>
      isActive(state, row) &&
      row.code.toLowerCase() === code.toLowerCase() &&
      (row.customer === null || params.customer === undefined || row.customer === params.customer),
  );
  if (taken.length > 0) {
    throw invalidRequest('An active promotion code with `code: ' + code + '` already exists.', { param: 'code' });
  }
  const made: PromotionCode = {
    id: state.ids.next('promo'),
    object: 'promotion_code',
    active: params.active ?? true,
    code,
    created: state.clock.seconds(),
    customer: params.customer ?? null,
    customer_account: null,
    expires_at: params.expires_at ?? null,
    livemode: false,
    max_redemptions: params.max_redemptions ?? null,
    metadata: freshMetadata(params.metadata),
    promotion: { coupon: coupon.id, type: 'coupon' },
    restrictions: {
      first_time_transaction: params.restrictions?.first_time_transaction ?? false,
      minimum_amount: params.restrictions?.minimum_amount ?? null,
      minimum_amount_currency: params.restrictions?.minimum_amount_currency ?? null,
    },
    times_redeemed: 0,
  };
  state.promotionCodes.add(made);
  state.emit('promotion_code.created', made);
  return made;
}

function requireCoupon(state: State, id: string, param = 'id'): Coupon {
  const coupon = state.coupons.get(id);
  if (!coupon) throw noSuch('coupon', id, param);
  return coupon;
}

function requireCode(state: State, id: string): PromotionCode {
  const code = state.promotionCodes.get(id);
  if (!code) throw noSuch('promotion code', id);
  return code;
}
