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
  startAt,
  subscribed,
  sandboxForEach,
} from './harness.ts';
import { submit, visit } from './visit.ts';

const { harness, stripe } = sandboxForEach();

describe('SUB-15: a pause by request', () => {
  test('has a status and an event of its own, and nothing is charged while it lasts', async () => {
    const { subscription } = await subscribed(stripe);
    harness.newEvents();
    expect(await stripe.subscriptions.pause(subscription.id)).toMatchObject({
      status: 'paused',
      status_details: { paused: { subscription: { type: 'pause_requested' }, transitioned_at: seconds(startAt) } },
    });
    expect(harness.newEvents()).toEqual(['invoiceitem.created', 'customer.subscription.paused']);
    await harness.sandbox.clock.advance(100 * dayMs);
    expect(harness.newEvents()).toEqual([]);
    await expect(stripe.subscriptions.pause(subscription.id)).rejects.toMatchObject({ statusCode: 400 });
  });

  test('resumes with a new period, less what was paid for and not used', async () => {
    const { subscription } = await subscribed(stripe);
    await harness.sandbox.clock.advanceTo(Date.UTC(2026, 2, 17));
    await stripe.subscriptions.pause(subscription.id);
    await harness.sandbox.clock.advanceTo(april + 10 * dayMs);
    harness.newEvents();
    const resumed = await stripe.subscriptions.resume(subscription.id);
    expect(resumed.status).toBe('active');
    expect(resumed.status_details).toBeUndefined();
    expect(resumed.items.data[0]).toMatchObject({ current_period_start: seconds(april + 10 * dayMs) });
    expect(harness.newEvents()).toContain('customer.subscription.resumed');
    const invoice = await latestInvoice(stripe, subscription.id);
    expect(invoice).toMatchObject({ status: 'paid' });
    expect(invoice.lines.data.map((line) => line.amount)).toEqual([-1450, 2900]);
  });

  test('gives nothing back where it is told not to', async () => {
    const { subscription } = await subscribed(stripe);
    await stripe.subscriptions.pause(subscription.id, { bill_for: { unused_time_from: { type: 'none' } } });
    await stripe.subscriptions.resume(subscription.id);
    expect((await latestInvoice(stripe, subscription.id)).total).toBe(2900);
  });

  test('resume_on_payment_attempt: an unpaid resumption is past due, and is not retried', async () => {
    const { subscription } = await subscribed(stripe);
    await stripe.subscriptions.pause(subscription.id, { bill_for: { unused_time_from: { type: 'none' } } });
    harness.sandbox.state.nextCharges.push('failsOnCharge');
    expect((await stripe.subscriptions.resume(subscription.id)).status).toBe('past_due');
    expect(await latestInvoice(stripe, subscription.id)).toMatchObject({ status: 'open', next_payment_attempt: null });
  });

  test('resume_on_payment_success: stays paused until it is paid', async () => {
    const { subscription } = await subscribed(stripe);
    await stripe.subscriptions.pause(subscription.id, { bill_for: { unused_time_from: { type: 'none' } } });
    harness.sandbox.state.nextCharges.push('failsOnCharge');
    const waiting = await stripe.subscriptions.resume(subscription.id, {
      payment_behavior: 'resume_on_payment_success',
    });
    expect(waiting.status).toBe('paused');
    harness.newEvents();
    await stripe.invoices.pay((await latestInvoice(stripe, subscription.id)).id ?? '');
    expect(harness.newEvents()).toContain('customer.subscription.resumed');
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
  });

  test('with the anchor unchanged the old days stay, and the rest of the period comes with the next invoice', async () => {
    const { subscription } = await subscribed(stripe);
    await stripe.subscriptions.pause(subscription.id, { bill_for: { unused_time_from: { type: 'none' } } });
    await harness.sandbox.clock.advanceTo(Date.UTC(2026, 3, 16, 12));
    const resumed = await stripe.subscriptions.resume(subscription.id, { billing_cycle_anchor: { type: 'unchanged' } });
    expect(resumed.items.data[0]).toMatchObject({
      current_period_start: seconds(april),
      current_period_end: seconds(Date.UTC(2026, 4, 1, 12)),
    });
    await harness.sandbox.clock.advanceTo(Date.UTC(2026, 4, 1, 14));
    expect(await latestInvoice(stripe, subscription.id)).toMatchObject({ total: 2900 + 1450, status: 'paid' });
  });

  test('is refused while a schedule is attached, and of what is over', async () => {
    const { subscription } = await subscribed(stripe);
    const schedule = await stripe.subscriptionSchedules.create({ from_subscription: subscription.id });
    await expect(stripe.subscriptions.pause(subscription.id)).rejects.toMatchObject({ statusCode: 400 });
    await stripe.subscriptionSchedules.release(schedule.id);
    await stripe.subscriptions.cancel(subscription.id);
    await expect(stripe.subscriptions.pause(subscription.id)).rejects.toMatchObject({ statusCode: 400 });
    await expect(stripe.subscriptions.resume(subscription.id)).rejects.toMatchObject({ statusCode: 400 });
  });
});

