import { describe, expect, test } from 'vitest';
import { defaultPolicy, judge } from '../../../server/src/billing/judge/judge.ts';
import { planNamedBy, sameTerms } from '../../../server/src/billing/judge/plan.ts';
import type { ItemFacts, SubscriptionFacts } from '../../../server/src/billing/facts.ts';
import {
  canceled,
  catalogue,
  customer,
  day,
  hour,
  invoice,
  iso,
  item,
  judged,
  noon,
  offers,
  open,
  pastDue,
  snapshotOf,
  spelled,
  subscription,
  type Story,
} from '../fixtures/facts.ts';

describe('payment', () => {
  const payment = (of: SubscriptionFacts) => snapshotOf([of]).payment;

  test('open over all invoices', () => {
    const two = [invoice({ id: 'in_1' }), invoice({ id: 'in_2', amountRemaining: 100 })];
    expect(payment(pastDue({ openInvoices: two }))).toMatchObject({
      due: { amount: 3000, currency: 'usd' },
      otherCurrencies: false,
    });
  });

  test('of a subscription that is over nothing is due, and nothing is tried', () => {
    const left = [invoice({ id: 'in_1', nextAttemptAt: noon + day })];
    expect(payment(canceled({ openInvoices: left }))).toMatchObject({
      due: null,
      openInvoices: 0,
      nextAttemptAt: null,
    });
  });

  test('several currencies are not added', () => {
    const two = [invoice({ id: 'in_1' }), invoice({ id: 'in_2', amountRemaining: 5000, currency: 'eur' })];
    expect(payment(pastDue({ openInvoices: two }))).toMatchObject({
      due: { amount: 5000, currency: 'eur' },
      otherCurrencies: true,
    });
  });

  test('the next attempt is the earliest of the open invoices', () => {
    const each = (id: string, days: number) => invoice({ id, nextAttemptAt: noon + days * day });
    const [late, early, middle] = [each('in_1', 3), each('in_2', 1), each('in_3', 2)];
    expect(payment(pastDue({ openInvoices: [late, early, middle] })).nextAttemptAt).toBe(iso(noon + day));
  });

  test('the next attempt is shown only while it is ahead', () => {
    const retried = pastDue(open({ nextAttemptAt: noon + hour }));
    expect(payment(retried).nextAttemptAt).toBe(iso(noon + hour));
    const later = judged([retried], { now: noon + hour, standing: { fetchedAt: noon } }).snapshot;
    expect(later).toMatchObject({ stale: true, payment: { nextAttemptAt: null } });
  });

  test.each([
    ['failed', pastDue()],
    ['methodMissing', pastDue({ methodOnFile: false })],
    ['confirmationRequired', pastDue(open({ payment: 'actionRequired' }))],
    [
      'overdue',
      pastDue({
        collectionMethod: 'send_invoice',
        ...open({ collectionMethod: 'send_invoice', dueDate: noon - day, payment: 'none' }),
      }),
    ],
    [null, subscription()],
    [null, pastDue(open({ payment: 'processing' }))],
  ])('the problem: %s', (problem, of) => {
    expect(payment(of).problem).toBe(problem);
  });

  test('L21 processing only when every open payment is on its way', () => {
    const two = [invoice({ id: 'in_1', payment: 'processing' }), invoice({ id: 'in_2', payment: 'none' })];
    expect(snapshotOf([pastDue({ openInvoices: two })]).state).toBe('pastDue');
  });

  test('an open invoice without a remaining amount needs no payment', () => {
    const snapshot = snapshotOf([subscription(open({ amountRemaining: 0 }))]);
    expect(snapshot).toMatchObject({ state: 'active', payment: { due: null, problem: null } });
    expect(spelled(snapshot)).toEqual(['manage:portal']);
  });

  test('bank transfer instructions of a sent invoice are no confirmation', () => {
    const sent = open({ collectionMethod: 'send_invoice', dueDate: noon + 9 * day, payment: 'actionRequired' });
    expect(snapshotOf([subscription({ collectionMethod: 'send_invoice', ...sent })]).state).toBe('active');
  });

  test('L11 a replaced card is told from the one that failed', () => {
    expect(payment(pastDue()).methodReplaced).toBe(false);
    expect(payment(pastDue({ methodDigest: 'card-2' })).methodReplaced).toBe(true);
    expect(payment(pastDue({ methodDigest: 'card-2', ...open({ triedMethodDigest: null }) })).methodReplaced).toBe(
      false,
    );
  });

  test('L11 a card that any open invoice has tried is no replacement', () => {
    const openInvoices = ['card-1', 'card-2'].map((tried, at) => invoice({ id: `in_${at}`, triedMethodDigest: tried }));
    expect(payment(pastDue({ openInvoices, methodDigest: 'card-2' })).methodReplaced).toBe(false);
    expect(payment(pastDue({ openInvoices, methodDigest: 'card-3' })).methodReplaced).toBe(true);
  });

  test('a method is called declined where it was, and for all that is owed', () => {
    const method = { brand: 'visa', last4: '0341', expMonth: 12, expYear: 2034 };
    const declined = (over: Partial<SubscriptionFacts> = {}) =>
      snapshotOf([pastDue({ method, ...over })]).paymentMethod?.declined;
    expect(declined()).toBe(true);
    expect(declined({ methodDigest: 'card-2' })).toBeUndefined();
    expect(declined(open({ triedMethodDigest: null }))).toBeUndefined();
    expect(declined({ methodDigest: null, ...open({ triedMethodDigest: null }) })).toBeUndefined();
    const tried = (...digests: string[]) =>
      declined({ openInvoices: digests.map((each, at) => invoice({ id: `in_${at}`, triedMethodDigest: each })) });
    expect(tried('card-1', 'card-1')).toBe(true);
    expect(tried('card-2', 'card-1')).toBeUndefined();
    const waiting = [invoice({ id: 'in_0' }), invoice({ id: 'in_1', payment: 'processing' })];
    expect(declined({ openInvoices: waiting })).toBeUndefined();
  });

  test('SUB-7 the invoice to pay is the latest, or one that the bank must confirm', () => {
    const [old, latest] = [invoice({ id: 'in_old' }), invoice({ id: 'in_new' })];
    const both = { latestInvoice: latest, openInvoices: [old, latest] };
    expect(judged([pastDue(both)]).invoiceToPay).toBe('in_new');
    expect(judged([pastDue({ ...both, openInvoices: [latest, old] })]).invoiceToPay).toBe('in_new');
    const asked = { ...old, payment: 'actionRequired' as const };
    const waiting = { ...latest, payment: 'none' as const };
    expect(judged([subscription({ latestInvoice: waiting, openInvoices: [asked, waiting] })]).invoiceToPay).toBe(
      'in_old',
    );
    expect(judged([subscription()]).invoiceToPay).toBeNull();
  });
});

