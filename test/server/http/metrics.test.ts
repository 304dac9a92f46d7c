/** The metrics for an operator's Prometheus: complete, a registry of each server's own, and closed to strangers. */

import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { optionsFrom } from '../../../server/src/cli/environment.ts';
import { createMetrics } from '../../../server/src/operations/metrics.ts';
import { openSqliteStore } from '../../../server/src/ledger/sqlite/ledger.ts';
import { eventFor } from '../../contract/harness.ts';
import { hostSecret, problemOf, startBff, webhookSecret, type TestBff, type TestOptions } from '../support/bff.ts';
import { noon } from '../fixtures/facts.ts';
import { logRecorder } from '../../support/log-recorder.ts';
import { startBffHarness } from '../support/with-sandbox.ts';
import { StoreUnavailableError } from '../../../server/src/ledger/errors.ts';

const metricsToken = 'a-token-of-the-operator';
const running: TestBff[] = [];
const start = async (change: TestOptions = {}) => {
  const bff = await startBff({}, change);
  running.push(bff);
  return bff;
};
afterEach(async () => {
  for (const bff of running.splice(0)) await bff.close();
});
const read = (bff: TestBff, authorization?: string) =>
  bff.call('/metrics', { token: null, headers: authorization === undefined ? {} : { authorization } });

describe('GET /metrics', () => {
  it('is a 404 unless it was enabled', async () => {
    expect(await problemOf(await read(await start()))).toMatchObject({ status: 404, code: 'not_found' });
  });

  it('needs its own token, and accepts no other', async () => {
    const bff = await start({ metrics: { token: metricsToken } });
    expect(await problemOf(await read(bff))).toMatchObject({ status: 401, code: 'token_missing' });
    for (const wrong of [`${metricsToken}x`, metricsToken.slice(1), hostSecret]) {
      expect(await problemOf(await read(bff, `Bearer ${wrong}`))).toMatchObject({ status: 401, code: 'token_invalid' });
    }
    const page = await read(bff, `Bearer ${metricsToken}`);
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(page.headers.get('cache-control')).toBe('no-store');
  });

  it('needs no token where the operator opens it for a private network', async () => {
    const page = await read(await start({ metrics: 'open' }));
    expect(await page.text()).toMatch(/^billhook_build_info\{version="\d+\.\d+\.\d+",node="[\d.]+"\} 1$/m);
  });

  it('is enabled by variables, and its token never by the file', async () => {
    const metricsOf = (env: Record<string, string>) => (optionsFrom(env) as { metrics?: unknown }).metrics;
    expect(metricsOf({ BILLHOOK_METRICS_TOKEN: metricsToken })).toEqual({ token: metricsToken });
    expect(metricsOf({ BILLHOOK_METRICS: 'open' })).toBe('open');
    expect(metricsOf({ BILLHOOK_METRICS: 'off' })).toBe(false);
    expect(metricsOf({})).toBeUndefined();
    const folder = await mkdtemp(join(tmpdir(), 'billhook-metrics-'));
    const file = join(folder, 'billhook.json');
    await writeFile(file, JSON.stringify({ metrics: { token: metricsToken } }));
    expect(() => metricsOf({ BILLHOOK_CONFIG: file })).toThrow('must not hold "token"');
    await writeFile(file, JSON.stringify({ metrics: 'open' }));
    expect(metricsOf({ BILLHOOK_CONFIG: file })).toBe('open');
    expect(metricsOf({ BILLHOOK_CONFIG: file, BILLHOOK_METRICS_TOKEN: metricsToken })).toEqual({ token: metricsToken });
    await rm(folder, { recursive: true });
  });

  it('refuses a token that could be guessed', async () => {
    await expect(start({ metrics: { token: 'short' } })).rejects.toThrow(
      'metrics.token must be at least 16 characters',
    );
  });

  it('counts for one server only, though two are in the process', async () => {
    const [one, other] = [await start(), await start()];
    await one.deliver({ id: 'evt_1', type: 'payout.paid', livemode: false });
    expect(await one.billhook.metrics()).toContain('billhook_webhooks_total{outcome="closed"} 1');
    expect(await other.billhook.metrics()).toContain('billhook_webhooks_total{outcome="closed"} 0');
  });
});

