import type { Stripe } from 'stripe';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  april,
  customerWithCard,
  dayMs,
  hourMs,
  latestInvoice,
  monthlyPrice,
  startSandbox,
  type Harness,
} from './harness.ts';

let harness: Harness;
let stripe: Stripe;
let customer: Stripe.Customer;
let price: Stripe.Price;

beforeEach(async () => {
  harness = await startSandbox();
  ({ stripe } = harness);
  customer = await customerWithCard(stripe);
  price = await monthlyPrice(stripe, 2900);
});
afterEach(() => harness.close());

const subscribe = (more: Partial<Stripe.SubscriptionCreateParams> = {}): Promise<Stripe.Subscription> =>
  stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }], ...more });

const totals = async (subscription: string): Promise<number[]> =>
  (await stripe.invoices.list({ subscription, limit: 100 })).data.map((row) => row.total).toReversed();

describe('discounts', () => {
  test('once: on the first invoice, and on no later one', async () => {
    await stripe.coupons.create({ id: 'WELCOME', percent_off: 25, duration: 'once' });
    const { id, discounts } = await subscribe({ discounts: [{ coupon: 'WELCOME' }] });
    expect(discounts).toHaveLength(0);
    const first = await latestInvoice(stripe, id);
    expect(first).toMatchObject({ subtotal: 2900, total: 2175, amount_paid: 2175 });
    expect(first.total_discount_amounts).toMatchObject([{ amount: 725 }]);
    await harness.sandbox.clock.advanceTo(april + 2 * hourMs);
    expect(await totals(id)).toEqual([2175, 2900]);
    expect(await stripe.coupons.retrieve('WELCOME')).toMatchObject({ times_redeemed: 1, valid: true });
  });

  test('repeating: for its months; forever: without end', async () => {
    await stripe.coupons.create({
      id: 'TWO',
      amount_off: 500,
      currency: 'eur',
      duration: 'repeating',
      duration_in_months: 2,
    });
    await stripe.coupons.create({ id: 'ALWAYS', percent_off: 10, duration: 'forever' });
    const { id } = await subscribe({ discounts: [{ coupon: 'TWO' }, { coupon: 'ALWAYS' }] });
    await harness.sandbox.clock.advanceTo(april + 70 * dayMs);
    expect(await totals(id)).toEqual([2160, 2160, 2610, 2610]);
  });

  test('the customer’s own discount counts where the subscription has none', async () => {
    await stripe.coupons.create({ id: 'TENTH', percent_off: 10, duration: 'forever' });
    const { id } = await subscribe();
    await stripe.subscriptions.update(id, { discounts: [{ coupon: 'TENTH' }] });
    const { discounts } = await stripe.subscriptions.retrieve(id, { expand: ['discounts.source.coupon'] });
    expect(discounts).toMatchObject([{ source: { coupon: { id: 'TENTH', percent_off: 10 } }, subscription: id }]);
    await stripe.subscriptions.deleteDiscount(id);
    expect((await stripe.subscriptions.retrieve(id)).discounts).toEqual([]);
    expect(harness.newEvents()).toEqual(
      expect.arrayContaining(['customer.discount.created', 'customer.discount.deleted']),
    );
  });

  test('on one item, before those of the whole; an amount is split to the cent', async () => {
    const second = await monthlyPrice(stripe, 1001);
    await stripe.coupons.create({ id: 'HALF', percent_off: 50, duration: 'forever' });
    await stripe.coupons.create({ id: 'SEVEN', amount_off: 700, currency: 'eur', duration: 'forever' });
    const { id } = await subscribe({
      items: [{ price: price.id, discounts: [{ coupon: 'HALF' }] }, { price: second.id }],
      discounts: [{ coupon: 'SEVEN' }],
    });
    const invoice = await latestInvoice(stripe, id);
    expect(invoice.subtotal).toBe(2451);
    expect(invoice.total).toBe(1751);
    const lines = invoice.lines.data.map(
      (line) => line.amount - (line.discount_amounts ?? []).reduce((sum, row) => sum + row.amount, 0),
    );
    expect(lines.reduce((sum, row) => sum + row, 0)).toBe(invoice.total);
  });

  test('a coupon for one product leaves the others alone', async () => {
    const second = await monthlyPrice(stripe, 1000);
    await stripe.coupons.create({
      id: 'ONLY',
      percent_off: 50,
      duration: 'forever',
      applies_to: { products: [String(second.product)] },
    });
    const { id } = await subscribe({
      items: [{ price: price.id }, { price: second.id }],
      discounts: [{ coupon: 'ONLY' }],
    });
    expect((await latestInvoice(stripe, id)).total).toBe(3400);
    expect(await stripe.coupons.retrieve('ONLY')).not.toHaveProperty('applies_to');
    expect(await stripe.coupons.retrieve('ONLY', { expand: ['applies_to'] })).toMatchObject({
      applies_to: { products: [second.product] },
    });
  });

  test('everything off needs no card', async () => {
    await stripe.coupons.create({ id: 'FREE', percent_off: 100, duration: 'forever' });
    const { id } = await stripe.customers.create({ email: 'poor@example.com' });
    const made = await subscribe({ customer: id, discounts: [{ coupon: 'FREE' }] });
    expect(made.status).toBe('active');
  });

  test('a promotion code: found by its text, redeemed within its limits', async () => {
    const coupon = await stripe.coupons.create({ percent_off: 20, duration: 'once' });
    const code = await stripe.promotionCodes.create({
      promotion: { type: 'coupon', coupon: coupon.id },
      code: 'SPRING',
      max_redemptions: 1,
    });
    const [found] = (await stripe.promotionCodes.list({ code: 'spring' })).data;
    expect(found?.id).toBe(code.id);
    const { id } = await subscribe({ discounts: [{ promotion_code: code.id }] });
    expect((await latestInvoice(stripe, id)).total).toBe(2320);
    await expect(subscribe({ discounts: [{ promotion_code: code.id }] })).rejects.toMatchObject({
      param: 'discounts[0][promotion_code]',
    });
    expect((await stripe.promotionCodes.retrieve(code.id)).active).toBe(false);
  });

  test.for([
    ['an unknown coupon', { coupon: 'NOPE' }, 'resource_missing'],
    ['an expired coupon', { coupon: 'OLD' }, 'coupon_expired'],
    ['another currency', { coupon: 'DOLLARS' }, undefined],
    ['two at once', { coupon: 'OLD', promotion_code: 'promo_x' }, undefined],
  ] as const)('%s is refused, and nothing is made', async ([, discount, code]) => {
    await stripe.coupons.create({ id: 'OLD', percent_off: 10, duration: 'once', redeem_by: 1_772_366_460 });
    await stripe.coupons.create({ id: 'DOLLARS', amount_off: 100, currency: 'usd', duration: 'once' });
    await harness.sandbox.clock.advance(dayMs);
    await expect(subscribe({ discounts: [discount] })).rejects.toMatchObject({ statusCode: 400, code });
    expect((await stripe.subscriptions.list({ status: 'all' })).data).toEqual([]);
  });

  test('SUB-9: a credit gives back what was paid, not the list price', async () => {
    await stripe.coupons.create({ id: 'HALF', percent_off: 50, duration: 'once' });
    const dear = await monthlyPrice(stripe, 5800);
    const { id, items } = await subscribe({ discounts: [{ coupon: 'HALF' }] });
    await harness.sandbox.clock.advance(15.5 * dayMs);
    await stripe.subscriptions.update(id, {
      items: [{ id: items.data[0]?.id ?? '', price: dear.id }],
      proration_behavior: 'always_invoice',
    });
    expect((await latestInvoice(stripe, id)).lines.data.map((line) => line.amount)).toEqual([-725, 2900]);
  });
});
