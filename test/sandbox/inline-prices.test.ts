/** Items one by one, and prices that come with the request that uses them. */

import { describe, expect, test } from 'vitest';
import { customerWithCard, latestInvoice, monthlyPrice, subscribed, sandboxForEach } from './harness.ts';

const { harness, stripe } = sandboxForEach();

describe('subscription items', () => {
  test('are added, changed and removed with their proration', async () => {
    const { subscription } = await subscribed(stripe);
    const addOn = await monthlyPrice(stripe, 1000);
    const item = await stripe.subscriptionItems.create({
      subscription: subscription.id,
      price: addOn.id,
      quantity: 2,
      proration_behavior: 'always_invoice',
    });
    expect(item).toMatchObject({ object: 'subscription_item', quantity: 2, subscription: subscription.id });
    expect((await latestInvoice(stripe, subscription.id)).total).toBe(2000);
    const changed = await stripe.subscriptionItems.update(item.id, {
      quantity: 3,
      metadata: { seat: 'three' },
      proration_behavior: 'always_invoice',
    });
    expect(changed).toMatchObject({ quantity: 3, metadata: { seat: 'three' } });
    expect((await latestInvoice(stripe, subscription.id)).total).toBe(1000);
    expect(await stripe.subscriptionItems.retrieve(item.id)).toEqual(changed);
    expect(await stripe.subscriptionItems.del(item.id)).toMatchObject({ deleted: true });
    expect((await stripe.subscriptionItems.list({ subscription: subscription.id })).data).toHaveLength(1);
    await expect(stripe.subscriptionItems.retrieve(item.id)).rejects.toMatchObject({ statusCode: 404 });
  });

  test('one price stands there once, and one item stays', async () => {
    const { subscription, price } = await subscribed(stripe);
    await expect(
      stripe.subscriptionItems.create({ subscription: subscription.id, price: price.id }),
    ).rejects.toMatchObject({ statusCode: 400 });
    await expect(stripe.subscriptionItems.del(subscription.items.data[0]?.id ?? '')).rejects.toMatchObject({
      statusCode: 400,
    });
  });
});

describe('price_data', () => {
  const recurring = { interval: 'month' } as const;

  test('in a subscription: a price of an existing product, inactive from the start', async () => {
    const customer = await customerWithCard(stripe);
    const product = await stripe.products.create({ name: 'Custom' });
    const { items } = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price_data: { currency: 'eur', product: product.id, recurring, unit_amount: 1234 } }],
    });
    const made = items.data[0]?.price;
    expect(made).toMatchObject({ unit_amount: 1234, active: false, product: product.id });
    expect(await stripe.prices.retrieve(made?.id ?? '')).toEqual(made);
  });

  test('in Checkout: with its product', async () => {
    const session = await stripe.checkout.sessions.create({
      mode: 'subscription',
      line_items: [
        {
          price_data: { currency: 'eur', product_data: { name: 'Made here' }, recurring, unit_amount: 900 },
          quantity: 2,
        },
      ],
      success_url: 'https://host.example/',
    });
    expect(session.amount_total).toBe(1800);
    expect((await stripe.products.list()).data).toMatchObject([{ name: 'Made here' }]);
  });

  test('leaves nothing where the request is refused', async () => {
    const customer = await stripe.customers.create();
    const product = await stripe.products.create({ name: 'Custom' });
    const items = [{ price_data: { currency: 'eur', product: product.id, recurring, unit_amount: 1234 } }];
    await expect(stripe.subscriptions.create({ customer: customer.id, items })).rejects.toMatchObject({
      statusCode: 400,
    });
    expect((await stripe.prices.list()).data).toEqual([]);
    await expect(
      stripe.checkout.sessions.create({
        mode: 'payment',
        line_items: [{ price_data: { currency: 'eur', product: product.id, recurring, unit_amount: 1 }, quantity: 1 }],
        success_url: 'https://host.example/',
      }),
    ).rejects.toMatchObject({ statusCode: 400 });
  });
});

describe('schedules that make their subscription', () => {
  const phases = async () => {
    const price = await monthlyPrice(stripe);
    const duration = { interval: 'month' } as const;
    return [1, 2].map((quantity) => ({ items: [{ price: price.id, quantity }], duration }));
  };

  test('now: it is active, charged an hour later, and completes with the last phase', async () => {
    const customer = await customerWithCard(stripe);
    const schedule = await stripe.subscriptionSchedules.create({
      customer: customer.id,
      start_date: 'now',
      phases: await phases(),
    });
    expect(schedule).toMatchObject({ status: 'active', customer: customer.id });
    const id = String(schedule.subscription);
    expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ status: 'active', schedule: schedule.id });
    expect((await latestInvoice(stripe, id)).status).toBe('draft');
    await harness.sandbox.clock.advance(2 * 3_600_000);
    expect((await latestInvoice(stripe, id)).status).toBe('paid');
    await harness.sandbox.clock.advanceTo(Date.UTC(2026, 4, 2, 12));
    expect(await stripe.subscriptionSchedules.retrieve(schedule.id)).toMatchObject({ status: 'completed' });
    expect((await stripe.subscriptions.retrieve(id)).items.data[0]?.quantity).toBe(2);
    expect(harness.newEvents()).toEqual(
      expect.arrayContaining(['subscription_schedule.expiring', 'subscription_schedule.completed']),
    );
  });

  test('later: at its moment, or never', async () => {
    const customer = await customerWithCard(stripe);
    const at = Math.floor(Date.UTC(2026, 2, 10) / 1000);
    const make = async () =>
      stripe.subscriptionSchedules.create({ customer: customer.id, start_date: at, phases: await phases() });
    const [first, second] = [await make(), await make()];
    expect(first).toMatchObject({ status: 'not_started', subscription: null, current_phase: null });
    expect(await stripe.subscriptionSchedules.cancel(second.id)).toMatchObject({ status: 'canceled' });
    await harness.sandbox.clock.advanceTo(Date.UTC(2026, 2, 10, 1));
    expect(await stripe.subscriptionSchedules.retrieve(first.id)).toMatchObject({ status: 'active' });
    expect((await stripe.subscriptions.list({ customer: customer.id })).data).toHaveLength(1);
  });

  test('need a customer, a start and phases', async () => {
    await expect(stripe.subscriptionSchedules.create({})).rejects.toMatchObject({ param: 'customer' });
  });
});

test('a test clock in the past takes an account without customers there', async () => {
  const past = Math.floor(Date.UTC(2020, 0, 1) / 1000);
  const clock = await stripe.testHelpers.testClocks.create({ frozen_time: past });
  const customer = await stripe.customers.create({ test_clock: clock.id });
  expect(customer).toMatchObject({ created: past, test_clock: clock.id });
  const later = await stripe.testHelpers.testClocks.create({ frozen_time: past - 100 });
  await stripe.testHelpers.testClocks.advance(later.id, { frozen_time: past + 900 });
  await expect(stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: past })).rejects.toMatchObject({
    param: 'frozen_time',
  });
  await expect(stripe.customers.create({ test_clock: 'clock_x' })).rejects.toMatchObject({ param: 'test_clock' });
});
