/** Events that others captured or trigger, through the whole webhook: taken, and their customers found. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runStep, stepsOf, triggers, triggersPresent, type StepResults } from '../../sandbox/cli-triggers.ts';
import { startBff, type TestBff } from '../support/bff.ts';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

const captured = resolve(import.meta.dirname, '../../../../shared/stripe/events/stripe-ruby-mock');
const absent = (what: string, isThere: boolean) =>
  isThere ? what : `${what}: skipped, because ../shared/stripe is not beside the project`;

describe.skipIf(!existsSync(captured))(absent('events captured in 2022', existsSync(captured)), () => {
  let bff: TestBff;
  beforeAll(async () => {
    bff = await startBff();
  });
  afterAll(() => bff.close());
  const names = existsSync(captured) ? readdirSync(captured) : [];

  it.each(names)('%s is taken', async (name) => {
    const event = JSON.parse(readFileSync(resolve(captured, name), 'utf8')) as object;
    const response = await bff.deliver({ ...event, id: `evt_${name}` });
    expect(response.status).toBe(200);
    const { outcome } = (await response.json()) as { outcome: string };
    // These customers are not linked; a product or a price must be asked for.
    expect(outcome).toBe(name.startsWith('pr') ? 'unresolved' : 'ignored');
  });
});

describe.skipIf(!triggersPresent)(absent('the Stripe CLI’s triggers', triggersPresent), () => {
  let harness: BffHarness;
  beforeAll(async () => {
    harness = await startBffHarness();
    harness.sandbox.savePortalSettings();
  });
  afterAll(() => harness.close());
  const eventRows = () =>
    (harness.bff.rows()['events'] ?? []) as { event: string; type: string; closed_at: number | null }[];

  it.each(triggers)('%s: every delivery is answered 200, and no event stays unresolved', async (name) => {
    const { sandbox, bff } = harness;
    const before = new Set(sandbox.deliveries.list().map(({ event }) => event));
    const results: StepResults = new Map();
    const api = { url: String(harness.options.stripe.apiUrl), secretKey: sandbox.secretKey };
    let linked: string | null = null;
    for (const step of stepsOf(name)) {
      const { body } = await runStep(api, step, results);
      results.set(step.name, body);
      if (linked === null && body['object'] === 'customer') {
        linked = String(body['id']);
        await bff.call('/v1/billing', { account: `team_${linked}`, mint: { customer: linked } });
      }
    }
    await sandbox.deliveries.settled();
    const made = sandbox.deliveries.list().filter(({ event }) => !before.has(event));
    expect(made.length).toBeGreaterThan(0);
    expect(made.filter(({ state }) => state !== 'delivered')).toEqual([]);
    while (eventRows().some((row) => row.closed_at === null)) await nextTurn();
    const recorded = new Set(eventRows().map(({ event }) => event));
    expect(made.filter(({ event }) => !recorded.has(event))).toEqual([]);
  });
});
