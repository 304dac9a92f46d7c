/** OBJ-4: the differences of classic and flexible billing; and items that come, go and have an interval of their own. */

import { describe, expect, test } from 'vitest';
import {
  april,
  customerWithCard,
  dayMs,
  latestInvoice,
  monthlyPrice,
  seconds,
  startAt,
  subscribed,
  sandboxForEach,
} from './harness.ts';

const { harness, stripe } = sandboxForEach();

/** March has 31 days: after 15.5 of them half of the month is left. */
const halfOfMarch = () => harness.sandbox.clock.advance(15.5 * dayMs);

async function billedAs(type: 'classic' | 'flexible'): Promise<{ id: string; item: string }> {
  const customer = await customerWithCard(stripe);
  const price = await monthlyPrice(stripe);
  const { id, items } = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
    billing_mode: { type },
  });
  return { id, item: items.data[0]?.id ?? '' };
}

const linesOf = async (subscription: string): Promise<(readonly [number, string | null])[]> =>
  (await latestInvoice(stripe, subscription)).lines.data.map((line) => [line.amount, line.description] as const);

describe('OBJ-4: the credit for unused time', () => {
  test.each([
    ['flexible', -1450],
    ['classic', -725],
  ] as const)('%s billing: of what was billed, or of what would be billed now', async (mode, credit) => {
    const { id, item } = await billedAs(mode);
    await stripe.coupons.create({ id: 'HALF', percent_off: 50, duration: 'forever' });
    await halfOfMarch();
    await stripe.subscriptions.update(id, { discounts: [{ coupon: 'HALF' }] });
    await stripe.subscriptions.update(id, {
      items: [{ id: item, quantity: 2 }],
      proration_behavior: 'always_invoice',
    });
    expect(await linesOf(id)).toEqual([
      [credit, 'Unused time on Plan 2900 after 17 Mar 2026'],
      [1450, 'Remaining time on 2 × Plan 2900 after 17 Mar 2026'],
    ]);
  });
});

describe('OBJ-4: flexible billing gives back what was debited, and names it', () => {
  const change = (
    id: string,
    item: string,
    quantity: number,
    proration: 'always_invoice' | 'create_prorations' | 'none',
  ) => stripe.subscriptions.update(id, { items: [{ id: item, quantity }], proration_behavior: proration });
  const detailsOf = async (id: string) =>
    (await latestInvoice(stripe, id)).lines.data[0]?.parent?.subscription_item_details?.proration_details;

  test('the one that was billed, where the quantity was changed without a charge since', async () => {
    const { id, item } = await billedAs('flexible');
    const first = await latestInvoice(stripe, id);
    await change(id, item, 40, 'none');
    await halfOfMarch();
    await change(id, item, 2, 'always_invoice');
    expect((await linesOf(id)).map(([amount]) => amount)).toEqual([-1450, 2900]);
    expect(await detailsOf(id)).toEqual({
      credited_items: { invoice: first.id, invoice_line_items: first.lines.data.map((line) => line.id) },
    });
  });

  test('the last one, of several in a period', async () => {
    const { id, item } = await billedAs('flexible');
    await halfOfMarch();
    await change(id, item, 2, 'always_invoice');
    const second = await latestInvoice(stripe, id);
    await change(id, item, 3, 'always_invoice');
    expect((await linesOf(id)).map(([amount]) => amount)).toEqual([-2900, 4350]);
    expect(await detailsOf(id)).toMatchObject({ credited_items: { invoice_line_items: [second.lines.data[1]?.id] } });
  });

  test('one that waits itself', async () => {
    const { id, item } = await billedAs('flexible');
    await halfOfMarch();
    await change(id, item, 2, 'create_prorations');
    await change(id, item, 1, 'create_prorations');
    const [again, credit, charge] = (await stripe.invoiceItems.list({ pending: true })).data;
    expect([again?.amount, credit?.amount, charge?.amount]).toEqual([1450, -2900, 2900]);
    expect(credit?.proration_details?.credited_items).toEqual({ type: 'invoice_item', invoice_item: charge?.id });
    expect(again?.proration_details?.credited_items).toBeNull();
  });

  test('nothing, where nothing was', async () => {
    const { id } = await billedAs('flexible');
    const addOn = await monthlyPrice(stripe, 1000);
    const { items } = await stripe.subscriptions.update(id, {
      items: [{ price: addOn.id }],
      proration_behavior: 'none',
    });
    await halfOfMarch();
    await stripe.subscriptions.update(id, { items: [{ id: items.data[1]?.id ?? '', deleted: true }] });
    expect((await stripe.invoiceItems.list({ pending: true })).data).toEqual([]);
  });

  test('the same cents, however small the first price was', async () => {
    const customer = await customerWithCard(stripe);
    const price = await monthlyPrice(stripe, 1);
    await stripe.coupons.create({ id: 'THIRD', percent_off: 30, duration: 'forever' });
    const { id, items } = await stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id }],
      discounts: [{ coupon: 'THIRD' }],
    });
    const item = items.data[0]?.id ?? '';
    await change(id, item, 40, 'always_invoice');
    await change(id, item, 1, 'always_invoice');
    expect(
      (await linesOf(id)).map(([amount]) => amount),
      'of 28 that were billed',
    ).toEqual([-28, 1]);
  });
});

