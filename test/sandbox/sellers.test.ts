/** Usage, refunds, test clocks, prices by tiers, and the common test cards. */

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

describe('prices', () => {
  const tiered = (mode: 'graduated' | 'volume') =>
    stripe.prices.create({
      currency: 'eur',
      recurring: { interval: 'month' },
      product_data: { name: 'Seats' },
      billing_scheme: 'tiered',
      tiers_mode: mode,
      tiers: [
        { up_to: 5, unit_amount: 1000, flat_amount: 500 },
        { up_to: 'inf', unit_amount: 600 },
      ],
    });

  test.for([
    ['graduated', 8, [5500, 1800]],
    ['volume', 8, [4800]],
    ['graduated', 5, [5500]],
  ] as const)('%s tiers of %i', async ([mode, quantity, amounts]) => {
    const { id } = await customerWithCard(stripe);
    const price = await tiered(mode);
    expect(price).not.toHaveProperty('tiers');
    expect((await stripe.prices.retrieve(price.id, { expand: ['tiers'] })).tiers).toHaveLength(2);
    const subscription = await stripe.subscriptions.create({ customer: id, items: [{ price: price.id, quantity }] });
    const invoice = await latestInvoice(stripe, subscription.id);
    expect(invoice.lines.data.map((line) => line.amount)).toEqual(amounts);
    expect(invoice.total).toBe(amounts.reduce((sum: number, row) => sum + row, 0));
  });

  test('in packages', async () => {
    const { id } = await customerWithCard(stripe);
    const price = await stripe.prices.create({
      currency: 'eur',
      unit_amount: 900,
      recurring: { interval: 'month' },
      product_data: { name: 'Credits' },
      transform_quantity: { divide_by: 5, round: 'up' },
    });
    const { id: subscription } = await stripe.subscriptions.create({
      customer: id,
      items: [{ price: price.id, quantity: 12 }],
    });
    expect((await latestInvoice(stripe, subscription)).total).toBe(2700);
  });

  test('metered: the renewal bills what was used in the period that is over', async () => {
    const { id } = await customerWithCard(stripe);
    const meter = await stripe.billing.meters.create({
      display_name: 'Calls',
      event_name: 'calls',
      default_aggregation: { formula: 'sum' },
    });
    const price = await stripe.prices.create({
      currency: 'eur',
      unit_amount: 3,
      recurring: { interval: 'month', usage_type: 'metered', meter: meter.id },
      product_data: { name: 'Calls' },
    });
    const subscription = await stripe.subscriptions.create({ customer: id, items: [{ price: price.id }] });
    expect((await latestInvoice(stripe, subscription.id)).total).toBe(0);
    const use = (value: string) =>
      stripe.billing.meterEvents.create({ event_name: 'calls', payload: { stripe_customer_id: id, value } });
    await use('100');
    await harness.sandbox.clock.advance(3 * dayMs);
    await use('50');
    const { data } = await stripe.billing.meters.listEventSummaries(meter.id, {
      customer: id,
      start_time: seconds(startAt),
      end_time: seconds(startAt + dayMs),
    });
    expect(data[0]?.aggregated_value).toBe(100);
    await harness.sandbox.clock.advanceTo(april + 2 * hourMs);
    const renewal = await latestInvoice(stripe, subscription.id);
    expect(renewal).toMatchObject({ total: 450, amount_paid: 450 });
    expect(renewal.lines.data).toMatchObject([
      { quantity: 150, period: { start: seconds(startAt), end: seconds(april) } },
    ]);
    await expect(
      stripe.billing.meterEvents.create({ event_name: 'nope', payload: { stripe_customer_id: id, value: '1' } }),
    ).rejects.toMatchObject({ statusCode: 400 });
  });
});

