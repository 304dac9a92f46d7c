/** Stripe down, the database down: the answers to people and to Stripe meanwhile, and fresh facts soon after. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { BillingSnapshot } from '@billhook/widget/contract';
import type { FaultKind } from '../../../demo/stripe-sandbox/index.ts';
import { startPostgres, type Postgres } from '../../support/postgres.ts';
import { problemOf, type CallInit } from '../support/bff.ts';
import { logRecorder, type LogRecorder } from '../../support/log-recorder.ts';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

let log: LogRecorder;
let harness: BffHarness;

const subscriptionOf = async (customer: string) => {
  const { data } = await harness.stripe.subscriptions.list({ customer, limit: 1 });
  return String(data[0]?.id);
};
/** Holds polls until the account is in this state, as a page does. */
async function whenIts(who: CallInit, state: string): Promise<BillingSnapshot> {
  for (let etag = ''; ;) {
    const response = await harness.bff.call('/v1/billing', {
      ...who,
      headers: { prefer: 'wait=25', ...(etag === '' ? {} : { 'if-none-match': etag }) },
    });
    if (response.status === 200) {
      const snapshot = (await response.json()) as BillingSnapshot;
      if (snapshot.state === state) return snapshot;
    } else if (response.status !== 503 && response.status !== 304)
      throw new Error(`${response.status}: it never became ${state}`);
    etag = response.headers.get('etag') ?? '';
  }
}
const measured = (what: string, since: number) =>
  process.stdout.write(`${what}: fresh after ${Math.round(performance.now() - since)} ms\n`);
const metric = async (name: string) =>
  Number(
    (await harness.bff.billhook.metrics())
      .split('\n')
      .find((line) => line.startsWith(`${name} `))
      ?.slice(name.length),
  );

