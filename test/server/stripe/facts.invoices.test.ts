/** Each place of an invoice, its payments and charges that a fact is read from, and what an odd or absent one reads as. */

import { describe, expect, test } from 'vitest';
import type { InvoiceFacts } from '../../../server/src/billing/facts.ts';
import { invoiceFacts, subscriptionOf, type OpenInvoiceData } from '../../../server/src/stripe/facts/invoice.ts';
import { nextInvoiceFacts } from '../../../server/src/stripe/facts/next-invoice.ts';
import { card, failedCharge, intent, ms, start, stripeInvoice } from '../fixtures/stripe-objects.ts';

/** Names a method by its id. */
const idDigest = (method: unknown) =>
  typeof method === 'string' ? method : ((method as { id?: string } | null)?.id ?? null);
const facts = (own: object = {}, details: Partial<OpenInvoiceData> = {}): InvoiceFacts =>
  invoiceFacts(stripeInvoice('new', { ...own }), idDigest, { payments: [], charges: [], ...details });
const paymentOf = (payment: unknown, own: object = {}) => ({
  object: 'invoice_payment',
  status: 'open',
  created: start,
  payment,
  ...own,
});

describe('an invoice', () => {
  test('that has nothing but its id owes nothing, and is in no state', () => {
    expect(invoiceFacts({ id: 'in_1' }, idDigest)).toEqual({
      id: 'in_1',
      status: '',
      currency: '',
      amountDue: 0,
      amountRemaining: 0,
      amountPaid: 0,
      created: 0,
      finalizedAt: null,
      dueDate: null,
      collectionMethod: 'charge_automatically',
      billingReason: null,
      attempted: false,
      attemptCount: 0,
      nextAttemptAt: null,
      firstFailedAt: null,
      payment: 'none',
      triedMethodDigest: null,
    });
  });

  test('that was sent has a day on which it is due', () => {
    expect(facts({ collection_method: 'send_invoice', due_date: start + 5, attempted: 'true' })).toMatchObject({
      collectionMethod: 'send_invoice',
      dueDate: ms(start + 5),
      attempted: false,
    });
  });

  test('OBJ-1 names its subscription by id or whole, in its parent or itself, and the parent counts', () => {
    const parent = { subscription_details: { subscription: { id: 'sub_new' } } };
    expect(subscriptionOf({ parent, subscription: 'sub_old' })).toBe('sub_new');
    expect(subscriptionOf({ subscription: { id: 'sub_old' } })).toBe('sub_old');
    expect(subscriptionOf({})).toBeNull();
  });
});

