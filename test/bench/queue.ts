/** The cost of claims, reads and events in a small ledger and in a large one. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Client } from 'pg';
import { createReadAccount, type ReadAccount } from '../../server/src/accounts/view.ts';
import { defaultPolicy } from '../../server/src/billing/judge/judge.ts';
import { openPostgresStore } from '../../server/src/ledger/postgres/ledger.ts';
import { openSqliteStore } from '../../server/src/ledger/sqlite/ledger.ts';
import type { BillingStore } from '../../server/src/ledger/ledger.ts';
import { fillLedger } from '../contract/plans.ts';
import { eventFor, lease, t0 } from '../contract/harness.ts';
import { customer, noon, subscription } from '../server/fixtures/facts.ts';
import { median } from './measure.ts';

export interface QueueLedger {
  readonly store: BillingStore;
  readonly read: ReadAccount;
  close(): Promise<void>;
}

/** Accounts that are read, and have facts. */
const readers = 1_000;
const facts = JSON.stringify(customer([subscription()]));
const giveFacts = `UPDATE customers SET facts = '${facts}' WHERE customer IN (
  ${Array.from({ length: readers }, (_, index) => `'cus_f${index + 1}'`).join()})`;

const catalogue = { version: 1, productName: () => 'Team', price: () => null, soldPrice: () => null };
const readerOf = (store: BillingStore) => createReadAccount(store, catalogue, () => noon);

/** A ledger with so many stale customers, half of them resting after a failure, and as many that are fresh. */
export async function sqliteQueue(stale: number): Promise<QueueLedger> {
  const folder = await mkdtemp(join(tmpdir(), 'billhook-queue-'));
  const path = join(folder, 'ledger.db');
  const store = openSqliteStore(path);
  const behind = new Database(path);
  for (const sql of [...fillLedger(2 * stale).slice(0, 1), giveFacts]) behind.exec(sql);
  behind.close();
  return {
    store,
    read: readerOf(store),
    async close() {
      await store.close();
      await rm(folder, { recursive: true });
    },
  };
}

export async function postgresQueue(stale: number, address: string): Promise<QueueLedger> {
  const store = await openPostgresStore(address);
  const operator = new Client({ connectionString: address });
  await operator.connect();
  await operator.query('SET search_path = billhook');
  for (const sql of [...fillLedger(2 * stale).slice(0, 1), giveFacts]) await operator.query(sql);
  await operator.query('ANALYZE customers');
  await operator.end();
  return { store, read: readerOf(store), close: () => store.close() };
}

export interface Operation {
  /** Of another operation, which has the goal. */
  readonly isPart?: true;
  readonly turns: number;
  run(ledger: QueueLedger, turn: number): Promise<void>;
}

/** Operations that must not grow with the ledger. */
export const operations = {
  'a claim': {
    turns: 60,
    async run({ store }) {
      const taken = await store.claim(t0, lease, 4, { restMs: 1_000 });
      if (taken.length !== 4) throw new Error(`${taken.length} were claimed`);
    },
  },
  // As `GET /v1/billing` reads an account after a commit: its row, judged, and the document.
  'a read of an account': {
    // Some microseconds each: the first ones measure code that is not compiled yet.
    turns: 600,
    async run({ read }, turn) {
      const account = `team_f${1 + ((turn * 37) % readers)}`;
      const { snapshot } = await read({ host: 'acme', account, policy: defaultPolicy, mayManage: true });
      if (snapshot.state !== 'active') throw new Error(`the account is ${snapshot.state}`);
    },
  },
  'a row of an account': {
    isPart: true,
    turns: 600,
    async run({ store }, turn) {
      const { record } = await store.readAccount({ host: 'acme', account: `team_f${1 + ((turn * 37) % readers)}` });
      if (record === null) throw new Error('no account was read');
    },
  },
  'an event': {
    turns: 60,
    async run({ store }, turn) {
      const customer = `cus_f${1 + ((turn * 37) % 1_000)}`;
      const outcome = await store.recordEvent(eventFor(`evt_bench_${turn}`, { customer }), t0);
      if (outcome !== 'queued') throw new Error(`the event was ${outcome}`);
    },
  },
} satisfies Record<string, Operation>;

/**
 * Milliseconds of an operation in each ledger, in turns: a slow machine slows each of them down alike.
 *
 * @param of - of all turns the one that counts. Default: their median
 */
export async function timesOf(
  { turns, run }: Operation,
  ledgers: readonly QueueLedger[],
  of: (times: readonly number[]) => number = median,
): Promise<readonly number[]> {
  const times = ledgers.map((): number[] => []);
  for (let turn = 0; turn < turns; turn += 1) {
    for (const [index, ledger] of ledgers.entries()) {
      const began = performance.now();
      await run(ledger, turn);
      times[index]?.push(performance.now() - began);
    }
  }
  return times.map((each) => of(each));
}
