/** Events that Stripe could not deliver are found by a sweep, over real HTTP, into a real ledger file. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Stripe } from 'stripe';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BillingSnapshot } from '@billhook/widget/contract';
import { createSandbox, type StripeSandbox } from '../../../demo/stripe-sandbox/index.ts';
import { openSqliteStore } from '../../../server/src/ledger/sqlite/ledger.ts';
import type { BillingStore } from '../../../server/src/ledger/ledger.ts';
import { createStripeGateway, type StripeGateway } from '../../../server/src/stripe/gateway.ts';
import { sweep, type SweepParts } from '../../../server/src/background/sweep.ts';
import type { CallInit } from '../support/bff.ts';
import { logRecorder, type LogRecorder } from '../../support/log-recorder.ts';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

describe('a server', () => {
  /** Longer than a test lasts. */
  const hour = 3_600_000;
  let harness: BffHarness;
  let log: LogRecorder;
  /** How far the BFF's clock is ahead of Stripe's, in milliseconds. */
  let ahead: number;
  beforeEach(() => void (ahead = 0));
  afterEach(() => harness.close());

  async function start(sweepMs?: number): Promise<CallInit> {
    log = logRecorder();
    const atStart = log.next('sweep.done');
    // It reconciles in no test, however far the clock is ahead.
    const jobs = { pollMs: 20, restMs: 1_000 * hour, ...(sweepMs === undefined ? {} : { sweepMs }) };
    harness = await startBffHarness({ log, jobs, now: () => Date.now() + ahead });
    const who = harness.as('active');
    expect(await harness.bff.snapshot(who)).toMatchObject({ state: 'active' });
    await atStart;
    return who;
  }

  /** Holds a poll until the account is in this state. */
  async function whenIts(who: CallInit, state: string): Promise<BillingSnapshot> {
    for (let etag = ''; ;) {
      // oxlint-disable-next-line no-await-in-loop -- each poll is held until something changed
      const response = await harness.bff.call('/v1/billing', {
        ...who,
        headers: { prefer: 'wait=25', ...(etag === '' ? {} : { 'if-none-match': etag }) },
      });
      etag = response.headers.get('etag') ?? '';
      if (response.status === 304) continue;
      if (response.status !== 200) throw new Error(`${response.status}: it never became ${state}`);
      // oxlint-disable-next-line no-await-in-loop -- as above
      const snapshot = (await response.json()) as BillingSnapshot;
      if (snapshot.state === state) return snapshot;
    }
  }

  async function cancel(): Promise<void> {
    const { data } = await harness.stripe.subscriptions.list({ customer: harness.customers.active });
    await harness.stripe.subscriptions.update(data[0]?.id ?? '', { cancel_at_period_end: true });
    await harness.sandbox.deliveries.settled();
  }

  it('sweeps events that Stripe could not deliver', async () => {
    const who = await start(100);
    harness.sandbox.deliveries.settings.lose = 'noticed';
    await cancel();
    expect(await whenIts(who, 'ending')).toMatchObject({ confirmedBy: 'sweep', stale: false });
    expect(harness.bff.rows()['events']).toContainEqual(
      expect.objectContaining({ type: 'customer.subscription.updated', via: 'sweep' }),
    );
    expect(harness.sandbox.deliveries.list({ state: 'delivered' }), 'no webhook told it').toEqual([]);
    // The next sweep counts the findings of this one.
    await log.next('sweep.done');
    await log.next('sweep.done');
    expect(await harness.bff.billhook.metrics()).toMatch(/billhook_drift_total\{class="ends",by="sweep"\} 1/);
  });

  it('does not sweep events that Stripe believes delivered: the reconciliation finds them', async () => {
    // No sweep is due before the clock says so: one that comes between the event and its loss sees it under way.
    const who = await start(hour);
    harness.sandbox.deliveries.settings.lose = 'silently';
    await cancel();
    for (let sweeps = 1; sweeps <= 2; sweeps += 1) {
      const swept = log.next('sweep.done');
      ahead += hour;
      expect((await swept).fields).toEqual({ count: 0 });
    }
    ahead = 0;
    expect(await harness.bff.snapshot(who)).toMatchObject({ state: 'active' });
  });

  it('sweeps at once after its ledger could not record a webhook, and not in five minutes', async () => {
    const who = await start();
    harness.sandbox.deliveries.settings.retryAfterMs = [];
    const swept = log.next('sweep.done');
    const db = new Database(harness.bff.database);
    try {
      // The disk is full for events, as far as the program can tell.
      db.exec(`CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(FAIL, 'disk is full'); END`);
      await cancel();
      expect(harness.sandbox.deliveries.list({ type: 'customer.subscription.updated' })).toContainEqual(
        expect.objectContaining({ state: 'failed', attempts: [expect.objectContaining({ status: 503 })] }),
      );
      db.exec(`DROP TRIGGER full`);
    } finally {
      db.close();
    }
    expect(await whenIts(who, 'ending')).toMatchObject({ confirmedBy: 'sweep' });
    await swept;
  });
});

