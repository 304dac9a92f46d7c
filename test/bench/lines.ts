/** The measures as lines of the table, each with its goal. */

import { startPostgres, type Postgres } from '../support/postgres.ts';
import { measureArrivals } from './arrivals.ts';
import { measureClick } from './clicks.ts';
import type { Line } from './line.ts';
import type { Measured } from './measure.ts';
import { processLines } from './process-lines.ts';
import { operations, postgresQueue, sqliteQueue, timesOf, type Operation, type QueueLedger } from './queue.ts';
import { measureReads, type Reads } from './reads.ts';
import { measureRefusals } from './refusals.ts';
import { measureStorm } from './storm.ts';
import { measureWaiting } from './waiting.ts';
import { measureWebhooks, type Webhooks } from './webhooks.ts';
import { widgetLines } from './widget-lines.ts';

const named = (measured: readonly Measured[], name: string): Measured => {
  const found = measured.find((each) => each.name === name);
  if (found === undefined) throw new Error(`"${name}" was not measured`);
  return found;
};

const bare = '1, a bare handler';

/** The lines, section by section: each is measured when it is asked for. */
export async function* allLines(): AsyncGenerator<readonly Line[]> {
  const databases = await startPostgres({ isDurable: true });
  try {
    yield readLines('SQLite', 0.6, await measureReads());
    yield readLines('PostgreSQL', 0.4, await measureReads(5, await databases.createDatabase()));
    yield await refusalLines();
    yield webhookLines('SQLite', await measureWebhooks());
    const [own, least] = [await databases.createDatabase(), await databases.createDatabase()];
    yield webhookLines('PostgreSQL', await measureWebhooks({ postgres: { own, least } }));
    yield await waitingLines();
    yield await arrivalLines();
    yield await growthLines(databases);
    yield await clickLines();
    yield await processLines(databases);
    yield await stormLines();
    yield await widgetLines();
  } finally {
    await databases.stop();
  }
}

function readLines(database: string, goal: number, reads: Reads): readonly Line[] {
  const kinds: Readonly<Record<keyof Reads, string>> = {
    found: '200',
    unchanged: '304',
    foundAmongMany: '200, 16 in a turn',
    unchangedAmongMany: '304, 16 in a turn',
    firstSeen: '200, a new token',
  };
  return Object.entries(kinds).flatMap(([kind, name]) => {
    const measured = reads[kind as keyof Reads];
    const [own, byHand] = [named(measured, 'Billhook'), named(measured, 'written by hand')];
    const ours = `${own.cpuMicroseconds.toFixed(0)} µs CPU`;
    const what = `read ${name}, ${database}`;
    // A new token has to be verified: no handler that does so is bare.
    const isNew = kind === 'firstSeen';
    return [
      {
        what,
        ours,
        baseline: 'bare Hono, same bytes',
        ratio: own.againstFirst,
        limit: bare,
        goal: isNew ? null : { atLeast: goal },
      },
      {
        what,
        ours,
        baseline: 'written by hand',
        ratio: own.againstFirst / byHand.againstFirst,
        limit: '',
        goal: { atLeast: isNew ? 1 : 2 },
      },
    ];
  });
}

async function refusalLines(): Promise<readonly Line[]> {
  const refusals = await measureRefusals();
  return refusals.map(({ what, good, microseconds, ratio }) => ({
    what,
    ours: `${microseconds.toFixed(0)} µs CPU`,
    baseline: good,
    ratio: 1 / ratio,
    limit: '',
    goal: { atMost: 2 },
  }));
}

function webhookLines(database: string, { oneClient, manyClients }: Webhooks): readonly Line[] {
  const lineOf = (clients: string, measured: readonly Measured[], atLeast: number): Line => {
    const { perSecond, rateAgainstFirst } = named(measured, 'Billhook');
    return {
      what: `webhook, ${clients}, ${database}`,
      ours: `${perSecond.toFixed(0)} a second`,
      baseline: 'verify, and one commit each',
      ratio: rateAgainstFirst,
      limit: 'the disk',
      goal: { atLeast },
    };
  };
  return [lineOf('one client', oneClient, 0.7), lineOf('64 clients', manyClients, 3)];
}

async function waitingLines(): Promise<readonly Line[]> {
  const { ours, bare: least } = await measureWaiting();
  return [
    {
      what: 'memory of a poll, 5,000 wait',
      ours: `${(ours / 1_000).toFixed(1)} kB`,
      baseline: 'a bare handler that waits',
      ratio: ours / least,
      limit: bare,
      goal: { atMost: 1.5 },
    },
  ];
}

