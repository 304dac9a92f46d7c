/** OBJ-6, B12: every kind of answer and event, in each of four versions, against the declarations of that version. Prints counts. */

import { existsSync, readdirSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createSandbox, seedDemo, type StripeSandbox } from '../../demo/stripe-sandbox/index.ts';
import { listening } from '../support/listening.ts';
import { fileCheck, sdkCheck, versions, type Check } from './version-schemas.ts';
import { dayMs, startAt } from './harness.ts';

type Row = Readonly<Record<string, unknown>>;

/** The requests of each version: every list of the API, and objects that come expanded only. */
const paths = [
  '/v1/account',
  '/v1/customers?limit=100&expand[]=data.subscriptions&expand[]=data.invoice_settings.default_payment_method',
  '/v1/products?limit=100',
  '/v1/prices?limit=100&expand[]=data.product',
  '/v1/plans?limit=100',
  '/v1/subscriptions?limit=100&status=all&expand[]=data.latest_invoice&expand[]=data.schedule&expand[]=data.default_payment_method',
  '/v1/subscription_schedules?limit=100',
  '/v1/invoices?limit=100&expand[]=data.customer&expand[]=data.payments',
  '/v1/invoiceitems?limit=100',
  '/v1/invoice_payments?limit=100',
  '/v1/payment_intents?limit=100&expand[]=data.latest_charge',
  '/v1/setup_intents?limit=100',
  '/v1/charges?limit=100',
  '/v1/refunds?limit=100',
  '/v1/disputes?limit=100&expand[]=data.charge',
  '/v1/balance',
  '/v1/coupons?limit=100',
  '/v1/promotion_codes?limit=100&expand[]=data.promotion.coupon',
  '/v1/tax_rates?limit=100',
  '/v1/checkout/sessions?limit=100&expand[]=data.line_items',
  '/v1/billing_portal/configurations?limit=100',
  '/v1/webhook_endpoints?limit=100',
  '/v1/test_helpers/test_clocks?limit=100',
  '/v1/entitlements/features?limit=100',
];

let sandbox: StripeSandbox;
let url: string;
const delivered = new Map<string, Row[]>();
let closeEndpoints: () => Promise<void>;

const post = async (path: string, form: Record<string, string>): Promise<Row> => {
  const response = await fetch(`${url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${sandbox.secretKey}` },
    body: new URLSearchParams(form),
  });
  const body = (await response.json()) as Row;
  if (response.status !== 200) throw new Error(`${path}: ${JSON.stringify(body)}`);
  return body;
};

beforeAll(async () => {
  sandbox = createSandbox({ startAt: startAt });
  ({ url } = await sandbox.listen(0));
  const server = createServer(async (request, response) => {
    const version = decodeURIComponent(String(request.url).slice(1));
    delivered.set(version, [...(delivered.get(version) ?? []), JSON.parse(await text(request)) as Row]);
    response.end();
  });
  const { url: endpoints, close } = await listening(server);
  closeEndpoints = close;
  for (const version of Object.keys(versions))
    sandbox.deliveries.addEndpoint(`${endpoints}/${version}`, { apiVersion: version });
  await sell(await seedDemo(sandbox));
  await sandbox.clock.advance(40 * dayMs);
  await sandbox.deliveries.settled();
});
afterAll(async () => {
  await sandbox.close();
  await closeEndpoints();
});

/** Purchases that the demo's customers do not have: discounts, taxes, refunds, one-off items, unfinished purchases. */
async function sell({ active }: { active: string }): Promise<void> {
  const { id: coupon } = await post('/v1/coupons', { percent_off: '10', duration: 'forever' });
  await post('/v1/promotion_codes', {
    'promotion[type]': 'coupon',
    'promotion[coupon]': String(coupon),
    code: 'TENTH',
  });
  const tax = { display_name: 'VAT', inclusive: 'false', percentage: '20' };
  const { id: rate } = await post('/v1/tax_rates', tax);
  const card = 'pm_card_visa';
  const { id: customer } = await post('/v1/customers', {
    payment_method: card,
    'invoice_settings[default_payment_method]': card,
  });
  const { id: price } = await post('/v1/prices', {
    currency: 'eur',
    unit_amount: '1000',
    'recurring[interval]': 'month',
    'product_data[name]': 'Team',
  });
  await post('/v1/subscriptions', {
    customer: String(customer),
    'items[0][price]': String(price),
    'items[0][quantity]': '3',
    'discounts[0][coupon]': String(coupon),
    'default_tax_rates[0]': String(rate),
  });
  await post('/v1/invoiceitems', { customer: active, currency: 'eur', amount: '700', description: 'Setup' });
  const [charge] = [...sandbox.state.charges.values()];
  await post('/v1/refunds', { charge: String(charge?.id), amount: '100' });
  await post('/v1/payment_intents', {
    amount: '100',
    currency: 'usd',
    payment_method: 'pm_card_createDispute',
    confirm: 'true',
  });
  const [item] = (sandbox.state.subscriptions.of(active)[0]?.items.data ?? []).map(({ id }) => id);
  await post(`/v1/subscriptions/${sandbox.state.subscriptions.of(active)[0]?.id}`, {
    'items[0][id]': String(item),
    'items[0][quantity]': '4',
  });
  await post('/v1/checkout/sessions', {
    mode: 'subscription',
    success_url: 'https://host.example/',
    'line_items[0][price]': String(price),
    'line_items[0][quantity]': '1',
  });
  await post('/v1/test_helpers/test_clocks', { frozen_time: String(Math.floor(sandbox.clock.now() / 1000)) });
  await post('/v1/entitlements/features', { name: 'Export', lookup_key: 'export' });
}

