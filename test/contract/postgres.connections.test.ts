/** Connections to PostgreSQL: how they are made, doubted, given back and given up. */

import { randomUUID } from 'node:crypto';
import { Client, Pool, types } from 'pg';
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { StoreUnavailableError } from '../../server/src/ledger/errors.ts';
import { readPostgresAddress } from '../../server/src/ledger/postgres/address.ts';
import { connectionOf, PostgresDatabase, type DatabaseOptions } from '../../server/src/ledger/postgres/database.ts';
import { sharedPostgres } from '../support/shared-postgres.ts';
import { deadlocksOf } from './databases.ts';

let address: string;
const databases: PostgresDatabase[] = [];
beforeEach(async () => {
  address = await (await sharedPostgres()).createDatabase();
});
afterEach(async () => {
  vi.useRealTimers();
  vi.restoreAllMocks();
  await Promise.all(databases.splice(0).map((db) => db.close()));
});

async function open(options: DatabaseOptions = { pool: 1 }, at = address): Promise<PostgresDatabase> {
  const db = await PostgresDatabase.open(readPostgresAddress(at), options);
  databases.push(db);
  return db;
}

const session = async (db: Pick<PostgresDatabase, 'get'>) => (await db.get('SELECT pg_backend_pid() AS pid'))?.['pid'];
const failing = `SELECT 1 / 0`;

/** The texts of all statements, and how some of them fail. */
function statements(failOn: (text: string) => boolean = () => false): unknown[] {
  const asked: unknown[] = [];
  const { query } = Client.prototype;
  vi.spyOn(Client.prototype, 'query').mockImplementation(function (this: Client, ...given: unknown[]) {
    const [first] = given;
    asked.push(first);
    const text = typeof first === 'string' ? first : (first as { text: string }).text;
    return failOn(text) ? Promise.reject(new Error('cut')) : Reflect.apply(query, this, given);
  } as never);
  return asked;
}

