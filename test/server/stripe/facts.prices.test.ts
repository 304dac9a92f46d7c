/** Amounts, taxes and periods of prices, as the surroundings of each decide; and the words of products. */

import { describe, expect, test } from 'vitest';
import { billedOf } from '../../../server/src/stripe/facts/billed.ts';
import { currencyOptionsOf, isArchived, phaseItemsOf } from '../../../server/src/stripe/facts/price.ts';
import { noWords, productWords } from '../../../server/src/stripe/facts/product.ts';
import {
  month,
  ms,
  price,
  start,
  stripeCustomer,
  stripeItem,
  stripeSubscription,
  subscriptionOf,
} from '../fixtures/stripe-objects.ts';
import { customerFacts } from '../../../server/src/stripe/facts/customer.ts';

describe('an item', () => {
  const periodOf = (own: Record<string, unknown>) =>
    subscriptionOf(
      stripeSubscription('new', {
        current_period_start: start,
        current_period_end: start + month,
        items: { data: [stripeItem('new', own)] },
      }),
    ).items[0]?.period;

  test.each([
    ['where it is the subscription’s', {}, undefined],
    ['where it has no end', { current_period_end: null }, undefined],
    [
      'where it begins at another time',
      { current_period_start: start + 1 },
      { start: ms(start + 1), end: ms(start + month) },
    ],
    ['where it ends at another time', { current_period_end: start + 1 }, { start: ms(start), end: ms(start + 1) }],
  ])('tells its own period, and none %s', (_, own, period) => expect(periodOf(own)).toEqual(period));

  test('without a period gives none to the subscription, though it stands first', () => {
    const bare = stripeItem('new', { id: 'si_0', current_period_start: null, current_period_end: null });
    const items = { data: [bare, stripeItem('new')] };
    expect(subscriptionOf(stripeSubscription('new', { items })).currentPeriodEnd).toBe(ms(start + month));
  });
});

describe('the items of a phase', () => {
  const one = (phase: object, around: object = {}) =>
    phaseItemsOf(
      { items: [{ price: price({ tax_behavior: 'exclusive' }), quantity: 2 }], ...phase },
      { currency: 'usd', ...around },
      [],
    )[0];
  const [on, off] = [{ automatic_tax: { enabled: true } }, { automatic_tax: { enabled: false } }];

  test.each([
    ['the phase’s', on, {}, true],
    ['the phase’s before the subscription’s', off, on, false],
    ['the phase’s before the subscription’s, also where it is on', on, off, true],
    ['the subscription’s where the phase says nothing', {}, on, true],
    ['none where neither says anything', {}, {}, false],
  ])('are taxed as the setting is: %s', (_, phase, around, taxExcluded) =>
    expect(one(phase, around)).toMatchObject({ taxExcluded, quantity: 2 }),
  );

  test.each([
    ['the phase’s', { currency: 'eur' }, 'eur'],
    ['the subscription’s where the phase has none', {}, 'usd'],
  ])('are in its currency: %s', (_, phase, currency) => expect(one(phase)).toMatchObject({ currency }));

  test('are those whose price is known by an id', () =>
    expect(phaseItemsOf({ items: [{ quantity: 1 }, { price: 'price_1' }, 'odd'] }, {}, [])).toMatchObject([
      { price: 'price_1' },
    ]));
});

describe('a price', () => {
  test('has an amount in each further currency', () => {
    const options = {
      usd: { unit_amount: 2900 },
      eur: { unit_amount: 2700 },
      jpy: { unit_amount_decimal: '4200' },
      gbp: {},
    };
    expect(currencyOptionsOf(price({ currency_options: options }))).toEqual({ eur: 2700, jpy: 4200 });
    for (const currency_options of [undefined, null, {}, { usd: { unit_amount: 2900 } }, { gbp: {} }])
      expect(currencyOptionsOf(price({ currency_options }))).toBeNull();
  });

  test('has none in any of them where tiers decide', () =>
    expect(
      currencyOptionsOf(price({ billing_scheme: 'tiered', currency_options: { eur: { unit_amount: 1 } } })),
    ).toBeNull());

  test.each([
    ['is sold', {}, false],
    ['is archived', { active: false }, true],
    ['is sold no more than its product', { product: { id: 'prod_1', active: false } }, true],
    ['is sold as its product is', { active: true, product: { id: 'prod_1', active: true } }, false],
  ])('%s', (_, own, archived) => expect(isArchived(price(own))).toBe(archived));
});