test('OBJ-4: classic billing credits the old price with its discount, whatever the new price is', async () => {
  await stripe.coupons.create({ id: 'TENTH', percent_off: 10, duration: 'forever' });
  const { customer, price } = await subscribed(stripe);
  const free = await monthlyPrice(stripe, 0);
  const { id, items } = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
    discounts: [{ coupon: 'TENTH' }],
    billing_mode: { type: 'classic' },
  });
  await stripe.subscriptions.update(id, {
    items: [{ id: items.data[0]?.id ?? '', price: free.id }],
    proration_behavior: 'always_invoice',
  });
  expect((await linesOf(id)).map(([amount]) => amount)).toEqual([-2610, 0]);
});

describe('an item that is added', () => {
  test('is charged for the time that remains', async () => {
    const { id } = await billedAs('flexible');
    const addOn = await monthlyPrice(stripe, 1000);
    await halfOfMarch();
    await stripe.subscriptions.update(id, {
      items: [{ price: addOn.id, quantity: 3 }],
      proration_behavior: 'always_invoice',
    });
    expect(await linesOf(id)).toEqual([[1500, 'Remaining time on 3 × Plan 1000 after 17 Mar 2026']]);
  });

  test('OBJ-4: has an interval of its own under flexible billing, and renews by it', async () => {
    const { id } = await billedAs('flexible');
    const yearly = await monthlyPrice(stripe, 12_000, 'year');
    const changed = await stripe.subscriptions.update(id, {
      items: [{ price: yearly.id }],
      proration_behavior: 'always_invoice',
    });
    expect(changed.items.data.map((item) => item.current_period_end)).toEqual([
      seconds(april),
      seconds(Date.UTC(2027, 2, 1, 12)),
    ]);
    expect(await linesOf(id)).toEqual([[12_000, 'Remaining time on Plan 12000 after 1 Mar 2026']]);
    await harness.sandbox.clock.advanceTo(april + dayMs);
    expect(await linesOf(id), 'the month alone').toEqual([[2900, '1 × Plan 2900 (at €29.00 / month)']]);
    expect((await stripe.subscriptions.retrieve(id)).items.data[1]?.current_period_start).toBe(seconds(startAt));
  });

  test('OBJ-4: is charged for the part of its interval that the anchor leaves', async () => {
    const { id } = await billedAs('flexible');
    const weekly = await stripe.prices.create({
      currency: 'eur',
      unit_amount: 700,
      recurring: { interval: 'week' },
      product_data: { name: 'Weekly' },
    });
    await halfOfMarch();
    await stripe.subscriptions.update(id, { items: [{ price: weekly.id }], proration_behavior: 'always_invoice' });
    // The third week since the anchor ends on 22 March, 5.5 days after the change.
    expect(await linesOf(id)).toEqual([[550, 'Remaining time on Weekly after 17 Mar 2026']]);
  });

  test('OBJ-4: cannot have another interval under classic billing', async () => {
    const { id } = await billedAs('classic');
    const yearly = await monthlyPrice(stripe, 12_000, 'year');
    await expect(stripe.subscriptions.update(id, { items: [{ price: yearly.id }] })).rejects.toMatchObject({
      statusCode: 400,
      param: 'items',
    });
  });

  test('is credited when it goes', async () => {
    const { id } = await billedAs('flexible');
    const addOn = await monthlyPrice(stripe, 1000);
    const { items } = await stripe.subscriptions.update(id, {
      items: [{ price: addOn.id }],
      proration_behavior: 'always_invoice',
    });
    await halfOfMarch();
    await stripe.subscriptions.update(id, {
      items: [{ id: items.data[1]?.id ?? '', deleted: true }],
      proration_behavior: 'always_invoice',
    });
    expect(await linesOf(id)).toEqual([[-500, 'Unused time on Plan 1000 after 17 Mar 2026']]);
  });
});

