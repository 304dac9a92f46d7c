/** A seller's options for Checkout beyond a price and a card. */

import type { Stripe } from 'stripe';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { latestInvoice, startSandbox, type Harness } from './harness.ts';
import { visit } from './visit.ts';

const works = '4242 4242 4242 4242';

let harness: Harness;
let stripe: Stripe;
let customer: Stripe.Customer;
let price: Stripe.Price;

beforeEach(async () => {
  harness = await startSandbox();
  ({ stripe } = harness);
  customer = await stripe.customers.create({ email: 'ada@example.com' });
  price = await stripe.prices.create({
    currency: 'eur',
    unit_amount: 1000,
    recurring: { interval: 'month' },
    product_data: { name: 'Team' },
    tax_behavior: 'exclusive',
  });
});
afterEach(() => harness.close());

const open = (more: Partial<Stripe.Checkout.SessionCreateParams> = {}): Promise<Stripe.Checkout.Session> =>
  stripe.checkout.sessions.create({
    mode: 'subscription',
    customer: customer.id,
    line_items: [{ price: price.id, quantity: 1 }],
    success_url: 'https://host.example/done',
    ...more,
  });

async function complete(session: Stripe.Checkout.Session, form: Record<string, string> = {}) {
  const page = await visit(session.url ?? '', { testCard: works, ...form });
  expect(page.status, page.text).toBe(303);
  const done = await stripe.checkout.sessions.retrieve(session.id);
  return { done, invoice: done.subscription ? await latestInvoice(stripe, String(done.subscription)) : null };
}

describe('tax', () => {
  test('CHK-1: needs an address, or leave to keep the one that is entered', async () => {
    await expect(open({ automatic_tax: { enabled: true } })).rejects.toMatchObject({
      statusCode: 400,
      code: 'customer_tax_location_invalid',
    });
    await expect(open({ tax_id_collection: { enabled: true } })).rejects.toMatchObject({
      param: 'customer_update[name]',
    });
    await stripe.customers.update(customer.id, { address: { country: 'DE' } });
    const known = await open({ automatic_tax: { enabled: true } });
    expect(known).toMatchObject({ amount_subtotal: 1000, amount_total: 1190, total_details: { amount_tax: 190 } });
    expect(known.automatic_tax).toMatchObject({ enabled: true, status: 'complete' });
  });

  test('what is entered is taxed, kept on the customer and billed', async () => {
    const session = await open({
      automatic_tax: { enabled: true },
      customer_update: { address: 'auto', name: 'auto' },
      tax_id_collection: { enabled: true },
      billing_address_collection: 'required',
    });
    expect(session.automatic_tax.status).toBe('requires_location_inputs');
    expect((await visit(session.url ?? '', { testCard: works })).text).toContain('Enter your billing address.');
    const { done, invoice } = await complete(session, {
      country: 'FR',
      line1: '1 rue de Rivoli',
      postalCode: '75001',
      city: 'Paris',
      businessName: 'Ada SARL',
      taxId: 'FR 12345678901',
    });
    expect(done.customer_details).toMatchObject({ address: { country: 'FR' }, tax_ids: [{ type: 'eu_vat' }] });
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({
      name: 'Ada SARL',
      address: { city: 'Paris' },
    });
    expect(invoice?.total_taxes).toMatchObject([{ taxability_reason: 'reverse_charge', amount: 0 }]);
  });

  test('rates on a line', async () => {
    const rate = await stripe.taxRates.create({ display_name: 'VAT', inclusive: false, percentage: 10 });
    const session = await open({ line_items: [{ price: price.id, quantity: 2, tax_rates: [rate.id] }] });
    expect(session.amount_total).toBe(2200);
    expect((await complete(session)).invoice?.total).toBe(2200);
  });
});

describe('discounts', () => {
  test('a coupon of the seller’s', async () => {
    await stripe.coupons.create({ id: 'HALF', percent_off: 50, duration: 'once' });
    const session = await open({ discounts: [{ coupon: 'HALF' }] });
    expect(session).toMatchObject({
      amount_subtotal: 1000,
      amount_total: 500,
      total_details: { amount_discount: 500 },
    });
    expect(await stripe.coupons.retrieve('HALF')).toMatchObject({ times_redeemed: 0 });
    const { done, invoice } = await complete(session);
    expect(done.discounts).toMatchObject([{ coupon: 'HALF', promotion_code: null }]);
    expect(invoice).toMatchObject({ total: 500, amount_paid: 500 });
    expect(await stripe.coupons.retrieve('HALF')).toMatchObject({ times_redeemed: 1 });
  });

  test('a code that the customer enters, right or wrong', async () => {
    const coupon = await stripe.coupons.create({ amount_off: 300, currency: 'eur', duration: 'forever' });
    const code = await stripe.promotionCodes.create({
      promotion: { type: 'coupon', coupon: coupon.id },
      code: 'SPRING',
    });
    const session = await open({ allow_promotion_codes: true });
    expect((await visit(session.url ?? '')).text).toContain('Promotion code');
    expect((await visit(`${session.url}/order`, { promotionCode: 'WINTER' })).text).toContain('This code is invalid.');
    expect((await visit(`${session.url}/order`, { promotionCode: 'spring' })).status).toBe(303);
    const { done, invoice } = await complete(session);
    expect(done.discounts).toMatchObject([{ coupon: null, promotion_code: code.id }]);
    expect(invoice?.total).toBe(700);
  });

  test('both at once are refused', async () => {
    await stripe.coupons.create({ id: 'HALF', percent_off: 50, duration: 'once' });
    await expect(open({ allow_promotion_codes: true, discounts: [{ coupon: 'HALF' }] })).rejects.toMatchObject({
      statusCode: 400,
    });
  });

  test('everything off asks for no card, unless it is to be collected always', async () => {
    await stripe.coupons.create({ id: 'FREE', percent_off: 100, duration: 'forever' });
    const session = await open({ discounts: [{ coupon: 'FREE' }], payment_method_collection: 'if_required' });
    expect((await visit(session.url ?? '')).text).toContain('No card is needed');
    expect((await visit(session.url ?? '', {})).status).toBe(303);
    expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({ status: 'complete', amount_total: 0 });
  });
});

