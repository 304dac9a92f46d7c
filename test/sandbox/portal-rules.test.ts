/** Stripe's refusals of portal configurations and of the flows of their sessions. */

import type { Stripe } from 'stripe';
import { describe, expect, test } from 'vitest';
import { monthlyPrice, subscribed, sandboxForEach } from './harness.ts';

const { stripe } = sandboxForEach();

type Features = Stripe.BillingPortal.ConfigurationCreateParams.Features;
type UpdateProduct = Stripe.BillingPortal.ConfigurationCreateParams.Features.SubscriptionUpdate.Product;

const configure = (products: UpdateProduct[], more: Partial<Features> = {}) =>
  stripe.billingPortal.configurations.create({
    features: {
      payment_method_update: { enabled: true },
      subscription_update: { enabled: true, default_allowed_updates: ['price'], products },
      ...more,
    },
  });

async function pricesOf(product: string, ...kinds: (readonly ['month' | 'year', number, string])[]): Promise<string[]> {
  const made = kinds.map(([interval, count, currency]) =>
    stripe.prices.create({ product, currency, unit_amount: 1000, recurring: { interval, interval_count: count } }),
  );
  return (await Promise.all(made)).map(({ id }) => id);
}

describe('PORT-3: prices of one product have unique intervals', () => {
  test('refused at creation and at update; another interval, count or currency is another', async () => {
    const { id: product } = await stripe.products.create({ name: 'Team' });
    const [month = '', second = '', year = '', quarter = '', yen = ''] = await pricesOf(
      product,
      ['month', 1, 'eur'],
      ['month', 1, 'eur'],
      ['year', 1, 'eur'],
      ['month', 3, 'eur'],
      ['month', 1, 'jpy'],
    );
    const refusal = { statusCode: 400, param: 'features[subscription_update][products][0][prices]' };
    await expect(configure([{ product, prices: [month, second] }])).rejects.toMatchObject(refusal);
    const { id, updated } = await configure([{ product, prices: [month, year, quarter, yen] }]);
    const change = { subscription_update: { products: [{ product, prices: [month, second] }] } };
    await expect(stripe.billingPortal.configurations.update(id, { features: change })).rejects.toMatchObject(refusal);
    const kept = await stripe.billingPortal.configurations.retrieve(id);
    expect(kept.updated).toBe(updated);
    expect(kept.features.subscription_update.products?.[0]?.prices).toHaveLength(4);
  });

  test('each belongs to its product, and ten products are enough', async () => {
    const price = await monthlyPrice(stripe);
    const { id: other } = await stripe.products.create({ name: 'Other' });
    await expect(configure([{ product: other, prices: [price.id] }])).rejects.toMatchObject({
      param: 'features[subscription_update][products][0][prices][0]',
    });
    const made = await Promise.all(Array.from({ length: 11 }, (_, index) => monthlyPrice(stripe, 100 + index)));
    const products = made.map((row) => ({ product: String(row.product), prices: [row.id] }));
    await expect(configure(products)).rejects.toMatchObject({ param: 'features[subscription_update][products]' });
    await configure(products.slice(0, 10));
  });
});

test('PORT-4: changing plans needs the update of cards', async () => {
  const price = await monthlyPrice(stripe);
  const products = [{ product: String(price.product), prices: [price.id] }];
  await expect(configure(products, { payment_method_update: { enabled: false } })).rejects.toMatchObject({
    statusCode: 400,
    message: 'Cannot enable subscription updates while payment method update is disabled.',
  });
  const { id } = await configure(products);
  await expect(
    stripe.billingPortal.configurations.update(id, { features: { payment_method_update: { enabled: false } } }),
  ).rejects.toMatchObject({ statusCode: 400 });
});

describe('flows that lead nowhere', () => {
  const bare = { statusCode: 400, type: 'StripeInvalidRequestError', param: undefined, code: undefined };
  const flow = (
    configuration: string,
    customer: string,
    type: 'subscription_update' | 'subscription_pause',
    id: string,
  ) =>
    stripe.billingPortal.sessions.create({
      customer,
      configuration,
      flow_data: { type, [type]: { subscription: id } },
    });

  test('PORT-5: nothing else to change to, more than one item; the refusal names neither parameter nor code', async () => {
    const { customer, price, subscription } = await subscribed(stripe);
    const alone = await configure([{ product: String(price.product), prices: [price.id] }]);
    await expect(flow(alone.id, customer.id, 'subscription_update', subscription.id)).rejects.toMatchObject(bare);
    const other = await monthlyPrice(stripe, 5900);
    const two = await configure([
      { product: String(price.product), prices: [price.id] },
      { product: String(other.product), prices: [other.id] },
    ]);
    expect((await flow(two.id, customer.id, 'subscription_update', subscription.id)).flow?.type).toBe(
      'subscription_update',
    );
    const confirm = (items: { id: string; price: string }[]) =>
      stripe.billingPortal.sessions.create({
        customer: customer.id,
        configuration: two.id,
        flow_data: {
          type: 'subscription_update_confirm',
          subscription_update_confirm: { subscription: subscription.id, items },
        },
      });
    const item = subscription.items.data[0]?.id ?? '';
    await expect(confirm([{ id: item, price: (await monthlyPrice(stripe, 1)).id }])).rejects.toMatchObject(bare);
    expect((await confirm([{ id: item, price: other.id }])).flow?.type).toBe('subscription_update_confirm');
    await stripe.subscriptions.update(subscription.id, { items: [{ price: other.id }] });
    await expect(flow(two.id, customer.id, 'subscription_update', subscription.id)).rejects.toMatchObject(bare);
  });

  test('PORT-6: only flexible subscriptions without a schedule are paused', async () => {
    const { customer, price, subscription } = await subscribed(stripe);
    const { id } = await configure([], { subscription_pause: { enabled: true } });
    expect((await flow(id, customer.id, 'subscription_pause', subscription.id)).flow?.type).toBe('subscription_pause');
    const classic = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id }],
      billing_mode: { type: 'classic' },
    });
    await expect(flow(id, customer.id, 'subscription_pause', classic.id)).rejects.toMatchObject(bare);
    await expect(stripe.subscriptions.pause(classic.id)).rejects.toMatchObject({ statusCode: 400 });
    await stripe.subscriptionSchedules.create({ from_subscription: subscription.id });
    await expect(flow(id, customer.id, 'subscription_pause', subscription.id)).rejects.toMatchObject(bare);
  });
});
