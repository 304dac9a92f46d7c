import { describe, expect, test } from 'vitest';
import type { Stripe } from 'stripe';
import {
  april,
  customerWithCard,
  dayMs,
  hourMs,
  latestInvoice,
  monthlyPrice,
  seconds,
  subscribed,
  sandboxForEach,
} from './harness.ts';
import { submit, visit } from './visit.ts';

const { harness, stripe } = sandboxForEach();

/** A plan of €29 that becomes one of €9 on 1 April. */
async function planned(): Promise<{
  subscription: Stripe.Subscription;
  schedule: Stripe.SubscriptionSchedule;
  smaller: Stripe.Price;
}> {
  const { subscription, price } = await subscribed(stripe);
  const smaller = await monthlyPrice(stripe, 900);
  const made = await stripe.subscriptionSchedules.create({ from_subscription: subscription.id });
  const schedule = await stripe.subscriptionSchedules.update(made.id, {
    phases: [
      {
        items: [{ price: price.id, quantity: 1 }],
        start_date: made.phases[0]?.start_date ?? 0,
        end_date: seconds(april),
      },
      { items: [{ price: smaller.id, quantity: 2 }], duration: { interval: 'month', interval_count: 1 } },
    ],
  });
  return { subscription, schedule, smaller };
}

describe('a schedule', () => {
  test('INV-1: the next invoice is previewed with the phase that begins with its period', async () => {
    const { subscription } = await planned();
    const preview = await stripe.invoices.createPreview({ subscription: subscription.id });
    expect(preview).toMatchObject({ amount_due: 1800, created: seconds(april) });
    expect((await stripe.subscriptions.retrieve(subscription.id)).items.data[0]?.price.unit_amount).toBe(2900);
    await harness.sandbox.clock.advanceTo(april + 2 * hourMs);
    expect((await latestInvoice(stripe, subscription.id)).total).toBe(preview.total);
  });

  test('begins with the subscription as it is', async () => {
    const { subscription, price } = await subscribed(stripe);
    harness.newEvents();
    const schedule = await stripe.subscriptionSchedules.create({ from_subscription: subscription.id });
    expect(schedule).toMatchObject({
      status: 'active',
      end_behavior: 'release',
      subscription: subscription.id,
      current_phase: { end_date: seconds(april) },
      phases: [{ items: [{ price: price.id, quantity: 1 }], end_date: seconds(april) }],
    });
    expect(harness.newEvents()).toEqual(['subscription_schedule.created', 'customer.subscription.updated']);
    expect(harness.lastEvent('customer.subscription.updated').data.previous_attributes).toEqual({ schedule: null });
    await expect(stripe.subscriptionSchedules.create({ from_subscription: subscription.id })).rejects.toMatchObject({
      statusCode: 400,
    });
  });

  test('the next phase is seen through the subscription', async () => {
    const { subscription, smaller } = await planned();
    const { data } = await stripe.subscriptions.list({
      customer: String(subscription.customer),
      expand: ['data.schedule'],
    });
    expect(data[0]?.schedule).toMatchObject({
      phases: [{}, { start_date: seconds(april), items: [{ price: smaller.id, quantity: 2 }] }],
    });
    const { schedule } = await stripe.subscriptions.retrieve(subscription.id, {
      expand: ['schedule.phases.items.price'],
    });
    expect(schedule).toMatchObject({ phases: [{}, { items: [{ price: { id: smaller.id, unit_amount: 900 } }] }] });
  });

  test('happens when the clock reaches it, with nothing credited, and lets go a month later', async () => {
    const { subscription, schedule, smaller } = await planned();
    await harness.sandbox.clock.advanceTo(april - 1000);
    expect((await stripe.subscriptions.retrieve(subscription.id)).items.data[0]?.price.unit_amount).toBe(2900);
    await harness.sandbox.clock.advanceTo(april + hourMs);
    const after = await stripe.subscriptions.retrieve(subscription.id, { expand: ['latest_invoice'] });
    expect(after).toMatchObject({ status: 'active', quantity: 2, schedule: schedule.id });
    expect(after.items.data[0]?.price.id).toBe(smaller.id);
    expect(after.latest_invoice).toMatchObject({ status: 'paid', total: 1800, lines: { total_count: 1 } });
    expect(harness.newEvents()).toContain('subscription_schedule.updated');
    await harness.sandbox.clock.advanceTo(Date.UTC(2026, 4, 1, 13));
    expect(await stripe.subscriptionSchedules.retrieve(schedule.id)).toMatchObject({
      status: 'completed',
      subscription: null,
      released_subscription: subscription.id,
    });
    expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ status: 'active', schedule: null });
    expect((await stripe.invoices.list({ subscription: subscription.id })).data.map((row) => row.total)).toEqual([
      1800, 1800, 2900,
    ]);
  });

  test('a phase within a period is prorated as it says', async () => {
    const { subscription, price } = await subscribed(stripe);
    const dearer = await monthlyPrice(stripe, 5800);
    const made = await stripe.subscriptionSchedules.create({ from_subscription: subscription.id });
    const start = made.phases[0]?.start_date ?? 0;
    // By now it has been worked out when the phase ends, and that something else comes before: the change must be heard of.
    const other = await customerWithCard(stripe);
    await stripe.subscriptions.create({
      customer: other.id,
      items: [{ price: price.id }],
      trial_end: start + 19 * 86_400,
    });
    await harness.sandbox.clock.advance(hourMs);
    await stripe.subscriptionSchedules.update(made.id, {
      phases: [
        { items: [{ price: price.id }], start_date: start, end_date: start + 10 * 86_400 },
        {
          items: [{ price: dearer.id }],
          end_date: seconds(april),
          proration_behavior: 'always_invoice',
        },
      ],
    });
    await harness.sandbox.clock.advance(10 * dayMs - hourMs);
    const { latest_invoice: invoice } = await stripe.subscriptions.retrieve(subscription.id, {
      expand: ['latest_invoice'],
    });
    expect(invoice).toMatchObject({ billing_reason: 'subscription_update', status: 'paid' });
    expect((invoice as Stripe.Invoice).lines.data.map((line) => Math.sign(line.amount))).toEqual([-1, 1]);
  });

  test('is released by request, and nothing happens', async () => {
    const { subscription, schedule } = await planned();
    harness.newEvents();
    expect(await stripe.subscriptionSchedules.release(schedule.id)).toMatchObject({ status: 'released' });
    expect(harness.newEvents()).toEqual(['subscription_schedule.released', 'customer.subscription.updated']);
    await harness.sandbox.clock.advanceTo(april + hourMs);
    expect((await stripe.subscriptions.retrieve(subscription.id)).items.data[0]?.price.unit_amount).toBe(2900);
    await expect(stripe.subscriptionSchedules.release(schedule.id)).rejects.toMatchObject({ statusCode: 400 });
  });

  test('ends the subscription where it was told to', async () => {
    const { subscription, schedule } = await planned();
    await stripe.subscriptionSchedules.update(schedule.id, { end_behavior: 'cancel' });
    await harness.sandbox.clock.advanceTo(Date.UTC(2026, 4, 1, 12));
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('canceled');
    expect((await stripe.subscriptionSchedules.retrieve(schedule.id)).status).toBe('canceled');
  });

  test('goes with its subscription, and keeps others from canceling it directly', async () => {
    const { subscription, schedule } = await planned();
    await expect(stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true })).rejects.toMatchObject({
      statusCode: 400,
      param: 'cancel_at_period_end',
    });
    await stripe.subscriptions.cancel(subscription.id);
    expect((await stripe.subscriptionSchedules.retrieve(schedule.id)).status).toBe('canceled');
    expect(harness.newEvents()).toContain('subscription_schedule.canceled');
  });

  test('is listed by customer', async () => {
    const { subscription, schedule } = await planned();
    const found = await stripe.subscriptionSchedules.list({ customer: String(subscription.customer) });
    expect(found.data.map(({ id }) => id)).toEqual([schedule.id]);
  });
});