async function arrivalLines(): Promise<readonly Line[]> {
  const arrivals = await measureArrivals([1_000, 5_000]);
  const goals: Readonly<Record<number, number>> = { 1_000: 100, 5_000: 250 };
  return arrivals.flatMap(({ waiting, p50, p99 }) => {
    const limitMs = goals[waiting];
    if (limitMs === undefined) return [];
    const what = `webhook’s 200 → poll, ${waiting.toLocaleString('en')} wait`;
    const ours = `p50 ${p50.toFixed(0)}, p99 ${p99.toFixed(0)} ms`;
    return [{ what, ours, baseline: `p99 of ${limitMs} ms`, ratio: p99 / limitMs, limit: '', goal: { atMost: 1 } }];
  });
}

/** Half of the customers are stale. */
async function growthLines(databases: Postgres): Promise<readonly Line[]> {
  const stores: Readonly<Record<string, (stale: number) => Promise<QueueLedger>>> = {
    SQLite: sqliteQueue,
    PostgreSQL: async (stale) => await postgresQueue(stale, await databases.createDatabase()),
  };
  const lines: Line[] = [];
  for (const [name, open] of Object.entries(stores)) {
    // oxlint-disable-next-line no-await-in-loop -- one database after the other
    const ledgers = await Promise.all([500, 500_000].map(open));
    for (const [what, operation] of Object.entries<Operation>(operations)) {
      // oxlint-disable-next-line no-await-in-loop -- as above
      const [short = Number.NaN, long = Number.NaN] = await timesOf(operation, ledgers);
      lines.push({
        what: `${what} of 1,000,000, ${name}`,
        ours: `${long.toFixed(2)} ms`,
        baseline: 'of 1,000',
        ratio: long / short,
        limit: '1',
        goal: operation.isPart === true ? null : { atMost: 1.2 },
      });
    }
    // oxlint-disable-next-line no-await-in-loop -- as above
    await Promise.all(ledgers.map((ledger) => ledger.close()));
  }
  return lines;
}

async function clickLines(): Promise<readonly Line[]> {
  const { stripeCalls, tookMs, stripeMs } = await measureClick();
  const ours = `${stripeCalls} call${stripeCalls === 1 ? '' : 's'}`;
  const ownMs = Math.max(0, tookMs - stripeMs);
  return [
    {
      what: 'a click, calls to Stripe',
      ours,
      baseline: 'one call',
      ratio: stripeCalls,
      limit: '1',
      goal: { atMost: 1 },
    },
    {
      what: 'a click, beyond Stripe’s call',
      ours: `${ownMs.toFixed(1)} ms`,
      baseline: '10 ms',
      ratio: ownMs / 10,
      limit: '0',
      goal: { atMost: 1 },
    },
  ];
}

async function stormLines(): Promise<readonly Line[]> {
  const customers = Number(process.env['STORM'] ?? 1_000);
  const figures = await measureStorm(customers);
  const { fetchesACustomer, withOwnEvents, heldMs, held, readMs, peakMegabytes, megabytesBefore } = figures;
  const [taken, seconds] = [figures.deliveredSeconds.toFixed(0), figures.seconds.toFixed(0)];
  const storm = `storm of ${customers.toLocaleString('en')} × 5`;
  const line = (what: string, ours: string, baseline: string, ratio: number): Line => ({
    what: `${storm}, ${what}`,
    ours,
    baseline,
    ratio,
    limit: '',
    goal: { atMost: 1 },
  });
  return [
    line(
      'fetches',
      `${fetchesACustomer.toFixed(2)} a customer, ${withOwnEvents.toFixed(2)} with the pages’; events ${taken} s, all ${seconds} s`,
      '1.3 a customer',
      fetchesACustomer / 1.3,
    ),
    line('held poll', `${heldMs.toFixed(0)} ms beyond Stripe, of ${held}`, '1,000 ms', heldMs / 1_000),
    line('read p95', `${readMs.toFixed(0)} ms`, '50 ms', readMs / 50),
    {
      ...line(
        'peak memory',
        `${peakMegabytes.toFixed(0)} MB, the server’s`,
        'before it',
        peakMegabytes / megabytesBefore,
      ),
      goal: null,
    },
  ];
}