describe('Stripe is down', () => {
  /** More than the requests of any test before it is back. */
  const always = 1_000_000;
  beforeAll(async () => {
    log = logRecorder();
    harness = await startBffHarness({ log, jobs: { pollMs: 100 } });
  });
  afterAll(() => harness.close());

  it('HTTP-7: a click that meets a locked object is tried again once, and no further', async () => {
    const { sandbox, bff, as } = harness;
    const click = () => bff.call('/v1/portal-sessions', { ...as('active'), body: { seen: null } });
    await click();
    const path = '/v1/billing_portal/sessions';
    const tried = () => sandbox.requests.count({ path });
    let before = tried();
    sandbox.faults.next({ kind: 'lockTimeout', path });
    expect((await click()).status).toBe(200);
    expect(tried() - before).toBe(2);
    before = tried();
    sandbox.faults.next({ kind: 'lockTimeout', path, times: 2 });
    expect(await problemOf(await click())).toMatchObject({ code: 'stripe_rate_limited' });
    expect(tried() - before).toBe(2);
    before = tried();
    sandbox.faults.next({ kind: 'rateLimited', path });
    expect(await problemOf(await click()), 'a full account is left alone').toMatchObject({
      code: 'stripe_rate_limited',
    });
    expect(tried() - before).toBe(1);
  });

  // Each other way to fail has its code in `stripe-gateway.test.ts`.
  it.each<FaultKind>(['serverError', 'halfBody', 'rateLimited'])(
    '(%s): pages show the known facts, webhooks are recorded, a click fails with a code, and all is fresh when it is back',
    async (kind) => {
      const { sandbox, stripe, bff, as, customers } = harness;
      const who = as('active');
      const subscription = await subscriptionOf(customers.active);
      await stripe.subscriptions.update(subscription, { cancel_at_period_end: false });
      await bff.call('/v1/portal-sessions', { ...who, body: { seen: null } });
      await whenIts(who, 'active');

      const failedBefore = log.lines.filter(({ what }) => what === 'sync.failed').length;
      // The seller's own hand in the Dashboard: that Stripe's API is down for us does not stop it.
      await stripe.subscriptions.update(subscription, { cancel_at_period_end: true });
      sandbox.faults.next({ kind, times: always });
      await sandbox.deliveries.settled();
      const { fields } = await log.line(({ what }) => what === 'sync.failed', failedBefore + 1);
      const known = kind === 'rateLimited' ? 'stripe_rate_limited' : 'stripe_unavailable';
      expect(fields).toMatchObject({ code: known });

      const snapshot = await bff.snapshot(who);
      expect(snapshot).toMatchObject({ state: 'active', access: { level: 'full' } });
      const click = await bff.call('/v1/portal-sessions', { ...who, body: { seen: null } });
      expect(click.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
      expect(await problemOf(click)).toMatchObject({ status: 503, code: known });
      expect((await bff.call('/readyz', { token: null })).status).toBe(200);

      sandbox.faults.clear();
      const back = performance.now();
      expect(await whenIts(who, 'ending')).toMatchObject({ confirmedBy: 'webhook', stale: false });
      measured(`Stripe back (${kind})`, back);
    },
  );
});

describe('the database is down', () => {
  let postgres: Postgres;
  beforeAll(async () => {
    postgres = await startPostgres();
  });
  afterEach(() => harness.close());
  afterAll(() => postgres.stop());

  it('L4: webhooks are answered 5xx and pages 503, and all is fresh when it is back, without a restart', async () => {
    log = logRecorder();
    harness = await startBffHarness({ log, database: await postgres.createDatabase(), jobs: { pollMs: 100 } });
    const { sandbox, stripe, bff, as, customers } = harness;
    // Only a sweep finds what was refused: Stripe's next try may be an hour away.
    sandbox.deliveries.settings.retryAfterMs = [];
    const [who, other] = [as('active'), as('pastDue')];
    await whenIts(who, 'active');
    const known = await whenIts(other, 'pastDue');
    const subscription = await subscriptionOf(customers.active);

    await postgres.halt();
    await stripe.subscriptions.update(subscription, { cancel_at_period_end: true });
    await sandbox.deliveries.settled();
    const [refused] = sandbox.deliveries.list({ type: 'customer.subscription.updated' }).slice(-1);
    expect(refused).toMatchObject({ state: 'failed', attempts: [{ status: 503 }] });

    const page = await bff.call('/v1/billing', who);
    expect(page.headers.get('retry-after')).toBe('5');
    expect(await problemOf(page)).toMatchObject({ status: 503, code: 'store_unavailable' });
    const click = await bff.call('/v1/portal-sessions', { ...who, body: { seen: null } });
    expect(await problemOf(click)).toMatchObject({ status: 503, code: 'store_unavailable' });
    const ready = await bff.call('/readyz', { token: null });
    expect(await problemOf(ready)).toMatchObject({ status: 503, code: 'store_unavailable' });
    expect((await bff.call('/healthz', { token: null })).status).toBe(200);
    expect(await metric('billhook_ledger_up')).toBe(0);
    expect(await metric('billhook_webhooks_refused_total{code="store_unavailable"}')).toBeGreaterThanOrEqual(1);

    await postgres.start();
    const back = performance.now();
    expect(await whenIts(who, 'ending')).toMatchObject({ confirmedBy: 'sweep', stale: false });
    measured('database back', back);
    expect(await bff.snapshot(other)).toMatchObject({ state: 'pastDue', revision: known.revision });
    expect((await bff.call('/readyz', { token: null })).status).toBe(200);
    expect(await metric('billhook_ledger_up')).toBe(1);
  });

  it('while a customer is being fetched: the fetch is lost, and made again', async () => {
    log = logRecorder();
    harness = await startBffHarness({ log, database: await postgres.createDatabase(), jobs: { pollMs: 100 } });
    const { sandbox, stripe, as, customers } = harness;
    const who = as('active');
    await whenIts(who, 'active');
    const subscription = await subscriptionOf(customers.active);
    sandbox.faults.latencyMs = 1_000;
    const began = sandbox.requests.count({ path: '/v1/subscriptions', method: 'GET' });
    const canceled = stripe.subscriptions.update(subscription, { cancel_at_period_end: true });
    while (sandbox.requests.count({ path: '/v1/subscriptions', method: 'GET' }) === began) await nextTurn();
    await postgres.halt();
    const failed = await log.line(({ what }) => what === 'sync.failed');
    expect(failed.fields).toMatchObject({ code: 'store_unavailable' });
    sandbox.faults.latencyMs = 0;
    await postgres.start();
    await canceled;
    const back = performance.now();
    await whenIts(who, 'ending');
    measured('database back, that went away under a fetch', back);
  });
});
