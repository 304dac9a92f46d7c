/** Changes that Stripe believes delivered and the ledger lacks: found by comparing everything, over real HTTP. */

import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Stripe } from 'stripe';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BillhookOptions } from '@billhook/server';
import { childEnvironment } from '../../support/child-environment.ts';
import {
  createSandbox,
  seedDemo,
  type SeededCustomers,
  type StripeSandbox,
} from '../../../demo/stripe-sandbox/index.ts';
import { reconcileLedger, type ReconcileCommandOptions } from '../../../server/src/cli/reconcile/reconcile.ts';
import { reconcile } from '../../../server/src/background/reconcile.ts';
import type { ReconcileReport } from '../../../server/src/background/reconcile-progress.ts';
import { openSqliteStore } from '../../../server/src/ledger/sqlite/ledger.ts';
import type { BillingStore } from '../../../server/src/ledger/ledger.ts';
import { hostSecret, origin, publicUrl } from '../support/bff.ts';
import { customer } from '../fixtures/facts.ts';
import { logRecorder } from '../../support/log-recorder.ts';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

/**
 * Runs the command, as an operator would.
 *
 * @param hear - Called with each text for the operator's screen.
 */
async function run(
  options: BillhookOptions,
  args: readonly string[] = ['--json'],
  more: ReconcileCommandOptions = {},
  hear: (text: string) => void = () => undefined,
) {
  const said = { out: '', err: '' };
  const code = await reconcileLedger(
    args,
    options,
    {
      stdout: { write: (text: string) => (said.out += text) },
      stderr: {
        write(text: string) {
          said.err += text;
          hear(text);
        },
      },
    },
    { pollMs: 20, quietMs: 60_000, worker: { restMs: 0, pollMs: 50 }, ...more },
  );
  return { code, ...said };
}

async function reportOf(options: BillhookOptions, more?: ReconcileCommandOptions): Promise<ReconcileReport> {
  const { out } = await run(options, ['--json'], more);
  return JSON.parse(out) as ReconcileReport;
}

const subscriptionOf = async (stripe: Stripe, customer: string): Promise<Stripe.Subscription> => {
  const { data } = await stripe.subscriptions.list({ customer, limit: 1 });
  if (!data[0]) throw new Error('it has no subscription');
  return data[0];
};

