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
  startSandbox,
  subscribed,
  sandboxForEach,
} from './harness.ts';

const { harness, stripe } = sandboxForEach();

describe('create', () => {
  test('OBJ-1 OBJ-2 OBJ-4: the shape of a new subscription', async () => {
    const { subscription, price } = await subscribed(stripe, 'pm_card_visa', 3);
    expect(subscription).toMatchObject({
      status: 'active',
      quantity: 3,
      plan: { id: price.id },
      billing_mode: { type: 'flexible' },
    });
    expect(subscription).not.toHaveProperty('current_period_end');
    expect(subscription.items).toMatchObject({
      total_count: 1,
      url: `/v1/subscription_items?subscription=${subscription.id}`,
    });
    expect(subscription.items.data[0]).toMatchObject({
      current_period_start: seconds(startAt),
      current_period_end: seconds(april),
    });
    const invoice = await latestInvoice(stripe, subscription.id);
    expect(invoice).toMatchObject({
      status: 'paid',
      total: 8700,
      amount_paid: 8700,
      billing_reason: 'subscription_create',
      attempt_count: 1,
    });
    expect(invoice.parent?.subscription_details?.subscription).toBe(subscription.id);
    expect(invoice.lines.data[0]?.description).toBe('3 × Plan 2900 (at €29.00 / month)');
  });

  test('SUB-1: the events of a first payment, in the order Stripe sends them', async () => {
    const customer = await customerWithCard(stripe);
    const price = await monthlyPrice(stripe);
    harness.newEvents();
    await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
    expect(harness.newEvents()).toEqual([
      'charge.succeeded',
      'customer.updated',
      'customer.subscription.created',
      'payment_intent.succeeded',
      'payment_intent.created',
      'invoice.created',
      'invoice.finalized',
      'invoice.paid',
      'invoice.payment_succeeded',
      'invoice_payment.paid',
    ]);
    expect(harness.lastEvent('customer.subscription.created').data.object).toMatchObject({ status: 'active' });
  });

  test('SUB-3: a card that asks for confirmation leaves it incomplete; paying makes it active', async () => {
    const { subscription, customer } = await subscribed(stripe, 'pm_card_authenticationRequired');
    expect(subscription.status).toBe('incomplete');
    const invoice = await latestInvoice(stripe, subscription.id);
    expect(invoice).toMatchObject({ status: 'open', attempted: true, attempt_count: 0 });
    expect(harness.newEvents()).toContain('invoice.payment_action_required');
    const working = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
    await stripe.invoices.pay(invoice.id ?? '', { payment_method: working.id });
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
  });

  test('SUB-3: unpaid for 23 hours, it expires and its invoice is void', async () => {
    const { subscription } = await subscribed(stripe, 'pm_card_chargeCustomerFail');
    expect(subscription.status).toBe('incomplete');
    await harness.sandbox.clock.advance(23 * hourMs - 1000);
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('incomplete');
    await harness.sandbox.clock.advance(1000);
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('incomplete_expired');
    expect((await latestInvoice(stripe, subscription.id)).status).toBe('void');
  });

  test('error_if_incomplete creates nothing when the charge fails', async () => {
    const customer = await customerWithCard(stripe, 'pm_card_chargeCustomerFail');
    const price = await monthlyPrice(stripe);
    const call = stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id }],
      payment_behavior: 'error_if_incomplete',
    });
    await expect(call).rejects.toMatchObject({ statusCode: 402, code: 'card_declined' });
    expect((await stripe.subscriptions.list({ status: 'all' })).data).toEqual([]);
  });

  test('what the sandbox does not carry out is refused, not ignored', async () => {
    const { subscription } = await subscribed(stripe);
    const interval = { pending_invoice_item_interval: { interval: 'month' as const } };
    await expect(stripe.subscriptions.update(subscription.id, interval)).rejects.toMatchObject({
      code: 'sandbox_unsupported',
      param: 'pending_invoice_item_interval',
    });
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
  });
});

