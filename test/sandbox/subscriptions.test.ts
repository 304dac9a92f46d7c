import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Stripe } from 'stripe';
import { customerWithCard, DAY, HOUR, monthlyPrice, START, startSandbox, subscribed, type Harness } from './harness.ts';

let harness: Harness;
let stripe: Stripe;
beforeEach(async () => {
  harness = await startSandbox();
  stripe = harness.stripe;
});
afterEach(() => harness.close());

const seconds = (ms: number): number => Math.floor(ms / 1000);
const APRIL = Date.UTC(2026, 3, 1, 12);

async function latestInvoice(subscription: string): Promise<Stripe.Invoice> {
  const { latest_invoice: invoice } = await stripe.subscriptions.retrieve(subscription, { expand: ['latest_invoice'] });
  return invoice as Stripe.Invoice;
}

/** A subscription whose renewal on 1 April has just failed. */
async function pastDue(): Promise<{
  customer: Stripe.Customer;
  subscription: Stripe.Subscription;
  invoice: Stripe.Invoice;
}> {
  const { customer, subscription } = await subscribed(stripe);
  const failing = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer: customer.id });
  await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: failing.id } });
  await harness.sandbox.clock.advanceTo(APRIL + HOUR);
  return { customer, subscription, invoice: await latestInvoice(subscription.id) };
}

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
      current_period_start: seconds(START),
      current_period_end: seconds(APRIL),
    });
    const invoice = await latestInvoice(subscription.id);
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
    const invoice = await latestInvoice(subscription.id);
    expect(invoice).toMatchObject({ status: 'open', attempted: true, attempt_count: 0 });
    expect(harness.newEvents()).toContain('invoice.payment_action_required');
    const working = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
    await stripe.invoices.pay(invoice.id ?? '', { payment_method: working.id });
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
  });

  test('SUB-3: unpaid for 23 hours, it expires and its invoice is void', async () => {
    const { subscription } = await subscribed(stripe, 'pm_card_chargeCustomerFail');
    expect(subscription.status).toBe('incomplete');
    await harness.sandbox.clock.advance(23 * HOUR - 1000);
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('incomplete');
    await harness.sandbox.clock.advance(1000);
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('incomplete_expired');
    expect((await latestInvoice(subscription.id)).status).toBe('void');
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
    await expect(stripe.subscriptions.cancel(subscription.id, { prorate: true })).rejects.toMatchObject({
      code: 'sandbox_unsupported',
      param: 'prorate',
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
    const end = seconds(START + 14 * DAY);
    expect(subscription).toMatchObject({ status: 'trialing', trial_end: end, billing_cycle_anchor: end });
    expect(subscription.items.data[0]?.current_period_end).toBe(end);
    const invoice = await latestInvoice(subscription.id);
    expect(invoice).toMatchObject({ total: 0, status: 'paid', attempt_count: 0, attempted: true });
    expect(invoice.lines.data[0]?.description).toBe('Free trial for 1 × Plan 2900');
    harness.newEvents();
    await harness.sandbox.clock.advance(11 * DAY);
    expect(harness.newEvents()).toEqual(['customer.subscription.trial_will_end']);
    await harness.sandbox.clock.advance(3 * DAY + HOUR);
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
    expect(await latestInvoice(subscription.id)).toMatchObject({
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
    await harness.sandbox.clock.advance(14 * DAY + HOUR);
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe(status);
    expect(harness.newEvents()).toContain(event);
  });
});

describe('renewal', () => {
  test('SUB-5: the period moves first, the draft is charged an hour later', async () => {
    const { subscription } = await subscribed(stripe);
    harness.newEvents();
    await harness.sandbox.clock.advanceTo(APRIL);
    expect(harness.newEvents()).toEqual(['customer.subscription.updated', 'invoice.created']);
    const moved = harness.lastEvent('customer.subscription.updated').data;
    expect(moved.previous_attributes).toEqual({
      items: {
        data: subscription.items.data.map((item) =>
          expect.objectContaining({ id: item.id, current_period_end: seconds(APRIL) }),
        ),
      },
    });
    expect(await latestInvoice(subscription.id)).toMatchObject({
      status: 'draft',
      billing_reason: 'subscription_cycle',
    });
    await harness.sandbox.clock.advance(HOUR - 1000);
    expect((await latestInvoice(subscription.id)).status).toBe('draft');
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

describe('dunning and recovery', () => {
  test('SUB-6: the first failure, and what it sets off', async () => {
    const { customer, subscription } = await subscribed(stripe);
    harness.sandbox.state.nextCharges.push('failsOnCharge');
    await harness.sandbox.clock.advanceTo(APRIL);
    harness.newEvents();
    await harness.sandbox.clock.advance(HOUR);
    expect(harness.newEvents()).toEqual([
      'payment_intent.created',
      'invoice.finalized',
      'charge.failed',
      'payment_intent.payment_failed',
      'invoice.updated',
      'invoice.payment_failed',
      'customer.subscription.updated',
      'customer.updated',
    ]);
    expect(harness.lastEvent('customer.subscription.updated').data.previous_attributes).toEqual({ status: 'active' });
    expect(harness.lastEvent('customer.updated').data.previous_attributes).toEqual({ delinquent: false });
    expect(await latestInvoice(subscription.id)).toMatchObject({
      status: 'open',
      attempt_count: 1,
      attempted: true,
      next_payment_attempt: seconds(APRIL + HOUR + DAY),
    });
    expect((await stripe.customers.retrieve(customer.id)) as Stripe.Customer).toMatchObject({ delinquent: true });
  });

  test.each([
    ['cancel', 'canceled'],
    ['markUnpaid', 'unpaid'],
    ['leavePastDue', 'past_due'],
  ] as const)('SUB-6: after eight retries in two weeks, %s', async (end, status) => {
    harness.sandbox.settings.dunning.finally = end;
    const { subscription, invoice } = await pastDue();
    await harness.sandbox.clock.advance(14 * DAY - 1000);
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('past_due');
    await harness.sandbox.clock.advance(1000);
    const ended = await stripe.subscriptions.retrieve(subscription.id);
    expect(ended.status).toBe(status);
    expect(await stripe.invoices.retrieve(invoice.id ?? '')).toMatchObject({
      status: 'open',
      attempt_count: 9,
      next_payment_attempt: null,
    });
    if (end === 'cancel') expect(ended.cancellation_details?.reason).toBe('payment_failed');
    if (end === 'markUnpaid') {
      await harness.sandbox.clock.advance(31 * DAY);
      expect(await latestInvoice(subscription.id)).toMatchObject({
        status: 'draft',
        attempt_count: 0,
        auto_advance: false,
      });
    }
  });

  test('SUB-6: each attempt is a charge of the same payment intent', async () => {
    const { invoice } = await pastDue();
    await harness.sandbox.clock.advance(3 * DAY);
    const { data: payments } = await stripe.invoicePayments.list({
      invoice: invoice.id ?? '',
      expand: ['data.payment.payment_intent.latest_charge'],
    });
    const intent = payments[0]?.payment.payment_intent as Stripe.PaymentIntent;
    expect(intent).toMatchObject({
      status: 'requires_payment_method',
      last_payment_error: { code: 'card_declined', decline_code: 'generic_decline' },
    });
    const { data: charges } = await stripe.charges.list({ payment_intent: intent.id });
    expect(charges.map((charge) => charge.status)).toEqual(['failed', 'failed', 'failed']);
    expect(charges[0]?.id).toBe((intent.latest_charge as Stripe.Charge).id);
  });

  test('SUB-7: a new card alone changes nothing; paying does', async () => {
    const { customer, subscription, invoice } = await pastDue();
    const working = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
    await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: working.id } });
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('past_due');
    harness.newEvents();
    await stripe.invoices.pay(invoice.id ?? '');
    expect(harness.newEvents()).toEqual([
      'charge.succeeded',
      'payment_intent.succeeded',
      'invoice.paid',
      'invoice.payment_succeeded',
      'invoice_payment.paid',
      'customer.subscription.updated',
      'customer.updated',
    ]);
    expect(harness.lastEvent('customer.subscription.updated').data.previous_attributes).toEqual({ status: 'past_due' });
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
  });

  test('SUB-7: the next scheduled retry uses the new card', async () => {
    const { customer, subscription } = await pastDue();
    const working = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
    await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: working.id } });
    await harness.sandbox.clock.advance(DAY);
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
  });

  test('a payment that fails by hand is a 402, and does not move the schedule', async () => {
    const { invoice } = await pastDue();
    await expect(stripe.invoices.pay(invoice.id ?? '')).rejects.toMatchObject({
      statusCode: 402,
      code: 'card_declined',
    });
    expect(await stripe.invoices.retrieve(invoice.id ?? '')).toMatchObject({
      attempt_count: 1,
      next_payment_attempt: invoice.next_payment_attempt,
    });
    await expect(
      stripe.invoices.pay((await stripe.invoices.list({ status: 'paid' })).data[0]?.id ?? ''),
    ).rejects.toMatchObject({ statusCode: 400 });
  });
});