test('a refund, in parts, and never more than was paid', async () => {
  const { subscription } = await subscribed(stripe);
  const [charge] = (await stripe.charges.list({ limit: 1 })).data;
  const id = charge?.id ?? '';
  await stripe.refunds.create({ charge: id, amount: 900 });
  await expect(stripe.refunds.create({ charge: id, amount: 2001 })).rejects.toMatchObject({ param: 'amount' });
  await stripe.refunds.create({ payment_intent: String(charge?.payment_intent) });
  expect(await stripe.charges.retrieve(id)).toMatchObject({ amount_refunded: 2900, refunded: true });
  await expect(stripe.refunds.create({ charge: id })).rejects.toMatchObject({ code: 'charge_already_refunded' });
  expect(harness.newEvents().filter((type) => type === 'charge.refunded')).toHaveLength(2);
  // A refunded invoice was paid: the subscription goes on.
  expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
});

test('a test clock moves time, and says when it has arrived', async () => {
  const { subscription } = await subscribed(stripe);
  const clock = await stripe.testHelpers.testClocks.create({ frozen_time: seconds(startAt) });
  const advancing = await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: seconds(april + 2 * hourMs) });
  expect(advancing.status).toBe('advancing');
  await harness.sandbox.clock.advance(0);
  expect(await stripe.testHelpers.testClocks.retrieve(clock.id)).toMatchObject({ status: 'ready' });
  expect(harness.newEvents()).toEqual(
    expect.arrayContaining(['test_helpers.test_clock.advancing', 'test_helpers.test_clock.ready']),
  );
  expect((await stripe.invoices.list({ subscription: subscription.id })).data).toHaveLength(2);
  await expect(
    stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: seconds(startAt) }),
  ).rejects.toMatchObject({
    param: 'frozen_time',
  });
});

test.for([
  ['pm_card_chargeDeclinedExpiredCard', 'expired_card', ''],
  ['pm_card_chargeDeclinedIncorrectCvc', 'incorrect_cvc', ''],
  ['pm_card_chargeDeclinedProcessingError', 'processing_error', ''],
  ['pm_card_visa_chargeDeclinedLostCard', 'card_declined', 'lost_card'],
  ['pm_card_visa_chargeDeclinedStolenCard', 'card_declined', 'stolen_card'],
  ['pm_card_chargeDeclinedInsufficientFunds', 'card_declined', 'insufficient_funds'],
] as const)('HTTP-3: %s is refused with %s', async ([card, code, declineCode]) => {
  const { id } = await stripe.customers.create();
  await expect(stripe.paymentMethods.attach(card, { customer: id })).rejects.toMatchObject({
    statusCode: 402,
    code,
    decline_code: declineCode,
  });
});

test('an invoice by hand: items, a discount, sent, written off', async () => {
  const { id } = await customerWithCard(stripe);
  const once = await stripe.prices.create({ currency: 'eur', unit_amount: 700, product_data: { name: 'Setup' } });
  await stripe.invoiceItems.create({ customer: id, pricing: { price: once.id }, quantity: 3 });
  const extra = await stripe.invoiceItems.create({ customer: id, amount: 100, currency: 'eur' });
  await stripe.invoiceItems.del(extra.id);
  await stripe.coupons.create({ id: 'TENTH', percent_off: 10, duration: 'once' });
  const invoice = await stripe.invoices.create({
    customer: id,
    collection_method: 'send_invoice',
    days_until_due: 14,
    pending_invoice_items_behavior: 'include',
    discounts: [{ coupon: 'TENTH' }],
  });
  expect(invoice).toMatchObject({ subtotal: 2100, total: 1890 });
  expect((await stripe.invoices.sendInvoice(invoice.id)).status).toBe('open');
  expect((await stripe.invoices.markUncollectible(invoice.id)).status).toBe('uncollectible');
  const { id: draft } = await stripe.invoices.create({ customer: id });
  await stripe.invoices.del(draft);
  await expect(stripe.invoices.retrieve(draft)).rejects.toMatchObject({ statusCode: 404 });
  expect((await monthlyPrice(stripe)).id).toMatch(/^price_/);
});