describe('trial', () => {
  const trial = async (
    extra: Partial<Stripe.SubscriptionCreateParams> = {},
    card: string | null = 'pm_card_visa',
  ): Promise<Stripe.Subscription> => {
    const customer =
      card === null ? await stripe.customers.create({ name: 'No card' }) : await customerWithCard(stripe, card);
    const price = await monthlyPrice(stripe);
    return stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id }],
      trial_period_days: 14,
      ...extra,
    });
  };

  test('SUB-4: it starts with a paid invoice over nothing, and is announced three days before its end', async () => {
    const subscription = await trial();
    const end = seconds(startAt + 14 * dayMs);
    expect(subscription).toMatchObject({ status: 'trialing', trial_end: end, billing_cycle_anchor: end });
    expect(subscription.items.data[0]?.current_period_end).toBe(end);
    const invoice = await latestInvoice(stripe, subscription.id);
    expect(invoice).toMatchObject({ total: 0, status: 'paid', attempt_count: 0, attempted: true });
    expect(invoice.lines.data[0]?.description).toBe('Free trial for 1 × Plan 2900');
    harness.newEvents();
    await harness.sandbox.clock.advance(11 * dayMs);
    expect(harness.newEvents()).toEqual(['customer.subscription.trial_will_end']);
    await harness.sandbox.clock.advance(3 * dayMs + hourMs);
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
    expect(await latestInvoice(stripe, subscription.id)).toMatchObject({
      billing_reason: 'subscription_cycle',
      status: 'paid',
      total: 2900,
    });
  });

  test('SUB-4: shorter than three days, it is announced at once', async () => {
    await trial({ trial_period_days: 2 });
    expect(harness.newEvents()).toContain('customer.subscription.trial_will_end');
  });

  test.each([
    ['create_invoice', 'past_due', 'invoice.payment_failed'],
    ['cancel', 'canceled', 'customer.subscription.deleted'],
    ['pause', 'paused', 'customer.subscription.paused'],
  ] as const)('SUB-4: without a card, %s ends it as %s', async (behaviour, status, event) => {
    const subscription = await trial({ trial_settings: { end_behavior: { missing_payment_method: behaviour } } }, null);
    await harness.sandbox.clock.advance(14 * dayMs + hourMs);
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe(status);
    expect(harness.newEvents()).toContain(event);
  });
});

describe('renewal', () => {
  test('SUB-5: the period moves first, the draft is charged an hour later', async () => {
    const { subscription } = await subscribed(stripe);
    harness.newEvents();
    await harness.sandbox.clock.advanceTo(april);
    expect(harness.newEvents()).toEqual(['customer.subscription.updated', 'invoice.created']);
    const moved = harness.lastEvent('customer.subscription.updated').data;
    expect(moved.previous_attributes).toEqual({
      items: {
        data: subscription.items.data.map((item) =>
          expect.objectContaining({ id: item.id, current_period_end: seconds(april) }),
        ),
      },
    });
    expect(await latestInvoice(stripe, subscription.id)).toMatchObject({
      status: 'draft',
      billing_reason: 'subscription_cycle',
    });
    await harness.sandbox.clock.advance(hourMs - 1000);
    expect((await latestInvoice(stripe, subscription.id)).status).toBe('draft');
    await harness.sandbox.clock.advance(1000);
    expect(harness.newEvents()).toEqual([
      'payment_intent.created',
      'invoice.finalized',
      'charge.succeeded',
      'payment_intent.succeeded',
      'invoice.paid',
      'invoice.payment_succeeded',
      'invoice_payment.paid',
    ]);
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
  });

  test('the 31st stays the 31st after a February', async () => {
    const late = await startSandbox({ startAt: Date.UTC(2026, 0, 31, 12) });
    const { subscription } = await subscribed(late.stripe);
    const ends: string[] = [];
    for (let month = 0; month < 3; month += 1) {
      const { items } = await late.stripe.subscriptions.retrieve(subscription.id);
      const end = (items.data[0]?.current_period_end ?? 0) * 1000;
      ends.push(new Date(end).toISOString().slice(0, 10));
      await late.sandbox.clock.advanceTo(end);
    }
    expect(ends).toEqual(['2026-02-28', '2026-03-31', '2026-04-30']);
    await late.close();
  });
});