describe('SUB-10: the portal puts a smaller plan off', () => {
  async function portal(): Promise<{
    base: string;
    subscription: Stripe.Subscription;
    smaller: Stripe.Price;
    dearer: Stripe.Price;
  }> {
    const { subscription, price } = await subscribed(stripe);
    const [smaller, dearer] = [await monthlyPrice(stripe, 900), await monthlyPrice(stripe, 5800)];
    const configuration = await stripe.billingPortal.configurations.create({
      features: {
        payment_method_update: { enabled: true },
        subscription_cancel: { enabled: true },
        subscription_update: {
          enabled: true,
          default_allowed_updates: ['price'],
          proration_behavior: 'always_invoice',
          schedule_at_period_end: { conditions: [{ type: 'decreasing_item_amount' }] },
          products: [price, smaller, dearer].map((row) => ({ product: String(row.product), prices: [row.id] })),
        },
      },
    });
    const { url } = await stripe.billingPortal.sessions.create({
      customer: String(subscription.customer),
      configuration: configuration.id,
    });
    return { base: url, subscription, smaller, dearer };
  }

  test('says so, shows it, and lets it happen', async () => {
    const { base, subscription, smaller } = await portal();
    const change = `${base}/subscriptions/${subscription.id}/update`;
    expect((await visit(change)).text).toContain('begins when this period ends, on 1 April 2026');
    const home = await submit(change, { price: smaller.id });
    expect(home.text).toContain('Your plan will change when this period ends.');
    expect(home.text).toContain('Changes to Plan 900 for €9.00 on 1 April 2026');
    const waiting = await stripe.subscriptions.retrieve(subscription.id);
    expect(waiting.schedule).toMatch(/^sub_sched_/);
    expect(waiting.items.data[0]?.price.unit_amount).toBe(2900);
    await harness.sandbox.clock.advanceTo(april + hourMs);
    const after = await stripe.subscriptions.retrieve(subscription.id, { expand: ['latest_invoice'] });
    expect(after.items.data[0]?.price.id).toBe(smaller.id);
    expect(after.latest_invoice).toMatchObject({ total: 900, status: 'paid' });
  });

  test('until it is taken back', async () => {
    const { base, subscription, smaller } = await portal();
    await visit(`${base}/subscriptions/${subscription.id}/update`, { price: smaller.id });
    const home = await submit(`${base}/subscriptions/${subscription.id}/keep-current`);
    expect(home.text).toContain('Your plan stays as it is.');
    expect(home.text).not.toContain('Changes to');
    expect((await stripe.subscriptions.retrieve(subscription.id)).schedule).toBeNull();
  });

  test.each(['upgrade', 'cancel'] as const)('an %s takes it back too', async (then) => {
    const { base, subscription, smaller, dearer } = await portal();
    await visit(`${base}/subscriptions/${subscription.id}/update`, { price: smaller.id });
    if (then === 'upgrade') await visit(`${base}/subscriptions/${subscription.id}/update`, { price: dearer.id });
    else await visit(`${base}/subscriptions/${subscription.id}/cancel`, {});
    const after = await stripe.subscriptions.retrieve(subscription.id);
    expect(after.schedule).toBeNull();
    if (then === 'upgrade') expect(after.items.data[0]?.price.id).toBe(dearer.id);
    else expect(after.cancel_at).toBe(seconds(april));
  });
});