describe('a price as it was billed', () => {
  const billed = (lines: object[], own: object = {}) =>
    billedOf({ currency: 'usd', latest_invoice: { currency: 'usd', lines: { data: lines }, ...own } }, 'price_1');
  const line = (own: object = {}) => ({ price: { id: 'price_1' }, amount: 5400, quantity: 2, ...own });

  test.each([
    ['of one of several', line(), 2700],
    ['said exactly', line({ pricing: { unit_amount_decimal: '0.5' } }), 0.5],
    ['unknown without a quantity', line({ quantity: null }), null],
    ['unknown of nothing', line({ quantity: 0 }), null],
    ['of a line whose parent is of another kind', line({ parent: { type: 'x', nothing: null } }), 2700],
    ['of a line in a currency of its own', line({ currency: 'usd' }), 2700],
    ['unknown in another currency', line({ currency: 'eur' }), null],
    ['by its plan, in the oldest versions', { ...line({ price: null }), plan: { id: 'price_1' } }, 2700],
  ])('has its amount: %s', (_, one, unitAmount) => expect(billed([one]).unitAmount).toBe(unitAmount));

  test('has no amount in the currency of another invoice', () =>
    expect(billed([line()], { currency: 'eur' }).unitAmount).toBeNull());

  test.each([
    ['some', [{ inclusive: true }, { inclusive: false }], true],
    ['none', [{ inclusive: true }], false],
    ['not told', [], null],
  ])('is taxed on top where %s of its taxes are', (_, tax_amounts, taxExcluded) =>
    expect(billed([line({ tax_amounts })]).taxExcluded).toBe(taxExcluded),
  );

  test('is nothing that a price without an id has', () =>
    expect(billedOf({ latest_invoice: { lines: { data: [{ amount: 100, quantity: 1 }] } } }, null)).toEqual({
      unitAmount: null,
      taxExcluded: null,
    }));
});

describe('a schedule', () => {
  const phase = (start_date: unknown, id = 'price_2') => ({ start_date, items: [{ price: id }] });
  const scheduled = (current_phase: object | null, ...phases: object[]) =>
    subscriptionOf(stripeSubscription('new', { schedule: { status: 'active', current_phase, phases } })).next;

  test('has no phase to come whose beginning is not known', () => {
    expect(scheduled({ start_date: start }, phase(null))).toBeNull();
    expect(scheduled(null, phase(null))).toBeNull();
    expect(scheduled(null, phase(null), phase(start, 'price_3'))?.items).toMatchObject([{ price: 'price_3' }]);
    expect(scheduled({ start_date: start })).toBeNull();
  });

  test('ends with the last of its phases', () => {
    const phases = [{ end_date: start + month }, { end_date: start + 2 * month }, { end_date: start + 3 * month }];
    const schedule = { status: 'active', end_behavior: 'cancel', phases };
    expect(subscriptionOf(stripeSubscription('new', { schedule })).cancelAt).toBe(ms(start + 3 * month));
  });
});

describe('the words of a product', () => {
  const features = [{ name: 'Forecasts' }, {}, { name: '' }, 'odd', { name: 'Holidays' }];

  test('are its description, its named features and its unit', () =>
    expect(productWords({ description: 'For teams.', marketing_features: features, unit_label: 'seat' })).toEqual({
      description: 'For teams.',
      features: ['Forecasts', 'Holidays'],
      unit: 'seat',
    }));

  test('are those of the years before 2024 as well', () => {
    expect(productWords({ features }).features).toEqual(['Forecasts', 'Holidays']);
    expect(productWords({ features, marketing_features: [] }).features).toEqual([]);
  });

  test('are five features at most', () =>
    expect(productWords({ features: Array.from({ length: 9 }, (_, i) => ({ name: `${i}` })) }).features).toEqual([
      '0',
      '1',
      '2',
      '3',
      '4',
    ]));

  test('are none of a product without any, nor of one that Stripe does not know', () => {
    const none = { description: null, features: [], unit: null };
    expect([productWords({}), productWords(null), noWords]).toEqual([none, none, none]);
  });
});

test('a customer has its currency where Stripe has decided it', () => {
  const of = (own: Record<string, unknown>) =>
    customerFacts({ customer: stripeCustomer(own), subscriptions: [], openInvoices: [] }, String);
  expect(of({ currency: 'eur' })).toMatchObject({ customerCurrency: 'eur' });
  expect(of({ currency: null })).not.toHaveProperty('customerCurrency');
});

test('a subscription has the terms of its coupons where they are known', () => {
  const coupon = { id: 'di_1', coupon: { percent_off: 20, duration: 'forever' } };
  expect(subscriptionOf(stripeSubscription('new', { discounts: [coupon] })).discounts).toMatchObject([
    { percentOff: 20 },
  ]);
  expect(subscriptionOf(stripeSubscription('new'))).not.toHaveProperty('discounts');
});
