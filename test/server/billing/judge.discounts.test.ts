/** What coupons make of the price that is shown (L38): how much less, and until when. */

import { describe, expect, test } from 'vitest';
import type { DiscountFacts, SubscriptionFacts } from '../../../server/src/billing/facts.ts';
import { day, iso, item, noon, snapshotOf, subscription } from '../fixtures/facts.ts';

const coupon = (own: Partial<DiscountFacts> = {}): DiscountFacts => ({
  percentOff: 20,
  amountOff: null,
  currency: null,
  end: noon + 100 * day,
  once: false,
  ...own,
});
const planWith = (discounts: readonly DiscountFacts[] | undefined, own: Partial<SubscriptionFacts> = {}) =>
  snapshotOf([subscription({ discounted: true, ...(discounts && { discounts }), ...own })]).plan;
const usd = (amount: number) => ({ amount, currency: 'usd' });

describe('L38 a coupon', () => {
  test('lowers the price by a share, until its end', () => {
    expect(planWith([coupon()])).toMatchObject({
      price: usd(2900),
      discounted: true,
      discount: { price: usd(2320), percentOff: 20, amountOff: usd(580), until: iso(noon + 100 * day), once: false },
    });
  });

  test('or by an amount, of one item, for ever, and never below nothing', () => {
    const off = (amountOff: number) =>
      planWith([coupon({ percentOff: null, amountOff, currency: 'usd', end: null })])?.discount;
    expect(off(500)).toEqual({ price: usd(2400), percentOff: null, amountOff: usd(500), until: null, once: false });
    expect(off(5000)?.price).toEqual(usd(0));
  });

  test('is rounded as an invoice’s line is', () => {
    const items = [item({ unitAmount: 333, quantity: 5 })];
    expect(planWith([coupon({ percentOff: 12.5 })], { items })?.discount?.price).toEqual(usd(1665 - 208));
  });

  test('several come one after the other, and are one price until the first of them ends', () => {
    const three = [coupon({ percentOff: 50, end: null }), coupon({ percentOff: 10 })];
    three.push(coupon({ percentOff: 0, end: noon + 200 * day }));
    expect(planWith(three)?.discount).toEqual({
      price: usd(1305),
      percentOff: null,
      amountOff: usd(1595),
      until: iso(noon + 100 * day),
      once: false,
    });
  });

  test('for the next payment alone; of a trial only the preview knows', () => {
    expect(planWith([coupon({ once: true, end: null })])?.discount).toMatchObject({ price: usd(2320), once: true });
    const trial = { status: 'trialing', trialEnd: noon + 20 * day } as const;
    expect(planWith([coupon({ once: true })], trial)).not.toHaveProperty('discount');
  });

  test('for the next payment alone, beside one that stays: together they are no price for long', () => {
    const both = planWith([coupon({ once: true, end: null }), coupon({ percentOff: 10, end: null })]);
    expect(both).toMatchObject({ discounted: true });
    expect(both).not.toHaveProperty('discount');
  });

  test('by a share of several items: the share is told, for it is each one’s', () => {
    expect(planWith([coupon()], several())?.discount).toMatchObject({ percentOff: 20, price: usd(2320) });
  });

  const support = item({ price: 'price_support', unitAmount: 900 });
  const both = { items: [item({ quantity: 2 }), support] };
  test('over several items is told of their sum', () => {
    const of = (own: Partial<DiscountFacts>) => planWith([coupon(own)], both);
    expect(planWith(undefined, { ...both, discounted: false })?.total).toEqual({
      price: usd(6700),
      discounted: false,
    });
    expect(of({})?.total).toMatchObject({ price: usd(6700), discount: { price: usd(5360), percentOff: 20 } });
    // Of one item's price an amount over the whole invoice says nothing.
    const fiver = of({ percentOff: null, amountOff: 500, currency: 'usd' });
    expect(fiver?.total).toMatchObject({ discount: { price: usd(6200), amountOff: usd(500), percentOff: null } });
    expect(fiver).not.toHaveProperty('discount');
  });

  test('of one item lowers its price and the sum, and no other price', () => {
    const plan = planWith([coupon({ prices: ['price_support'] })], both);
    expect(plan).toMatchObject({ discounted: false, total: { discounted: true, discount: { price: usd(6520) } } });
    expect(plan?.total?.discount).toMatchObject({ percentOff: null, amountOff: usd(180) });
    expect(planWith([coupon({ prices: ['price_team'] })], both)?.discount?.price).toEqual(usd(4640));
    expect(planWith([coupon({ prices: ['price_of_another'] })])?.discounted).toBe(false);
  });

  test.each([
    ['another interval', { interval: 'year' }],
    ['another rhythm', { intervalCount: 3 }],
    ['tiers', { unitAmount: null }],
  ] as const)('no sum is told beside %s', (_, own) => {
    const other = { ...support, ...own };
    for (const items of [
      [item(), other],
      [other, item()],
    ]) {
      expect(planWith(undefined, { items })).not.toHaveProperty('total');
      expect(planWith([coupon()], { items })).not.toHaveProperty('total');
    }
  });

  test('whose share is of one price in tiers is told as a share', () => {
    const items = [item({ unitAmount: null })];
    expect(planWith([coupon({ prices: ['price_team'] })], { items })?.discount).toMatchObject({
      percentOff: 20,
      price: null,
    });
  });

  test('a sum counts the fixed prices; usage is told beside it', () => {
    const usage = item({ price: 'price_use', metered: true, unitAmount: null, quantity: null });
    expect(planWith(undefined, { items: [item(), usage] })).not.toHaveProperty('total');
    expect(planWith(undefined, { items: [item(), support, usage] })).toMatchObject({
      total: { price: usd(3800) },
      metered: true,
      otherItems: 2,
    });
  });

  test('that ends before the next charge lowers none any more', () => {
    expect(planWith([coupon({ end: noon + 20 * day })])).toMatchObject({ discounted: false });
    expect(planWith([coupon({ end: noon + 20 * day + 1 })])?.discounted).toBe(true);
  });
});

describe('L38 no price is made up', () => {
  const noTerms = { discounted: true, price: usd(2900) };
  test.each([
    ['terms that are not known', undefined, {}],
    ['an amount over several items', [coupon({ percentOff: null, amountOff: 500, currency: 'usd' })], several()],
    [
      'a share and an amount over several items',
      [coupon(), coupon({ percentOff: null, amountOff: 500, currency: 'usd' })],
      several(),
    ],
    ['an amount in another currency', [coupon({ percentOff: null, amountOff: 500, currency: 'eur' })], {}],
  ])('from %s', (_, discounts, own) => {
    const plan = planWith(discounts, own);
    expect(plan).toMatchObject(noTerms);
    expect(plan).not.toHaveProperty('discount');
  });

  test('of usage: the share alone is told', () => {
    const items = [item({ metered: true, quantity: null })];
    expect(planWith([coupon()], { items })?.discount).toMatchObject({ price: null, percentOff: 20, amountOff: null });
  });

  test('for a scheduled phase, which may have coupons of its own', () => {
    const next = { at: noon + day, items: [item({ quantity: 2 })] };
    const { next: change } = snapshotOf([subscription({ discounted: true, discounts: [coupon()], next })]);
    expect(change?.plan).toMatchObject({ price: usd(5800) });
    expect(change?.plan).not.toHaveProperty('discount');
  });
});

function several(): Partial<SubscriptionFacts> {
  return { items: [item(), item({ price: 'price_support', product: 'prod_support' })] };
}
