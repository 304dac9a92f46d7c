/** One door to the SQLite file: durable, migrated, statements prepared once, failures named. */

import { existsSync } from 'node:fs';
import { setImmediate } from 'node:timers';
import Database from 'better-sqlite3';
import type { LedgerChange } from '../feed.ts';
import { LastWrites } from '../life.ts';
import type { Row } from '../rows.ts';
import { refuseMoved } from './export.ts';
import { migrations } from './schema.ts';
import { LedgerNotReadyError, StoreUnavailableError } from '../errors.ts';
import { createForOwner } from './file-mode.ts';
import { takeServingLock } from './serving-lock.ts';
import { isBusy, WriteQueue } from './write-queue.ts';

export type Bind = Record<string, string | number | null>;

/** Words that an operator can act on, by SQLite's own code. */
const words: readonly (readonly [code: RegExp, words: string])[] = [
  [/^SQLITE_FULL/, 'the ledger’s disk is full'],
  [/^SQLITE_READONLY/, 'the ledger’s file, or its folder, is read-only'],
  [/^SQLITE_BUSY/, 'the ledger is locked by another program'],
  [/^SQLITE_IOERR/, 'the ledger’s disk fails'],
  [/^SQLITE_(?:CORRUPT|NOTADB)/, 'the ledger’s file is damaged, or no database'],
];

/** A start waits in the event loop, for it serves nothing yet: milliseconds. */
const startBusyMs = 5_000;
/** A read that meets a checkpoint's lock waits so long, and so long does each try of a write: milliseconds. */
const servingBusyMs = 10;
/** Until a write behind another program's lock is given up: milliseconds. */
const longestBusyMs = 5_000;

interface Committed<T> {
  readonly result: T;
  /** Customers whose tickets it raised. */
  readonly customers: readonly string[];
}

export interface SqliteDatabaseOptions {
  /** A server's: no other server may work on the file. Default: false */
  readonly serving?: boolean;
  /** A look alone: the ledger is there and up to date, or it is refused. Default: false */
  readonly looking?: boolean;
  /** Milliseconds until a write behind another program's lock is given up. Default: 5,000 */
  readonly busyMs?: number;
}

export class SqliteDatabase {
  readonly #db: Database.Database;
  readonly #writes: WriteQueue;
  readonly #release: () => void;
  readonly lastWrites = new LastWrites();
  readonly #listeners = new Set<(change: LedgerChange) => void>();
  /** Customers with a ticket that the running transaction has raised. */
  #raised: string[] = [];
  readonly #prepared = new Map<string, Database.Statement<[Bind], Row>>();
  /** Made once: making one costs as much as a statement. */
  readonly #transaction: Database.Transaction<(work: () => unknown) => unknown>;
  /** Differs after each commit of another connection. */
  readonly #foreignChanges: Database.Statement<[], number>;
  #lastForeignChange = 0;
  #changes = 0;
  /** Other connections were asked about in this turn of the event loop. */
  #isAsked = false;

  /** @throws {StoreUnavailableError} `store_unavailable`: not openable, not migratable, newer than this program, not durable, moved, served. */
  constructor(path: string, { serving = false, looking = false, busyMs = longestBusyMs }: SqliteDatabaseOptions = {}) {
    if (looking && !existsSync(path)) throw new LedgerNotReadyError('missing', path);
    this.#writes = new WriteQueue(busyMs);
    this.#release = serving ? lockForServing(path) : () => undefined;
    try {
      this.#db = openDurably(path);
      refuseMoved(this.#db);
      if (looking && versionOf(this.#db) < migrations.length) throw new LedgerNotReadyError('older', path);
      // Two processes that start at once: the second waits, and finds it done.
      this.#db.transaction(() => migrate(this.#db)).exclusive();
      this.#db.pragma(`busy_timeout = ${servingBusyMs}`);
      this.#transaction = this.#db.transaction((work) => work());
      this.#foreignChanges = this.#db.prepare<[], number>('PRAGMA data_version').pluck();
    } catch (cause) {
      this.#release();
      if (cause instanceof LedgerNotReadyError) throw cause;
      throw new StoreUnavailableError(`the ledger at ${path} cannot be opened`, { cause });
    }
  }

  /** Where another program holds the file's lock, `work` is run when that is over, or never. */
  async transaction<T>(work: () => T): Promise<T> {
    return await this.#written(() => this.#commit(work));
  }

  /**
   * A transaction whose loss harms nothing: the disk is not waited for. Each later durable commit makes it durable too, for
   * the log is synced from its beginning; without one, a power failure takes it back, and never a process that ends.
   */
  async transient<T>(work: () => T): Promise<T> {
    return await this.#written(() => this.#commitUnsynced(work));
  }

  async #written<T>(commit: () => Committed<T>): Promise<T> {
    const { result, customers } = await this.#writes.write(commit).catch((cause: unknown) => {
      throw this.#named(cause);
    });
    if (customers.length > 0) for (const listener of this.#listeners) listener({ kind: 'raised', customers });
    return result;
  }

  /** While the ledger is opened: waits in the event loop, which serves nothing yet. */
  transactionAtStart<T>(work: () => T): T {
    this.#db.pragma(`busy_timeout = ${startBusyMs}`);
    try {
      return this.#commit(work).result;
    } catch (cause) {
      throw this.#named(cause);
    } finally {
      this.#db.pragma(`busy_timeout = ${servingBusyMs}`);
    }
  }

  /** `IMMEDIATE`: a transaction that reads first and writes later must not fail in its middle because another one wrote. */
  #commit<T>(work: () => T): Committed<T> {
    this.#raised = [];
    const result = this.#transaction.immediate(work) as T;
    this.#changes += 1;
    return { result, customers: this.#raised };
  }

  #commitUnsynced<T>(work: () => T): Committed<T> {
    this.#db.pragma('synchronous = NORMAL');
    try {
      return this.#commit(work);
    } finally {
      this.#db.pragma('synchronous = FULL');
    }
  }

