/**
 * A ledger's way from a SQLite file into PostgreSQL, without a lost event. The file is closed to every writer first;
 * then everything is copied in one transaction; then the file is closed for good. An interrupted move can be run again:
 * whether the copy was committed is asked of the database, never guessed.
 */

import { existsSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { readPostgresAddress } from './postgres/address.ts';
import { PostgresDatabase } from './postgres/database.ts';
import { epochHere, receiveLedger, type MovedTable } from './postgres/import.ts';
import type { Row } from './rows.ts';
import { closeForMoving, movingState, openAfterMoving, tablesOf } from './sqlite/export.ts';
import { migrate, openDurably } from './sqlite/database.ts';
import { StoreUnavailableError } from './errors.ts';

/** `before`: an earlier run had copied it, and only the file had to be closed. */
export type MoveOutcome = 'now' | 'before';

/**
 * @param path - of the SQLite file
 * @param address - of a database without a ledger
 * @param onTable - is told of each table that arrived, with its rows
 * @throws {StoreUnavailableError} `store_unavailable`: no such file, it was moved elsewhere, or the database cannot be
 *   used or holds another ledger. Nothing was moved, and the file is open again, unless the message says otherwise.
 */
export async function moveLedger(
  path: string,
  address: string,
  onTable: (name: string, rows: number) => void,
): Promise<MoveOutcome> {
  if (!existsSync(path)) throw new StoreUnavailableError(`there is no ledger at ${path}`);
  // Before the file is touched: a wrong address must not cost a webhook.
  const target = await PostgresDatabase.open(readPostgresAddress(address));
  try {
    const source = openSource(path);
    try {
      return await move(source, target, onTable);
    } finally {
      source.close();
    }
  } finally {
    await target.close();
  }
}

async function move(
  source: Database.Database,
  target: PostgresDatabase,
  onTable: (name: string, rows: number) => void,
): Promise<MoveOutcome> {
  const epoch = metaOf(source, 'epoch');
  if (movingState(source) === 'moved') {
    if (epoch === (await epochHere(target))) return 'before';
    throw new StoreUnavailableError('this file’s ledger was moved already, to another database');
  }
  if (epoch === undefined) throw new StoreUnavailableError('the file holds no ledger');

  inOne(source, () => {
    // An interrupted run left it closed; a newer program than that run's may have tables to change first.
    openAfterMoving(source);
    migrate(source);
    closeForMoving(source, 'moving');
  });
  let outcome: MoveOutcome = 'now';
  try {
    if ((await epochHere(target)) === epoch) outcome = 'before';
    else await receiveLedger(target, readTables(source), onTable);
  } catch (cause) {
    await openUnlessArrived(source, target, epoch, cause);
  }
  inOne(source, () => {
    openAfterMoving(source);
    closeForMoving(source, 'moved');
  });
  return outcome;
}

/** A connection that broke during the commit leaves it open whether there was one. Only the database knows. */
async function openUnlessArrived(
  source: Database.Database,
  target: PostgresDatabase,
  epoch: string,
  cause: unknown,
): Promise<void> {
  let there: string | null;
  try {
    there = await epochHere(target);
  } catch {
    throw new StoreUnavailableError(
      'it is not known whether the ledger has arrived, so the file stays closed: run this again when the database answers',
      { cause },
    );
  }
  if (there === epoch) return;
  inOne(source, () => openAfterMoving(source));
  throw cause;
}

function openSource(path: string): Database.Database {
  try {
    return openDurably(path);
  } catch (cause) {
    throw new StoreUnavailableError(`the ledger at ${path} cannot be opened`, { cause });
  }
}

/** The file is locked for other writers while it runs; a write under way is waited for. */
function inOne(source: Database.Database, work: () => void): void {
  try {
    source.transaction(work).exclusive();
  } catch (cause) {
    throw new StoreUnavailableError('the ledger’s file cannot be written', { cause });
  }
}

function metaOf(source: Database.Database, key: string): string | undefined {
  if (!tablesOf(source).includes('meta')) return undefined;
  return source.prepare<[string], { value: string }>(`SELECT value FROM meta WHERE key = ?`).get(key)?.value;
}

function readTables(source: Database.Database): MovedTable[] {
  const numbers = source.prepare<[string], number>(`SELECT seq FROM sqlite_sequence WHERE name = ?`).pluck();
  const columns = source.prepare<[string], string>(`SELECT name FROM pragma_table_info(?)`).pluck();
  return tablesOf(source).map((name) => {
    const from = `FROM ${name} ${name === 'meta' ? `WHERE key <> 'moving'` : ''}`;
    return {
      name,
      columns: columns.all(name),
      rows: rowsOf(source, `SELECT * ${from}`),
      count: source.prepare<[], number>(`SELECT count(*) ${from}`).pluck().get() ?? 0,
      lastNumber: numbers.get(name) ?? null,
    };
  });
}

/** Read when it is asked for: a connection reads one table at a time. */
function* rowsOf(source: Database.Database, sql: string): Iterable<Row> {
  yield* source.prepare<[], Row>(sql).iterate();
}