describe('billhook reconcile beside a server', () => {
  let harness: BffHarness;
  afterEach(async () => {
    vi.restoreAllMocks();
    await harness.close();
  });

  it('L18, B5: finds and repairs changes that Stripe believes delivered, and reports the drift', async () => {
    const log = logRecorder();
    const swept = log.next('sweep.done');
    harness = await startBffHarness({ log });
    const { active, pastDue, ended, trialing, yen } = harness.customers;
    for (const each of ['active', 'pastDue', 'ended', 'trialing', 'yen'] as const)
      await harness.bff.snapshot(harness.as(each));
    await swept;
    harness.sandbox.deliveries.settings.lose = 'silently';
    const { stripe } = harness;
    await stripe.subscriptions.update((await subscriptionOf(stripe, active)).id, { cancel_at_period_end: true });
    await stripe.subscriptions.cancel((await subscriptionOf(stripe, pastDue)).id);
    await stripe.customers.del(yen);
    // A former customer comes back.
    const method = await stripe.paymentMethods.attach('pm_card_visa', { customer: ended });
    const { items } = await subscriptionOf(stripe, trialing);
    await stripe.subscriptions.create({
      customer: ended,
      default_payment_method: method.id,
      items: [{ price: items.data[0]?.price.id ?? '' }],
    });
    await harness.sandbox.deliveries.settled();
    const known = () =>
      harness.bff.rows()['customers'] as { confirmed_by: string; synced_ticket: number; ticket: number }[];
    expect(known().some(({ confirmed_by: by }) => by === 'reconcile')).toBe(false);

    const { code, out, err } = await run(harness.options, []);
    expect(code).toBe(0);
    expect(err).toMatch(/^Stripe's subscriptions: \d+ so far\n/);
    expect(out).toMatch(/^Compared 5 customers with Stripe in [\d.]+ s\.\n/);
    expect(out).toMatch(/4 accounts had drifted, and are right again:\n/);
    expect(out).toMatch(/ {2}deleted at Stripe +1\n/);
    expect(out).toMatch(/ {2}ends, or keeps +1\n/);
    expect(out).toMatch(/ {2}state of a subscription +2\n/);
    expect(out).toContain(`acme/team_active  ${active}  ends, or keeps  fetched 20`);
    expect(out).not.toContain(`acme/team_trialing`);
    expect(await harness.bff.snapshot(harness.as('active'))).toMatchObject({
      state: 'ending',
      confirmedBy: 'reconcile',
    });
    expect(await harness.bff.snapshot(harness.as('pastDue'))).toMatchObject({ state: 'ended' });
    expect(await harness.bff.snapshot(harness.as('ended'))).toMatchObject({ state: 'active' });

    const second = await reportOf(harness.options);
    expect(second).toMatchObject({ looked: 3, idle: 1, unseen: [], drift: { count: 0, byClass: {}, accounts: [] } });
    expect(second.unlinked, 'counted, and linked to nobody').toBeGreaterThan(0);
    expect(known()).toHaveLength(5);
  });

  it('counts no change as drift that a webhook had told', async () => {
    harness = await startBffHarness();
    await harness.bff.snapshot(harness.as('active'));
    const [, report] = await Promise.all([
      subscriptionOf(harness.stripe, harness.customers.active).then(({ id }) =>
        harness.stripe.subscriptions.update(id, { cancel_at_period_end: true }),
      ),
      harness.sandbox.deliveries.settled().then(() => reportOf(harness.options)),
    ]);
    // In either order: a change that the webhook told is not found by comparing, unless the webhook came after.
    const byReconcile = (harness.bff.rows()['revisions'] as { confirmed_by: string }[]).filter(
      ({ confirmed_by: by }) => by === 'reconcile',
    );
    expect(report.drift.count).toBe(byReconcile.length);
  });

  it('lost invoice.paid: access is never narrowed, and the debt is gone with the reconciliation', async () => {
    harness = await startBffHarness({ host: { policy: { graceDays: 7 } } });
    const who = harness.as('pastDue');
    expect(await harness.bff.snapshot(who)).toMatchObject({ state: 'pastDue', access: { level: 'full' } });
    harness.sandbox.deliveries.settings.lose = 'silently';
    const open = await harness.stripe.invoices.list({ customer: harness.customers.pastDue, status: 'open' });
    const card = await harness.stripe.paymentMethods.attach('pm_card_visa', { customer: harness.customers.pastDue });
    for (const { id } of open.data) await harness.stripe.invoices.pay(id ?? '', { payment_method: card.id });
    await harness.sandbox.deliveries.settled();

    // Stripe is out of reach when the grace ends: no sync succeeds, and nothing is taken away.
    harness.sandbox.faults.next({ kind: 'serverError', path: '/v1/subscriptions', times: 1_000 });
    harness.sandbox.clock.freeze();
    const { now } = Date;
    let ahead = 0;
    vi.spyOn(Date, 'now').mockImplementation(() => now() + ahead);
    const levels: string[] = [];
    for (const hours of [0, 24, 5 * 24 + 1, 7 * 24]) {
      ahead = hours * 3_600_000;
      const { state, access } = await harness.bff.snapshot(who);
      levels.push(`${state} ${access.level}`);
    }
    expect(new Set(levels)).toEqual(new Set(['pastDue full']));

    harness.sandbox.faults.clear();
    const report = await reportOf(harness.options);
    expect(report.unseen).toEqual([]);
    expect(await harness.bff.snapshot(who)).toMatchObject({ state: 'active', access: { level: 'full' } });
  });

  it('lists customers that it could not sync, with the reason, and ends with 1', async () => {
    harness = await startBffHarness();
    for (const each of ['active', 'trialing'] as const) await harness.bff.snapshot(harness.as(each));
    harness.sandbox.state.customers.delete(harness.customers.trialing);
    const { out, code } = await run(harness.options, []);
    expect(code).toBe(1);
    expect(out).toContain(
      `acme/team_trialing  ${harness.customers.trialing}  Stripe does not know this customer; the facts are kept as they were [stripe_customer_missing]`,
    );
  });

  it('M24: counts the drift for Prometheus, when the server’s scheduler runs it', async () => {
    const log = logRecorder();
    harness = await startBffHarness({ log, jobs: { pollMs: 20, restMs: 0, reconcileMs: 200 }, metrics: 'open' });
    await harness.bff.snapshot(harness.as('active'));
    harness.sandbox.deliveries.settings.lose = 'silently';
    const { id } = await subscriptionOf(harness.stripe, harness.customers.active);
    const drifted = log.next('reconcile.drift');
    await harness.stripe.subscriptions.update(id, { cancel_at_period_end: true });
    expect((await drifted).fields).toEqual({ count: 1 });
    expect(await harness.bff.billhook.metrics()).toMatch(/billhook_drift_total\{class="ends",by="reconcile"\} 1/);
  });

  it('prints its usage', async () => {
    harness = await startBffHarness();
    expect(await run(harness.options, ['--help'])).toMatchObject({ code: 0, out: expect.stringContaining('--json') });
    expect(await run(harness.options, ['--hurry'])).toMatchObject({ code: 2, err: expect.stringContaining('--json') });
  });
});

describe('one reconciliation', () => {
  it('raises no ticket before the budget has room, keeps its lease meanwhile, and stops on request', async () => {
    const store = openSqliteStore(':memory:');
    await store.link({ host: 'acme', account: 'team_1' }, 'cus_1', 0);
    const [claim] = await store.claim(0, 1_000, 1);
    if (!claim) throw new Error('it is not stale');
    await store.apply(claim, { facts: customer([]), fetchedAt: 0, nextChangeAt: null, now: 0 });
    const stopping = new AbortController();
    const kept: number[] = [];
    const waited = new Promise<void>((done) => {
      const keepTurn: BillingStore['renewJob'] = async (...turn) => {
        if (kept.push(turn[3]) === 3) done();
        return await store.renewJob(...turn);
      };
      void begin(keepTurn);
    });
    let ended: Promise<unknown> = Promise.resolve();
    async function begin(keepTurn: BillingStore['renewJob']): Promise<void> {
      const turn = await store.acquireJob('reconcile', 0, 40, Date.now());
      if (!turn) throw new Error('it is not its turn');
      ended = reconcile(
        {
          store: { ...store, renewJob: keepTurn },
          gateway: { liveSubscriptions: async () => ({ rows: [{ customer: 'cus_1' }], next: null }) },
          whenAvailable: (_, signal) =>
            new Promise((_room, refuse) => signal.addEventListener('abort', () => refuse(new Error()))),
          now: () => Date.now(),
          wakeWorker: () => undefined,
        },
        turn,
        { leaseMs: 40, pollMs: 5, signal: stopping.signal },
      );
    }
    await waited;
    expect((await store.customersAmong(['cus_1']))[0], 'nobody asked for a look').toMatchObject({ ticket: 1 });
    stopping.abort();
    expect(await ended).toBeNull();
    expect(await store.lastReport('reconcile')).toBeNull();
    await store.close();
  });
});

describe('billhook reconcile without a server', () => {
  let folder: string;
  let sandbox: StripeSandbox;
  let stripe: Stripe;
  let customers: SeededCustomers;
  let options: BillhookOptions;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'billhook-reconcile-'));
    sandbox = createSandbox();
    const { url: apiUrl } = await sandbox.listen(0);
    customers = await seedDemo(sandbox);
    stripe = new Stripe(sandbox.secretKey, { ...sandbox.stripeClientOptions(), telemetry: false });
    sandbox.requests.clear();
    options = {
      publicUrl,
      database: join(folder, 'ledger.db'),
      stripe: { secretKey: sandbox.secretKey, webhookSecrets: ['whsec_none'], apiUrl, requestsPerSecond: 1_000 },
      hosts: [{ id: 'acme', secrets: [hostSecret], origins: [origin], returnUrl: `${origin}/billing` }],
    };
    await withLedger(async (store) => {
      for (const [situation, customer] of Object.entries(customers))
        await store.link({ host: 'acme', account: situation }, customer, Date.now() - 3_600_000);
    });
  });
  afterEach(async () => {
    await sandbox.close();
    await rm(folder, { recursive: true });
  });

  async function withLedger<T>(look: (store: BillingStore) => Promise<T>): Promise<T> {
    const store = openSqliteStore(options.database);
    try {
      return await look(store);
    } finally {
      await store.close();
    }
  }

  const all = () => Object.keys(customers).length;
  const looks = /^\/v1\/subscriptions$/;
  /** How often each customer was asked about. */
  const asked = () => {
    const counts = new Map<string, number>();
    for (const { params } of sandbox.requests.list({ path: looks })) {
      const customer = params['customer'];
      if (typeof customer === 'string') counts.set(customer, (counts.get(customer) ?? 0) + 1);
    }
    return counts;
  };

  it('does the work itself, and counts customers that were never fetched', async () => {
    const report = await reportOf(options);
    expect(report).toMatchObject({ looked: all(), idle: 0, unlinked: 0, unseen: [] });
    // But one: the worker was faster than the list to a customer without a living subscription.
    expect(report.drift.byClass.neverFetched).toBeGreaterThanOrEqual(all() - 1);
    expect(report.drift.count).toBe(report.drift.byClass.neverFetched);
    expect(new Set(asked().values()), 'each customer once').toEqual(new Set([1]));
    expect(await reportOf(options)).toMatchObject({ looked: all() - 1, idle: 1, drift: { count: 0 } });
  });

  it('continues at its cursor after a kill', async () => {
    sandbox.faults.latencyMs = 60;
    const leaseMs = 3_600_000;
    // Four at a time: when the eighth has begun, some are done.
    const pace = { leaseMs, pollMs: 20, worker: { leaseMs, concurrency: 4 } };
    const child = spawn(
      process.execPath,
      [resolve(import.meta.dirname, '../support/reconcile-process.ts'), JSON.stringify({ options, ...pace })],
      { stdio: 'ignore', env: childEnvironment },
    );
    const ended = new Promise((end) => child.once('exit', (_, signal) => end(signal)));
    await sandbox.requests.arrived(8, { path: looks });
    child.kill('SIGKILL');
    expect(await ended).toBe('SIGKILL');
    const fetchedBefore = await withLedger(async (store) =>
      (await store.customersAfter(null, 100))
        .filter(({ fetchedAt }) => fetchedAt !== null)
        .map(({ customer }) => customer),
    );
    expect(fetchedBefore.length).toBeGreaterThan(0);
    expect(fetchedBefore.length).toBeLessThan(all());

    sandbox.faults.latencyMs = 0;
    sandbox.requests.clear();
    // The lease of the dead holds until the clock has passed it.
    const waits = 'Another process is reconciling this ledger';
    let ahead = 0;
    const { code, out, err } = await run(
      { ...options, now: () => Date.now() + ahead },
      ['--json'],
      { leaseMs },
      (text) => {
        if (text.includes(waits)) ahead = leaseMs;
      },
    );
    expect(code).toBe(0);
    expect(err).toContain(waits);
    const report = JSON.parse(out) as ReconcileReport;
    expect(report).toMatchObject({ looked: all(), unseen: [] });
    for (const customer of fetchedBefore) expect(asked().get(customer), 'looked at before').toBeUndefined();
    expect(await withLedger((store) => store.stats(Date.now()))).toMatchObject({ stale: 0, failing: {} });
  });

  it('twice at once: one does it, the other prints the same report', async () => {
    sandbox.faults.latencyMs = 20;
    const [one, other] = await Promise.all([reportOf(options), reportOf(options)]);
    expect(one).toMatchObject({ looked: all(), unseen: [] });
    expect(other).toEqual(one);
    expect(new Set(asked().values()), 'each customer once').toEqual(new Set([1]));
  });

  it('never has more tickets open than a batch, so that a webhook does not wait behind it', async () => {
    await reportOf(options);
    sandbox.requests.clear();
    sandbox.faults.latencyMs = 10;
    let most = 0;
    const watching = await withLedger(async (store) => {
      const over = new AbortController();
      const watch = async () => {
        while (!over.signal.aborted) {
          most = Math.max(most, (await store.stats(Date.now())).stale);
          await new Promise(setImmediate);
        }
      };
      const watched = watch();
      const report = await reportOf(options, { batch: 4 });
      over.abort();
      await watched;
      return report;
    });
    expect(watching.looked).toBe(all() - 1);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(4);
  });

  it('F23: waits while Stripe’s rate limit keeps it from beginning', async () => {
    sandbox.faults.next({ kind: 'rateLimited', path: '/v1/account', times: 2 });
    const { code, err } = await run(options);
    expect(code).toBe(0);
    expect(err).toContain('billhook reconcile: Stripe asks for patience [stripe_rate_limited]; waiting\n');
  });

  it('Stripe down: fails with a message, and the next run continues', async () => {
    sandbox.faults.next({ kind: 'serverError', path: '/v1/subscriptions' });
    await expect(run(options, ['--json'], { leaseMs: 300 })).rejects.toMatchObject({ code: 'stripe_unavailable' });
    const { looked, idle, unseen } = await reportOf(options);
    expect({ seen: looked + idle, unseen }).toEqual({ seen: all(), unseen: [] });
  });

  it('finds subscriptions that ended at Stripe, though Stripe’s list of running ones lacks them', async () => {
    await reportOf(options);
    await stripe.subscriptions.cancel((await subscriptionOf(stripe, customers.active)).id);
    const report = await reportOf(options);
    expect(report.drift).toMatchObject({ count: 1, byClass: { state: 1 } });
    expect(report.drift.accounts).toMatchObject([{ account: 'active', classes: expect.arrayContaining(['state']) }]);
  });
});
