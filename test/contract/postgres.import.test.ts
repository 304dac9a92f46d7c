/** A ledger that is received: page by page, counted, into tables that are not used, or not at all. */

import { Client } from 'pg';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { readPostgresAddress } from '../../server/src/ledger/postgres/address.ts';
import { PostgresDatabase } from '../../server/src/ledger/postgres/database.ts';
import { epochHere, receiveLedger, type MovedTable } from '../../server/src/ledger/postgres/import.ts';
import { sharedPostgres } from '../support/shared-postgres.ts';

let db: PostgresDatabase;
beforeEach(async () => {
  const address = await (await sharedPostgres()).createDatabase();
  db = await PostgresDatabase.open(readPostgresAddress(address), { pool: 2 });
});
afterEach(async () => {
  vi.restoreAllMocks();
  await db.close();
});

const table = (name: string, rows: readonly Readonly<Record<string, unknown>>[], change: Partial<MovedTable> = {}) =>
  ({
    name,
    columns: Object.keys(rows[0] ?? { id: '' }),
    rows,
    count: rows.length,
    lastNumber: null,
    ...change,
  }) as MovedTable;

const products = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: `prod_${index}`, name: 'Team' }));

async function received(...tables: readonly MovedTable[]) {
  const told: [name: string, rows: number][] = [];
  await receiveLedger(db, tables, (name, rows) => told.push([name, rows]));
  return told;
}

it('arrives in pages of 500 rows', async () => {
  const query = vi.spyOn(Client.prototype, 'query');
  for (const [count, pages] of [
    [0, 0],
    [1, 1],
    [500, 1],
    [1_001, 3],
  ] as const) {
    // oxlint-disable-next-line no-await-in-loop -- one ledger after the other
    await db.run('DELETE FROM products');
    query.mockClear();
    // oxlint-disable-next-line no-await-in-loop -- as above
    expect(await received(table('products', products(count)))).toEqual([['products', count]]);
    const writes = query.mock.calls.filter(([text]) => String(text).startsWith('INSERT INTO products'));
    expect(writes, `${count} rows`).toHaveLength(pages);
  }
  expect(await db.get(`SELECT count(*) AS count, max(name) AS name FROM products`)).toEqual({
    count: 1_001,
    name: 'Team',
  });
});

it('finds the tables unused: the version of the schema alone is there', async () => {
  expect(await epochHere(db)).toBeNull();
  const meta = [{ key: 'epoch', value: 'one' }, { key: 'digest_key', value: 'two' }]; // prettier-ignore
  expect(await received(table('meta', meta), table('products', products(1)))).toEqual([
    ['meta', 2],
    ['products', 1],
  ]);
  expect(await epochHere(db)).toBe('one');
  await expect(received(table('products', []), table('meta', []))).rejects.toMatchObject({
    message: 'the database holds a ledger already',
    cause: 'rows in "products"',
  });
  await db.run('DELETE FROM products');
  await expect(received(table('products', []), table('meta', []))).rejects.toMatchObject({ cause: 'rows in "meta"' });
});

it('leaves nothing behind where not everything arrived', async () => {
  const short = table('products', products(2), { count: 3 });
  await expect(received(table('prices', [{ id: 'price_1', facts: '{}' }]), short)).rejects.toMatchObject({
    code: 'store_unavailable',
    message: 'not everything arrived',
    cause: '2 of 3 rows in "products"',
  });
  expect(await db.get(`SELECT 1 FROM prices UNION ALL SELECT 1 FROM products`)).toBeUndefined();
});

it('goes on with the number after the last that was given, where one was', async () => {
  const sync = { customer: 'cus_1', at: 1, ended_at: 1, cause: 'link', ticket: 1, claim: 1, outcome: 'changed' };
  const next = async () =>
    (
      await db.get(`INSERT INTO syncs (${Object.keys(sync).join(', ')})
      VALUES ('cus_1', 1, 1, 'link', 1, 1, 'changed') RETURNING sequence`)
    )?.['sequence'];
  await received(table('syncs', [], { lastNumber: 0 }));
  expect(await next()).toBe(1);
  await db.run('DELETE FROM syncs');
  await received(table('syncs', [], { lastNumber: null }));
  expect(await next()).toBe(2);
  await db.run('DELETE FROM syncs');
  await received(table('syncs', [{ ...sync, sequence: 7 }], { lastNumber: 9 }));
  expect(await next()).toBe(10);
});

it('lets go what processes held: they wrote to the old ledger', async () => {
  const customer = (id: string, until: number) =>
    ({ customer: id, host: 'acme', account: id, linked_at: 1, lease_until: until, next_attempt_at: 5 }); // prettier-ignore
  const event = (id: string, closed: number | null) =>
    ({ event: id, type: 'ping', received_at: 1, closed_at: closed, next_attempt_at: 5 }); // prettier-ignore
  const notice = (id: string, settled: number | null) =>
    ({ id, receiver: 'webhook', host: 'acme', account: 'a', customer: 'c', revision: 1, at: 1, written_at: 1, type: 't', data: '{}', next_attempt_at: 5, settled_at: settled, attempts: 1, sequence: settled ?? 9 }); // prettier-ignore
  await received(
    table('customers', [customer('free', 0), customer('held', 9)]),
    table('events', [event('closed', 2), event('open', null)]),
    table('outbox', [notice('settled', 2), notice('open', null)]),
    table('jobs', [{ job: 'sweep', turn: 3, lease_until: 9 }]),
  );
  expect(await db.all(`SELECT customer, lease_until, next_attempt_at FROM customers ORDER BY 1`)).toEqual([
    { customer: 'free', lease_until: 0, next_attempt_at: 5 },
    { customer: 'held', lease_until: 0, next_attempt_at: 5 },
  ]);
  for (const [name, key] of [
    ['events', 'event'],
    ['outbox', 'id'],
  ] as const) {
    // oxlint-disable-next-line no-await-in-loop -- one table after the other
    const rows = await db.all(`SELECT ${key} AS id, next_attempt_at FROM ${name} ORDER BY 2`);
    expect(rows, name).toEqual([
      { id: 'open', next_attempt_at: 0 },
      { id: name === 'events' ? 'closed' : 'settled', next_attempt_at: 5 },
    ]);
  }
  expect(await db.all(`SELECT job, turn, lease_until FROM jobs`)).toEqual([{ job: 'sweep', turn: 3, lease_until: 0 }]);
});

it('takes as long as it takes, and a server that starts meanwhile waits', async () => {
  const { query } = Client.prototype;
  const limits: object[] = [];
  vi.spyOn(Client.prototype, 'query').mockImplementation(async function (this: Client, text: string, ...more: never[]) {
    if (text.startsWith('INSERT INTO products')) {
      const asked: { rows: object[] } = await Reflect.apply(query, this, [
        `SELECT current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock,
           (SELECT mode FROM pg_locks WHERE relation = 'meta'::regclass AND pid = pg_backend_pid()) AS held`,
      ]);
      limits.push(...asked.rows);
    }
    return (await Reflect.apply(query, this, [text, ...more])) as never;
  } as never);
  await received(table('products', products(1)));
  expect(limits).toEqual([{ statement: '0', lock: '0', held: 'AccessExclusiveLock' }]);
});
