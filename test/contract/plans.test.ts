/** The plans of both ledgers' hot statements, on tables of some ten thousand rows. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Client, type QueryConfig } from 'pg';
import { afterAll, beforeAll, describe, vi } from 'vitest';
import { openPostgresStore } from '../../server/src/ledger/postgres/ledger.ts';
import { SqliteDatabase } from '../../server/src/ledger/sqlite/database.ts';
import { openSqliteStore } from '../../server/src/ledger/sqlite/ledger.ts';
import { sharedPostgres } from '../support/shared-postgres.ts';
import { fillLedger, growingTables, plansContract, type PlannedLedger } from './plans.ts';

const count = 20_000;
/** More than any page, batch or limit has. */
const many = 1_000;

describe('SQLite', () => {
  let ledger: PlannedLedger;
  let close: () => Promise<void>;
  beforeAll(async () => {
    const folder = await mkdtemp(join(tmpdir(), 'billhook-plans-'));
    const path = join(folder, 'ledger.db');
    const store = openSqliteStore(path);
    const behind = new Database(path);
    const spies = (['run', 'get', 'all'] as const).map((name) => vi.spyOn(SqliteDatabase.prototype, name));
    ledger = {
      store,
      execute: async (sql) => void behind.exec(sql),
      async asked(work) {
        for (const spy of spies) spy.mockClear();
        await work();
        return spies.flatMap(({ mock }) => mock.calls.map(([sql, bind]) => ({ sql, bind })));
      },
      async growing({ sql, bind }) {
        const steps = behind.prepare<[object], { detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all(bind as object);
        // A query bounded by given ids is sorted among them.
        const isBounded = sql.includes('@watched');
        return steps
          .map(({ detail }) => detail)
          .filter(
            (detail) =>
              growingTables.includes(/^SCAN (\w+)/.exec(detail)?.[1] ?? '') ||
              (!isBounded && detail.startsWith('USE TEMP B-TREE FOR ORDER BY')),
          );
      },
    };
    close = async () => {
      for (const spy of spies) spy.mockRestore();
      behind.close();
      await store.close();
      await rm(folder, { recursive: true });
    };
    for (const sql of fillLedger(count)) await ledger.execute(sql);
  });
  afterAll(() => close());
  plansContract(() => ledger);
});

interface Plan {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Plan Rows': number;
  readonly Plans?: readonly Plan[];
}

const nodesOf = (plan: Plan): Plan[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

describe('PostgreSQL', () => {
  let ledger: PlannedLedger;
  let close: () => Promise<void>;
  beforeAll(async () => {
    const address = await (await sharedPostgres()).createDatabase();
    const store = await openPostgresStore(address);
    const operator = new Client({ connectionString: address });
    await operator.connect();
    await operator.query('SET search_path = billhook');
    const spy = vi.spyOn(Client.prototype, 'query');
    ledger = {
      store,
      execute: async (sql) => void (await operator.query(sql)),
      async asked(work) {
        spy.mockClear();
        await work();
        const calls = spy.mock.calls as unknown as readonly (readonly [sql: string | QueryConfig, bind?: unknown])[];
        return calls
          .map(([sql, bind]) => (typeof sql === 'string' ? { sql, bind } : { sql: sql.text, bind: sql.values }))
          .filter(({ sql }) => /^\s*(?:SELECT|WITH|UPDATE|INSERT|DELETE)/.test(sql));
      },
      async growing({ sql, bind }) {
        const { rows } = await operator.query<{ 'QUERY PLAN': readonly [{ readonly Plan: Plan }] }>(
          `EXPLAIN (FORMAT JSON) ${sql}`,
          bind as unknown[],
        );
        return nodesOf((rows[0] as (typeof rows)[number])['QUERY PLAN'][0].Plan)
          .filter((node) => {
            const isScan = node['Node Type'] === 'Seq Scan' && growingTables.includes(node['Relation Name'] ?? '');
            // An incremental sort follows its index, and sorts among equals.
            const isGathering = /^(?:Sort|Hash|Bitmap Heap Scan)$/.test(node['Node Type']);
            return isScan || (isGathering && node['Plan Rows'] > many);
          })
          .map((node) => `${node['Node Type']} ${node['Relation Name'] ?? ''} ${node['Plan Rows']}`);
      },
    };
    close = async () => {
      spy.mockRestore();
      await operator.end();
      await store.close();
    };
    for (const sql of fillLedger(count)) await ledger.execute(sql);
    await ledger.execute('VACUUM ANALYZE');
  });
  afterAll(() => close());
  plansContract(() => ledger);
});