describe('the plan', () => {
  const plan = (own: Partial<SubscriptionFacts>, story?: Story) => snapshotOf([subscription(own)], story).plan;

  test('M15 name, list price × quantity, interval', () => {
    expect(plan({ items: [item({ quantity: 3 })] })).toEqual({
      name: 'Team',
      price: { amount: 8700, currency: 'usd' },
      interval: 'month',
      intervalCount: 1,
      quantity: 3,
      discounted: false,
      taxExcluded: false,
      metered: false,
      otherItems: 0,
    });
  });

  test('M22 an unknown product has no name, and is never called free', () => {
    const snapshot = snapshotOf([subscription({ items: [item({ product: 'prod_new' })] })], {
      policy: { freePlan: { name: 'Free', access: 'full' } },
    });
    expect(snapshot).toMatchObject({ plan: { name: null }, freePlanName: null });
  });

  test('L22 minor units pass through: ¥2,900 stays 2900', () => {
    expect(plan({ items: [item({ currency: 'jpy' })] })?.price).toEqual({ amount: 2900, currency: 'jpy' });
  });

  test('fractions of a cent count once multiplied', () => {
    expect(plan({ items: [item({ unitAmount: 0.5, quantity: 1000 })] })?.price).toEqual({
      amount: 500,
      currency: 'usd',
    });
  });

  test('flags: discount, tax, metered usage beside a fixed price', () => {
    const items = [
      item({ price: 'price_use', metered: true, quantity: null, unitAmount: 1 }),
      item({ taxExcluded: true }),
    ];
    expect(plan({ items, discounted: true })).toMatchObject({
      price: { amount: 2900 },
      discounted: true,
      taxExcluded: true,
      metered: true,
      otherItems: 1,
    });
    expect(plan({ items: [item({ metered: true, quantity: null })] })).toMatchObject({ price: null, metered: true });
  });

  test('F7 L38 the host’s own item says the period, wherever it stands and whatever the others’ is', () => {
    const own = item({
      price: 'price_own',
      product: 'prod_own',
      period: { start: noon - 10 * day, end: noon + 20 * day },
    });
    const yearly = item({ price: 'price_addon', product: 'prod_addon', interval: 'year' });
    const dates = { currentPeriodStart: noon - 10 * day, currentPeriodEnd: noon + 355 * day };
    const of = (items: readonly ItemFacts[], change: Partial<SubscriptionFacts> = {}) =>
      snapshotOf([subscription({ items, ...dates, ...change })], { policy: { plans: [{ product: 'prod_own' }] } });
    expect(of([yearly, own])).toMatchObject({
      plan: { interval: 'month', otherItems: 1 },
      renewsAt: new Date(noon + 20 * day).toISOString(),
    });
    // The contract of the add-on ends long after the plan's period: nothing ends yet.
    expect(of([yearly, own], { cancelAt: noon + 355 * day })).toMatchObject({ state: 'active' });
    expect(of([yearly, own], { cancelAt: noon + 20 * day })).toMatchObject({ state: 'ending' });
    expect(snapshotOf([subscription({ items: [yearly, own], ...dates })]).renewsAt).toBe(
      new Date(noon + 355 * day).toISOString(),
    );
  });

  test('SUB-10 the same items in another order are no change', () => {
    const items = [item({ price: 'price_a' }), item({ price: 'price_b', quantity: 3 })];
    const next = (then: typeof items) =>
      snapshotOf([subscription({ items, next: { at: noon + day, items: then } })]).next;
    expect(next(items.toReversed())).toBeNull();
    expect(next([item({ price: 'price_a', quantity: 3 }), item({ price: 'price_b' })])).not.toBeNull();
  });

  test('SUB-10 a scheduled change is named by the catalogue', () => {
    const next = {
      at: noon + 20 * day,
      items: [item({ price: 'price_starter', product: '', unitAmount: null, quantity: 2 })],
    };
    expect(snapshotOf([subscription({ next })]).next).toMatchObject({
      at: iso(noon + 20 * day),
      plan: { name: 'Starter', price: { amount: 1800, currency: 'usd' }, quantity: 2 },
    });
  });

  test('a scheduled change is one that adds an item, and keeps the price that Stripe says', () => {
    const next = (items: readonly ItemFacts[], at = noon + day) =>
      snapshotOf([subscription({ next: { at, items } })]).next;
    expect(next([item(), item({ price: 'price_zzz', product: 'prod_support' })])?.plan.otherItems).toBe(1);
    expect(next([item({ quantity: 2, unitAmount: 5000 })])?.plan.price?.amount).toBe(10_000);
    expect(next([item({ price: 'price_usage', unitAmount: null })])?.plan.price).toBeNull();
    expect(next([])).toBeNull();
    expect(next([item({ quantity: 2 })], 1e300)).toBeNull();
  });

  test('a scheduled change on its day: shown until the next fetch, and no longer', () => {
    const due = subscription({ next: { at: noon, items: [item({ quantity: 2 })] } });
    expect(snapshotOf([due], { standing: { fetchedAt: noon - day } })).toMatchObject({
      stale: true,
      next: { at: iso(noon) },
    });
    expect(snapshotOf([due]).next).toBeNull();
  });

  test('a phase that repeats the plan is no change', () => {
    expect(snapshotOf([subscription({ next: { at: noon + day, items: [item()] } })]).next).toBeNull();
  });
});