test('SUB-9: a shorter interval that would be over already begins with the change', async () => {
  const { subscription } = await subscribed(stripe);
  const [item] = subscription.items.data;
  const yearly = await monthlyPrice(stripe, 29_000, 'year');
  await stripe.subscriptions.update(subscription.id, { items: [{ id: item?.id ?? '', price: yearly.id }] });
  await harness.sandbox.clock.advance(100 * dayMs);
  const now = seconds(harness.sandbox.clock.now());
  const changed = await stripe.subscriptions.update(subscription.id, {
    items: [{ id: item?.id ?? '', price: item?.price.id ?? '' }],
    proration_behavior: 'always_invoice',
  });
  expect(changed.billing_cycle_anchor).toBe(now);
  expect(changed.items.data[0]).toMatchObject({ current_period_start: now });
  expect((await linesOf(subscription.id)).at(-1)).toEqual([2900, 'Remaining time on Plan 2900 after 9 Jun 2026']);
});

describe('SUB-14: a cancellation now', () => {
  test('credits what is unused, and invoices what waits, where that is asked for', async () => {
    const { subscription, customer } = await subscribed(stripe);
    await halfOfMarch();
    harness.newEvents();
    await stripe.subscriptions.cancel(subscription.id, { prorate: true, invoice_now: true });
    expect(await linesOf(subscription.id)).toEqual([[-1450, 'Unused time on Plan 2900 after 17 Mar 2026']]);
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ balance: -1450 });
    expect(harness.newEvents()).toEqual(
      expect.arrayContaining([
        'invoiceitem.created',
        'customer.subscription.deleted',
        'invoice.created',
        'invoice.paid',
      ]),
    );
  });

  test('leaves the credit waiting without an invoice, and nothing at all without both', async () => {
    const { subscription, customer } = await subscribed(stripe);
    await halfOfMarch();
    const before = (await stripe.invoices.list({ customer: customer.id })).data.length;
    await stripe.subscriptions.cancel(subscription.id, { prorate: true });
    expect((await stripe.invoiceItems.list({ customer: customer.id, pending: true })).data).toMatchObject([
      { amount: -1450, proration: true },
    ]);
    expect((await stripe.invoices.list({ customer: customer.id })).data).toHaveLength(before);
  });
});

test('an item’s tax stays with its prorations that wait', async () => {
  const customer = await customerWithCard(stripe);
  const price = await monthlyPrice(stripe);
  const rate = await stripe.taxRates.create({ display_name: 'VAT', inclusive: false, percentage: 10 });
  const { id, items } = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id, tax_rates: [rate.id] }],
  });
  await halfOfMarch();
  await stripe.subscriptions.update(id, { items: [{ id: items.data[0]?.id ?? '', quantity: 2 }] });
  await harness.sandbox.clock.advanceTo(april + dayMs);
  const { lines, total_taxes: taxes } = await latestInvoice(stripe, id);
  expect(lines.data.map(({ amount }) => amount)).toEqual([-1450, 2900, 5800]);
  expect(taxes?.map(({ amount }) => amount)).toEqual([725]);
});
