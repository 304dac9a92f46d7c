/** The terms of coupons, as each version of Stripe's objects has them. */

import { describe, expect, test } from 'vitest';
import { discountFacts } from '../../../server/src/stripe/facts/discount.ts';
import { start } from '../fixtures/stripe-objects.ts';

const quarter = { id: 'QUARTER', percent_off: 25, amount_off: null, currency: null, duration: 'repeating' };
const fiver = { id: 'FIVER', percent_off: null, amount_off: 500, currency: 'usd', duration: 'once' };
const terms = {
  quarter: { percentOff: 25, amountOff: null, currency: null, end: start * 1000, once: false },
  fiver: { percentOff: null, amountOff: 500, currency: 'usd', end: null, once: true },
};
const since2025 = (coupon: unknown, end: number | null = null) => ({ id: 'di_1', end, source: { coupon } });

describe('the terms of a subscription’s coupons', () => {
  test.each([
    ['under its source', { discounts: [since2025(quarter, start)] }, [terms.quarter]],
    ['several', { discounts: [since2025(quarter, start), since2025(fiver)] }, [terms.quarter, terms.fiver]],
    ['in full, before 2025-09-30', { discounts: [{ id: 'di_1', end: start, coupon: quarter }] }, [terms.quarter]],
    ['a single one, before there could be several', { discount: { end: null, coupon: fiver } }, [terms.fiver]],
  ])('%s', (_, subscription, expected) => {
    expect(discountFacts(subscription, {})).toEqual(expected);
  });

  test('its own stand in place of its customer’s', () => {
    const customer = { discount: { end: null, coupon: fiver } };
    expect(discountFacts({ discounts: [] }, customer)).toEqual([terms.fiver]);
    expect(discountFacts({ discounts: [since2025(quarter, start)] }, customer)).toEqual([terms.quarter]);
  });

  const items = { data: [1, 2].map((each) => ({ price: { id: `price_${each}`, product: `prod_${each}` } })) };
  test('of some products count for their prices alone', () => {
    const partly = since2025({ ...quarter, applies_to: { products: ['prod_2', 'prod_9'] } }, start);
    expect(discountFacts({ items, discounts: [partly] }, {})).toEqual([{ ...terms.quarter, prices: ['price_2'] }]);
    expect(discountFacts({ items, discounts: [since2025(quarter, start)] }, {})).toEqual([terms.quarter]);
  });

  test('of some products count for the plans of an old version too, and for no price without an id', () => {
    const plans = {
      data: [{ plan: { id: 'plan_1', product: 'prod_1' } }, { plan: { id: 'plan_2', product: 'prod_2' } }],
    };
    const partly = since2025({ ...quarter, applies_to: { products: ['prod_2'] } }, start);
    expect(discountFacts({ items: plans, discounts: [partly] }, {})).toEqual([
      { ...terms.quarter, prices: ['plan_2'] },
    ]);
    const nameless = { data: [{ price: { product: 'prod_2' } }, ...items.data.slice(0, 1)] };
    expect(discountFacts({ items: nameless, discounts: [partly] }, {})).toEqual([{ ...terms.quarter, prices: [] }]);
  });

  test('of one item come first, and count for it alone', () => {
    const [first, second] = items.data;
    const data = [first, { ...second, discounts: [since2025(fiver)] }];
    expect(discountFacts({ items: { data }, discounts: [since2025(quarter, start)] }, {})).toEqual([
      { ...terms.fiver, prices: ['price_2'] },
      terms.quarter,
    ]);
  });

  test.each([
    ['there are none', {}],
    ['only ids are known', { discounts: ['di_1'] }],
    ['one of several is not expanded', { discounts: [since2025(quarter), since2025('FIVER')] }],
    ['an item has one of its own', { discounts: [since2025(quarter)], items: { data: [{ discounts: ['di_2'] }] } }],
    ['the coupon has no terms', { discounts: [since2025({ id: 'EMPTY' })] }],
  ])('are not known where %s', (_, subscription) => {
    expect(discountFacts(subscription, {})).toBeNull();
  });
});
