/**
 * A pooler that lends its sessions for a transaction alone, played by a server whose sessions seem to be others: it is
 * recognised, and each transaction brings its settings along. A real PgBouncer is asked in `pgbouncer.test.ts`.
 */

import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PostgresDatabase } from '../../server/src/ledger/postgres/database.ts';
import { readPostgresAddress } from '../../server/src/ledger/postgres/address.ts';
import { openPostgresStore } from '../../server/src/ledger/postgres/ledger.ts';
import { lendsSessions } from '../../server/src/ledger/postgres/settings.ts';
import { sharedPostgres } from '../support/shared-postgres.ts';
import { deadlocksOf } from './databases.ts';
import { acme, t0 } from './harness.ts';

let address: string;
let statements: [client: Client, text: string][];
/** What the server says of its sessions, one question after the other; `null`: the truth. */
let sessions: (number | null)[];
/** What it says of its settings in place of the truth. */
let settled: Readonly<Record<string, string>>[] | null;

beforeEach(async () => {
  address = await (await sharedPostgres()).createDatabase();
  statements = [];
  sessions = [];
  settled = null;
  const { query } = Client.prototype;
  vi.spyOn(Client.prototype, 'query').mockImplementation(async function (this: Client, text: string, ...more: never[]) {
    statements.push([this, text]);
    const answer: { rows: object[] } = await Reflect.apply(query, this, [text, ...more]);
    if (settled !== null && text.startsWith('SELECT current_setting')) return { rows: settled };
    if (text !== 'SELECT pg_backend_pid() AS pid') return answer;
    const pid = sessions.shift() ?? null;
    return pid === null ? answer : { rows: [{ pid }] };
  } as never);
});
afterEach(() => void vi.restoreAllMocks());

const questions = () => statements.filter(([, text]) => text === 'SELECT pg_backend_pid() AS pid').length;

describe('sessions that are lent', () => {
  const other = 2 ** 30;

  it.each<[what: string, lends: boolean, asked: number, answers: (number | null)[]]>([
    ['not, where each connection keeps its own', false, 3, []],
    ['where another connection gets the one that was just used', true, 2, [other, other]],
    ['where a connection gets another one the next time', true, 3, [null, null, other]],
    [
      'where the server’s key is not the session’s: found at the last look',
      true,
      41,
      [...Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? other : null)), 1],
    ],
    [
      'not, where a pooler gives each connection a session',
      false,
      41,
      Array.from({ length: 41 }, (_, index) => (index % 2 === 0 ? other : null)),
    ],
  ])('%s', async (_, lends, asked, answers) => {
    sessions = answers;
    expect(await lendsSessions({ connectionString: address })).toBe(lends);
    expect(questions()).toBe(asked);
    // The second connection holds its session while the first one asks.
    const [first, ...more] = statements;
    const texts = more.map(([client, text]) => `${client === first?.[0] ? 'first' : 'second'} ${text.split(' ')[0]}`);
    const look = ['second BEGIN', 'second SELECT', 'first SELECT', 'second COMMIT'];
    expect(texts).toEqual(Array.from({ length: texts.length }, (__, index) => look[index % 4]));
    vi.restoreAllMocks();
    const operator = new Client({ connectionString: address });
    await operator.connect();
    // Answers when no session but this one is left.
    expect(await deadlocksOf(operator)).toBe(0);
    await operator.end();
  });

  it('are looked for before anything is made', async () => {
    const nowhere = new URL(address);
    nowhere.pathname = '/nowhere';
    await expect(lendsSessions({ connectionString: nowhere.href })).rejects.toMatchObject({ code: '3D000' });
  });
});

describe('a database behind such a pooler', () => {
  const settings = `SELECT current_setting('search_path') AS path, current_setting('synchronous_commit') AS durable,
    current_setting('statement_timeout') AS statement, current_setting('lock_timeout') AS lock,
    current_setting('idle_in_transaction_session_timeout') AS idle, current_setting('transaction_isolation') AS isolation`;
  const ours = {
    path: 'second',
    durable: 'on',
    statement: '10s',
    lock: '5s',
    idle: '15s',
    isolation: 'read committed',
  };

  it('has its settings in each transaction, and in none of others', async () => {
    const operator = new Client({ connectionString: address });
    await operator.connect();
    await operator.query(`ALTER DATABASE ${operator.database} SET default_transaction_isolation TO serializable`);
    await operator.end();
    sessions = [1, 1];
    const db = await PostgresDatabase.open(readPostgresAddress(`${address}?schema=second`), { pool: 1 });
    expect(db.lent).toBe(true);
    expect(await db.get(settings)).toEqual(ours);
    expect(await db.transaction((tx) => tx.get(settings))).toEqual(ours);
    expect(statements.some(([, text]) => /^SET (?!LOCAL|TRANSACTION)/.test(text))).toBe(false);
    await db.close();
  });

  it('listens to no connection', async () => {
    sessions = [1, 1];
    const store = await openPostgresStore(address);
    store.subscribe(() => undefined);
    await store.link(acme, 'cus_1', t0);
    expect(store.heard?.moment()).toBeNull();
    await store.close();
    expect(statements.filter(([, text]) => text.startsWith('LISTEN'))).toEqual([]);
  });
});

it('a session that is not lent has the settings once', async () => {
  const db = await PostgresDatabase.open(readPostgresAddress(address), { pool: 1 });
  expect(db.lent).toBe(false);
  await db.get('SELECT 1');
  await db.close();
  expect(statements.filter(([, text]) => text.startsWith('SET ')).map(([, text]) => text)).toEqual([
    `SET search_path TO 'billhook'; SET synchronous_commit TO 'on'; SET default_transaction_isolation TO 'read committed'; SET statement_timeout TO '10s'; SET lock_timeout TO '5s'; SET idle_in_transaction_session_timeout TO '15s'`,
  ]);
});

describe('a server that does not keep the settings is refused', () => {
  const kept = {
    search_path: 'billhook',
    synchronous_commit: 'on',
    default_transaction_isolation: 'read committed',
    statement_timeout: '10s',
    lock_timeout: '5s',
    idle_in_transaction_session_timeout: '15s',
  };
  const refusal = (answers: Readonly<Record<string, string>>[], asked: (number | null)[]) => {
    [settled, sessions] = [answers, asked];
    return PostgresDatabase.open(readPostgresAddress(address)).then(
      (db) => db.close(),
      (cause: unknown) => cause,
    );
  };

  it.each<[string, (number | null)[]]>([
    ['a session’s', []],
    ['a transaction’s', [1, 1]],
  ])('%s', async (_, asked) => {
    expect(await refusal([kept], [...asked])).toBeUndefined();
    for (const [answers, said] of [
      [[{ ...kept, lock_timeout: '0' }], 'lock_timeout is 0, not 5s: connect without what stands between'],
      [
        [{ ...kept, search_path: 'public' }],
        'search_path is public, not billhook: connect without what stands between',
      ],
      [[], 'search_path is undefined, not billhook: connect without what stands between'],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop -- one start after the other
      expect(await refusal([...answers], [...asked])).toMatchObject({
        code: 'store_unavailable',
        message: 'the database does not keep its session’s settings',
        cause: { message: said },
      });
    }
  });
});
