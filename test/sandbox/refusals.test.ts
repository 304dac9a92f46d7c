/** SUB-18: a refused request leaves no trace, however many of its parts were acceptable. */

import type { Stripe } from 'stripe';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { monthlyPrice, startSandbox, subscribed, type Harness } from './harness.ts';

let harness: Harness;
let stripe: Stripe;
beforeEach(async () => {
  harness = await startSandbox();
  ({ stripe } = harness);
});
// Closing throws where a refused request has changed anything; see the harness.
afterEach(() => harness.close());

describe('SUB-18: a refused update', () => {
  test.for([
    ['an unknown item', { items: [{ price: 'dear' }, { id: 'si_nope', quantity: 3 }] }],
    ['an unknown price', { items: [{ id: 'own', price: 'dear' }, { price: 'price_nope' }] }],
    ['the last item deleted', { items: [{ id: 'own', deleted: true }], metadata: { a: '1' } }],
    ['an unknown coupon', { items: [{ id: 'own', price: 'dear' }], discounts: [{ coupon: 'NOPE' }] }],
    ['an unknown tax rate', { items: [{ id: 'own', price: 'dear', tax_rates: ['txr_nope'] }] }],
    ['a foreign payment method', { items: [{ id: 'own', price: 'dear' }], default_payment_method: 'pm_nope' }],
    ['a trial that the sandbox cannot begin', { items: [{ id: 'own', price: 'dear' }], trial_end: 1_900_000_000 }],
    ['automatic tax without a place', { items: [{ id: 'own', price: 'dear' }], automatic_tax: { enabled: true } }],
    ['an invoice that is sent on no day', { description: 'x', collection_method: 'send_invoice' }],
    ['two ways to cancel', { description: 'x', cancel_at: 1_900_000_000, cancel_at_period_end: true }],
  ] as const)('%s', async ([, given]) => {
    const { subscription } = await subscribed(stripe);
    const dear = await monthlyPrice(stripe, 9900);
    const own = subscription.items.data[0]?.id ?? '';
    const params = JSON.parse(
      JSON.stringify({ proration_behavior: 'always_invoice', ...given })
        .replaceAll('"own"', JSON.stringify(own))
        .replaceAll('"dear"', JSON.stringify(dear.id)),
    ) as Stripe.SubscriptionUpdateParams;
    harness.newEvents();
    await expect(stripe.subscriptions.update(subscription.id, params)).rejects.toMatchObject({ statusCode: 400 });
    expect(harness.newEvents()).toEqual([]);
    expect(await stripe.subscriptions.retrieve(subscription.id)).toEqual(subscription);
  });
});

describe('a refused creation', () => {
  test('of a price with a product of its own makes no product', async () => {
    await expect(
      stripe.prices.create({ currency: 'eur', recurring: { interval: 'month' }, product_data: { name: 'Ghost' } }),
    ).rejects.toMatchObject({ param: 'unit_amount' });
    await expect(
      stripe.products.create({
        name: 'Ghost',
        default_price_data: { currency: 'eur', recurring: { interval: 'month' } },
      }),
    ).rejects.toMatchObject({ param: 'unit_amount' });
    expect((await stripe.products.list()).data).toEqual([]);
  });

  test('of a subscription redeems nothing', async () => {
    const { customer, price } = await subscribed(stripe);
    await stripe.coupons.create({ id: 'HALF', percent_off: 50, duration: 'once' });
    await expect(
      stripe.subscriptions.create({
        customer: customer.id,
        items: [{ price: price.id }],
        discounts: [{ coupon: 'HALF' }, { coupon: 'NOPE' }],
      }),
    ).rejects.toMatchObject({ param: 'discounts[1][coupon]' });
    expect(await stripe.coupons.retrieve('HALF')).toMatchObject({ times_redeemed: 0 });
  });

  test('of a payment with a method that is not the customer’s keeps no method', async () => {
    const { subscription } = await subscribed(stripe);
    await expect(
      stripe.invoices.pay(String(subscription.latest_invoice), { payment_method: 'pm_card_visa' }),
    ).rejects.toMatchObject({ statusCode: 400 });
  });
});
