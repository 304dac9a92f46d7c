/** The plans that may be bought: only those that can be, at the price that Checkout asks for. */

import { describe, expect, test } from 'vitest';
import type { CataloguePrice, CustomerFacts } from '../../../server/src/billing/facts.ts';
import type { Catalogue } from '../../../server/src/billing/judge/plan.ts';
import { offersOf } from '../../../server/src/billing/judge/offers.ts';
import { defaultPolicy, type OfferRule } from '../../../server/src/billing/policy.ts';
import { canceled, customer, day, item, noon } from '../fixtures/facts.ts';

const sold: Record<string, CataloguePrice> = {
  dollars: item({ price: 'dollars' }),
  both: { ...item({ price: 'both' }), currencyOptions: { eur: 2700 } },
  yearly: item({ price: 'yearly', interval: 'year', unitAmount: 29_000 }),
  other: item({ price: 'other', product: 'prod_other', interval: 'year', unitAmount: 29_000 }),
  dear: item({ price: 'dear', interval: 'year', unitAmount: 34_800 }),
  usage: item({ price: 'usage', metered: true }),
  yearlyUsage: item({ price: 'yearlyUsage', interval: 'year', metered: true }),
  euros: item({ price: 'euros', interval: 'year', unitAmount: 29_000, currency: 'eur' }),
  quarterly: item({ price: 'quarterly', intervalCount: 3, unitAmount: 8700 }),
  twoYears: item({ price: 'twoYears', interval: 'year', intervalCount: 2, unitAmount: 29_000 }),
  nothing: item({ price: 'nothing', unitAmount: 0 }),
};
const soldPrice = (ref: string) => sold[ref] ?? null;
const catalogue = { productName: () => 'Team', price: soldPrice, soldPrice };
const offered = (rules: readonly OfferRule[], facts: CustomerFacts | null = null) =>
  offersOf({ ...defaultPolicy, offers: rules }, catalogue, facts);
const rule = (id: string, own: Partial<OfferRule> = {}): OfferRule => ({ id, price: id, ...own });
const boundTo = (customerCurrency: string) => customer([canceled()], { customerCurrency });

describe('F9 a customer is billed in one currency', () => {
  const rules = [rule('dollars'), rule('both', { quantity: 2 })];
  const prices = (facts: CustomerFacts | null) => offered(rules, facts).map(({ id, plan }) => [id, plan.price]);

  test('a new one sees each price in its own', () => {
    const all = [
      ['dollars', { amount: 2900, currency: 'usd' }],
      ['both', { amount: 5800, currency: 'usd' }],
    ];
    expect(prices(null)).toEqual(all);
    expect(prices(customer([]))).toEqual(all);
    expect(prices(boundTo('usd'))).toEqual(all);
  });

  test('a bound one is offered what has a price in that one, at that price', () => {
    expect(prices(boundTo('eur'))).toEqual([['both', { amount: 5400, currency: 'eur' }]]);
    expect(prices(boundTo('jpy'))).toEqual([]);
  });
});

test('a plan whose price is not known is not sold', () => {
  for (const facts of [null, boundTo('usd')]) {
    expect(offered([rule('unknown'), rule('dollars')], facts).map(({ id }) => id)).toEqual(['dollars']);
  }
});

test('a plan is that of its one price', () => {
  const plans = offered([rule('dollars'), rule('usage')]).map(({ plan }) => plan);
  expect(plans).toMatchObject([
    { otherItems: 0, metered: false, quantity: 1 },
    { otherItems: 0, metered: true, quantity: null },
  ]);
});

describe('days of trial', () => {
  const days = (facts: CustomerFacts | null, own: Partial<OfferRule> = { trialDays: 14 }) =>
    offered([rule('dollars', own)], facts)[0];
  const trialEnd = noon - 50 * day;

  test.each([
    ['of whom nothing is known', null],
    ['that never bought', customer([])],
    ['that bought without a trial', customer([canceled()])],
    ['whose first payment was never made', customer([canceled({ trialEnd, status: 'incomplete_expired' })])],
  ])('are for a customer %s', (_, facts) => expect(days(facts)).toHaveProperty('trialDays', 14));

  test.each([
    ['that had one', customer([canceled({ trialEnd })])],
    ['that had one among others', customer([canceled(), canceled({ trialEnd }), canceled()])],
  ])('are not for a customer %s', (_, facts) => expect(days(facts)).not.toHaveProperty('trialDays'));

  test('are none where the offer has none', () => {
    expect(days(null, {})).not.toHaveProperty('trialDays');
    expect(days(customer([canceled({ trialEnd })]), {})).not.toHaveProperty('trialDays');
  });
});

describe('the words of an offer', () => {
  const words = { description: 'Several teams.', features: ['Forecasts', 'Holidays'], unit: 'seat' };
  const worded = { ...catalogue, productWords: () => words };
  const said = (own: Partial<OfferRule>, from: Catalogue = worded) =>
    offersOf({ ...defaultPolicy, offers: [rule('dollars', own)] }, from, null).map(({ description, features }) => ({
      description,
      features,
    }));

  test('are the host’s, else those of Stripe’s catalogue', () => {
    expect(said({})).toEqual([{ description: 'Several teams.', features: ['Forecasts', 'Holidays'] }]);
    expect(said({ description: 'Ours.' })).toEqual([{ description: 'Ours.', features: ['Forecasts', 'Holidays'] }]);
    expect(said({ features: ['Ours'] })).toEqual([{ description: 'Several teams.', features: ['Ours'] }]);
  });

  test('none where neither has any, or the host wants none', () => {
    expect(said({}, catalogue)).toEqual([{ description: undefined, features: undefined }]);
    expect(said({ features: [], description: 'Ours.' })).toEqual([{ description: 'Ours.', features: undefined }]);
  });
});

describe('a year at once', () => {
  const savings = (...rules: OfferRule[]) => offered(rules).map(({ id, savesPercent }) => [id, savesPercent]);

  test('tells what it saves against twelve months of the same product, in whole per cent', () => {
    expect(savings(rule('dollars'), rule('yearly'))).toEqual([
      ['dollars', undefined],
      ['yearly', 16],
    ]);
  });

  test('by the seat, however many each of them begins with', () => {
    expect(savings(rule('yearly', { quantity: 5 }), rule('dollars', { quantity: 2 }))[0]).toEqual(['yearly', 16]);
  });

  test('says nothing without such months, or where nothing is saved', () => {
    expect(savings(rule('yearly'))).toEqual([['yearly', undefined]]);
    expect(savings(rule('dollars'), rule('other'), rule('dear')).map(([, saved]) => saved)).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
});

test.each([
  ['a price of usage by the year', ['dollars', 'yearlyUsage']],
  ['a price of usage by the month', ['usage', 'yearly']],
  ['another currency', ['dollars', 'euros']],
  ['three months at once', ['quarterly', 'yearly']],
  ['two years at once', ['dollars', 'twoYears']],
  ['months that cost nothing', ['nothing', 'yearly']],
])('no saving is told against %s', (_, ids) => {
  expect(offered(ids.map((id) => rule(id))).filter((each) => 'savesPercent' in each)).toEqual([]);
});

test('the host’s own words for a plan are told as they are', () => {
  const words = { description: 'For teams.', features: ['Forecasts'], recommended: true } as const;
  expect(offered([rule('dollars', words), rule('both', { features: [], recommended: false })])).toStrictEqual([
    { id: 'dollars', plan: expect.anything(), ...words },
    { id: 'both', plan: expect.anything() },
  ]);
});
