import { describe, expect, test } from 'vitest';
import {
  failedCharge,
  intent,
  month,
  ms,
  openLook,
  start,
  stripeInvoice,
  stripeSubscription,
  subscriptionOf,
  type Shape,
} from '../fixtures/stripe-objects.ts';

const shapes: readonly Shape[] = ['old', 'new'];

describe.each(shapes)('the %s shape', (shape) => {
  test('OBJ-1 L7 a healthy subscription', () => {
    expect(subscriptionOf(stripeSubscription(shape))).toEqual({
      id: 'sub_1',
      status: 'active',
      created: ms(start),
      items: [
        {
          price: 'price_1',
          product: 'prod_1',
          lookupKey: 'team_monthly',
          currency: 'usd',
          unitAmount: 2900,
          interval: 'month',
          intervalCount: 1,
          quantity: 2,
          metered: false,
          taxExcluded: false,
        },
      ],
      currentPeriodStart: ms(start),
      currentPeriodEnd: ms(start + month),
      cancelAt: null,
      cancelAtPeriodEnd: false,
      canceledAt: null,
      endedAt: null,
      cancellationReason: null,
      trialEnd: null,
      collectionMethod: 'charge_automatically',
      discounted: false,
      automaticTax: false,
      pause: null,
      pausedBecause: null,
      methodOnFile: true,
      method: { brand: 'visa', last4: '4242', expMonth: 11, expYear: 2030 },
      methodDigest: expect.stringContaining('fp_pm_1'),
      latestInvoice: expect.objectContaining({ id: 'in_1', status: 'paid', amountPaid: 5800, payment: 'succeeded' }),
      openInvoices: [],
      earlierInvoices: [],
      newestPaidCreated: null,
      next: null,
    });
  });

  test('SUB-12 cancel at the period’s end', () => {
    const own = {
      cancel_at_period_end: true,
      cancel_at: start + month,
      canceled_at: start + 5,
      cancellation_details: { reason: 'cancellation_requested' },
    };
    expect(subscriptionOf(stripeSubscription(shape, own))).toMatchObject({
      cancelAtPeriodEnd: true,
      cancelAt: ms(start + month),
      canceledAt: ms(start + 5),
      cancellationReason: 'cancellation_requested',
    });
  });

  test('OBJ-1 an open invoice finds its subscription and its payment', () => {
    const { openInvoices } = subscriptionOf(
      stripeSubscription(shape, { status: 'past_due', latest_invoice: stripeInvoice(shape) }),
      [openLook(shape)],
    );
    expect(openInvoices).toEqual([
      {
        id: 'in_1',
        status: 'open',
        currency: 'usd',
        amountDue: 5800,
        amountRemaining: 5800,
        amountPaid: 0,
        created: ms(start),
        finalizedAt: ms(start + 3600),
        dueDate: null,
        collectionMethod: 'charge_automatically',
        billingReason: 'subscription_cycle',
        attempted: true,
        attemptCount: 1,
        nextAttemptAt: ms(start + 3 * 86_400),
        firstFailedAt: ms(start + 7200),
        payment: 'failed',
        declined: 'refused',
        triedMethodDigest: subscriptionOf(stripeSubscription(shape)).methodDigest,
      },
    ]);
  });

  test('L28 the first failure is the earliest of all charges, not the latest', () => {
    const look = {
      ...openLook(shape),
      charges: [failedCharge(start + 9000), failedCharge(start + 4000), failedCharge(start, { status: 'succeeded' })],
    };
    const [invoice] = subscriptionOf(stripeSubscription(shape, { status: 'past_due' }), [look]).openInvoices;
    expect(invoice?.firstFailedAt).toBe(ms(start + 4000));
  });

  test.each([
    ['failed', intent()],
    ['actionRequired', intent({ status: 'requires_action' })],
    ['actionRequired', intent({ status: 'requires_confirmation' })],
    ['actionRequired', intent({ last_payment_error: { code: 'authentication_required' } })],
    ['processing', intent({ status: 'processing', last_payment_error: null, latest_charge: null })],
    ['succeeded', intent({ status: 'succeeded' })],
  ])('the status of the newest payment: %s', (payment, paymentIntent) => {
    const [invoice] = subscriptionOf(stripeSubscription(shape, { status: 'past_due' }), [
      openLook(shape, paymentIntent),
    ]).openInvoices;
    expect(invoice?.payment).toBe(payment);
  });

  test('no attempt yet', () => {
    const quiet = intent({ last_payment_error: null, latest_charge: null });
    const [invoice] = subscriptionOf(stripeSubscription(shape), [
      openLook(shape, quiet, { attempted: false }),
    ]).openInvoices;
    expect(invoice).toMatchObject({ payment: 'none', firstFailedAt: null });
  });

  test('an open latest invoice counts even where nothing else was fetched', () => {
    const facts = subscriptionOf(stripeSubscription(shape, { latest_invoice: stripeInvoice(shape) }));
    expect(facts.openInvoices.map(({ id, payment }) => [id, payment])).toEqual([['in_1', 'failed']]);
  });

  test('the invoices of another subscription are not this one’s', () => {
    const other =
      shape === 'old' ? { subscription: 'sub_2' } : { parent: { subscription_details: { subscription: 'sub_2' } } };
    expect(subscriptionOf(stripeSubscription(shape), [openLook(shape, intent(), other)]).openInvoices).toEqual([]);
  });

  test('oldest first', () => {
    const looks = [
      openLook(shape, intent(), { id: 'in_new', created: start + 9 }),
      openLook(shape, intent(), { id: 'in_old', created: start - 9 }),
    ];
    expect(subscriptionOf(stripeSubscription(shape), looks).openInvoices.map(({ id }) => id)).toEqual([
      'in_old',
      'in_new',
    ]);
  });
});

describe('an invoice with several payments', () => {
  const payment = (own: object, paymentIntent: unknown) => ({
    object: 'invoice_payment',
    status: 'open',
    created: start,
    payment: { type: 'payment_intent', payment_intent: paymentIntent },
    ...own,
  });
  const standing = (...payments: unknown[]) => {
    const look = { invoice: stripeInvoice('new'), payments, charges: [] };
    return subscriptionOf(stripeSubscription('new', { status: 'past_due' }), [look]).openInvoices[0]?.payment;
  };
  const processing = intent({ status: 'processing' });
  const canceled = intent({ status: 'canceled' });

  test('the open one counts, before a newer one that is closed', () => {
    const closed = payment({ status: 'canceled', created: start + 99 }, canceled);
    expect([standing(payment({}, processing), closed), standing(closed, payment({}, processing))]).toEqual([
      'processing',
      'processing',
    ]);
  });

  test('among open ones, the newest', () => {
    const [old, late] = [payment({}, intent()), payment({ created: start + 9 }, processing)];
    expect([standing(old, late), standing(late, old)]).toEqual(['processing', 'processing']);
  });

  test('the same one, expanded and not: the expanded one counts', () => {
    const [bare, full] = [payment({}, 'pi_1'), payment({}, processing)];
    expect([standing(bare, full), standing(full, bare)]).toEqual(['processing', 'processing']);
  });
});

test('both shapes give the same facts', () => {
  const both = shapes.map((shape) =>
    subscriptionOf(stripeSubscription(shape, { status: 'past_due', latest_invoice: stripeInvoice(shape) }), [
      openLook(shape),
    ]),
  );
  expect(both[0]).toEqual(both[1]);
});
