/** Two BFFs on one PostgreSQL: whichever one is asked, it says what the other has learned. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BillingSnapshot } from '@billhook/widget/contract';
import { sharedPostgres } from '../../support/shared-postgres.ts';
import { startBff, type CallInit, type TestBff } from '../support/bff.ts';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

let harness: BffHarness;
let other: TestBff;
beforeAll(async () => {
  const database = await (await sharedPostgres()).createDatabase();
  harness = await startBffHarness({ database });
  other = await startBff(harness.options.stripe, { database });
});
afterAll(async () => {
  await other.close();
  await harness.close();
});

/** Holds polls at the other process, which gets no webhook, until it says so. */
async function otherSays(who: CallInit, when: (snapshot: BillingSnapshot) => boolean): Promise<BillingSnapshot> {
  for (let etag = ''; ;) {
    const headers = { prefer: 'wait=25', ...(etag === '' ? {} : { 'if-none-match': etag }) };
    const response = await other.call('/v1/billing', { ...who, headers });
    expect([200, 304]).toContain(response.status);
    etag = response.headers.get('etag') ?? '';
    if (response.status === 304) continue;
    const snapshot = (await response.json()) as BillingSnapshot;
    if (when(snapshot)) return snapshot;
  }
}

describe('a long poll at one process', () => {
  it('is answered after a webhook at the other', async () => {
    const who = harness.as('active');
    await otherSays(who, ({ state }) => state === 'active');
    const subscription = harness.sandbox.state.subscriptions
      .list()
      .find((each) => each.customer === harness.customers.active);
    const waiting = otherSays(who, ({ state }) => state === 'ending');
    await harness.stripe.subscriptions.update(String(subscription?.id), { cancel_at_period_end: true });
    expect(await waiting).toMatchObject({ state: 'ending', confirmedBy: 'webhook' });
  });

  it('is answered after a product’s new name, without a fetch of its own', async () => {
    const who = harness.as('trialing');
    const before = await otherSays(who, ({ plan }) => plan !== null);
    const { data } = await harness.stripe.subscriptions.list({ customer: harness.customers.trialing });
    const product = data[0]?.items.data[0]?.price.product;
    await harness.stripe.products.update(String(product), { name: `${before.plan?.name} Plus` });
    const after = await otherSays(who, ({ plan }) => plan?.name !== before.plan?.name);
    expect(after.plan?.name).toBe(`${before.plan?.name} Plus`);
    expect(after.revision, 'no facts of the customer were fetched for it').toBe(before.revision);
  });
});
