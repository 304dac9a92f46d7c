/** Payments and set-ups without a subscription. */

import { describe, expect, test } from 'vitest';
import { dayMs, sandboxForEach } from './harness.ts';

const { harness, stripe } = sandboxForEach();

describe('set-up intents', () => {
  test('succeed, and attach the method', async () => {
    const customer = await stripe.customers.create();
    const intent = await stripe.setupIntents.create({
      customer: customer.id,
      payment_method: 'pm_card_visa',
      confirm: true,
    });
    expect(intent).toMatchObject({ status: 'succeeded', customer: customer.id });
    expect(await stripe.paymentMethods.retrieve(String(intent.payment_method))).toMatchObject({
      customer: customer.id,
    });
    expect(harness.newEvents()).toEqual(expect.arrayContaining(['setup_intent.created', 'setup_intent.succeeded']));
  });

  test('are confirmed later, with another method, and after the bank has asked', async () => {
    const { id } = await stripe.setupIntents.create();
    await expect(stripe.setupIntents.confirm(id)).rejects.toMatchObject({ code: 'setup_intent_unexpected_state' });
    const asked = await stripe.setupIntents.confirm(id, { payment_method: 'pm_card_authenticationRequired' });
    expect(asked.status).toBe('requires_action');
    expect((await stripe.setupIntents.confirm(id)).status).toBe('succeeded');
    await expect(stripe.setupIntents.cancel(id)).rejects.toMatchObject({ code: 'setup_intent_unexpected_state' });
  });

  test('fail with the bank’s words, and stay open', async () => {
    const { id } = await stripe.setupIntents.create();
    await expect(stripe.setupIntents.confirm(id, { payment_method: 'pm_card_chargeDeclined' })).rejects.toMatchObject({
      statusCode: 402,
      code: 'card_declined',
      setup_intent: { id },
    });
    expect(await stripe.setupIntents.retrieve(id)).toMatchObject({
      status: 'requires_payment_method',
      last_setup_error: { code: 'card_declined' },
    });
    expect(await stripe.setupIntents.cancel(id, { cancellation_reason: 'abandoned' })).toMatchObject({
      status: 'canceled',
      cancellation_reason: 'abandoned',
    });
  });
});

describe('payment intents', () => {
  const held = () =>
    stripe.paymentIntents.create({
      amount: 2000,
      currency: 'eur',
      capture_method: 'manual',
      payment_method: 'pm_card_visa',
      confirm: true,
    });

  test('hold the money until it is captured, in part or whole', async () => {
    const { id, status, latest_charge: charge } = await held();
    expect(status).toBe('requires_capture');
    expect(await stripe.charges.retrieve(String(charge))).toMatchObject({ captured: false, amount_captured: 0 });
    await expect(stripe.paymentIntents.capture(id, { amount_to_capture: 2001 })).rejects.toMatchObject({
      code: 'amount_too_large',
    });
    expect(await stripe.paymentIntents.capture(id, { amount_to_capture: 1500 })).toMatchObject({
      status: 'succeeded',
      amount_received: 1500,
      amount_capturable: 0,
    });
    expect(await stripe.charges.retrieve(String(charge))).toMatchObject({ captured: true, amount_refunded: 500 });
    await expect(stripe.paymentIntents.capture(id)).rejects.toMatchObject({ code: 'payment_intent_unexpected_state' });
    expect(harness.newEvents()).toEqual(
      expect.arrayContaining(['payment_intent.amount_capturable_updated', 'charge.captured']),
    );
    expect((await stripe.refunds.create({ payment_intent: id })).amount).toBe(1500);
  });

  test('are canceled, and let go of what they hold', async () => {
    const { id } = await held();
    expect(await stripe.paymentIntents.cancel(id, { cancellation_reason: 'requested_by_customer' })).toMatchObject({
      status: 'canceled',
      amount_capturable: 0,
      cancellation_reason: 'requested_by_customer',
    });
    await expect(stripe.paymentIntents.cancel(id)).rejects.toMatchObject({ code: 'payment_intent_unexpected_state' });
  });

  test('are changed until they are paid', async () => {
    const { id } = await stripe.paymentIntents.create({ amount: 100, currency: 'eur' });
    const changed = await stripe.paymentIntents.update(id, { amount: 200, metadata: { foo: 'bar' } });
    expect(changed).toMatchObject({ amount: 200, metadata: { foo: 'bar' } });
    await stripe.paymentIntents.confirm(id, { payment_method: 'pm_card_visa' });
    await expect(stripe.paymentIntents.update(id, { amount: 300 })).rejects.toMatchObject({ statusCode: 400 });
  });

  test('of a bank account are under way for days', async () => {
    const method = await stripe.paymentMethods.create({
      type: 'sepa_debit',
      sepa_debit: { iban: 'AT321904300235473204' },
      billing_details: { name: 'Bob', email: 'bob@example.com' },
    });
    const { id, status } = await stripe.paymentIntents.create({
      amount: 1000,
      currency: 'eur',
      payment_method: method.id,
      allowed_payment_method_types: ['sepa_debit'],
      confirm: true,
      mandate_data: { customer_acceptance: { accepted_at: 1_590_590_577, type: 'offline' } },
    });
    expect(status).toBe('processing');
    await harness.sandbox.clock.advance(14 * dayMs);
    expect((await stripe.paymentIntents.retrieve(id)).status).toBe('succeeded');
  });

  test('a refund is described later', async () => {
    const { id } = await stripe.paymentIntents.create({
      amount: 100,
      currency: 'eur',
      payment_method: 'pm_card_visa',
      confirm: true,
    });
    const refund = await stripe.refunds.create({ payment_intent: id });
    expect((await stripe.refunds.update(refund.id, { metadata: { order: '6735' } })).metadata).toEqual({
      order: '6735',
    });
    expect(harness.newEvents()).toEqual(expect.arrayContaining(['charge.refund.updated', 'refund.updated']));
  });
});
