/** Payments that do not end when they begin: bank debits, changes that wait to be paid, first payments left open. */

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
import { visit } from './visit.ts';

const { harness, stripe } = sandboxForEach();

async function intentOf(invoice: Stripe.Invoice): Promise<Stripe.PaymentIntent> {
  const { data } = await stripe.invoicePayments.list({
    invoice: invoice.id ?? '',
    expand: ['data.payment.payment_intent.latest_charge', 'data.payment.payment_intent.payment_method'],
  });
  return data[0]?.payment.payment_intent as Stripe.PaymentIntent;
}

/** A customer with a renewal on 1 April that a bank account pays. */
async function debited(account: string): Promise<{ customer: Stripe.Customer; subscription: Stripe.Subscription }> {
  const { customer, subscription } = await subscribed(stripe);
  const method = await stripe.paymentMethods.attach(account, { customer: customer.id });
  await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: method.id } });
  await harness.sandbox.clock.advanceTo(april);
  harness.newEvents();
  await harness.sandbox.clock.advance(hourMs);
  return { customer, subscription };
}

describe('a bank debit', () => {
  test('is under way for some days, and the subscription goes on', async () => {
    const { customer, subscription } = await debited('pm_sepaDebit');
    expect(harness.newEvents()).toEqual([
      'payment_intent.created',
      'invoice.finalized',
      'charge.pending',
      'payment_intent.processing',
      'invoice.updated',
    ]);
    const invoice = await latestInvoice(stripe, subscription.id);
    expect(invoice).toMatchObject({ status: 'open', attempted: true, attempt_count: 1, next_payment_attempt: null });
    expect(await intentOf(invoice)).toMatchObject({
      status: 'processing',
      latest_charge: { status: 'pending', payment_method_details: { sepa_debit: { last4: '3000' } } },
      payment_method: { type: 'sepa_debit' },
    });
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ delinquent: false });
    await expect(stripe.invoices.pay(invoice.id ?? '')).rejects.toMatchObject({ statusCode: 400 });
    expect((await visit(invoice.hosted_invoice_url ?? '')).text).toContain('Your payment is on its way.');
  });

  test('is no debt, whatever else is paid meanwhile', async () => {
    const { customer } = await debited('pm_sepaDebit');
    await stripe.invoiceItems.create({ customer: customer.id, amount: 500, currency: 'eur' });
    const other = await stripe.invoices.create({ customer: customer.id, pending_invoice_items_behavior: 'include' });
    const card = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
    await stripe.invoices.pay(other.id ?? '', { payment_method: card.id });
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ delinquent: false });
  });

  test('… and succeeds', async () => {
    const { subscription } = await debited('pm_sepaDebit');
    await harness.sandbox.clock.advance(5 * dayMs - 1000);
    expect((await latestInvoice(stripe, subscription.id)).status).toBe('open');
    harness.newEvents();
    await harness.sandbox.clock.advance(1000);
    expect(harness.newEvents()).toEqual([
      'charge.succeeded',
      'payment_intent.succeeded',
      'invoice.paid',
      'invoice.payment_succeeded',
      'invoice_payment.paid',
    ]);
    expect((await latestInvoice(stripe, subscription.id)).status).toBe('paid');
  });

  test('… or bounces, and dunning begins', async () => {
    const { customer, subscription } = await debited('pm_sepaDebit_fail');
    harness.newEvents();
    await harness.sandbox.clock.advance(5 * dayMs);
    expect(harness.newEvents()).toEqual([
      'charge.failed',
      'payment_intent.payment_failed',
      'invoice.updated',
      'invoice.payment_failed',
      'customer.subscription.updated',
      'customer.updated',
    ]);
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('past_due');
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ delinquent: true });
    const invoice = await latestInvoice(stripe, subscription.id);
    expect(invoice).toMatchObject({ attempt_count: 1, next_payment_attempt: seconds(april + hourMs + 6 * dayMs) });
    await harness.sandbox.clock.advance(dayMs);
    expect((await intentOf(invoice)).status).toBe('processing');
    expect((await latestInvoice(stripe, subscription.id)).attempt_count).toBe(2);
  });

  test('by IBAN, as the API makes them', async () => {
    const customer = await stripe.customers.create({ email: 'a@b.example' });
    const method = await stripe.paymentMethods.create({
      type: 'sepa_debit',
      sepa_debit: { iban: 'DE89370400440532013000' },
      billing_details: { name: 'A', email: 'a@b.example' },
    });
    await stripe.paymentMethods.attach(method.id, { customer: customer.id });
    const subscription = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: (await monthlyPrice(stripe)).id }],
      default_payment_method: method.id,
    });
    expect(subscription.status).toBe('active');
    await expect(
      stripe.paymentMethods.create({ type: 'sepa_debit', sepa_debit: { iban: 'DE00' } }),
    ).rejects.toMatchObject({ param: 'sepa_debit[iban]' });
  });
});