describe('the order', () => {
  test('a quantity is chosen within its limits, or not at all', async () => {
    const session = await open({
      line_items: [{ price: price.id, quantity: 2, adjustable_quantity: { enabled: true, minimum: 2, maximum: 5 } }],
    });
    expect((await visit(`${session.url}/order`, { quantity0: '9' })).text).toContain('from 2 to 5');
    expect((await visit(`${session.url}/order`, { quantity0: '4' })).status).toBe(303);
    const { done, invoice } = await complete(session);
    expect(done.amount_total).toBe(4000);
    expect(invoice?.lines.data[0]?.quantity).toBe(4);
    const { data } = await stripe.checkout.sessions.listLineItems(session.id);
    expect(data).toMatchObject([{ quantity: 4, adjustable_quantity: { enabled: true, maximum: 5 } }]);
    const fixed = await open();
    await visit(`${fixed.url}/order`, { quantity0: '7' });
    expect((await complete(fixed)).done.amount_total).toBe(1000);
  });

  test('none that its bounds leave out', async () => {
    const adjustable = { enabled: true, minimum: 2, maximum: 5 };
    await expect(
      open({ line_items: [{ price: price.id, quantity: 1, adjustable_quantity: adjustable }] }),
    ).rejects.toMatchObject({ param: 'line_items[0][quantity]' });
  });

  test('consent is asked for only where there are terms, and nothing is bought without it', async () => {
    const consent = { consent_collection: { terms_of_service: 'required' as const, promotions: 'auto' as const } };
    await expect(open(consent)).rejects.toMatchObject({ param: 'consent_collection[terms_of_service]' });
    harness.sandbox.settings.termsOfServiceUrl = 'https://host.example/terms';
    const session = await open(consent);
    expect((await visit(session.url ?? '', { testCard: works })).text).toContain('Accept the terms');
    const { done } = await complete(session, { terms: 'accepted' });
    expect(done.consent).toEqual({ promotions: 'opt_out', terms_of_service: 'accepted' });
  });

  test('metadata stays where it was put: on the session, the line, the subscription', async () => {
    const session = await open({
      metadata: { plan: 'team' },
      line_items: [{ price: price.id, quantity: 1, metadata: { line: '1' } }],
      subscription_data: { metadata: { account: '7' } },
    });
    const { done } = await complete(session);
    expect(done.metadata).toEqual({ plan: 'team' });
    expect(await stripe.subscriptions.retrieve(String(done.subscription))).toMatchObject({
      metadata: { account: '7' },
    });
    expect((await stripe.checkout.sessions.listLineItems(session.id)).data[0]?.metadata).toEqual({ line: '1' });
  });

  test('CHK-2: a customer that pays in euro is sold nothing in yen', async () => {
    await complete(await open());
    const yen = await stripe.prices.create({
      currency: 'jpy',
      unit_amount: 1000,
      recurring: { interval: 'month' },
      product_data: { name: 'Team' },
    });
    await expect(open({ line_items: [{ price: yen.id, quantity: 1 }] })).rejects.toMatchObject({ statusCode: 400 });
  });
});

describe('other modes', () => {
  test('a payment without a customer', async () => {
    const once = await stripe.prices.create({ currency: 'eur', unit_amount: 1500, product_data: { name: 'Book' } });
    const session = await stripe.checkout.sessions.create({
      mode: 'payment',
      line_items: [{ price: once.id, quantity: 2 }],
      success_url: 'https://host.example/done',
    });
    const { done } = await complete(session);
    expect(done).toMatchObject({ payment_status: 'paid', amount_total: 3000, customer: null, subscription: null });
    expect(await stripe.paymentIntents.retrieve(String(done.payment_intent))).toMatchObject({ status: 'succeeded' });
    await expect(open({ mode: 'payment' })).rejects.toMatchObject({ param: 'line_items[0]' });
  });

  test('a card that is saved', async () => {
    const session = await stripe.checkout.sessions.create({
      mode: 'setup',
      customer: customer.id,
      currency: 'eur',
      success_url: 'https://host.example/done',
    });
    expect(session.id).toMatch(/^cs_test_c1/);
    const { done } = await complete(session);
    expect(await stripe.setupIntents.retrieve(String(done.setup_intent))).toMatchObject({ status: 'succeeded' });
    expect((await stripe.customers.listPaymentMethods(customer.id)).data).toHaveLength(1);
  });

  test('a subscription without a customer makes one, by the address that was given', async () => {
    const session = await stripe.checkout.sessions.create({
      mode: 'subscription',
      customer_email: 'new@example.com',
      line_items: [{ price: price.id, quantity: 1 }],
      success_url: 'https://host.example/done',
    });
    const { done } = await complete(session);
    expect(await stripe.customers.retrieve(String(done.customer))).toMatchObject({ email: 'new@example.com' });
  });
});
