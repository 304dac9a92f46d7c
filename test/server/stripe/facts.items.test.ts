import { Stripe } from 'stripe';
import { describe, expect, test } from 'vitest';
import { withKnown } from '../../../server/src/billing/known-facts.ts';
import { customerFacts, priceFacts } from '../../../server/src/stripe/facts/customer.ts';
import {
  month,
  ms,
  plan,
  price,
  start,
  stripeCustomer,
  stripeItem,
  stripeSubscription,
  subscriptionOf,
} from '../fixtures/stripe-objects.ts';

const itemOf = (own: Record<string, unknown>, around: Record<string, unknown> = {}) =>
  subscriptionOf(stripeSubscription('new', { items: { data: [stripeItem('new', own)] }, ...around })).items[0];

describe('prices and items', () => {
  test.each([
    ['a decimal string', { unit_amount: null, unit_amount_decimal: '0.5' }, 0.5],
    ['a Decimal of the SDK', { unit_amount: 1, unit_amount_decimal: Stripe.Decimal.from('12.25') }, 12.25],
    ['an object that spells one', { unit_amount_decimal: { decimal: '7.5' } }, 7.5],
    ['a plain amount', { unit_amount_decimal: null }, 2900],
    ['tiers: none', { billing_scheme: 'tiered', unit_amount: null, unit_amount_decimal: null }, null],
    ['packages: none that may be multiplied', { transform_quantity: { divide_by: 100, round: 'up' } }, null],
    ['another default currency: none rather than a wrong one', { currency: 'eur' }, null],
    [
      'another default currency, with options',
      { currency: 'eur', currency_options: { usd: { unit_amount_decimal: '3300' } } },
      3300,
    ],
  ])('unit amount: %s', (_, own, unitAmount) => {
    expect(itemOf({ price: price(own) })).toMatchObject({ unitAmount, currency: 'usd' });
  });

  test('a legacy plan object', () => {
    expect(
      itemOf({ price: undefined, plan: plan({ interval: 'year', amount_decimal: null, amount: 99 }) }),
    ).toMatchObject({
      price: 'price_1',
      interval: 'year',
      unitAmount: 99,
      lookupKey: null,
    });
  });

  test('a single item on the subscription itself', () => {
    expect(subscriptionOf(stripeSubscription('old', { items: undefined })).items).toMatchObject([
      { price: 'price_1', quantity: 2 },
    ]);
  });

  test.each([
    ['usage', { usage_type: 'metered' }],
    ['a meter', { usage_type: 'licensed', meter: 'mtr_1' }],
  ])('metered by %s: no quantity', (_, recurring) => {
    expect(itemOf({ price: price({ recurring: { interval: 'month', ...recurring } }) })).toMatchObject({
      metered: true,
      quantity: null,
    });
  });

  test.each([
    ['exclusive, but no tax is computed', 'exclusive', false, [], false],
    ['exclusive under automatic tax', 'exclusive', true, [], true],
    ['inclusive under automatic tax', 'inclusive', true, [], false],
    ['an exclusive tax rate', 'unspecified', false, [{ inclusive: false }], true],
    ['an inclusive tax rate', 'unspecified', false, [{ inclusive: true }], false],
  ])('tax on top: %s', (_, tax_behavior, enabled, tax_rates, taxExcluded) => {
    expect(itemOf({ price: price({ tax_behavior }), tax_rates }, { automatic_tax: { enabled } })?.taxExcluded).toBe(
      taxExcluded,
    );
  });

  describe('F9, F26: the latest invoice tells what the price does not', () => {
    const line = (own: object) => ({ amount: 5400, quantity: 2, currency: 'usd', ...own });
    const newLine = (own: object = {}) =>
      line({ pricing: { price_details: { price: 'price_1' }, unit_amount_decimal: '2700' }, ...own });
    const oldLine = (own: object = {}) => line({ price: { id: 'price_1', currency: 'eur' }, ...own });
    const billedBy = (lines: object[], price: object, automatic = false) =>
      itemOf({ price }, { latest_invoice: latest(lines), automatic_tax: { enabled: automatic } });
    const latest = (data: object[]) => ({ id: 'in_1', status: 'paid', currency: 'usd', lines: { data } });

    test.each([
      ['as new versions spell it', [newLine()], 2700],
      ['as old versions spell it', [oldLine()], 2700],
      [
        'not of a part of a period',
        [newLine({ proration: true }), oldLine({ parent: { x: { proration: true } } })],
        null,
      ],
      ['not of a trial, which asks for nothing', [newLine({ amount: 0 })], null],
      ['not of another price', [line({ price: { id: 'price_2' } })], null],
      ['not in another currency', [newLine({ currency: 'eur' })], null],
    ])('the amount in the subscription’s own currency, %s', (_, lines, unitAmount) => {
      expect(billedBy(lines, price({ currency: 'eur' }))).toMatchObject({ unitAmount, currency: 'usd' });
    });

    test('not an amount that the price says itself', () => {
      expect(billedBy([newLine()], price())).toMatchObject({ unitAmount: 2900 });
    });

    test.each([
      ['added', [newLine({ taxes: [{ tax_behavior: 'exclusive', amount: 513 }] })], true],
      ['added, in an old version', [oldLine({ tax_amounts: [{ inclusive: false, amount: 513 }] })], true],
      ['within', [newLine({ taxes: [{ tax_behavior: 'inclusive', amount: 431 }] })], false],
      ['not told', [newLine()], false],
    ])('whether tax is added, where the account decides: %s', (_, lines, taxExcluded) => {
      expect(billedBy(lines, price(), true)?.taxExcluded).toBe(taxExcluded);
    });

    test('the amount stays when the latest invoice is about something else', () => {
      const looked = (lines: object[]) =>
        customerFacts(
          {
            customer: stripeCustomer(),
            subscriptions: [
              stripeSubscription('new', {
                items: { data: [stripeItem('new', { price: price({ currency: 'eur' }) })] },
                latest_invoice: latest(lines),
              }),
            ],
            openInvoices: [],
          },
          String,
        );
      const later = withKnown(looked([newLine({ proration: true })]), looked([newLine()]));
      expect(later.subscriptions[0]?.items[0]?.unitAmount).toBe(2700);
    });
  });

  test('an item without any price is dropped, and the customer stays', () => {
    expect(
      subscriptionOf(stripeSubscription('new', { items: { data: [{ id: 'si_x' }, stripeItem('new')] } })).items,
    ).toHaveLength(1);
  });

  test('a price of the catalogue', () => {
    expect(
      priceFacts(price({ product: { id: 'prod_9', name: 'Nine' } }), { currency: null, quantity: 1, taxed: true }),
    ).toMatchObject({
      product: 'prod_9',
      currency: 'usd',
      unitAmount: 2900,
      quantity: 1,
    });
  });
});

