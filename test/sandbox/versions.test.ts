/** OBJ-3, OBJ-6: one account, asked in the words of several versions. KEY-1: and by keys that may not everything. */

import { createServer } from 'node:http';
import { Stripe } from 'stripe';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createSandbox, type StripeSandbox } from '../../demo/stripe-sandbox/index.ts';
import { inShapeOf, releaseOf } from '../../demo/stripe-sandbox/engine/versions.ts';
import { listening } from '../support/listening.ts';
import { seconds, startAt } from './harness.ts';

let sandbox: StripeSandbox;
let stripe: Stripe;
let ids: { customer: string; subscription: string; invoice: string };

const client = (key = sandbox.secretKey, apiVersion?: string): Stripe =>
  new Stripe(key, {
    ...sandbox.stripeClientOptions(),
    maxNetworkRetries: 0,
    telemetry: false,
    ...(apiVersion === undefined ? {} : { apiVersion: apiVersion as '2026-10-28.endive' }),
  });

beforeEach(async () => {
  sandbox = createSandbox({ startAt: startAt });
  await sandbox.listen(0);
  stripe = client();
  const { id: customer } = await stripe.customers.create({
    email: 'ada@example.com',
    payment_method: 'pm_card_visa',
    invoice_settings: { default_payment_method: 'pm_card_visa' },
  });
  await stripe.coupons.create({ id: 'TENTH', percent_off: 10, duration: 'forever' });
  const rate = await stripe.taxRates.create({ display_name: 'VAT', inclusive: false, percentage: 20 });
  const price = await stripe.prices.create({
    currency: 'eur',
    unit_amount: 1000,
    recurring: { interval: 'month' },
    product_data: { name: 'Team' },
  });
  const { id, latest_invoice: invoice } = await stripe.subscriptions.create({
    customer,
    items: [{ price: price.id }],
    discounts: [{ coupon: 'TENTH' }],
    default_tax_rates: [rate.id],
  });
  ids = { customer, subscription: id, invoice: String(invoice) };
});
afterEach(() => sandbox.close());

type Old = Record<string, unknown>;
const old = async (promise: Promise<object>): Promise<Old> => (await promise) as Old;

describe('OBJ-6: the version of a request', () => {
  test('acacia: the period and the discount on the subscription, and none on its items', async () => {
    const before = client(sandbox.secretKey, '2025-02-24.acacia');
    const subscription = await old(before.subscriptions.retrieve(ids.subscription));
    expect(subscription).toMatchObject({
      current_period_start: seconds(startAt),
      discount: { coupon: { id: 'TENTH' }, object: 'discount' },
    });
    expect((subscription['items'] as { data: object[] }).data[0]).not.toHaveProperty('current_period_end');
  });

  test('acacia: what an invoice is about and how it was paid stand at its top', async () => {
    const before = client(sandbox.secretKey, '2025-02-24.acacia');
    const invoice = await old(before.invoices.retrieve(ids.invoice));
    expect(invoice).toMatchObject({ subscription: ids.subscription, paid: true, tax: 180, total: 1080 });
    expect(invoice['payment_intent']).toMatch(/^pi_/);
    expect(invoice['charge']).toMatch(/^ch_/);
    expect(invoice).not.toHaveProperty('parent');
    const [line] = (invoice['lines'] as { data: Old[] }).data;
    expect(line).toMatchObject({
      type: 'subscription',
      proration: false,
      price: { unit_amount: 1000 },
      plan: { amount: 1000 },
    });
    expect(line?.['tax_amounts']).toMatchObject([{ amount: 180, inclusive: false }]);
    expect(line).not.toHaveProperty('pricing');
    const charge = await old(before.charges.retrieve(String(invoice['charge'])));
    expect(charge['invoice']).toBe(ids.invoice);
  });

  test('clover: a hosted Checkout page is still called hosted; dahlia and endive agree', async () => {
    const price = (await stripe.prices.list({ limit: 1 })).data[0]?.id ?? '';
    const { id } = await stripe.checkout.sessions.create({
      mode: 'subscription',
      customer: ids.customer,
      line_items: [{ price, quantity: 1 }],
      success_url: 'https://host.example/',
    });
    const mode = async (version: string) =>
      (await client(sandbox.secretKey, version).checkout.sessions.retrieve(id)).ui_mode;
    expect(await mode('2025-11-17.clover')).toBe('hosted');
    expect(await mode('2025-02-24.acacia')).toBe('hosted');
    expect(await mode('2026-03-25.dahlia')).toBe('hosted_page');
  });

  test('an unknown version is refused, one without shapes too, and each says which', async () => {
    const refusal = async (version: string) =>
      client(sandbox.secretKey, version)
        .customers.retrieve(ids.customer)
        .catch((cause: unknown) => cause);
    expect(await refusal('2031-01-01.fig')).toMatchObject({
      statusCode: 400,
      message: 'Invalid Stripe API version: 2031-01-01.fig',
    });
    expect(await refusal('2025-03-31.basil')).toMatchObject({ statusCode: 400, code: 'sandbox_unsupported' });
  });

  test('an answer names the version that it has', async () => {
    const { lastResponse } = await client(sandbox.secretKey, '2025-11-17.clover').customers.retrieve(ids.customer);
    expect(lastResponse.apiVersion).toBe('2025-11-17.clover');
  });

  test('the newest shape is kept as it is', () => {
    const row = sandbox.state.subscriptions.get(ids.subscription);
    expect(inShapeOf(sandbox.state, 'endive', row)).toBe(row);
    expect(releaseOf('2026-10-28.endive')).toBe('endive');
  });
});