describe('changes', () => {
  const item = (subscription: Stripe.Subscription): string => subscription.items.data[0]?.id ?? '';

  test('SUB-9: always_invoice credits the unused time and charges the rest, at once', async () => {
    const { subscription } = await subscribed(stripe);
    const dearer = await monthlyPrice(stripe, 5900);
    await harness.sandbox.clock.advance(15.5 * DAY);
    harness.newEvents();
    const changed = await stripe.subscriptions.update(subscription.id, {
      items: [{ id: item(subscription), price: dearer.id }],
      proration_behavior: 'always_invoice',
      expand: ['latest_invoice'],
    });
    const invoice = changed.latest_invoice as Stripe.Invoice;
    expect(invoice).toMatchObject({ billing_reason: 'subscription_update', status: 'paid', total: 1500 });
    expect(invoice.lines.data.map((line) => [line.amount, line.description])).toEqual([
      [-1450, 'Unused time on Plan 2900 after 17 Mar 2026'],
      [2950, 'Remaining time on Plan 5900 after 17 Mar 2026'],
    ]);
    expect(changed.items.data[0]).toMatchObject({
      id: item(subscription),
      price: { id: dearer.id },
      current_period_end: seconds(APRIL),
    });
    const event = harness.lastEvent('customer.subscription.updated').data.previous_attributes;
    expect(Object.keys(event ?? {}).toSorted()).toEqual(['items', 'latest_invoice', 'plan']);
    expect(harness.newEvents()).toEqual(
      expect.arrayContaining(['customer.subscription.updated', 'invoice.created', 'invoice.finalized', 'invoice.paid']),
    );
  });

  test('SUB-9: month to year keeps the start and the anchor, and moves the end', async () => {
    const { subscription } = await subscribed(stripe);
    const yearly = await monthlyPrice(stripe, 29000, 'year');
    await harness.sandbox.clock.advance(10 * DAY);
    const changed = await stripe.subscriptions.update(subscription.id, {
      items: [{ id: item(subscription), price: yearly.id }],
      proration_behavior: 'none',
    });
    expect(changed.billing_cycle_anchor).toBe(subscription.billing_cycle_anchor);
    expect(changed.items.data[0]).toMatchObject({
      current_period_start: seconds(START),
      current_period_end: seconds(Date.UTC(2027, 2, 1, 12)),
    });
    expect(changed.latest_invoice).toBe(subscription.latest_invoice);
  });

  test('SUB-9 SUB-11: by default a change waits for the next invoice', async () => {
    const { subscription } = await subscribed(stripe);
    await harness.sandbox.clock.advance(15.5 * DAY);
    harness.newEvents();
    const changed = await stripe.subscriptions.update(subscription.id, {
      items: [{ id: item(subscription), quantity: 3 }],
    });
    expect(harness.newEvents()).toEqual([
      'customer.subscription.updated',
      'invoiceitem.created',
      'invoiceitem.created',
    ]);
    expect(changed.latest_invoice).toBe(subscription.latest_invoice);
    const before = harness.lastEvent('customer.subscription.updated').data.previous_attributes;
    expect(before).toMatchObject({ quantity: 1, items: { data: [{ quantity: 1 }] } });
    expect(Object.keys(before ?? {}).toSorted()).toEqual(['items', 'quantity']);
    await harness.sandbox.clock.advanceTo(APRIL + HOUR);
    expect(await latestInvoice(subscription.id)).toMatchObject({ status: 'paid', total: 3 * 2900 + 2 * 1450 });
  });

  test('a downgrade now leaves credit, which the next invoice uses up', async () => {
    const { subscription, customer } = await subscribed(stripe, 'pm_card_visa', 2);
    await harness.sandbox.clock.advance(15.5 * DAY);
    await stripe.subscriptions.update(subscription.id, {
      items: [{ id: item(subscription), quantity: 1 }],
      proration_behavior: 'always_invoice',
    });
    expect(await latestInvoice(subscription.id)).toMatchObject({
      total: -1450,
      amount_due: 0,
      status: 'paid',
      ending_balance: -1450,
    });
    expect((await stripe.customers.retrieve(customer.id)) as Stripe.Customer).toMatchObject({ balance: -1450 });
    await harness.sandbox.clock.advanceTo(APRIL + HOUR);
    expect(await latestInvoice(subscription.id)).toMatchObject({
      total: 2900,
      amount_due: 1450,
      amount_paid: 1450,
      ending_balance: 0,
    });
    expect((await stripe.customers.retrieve(customer.id)) as Stripe.Customer).toMatchObject({ balance: 0 });
  });

  test('SUB-15: paused collection changes no status and makes no paused event', async () => {
    const { subscription } = await subscribed(stripe);
    harness.newEvents();
    await stripe.subscriptions.update(subscription.id, {
      pause_collection: { behavior: 'void', resumes_at: seconds(APRIL + 10 * DAY) },
    });
    expect(harness.newEvents()).toEqual(['customer.subscription.updated']);
    expect(harness.lastEvent('customer.subscription.updated').data.previous_attributes).toEqual({
      pause_collection: null,
    });
    await harness.sandbox.clock.advanceTo(APRIL + DAY);
    expect((await latestInvoice(subscription.id)).status).toBe('void');
    await harness.sandbox.clock.advanceTo(APRIL + 11 * DAY);
    expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({
      status: 'active',
      pause_collection: null,
    });
  });
});