describe('several subscriptions', () => {
  const support = (own: Partial<SubscriptionFacts> = {}) =>
    subscription({
      id: 'sub_2',
      items: [item({ price: 'price_support', product: 'prod_support', lookupKey: null })],
      ...own,
    });
  const plans = [{ lookupKey: 'team_monthly' }];

  test('the worst is the headline, the best gives access', () => {
    const snapshot = snapshotOf([subscription(), pastDue({ id: 'sub_2', ...open({ firstFailedAt: noon - 9 * day }) })]);
    expect(snapshot).toMatchObject({ state: 'restricted', access: { level: 'full', reason: 'active' } });
    expect(snapshot.subscriptions.map(({ state }) => state)).toEqual(['restricted', 'active']);
  });

  test('the debt is the sum over all of them', () => {
    const two = [pastDue(), pastDue({ id: 'sub_2', ...open({ id: 'in_2', amountRemaining: 100 }) })];
    expect(snapshotOf(two).payment.due).toEqual({ amount: 3000, currency: 'usd' });
    expect(snapshotOf(two).subscriptions.map(({ payment }) => payment.due?.amount)).toEqual([2900, 100]);
  });

  test('among equals the host’s own plan is the headline', () => {
    const snapshot = snapshotOf([subscription(), support({ created: noon })], { policy: { plans } });
    expect(snapshot.plan?.name).toBe('Team');
  });

  test('an old ended one never hides a live one', () => {
    const snapshot = snapshotOf([canceled({ id: 'sub_0' }), subscription()]);
    expect(snapshot).toMatchObject({ state: 'active', access: { level: 'full' } });
    expect(snapshot.subscriptions).toHaveLength(1);
  });

  test('of several ended ones, the last is the headline', () => {
    const two = [canceled({ endedAt: noon - 2 * day }), canceled({ id: 'sub_2', endedAt: noon - 90 * day })];
    expect(snapshotOf(two).endedAt).toBe(iso(noon - 2 * day));
  });

  test('L10 nothing is offered beside a running subscription', () => {
    for (const status of ['active', 'trialing', 'past_due', 'unpaid', 'paused', 'incomplete', 'hibernating']) {
      expect(snapshotOf([subscription({ status })], { policy: { offers } }).offers).toEqual([]);
    }
    expect(snapshotOf([canceled()], { policy: { offers } }).offers.map(({ id }) => id)).toEqual(['team', 'starter']);
  });

  test('L20 other products are listed, but are no plan and give no access', () => {
    const snapshot = snapshotOf([support()], {
      policy: { plans, freePlan: { name: 'Free', access: 'readOnly' }, offers },
    });
    // H6: nor do they forbid buying this one.
    expect(snapshot).toMatchObject({
      state: 'none',
      plan: null,
      freePlanName: 'Free',
      offers: [{ id: 'team' }, { id: 'starter' }],
      access: { level: 'readOnly', reason: 'none' },
    });
    expect(snapshot.subscriptions.map((each) => each.plan?.name)).toEqual(['Support']);
  });

  test('L20 the end of another product is not this plan’s end', () => {
    expect(snapshotOf([{ ...canceled(), items: support().items }], { policy: { plans } }).state).toBe('none');
  });

  test('H6 another product’s failure is listed, and changes neither the amount due nor access', () => {
    const failing = { ...pastDue({ id: 'sub_2', ...open({ firstFailedAt: noon - 9 * day }) }), items: support().items };
    const snapshot = snapshotOf([subscription(), failing], { policy: { plans } });
    expect(snapshot).toMatchObject({
      state: 'active',
      plan: { name: 'Team' },
      payment: { due: null, payNow: null, problem: null },
      access: { level: 'full', reason: 'active' },
    });
    expect(snapshot.subscriptions.map(({ state }) => state)).toEqual(['active', 'restricted']);
    const alone = snapshotOf([failing], { policy: { plans, offers } });
    expect(alone).toMatchObject({ state: 'none', payment: { due: null, payNow: null } });
    expect(alone.actions.map(({ via }) => via)).toEqual(['checkout']);
  });

  test.each([
    ['by price', { price: 'price_team' }, true],
    ['by product', { product: 'prod_team' }, true],
    ['by lookup key', { lookupKey: 'team_monthly' }, true],
    ['every given field must match', { product: 'prod_team', lookupKey: 'other' }, false],
    ['a rule without fields matches nothing', {}, false],
  ])('M22 plans %s', (_, rule, own) => {
    expect(snapshotOf([subscription()], { policy: { plans: [rule] } }).plan !== null).toBe(own);
  });

  test('keys are stable and are not Stripe’s ids', () => {
    const [first, second] = snapshotOf([subscription(), subscription({ id: 'sub_2' })]).subscriptions;
    expect(first?.key).not.toBe(second?.key);
    expect(JSON.stringify(snapshotOf([subscription(), pastDue({ id: 'sub_2' })]))).not.toMatch(/sub_|in_|price_|prod_/);
  });
});

