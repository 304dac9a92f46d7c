/** The scheduler's own behaviour around its jobs, on a real ledger. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Scheduler, type SchedulerParts } from '../../../server/src/background/scheduler.ts';
import { StripeObjectMalformed } from '../../../server/src/stripe/facts/json.ts';
import { LedgerPinnedError, StoreUnavailableError } from '../../../server/src/ledger/errors.ts';
import { openSqliteStore } from '../../../server/src/ledger/sqlite/ledger.ts';
import type { BillingStore } from '../../../server/src/ledger/ledger.ts';
import { logRecorder, type LogRecorder } from '../../support/log-recorder.ts';

describe('a job that fails', () => {
  let store: BillingStore;
  let scheduler: Scheduler | undefined;
  beforeEach(() => void (store = openSqliteStore(':memory:')));
  afterEach(async () => {
    await scheduler?.stop();
    await store.close();
  });

  it.each([
    ['ledger_pinned', new LedgerPinnedError('it belongs to another')],
    ['stripe_object_malformed', new StripeObjectMalformed('subscription', 'id')],
    ['store_unavailable', new StoreUnavailableError('locked')],
    ['internal', new TypeError('x')],
  ])('is logged with its error’s code: %s', async (code, cause) => {
    const log = logRecorder();
    const parts = { store, log, now: () => 1, confirm: () => Promise.reject(cause) } as unknown as SchedulerParts;
    scheduler = new Scheduler(parts);
    scheduler.start();
    const { level, fields } = await log.line(({ what }) => what === 'sweep.failed');
    expect({ level, code: fields.code }).toEqual({ level: 'error', code });
  });
});

describe('a sweep', () => {
  let now: number;
  let store: BillingStore;
  let scheduler: Scheduler;
  /** What Stripe answers, in turn; then pages without events. */
  let answers: (() => { readonly rows: readonly unknown[]; readonly next: string | null })[];
  let asked: number;
  /** How often a job was asked for; twice a poll, once while the other one runs. */
  let polls: number;
  /** How many events the ledger has no room for. */
  let refusals: number;
  let parts: SchedulerParts;
  let log: LogRecorder;

  beforeEach(() => {
    now = 1_000;
    log = logRecorder();
    store = openSqliteStore(':memory:');
    answers = [];
    asked = 0;
    polls = 0;
    const acquireJob: BillingStore['acquireJob'] = async (...job) => {
      polls += 1;
      return await store.acquireJob(...job);
    };
    refusals = 0;
    const recordEvent: BillingStore['recordEvent'] = async (...event) => {
      if (refusals-- > 0) throw new StoreUnavailableError('full');
      return await store.recordEvent(...event);
    };
    parts = {
      store: { ...store, acquireJob, recordEvent },
      log,
      now: () => now,
      confirm: async () => undefined,
      wakeWorker: () => undefined,
      metrics: { swept: () => undefined, drift: () => undefined },
      gateway: {
        undeliveredEvents: async () => {
          asked += 1;
          return answers.shift()?.() ?? { rows: [], next: null };
        },
      },
    } as unknown as SchedulerParts;
    scheduler = new Scheduler(parts, { pollMs: 1, sweepMs: 300_000, leaseMs: 30_000 });
  });
  afterEach(async () => {
    await scheduler.stop();
    await store.close();
  });

  const until = async (holds: () => boolean) => {
    while (!holds()) await nextTurn();
  };
  const sweeps = async (count: number) => {
    await until(() => asked >= count);
    await log.line(({ what }) => what.startsWith('sweep.'), count);
  };
  /** Three more polls for a due job. */
  const quiet = async () => {
    const enough = polls + 6;
    await until(() => polls >= enough);
  };

  it('that failed is tried again when its lease has ended, and not in five minutes', async () => {
    answers = [
      () => {
        throw new TypeError('the connection broke');
      },
    ];
    scheduler.start();
    await sweeps(1);
    await quiet();
    expect(asked).toBe(1);
    now += 30_000;
    await sweeps(2);
  });

  it('that failed on its second page is followed by one from the beginning: it covers no later events', async () => {
    const fail = () => {
      throw new TypeError('the connection broke');
    };
    answers = [() => ({ rows: [], next: 'evt_100' }), fail];
    scheduler.start();
    await until(() => asked === 2);
    await log.line(({ what }) => what === 'sweep.failed');
    now += 30_000;
    // The rest of the first one, and a whole one.
    await until(() => asked === 4);
    await log.line(({ what }) => what === 'sweep.done', 2);
    await quiet();
    expect(asked).toBe(4);
  });

  const undelivered = () => ({
    rows: [
      {
        object: 'event',
        id: 'evt_1',
        type: 'customer.updated',
        created: 1,
        livemode: false,
        data: { object: { id: 'cus_1' } },
      },
    ],
    next: null,
  });

  it('L4: that the ledger interrupted is taken up again before its lease ends', async () => {
    refusals = 3;
    answers = Array.from({ length: 4 }, () => undelivered);
    scheduler.start();
    const { fields } = await log.line(({ what }) => what === 'sweep.done');
    expect(fields.count, 'new').toBe(1);
    expect(asked).toBe(4);
  });

  it('that the ledger interrupted waits for the next poll', async () => {
    refusals = 1;
    answers = [undelivered];
    scheduler = new Scheduler(parts, { pollMs: 3_600_000, leaseMs: 30_000 });
    scheduler.start();
    await log.line(({ what }) => what === 'sweep.failed');
    await until(() => polls >= 2);
    for (let turn = 0; turn < 20; turn++) await nextTurn();
    expect(asked).toBe(1);
  });

  it('that was asked for while the ledger was down comes at once, and once', async () => {
    scheduler.start();
    await sweeps(1);
    await quiet();
    expect(asked).toBe(1);
    scheduler.requestSweep();
    await sweeps(2);
    await quiet();
    expect(asked).toBe(2);
    now += 300_000;
    await sweeps(3);
  });

  it('that another process had begun is followed by one of its own: it covers no later events', async () => {
    const lease = await store.acquireJob('sweep', 0, 30_000, now);
    if (!lease) throw new Error('it is not its turn');
    await store.renewJob(lease, { since: 0, after: 'evt_100', found: 100, new: 0 }, 30_000, now);
    now += 30_000;
    scheduler.start();
    await sweeps(2);
    await quiet();
    expect(asked).toBe(2);
  });
});
