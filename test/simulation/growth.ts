/** The size of a SQLite ledger while a business lives on it: rows and bytes by table, and the time of the upkeep. */

import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import Database from 'better-sqlite3';
import { keptDays } from '../../server/src/background/worker.ts';
import { openSqliteStore } from '../../server/src/ledger/sqlite/ledger.ts';
import type { BillingStore } from '../../server/src/ledger/ledger.ts';
import { day } from '../server/fixtures/facts.ts';
import { Business } from './business.ts';

const daysOfMonth = 30;

/** In memory where there is such a folder: none of a year's millions of commits has to outlast the machine. */
const scratch = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

export interface TableSize {
  readonly rows: number;
  /** With its indexes. */
  readonly bytes: number;
}

export interface LedgerSize {
  readonly month: number;
  readonly living: number;
  /** Customers that are or ever were. */
  readonly ever: number;
  readonly tables: Readonly<Record<string, TableSize>>;
  readonly fileBytes: number;
}

/** Milliseconds. */
interface UpkeepTimes {
  /** By day. */
  readonly prune: number[];
  readonly gauges: number[];
  /** The longest that a turn of the event loop waited while the ledger was pruned. */
  longestTurn: number;
}

export interface Growth {
  readonly sizes: readonly LedgerSize[];
  readonly upkeep: UpkeepTimes;
  readonly syncs: number;
  /** The largest that the write-ahead log was at a day's end. */
  readonly walBytes: number;
}

/** @param months - after which the ledger is measured; the last one ends it */
export async function growthOf(customers: number, months: readonly number[], begin: number): Promise<Growth> {
  const folder = await mkdtemp(join(scratch, 'billhook-growth-'));
  const path = join(folder, 'ledger.db');
  const store = openSqliteStore(path, { serving: true });
  const business = new Business(store, 7);
  const upkeep: UpkeepTimes = { prune: [], gauges: [], longestTurn: 0 };
  const sizes: LedgerSize[] = [];
  let walBytes = 0;
  try {
    await business.open(customers, begin);
    for (let date = 1; date <= Math.max(...months) * daysOfMonth; date++) {
      const morning = begin + date * day;
      await business.live(morning, date % daysOfMonth);
      await keepUp(store, morning + day - 1, upkeep);
      walBytes = Math.max(walBytes, (await stat(`${path}-wal`)).size);
      const month = date / daysOfMonth;
      if (months.includes(month)) sizes.push(sizeOf(path, month, business));
    }
  } finally {
    await store.close();
    await rm(folder, { recursive: true, force: true });
  }
  return { sizes, upkeep, syncs: business.syncs, walBytes };
}

/** As a worker does once a day, and the metrics' page at each scrape. */
async function keepUp(store: BillingStore, now: number, times: UpkeepTimes): Promise<void> {
  const turns = monitorEventLoopDelay({ resolution: 1 });
  turns.enable();
  times.prune.push(await timed(() => store.prune(now - keptDays * day)));
  turns.disable();
  times.longestTurn = Math.max(times.longestTurn, turns.max / 1e6);
  times.gauges.push(await timed(() => store.stats(now)));
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

function sizeOf(path: string, month: number, { living, ever }: Business): LedgerSize {
  const db = new Database(path, { readonly: true });
  try {
    const names = db
      .prepare<[], { name: string }>(`SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name`)
      .all();
    const tables = names.map(({ name }) => {
      const rows = db.prepare<[], { rows: number }>(`SELECT count(*) AS rows FROM "${name}"`).get()?.rows ?? 0;
      const sized = db.prepare<[string], { bytes: number }>(
        `SELECT coalesce(sum(pgsize), 0) AS bytes FROM dbstat
         WHERE aggregate = TRUE AND name IN (SELECT name FROM sqlite_schema WHERE tbl_name = ?)`,
      );
      return [name, { rows, bytes: sized.get(name)?.bytes ?? 0 }] as const;
    });
    const pages = Number(db.pragma('page_count', { simple: true }));
    const fileBytes = pages * Number(db.pragma('page_size', { simple: true }));
    return { month, living, ever, tables: Object.fromEntries(tables), fileBytes };
  } finally {
    db.close();
  }
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0;

/** Of the days of a month, the median. */
export const inMonth = (times: readonly number[], month: number): number =>
  median(times.slice((month - 1) * daysOfMonth, month * daysOfMonth));

/** A table for people. */
export function told({ sizes, upkeep, syncs, walBytes }: Growth): string {
  const kilobytes = (bytes: number) => (bytes / 1_000).toFixed(2);
  const rows = Object.keys(sizes.at(-1)?.tables ?? {}).map((table) => {
    const cells = sizes.flatMap(({ tables, ever }) => {
      const { rows: count = 0, bytes = 0 } = tables[table] ?? {};
      return [String(count), (count / ever).toFixed(3), kilobytes(bytes / ever)];
    });
    return [table, ...cells];
  });
  const head = ['table', ...sizes.flatMap(({ month }) => [`rows, month ${month}`, 'each', 'kB each'])];
  const all = ['all', ...sizes.flatMap(({ fileBytes, ever }) => ['', String(ever), kilobytes(fileBytes / ever)])];
  const lines = [head, ...rows, all].map((cells) =>
    cells.map((cell, at) => (at === 0 ? cell.padEnd(16) : cell.padStart(14))).join(' '),
  );
  const milliseconds = (value: number) => `${value.toFixed(1)} ms`;
  const times = sizes.map(
    ({ month }) =>
      `month ${month}: prune ${milliseconds(inMonth(upkeep.prune, month))}, gauges ${milliseconds(inMonth(upkeep.gauges, month))}`,
  );
  return [
    ...lines,
    `${syncs} syncs; ${times.join('; ')} (medians of its days); slowest prune ${milliseconds(Math.max(...upkeep.prune))}, ` +
      `longest turn while pruning ${milliseconds(upkeep.longestTurn)}; log ${kilobytes(walBytes)} kB at most`,
  ].join('\n');
}
