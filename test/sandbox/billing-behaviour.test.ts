/** Trials that end now, pauses of collection, new anchors, sent invoices, late payments. */

import { describe, expect, test } from 'vitest';
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

const { harness, stripe } = sandboxForEach();

describe('SUB-17: trial_end now', () => {
  test.for([
    ['pause', 'paused', 'customer.subscription.paused'],
    ['cancel', 'canceled', 'customer.subscription.deleted'],
    ['create_invoice', 'past_due', 'invoice.payment_failed'],
  ] as const)('without a payment method, %s: %s', async ([behavior, status, event]) => {
    const { id } = await stripe.customers.create({ email: 'ada@example.com' });
    const price = await monthlyPrice(stripe);
    const subscription = await stripe.subscriptions.create({
      customer: id,
      items: [{ price: price.id }],
      trial_period_days: 14,
      trial_settings: { end_behavior: { missing_payment_method: behavior } },
    });
    harness.newEvents();
    expect((await stripe.subscriptions.update(subscription.id, { trial_end: 'now' })).status).toBe(status);
    expect(harness.newEvents()).toEqual(expect.arrayContaining(['customer.subscription.trial_will_end', event]));
  });

  test('where there is no trial, it changes nothing and is no mistake', async () => {
    const { subscription } = await subscribed(stripe);
    harness.newEvents();
    expect(await stripe.subscriptions.update(subscription.id, { trial_end: 'now' })).toEqual(subscription);
    expect(harness.newEvents()).toEqual([]);
  });
});

describe('SUB-19: what a pause of collection means', () => {
  test.for([
    ['void', 'void', false],
    ['mark_uncollectible', 'uncollectible', false],
    ['keep_as_draft', 'draft', true],
  ] as const)('%s: the renewal’s invoice is %s', async ([behavior, status, billedLater]) => {
    const { subscription } = await subscribed(stripe);
    harness.newEvents();
    const paused = await stripe.subscriptions.update(subscription.id, { pause_collection: { behavior } });
    // SUB-15: the status stays, and there is no event of a pause.
    expect(paused.status).toBe('active');
    expect(harness.newEvents()).toEqual(['customer.subscription.updated']);
    await harness.sandbox.clock.advanceTo(april + 4 * dayMs);
    const invoice = await latestInvoice(stripe, subscription.id);
    expect(invoice).toMatchObject({ status, amount_paid: 0 });
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
    await stripe.subscriptions.update(subscription.id, { pause_collection: '' });
    await harness.sandbox.clock.advance(4 * dayMs);
    expect((await stripe.invoices.retrieve(invoice.id)).status).toBe(status);
    if (!billedLater) return;
    await stripe.invoices.finalizeInvoice(invoice.id);
    expect(await stripe.invoices.pay(invoice.id)).toMatchObject({ status: 'paid', amount_paid: 2900 });
  });
});

describe('SUB-9: billing_cycle_anchor now', () => {
  test('a new period begins: the unused time is credited, the whole period is billed', async () => {
    const { subscription } = await subscribed(stripe);
    await harness.sandbox.clock.advance(15.5 * dayMs);
    const changed = await stripe.subscriptions.update(subscription.id, { billing_cycle_anchor: { type: 'now' } });
    const now = seconds(startAt + 15.5 * dayMs);
    expect(changed.billing_cycle_anchor).toBe(now);
    expect(changed.items.data[0]?.current_period_start).toBe(now);
    const invoice = await latestInvoice(stripe, subscription.id);
    expect(invoice.lines.data.map((line) => [line.amount, line.parent?.subscription_item_details?.proration])).toEqual([
      [-1450, true],
      [2900, false],
    ]);
    expect(invoice.amount_paid).toBe(1450);
  });

  test('OBJ-5: the text it once was is refused', async () => {
    const { subscription } = await subscribed(stripe);
    await expect(
      stripe.subscriptions.update(subscription.id, { billing_cycle_anchor: 'now' as unknown as { type: 'now' } }),
    ).rejects.toMatchObject({ param: 'billing_cycle_anchor' });
  });
});

test('an added item of another interval has a period of its own; classic billing refuses it', async () => {
  const { customer, price, subscription } = await subscribed(stripe);
  const yearly = await monthlyPrice(stripe, 12_000, 'year');
  await harness.sandbox.clock.advance(10 * dayMs);
  const { items } = await stripe.subscriptions.update(subscription.id, { items: [{ price: yearly.id }] });
  expect(items.data.map((item) => item.current_period_end)).toEqual([
    seconds(april),
    seconds(Date.UTC(2027, 2, 1, 12)),
  ]);
  const classic = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
    billing_mode: { type: 'classic' },
  });
  await expect(stripe.subscriptions.update(classic.id, { items: [{ price: yearly.id }] })).rejects.toMatchObject({
    statusCode: 400,
  });
});

test('a sent invoice is not charged; unpaid on its day, it is overdue', async () => {
  const { id } = await customerWithCard(stripe);
  const price = await monthlyPrice(stripe);
  const subscription = await stripe.subscriptions.create({
    customer: id,
    items: [{ price: price.id }],
    collection_method: 'send_invoice',
    days_until_due: 7,
  });
  expect(subscription.status).toBe('active');
  await harness.sandbox.clock.advance(2 * hourMs);
  const invoice = await latestInvoice(stripe, subscription.id);
  const finalized = invoice.status_transitions.finalized_at ?? 0;
  expect(invoice).toMatchObject({ status: 'open', amount_paid: 0, due_date: finalized + 7 * 86_400 });
  await harness.sandbox.clock.advance(8 * dayMs);
  expect(harness.newEvents()).toEqual(expect.arrayContaining(['invoice.sent', 'invoice.overdue']));
  expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('past_due');
  await stripe.invoices.pay(invoice.id);
  expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
});

test('SUB-1: a payment is told some seconds after its invoice', async () => {
  harness.sandbox.settings.invoicePaymentLagSeconds = 21;
  await subscribed(stripe);
  expect(harness.newEvents()).not.toContain('invoice_payment.paid');
  await harness.sandbox.clock.advance(21_000);
  expect(harness.newEvents()).toEqual(['invoice_payment.paid']);
});

test('WH-3: one change, two events', async () => {
  harness.sandbox.deliveries.addEndpoint('http://127.0.0.1:9/nowhere', { events: ['customer.created'] });
  harness.sandbox.deliveries.settings.twins = true;
  harness.sandbox.deliveries.pause();
  await stripe.customers.create({ name: 'Ada' });
  await new Promise((resolve) => setImmediate(resolve));
  const [second, first, ...others] = (await stripe.events.list({ type: 'customer.created' })).data;
  expect(others).toEqual([]);
  expect(second?.id).not.toBe(first?.id);
  expect(second?.data).toEqual(first?.data);
});
