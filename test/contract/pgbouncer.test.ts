/**
 * L42: the ledger behind a PgBouncer with its own configuration, in both modes: its settings hold, its tables are in its schema.
 * The whole contract with `PGBOUNCER=whole`.
 */

import process from 'node:process';
import { Client } from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PostgresDatabase } from '../../server/src/ledger/postgres/database.ts';
import { readPostgresAddress } from '../../server/src/ledger/postgres/address.ts';
import { openPostgresStore } from '../../server/src/ledger/postgres/ledger.ts';
import { lendsSessions } from '../../server/src/ledger/postgres/settings.ts';
import { asOperator } from '../support/as-operator.ts';
import { pgbouncerModes, pgbouncerProgram, startPgbouncer, type Pgbouncer } from '../support/pgbouncer.ts';
import type { Databases } from '../support/postgres.ts';
import { sharedPostgres } from '../support/shared-postgres.ts';
import { billingStoreContract } from './billing-store.ts';
import { postgresLedger } from './databases.ts';
import { acme, eventFor, t0 } from './harness.ts';

const missing = pgbouncerProgram === null ? 'pgbouncer is not on this machine' : false;

let postgres: Databases;
beforeAll(async () => {
  postgres = await sharedPostgres();
});

describe.skipIf(missing).each(pgbouncerModes)('behind PgBouncer in %s mode', (mode) => {
  let pgbouncer: Pgbouncer;
  let database: string;
  let operator: Client;
  beforeAll(async () => {
    database = await postgres.createDatabase();
    // Defaults that would lose commits and fail transactions, as an operator may have them.
    const name = new URL(database).pathname.slice(1);
    await asOperator(database, (client) =>
      client.query(`ALTER DATABASE ${name} SET synchronous_commit TO off;
        ALTER DATABASE ${name} SET default_transaction_isolation TO serializable`),
    );
    operator = new Client({ connectionString: database });
    await operator.connect();
    pgbouncer = await startPgbouncer(database, mode);
  });
  afterAll(async () => {
    await pgbouncer.stop();
    await operator.end();
  });

  it('is recognised, and no statement runs under other settings', async () => {
    const db = await PostgresDatabase.open(readPostgresAddress(pgbouncer.through(database)));
    try {
      expect(db.lent).toBe(mode === 'transaction');
      const sql = `SELECT current_setting('search_path') AS path, current_setting('synchronous_commit') AS durable,
        current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock,
        current_setting('transaction_isolation') AS isolation`;
      const wanted = { path: 'billhook', durable: 'on', statement: '10s', lock: '5s', isolation: 'read committed' };
      const looks = Array.from({ length: 40 }, (_, index) =>
        index % 2 === 0 ? db.get(sql) : db.transaction((tx) => tx.get(sql)),
      );
      for (const look of await Promise.all(looks)) expect(look).toEqual(wanted);
    } finally {
      await db.close();
    }
  });

  it('is recognised while others take and return sessions at every moment', async () => {
    const pooled = pgbouncer.through(database);
    const others = Array.from({ length: 6 }, () => new Client({ connectionString: pooled }));
    await Promise.all(others.map((client) => client.connect()));
    const ended = new AbortController();
    const busy = others.map(async (client) => {
      // oxlint-disable-next-line no-await-in-loop -- one transaction after the other
      while (!ended.signal.aborted) await client.query('SELECT pg_sleep(random() * 0.002)');
    });
    try {
      const config = { connectionString: pooled };
      const outcomes: boolean[] = [];
      for (let start = 0; start < 40; start += 1) {
        // oxlint-disable-next-line no-await-in-loop -- one start after the other
        outcomes.push(await lendsSessions(config));
      }
      expect(new Set(outcomes)).toEqual(new Set([mode === 'transaction']));
    } finally {
      ended.abort();
      await Promise.all(busy);
      await Promise.all(others.map((client) => client.end()));
    }
  });

  it('keeps its tables in its schema, starts again, and leaves no setting behind for others', async () => {
    for (let start = 0; start < 3; start += 1) {
      const store = await openPostgresStore(pgbouncer.through(database));
      if (start === 0) await store.link(acme, 'cus_1', t0);
      expect(await store.recordEvent(eventFor(`evt_${start}`, { customer: 'cus_1' }), t0)).toBe('queued');
      await store.close();
    }
    const { rows } = await operator.query(
      `SELECT DISTINCT schemaname AS name FROM pg_tables WHERE tablename = 'customers'`,
    );
    expect(rows).toEqual([{ name: 'billhook' }]);
    // Another program of the host's, through the same pooler.
    const path = await asOperator(pgbouncer.through(database), (client) => client.query('SHOW search_path'));
    expect(path.rows).toEqual([{ search_path: '"$user", public' }]);
  });

  if (process.env['PGBOUNCER'] === 'whole') {
    billingStoreContract(
      `PostgreSQL behind PgBouncer (${mode})`,
      true,
      () => postgresLedger(database, operator, pgbouncer.through(database)),
      mode === 'session',
    );
  }
});

describe('tables that an earlier program made in public', () => {
  it('are named at the start, with the statements that move them', async () => {
    const address = await postgres.createDatabase();
    await (await openPostgresStore(`${address}?schema=public`)).close();
    const refused = await openPostgresStore(address).catch((cause: unknown) => cause);
    expect(refused).toMatchObject({
      code: 'store_unavailable',
      message: 'the ledger’s tables are in the schema public',
    });
    const said = (refused as { cause: Error }).cause.message;
    const statements = /move them: (?<all>[\s\S]*?); or use/.exec(said)?.groups?.['all'];
    const before = await openPostgresStore(`${address}?schema=public`);
    await before.link(acme, 'cus_1', t0);
    await before.close();
    await asOperator(address, (client) => client.query(statements ?? ''));
    const after = await openPostgresStore(address);
    try {
      expect(await after.findAccount(acme)).toMatchObject({ customer: 'cus_1' });
    } finally {
      await after.close();
    }
  });

  it('of a host that happen to have such names are none', async () => {
    const address = await postgres.createDatabase();
    await asOperator(address, (client) =>
      client.query('CREATE TABLE public.meta (key text); CREATE TABLE public.customers (id text)'),
    );
    await (await openPostgresStore(address)).close();
  });
});