interface Count {
  readonly valid: Map<string, number>;
  readonly unknown: Map<string, number>;
  readonly wrong: Map<string, number>;
}

const add = (counts: Map<string, number>, key: string): unknown => counts.set(key, (counts.get(key) ?? 0) + 1);

function tally(count: Count, check: Check, rows: readonly Row[]): void {
  for (const row of rows) {
    const found = check(row);
    if (found === null) add(count.unknown, String(row['object']));
    else if (found.length === 0) add(count.valid, String(row['object']));
    else for (const line of found) add(count.wrong, line);
  }
}

async function answersIn(version: string): Promise<Row[]> {
  const rows: Row[] = [];
  for (const path of paths) {
    // Acacia had the coupon of a promotion code at its top, and no payments of an invoice to expand.
    const response = await fetch(`${url}${path}`, {
      headers: { authorization: `Bearer ${sandbox.secretKey}`, 'stripe-version': version },
    });
    const body = (await response.json()) as Row;
    expect(response.status, `${path} in ${version}: ${JSON.stringify(body)}`).toBe(200);
    rows.push(...(body['object'] === 'list' ? (body['data'] as Row[]) : [body]));
  }
  return rows;
}

async function countOf(version: string, check: Check): Promise<Count> {
  const count: Count = { valid: new Map(), unknown: new Map(), wrong: new Map() };
  tally(count, check, await answersIn(version));
  tally(
    count,
    check,
    (delivered.get(version) ?? []).map((event) => (event['data'] as { object: Row }).object),
  );
  return count;
}

function report(name: string, { valid, unknown, wrong }: Count): void {
  const sum = (counts: Map<string, number>) => [...counts.values()].reduce((all, each) => all + each, 0);
  const kinds = [...valid].map(([kind, times]) => `${kind} ${times}`).join(', ');
  const later =
    unknown.size === 0 ? '' : `; ${sum(unknown)} of kinds that it does not have: ${[...unknown.keys()].join(', ')}`;
  process.stdout.write(
    `${name}: ${sum(valid)} valid of ${valid.size} kinds, ${wrong.size} faults (${kinds})${later}\n`,
  );
}

describe('OBJ-6: answers and events in the shape of the version that is asked for', () => {
  test.each(Object.keys(versions))('%s, by the types of its SDK', async (version) => {
    expect(delivered.get(version)?.length, 'events were delivered').toBeGreaterThan(100);
    const count = await countOf(version, sdkCheck(version));
    report(version, count);
    expect([...count.wrong.keys()]).toEqual([]);
    expect(count.valid.size).toBeGreaterThan(20);
  });

  test('the check would say so', async () => {
    const newest = await answersIn('2026-10-28.endive');
    const check = sdkCheck('2025-02-24.acacia');
    const faultsOf = (kind: string) => check(newest.find(({ object }) => object === kind) ?? {}) ?? [];
    expect(faultsOf('subscription')).not.toEqual([]);
    expect(faultsOf('charge')).toEqual([expect.stringContaining('"missingProperty":"invoice"')]);
    expect(check({ object: 'invoice_payment' }), 'a kind that it does not have').toBeNull();
  });
});

const schemas = join(import.meta.dirname, '../../../shared/stripe/schemas');
const files = existsSync(schemas)
  ? readdirSync(schemas).filter((name) => existsSync(join(schemas, name, 'responses.schema.json')))
  : [];

describe('B12: and by files of schemas', () => {
  if (files.length === 0) test.skip('there are none in ../shared/stripe/schemas', () => undefined);
  else
    test.each(files)('%s', async (version) => {
      const count = await countOf(version, fileCheck(join(schemas, version, 'responses.schema.json')));
      report(`${version}, a file`, count);
      expect([...count.wrong.keys()]).toEqual([]);
      expect(count.valid.size).toBeGreaterThan(10);
    });
});
