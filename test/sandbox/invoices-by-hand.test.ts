/** Invoices that a seller writes: items into a draft, words, and payments outside of Stripe. */

import { Stripe } from 'stripe';
import { describe, expect, test } from 'vitest';
import { april, customerWithCard, dayMs, hourMs, latestInvoice, subscribed, sandboxForEach } from './harness.ts';

const { harness, stripe } = sandboxForEach();

describe('an item that names its invoice', () => {
  test('goes into the draft, with its discount and tax', async () => {
    const customer = await customerWithCard(stripe);
    const rate = await stripe.taxRates.create({ display_name: 'VAT', inclusive: false, percentage: 10 });
    await stripe.coupons.create({ id: 'HALF', percent_off: 50, duration: 'forever' });
    const invoice = await stripe.invoices.create({
      customer: customer.id,
      currency: 'eur',
      default_tax_rates: [rate.id],
      footer: 'Thank you',
      custom_fields: [{ name: 'Order', value: '6735' }],
    });
    const into = { customer: customer.id, currency: 'eur', invoice: invoice.id };
    await stripe.invoiceItems.create({ ...into, amount: 1000, discounts: [{ coupon: 'HALF' }] });
    const product = await stripe.products.create({ name: 'Hours' });
    await stripe.invoiceItems.create({
      ...into,
      price_data: { currency: 'eur', product: product.id, unit_amount: 300 },
      quantity: 2,
    });
    const draft = await stripe.invoices.retrieve(invoice.id);
    expect(draft.lines.data.map(({ amount }) => amount)).toEqual([1000, 600]);
    expect(draft).toMatchObject({ total: 1210, amount_due: 1210, footer: 'Thank you' });
    await stripe.invoices.finalizeInvoice(invoice.id);
    await expect(stripe.invoiceItems.create({ ...into, amount: 1 })).rejects.toMatchObject({
      code: 'invoice_not_editable',
    });
    expect((await stripe.invoices.pay(invoice.id)).amount_paid).toBe(1210);
  });

  test('goes into a renewal’s draft beside its lines', async () => {
    const { customer, subscription } = await subscribed(stripe);
    await harness.sandbox.clock.advanceTo(april);
    const draft = await latestInvoice(stripe, subscription.id);
    await stripe.invoiceItems.create({
      customer: customer.id,
      currency: 'eur',
      invoice: draft.id,
      unit_amount_decimal: Stripe.Decimal.from('12.5'),
      quantity: 4,
    });
    await harness.sandbox.clock.advance(2 * hourMs);
    const paid = await stripe.invoices.retrieve(draft.id);
    expect(paid).toMatchObject({ status: 'paid', total: 2950 });
    expect(paid.lines.data[0]?.id).toBe(draft.lines.data[0]?.id);
  });

  test('is refused for another customer’s, and leaves nothing', async () => {
    const customer = await customerWithCard(stripe);
    const other = await stripe.invoices.create({ customer: (await customerWithCard(stripe)).id, currency: 'eur' });
    await expect(
      stripe.invoiceItems.create({ customer: customer.id, amount: 1, currency: 'eur', invoice: other.id }),
    ).rejects.toMatchObject({ param: 'invoice' });
  });
});

describe('an invoice', () => {
  test('SUB-7: paid elsewhere recovers its subscription, and nothing is charged', async () => {
    const { subscription } = await subscribed(stripe);
    harness.sandbox.state.nextCharges.push('failsOnCharge');
    await harness.sandbox.clock.advanceTo(april + dayMs / 2);
    const { id } = await latestInvoice(stripe, subscription.id);
    harness.newEvents();
    expect(await stripe.invoices.pay(id, { paid_out_of_band: true })).toMatchObject({ status: 'paid' });
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
    const told = harness.newEvents();
    expect(told).toEqual(expect.arrayContaining(['invoice.paid', 'payment_intent.canceled']));
    expect(told).not.toContain('invoice.payment_succeeded');
    expect(told).not.toContain('charge.succeeded');
  });

  test('that was written off can still be paid', async () => {
    const { subscription } = await subscribed(stripe);
    harness.sandbox.state.nextCharges.push('failsOnCharge');
    await harness.sandbox.clock.advanceTo(april + dayMs / 2);
    const { id } = await latestInvoice(stripe, subscription.id);
    await stripe.invoices.markUncollectible(id);
    expect((await stripe.invoices.pay(id)).status).toBe('paid');
  });

  test('of what waits for a subscription', async () => {
    const { customer, subscription } = await subscribed(stripe);
    const [item] = subscription.items.data;
    await stripe.subscriptions.update(subscription.id, { items: [{ id: item?.id ?? '', quantity: 2 }] });
    const invoice = await stripe.invoices.create({ customer: customer.id, subscription: subscription.id });
    expect(invoice.lines.data.map(({ amount }) => amount)).toEqual([-2900, 5800]);
    expect(invoice.parent?.subscription_details?.subscription).toBe(subscription.id);
  });

  test('has its words changed until it is final', async () => {
    const customer = await customerWithCard(stripe);
    await stripe.invoiceItems.create({ customer: customer.id, amount: 500, currency: 'eur' });
    const { id } = await stripe.invoices.create({
      customer: customer.id,
      pending_invoice_items_behavior: 'include',
    });
    expect(await stripe.invoices.update(id, { footer: 'Until the 15th' })).toMatchObject({ footer: 'Until the 15th' });
    await stripe.invoices.finalizeInvoice(id);
    await expect(stripe.invoices.update(id, { footer: 'Later' })).rejects.toMatchObject({ statusCode: 400 });
    expect((await stripe.invoices.update(id, { metadata: { a: 'b' } })).metadata).toEqual({ a: 'b' });
  });
});

test('OBJ-4: a classic subscription is migrated once', async () => {
  const { customer, price } = await subscribed(stripe);
  const classic = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
    billing_mode: { type: 'classic' },
    payment_settings: { payment_method_types: ['card'] },
  });
  expect(classic.payment_settings?.payment_method_types).toEqual(['card']);
  const migrate = () => stripe.subscriptions.migrate(classic.id, { billing_mode: { type: 'flexible' } });
  expect((await migrate()).billing_mode.type).toBe('flexible');
  await expect(migrate()).rejects.toMatchObject({ param: 'billing_mode' });
});