describe('one sweep', () => {
  const lease = 60_000;
  const never = new AbortController().signal;
  let folder: string;
  let sandbox: StripeSandbox;
  let stripe: Stripe;
  let gateway: StripeGateway;
  let store: BillingStore;
  let parts: SweepParts;
  let woken: number;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'billhook-sweep-'));
    sandbox = createSandbox();
    const { url: apiUrl } = await sandbox.listen(0);
    stripe = new Stripe(sandbox.secretKey, { ...sandbox.stripeClientOptions(), telemetry: false });
    sandbox.deliveries.addEndpoint('http://127.0.0.1:1/');
    sandbox.deliveries.settings.lose = 'noticed';
    gateway = createStripeGateway({ secretKey: sandbox.secretKey, webhookSecrets: ['whsec_none'], apiUrl });
    store = openSqliteStore(join(folder, 'ledger.db'));
    woken = 0;
    parts = { store, gateway, now: () => Date.now(), wakeWorker: () => (woken += 1) };
  });
  afterEach(async () => {
    gateway.close();
    await store.close();
    await sandbox.close();
    await rm(folder, { recursive: true });
  });

  const take = async (now = Date.now()) => {
    const job = await store.acquireJob('sweep', 0, lease, now);
    if (!job) throw new Error('it is not its turn');
    return job;
  };

  /** So many customers, the first of them linked; each is one undelivered event. */
  async function lose(customers: number): Promise<string> {
    const names = Array.from({ length: customers }, (_, index) => `${index}`);
    const made = await Promise.all(names.map((name) => stripe.customers.create({ name })));
    await sandbox.deliveries.settled();
    const first = made[0]?.id ?? '';
    await store.link({ host: 'acme', account: 'team_1' }, first, Date.now());
    return first;
  }

  it('takes every page, raises the tickets, and finds nothing new the second time', async () => {
    const customer = await lose(130);
    expect(await sweep(parts, await take(), lease, never)).toEqual({ found: 130, new: 130 });
    expect((await store.customersAmong([customer]))[0]).toMatchObject({ ticket: 2 });
    expect(woken).toBe(1);
    expect(await sweep(parts, await take(), lease, never)).toEqual({ found: 130, new: 0 });
    expect((await store.customersAmong([customer]))[0]).toMatchObject({ ticket: 2 });
    expect((await store.lastReport('sweep'))?.report).toEqual({ found: 130, new: 0 });
  });

  it('continues at the cursor of a process that died', async () => {
    await lose(130);
    const dying = new AbortController();
    const killing = { ...store, renewJob: killedAfter(dying, store) };
    expect(await sweep({ ...parts, store: killing }, await take(), lease, dying.signal)).toBeNull();
    expect(await store.acquireJob('sweep', 0, lease, Date.now()), 'the lease still holds').toBeNull();
    sandbox.requests.clear();
    const job = await take(Date.now() + lease);
    expect(job.progress).toMatchObject({ found: 100, new: 100 });
    expect(await sweep(parts, job, lease, never)).toEqual({ found: 130, new: 130 });
    expect(
      sandbox.requests.list().map(({ path }) => path),
      'the first page is not asked for again',
    ).toEqual(['/v1/events']);
  });

  it('begins where it began, though it is continued a day later', async () => {
    const began: number[] = [];
    const page: SweepParts['gateway'] = {
      undeliveredEvents: async (since, after) => {
        began.push(since);
        return { rows: [], next: after === null ? 'evt_100' : null };
      },
    };
    const dying = new AbortController();
    const killing = { ...store, renewJob: killedAfter(dying, store) };
    expect(await sweep({ ...parts, gateway: page, store: killing }, await take(), lease, dying.signal)).toBeNull();
    const later = Date.now() + 86_400_000;
    await sweep({ ...parts, gateway: page, now: () => later }, await take(later), lease, never);
    expect(began).toHaveLength(2);
    expect(began[1], 'a page that moved would be no next page').toBe(began[0]);
  });

  it('does not complete a job that another process has leased', async () => {
    await lose(130);
    const late = await take();
    const next = await take(Date.now() + lease);
    sandbox.requests.clear();
    expect(await sweep(parts, late, lease, never)).toBeNull();
    expect(sandbox.requests.count(), 'it stops where it hears of it').toBe(1);
    expect(await store.lastReport('sweep')).toBeNull();
    expect(await sweep(parts, next, lease, never)).toEqual({ found: 130, new: 30 });
  });

  it('skips an unreadable event', async () => {
    await lose(2);
    const broken: SweepParts['gateway'] = {
      undeliveredEvents: async (since, after) => {
        const page = await gateway.undeliveredEvents(since, after);
        return { ...page, rows: [{ object: 'event' }, ...page.rows] };
      },
    };
    expect(await sweep({ ...parts, gateway: broken }, await take(), lease, never)).toEqual({ found: 3, new: 2 });
  });

  it('looks three days back and no further', async () => {
    await lose(1);
    expect(await sweep({ ...parts, now: () => Date.now() + 4 * 86_400_000 }, await take(), lease, never)).toEqual({
      found: 0,
      new: 0,
    });
  });
});

/** The process is gone as soon as the first page is kept. */
const killedAfter =
  (dying: AbortController, store: BillingStore): BillingStore['renewJob'] =>
  async (...page) => {
    dying.abort();
    return await store.renewJob(...page);
  };
