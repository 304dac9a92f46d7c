/** Several subscriptions of one account: which of them speaks, and what the best of them gives. */

import { describe, expect, test } from 'vitest';
import type { SubscriptionFacts } from '../../../server/src/billing/facts.ts';
import { canceled, day, iso, item, noon, open, pastDue, snapshotOf, subscription } from '../fixtures/facts.ts';

const second = { id: 'sub_2', items: [item({ product: 'prod_starter', price: 'price_starter' })] };
const bothOrders = (one: SubscriptionFacts, two: SubscriptionFacts) => [snapshotOf([one, two]), snapshotOf([two, one])];

describe('the headline', () => {
  test.each([
    ['of two alike, the newer', subscription(), subscription({ ...second, created: noon - day })],
    ['of two that ended, the later end', canceled(), canceled({ ...second, endedAt: noon - day })],
    ['of two that ended at once, the newer', canceled(), canceled({ ...second, created: noon - day })],
    ['of an end that is known and one that is not', canceled({ endedAt: null, canceledAt: null }), canceled(second)],
    ['of two whose end is not known, the newer', ...unknownEnds()],
  ])('is %s', (_, one, two) => {
    for (const snapshot of bothOrders(one, two)) expect(snapshot.plan?.name).toBe('Starter');
  });
});

function unknownEnds(): [SubscriptionFacts, SubscriptionFacts] {
  const own = { endedAt: null, canceledAt: null };
  return [canceled(own), canceled({ ...own, ...second, created: noon - day })];
}

describe('access is the best that one of them gives', () => {
  const until = (at: number | null) => (at === null ? null : iso(at));
  test.each([
    ['full, and for longer', pastDue(), subscription(second), null],
    ['full until a later day', pastDue(), subscription({ ...second, cancelAt: noon + 8 * day }), noon + 8 * day],
    ['full until a day, and less without one', restricted(), pastDue(second), noon + 6 * day],
  ])('%s', (_, one, two, end) => {
    for (const { access } of bothOrders(one, two)) expect(access).toMatchObject({ level: 'full', until: until(end) });
  });

  test.each([
    ['ended', canceled()],
    ['incomplete', subscription({ status: 'incomplete' })],
  ])('a free plan that gives no more says nothing beside one that is %s', (reason, of) => {
    const freePlan = { name: 'Free', access: 'none' as const };
    for (const policy of [{}, { freePlan }]) expect(snapshotOf([of], { policy }).access).toMatchObject({ reason });
  });
});

function restricted(): SubscriptionFacts {
  return pastDue(open({ firstFailedAt: noon - 9 * day }));
}

test.each([
  ['the running subscription’s', [subscription({ methodOnFile: false })], true, false],
  ['the running subscription’s own', [subscription()], false, true],
  ['the customer’s where nothing runs', [canceled({ methodOnFile: false })], true, true],
  ['the customer’s where nothing runs, which has none', [canceled()], false, false],
  ['the customer’s where nothing was bought', [], true, true],
  ['the customer’s where nothing was bought, which has none', [], false, false],
])('a payment method is on file as it is %s', (_, of, ofCustomer, onFile) => {
  const { payment } = snapshotOf(of, { customer: { methodOnFile: ofCustomer } });
  expect(payment.methodOnFile).toBe(onFile);
});

test('no payment method is known of a customer that was never fetched', () => {
  expect(snapshotOf([], { standing: { facts: null, fetchedAt: null } }).payment.methodOnFile).toBe(false);
});

test('a key is sixteen characters, and a subscription’s own', () => {
  const keys = snapshotOf([subscription(), subscription(second)]).subscriptions.map(({ key }) => key);
  expect(keys).toEqual([expect.stringMatching(/^[\w-]{16}$/), expect.stringMatching(/^[\w-]{16}$/)]);
  expect(new Set(keys).size).toBe(2);
});