test('OBJ-3: an event has the shape of its endpoint’s version', async () => {
  const received: Old[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8');
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      received.push(JSON.parse(body) as Old);
      response.end();
    });
  });
  const { url, close } = await listening(server);
  const created = await stripe.webhookEndpoints.create({
    url,
    enabled_events: ['customer.subscription.updated'],
    api_version: '2025-02-24.acacia',
  });
  expect(created.api_version).toBe('2025-02-24.acacia');
  await stripe.subscriptions.update(ids.subscription, { metadata: { a: '1' } });
  await sandbox.deliveries.settled();
  await close();
  expect(received).toMatchObject([
    { api_version: '2025-02-24.acacia', data: { object: { current_period_start: seconds(startAt) } } },
  ]);
});

describe('KEY-1: a restricted key', () => {
  test('does what it was given, and its refusal names what is missing', async () => {
    const reader = client(sandbox.addRestrictedKey(['customer_read', 'subscription_write']));
    expect((await reader.customers.retrieve(ids.customer)).id).toBe(ids.customer);
    expect((await reader.subscriptions.retrieve(ids.subscription)).id).toBe(ids.subscription);
    await reader.subscriptions.update(ids.subscription, { metadata: { a: '1' } });
    const refused = await reader.customers.update(ids.customer, { name: 'Ada' }).catch((cause: unknown) => cause);
    expect(refused).toBeInstanceOf(Stripe.errors.StripePermissionError);
    expect(refused).toMatchObject({ statusCode: 403, type: 'StripePermissionError' });
    expect(String(refused)).toContain("Having the 'rak_customer_write' permission");
    await expect(reader.invoices.retrieve(ids.invoice)).rejects.toThrow('rak_invoice_read');
    await expect(reader.billingPortal.sessions.create({ customer: ids.customer })).rejects.toThrow(
      'rak_customer_portal_write',
    );
  });

  test('is made by the control room too', async () => {
    const answer = await sandbox.app.request('/sandbox/keys', {
      method: 'POST',
      body: JSON.stringify({ permissions: ['invoice_read'] }),
    });
    const { key } = (await answer.json()) as { key: string };
    expect(key).toMatch(/^rk_test_/);
    expect((await client(key).invoices.retrieve(ids.invoice)).id).toBe(ids.invoice);
    await expect(client(key).customers.list()).rejects.toMatchObject({ statusCode: 403 });
  });
});
