import { expect, test } from 'vitest';
import { createDueIndex } from '../../demo/stripe-sandbox/engine/due-index.ts';
import { dayMs, customerWithCard, monthlyPrice, startSandbox } from './harness.ts';

test('the earliest comes first, whatever the order of filing', () => {
  const index = createDueIndex();
  const times = [50, 10, 40, 20, 30, 10, 60];
  for (const [at, time] of times.entries()) index.set(`id${at}`, time);
  const order: number[] = [];
  for (let first = index.first(); first; first = index.first()) {
    order.push(first.at);
    index.set(first.id, null);
  }
  expect(order).toEqual(times.toSorted((a, b) => a - b));
});

test('what is filed again moves, earlier as well as later', () => {
  const index = createDueIndex();
  index.set('a', 10);
  index.set('b', 20);
  index.set('a', 30);
  expect(index.first()).toEqual({ id: 'b', at: 20 });
  index.set('a', 5);
  expect(index.first()).toEqual({ id: 'a', at: 5 });
  index.set('a', 30);
  index.set('b', null);
  expect(index.first()).toEqual({ id: 'a', at: 30 });
  index.set('a', null);
  expect(index.first()).toBeNull();
});

test('of things due at one moment, the one that was filed first goes first', () => {
  const index = createDueIndex();
  const ids = ['a', 'b', 'c', 'd', 'e'];
  for (const id of ids) index.set(id, 10);
  index.set('b', 20);
  index.set('b', 10);
  const order: string[] = [];
  for (let first = index.first(); first; first = index.first()) {
    order.push(first.id);
    index.set(first.id, null);
  }
  expect(order).toEqual(ids);
});

test('subscriptions renew one by one, each at its own moment', async () => {
  const harness = await startSandbox();
  const price = await monthlyPrice(harness.stripe);
  const { id: template } = await customerWithCard(harness.stripe);
  for (let count = 0; count < 5; count += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other is the point
    await harness.stripe.subscriptions.create({ customer: template, items: [{ price: price.id }] });
    // oxlint-disable-next-line no-await-in-loop -- as above
    await harness.sandbox.clock.advance(60_000);
  }
  await harness.sandbox.clock.advance(32 * dayMs);
  const renewals = harness.sandbox.state.invoices.list((row) => row.billing_reason === 'subscription_cycle');
  const paid = renewals.map((row) => row.status_transitions.paid_at ?? 0);
  expect(paid).toEqual(paid.toSorted((a, b) => b - a));
  expect(new Set(paid).size).toBe(5);
  await harness.close();
});