describe('SUB-15: the portal', () => {
  async function open(
    duration: Stripe.BillingPortal.ConfigurationCreateParams.Features.SubscriptionPause['duration'] = {
      type: 'indefinite',
    },
  ): Promise<{ base: string; pause: string; subscription: Stripe.Subscription }> {
    const { subscription } = await subscribed(stripe);
    const configuration = await stripe.billingPortal.configurations.create({
      features: { subscription_pause: { enabled: true, ...(duration ? { duration } : {}) } },
    });
    const { url } = await stripe.billingPortal.sessions.create({
      customer: String(subscription.customer),
      configuration: configuration.id,
      flow_data: { type: 'subscription_pause', subscription_pause: { subscription: subscription.id } },
    });
    return { base: url, pause: `${url}/subscriptions/${subscription.id}/pause`, subscription };
  }

  test('pauses through its flow, and resumes from home', async () => {
    const { base, pause, subscription } = await open();
    expect((await visit(base)).location).toBe(pause);
    expect((await visit(pause)).text).toContain('Pause Plan 2900?');
    const home = await submit(pause);
    expect(home.text).toMatch(/Your plan is paused\..+Paused/);
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('paused');
    const resumed = await submit(`${base}/subscriptions/${subscription.id}/resume`);
    expect(resumed.text).toContain('Your plan goes on.');
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
  });

  test('for a chosen time: a schedule that knows when it resumes, and does', async () => {
    const { pause, subscription } = await open({
      type: 'interval_options',
      interval_options: [
        { interval: 'month', interval_count: 1 },
        { interval: 'month', interval_count: 3 },
      ],
    });
    expect((await visit(pause)).text).toContain('Resumes on 1 June 2026');
    await submit(pause, { length: '1' });
    const paused = await stripe.subscriptions.retrieve(subscription.id, { expand: ['schedule'] });
    const resumeAt = seconds(Date.UTC(2026, 5, 1, 12));
    expect(paused).toMatchObject({
      status: 'paused',
      schedule: { pause_schedules: [{ resume: { resume_at: resumeAt, status: { type: 'scheduled' } } }] },
    });
    await harness.sandbox.clock.advanceTo(resumeAt * 1000);
    expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ status: 'active', schedule: null });
  });

  test('for a chosen time, and resumed before: the schedule lets go', async () => {
    const { base, pause, subscription } = await open({
      type: 'interval_options',
      interval_options: [{ interval: 'month', interval_count: 3 }],
    });
    await submit(pause, { length: '0' });
    await submit(`${base}/subscriptions/${subscription.id}/resume`);
    expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ status: 'active', schedule: null });
  });

  test('resumes a trial that ended without a card only once there is one', async () => {
    harness.sandbox.savePortalSettings();
    const customer = await stripe.customers.create({});
    const subscription = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: (await monthlyPrice(stripe)).id }],
      trial_period_days: 7,
      trial_settings: { end_behavior: { missing_payment_method: 'pause' } },
    });
    await harness.sandbox.clock.advance(7 * dayMs);
    const { url } = await stripe.billingPortal.sessions.create({ customer: customer.id });
    const resume = `${url}/subscriptions/${subscription.id}/resume`;
    expect((await submit(resume)).text).toContain('Add a payment method first.');
    await visit(`${url}/payment-method`, { testCard: '4242424242424242' });
    await submit(resume);
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
    expect(await latestInvoice(stripe, subscription.id)).toMatchObject({ status: 'paid', total: 2900 });
  });
});

