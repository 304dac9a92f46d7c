/** A reseller with hundreds of subscriptions: every page is read, and each subscription once. */

import { afterAll, beforeAll, expect, it } from 'vitest';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

const count = 250;
let harness: BffHarness;
beforeAll(async () => {
  harness = await startBffHarness();
});
afterAll(() => harness.close());

it(`reads a customer with ${count} subscriptions in three pages, and notices that the last one ended`, async () => {
  const { bff, sandbox, stripe } = harness;
  const [price] = (await stripe.prices.list({ lookup_keys: ['starter_monthly'] })).data;
  const customer = await stripe.customers.create({});
  const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
  const ids: string[] = [];
  sandbox.deliveries.settings.lose = 'silently';
  for (let number = 0; number < count; number += 1) {
    const made = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: String(price?.id) }],
      default_payment_method: method.id,
    });
    ids.push(made.id);
  }
  const who = { account: 'reseller', mint: { customer: customer.id } };
  sandbox.requests.clear();
  const snapshot = await bff.snapshot(who);
  expect(snapshot).toMatchObject({ state: 'active' });
  expect(snapshot.subscriptions).toHaveLength(count);
  expect(new Set(snapshot.subscriptions.map(({ key }) => key)).size).toBe(count);
  const pages = sandbox.requests.list({ path: '/v1/subscriptions' });
  expect(pages.map(({ params }) => params['starting_after'] !== undefined)).toEqual([false, true, true]);

  // The oldest one is on the last page.
  sandbox.deliveries.settings.lose = 'no';
  const etag = (await bff.settled(who)).headers.get('etag') ?? '';
  const held = bff.call('/v1/billing', { ...who, headers: { prefer: 'wait=25', 'if-none-match': etag } });
  await stripe.subscriptions.cancel(String(ids[0]));
  const after = (await (await held).json()) as typeof snapshot;
  expect(after.subscriptions.filter(({ state }) => state === 'active')).toHaveLength(count - 1);
});