describe('a connection', () => {
  const withOptions = (options: string) => connectionOf(readPostgresAddress(`postgres://h/app${options}`));

  it('has limits, a name, and the operator’s options alone', () => {
    const { types: _, ...config } = withOptions('?schema=second&sslmode=require');
    expect(config).toEqual({
      connectionString: 'postgres://h/app?sslmode=require',
      application_name: 'billhook',
      connectionTimeoutMillis: 5_000,
      query_timeout: 12_000,
      keepAlive: true,
    });
    expect(withOptions('?options=-cgeqo%3Doff')).toMatchObject({ options: '-cgeqo=off' });
  });

  it('gives whole numbers as such, and all else as the driver does', async () => {
    const { getTypeParser } = withOptions('').types;
    const bytes = Buffer.from([0, 0, 0, 0, 0, 0, 1, 0]);
    expect(getTypeParser(20, 'text')('256')).toBe(256);
    expect((getTypeParser(20, 'binary') as (value: Buffer) => unknown)(bytes)).toEqual(
      (types.getTypeParser(20, 'binary') as (value: Buffer) => unknown)(bytes),
    );
    expect(getTypeParser(16, 'text')('t')).toBe(true);
    const db = await open();
    expect(await db.get(`SELECT 9007199254740991::bigint AS large, true AS yes, 'a' AS text, NULL AS nothing`)).toEqual(
      {
        large: Number.MAX_SAFE_INTEGER,
        yes: true,
        text: 'a',
        nothing: null,
      },
    );
  });

  it('is one of ten, each for half an hour at most, and for half a minute without work', async () => {
    const pools = vi.spyOn(Pool.prototype, 'connect');
    await open({});
    await open({ pool: 2 });
    const options = pools.mock.contexts.map((pool) => Reflect.get(pool as object, 'options') as object);
    expect(options).toMatchObject(
      [10, 2].map((max) => ({ max, idleTimeoutMillis: 30_000, maxLifetimeSeconds: 1_800 })),
    );
  });

  it('that lay idle for 5 s is asked whether it stands, has 2 s to answer, and is replaced when it does not', async () => {
    let now = Date.now();
    vi.spyOn(Date, 'now').mockImplementation(() => now);
    const db = await open();
    const first = await session(db);
    let stands = true;
    const asked = statements((text) => text === 'SELECT 1' && !stands);
    const questions = () => asked.filter((each) => (each as { text?: string }).text === 'SELECT 1');
    now += 4_999;
    expect([await session(db), questions().length]).toEqual([first, 0]);
    now += 5_000;
    expect(await session(db)).toBe(first);
    expect(questions()).toEqual([{ text: 'SELECT 1', query_timeout: 2_000 }]);
    stands = false;
    now += 5_000;
    const next = await session(db);
    expect([next === first, questions().length]).toEqual([false, 2]);
    expect(await session(db), 'a new one is not in doubt').toBe(next);
    const rows = await db.all(`SELECT pid FROM pg_stat_activity WHERE pid = ANY('{${String(first)}}')`);
    expect(rows, 'the old one is closed').toEqual([]);
  });

  it('that breaks while nothing is asked of it does not end the process', async () => {
    const clients = vi.spyOn(Client.prototype, 'query');
    const db = await open();
    const work = db.transaction(async (tx) => {
      const client = clients.mock.contexts.at(-1) as Client;
      expect(() => client.emit('error', new Error('cut'))).not.toThrow();
      await tx.get('SELECT 1 AS one');
    });
    await expect(work).resolves.toBeUndefined();
    // And one that lies idle.
    expect(() => (clients.mock.contexts.at(-1) as Client).emit('error', new Error('cut'))).not.toThrow();
    expect(await db.get('SELECT 1 AS one')).toEqual({ one: 1 });
  });

  it('that no place is free for in 5 s is given up', async () => {
    const db = await open();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    let end: () => void = () => undefined;
    const holds = new Promise<void>((done) => (end = done));
    let isHeld: () => void = () => undefined;
    const held = new Promise<void>((done) => (isHeld = done));
    const first = db.transaction(async () => {
      isHeld();
      await holds;
    });
    await held;
    const second = db.get('SELECT 1 AS one');
    const refused = expect(second).rejects.toThrow('the database cannot be connected to');
    await vi.advanceTimersByTimeAsync(5_000);
    await refused;
    await expect(second).rejects.toThrow(StoreUnavailableError);
    end();
    await first;
  });

  it('that the server has no place for is said so', async () => {
    await expect(PostgresDatabase.open(readPostgresAddress('postgres://127.0.0.1:1/app'))).rejects.toThrow(
      'the database server cannot be reached',
    );
    vi.spyOn(Client.prototype, 'connect').mockRejectedValue(new Error('of which nothing is known') as never);
    await expect(open()).rejects.toThrow('the database cannot be connected to');
  });

  it('of a ledger that cannot be opened is closed', async () => {
    await expect(open({ looking: true })).rejects.toThrow('there is no ledger');
    const operator = new Client({ connectionString: address });
    await operator.connect();
    onTestFinished(() => operator.end());
    // Answers when no session but this one is left.
    expect(await deadlocksOf(operator)).toBe(0);
  });

  it('may be closed twice', async () => {
    const db = await open();
    await db.close();
    await expect(db.close()).resolves.toBeUndefined();
  });
});