describe('SUB-16: a change that waits to be paid', () => {
  async function upgrade(card: 'works' | 'failsOnCharge' | 'needsAuthentication'): Promise<Stripe.Subscription> {
    const { subscription } = await subscribed(stripe);
    const dearer = await monthlyPrice(stripe, 5800);
    harness.sandbox.state.nextCharges.push(card);
    harness.newEvents();
    return stripe.subscriptions.update(subscription.id, {
      items: [{ id: subscription.items.data[0]?.id ?? '', price: dearer.id }],
      proration_behavior: 'always_invoice',
      payment_behavior: 'pending_if_incomplete',
    });
  }

  test('paid at once, it happens at once', async () => {
    const { pending_update: pending, items } = await upgrade('works');
    expect(pending).toBeNull();
    expect(items.data[0]?.price.unit_amount).toBe(5800);
    expect(harness.newEvents()).not.toContain('customer.subscription.pending_update_applied');
  });

  test('unpaid, it stands aside, and the subscription stays active on the old plan', async () => {
    const changed = await upgrade('failsOnCharge');
    expect(changed).toMatchObject({
      status: 'active',
      pending_update: {
        expires_at: seconds(startAt + 23 * hourMs),
        subscription_items: [{ price: { unit_amount: 5800 } }],
      },
    });
    expect(changed.items.data[0]?.price.unit_amount).toBe(2900);
    expect(await latestInvoice(stripe, changed.id)).toMatchObject({
      status: 'open',
      billing_reason: 'subscription_update',
      next_payment_attempt: null,
    });
  });

  test('… until it is paid', async () => {
    const { id } = await upgrade('needsAuthentication');
    const invoice = await latestInvoice(stripe, id);
    harness.newEvents();
    await visit(`${invoice.hosted_invoice_url}/confirm`, { answer: 'confirm' });
    expect((await stripe.invoices.retrieve(invoice.id ?? '')).status).toBe('paid');
    expect(harness.newEvents()).toContain('customer.subscription.pending_update_applied');
    const { pending_update: pending, items } = await stripe.subscriptions.retrieve(id);
    expect([pending, items.data[0]?.price.unit_amount]).toEqual([null, 5800]);
  });

  test('… or 23 hours have passed', async () => {
    const { id } = await upgrade('failsOnCharge');
    await harness.sandbox.clock.advance(23 * hourMs);
    expect(harness.newEvents()).toContain('customer.subscription.pending_update_expired');
    const after = await stripe.subscriptions.retrieve(id);
    expect([after.pending_update, after.items.data[0]?.price.unit_amount]).toEqual([null, 2900]);
    expect((await latestInvoice(stripe, id)).status).toBe('void');
  });

  test('holds a change of items only', async () => {
    const { subscription, price } = await subscribed(stripe);
    await expect(
      stripe.subscriptions.update(subscription.id, {
        items: [{ price: price.id, quantity: 2 }],
        payment_behavior: 'pending_if_incomplete',
        metadata: { a: '1' },
      }),
    ).rejects.toMatchObject({ param: 'metadata' });
  });
});

describe('SUB-3: a first payment left open', () => {
  test('waits for the customer for 23 hours, and is over then', async () => {
    const customer = await customerWithCard(stripe, 'pm_card_authenticationRequired');
    const { id } = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: (await monthlyPrice(stripe)).id }],
    });
    expect(await latestInvoice(stripe, id)).toMatchObject({ status: 'open', attempt_count: 0 });
    await harness.sandbox.clock.advance(23 * hourMs - 1000);
    expect((await stripe.subscriptions.retrieve(id)).status).toBe('incomplete');
    await harness.sandbox.clock.advance(1000);
    expect((await stripe.subscriptions.retrieve(id)).status).toBe('incomplete_expired');
    expect((await latestInvoice(stripe, id)).status).toBe('void');
  });

  test('confirmed on its page, it is active', async () => {
    const customer = await customerWithCard(stripe, 'pm_card_authenticationRequired');
    const { id } = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: (await monthlyPrice(stripe)).id }],
    });
    const { hosted_invoice_url: url } = await latestInvoice(stripe, id);
    await visit(`${url}/confirm`, { answer: 'confirm' });
    expect((await stripe.subscriptions.retrieve(id)).status).toBe('active');
  });
});
