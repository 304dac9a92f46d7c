import { describe, expect, test } from 'vitest';
import type { MethodFacts } from '../../../server/src/billing/facts.ts';
import { methodFacts } from '../../../server/src/stripe/facts/method.ts';
import {
  day,
  invoice,
  judged,
  noon,
  pastDue,
  portalWith,
  snapshotOf,
  subscription,
  trialing,
} from '../fixtures/facts.ts';
import { card, subscriptionOf, stripeSubscription } from '../fixtures/stripe-objects.ts';

const visa = (own: Partial<MethodFacts> = {}): MethodFacts => ({
  brand: 'visa',
  last4: '4242',
  expMonth: 10,
  expYear: 2030,
  ...own,
});
const update = { purpose: 'updateCard', via: 'portal', flow: 'payment_method_update' };
/** The last day of the month `days` from now: the test's clock decides which month that is. */
const goodUntil = (days: number) => {
  const at = new Date(noon + days * day);
  return visa({ expMonth: at.getUTCMonth() + 1, expYear: at.getUTCFullYear() });
};

describe('the payment method', () => {
  test('as every billing page prints it, with the way to change it', () => {
    const { paymentMethod } = snapshotOf([subscription({ method: visa() })]);
    expect(paymentMethod).toEqual({ name: 'Visa', last4: '4242', expires: '2030-10', expiresSoon: false, update });
  });

  test.each([
    ['american_express', 'American Express'],
    ['sepa_debit', 'SEPA'],
    ['brand_of_the_future', 'Brand Of The Future'],
  ])('%s is called %s', (brand, name) => {
    const method = visa({ brand, expMonth: null, expYear: null });
    expect(snapshotOf([subscription({ method })]).paymentMethod).toMatchObject({
      name,
      expires: null,
      expiresSoon: false,
    });
  });

  test.each([
    ['a month alone', { expYear: null }],
    ['a year alone', { expMonth: null }],
    ['a year that is none', { expYear: 12_030 }],
    ['a time beyond all calendars', { expYear: 1e300 }],
  ])('has no expiry where its facts are %s', (_, own) =>
    expect(snapshotOf([subscription({ method: visa(own) })]).paymentMethod).toMatchObject({
      expires: null,
      expiresSoon: false,
    }),
  );

  test('is null where it is unknown, or never charged', () => {
    expect(snapshotOf([subscription()])).not.toHaveProperty('paymentMethod');
    expect(snapshotOf([subscription({ method: null })])).not.toHaveProperty('paymentMethod');
    expect(snapshotOf([subscription({ method: visa(), collectionMethod: 'send_invoice' })])).not.toHaveProperty(
      'paymentMethod',
    );
    expect(snapshotOf([])).not.toHaveProperty('paymentMethod');
  });

  test('is for managers only', () => {
    const reader = snapshotOf([subscription({ method: visa() })], { mayManage: false });
    expect(reader).not.toHaveProperty('paymentMethod');
    expect(reader).not.toHaveProperty('lastInvoice');
  });

  test('has one action to its page, and none that the portal does not open', () => {
    expect(snapshotOf([pastDue({ method: visa() })]).paymentMethod?.update).toBe(null);
    const closed = { policy: { portal: portalWith({ paymentMethod: false }) } };
    expect(snapshotOf([subscription({ method: visa() })], closed).paymentMethod?.update).toBe(null);
  });
});

describe('B13 a card that expires before it is charged', () => {
  const soon = (own: object) => snapshotOf([subscription(own)]).paymentMethod?.expiresSoon;

  test('is reported from 30 days before it expires', () => {
    const method = goodUntil(40);
    const end = Date.UTC(method.expYear ?? 0, method.expMonth ?? 0, 1);
    const renewal = { method, currentPeriodEnd: end + 5 * day };
    expect(soon(renewal)).toBe(false);
    const { nextChangeAt } = judged([subscription(renewal)]);
    expect(nextChangeAt, 'the document changes at that moment by itself').toBe(end - 30 * day);
    const later = judged([subscription(renewal)], { now: end - 30 * day });
    expect(later.snapshot.paymentMethod?.expiresSoon).toBe(true);
  });

  test('is not reported where it is valid for the next charge', () =>
    expect(soon({ method: goodUntil(0), currentPeriodEnd: noon + 5 * day })).toBe(false));

  test('is reported where it ends at the very moment of the charge', () => {
    const method = goodUntil(0);
    const end = Date.UTC(method.expYear ?? 0, method.expMonth ?? 0, 1);
    expect(soon({ method, currentPeriodEnd: end })).toBe(true);
    expect(soon({ method, currentPeriodEnd: end - 1 })).toBe(false);
  });

  test('the first charge after a trial counts as well', () => {
    const expired = { method: visa({ expYear: 2020 }), trialEnd: noon + 5 * day };
    expect(snapshotOf([trialing(expired)]).paymentMethod?.expiresSoon).toBe(true);
  });

  test('nothing is charged of a plan that ends, nor of a trial that does', () => {
    const expired = { method: visa({ expYear: 2020 }) };
    expect(soon({ ...expired, cancelAt: noon + 20 * day })).toBe(false);
    const trial = snapshotOf([trialing({ ...expired, cancelAt: noon + 5 * day })]);
    expect(trial).toMatchObject({ state: 'ending', paymentMethod: { expiresSoon: false } });
  });
});

describe('the last invoice', () => {
  test.each([
    ['open', 'open'],
    ['paid', 'paid'],
  ])('%s is %s', (status, state) => {
    const latestInvoice = invoice({ status, amountDue: 2900, finalizedAt: noon - day });
    expect(snapshotOf([subscription({ latestInvoice })]).lastInvoice).toEqual({
      at: new Date(noon - day).toISOString(),
      amount: { amount: 2900, currency: 'usd' },
      state,
      view: { purpose: 'viewInvoice', via: 'invoice', invoice: 'last' },
    });
  });

  test('is of the day of its making where it was not finalized, and none without a day', () => {
    const lastInvoice = (own: object) => snapshotOf([subscription({ latestInvoice: invoice(own) })]).lastInvoice;
    expect(lastInvoice({ finalizedAt: null })?.at).toBe(new Date(noon - 2 * day).toISOString());
    expect(lastInvoice({ finalizedAt: 1e300 })).toBeUndefined();
    expect(lastInvoice({ amountDue: 0 })).toBeUndefined();
  });

  test.each(['draft', 'void', 'uncollectible'])('a %s one is none', (status) =>
    expect(snapshotOf([subscription({ latestInvoice: invoice({ status }) })])).not.toHaveProperty('lastInvoice'),
  );
});

describe('the stored facts of a payment method', () => {
  test('of a card, whatever the object', () => {
    expect(subscriptionOf(stripeSubscription('new', { default_payment_method: card('pm_own') })).method).toEqual({
      brand: 'visa',
      last4: '4242',
      expMonth: 11,
      expYear: 2030,
    });
    const source = {
      id: 'card_1',
      object: 'card',
      brand: 'American Express',
      last4: '0005',
      exp_month: 1,
      exp_year: 2031,
    };
    expect(methodFacts(source)).toEqual({ brand: 'american express', last4: '0005', expMonth: 1, expYear: 2031 });
    expect(methodFacts({ id: 'pm_1', type: 'sepa_debit', sepa_debit: { last4: '3000' } })).toEqual({
      brand: 'sepa_debit',
      last4: '3000',
      expMonth: null,
      expYear: null,
    });
  });

  test('of an id alone, nothing', () => expect([methodFacts('pm_1'), methodFacts(null)]).toEqual([null, null]));
});