describe('the payment of an invoice', () => {
  test.each([
    ['requires_action', 'actionRequired'],
    ['requires_confirmation', 'actionRequired'],
    ['processing', 'processing'],
    ['requires_capture', 'processing'],
    ['pending', 'processing'],
    ['succeeded', 'succeeded'],
    ['failed', 'failed'],
    ['requires_payment_method', 'none'],
    ['canceled', 'none'],
  ])('of status %s, before anything was tried: %s', (status, payment) => {
    const paymentIntent = { id: 'pi_1', status, last_payment_error: null };
    expect(facts({ attempted: false, payment_intent: paymentIntent }).payment).toBe(payment);
  });

  test('that waits for the customer was not declined, whatever an earlier try says', () => {
    const declined = { code: 'card_declined', decline_code: 'expired_card' };
    expect(facts({ payment_intent: intent({ last_payment_error: declined }) })).toHaveProperty('declined');
    const waiting = intent({ status: 'requires_action', last_payment_error: declined });
    expect(facts({ payment_intent: waiting })).not.toHaveProperty('declined');
  });

  test('is done where the invoice is paid, whatever its intent has left', () => {
    expect(facts({ status: 'paid', payment_intent: intent() }).payment).toBe('succeeded');
  });

  test.each([
    ['the error’s code', { code: 'authentication_required' }, 'actionRequired'],
    ['the bank’s code', { code: 'card_declined', decline_code: 'authentication_required' }, 'actionRequired'],
    ['another code', { code: 'card_declined', decline_code: 'generic_decline' }, 'failed'],
  ])('that a bank refused without the customer, by %s', (_, error, payment) => {
    const paymentIntent = intent({ last_payment_error: error });
    expect(facts({ attempted: false, payment_intent: paymentIntent }).payment).toBe(payment);
  });

  test.each([
    ['open, tried', { status: 'open', attempted: true }, 'failed'],
    ['open, not tried', { status: 'open', attempted: false }, 'none'],
    ['open, tried, nothing left', { status: 'open', attempted: true, amount_remaining: 0 }, 'none'],
    ['open, tried, without an amount', { status: 'open', attempted: true, amount_remaining: undefined }, 'failed'],
    ['void, tried', { status: 'void', attempted: true }, 'none'],
    ['uncollectible, tried', { status: 'uncollectible', attempted: true }, 'none'],
  ])('that names no intent: %s', (_, own, payment) => {
    expect(facts(own).payment).toBe(payment);
  });

  test('an intent that waits for a method failed where the invoice was tried', () => {
    const waiting = { id: 'pi_1', status: 'requires_payment_method', last_payment_error: null };
    expect(facts({ attempted: true, payment_intent: waiting }).payment).toBe('failed');
  });

  test.each([
    [
      'its payments’ intent',
      {},
      [paymentOf({ payment_intent: { status: 'processing' }, charge: { status: 'failed' } })],
    ],
    ['its payments’ charge', {}, [paymentOf({ charge: { status: 'pending' } })]],
    ['the payments on itself', { payments: { data: [paymentOf({ payment_intent: { status: 'processing' } })] } }, []],
    ['its own intent', { payment_intent: { status: 'processing' }, charge: { status: 'failed' } }, []],
    ['its own charge', { charge: { status: 'pending' } }, []],
  ])('is read from %s', (_, own, payments) => {
    expect(facts(own, { payments }).payment).toBe('processing');
  });

  test('an entry that is no object is none', () => {
    const pending = paymentOf({ charge: { status: 'pending' } });
    expect(facts({ attempted: false }, { payments: [null, 'inpay_1'] }).payment).toBe('none');
    expect(facts({}, { payments: [pending, null, 'inpay_1'] }).payment).toBe('processing');
  });

  test('of the same rank, the first that Stripe lists counts', () => {
    const [first, second] = ['processing', 'succeeded'].map((status) => paymentOf({ payment_intent: { status } }));
    expect(facts({}, { payments: [first, second] }).payment).toBe('processing');
  });

  test('that was closed counts where it is the only one, and one without a date is the oldest', () => {
    const closed = paymentOf({ payment_intent: { status: 'processing' } }, { status: 'canceled' });
    expect(facts({}, { payments: [closed] }).payment).toBe('processing');
    const undated = paymentOf({ payment_intent: { status: 'succeeded' } }, { created: undefined });
    expect(facts({}, { payments: [undated, paymentOf({ payment_intent: { status: 'processing' } })] }).payment).toBe(
      'processing',
    );
  });
});

describe('L28 the first failure of an invoice', () => {
  const failed = (created: number) => failedCharge(created);
  const late = failed(start + 900);
  test.each([
    ['a charge in the list', {}, { charges: [late, failed(start + 100)] }],
    ['its own charge', { charge: failed(start + 100) }, { charges: [late] }],
    [
      'its own charge, where its intent has only the id of it',
      { payment_intent: { latest_charge: 'ch_1' }, charge: failed(start + 100) },
      { charges: [late] },
    ],
    ['its intent’s latest charge', { payment_intent: { latest_charge: failed(start + 100) } }, { charges: [late] }],
    [
      'the latest charge of a payment that is not the newest',
      {},
      {
        payments: [
          paymentOf({ payment_intent: { latest_charge: late } }, { created: start + 9 }),
          paymentOf({ payment_intent: { latest_charge: failed(start + 100) } }),
        ],
      },
    ],
    [
      'the payment, where it is a charge',
      {},
      { payments: [paymentOf({ charge: failed(start + 100) })], charges: [late] },
    ],
  ])('is the earliest, found in %s', (_, own, details) => {
    expect(facts(own, details).firstFailedAt).toBe(ms(start + 100));
  });

  test('is none where no charge failed, or none has a date', () => {
    const charges = [
      failedCharge(start, { status: 'succeeded' }),
      failedCharge(start, { created: null }),
      'ch_1',
      null,
    ];
    expect(facts({}, { charges }).firstFailedAt).toBeNull();
  });
});