describe('SUB-4: a trial that ends otherwise', () => {
  const trial = async (card: string | null = 'pm_card_visa'): Promise<Stripe.Subscription> => {
    const customer = card === null ? await stripe.customers.create({}) : await customerWithCard(stripe, card);
    return stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: (await monthlyPrice(stripe)).id }],
      trial_period_days: 14,
    });
  };

  test('at once: announced, active and charged', async () => {
    const { id } = await trial();
    await harness.sandbox.clock.advance(dayMs);
    harness.newEvents();
    const ended = await stripe.subscriptions.update(id, { trial_end: 'now' });
    expect(ended).toMatchObject({ status: 'active', trial_end: seconds(startAt + dayMs) });
    expect(ended.items.data[0]?.current_period_end).toBe(seconds(april + dayMs));
    expect(harness.newEvents().slice(0, 2)).toEqual([
      'customer.subscription.trial_will_end',
      'customer.subscription.updated',
    ]);
    expect(await latestInvoice(stripe, id)).toMatchObject({ status: 'paid', total: 2900 });
  });

  test('at once, without a card: past due', async () => {
    const { id } = await trial(null);
    await stripe.subscriptions.update(id, { trial_end: 'now' });
    expect((await stripe.subscriptions.retrieve(id)).status).toBe('past_due');
  });

  test('on another day, announced three days before that', async () => {
    const { id } = await trial();
    await stripe.subscriptions.update(id, { trial_end: seconds(startAt + 20 * dayMs) });
    harness.newEvents();
    await harness.sandbox.clock.advance(16 * dayMs);
    expect(harness.newEvents()).toEqual([]);
    await harness.sandbox.clock.advance(dayMs);
    expect(harness.newEvents()).toEqual(['customer.subscription.trial_will_end']);
    await harness.sandbox.clock.advance(3 * dayMs + hourMs);
    expect((await stripe.subscriptions.retrieve(id)).status).toBe('active');
  });

  test.each([
    ['end_trial', 'active', 5800],
    ['continue_trial', 'trialing', 0],
  ] as const)('SUB-10: by a plan change in the portal: %s', async (behaviour, status, total) => {
    const subscription = await trial();
    const other = await monthlyPrice(stripe, 5800, 'year');
    const configuration = await stripe.billingPortal.configurations.create({
      features: {
        payment_method_update: { enabled: true },
        subscription_update: {
          enabled: true,
          default_allowed_updates: ['price'],
          trial_update_behavior: behaviour,
          products: [{ product: String(other.product), prices: [other.id] }],
        },
      },
    });
    const { url } = await stripe.billingPortal.sessions.create({
      customer: String(subscription.customer),
      configuration: configuration.id,
    });
    await submit(`${url}/subscriptions/${subscription.id}/update`, { price: other.id });
    const changed = await stripe.subscriptions.retrieve(subscription.id);
    expect(changed.status).toBe(status);
    expect(changed.items.data[0]?.price.id).toBe(other.id);
    expect((await latestInvoice(stripe, subscription.id)).total).toBe(total);
    const end = status === 'active' ? Date.UTC(2027, 2, 1, 12) : startAt + 14 * dayMs;
    expect(changed.items.data[0]?.current_period_end).toBe(seconds(end));
  });
});
