/** The Stripe CLI's own trigger scripts, run against the sandbox, where they are at hand. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startSandbox, type Harness } from './harness.ts';

const folder = fileURLToPath(new URL('../../../shared/stripe/', import.meta.url));
const present = existsSync(`${folder}triggers`);
const read = (path: string): unknown => JSON.parse(readFileSync(`${folder}${path}`, 'utf8'));

interface Step {
  name: string;
  path: string;
  method: 'get' | 'post' | 'delete';
  params?: Record<string, unknown>;
  expected_error_type?: string;
}

/** Pays a one-time Checkout through addresses that Stripe has never documented. */
const LEFT_OUT = new Set(['checkout.session.completed']);
const triggers = present
  ? readdirSync(`${folder}triggers`)
      .map((name) => name.replace('.json', ''))
      .filter((name) => !LEFT_OUT.has(name))
  : [];
const EVENT_OF: Record<string, string> = { 'subscription.payment_succeeded': 'invoice.payment_succeeded' };

/** `{ items: [{ price: 'p' }] }` → `items[0][price]=p`, as the CLI sends it. */
function form(value: unknown, path = ''): [string, string][] {
  if (typeof value !== 'object' || value === null) return [[path, String(value)]];
  return Object.entries(value).flatMap(([key, entry]) => form(entry, path === '' ? key : `${path}[${key}]`));
}

const title = `the Stripe CLI’s triggers${present ? '' : ': skipped, because ../shared/stripe is not here'}`;

describe.skipIf(!present)(title, () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await startSandbox();
    harness.sandbox.savePortalSettings();
  });
  afterEach(() => harness.close());

  const ajv = new Ajv2020({ strict: false, allErrors: true });
  const schemas = present
    ? (read('schemas/2026-10-28.endive/responses.schema.json') as { roots: Record<string, object> })
    : { roots: {} };
  ajv.addSchema(schemas, 'responses');
  const errors = present ? ajv.compile(read('schemas/error.schema.json') as object) : null;

  const fill = (value: unknown, results: Map<string, Record<string, unknown>>): unknown => {
    if (typeof value === 'string') {
      return value.replaceAll(/\$\{(\w+):(\w+)\}/g, (_all, name: string, field: string) =>
        String(results.get(name)?.[field]),
      );
    }
    if (Array.isArray(value)) return value.map((entry) => fill(entry, results));
    if (typeof value === 'object' && value !== null) {
      return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, fill(entry, results)]));
    }
    return value;
  };

  const run = async (
    step: Step,
    results: Map<string, Record<string, unknown>>,
  ): Promise<{ status: number; body: Record<string, unknown> }> => {
    const body = new URLSearchParams(form(fill(step.params ?? {}, results)));
    const path = String(fill(step.path, results));
    const response = await fetch(`${harness.url}${path}`, {
      method: step.method.toUpperCase(),
      headers: {
        authorization: `Bearer ${harness.sandbox.secretKey}`,
        'content-type': 'application/x-www-form-urlencoded',
      },
      ...(step.method === 'post' ? { body } : {}),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  const rootOf = (body: Record<string, unknown>): string =>
    body['deleted'] === true ? `deleted_${String(body['object'])}` : String(body['object']);

  test.each(triggers)('%s', async (name) => {
    const { fixtures } = read(`triggers/${name}.json`) as { fixtures: Step[] };
    const results = new Map<string, Record<string, unknown>>();
    harness.newEvents();
    for (const step of fixtures) {
      const { status, body } = await run(step, results);
      results.set(step.name, body);
      if (step.expected_error_type !== undefined) {
        expect(status).toBe(402);
        expect(body['error']).toMatchObject({ type: step.expected_error_type });
        expect(errors?.(body), JSON.stringify(errors?.errors)).toBe(true);
        continue;
      }
      expect(status, JSON.stringify(body)).toBe(200);
      if (!(rootOf(body) in schemas.roots)) continue;
      const validate = ajv.getSchema(`responses#/roots/${rootOf(body)}`);
      expect(validate?.(body), `${step.name}: ${JSON.stringify(validate?.errors?.slice(0, 5))}`).toBe(true);
    }
    expect(harness.newEvents()).toContain(EVENT_OF[name] ?? name);
  });

  test('every kind of error body', async () => {
    const bodies: unknown[] = [];
    const collect = async (
      path: string,
      method: 'get' | 'post',
      params: Record<string, unknown> = {},
    ): Promise<void> => {
      bodies.push((await run({ name: '', path, method, params }, new Map())).body);
    };
    await collect('/v1/customers/cus_x', 'get');
    await collect('/v1/nonsense', 'get');
    await collect('/v1/customers', 'post', { nonsense: 1 });
    await collect('/v1/subscriptions', 'post', { customer: 'cus_x', items: [{ price: 'x' }] });
    harness.sandbox.faults.next({ kind: 'rateLimited' });
    await collect('/v1/customers', 'get');
    harness.sandbox.faults.next({ kind: 'serverError' });
    await collect('/v1/customers', 'get');
    for (const body of bodies) expect(errors?.(body), JSON.stringify([body, errors?.errors])).toBe(true);
  });
});