describe('L11 the method that was tried', () => {
  const error = { payment_method: card('pm_error'), source: 'src_error' };
  const charges = [
    failedCharge(start, { payment_method: 'pm_old' }),
    failedCharge(start + 9, { payment_method: 'pm_new' }),
  ];
  test.each([
    ['the error’s method', { last_payment_error: error, payment_method: 'pm_intent' }, charges, 'pm_error'],
    ['the error’s source', { last_payment_error: { source: 'src_error' } }, charges, 'src_error'],
    ['the newest charge’s', { payment_method: 'pm_intent' }, charges, 'pm_new'],
    ['the newest charge’s, in any order', {}, charges.toReversed(), 'pm_new'],
    [
      'the intent’s latest charge’s',
      { latest_charge: failedCharge(start + 99, { payment_method: 'pm_99' }) },
      charges,
      'pm_99',
    ],
    ['the intent’s', { payment_method: 'pm_intent', source: 'src_intent' }, [], 'pm_intent'],
    ['the intent’s source', { source: 'src_intent' }, [], 'src_intent'],
    ['a charge’s without a date is older than any other', {}, [{ payment_method: 'pm_undated' }, ...charges], 'pm_new'],
    ['a charge’s among entries that are none', { latest_charge: null }, [null, ...charges, 'ch_1'], 'pm_new'],
    ['the intent’s where no charge is an object', { payment_method: 'pm_intent' }, ['ch_1', null], 'pm_intent'],
    ['none', {}, [], null],
  ])('is %s', (_, own, listed, method) => {
    expect(facts({ payment_intent: { status: 'requires_payment_method', ...own } }, { charges: listed })).toMatchObject(
      {
        triedMethodDigest: method,
      },
    );
  });

  test('is that of the invoice’s own charge at the oldest versions', () => {
    const charge = failedCharge(start, { payment_method: 'pm_own' });
    expect(facts({ charge }).triedMethodDigest).toBe('pm_own');
    expect(facts({ charge, payment_intent: { latest_charge: 'ch_1' } }).triedMethodDigest).toBe('pm_own');
  });
});

describe('INV-1 the preview of the next invoice', () => {
  const preview = { amount_due: 2900, currency: 'eur', created: start, period_end: start + 5 };
  test('is dated when it will be made, and by its period where that is not told', () => {
    const read = { subscription: 'sub_1', amountDue: 2900, currency: 'eur', at: ms(start) };
    expect(nextInvoiceFacts(preview, 'sub_1')).toEqual(read);
    expect(nextInvoiceFacts({ ...preview, created: undefined }, 'sub_1')).toEqual({ ...read, at: ms(start + 5) });
  });

  test.each(['amount_due', 'currency'])('is not shown without its %s', (field) => {
    expect(nextInvoiceFacts({ ...preview, [field]: undefined }, 'sub_1')).toBeNull();
  });

  test('is not shown without a day, and shown where it asks for nothing', () => {
    expect(nextInvoiceFacts({ ...preview, created: null, period_end: null }, 'sub_1')).toBeNull();
    expect(nextInvoiceFacts({ ...preview, amount_due: 0 }, 'sub_1')).toMatchObject({ amountDue: 0 });
  });
});
