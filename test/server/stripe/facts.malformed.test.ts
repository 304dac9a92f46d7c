import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changesBetween } from '../../../server/src/billing/changes.ts';
import { defaultPolicy, judge } from '../../../server/src/billing/judge/judge.ts';
import { customerFacts, StripeObjectMalformed, type CustomerData } from '../../../server/src/stripe/facts/customer.ts';
import { openInvoicesAreDue } from '../../../server/src/stripe/invoices.ts';
import { seeded } from '../fixtures/arbitrary-facts.ts';
import { catalogue } from '../fixtures/facts.ts';
import { factsOf, readableDigest, stripeSubscription } from '../fixtures/stripe-objects.ts';

describe('unusable objects are one typed error', () => {
  test.each([
    ['a customer', 'id', { customer: {} }],
    ['a customer', 'id', { customer: null }],
    ['a subscription', 'id', { subscriptions: [{ status: 'active' }] }],
    ['a subscription', 'status', { subscriptions: [{ id: 'sub_1' }] }],
    [
      'a invoice',
      'id',
      { openInvoices: [{ invoice: {}, payments: [], charges: [] }], subscriptions: [stripeSubscription('new')] },
    ],
  ])('%s without %s', (object, field, look) => {
    const message = `Stripe answered with ${object} that has no usable \`${field}\`.`;
    expect(() => factsOf(look)).toThrow(expect.objectContaining({ code: 'stripe_object_malformed', message }));
  });

  // JSON that has the keys which are read, so that reading goes deep before it meets something odd.
  const keys = fc.constantFrom(
    'id',
    'status',
    'object',
    'data',
    'items',
    'price',
    'plan',
    'recurring',
    'latest_invoice',
    'schedule',
    'phases',
    'current_phase',
    'start_date',
    'payments',
    'payment',
    'payment_intent',
    'charge',
    'latest_charge',
    'last_payment_error',
    'payment_method',
    'invoice_settings',
    'default_payment_method',
    'tax_ids',
    'card',
    'type',
    'toString',
    'toNumber',
    'toJSON',
    'constructor',
    '__proto__',
    'unit_amount_decimal',
    'decimal',
    'currency_options',
    'status_details',
    'paused',
    'pause_collection',
    'discounts',
    'parent',
    'created',
    'current_period_end',
  );
  const { any } = fc.letrec<{ any: unknown }>((tie) => ({
    any: fc.oneof(
      { maxDepth: 6, withCrossShrink: true },
      fc.constantFrom(null, true, '', 'active', 'past_due', 'open', 'card', 'metered', 'x', 0, -1, 1e308, 17),
      fc.array(tie('any'), { maxLength: 3 }),
      fc.dictionary(keys, tie('any'), { maxKeys: 8, noNullPrototype: false }),
    ),
  }));
  const identified = any.map((value) =>
    typeof value === 'object' && value !== null ? { ...value, id: 'x_1', status: 'past_due' } : value,
  );

  test(`any JSON gives facts or that error, and facts can be judged and compared (seed ${seeded.seed})`, () => {
    let gave = 0;
    fc.assert(
      fc.property(
        fc.oneof(any, identified),
        fc.array(identified, { maxLength: 2 }),
        fc.array(fc.tuple(identified, any, any), { maxLength: 2 }),
        (customer, subscriptions, invoices) => {
          const list = (value: unknown) => (Array.isArray(value) ? value : [value]);
          const openInvoices = invoices.map(([invoice, payments, charges]) => ({
            invoice,
            payments: list(payments),
            charges: list(charges),
          }));
          const look = JSON.parse(JSON.stringify({ customer, subscriptions, openInvoices })) as CustomerData;
          for (const each of look.subscriptions) openInvoicesAreDue(each, null);
          try {
            const facts = customerFacts(look, readableDigest);
            expect(customerFacts(look, readableDigest)).toEqual(facts);
            expect(changesBetween(facts, facts, () => null)).toEqual([]);
            judge(
              { linked: true, facts, fetchedAt: 1, revision: 'e.1', confirmedBy: null, staleSince: null },
              defaultPolicy,
              catalogue,
              { mayManage: true },
              2,
            );
            gave += 1;
          } catch (error) {
            expect(error).toBeInstanceOf(StripeObjectMalformed);
          }
        },
      ),
      seeded,
    );
    // Else the property would be about the error alone.
    expect(gave).toBeGreaterThan(seeded.numRuns / 10);
  });
});
