import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readEvent, NotAnEventError } from '../../../server/src/stripe/event.ts';

const event = (type: string, object: object, more: object = {}) => ({
  id: 'evt_1',
  object: 'event',
  type,
  livemode: false,
  data: { object },
  ...more,
});

describe('an event', () => {
  it.each([
    ['its object’s customer', event('invoice.paid', { object: 'invoice', id: 'in_1', customer: 'cus_1' })],
    [
      'an expanded customer',
      event('invoice.paid', { object: 'invoice', id: 'in_1', customer: { object: 'customer', id: 'cus_1' } }),
    ],
    ['the customer itself', event('customer.updated', { object: 'customer', id: 'cus_1' })],
    ['a deleted customer', event('customer.deleted', { object: 'customer', id: 'cus_1', deleted: true })],
    [
      'a subscription',
      event('customer.subscription.deleted', { object: 'subscription', id: 'sub_1', customer: 'cus_1' }),
    ],
    ['a tax id', event('customer.tax_id.created', { object: 'tax_id', id: 'txi_1', customer: 'cus_1' })],
    [
      'an item of the next invoice',
      event('invoiceitem.created', { object: 'invoiceitem', id: 'ii_1', customer: 'cus_1' }),
    ],
    ['a Checkout', event('checkout.session.completed', { object: 'checkout.session', id: 'cs_1', customer: 'cus_1' })],
    [
      'a type of the future in a known family',
      event('invoice.will_be_wonderful', { object: 'invoice', id: 'in_1', customer: 'cus_1' }),
    ],
    [
      'what was before a detachment',
      event(
        'payment_method.detached',
        { object: 'payment_method', id: 'pm_1', customer: null },
        {
          data: {
            object: { object: 'payment_method', id: 'pm_1', customer: null },
            previous_attributes: { customer: 'cus_1' },
          },
        },
      ),
    ],
  ])('names the customer by %s', (_, given) => {
    expect(readEvent(given)).toMatchObject({ concerns: 'customer', customer: 'cus_1' });
  });

  it.each([
    [
      'a thin event',
      {
        id: 'evt_1',
        object: 'v2.core.event',
        type: 'v1.customer.subscription.updated',
        livemode: false,
        context: null,
        related_object: { id: 'sub_1', type: 'subscription', url: '/v1/subscriptions/sub_1' },
      },
      { type: 'subscription', id: 'sub_1' },
    ],
    [
      'a payment of an invoice',
      event('invoice_payment.paid', { object: 'invoice_payment', id: 'inpay_1', invoice: 'in_1' }),
      { type: 'invoice_payment', id: 'inpay_1' },
    ],
    [
      'a method of nobody',
      event('payment_method.detached', { object: 'payment_method', id: 'pm_1', customer: null }),
      { type: 'payment_method', id: 'pm_1' },
    ],
    [
      'an invoice of a customer of Accounts v2, by the account (OBJ-6)',
      event('invoice.paid', { object: 'invoice', id: 'in_1', customer: null, customer_account: 'acct_1' }),
      { type: 'customer_account', id: 'acct_1' },
    ],
    ['a product', event('product.updated', { object: 'product', id: 'prod_1' }), { type: 'product', id: 'prod_1' }],
    [
      'a price',
      event('price.updated', { object: 'price', id: 'price_1', product: 'prod_1' }),
      { type: 'price', id: 'price_1' },
    ],
  ])('without a customer names its subject: %s', (_, given, subject) => {
    expect(readEvent(given)).toMatchObject({ concerns: 'subject', customer: null, subject });
  });

  it.each([
    'checkout.session.completed',
    'customer.updated',
    'entitlements.active_entitlement_summary.updated',
    'invoice.paid',
    'invoice_payment.paid',
    'payment_intent.processing',
    'payment_method.updated',
    'subscription_schedule.updated',
    'setup_intent.succeeded',
    'charge.failed',
    'charge.succeeded',
    'charge.dispute.created',
    'charge.refunded',
  ])('M21: of the type %s is a reason to look at its customer', (type) => {
    expect(readEvent(event(type, { object: 'x', id: 'x_1', customer: 'cus_1' }))).toMatchObject({
      concerns: 'customer',
      customer: 'cus_1',
    });
  });

  it.each(['account.updated', 'charge.captured', 'payout.paid', 'setup_intent.created'])(
    'M21: of the type %s is none',
    (type) => {
      expect(readEvent(event(type, { object: 'x', id: 'x_1', customer: 'cus_1' })).concerns).toBe('none');
    },
  );

  it('takes the customer of a thin event about a customer from its related object', () => {
    const thin = {
      id: 'evt_1',
      type: 'v1.customer.updated',
      livemode: true,
      related_object: { id: 'cus_1', type: 'customer' },
    };
    expect(readEvent(thin)).toMatchObject({ concerns: 'customer', customer: 'cus_1', livemode: true });
  });

  it.each([
    [
      'another account’s event (Connect)',
      event('invoice.paid', { object: 'invoice', id: 'in_1', customer: 'cus_1' }, { account: 'acct_2' }),
      'foreign',
    ],
    [
      'another context’s thin event',
      { id: 'evt_1', type: 'v1.invoice.paid', context: 'acct_2', related_object: { id: 'in_1', type: 'invoice' } },
      'foreign',
    ],
    ['what nobody judges or shows', event('payout.paid', { object: 'payout', id: 'po_1' }), 'none'],
    [
      'our own portal session',
      event('billing_portal.session.created', { object: 'billing_portal.session', id: 'bps_1', customer: 'cus_1' }),
      'none',
    ],
  ])('ignores %s', (_, given, concerns) => {
    expect(readEvent(given, 'acct_1')).toMatchObject({ concerns, customer: null });
  });

  it('is not taken for another account’s before the own account is known, or in a sweep (H10)', () => {
    const invoice = { object: 'invoice', id: 'in_1', customer: 'cus_1' };
    const related = { id: 'in_1', type: 'invoice' };
    for (const name of ['account', 'context']) {
      for (const of of ['acct_1', 'org_1/acct_1', 'acct_2']) {
        expect(readEvent(event('invoice.paid', invoice, { [name]: of }))).toMatchObject({ customer: 'cus_1' });
        const thin = { id: 'evt_1', type: 'v1.invoice.paid', [name]: of, related_object: related };
        expect(readEvent(thin)).toMatchObject({ concerns: 'subject', subject: related });
      }
    }
  });

  it.each([null, 7, 'evt_1', [], {}, { id: 'evt_1' }, { type: 'invoice.paid' }, { id: 7, type: 'invoice.paid' }])(
    'cannot be read out of %j',
    (given) => {
      expect(() => readEvent(given)).toThrow(NotAnEventError);
    },
  );

  it('is ignored when a known family carries no object', () => {
    expect(readEvent({ id: 'evt_1', type: 'invoice.paid' })).toMatchObject({ concerns: 'none' });
  });

  const captured = resolve(import.meta.dirname, '../../../../shared/stripe/events/stripe-ruby-mock');
  it.skipIf(!existsSync(captured))(
    'reads events captured in 2022 (skipped where the captures are not beside the project)',
    () => {
      const concerns = Object.fromEntries(
        readdirSync(captured).map((name) => [
          name,
          readEvent(JSON.parse(readFileSync(resolve(captured, name), 'utf8'))).concerns,
        ]),
      );
      expect(concerns).toEqual({
        'checkout.session.completed.json': 'customer',
        'customer.created.json': 'customer',
        'customer.deleted.json': 'customer',
        'customer.subscription.created.json': 'customer',
        'customer.subscription.updated.json': 'customer',
        'customer.updated.json': 'customer',
        'invoice.paid.json': 'customer',
        'invoice.payment_failed.json': 'customer',
        'payment_method.attached.json': 'customer',
        'price.updated.json': 'subject',
        'product.updated.json': 'subject',
      });
    },
  );
});
