/** The access document for a host's backend: its own plan keys, features and seats, from facts alone. */

import { describe, expect, it } from 'vitest';
import type { AccessAnswer } from '@billhook/widget/contract';
import { accessDocument, accessSummary } from '../../../server/src/billing/access-document.ts';
import { defaultPolicy, type Policy } from '../../../server/src/billing/judge/judge.ts';
import { keyOf } from '../../../server/src/billing/judge/subscription.ts';
import type { CustomerFacts, SubscriptionFacts } from '../../../server/src/billing/facts.ts';
import { canceled, customer, day, item, judged, noon, pastDue, subscription } from '../fixtures/facts.ts';

const none = { productMetadata: () => ({}), price: () => null };

function documentOf(
  subscriptions: readonly SubscriptionFacts[],
  change: Partial<Policy> = {},
  own: Partial<CustomerFacts> = {},
  catalogue = none,
): AccessAnswer {
  const policy = { ...defaultPolicy, ...change };
  const facts = customer(subscriptions, own);
  return accessDocument(
    { account: 'team_1', facts, ...judged(subscriptions, { policy: change, customer: own }) },
    policy,
    catalogue,
  );
}

const support = item({ price: 'price_support', product: 'prod_support', lookupKey: null, quantity: 3 });
const plans = [
  { key: 'team', product: 'prod_team', features: ['export', 'audit'] },
  { key: 'support', product: 'prod_support', features: ['phone', 'export'], seats: false },
];