describe('a transaction', () => {
  const noted = (db: PostgresDatabase) => db.all(`SELECT key FROM meta WHERE key <> 'schema_version'`);
  const note = `INSERT INTO meta (key, value) VALUES ('noted', '1')`;

  it('leaves nothing behind when its work fails, and its connection goes on', async () => {
    const db = await open();
    const before = await session(db);
    const work = db.transaction(async (tx) => {
      expect(await tx.run(note)).toBe(1);
      throw new Error('thought better of it');
    });
    await expect(work).rejects.toThrow('thought better of it');
    expect([await noted(db), await session(db)]).toEqual([[], before]);
    await expect(db.transaction((tx) => tx.run(failing))).rejects.toThrow('the ledger cannot be used');
    expect(await session(db), 'after a statement that failed').toBe(before);
    expect(await db.transaction(async (tx) => [await tx.run(note), await tx.all('SELECT 1 AS one')])).toEqual([
      1,
      [{ one: 1 }],
    ]);
    expect(await noted(db)).toEqual([{ key: 'noted' }]);
  });

  it('that hides a failed statement fails all the same', async () => {
    const db = await open();
    const work = db.transaction(async (tx) => {
      await tx.run(note);
      await tx.run(failing).catch(() => undefined);
    });
    await expect(work).rejects.toThrow('a transaction ended with ROLLBACK');
    expect(await noted(db)).toEqual([]);
  });

  it.each(['ROLLBACK', 'BEGIN'])('gives its connection up when it cannot say %s', async (word) => {
    const db = await open();
    const before = await session(db);
    let fails = true;
    statements((text) => text === word && fails);
    const work = db.transaction(async () => {
      throw new Error('thought better of it');
    });
    await expect(work).rejects.toThrow(word === 'BEGIN' ? 'the ledger cannot be used' : 'thought better of it');
    fails = false;
    expect(await session(db)).not.toBe(before);
  });

  it('tells what it has notified of when it has ended, also when it failed', async () => {
    const told: (readonly string[])[] = [];
    const db = await open({ pool: 1, onTold: (payloads) => told.push(payloads) });
    told.splice(0);
    await db.transaction(async (tx) => {
      await tx.run(`SELECT @news::text`, { news: 'one' });
      await tx.run(`SELECT unnest(@payloads::text[])`, { payloads: ['two', 'three'] });
      await tx.run(`SELECT @other::text`, { other: 'four' });
      await tx.run(`SELECT @news::text, @payloads::text`, { news: null, payloads: null });
      expect(told).toEqual([]);
    });
    await expect(db.transaction((tx) => tx.run(`SELECT 1 / 0, @news::text`, { news: 'five' }))).rejects.toThrow();
    await db.run(`SELECT @news::text`, { news: 'six' });
    await expect(db.run(`SELECT 1 / 0, @news::text`, { news: 'seven' })).rejects.toThrow();
    expect(told).toEqual([['one', 'two', 'three'], ['five'], ['six'], ['seven']]);
  });
});

describe('a statement alone', () => {
  it('answers its rows, or how many they were', async () => {
    const db = await open();
    const two = `SELECT n FROM generate_series(1, 2) AS n`;
    expect([await db.run(two), await db.get(two), await db.all(two), await db.get(`${two} WHERE false`)]).toEqual([
      2,
      { n: 1 },
      [{ n: 1 }, { n: 2 }],
      undefined,
    ]);
    expect(await db.run(`SET application_name TO 'other'`), 'there are none').toBe(0);
  });

  it('is one message, and binds each name once, wherever it stands', async () => {
    const db = await open();
    const asked = statements();
    // Never sent before: what was sent is remembered.
    const name = randomUUID();
    const sql = `SELECT @second::text AS b, @first::text AS a, @second::text || @first::text AS "${name}"`;
    for (const [first, second] of [
      ['1', '2'],
      ['3', '4'],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- the second time it is known
      expect(await db.get(sql, { first, second })).toEqual({ a: first, b: second, [name]: `${second}${first}` });
    }
    const text = `SELECT $1::text AS b, $2::text AS a, $1::text || $2::text AS "${name}"`;
    expect(asked).toEqual([text, text]);
  });

  it('that fails leaves its connection, and one that the server ended is replaced', async () => {
    const db = await open();
    const before = await session(db);
    await expect(db.get(failing)).rejects.toThrow('the ledger cannot be used');
    expect(await session(db)).toBe(before);
    await expect(db.get(`SELECT pg_terminate_backend(pg_backend_pid())`)).rejects.toThrow(
      'the database server is stopping',
    );
    expect(await session(db)).not.toBe(before);
    await (await sharedPostgres()).cutConnections(address);
    // The pool has heard of it, or the next call does.
    await session(db).catch(() => undefined);
    expect(typeof (await session(db))).toBe('number');
  });
});
