/** The tables in PostgreSQL: made once, brought up to date from each earlier version, by a user that may do no more. */

import { Client } from 'pg';
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from 'vitest';
import { readPostgresAddress } from '../../server/src/ledger/postgres/address.ts';
import { PostgresDatabase } from '../../server/src/ledger/postgres/database.ts';
import { migrations } from '../../server/src/ledger/postgres/schema.ts';
import { sharedPostgres } from '../support/shared-postgres.ts';

let address: string;
let operator: Client;
beforeEach(async () => {
  address = await (await sharedPostgres()).createDatabase();
  operator = new Client({ connectionString: address });
  await operator.connect();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await operator.end();
});

const start = async (at = address) => (await PostgresDatabase.open(readPostgresAddress(at), { pool: 1 })).close();

const version = async () =>
  (await operator.query<object>(`SELECT value FROM billhook.meta WHERE key = 'schema_version'`)).rows;

async function shape() {
  const columns = await operator.query<object>(
    `SELECT table_name, column_name, data_type, collation_name, is_nullable, column_default FROM information_schema.columns
     WHERE table_schema = 'billhook' ORDER BY table_name, column_name`,
  );
  const indexes = await operator.query<object>(
    `SELECT indexdef FROM pg_indexes WHERE schemaname = 'billhook' ORDER BY indexdef`,
  );
  return { columns: columns.rows, indexes: indexes.rows };
}

it('are the same from each earlier version, and are not touched again', async () => {
  await start();
  const wanted = await shape();
  expect(await version()).toEqual([{ value: String(migrations.length) }]);
  for (let earlier = 0; earlier < migrations.length; earlier += 1) {
    // oxlint-disable no-await-in-loop -- one version after the other
    await operator.query('DROP SCHEMA billhook CASCADE; CREATE SCHEMA billhook');
    await operator.query('BEGIN; SET LOCAL search_path TO billhook');
    await operator.query('CREATE TABLE meta (key text COLLATE "C" PRIMARY KEY, value text NOT NULL)');
    await operator.query(`INSERT INTO meta (key, value) VALUES ('schema_version', '${earlier}'), ('other', '7')`);
    for (const sql of migrations.slice(0, earlier)) await operator.query(sql);
    await operator.query('COMMIT');
    await start();
    expect(await shape(), `from ${earlier}`).toEqual(wanted);
    expect(await version()).toEqual([{ value: String(migrations.length) }]);
    // oxlint-enable no-await-in-loop
  }
  expect((await operator.query(`SELECT value FROM billhook.meta WHERE key = 'other'`)).rows).toEqual([{ value: '7' }]);
  const written = async () => (await operator.query<object>(`SELECT xmin FROM billhook.meta ORDER BY key`)).rows;
  const before = await written();
  await start();
  expect(await written(), 'nothing is written at a later start').toEqual(before);
});

it('are made for as long as it takes, and under the lock of their schema’s name', async () => {
  const limits: object[] = [];
  const { query } = Client.prototype;
  vi.spyOn(Client.prototype, 'query').mockImplementation(async function (this: Client, text: string, ...more: never[]) {
    if (this !== operator && /^\s*CREATE /.test(text)) {
      const asked: { rows: object[] } = await Reflect.apply(query, this, [
        `SELECT current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock,
           (SELECT count(*)::int FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory') AS held`,
      ]);
      limits.push(...asked.rows);
    }
    return (await Reflect.apply(query, this, [text, ...more])) as never;
  } as never);
  await start();
  expect(limits, 'the schema, its version, and its tables').toHaveLength(3);
  for (const limit of limits) expect(limit).toEqual({ statement: '0', lock: '0', held: 1 });

  // Another schema’s start waits for nothing of this one’s.
  await operator.query(`BEGIN; SELECT pg_advisory_xact_lock(hashtextextended('billhook schema billhook', 0))`);
  await start(`${address}?schema=second`);
  const own = start();
  const waits = `SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`;
  while ((await operator.query(waits)).rowCount === 0);
  await operator.query('COMMIT');
  await own;
});

it('need no right to make a schema that is there, nor any table of another’s', async () => {
  await operator.query(`DROP ROLE IF EXISTS tenant; CREATE ROLE tenant LOGIN PASSWORD 'tenant';
    CREATE SCHEMA billhook AUTHORIZATION tenant`);
  onTestFinished(async () => {
    const client = new Client({ connectionString: address });
    await client.connect();
    await client.query('DROP OWNED BY tenant CASCADE; DROP ROLE tenant');
    await client.end();
  });
  const tenant = new URL(address);
  [tenant.username, tenant.password] = ['tenant', 'tenant'];
  await start(tenant.href);
  await start(tenant.href);
  expect(await version()).toEqual([{ value: String(migrations.length) }]);
});

it('of a newer program are refused, with both versions', async () => {
  await start();
  await operator.query(`UPDATE billhook.meta SET value = '99' WHERE key = 'schema_version'`);
  await expect(start()).rejects.toMatchObject({
    message: 'the ledger was written by a newer program',
    cause: { message: `its schema is version 99, newer than this program’s ${migrations.length}` },
  });
});

it('that lie in public are named with what moves them; those of a host are not', async () => {
  await operator.query(`CREATE TABLE public.meta (key text); CREATE TABLE public.customers (id text)`);
  await start();
  await operator.query(`DROP SCHEMA billhook CASCADE; DROP TABLE public.meta; DROP TABLE public.customers`);
  await start(`${address}?schema=public`);
  // A host's own table stays where it is.
  await operator.query(
    `CREATE TABLE public.of_the_host (id text); CREATE VIEW public.customers_view AS SELECT 1 AS one`,
  );
  const tables = [
    'budget',
    'checkouts',
    'customers',
    'events',
    'intents',
    'introductions',
    'jobs',
    'link_changes',
    'meta',
    'outbox',
    'prices',
    'products',
    'revisions',
    'syncs',
    'visits',
  ];
  const moves = tables.map((name) => `ALTER TABLE public.${name} SET SCHEMA "billhook"`).join('; ');
  await expect(start()).rejects.toMatchObject({
    code: 'store_unavailable',
    message: 'the ledger’s tables are in the schema public',
    cause: {
      message: `an earlier start behind a pooler made them there. While no server runs, move them: CREATE SCHEMA "billhook"; ${moves}; or use them where they are: add ?schema=public to the address`,
    },
  });
  await start(`${address}?schema=public`);
});
