import type { Stripe } from 'stripe';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { april, customerWithCard, startSandbox, type Harness } from './harness.ts';

const changed = 'entitlements.active_entitlement_summary.updated';

let harness: Harness;
let customer: Stripe.Customer;
let price: Stripe.Price;
let features: Stripe.Entitlements.Feature[];

beforeEach(async () => {
  harness = await startSandbox();
  const { stripe } = harness;
  customer = await customerWithCard(stripe);
  const product = await stripe.products.create({ name: 'Team' });
  price = await stripe.prices.create({
    product: product.id,
    currency: 'eur',
    unit_amount: 2900,
    recurring: { interval: 'month' },
  });
  features = [];
  for (const key of Array.from({ length: 12 }, (_, index) => `feature_${index}`)) {
    // oxlint-disable-next-line no-await-in-loop -- a page is held against their order
    const feature = await stripe.entitlements.features.create({ name: key, lookup_key: key });
    features.push(feature);
    // oxlint-disable-next-line no-await-in-loop -- as above
    await stripe.products.createFeature(product.id, { entitlement_feature: feature.id });
  }
  harness.newEvents();
});
afterEach(() => harness.close());

const keysOf = async (): Promise<string[]> => {
  const rows = await harness.stripe.entitlements.activeEntitlements
    .list({ customer: customer.id, limit: 5 })
    .autoPagingToArray({ limit: 100 });
  return rows.map((row) => row.lookup_key).toSorted();
};

describe('ENT-1: entitlements', () => {
  test('begin with a subscription, end with it, and each change is one event with the old list', async () => {
    const { stripe } = harness;
    expect(await keysOf()).toEqual([]);
    const subscription = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
    expect(await keysOf()).toEqual(features.map((row) => row.lookup_key).toSorted());
    expect(harness.newEvents().filter((type) => type === changed)).toHaveLength(1);
    expect(harness.lastEvent(changed).data.previous_attributes).toEqual({ entitlements: { data: [] } });
    await stripe.subscriptions.cancel(subscription.id);
    expect(await keysOf()).toEqual([]);
    const { object, previous_attributes: before } = harness.lastEvent(changed).data;
    expect(object['entitlements']).toMatchObject({ data: [], has_more: false });
    expect(before).toMatchObject({ entitlements: { data: { length: 10 } } });
  });

  test('the summary holds ten and says that there are more; the whole is fetched page by page', async () => {
    const { stripe } = harness;
    await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
    const { entitlements } = harness.lastEvent(changed).data
      .object as unknown as Stripe.Entitlements.ActiveEntitlementSummary;
    expect(entitlements.data).toHaveLength(10);
    expect(entitlements.has_more).toBe(true);
    const first = await stripe.entitlements.activeEntitlements.list({
      customer: customer.id,
      expand: ['data.feature'],
    });
    expect(first).toMatchObject({ has_more: true, data: { length: 10 } });
    const [row] = first.data;
    expect(row?.feature).toMatchObject({ lookup_key: row?.lookup_key });
    expect(await stripe.entitlements.activeEntitlements.retrieve(row?.id ?? '')).toMatchObject({ id: row?.id });
  });

  test('another product brings its own, and a renewal changes none', async () => {
    const { stripe, sandbox } = harness;
    const plain = await stripe.prices.create({
      product_data: { name: 'Plain' },
      currency: 'eur',
      unit_amount: 900,
      recurring: { interval: 'month' },
    });
    const { id, items } = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
    harness.newEvents();
    await sandbox.clock.advanceTo(april + 2 * 3_600_000);
    expect(harness.newEvents()).not.toContain(changed);
    await stripe.subscriptions.update(id, { items: [{ id: items.data[0]?.id ?? '', price: plain.id }] });
    expect(await keysOf()).toEqual([]);
    expect(harness.newEvents()).toContain(changed);
  });

  test('a lookup key names one feature, a product has each once, and archived ones are listed apart', async () => {
    const { stripe } = harness;
    await expect(stripe.entitlements.features.create({ name: 'x', lookup_key: 'feature_0' })).rejects.toMatchObject({
      param: 'lookup_key',
    });
    const feature = features[0]?.id ?? '';
    await expect(
      stripe.products.createFeature(String(price.product), { entitlement_feature: feature }),
    ).rejects.toMatchObject({ param: 'entitlement_feature' });
    await stripe.entitlements.features.update(feature, { active: false });
    expect((await stripe.entitlements.features.list({ archived: true })).data.map((row) => row.id)).toEqual([feature]);
    const [attached] = (await stripe.products.listFeatures(String(price.product), { limit: 1 })).data;
    await stripe.products.deleteFeature(String(price.product), attached?.id ?? '');
    expect((await stripe.products.listFeatures(String(price.product), { limit: 100 })).data).toHaveLength(11);
  });
});