describe('cancel', () => {
  test('SUB-12: by API for the period’s end, undone, and carried out', async () => {
    const { subscription } = await subscribed(stripe);
    const ending = await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
    expect(ending).toMatchObject({
      status: 'active',
      cancel_at: seconds(APRIL),
      cancel_at_period_end: true,
      canceled_at: seconds(START),
      cancellation_details: { reason: 'cancellation_requested' },
    });
    expect(harness.lastEvent('customer.subscription.updated').data.previous_attributes).toEqual({
      cancel_at: null,
      cancel_at_period_end: false,
      canceled_at: null,
      cancellation_details: { reason: null },
    });
    const kept = await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: false });
    expect(kept).toMatchObject({
      cancel_at: null,
      cancel_at_period_end: false,
      canceled_at: null,
      cancellation_details: { reason: null },
    });
    await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
    harness.newEvents();
    await harness.sandbox.clock.advanceTo(APRIL);
    expect(harness.newEvents()).toEqual(['customer.subscription.deleted']);
    expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({
      status: 'canceled',
      ended_at: seconds(APRIL),
    });
  });

  test('SUB-14: at once; over is over', async () => {
    const { subscription } = await subscribed(stripe);
    await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
    await harness.sandbox.clock.advance(DAY);
    const canceled = await stripe.subscriptions.cancel(subscription.id);
    expect(canceled).toMatchObject({
      status: 'canceled',
      ended_at: seconds(START + DAY),
      canceled_at: seconds(START),
      cancel_at: null,
      cancel_at_period_end: false,
      items: { data: [{ current_period_end: seconds(APRIL) }] },
    });
    await expect(stripe.subscriptions.cancel(subscription.id)).rejects.toMatchObject({
      statusCode: 404,
      code: 'resource_missing',
    });
    await expect(stripe.subscriptions.update(subscription.id, { cancel_at_period_end: false })).rejects.toMatchObject({
      statusCode: 400,
    });
    await stripe.subscriptions.update(subscription.id, { metadata: { still: 'possible' } });
    const invoices = await stripe.invoices.list({ subscription: subscription.id });
    expect(invoices.data).toHaveLength(1);
  });

  test('SUB-14: a deleted customer takes its subscriptions along', async () => {
    const { customer, subscription } = await subscribed(stripe);
    harness.newEvents();
    await stripe.customers.del(customer.id);
    expect(harness.newEvents()).toEqual(['customer.subscription.deleted', 'customer.deleted']);
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ id: customer.id, deleted: true });
    expect((await stripe.subscriptions.retrieve(subscription.id, { expand: ['customer'] })).customer).toMatchObject({
      deleted: true,
    });
  });
});