  /** Several reads of one moment. */
  snapshot<T>(work: () => T): T {
    return this.#guard(() => this.#transaction.deferred(work) as T);
  }

  /** Within a transaction. Told when it is committed. */
  raised(customer: string): void {
    this.#raised.push(customer);
  }

  /** Hears the tickets that this process raises. @returns stops it */
  subscribe(listener: (change: LedgerChange) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Within a transaction. Answers how many rows changed. */
  run(sql: string, bind: Bind): number {
    return this.#statement(sql).run(bind).changes;
  }

  /** Within a transaction or a snapshot. */
  get(sql: string, bind: Bind): Row | undefined {
    return this.#statement(sql).get(bind);
  }

  /** Within a transaction. Of a statement that has an answer always, as a count has. */
  one(sql: string, bind: Bind): Row {
    return this.get(sql, bind) as Row;
  }

  /** Within a transaction or a snapshot. */
  all(sql: string, bind: Bind): Row[] {
    return this.#statement(sql).all(bind);
  }

  /** A read of its own. */
  read(sql: string, bind: Bind): Row | undefined {
    return this.#guard(() => this.get(sql, bind));
  }

  /** A read of its own. Of a statement that has an answer always, as a count has. */
  readOne(sql: string, bind: Bind): Row {
    return this.read(sql, bind) as Row;
  }

  /** A read of its own. */
  readAll(sql: string, bind: Bind): Row[] {
    return this.#guard(() => this.all(sql, bind));
  }

  /**
   * Rises with every commit: of this connection, which counts its own, and of others, which SQLite tells. They are asked about
   * once a turn of the event loop, for the question costs as much as answering a page: whatever arrives in a turn was sent
   * before it began, and so before any commit that it does not see was known to be over.
   */
  changeCount(): number {
    if (this.#isAsked) return this.#changes;
    const foreign = this.#guard(() => this.#foreignChanges.get()) ?? 0;
    this.#isAsked = true;
    setImmediate(this.#endTurn);
    if (foreign !== this.#lastForeignChange) {
      this.#lastForeignChange = foreign;
      this.#changes += 1;
    }
    return this.#changes;
  }

  readonly #endTurn = (): void => {
    this.#isAsked = false;
  };

  close(): void {
    this.#db.close();
    this.#release();
  }

  #statement(sql: string): Database.Statement<[Bind], Row> {
    let statement = this.#prepared.get(sql);
    if (!statement) this.#prepared.set(sql, (statement = this.#db.prepare<[Bind], Row>(sql)));
    return statement;
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw this.#named(cause);
    }
  }

  /** SQLite's failures in words for an operator, and any other as it is. */
  #named(cause: unknown): unknown {
    if (!(cause instanceof Database.SqliteError) && this.#db.open) return cause;
    const code = cause instanceof Database.SqliteError ? cause.code : '';
    const said = words.find(([codes]) => codes.test(code))?.[1] ?? 'the ledger cannot be used';
    return new StoreUnavailableError(said, { cause });
  }
}

function lockForServing(path: string): () => void {
  try {
    return takeServingLock(path);
  } catch (cause) {
    if (isBusy(cause)) {
      throw new StoreUnavailableError(
        `another server works on the ledger at ${path}, and SQLite serves one: stop that one first, or use PostgreSQL for several (DATABASE_URL=postgres://…)`,
        { cause },
      );
    }
    throw new StoreUnavailableError(`the ledger at ${path} cannot be opened`, { cause });
  }
}

/** Durable, asserted: the driver falls back to `synchronous = NORMAL` on a file that is already in WAL mode. */
export function openDurably(path: string): Database.Database {
  createForOwner(path);
  const db = new Database(path, { timeout: startBusyMs });
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  const synchronous = db.pragma('synchronous', { simple: true });
  if (synchronous !== 2) {
    throw new Error(`synchronous is ${String(synchronous)}, not 2 (FULL): commits would not be durable`);
  }
  return db;
}

const versionOf = (db: Database.Database) => Number(db.pragma('user_version', { simple: true }));

/** Inside a transaction. */
export function migrate(db: Database.Database): void {
  const version = versionOf(db);
  if (version > migrations.length) {
    throw new Error(`its schema is version ${version}, newer than this program’s ${migrations.length}`);
  }
  for (const sql of migrations.slice(version)) db.exec(sql);
  db.pragma(`user_version = ${migrations.length}`);
}
