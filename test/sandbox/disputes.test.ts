/** Payments without an invoice, disputes and the account's balance, as the Stripe CLI's triggers and sellers use them. */

import { describe, expect, test } from 'vitest';
import type { Stripe } from 'stripe';
import { subscribed, sandboxForEach } from './harness.ts';

const { harness, stripe } = sandboxForEach();

const paidWith = (card: string) =>
  stripe.paymentIntents.create({ amount: 10_000, currency: 'usd', payment_method: card, confirm: true });

async function disputeOf(card: string): Promise<Stripe.Dispute> {
  const { id } = await paidWith(card);
  const { data } = await stripe.disputes.list({ payment_intent: id });
  return data[0] as Stripe.Dispute;
}

describe('a payment without an invoice', () => {
  test('is made, and confirmed later', async () => {
    const { id, status } = await stripe.paymentIntents.create({
      amount: 500,
      currency: 'usd',
      payment_method: 'pm_card_visa',
    });
    expect(status).toBe('requires_confirmation');
    expect((await stripe.paymentIntents.confirm(id)).status).toBe('succeeded');
    expect(harness.newEvents()).toEqual(['payment_intent.created', 'charge.succeeded', 'payment_intent.succeeded']);
    await expect(stripe.paymentIntents.confirm(id)).rejects.toMatchObject({ code: 'payment_intent_unexpected_state' });
  });

  test('is refused as the card says, and stays to be tried again', async () => {
    await expect(paidWith('pm_card_visa_chargeDeclinedLostCard')).rejects.toMatchObject({
      statusCode: 402,
      decline_code: 'lost_card',
    });
    const [intent] = (await stripe.paymentIntents.list()).data;
    expect(intent?.status).toBe('requires_payment_method');
    const paid = await stripe.paymentIntents.confirm(intent?.id ?? '', { payment_method: 'pm_card_visa' });
    expect(paid.status).toBe('succeeded');
    expect((await paidWith('pm_card_authenticationRequired')).status).toBe('requires_action');
  });
});

describe('a dispute', () => {
  test('takes the money at once, and names its charge', async () => {
    const dispute = await disputeOf('pm_card_createDispute');
    expect(dispute).toMatchObject({
      amount: 10_000,
      reason: 'fraudulent',
      status: 'needs_response',
      is_charge_refundable: false,
      balance_transactions: [{ amount: -10_000, fee: 1500, net: -11_500 }],
    });
    expect((await stripe.charges.retrieve(String(dispute.charge))).disputed).toBe(true);
    expect(harness.newEvents()).toEqual(
      expect.arrayContaining(['charge.dispute.created', 'charge.dispute.funds_withdrawn']),
    );
    expect((await stripe.disputes.list({ charge: String(dispute.charge) })).data).toHaveLength(1);
  });

  test.each([
    ['winning_evidence', 'won', ['charge.dispute.updated', 'charge.dispute.funds_reinstated', 'charge.dispute.closed']],
    ['losing_evidence', 'lost', ['charge.dispute.updated', 'charge.dispute.closed']],
    ['the customer was there', 'under_review', ['charge.dispute.updated']],
  ])('%s: %s', async (words, status, events) => {
    const { id } = await disputeOf('pm_card_createDisputeProductNotReceived');
    harness.newEvents();
    await stripe.disputes.update(id, { evidence: { uncategorized_text: words }, submit: true });
    const dispute = await stripe.disputes.retrieve(id);
    expect(dispute).toMatchObject({ status, evidence: { uncategorized_text: words } });
    expect(dispute.evidence_details).toMatchObject({ has_evidence: true, submission_count: 1 });
    expect(harness.newEvents()).toEqual(events);
    const moved = dispute.balance_transactions.reduce((sum, { amount }) => sum + amount, 0);
    expect(moved).toBe(status === 'won' ? 0 : -10_000);
  });

  test('an inquiry moves nothing until it is given up; a draft of evidence submits nothing', async () => {
    const { id, balance_transactions: none } = await disputeOf('pm_card_createDisputeInquiry');
    expect(none).toEqual([]);
    harness.newEvents();
    await stripe.disputes.update(id, { metadata: { foo: 'bar' } });
    const drafted = await stripe.disputes.update(id, {
      evidence: { uncategorized_text: 'winning_evidence' },
      submit: false,
    });
    expect(drafted.status).toBe('warning_needs_response');
    const closed = await stripe.disputes.close(id);
    expect(closed).toMatchObject({ status: 'lost', balance_transactions: [{ amount: -10_000 }] });
    expect(harness.newEvents()).toEqual([
      'charge.dispute.updated',
      'charge.dispute.updated',
      'charge.dispute.funds_withdrawn',
      'charge.dispute.closed',
    ]);
    await expect(stripe.disputes.retrieve('du_x')).rejects.toMatchObject({ statusCode: 404 });
  });

  test('of a subscription’s payment leaves the subscription active', async () => {
    const { subscription, customer } = await subscribed(stripe, 'pm_card_createDispute');
    expect(subscription.status).toBe('active');
    const [charge] = (await stripe.charges.list({ customer: customer.id })).data;
    expect(charge?.disputed).toBe(true);
    expect((await stripe.disputes.list()).data).toMatchObject([{ amount: 2900, charge: charge?.id }]);
  });
});

test('the balance: what waits, what is available, and what a dispute took', async () => {
  await paidWith('pm_card_visa');
  harness.newEvents();
  await paidWith('pm_card_bypassPending');
  expect(harness.newEvents()).toContain('balance.available');
  await disputeOf('pm_card_createDispute');
  const { available, pending } = await stripe.balance.retrieve();
  expect(pending).toMatchObject([{ amount: 20_000, currency: 'usd' }]);
  expect(available).toMatchObject([{ amount: 10_000 - 11_500, currency: 'usd' }]);
});
