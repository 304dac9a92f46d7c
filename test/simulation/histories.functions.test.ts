/**
 * B14: the same histories on functions: processes that are frozen whenever they answer no request, which no platform keeps
 * alive after an answer and nothing but a cron calls; and behind a PgBouncer in both of its modes.
 */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPostgresStore } from '../../server/src/ledger/postgres/ledger.ts';
import { openSqliteStore } from '../../server/src/ledger/sqlite/ledger.ts';
import { pgbouncerModes, pgbouncerProgram, startPgbouncer, type Pgbouncer } from '../support/pgbouncer.ts';
import { sharedPostgres } from '../support/shared-postgres.ts';
import { billhookLedger } from './billhook-ledger.ts';
import { play, runs, told } from './property.ts';

const timeLimitMs = 3 * 60 * 60_000;
const onSqlite = Math.ceil(runs / 5);
const onPostgres = Math.ceil(runs / 100);

it(
  `${onSqlite} histories of functions end with the ledger equal to Stripe, and no reader saw newer replaced by older`,
  async () => {
    const open = billhookLedger(async () => openSqliteStore(':memory:'), undefined, 'functions');
    const outcome = await play(open, onSqlite, true);
    process.stdout.write(`\n  Functions on SQLite: ${told(outcome)}\n`);
    expect(outcome.broken).toBeNull();
    expect(outcome.tally.crashes).toBeGreaterThan(onSqlite / 2);
  },
  timeLimitMs,
);

it('without the cron they would not: a function alone does not come to rest', async () => {
  const open = billhookLedger(async () => openSqliteStore(':memory:'), undefined, 'functions');
  const outcome = await play(async (settings) => ({ ...(await open(settings)), needsCron: false }), 50, false);
  expect(outcome.broken).toMatch(/never comes to rest/);
});

const missing = pgbouncerProgram === null ? 'pgbouncer is not on this machine' : false;

describe.skipIf(missing).each(pgbouncerModes)('behind PgBouncer in %s mode', (mode) => {
  let pgbouncer: Pgbouncer;
  let database: string;
  beforeAll(async () => {
    database = await (await sharedPostgres()).createDatabase();
    pgbouncer = await startPgbouncer(database, mode);
  });
  afterAll(() => pgbouncer.stop());

  it.each(['servers', 'functions'] as const)(
    `${onPostgres} histories of %s`,
    async (kind) => {
      let ledgers = 0;
      const openStore = () =>
        openPostgresStore(`${pgbouncer.through(database)}?schema=history_${kind}_${ledgers++}`, 3);
      const outcome = await play(billhookLedger(openStore, undefined, kind), onPostgres, true);
      process.stdout.write(`\n  ${kind} behind PgBouncer (${mode}): ${told(outcome)}\n`);
      expect(outcome.broken).toBeNull();
    },
    timeLimitMs,
  );
});
