import { describe, expect, test } from 'vitest';
import type { Stripe } from 'stripe';
import { april, dayMs, hourMs, latestInvoice, seconds, subscribed, sandboxForEach } from './harness.ts';

const { harness, stripe } = sandboxForEach();

/** A subscription, just after its renewal on 1 April failed. */
async function pastDue(): Promise<{
  customer: Stripe.Customer;
  subscription: Stripe.Subscription;
  invoice: Stripe.Invoice;
}> {
  const { customer, subscription } = await subscribed(stripe);
  const failing = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer: customer.id });
  await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: failing.id } });
  await harness.sandbox.clock.advanceTo(april + hourMs);
  return { customer, subscription, invoice: await latestInvoice(stripe, subscription.id) };
}

describe('dunning and recovery', () => {
  test('SUB-6: the first failure, and what it sets off', async () => {
    const { customer, subscription } = await subscribed(stripe);
    harness.sandbox.state.nextCharges.push('failsOnCharge');
    await harness.sandbox.clock.advanceTo(april);
    harness.newEvents();
    await harness.sandbox.clock.advance(hourMs);
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
    expect(await latestInvoice(stripe, subscription.id)).toMatchObject({
      status: 'open',
      attempt_count: 1,
      attempted: true,
      next_payment_attempt: seconds(april + hourMs + dayMs),
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
    await harness.sandbox.clock.advance(14 * dayMs - 1000);
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
      await harness.sandbox.clock.advance(31 * dayMs);
      expect(await latestInvoice(stripe, subscription.id)).toMatchObject({
        status: 'draft',
        attempt_count: 0,
        auto_advance: false,
      });
    }
  });

  test('SUB-6: each attempt is a charge of the same payment intent', async () => {
    const { invoice } = await pastDue();
    await harness.sandbox.clock.advance(3 * dayMs);
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

  test('SUB-7: paying an older invoice is not enough, paying the latest is', async () => {
    harness.sandbox.settings.dunning.finally = 'leavePastDue';
    const { customer, subscription, invoice: older } = await pastDue();
    await harness.sandbox.clock.advance(31 * dayMs);
    const latest = await latestInvoice(stripe, subscription.id);
    expect([older.id === latest.id, latest.status]).toEqual([false, 'open']);
    const working = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
    await stripe.invoices.pay(older.id ?? '', { payment_method: working.id });
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('past_due');
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ delinquent: true });
    await stripe.invoices.pay(latest.id ?? '', { payment_method: working.id });
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ delinquent: false });
  });

  test('SUB-7: writing off an older invoice is not enough, writing off the latest is', async () => {
    harness.sandbox.settings.dunning.finally = 'leavePastDue';
    const { customer, subscription, invoice: older } = await pastDue();
    await harness.sandbox.clock.advance(31 * dayMs);
    const latest = await latestInvoice(stripe, subscription.id);
    await stripe.invoices.markUncollectible(older.id ?? '');
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('past_due');
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ delinquent: true });
    await stripe.invoices.markUncollectible(latest.id ?? '');
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ delinquent: false });
  });

  test('SUB-7: the next scheduled retry uses the new card', async () => {
    const { customer, subscription } = await pastDue();
    const working = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
    await stripe.customers.update(customer.id, { invoice_settings: { default_payment_method: working.id } });
    await harness.sandbox.clock.advance(dayMs);
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