test('an offer is named and priced by the catalogue, or not made', () => {
  const snapshot = snapshotOf([], {
    policy: {
      offers: [
        { id: 'lost', price: 'price_unknown' },
        { id: 'seats', price: 'team_monthly', quantity: 5 },
      ],
    },
  });
  expect(snapshot.offers).toEqual([
    { id: 'seats', plan: expect.objectContaining({ name: 'Team', price: { amount: 14500, currency: 'usd' } }) },
  ]);
});

test('the document names its revision and the time of its facts', () => {
  const { snapshot } = judge(
    {
      linked: true,
      facts: customer([subscription()]),
      fetchedAt: noon - hour,
      revision: 'e.7',
      confirmedBy: 'return',
      staleSince: null,
    },
    defaultPolicy,
    catalogue,
    { mayManage: true },
    noon,
  );
  expect(snapshot).toMatchObject({ revision: 'e.7', asOf: iso(noon - hour), confirmedBy: 'return', stale: false });
});

describe('a price that Stripe tells in part', () => {
  const whole = item();
  const partly = item({ unitAmount: null });
  test('is the same where its amount is only learned, and another where its id is', () => {
    expect(sameTerms(partly, whole)).toBe(true);
    expect(sameTerms(whole, partly)).toBe(true);
    expect(sameTerms({ ...partly, price: 'price_other' }, whole)).toBe(false);
  });
});

test('a product without words of its own has no unit', () => {
  const words = { productName: () => 'Team', productWords: () => null };
  expect(planNamedBy(item(), [item()], false, words)).not.toHaveProperty('unit');
});