describe('SUB-10 schedules', () => {
  const phases = [
    { start_date: start, end_date: start + month, currency: 'usd', items: [{ price: 'price_1', quantity: 2 }] },
    {
      start_date: start + month,
      end_date: start + 2 * month,
      currency: 'usd',
      items: [{ price: 'price_2', quantity: 1 }],
    },
  ];
  const scheduled = (own: object) =>
    subscriptionOf(
      stripeSubscription('new', {
        schedule: {
          status: 'active',
          current_phase: { start_date: start, end_date: start + month },
          phases,
          end_behavior: 'release',
          ...own,
        },
      }),
    );

  test('the phase after the current one', () => {
    expect(scheduled({}).next).toEqual({
      at: ms(start + month),
      items: [
        expect.objectContaining({ price: 'price_2', product: '', unitAmount: null, quantity: 1, currency: 'usd' }),
      ],
    });
  });

  test('a phase that keeps the price keeps its details', () => {
    const same = [phases[0], { ...phases[1], items: [{ price: 'price_1', quantity: 9 }] }];
    expect(scheduled({ phases: same }).next?.items).toMatchObject([
      { product: 'prod_1', unitAmount: 2900, quantity: 9 },
    ]);
  });

  test('phases of plans, expanded prices, no phase left', () => {
    expect(
      scheduled({ phases: [phases[0], { ...phases[1], items: [{ plan: plan({ id: 'plan_9', product: 'prod_9' }) }] }] })
        .next?.items,
    ).toMatchObject([{ price: 'plan_9', product: 'prod_9' }]);
    expect(scheduled({ current_phase: { start_date: start + month } }).next).toBeNull();
  });

  test('a schedule that is over gives no change', () => {
    expect(scheduled({ status: 'released' }).next).toBeNull();
    expect(scheduled({ status: 'canceled', end_behavior: 'cancel' }).cancelAt).toBeNull();
  });

  test('a schedule that ends by cancelling sets the end, one that releases does not', () => {
    expect(scheduled({}).cancelAt).toBeNull();
    expect(scheduled({ end_behavior: 'cancel' }).cancelAt).toBe(ms(start + 2 * month));
  });
});