describe('the page', () => {
  it('M26: has every metric that an alert of alerts.yml names', async () => {
    const rules = readFileSync(resolve(import.meta.dirname, '../../../server/alerts.yml'), 'utf8');
    const expressions = [...rules.matchAll(/^ +expr: (.+)$/gm)].map(([, expression]) => expression ?? '');
    expect(expressions.length).toBe(rules.match(/^ +- alert: /gm)?.length);
    const page = await (await start()).billhook.metrics();
    const there = new Set([...page.matchAll(/^# TYPE (\w+)/gm)].map(([, name]) => name));
    const buckets = [...page.matchAll(/^(\w+_bucket)\{/gm)].map(([, name]) => name);
    const named = expressions.flatMap((expression) => expression.match(/billhook_\w+/g) ?? []);
    expect(named.length).toBeGreaterThanOrEqual(expressions.length);
    expect(named.filter((name) => !there.has(name) && !buckets.includes(name))).toEqual([]);
    // In the prose as well.
    const told = rules.match(/billhook_\w+/g) ?? [];
    expect(told.filter((name) => !there.has(name) && !buckets.includes(name))).toEqual([]);
  });

  it('has counts of each kind, and names no account, no customer and no secret', async () => {
    const harness = await startBffHarness({ log: logRecorder() });
    try {
      await harness.bff.snapshot(harness.as('active'));
      const [subscription] = (await harness.stripe.subscriptions.list({ customer: harness.customers.active })).data;
      await harness.stripe.subscriptions.update(String(subscription?.id), { metadata: { seats: 'three' } });
      await harness.sandbox.deliveries.settled();
      await harness.bff.deliver({}, { secret: 'whsec_wrong' });
      await harness.bff.call('/v1/portal-sessions', { ...harness.as('active'), body: { seen: null } });
      const page = await harness.bff.billhook.metrics();
      const value = (name: string) =>
        Number(
          page
            .split('\n')
            .find((line) => line.startsWith(`${name} `))
            ?.slice(name.length),
        );
      expect(value('billhook_webhooks_total{outcome="ticket"}')).toBeGreaterThanOrEqual(1);
      expect(value('billhook_webhook_delivery_seconds_count')).toBeGreaterThanOrEqual(1);
      expect(value('billhook_webhooks_refused_total{code="webhook_signature_invalid"}')).toBe(1);
      expect(value('billhook_stripe_requests_total{lane="click",status="200"}')).toBeGreaterThanOrEqual(1);
      expect(value('billhook_sync_seconds_count{outcome="changed"}')).toBeGreaterThanOrEqual(1);
      expect(value('billhook_customers')).toBe(1);
      expect(value('billhook_ledger_up')).toBe(1);
      for (const told of ['team_active', 'acme', 'cus_', 'sub_', 'sk_test', 'whsec', webhookSecret, hostSecret]) {
        expect(page, told).not.toContain(told);
      }
    } finally {
      await harness.close();
    }
  });
});

describe('the ledger’s gauges', () => {
  let now: number;
  const store = openSqliteStore(':memory:');
  afterAll(() => store.close());
  beforeEach(() => {
    now = noon;
  });
  const valueOn = (page: string, name: string) =>
    Number(
      page
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length),
    );

  it('are the ledger’s figures at the scrape, and a failing ledger is reported', async () => {
    const metrics = createMetrics();
    const log = logRecorder();
    let down = false;
    const figures = (at: number) => (down ? Promise.reject(new StoreUnavailableError('gone')) : store.stats(at));
    const lastReceipt = (job: 'sweep' | 'reconcile') => store.lastReport(job);
    metrics.watch({
      store: { ...store, stats: figures, lastReport: lastReceipt },
      now: () => now,
      log,
      waiting: () => 3,
    });
    await store.link({ host: 'acme', account: 'team_1' }, 'cus_1', now);
    const [claim] = await store.claim(now, 1_000, 1);
    if (!claim) throw new Error('nothing was stale');
    await store.fail(claim, 'stripe_unavailable', now, now);
    await store.recordEvent(
      eventFor('evt_1', { concerns: 'subject', customer: null, subject: { type: 'invoice', id: 'in_1' } }),
      now,
    );
    const turn = await store.acquireJob('reconcile', 0, 60_000, now);
    if (turn) await store.completeJob(turn, {}, now);
    now += 90_000;
    const { text: page } = await metrics.page();
    const shown = {
      billhook_customers: 1,
      billhook_customers_stale: 1,
      billhook_customers_oldest_stale_seconds: 90,
      'billhook_customers_failing{code="stripe_unavailable"}': 1,
      billhook_hints_open: 1,
      billhook_hints_oldest_open_seconds: 90,
      billhook_outbox_waiting: 0,
      billhook_polls_waiting: 3,
      'billhook_job_last_end_timestamp_seconds{job="reconcile"}': noon / 1000,
      'billhook_job_last_end_timestamp_seconds{job="sweep"}': 0,
      billhook_ledger_up: 1,
    };
    expect(Object.fromEntries(Object.keys(shown).map((name) => [name, valueOn(page, name)]))).toEqual(shown);

    down = true;
    const { text: silent } = await metrics.page();
    expect(valueOn(silent, 'billhook_ledger_up')).toBe(0);
    expect(valueOn(silent, 'billhook_customers_stale')).toBe(1);
    expect(log.lines.map(({ what }) => what)).toEqual(['metrics.ledger_silent']);
  });

  it('count drift by its class and by the job that found it', async () => {
    const metrics = createMetrics();
    metrics.drift('state', 'reconcile');
    metrics.drift('state', 'reconcile');
    metrics.drift('plan', 'sweep');
    const { text } = await metrics.page();
    expect(text).toContain('billhook_drift_total{class="state",by="reconcile"} 2');
    expect(text).toContain('billhook_drift_total{class="plan",by="sweep"} 1');
  });
});
