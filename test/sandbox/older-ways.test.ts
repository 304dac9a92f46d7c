/** Calls as older versions make them, and as the Stripe CLI's triggers still do. */

import { describe, expect, test } from 'vitest';
import { removedParameters } from '../../demo/stripe-sandbox/http/removed-parameters.ts';
import { april, customerWithCard, dayMs, monthlyPrice, sandboxForEach } from './harness.ts';

const { harness, stripe } = sandboxForEach();

/** A call without the SDK: of a version, or of none, as the CLI makes it. */
async function post(path: string, form: Record<string, string>, version?: string) {
  const response = await fetch(`${harness.url}/v1/${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${harness.sandbox.secretKey}`,
      ...(version === undefined ? {} : { 'stripe-version': version }),
    },
    body: new URLSearchParams(form),
  });
  return { status: response.status, body: (await response.json()) as Record<string, unknown> & { id: string } };
}

describe('OBJ-6: a parameter that newer versions have no more', () => {
  const acacia = '2025-02-24.acacia';
  const endive = '2026-10-28.endive';
  const rows = Object.entries(removedParameters).flatMap(([endpoint, names]) =>
    Object.keys(names).map((name) => [endpoint, name] as const),
  );

  test.each(rows)(
    '%s: %s is refused where the version is named, before anything else is read',
    async (endpoint, name) => {
      const path = endpoint.replace('POST /v1/', '').replace(':', 'x_1');
      const form = { [name.replace('[].', '[0][') + (name.includes('[].') ? ']' : '')]: '1' };
      expect((await post(path, form, endive)).body['error']).toMatchObject({ code: 'parameter_unknown' });
      expect((await post(path, form, acacia)).body['error'] ?? {}).not.toMatchObject({ code: 'parameter_unknown' });
    },
  );

  test('a customer’s own coupon: given, changed, taken away', async () => {
    await stripe.coupons.create({ id: 'FIFTH', percent_off: 20, duration: 'forever' });
    await stripe.coupons.create({ id: 'THIRD', percent_off: 30, duration: 'forever' });
    const { body } = await post('customers', { coupon: 'FIFTH' }, acacia);
    expect(body['discount']).toMatchObject({ coupon: { id: 'FIFTH' } });
    harness.newEvents();
    await post(`customers/${body.id}`, { coupon: 'THIRD' });
    expect(harness.newEvents()).toContain('customer.discount.updated');
    expect(await stripe.customers.retrieve(body.id)).toMatchObject({ discount: { source: { coupon: 'THIRD' } } });
    await post(`customers/${body.id}`, { coupon: '' });
    expect(await stripe.customers.retrieve(body.id)).toMatchObject({ discount: null });
    expect(harness.newEvents()).toContain('customer.discount.deleted');
    expect((await post('customers', { coupon: 'NONE' })).body['error']).toMatchObject({ param: 'coupon' });
  });

  test('a subscription’s coupon, and a promotion code’s', async () => {
    await stripe.coupons.create({ id: 'FIFTH', percent_off: 20, duration: 'forever' });
    const { body: code } = await post('promotion_codes', { coupon: 'FIFTH', code: 'SPRING' });
    expect(code['promotion']).toEqual({ coupon: 'FIFTH', type: 'coupon' });
    const customer = await customerWithCard(stripe);
    const price = await monthlyPrice(stripe);
    const form = { customer: customer.id, 'items[0][price]': price.id };
    const { body: first } = await post('subscriptions', { ...form, coupon: 'FIFTH' }, acacia);
    const invoice = await stripe.invoices.retrieve(String(first['latest_invoice']));
    expect(invoice.total).toBe(2320);
    const { body: second } = await post('subscriptions', { ...form, promotion_code: code.id });
    expect((await stripe.invoices.retrieve(String(second['latest_invoice']))).total).toBe(2320);
  });
});

describe('sources', () => {
  test('a token becomes a card that pays', async () => {
    const customer = await stripe.customers.create({ source: 'tok_visa' });
    const price = await monthlyPrice(stripe);
    const subscription = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
    expect(subscription.status).toBe('active');
    expect(customer.default_source).toMatch(/^card_/);
    const source = await stripe.customers.retrieveSource(customer.id, String(customer.default_source));
    expect(source).toMatchObject({ object: 'card', brand: 'Visa', last4: '4242', customer: customer.id });
    await expect(stripe.customers.create({ source: 'tok_nonsense' })).rejects.toMatchObject({ param: 'source' });
    await expect(stripe.customers.create({ source: 'tok_chargeDeclined' })).rejects.toMatchObject({ statusCode: 402 });
  });

  test('SUB-7: a new one tries the invoice again that is past due', async () => {
    const customer = await stripe.customers.create({ source: 'tok_visa' });
    const price = await monthlyPrice(stripe);
    const { id } = await stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] });
    harness.sandbox.state.nextCharges.push('failsOnCharge');
    await harness.sandbox.clock.advanceTo(april + dayMs);
    expect((await stripe.subscriptions.retrieve(id)).status).toBe('past_due');
    await stripe.customers.update(customer.id, { source: 'tok_mastercard' });
    expect((await stripe.subscriptions.retrieve(id)).status).toBe('active');
  });

  test('are added, changed and removed', async () => {
    const { id } = await stripe.customers.create();
    const card = await stripe.customers.createSource(id, { source: 'tok_visa' });
    await stripe.customers.updateSource(id, card.id, { metadata: { foo: 'bar' } });
    expect((await stripe.customers.listSources(id)).data).toMatchObject([{ id: card.id, metadata: { foo: 'bar' } }]);
    expect(await stripe.customers.deleteSource(id, card.id)).toMatchObject({ id: card.id, deleted: true });
    expect(await stripe.customers.retrieve(id)).toMatchObject({ default_source: null });
    expect(harness.newEvents()).toEqual(
      expect.arrayContaining(['customer.source.created', 'customer.source.updated', 'customer.source.deleted']),
    );
  });
});

test('plans are prices by their older name', async () => {
  const plan = await stripe.plans.create({
    amount: 2000,
    currency: 'usd',
    interval: 'month',
    product: { name: 'Old' },
  });
  expect(plan).toMatchObject({ object: 'plan', amount: 2000, interval: 'month' });
  expect(await stripe.prices.retrieve(plan.id)).toMatchObject({ unit_amount: 2000, currency: 'usd' });
  expect((await stripe.plans.update(plan.id, { metadata: { foo: 'bar' } })).metadata).toEqual({ foo: 'bar' });
  expect(await stripe.plans.del(plan.id)).toMatchObject({ deleted: true });
  await expect(stripe.plans.retrieve(plan.id)).rejects.toMatchObject({ statusCode: 404 });
  expect(harness.newEvents()).toEqual(expect.arrayContaining(['plan.created', 'plan.updated', 'plan.deleted']));
});

test('a product goes only without prices', async () => {
  const product = await stripe.products.create({ name: 'Gone' });
  expect(await stripe.products.del(product.id)).toMatchObject({ deleted: true });
  const { product: priced } = await monthlyPrice(stripe);
  await expect(stripe.products.del(String(priced))).rejects.toMatchObject({ statusCode: 400 });
});