describe('M32: the access document', () => {
  it('names plans by the host’s own keys, with Stripe’s names of the price beside them', () => {
    const [plan] = documentOf([subscription({ items: [item({ quantity: 5 }), support] })], { plans }).plans;
    expect(plan).toMatchObject({ state: 'active', listed: true, access: { level: 'full' }, quantity: 5 });
    expect(plan?.items).toEqual([
      { plan: 'team', product: 'prod_team', price: 'price_team', lookupKey: 'team_monthly', quantity: 5, metadata: {} },
      { plan: 'support', product: 'prod_support', price: 'price_support', lookupKey: null, quantity: 3, metadata: {} },
    ]);
  });

  it('keeps a plan’s key when the product is renamed, the price replaced or its lookup key moved', () => {
    const keyOf = (own: Parameters<typeof item>[0]) =>
      documentOf([subscription({ items: [item(own)] })], { plans }).plans[0]?.items[0]?.plan;
    expect(keyOf({ price: 'price_team_2027' })).toBe('team');
    expect(keyOf({ lookupKey: null })).toBe('team');
  });

  it('names a plan by the lookup key where the host has no key, and by nothing where there is none', () => {
    const { plans: listed } = documentOf([subscription({ items: [item(), support] })]);
    expect(listed[0]?.items.map(({ plan }) => plan)).toEqual(['team_monthly', null]);
  });

  it('has the quantity of the host’s own item, wherever it stands, and of the first where none is the host’s', () => {
    const quantities = (...items: ReturnType<typeof item>[]) =>
      documentOf([subscription({ items })], { plans: plans.slice(0, 1) }).plans.map(({ quantity }) => quantity);
    expect(quantities(support, item({ quantity: 5 }))).toEqual([5]);
    expect(quantities(support)).toEqual([3]);
    expect(quantities()).toEqual([null]);
  });

  it('names a plan by the first rule that has a key, then by the first with a lookup key', () => {
    const named = (...rules: Policy['plans'] & object[]) =>
      documentOf([subscription()], { plans: rules }).plans[0]?.items[0]?.plan;
    expect(named({ product: 'prod_team' }, { key: 'team', price: 'price_team' })).toBe('team');
    expect(named({ product: 'prod_team' }, { lookupKey: 'team_monthly' }, { price: 'price_team' })).toBe(
      'team_monthly',
    );
    const renamed = subscription({ items: [item({ lookupKey: 'team_2027', formerLookupKeys: ['team_monthly'] })] });
    const rules = [{ product: 'prod_team' }, { lookupKey: 'team_monthly' }];
    expect(documentOf([renamed], { plans: rules }).plans[0]?.items[0]?.plan).toBe('team_monthly');
  });

  it('has no beginning where no calendar has it', () => {
    expect(documentOf([subscription({ created: 1e300 })]).plans[0]?.startedAt).toBe('');
  });

  it('has no features and counts no seats that no rule gives', () => {
    const bare = [{ key: 'team', product: 'prod_team' }];
    expect(documentOf([subscription({ items: [support, item({ quantity: 5 })] })], { plans: bare })).toMatchObject({
      features: [],
      seats: 5,
    });
    expect(documentOf([subscription({ items: [support, item({ quantity: 5 })] })])).toMatchObject({
      features: [],
      seats: 3,
    });
    expect(documentOf([subscription({ items: [] })])).toMatchObject({ features: [], seats: null });
  });

  it('has entitlements only of facts that tell them', () => {
    expect(documentOf([subscription()], { entitlements: true }).features).toEqual([]);
    expect(documentOf([subscription()], { entitlements: true }, { entitlements: ['export'] }).features).toEqual([
      'export',
    ]);
    expect(documentOf([canceled()], { entitlements: true }, { entitlements: ['export'] }).features).toEqual([]);
    expect(documentOf([subscription()], {}, { entitlements: ['export'] }).features).toEqual([]);
  });

  it('is summed up by what a backend acts upon, in an order that states do not change', () => {
    const own = [{ key: 'team', product: 'prod_team', features: ['export'] }];
    const ids = ['sub_1', 'sub_2', 'sub_3'];
    const all = ids.map((id, i) => subscription({ id, created: noon - i * day, items: [item({ quantity: i + 1 })] }));
    const foreign = subscription({ id: 'sub_9', items: [support] });
    const late = all.map((each, i) => (i === 1 ? { ...each, status: 'past_due' } : each));
    const [calm, behind] = [all, late].map((each) => accessSummary(documentOf([...each, foreign], { plans: own })));
    const { level, reason, until, state, features, seats } = documentOf(all, { plans: own });
    expect(calm).toMatchObject({ level, reason, until, state, features, seats });
    expect(calm?.plans.map(({ subscription: key }) => key)).toEqual(ids.map(keyOf).toSorted());
    expect(behind?.plans.map(({ subscription: key }) => key)).toEqual(calm?.plans.map(({ subscription: key }) => key));
    const first = calm?.plans.find(({ subscription: key }) => key === keyOf('sub_3'));
    expect(first).toEqual({
      subscription: keyOf('sub_3'),
      state: 'active',
      access: 'full',
      items: [{ plan: 'team', quantity: 3 }],
    });
    expect(Object.keys(calm ?? {}).toSorted()).toEqual([
      'features',
      'level',
      'plans',
      'reason',
      'seats',
      'state',
      'until',
    ]);
  });

  it('has features once each, and seats of the plans that count them', () => {
    const { features, seats } = documentOf([subscription({ items: [item({ quantity: 5 }), support] })], { plans });
    expect(features).toEqual(['audit', 'export', 'phone']);
    expect(seats).toBe(5);
  });

  it('adds up the seats of several subscriptions, and has none where only usage is metered', () => {
    const two = [
      subscription({ items: [item({ quantity: 5 })] }),
      subscription({ id: 'sub_2', items: [item({ quantity: 2 })] }),
    ];
    expect(documentOf(two, { plans }).seats).toBe(7);
    expect(
      documentOf([subscription({ items: [item({ metered: true, quantity: null })] })], { plans }).seats,
    ).toBeNull();
    expect(documentOf([subscription({ items: [item({ quantity: 5 }), support] })]).seats, 'the item of the plan').toBe(
      5,
    );
  });

  it('gives no access by another product of the same Stripe account, and still lists it', () => {
    const answer = documentOf(
      [subscription({ items: [support] })],
      { plans: plans.slice(0, 1), entitlements: true },
      { entitlements: ['x'] },
    );
    expect(answer).toMatchObject({ level: 'none', features: [], seats: null });
    expect(answer.plans).toMatchObject([{ listed: false, access: { level: 'none' }, items: [{ plan: null }] }]);
  });

  it('has no plan any more once it is over', () => {
    expect(documentOf([canceled()], { plans })).toMatchObject({ level: 'none', plans: [], features: [], seats: null });
  });

  it('keeps its features while access is read-only, and loses them with it', () => {
    const owed = pastDue({ openInvoices: [] });
    const late = { ...owed, status: 'unpaid' as const, latestInvoice: null };
    expect(documentOf([late], { plans })).toMatchObject({ level: 'readOnly', features: ['audit', 'export'] });
    expect(documentOf([late], { plans, afterGrace: 'none' })).toMatchObject({
      level: 'none',
      features: [],
      seats: null,
    });
  });

  it('has Stripe’s entitlements where the host asks for them', () => {
    const entitlements = ['sso', 'export'];
    expect(documentOf([subscription()], { plans }, { entitlements }).features).toEqual(['audit', 'export']);
    expect(documentOf([subscription()], { plans, entitlements: true }, { entitlements }).features).toEqual([
      'audit',
      'export',
      'sso',
    ]);
  });

  it('has the metadata that the host asks for and no other, the price’s before its product’s', () => {
    const products = {
      price: () => null,
      productMetadata: () => ({ tier: 'gold', region: 'eu', secret: 'x', empty: '' }),
    };
    const bought = subscription({ items: [item({ metadata: { tier: 'platinum', secret: 'y' } })] });
    const { plans: listed } = documentOf([bought], { metadata: ['tier', 'region', 'empty'] }, {}, products);
    expect(listed[0]?.items[0]?.metadata).toEqual({ tier: 'platinum', region: 'eu' });
  });

  it('has the dates of each subscription', () => {
    const [plan] = documentOf([subscription({ cancelAt: noon + 5 * day })], { plans }).plans;
    expect(plan).toMatchObject({ state: 'ending', endsAt: new Date(noon + 5 * day).toISOString(), renewsAt: null });
    expect(plan?.startedAt).toBe(new Date(noon - 100 * day).toISOString());
  });
});

describe('without a subscription', () => {
  it('grants only what the host’s policy says', () => {
    expect(documentOf([])).toMatchObject({ level: 'none', reason: 'none', plans: [], features: [], seats: null });
    expect(documentOf([], { freePlan: { name: 'Free', access: 'none' } }).level).toBe('none');
    expect(documentOf([], { freePlan: { name: 'Free', access: 'readOnly' } }).level).toBe('readOnly');
  });
});
