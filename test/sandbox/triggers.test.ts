/** The Stripe CLI's own trigger scripts, run against the sandbox, where they are at hand. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  runStep,
  stepsOf,
  triggers,
  triggersPresent as present,
  type StepResults,
  type TriggerStep,
} from './cli-triggers.ts';
import { startSandbox, type Harness } from './harness.ts';

const folder = fileURLToPath(new URL('../../../shared/stripe/', import.meta.url));
const read = (path: string): unknown => JSON.parse(readFileSync(`${folder}${path}`, 'utf8'));

const eventOf: Record<string, string> = { 'subscription.payment_succeeded': 'invoice.payment_succeeded' };

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

  const run = (step: TriggerStep, results: StepResults) =>
    runStep({ url: harness.url, secretKey: harness.sandbox.secretKey }, step, results);

  const rootOf = (body: Record<string, unknown>): string =>
    body['deleted'] === true ? `deleted_${String(body['object'])}` : String(body['object']);

  test.each(triggers)('%s', async (name) => {
    const results: StepResults = new Map();
    harness.newEvents();
    for (const step of stepsOf(name)) {
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
    expect(harness.newEvents()).toContain(eventOf[name] ?? name);
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
