/** The two kinds of ledger, as the contract's tests need them: opened, read and broken behind the store's back. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import type { Client } from 'pg';
import { openPostgresStore } from '../../server/src/ledger/postgres/ledger.ts';
import { openSqliteStore } from '../../server/src/ledger/sqlite/ledger.ts';
import type { LedgerUnderTest, Rows } from './harness.ts';

export async function sqliteLedger(): Promise<LedgerUnderTest> {
  const folder = await mkdtemp(join(tmpdir(), 'billhook-ledger-'));
  const path = join(folder, 'ledger.db');
  const behind = <T>(work: (db: Database.Database) => T): T => {
    const db = new Database(path);
    try {
      return work(db);
    } finally {
      db.close();
    }
  };
  return {
    open: async () => openSqliteStore(path),
    rows: async () => behind(sqliteRows),
    async breakWrites(table) {
      for (const what of ['INSERT', 'UPDATE']) {
        behind((db) =>
          db.exec(`CREATE TRIGGER broken_${what} BEFORE ${what} ON ${table} BEGIN SELECT RAISE(ABORT, 'broken'); END`),
        );
      }
      return async () => behind((db) => void db.exec(`DROP TRIGGER broken_INSERT; DROP TRIGGER broken_UPDATE`));
    },
    remove: () => rm(folder, { recursive: true }),
  };
}

export function sqliteRows(db: Database.Database): Rows {
  const tables = db
    .prepare<[], { name: string }>(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'`)
    .all();
  return Object.fromEntries(tables.map(({ name }) => [name, db.prepare(`SELECT * FROM ${name}`).all() as object[]]));
}

/** Makes the one schema an empty ledger again: making its tables takes longer than most tests do. */
const emptied = `DO $$
  DECLARE name text;
  BEGIN
    FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'billhook' AND tablename <> 'meta' LOOP
      EXECUTE format('DELETE FROM billhook.%I', name);
    END LOOP;
    IF to_regclass('billhook.meta') IS NOT NULL THEN DELETE FROM billhook.meta WHERE key <> 'schema_version'; END IF;
  END $$`;

/**
 * @param operator - connected to the database, for what happens behind the store's back
 * @param through - the address under which the store reaches it. Default: the same.
 */
export async function postgresLedger(address: string, operator: Client, through = address): Promise<LedgerUnderTest> {
  await operator.query(emptied);
  return {
    open: () => openPostgresStore(through),
    rows: () => postgresRows(operator),
    async breakWrites(table) {
      // The effect of a full disk on a write: the server's own code for it, at the same place of the transaction.
      await operator.query(`
        CREATE FUNCTION billhook.broken() RETURNS trigger LANGUAGE plpgsql AS
          $$ BEGIN RAISE EXCEPTION 'No space left on device' USING ERRCODE = 'disk_full'; END $$;
        CREATE TRIGGER broken BEFORE INSERT OR UPDATE ON billhook.${table} EXECUTE FUNCTION billhook.broken()`);
      return async () => void (await operator.query(`DROP FUNCTION billhook.broken CASCADE`));
    },
    remove: async () => {},
  };
}

export async function postgresRows(operator: Client): Promise<Rows> {
  const { rows: tables } = await operator.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'billhook' ORDER BY tablename`,
  );
  const rows: Record<string, object[]> = {};
  // The order of rows in a table is none; ours is their text's.
  for (const { name } of tables) {
    rows[name] = (await operator.query(`SELECT * FROM billhook.${name} AS one ORDER BY one::text`)).rows;
  }
  return rows;
}

/**
 * How many deadlocks the database has seen, once all sessions but this one have ended: a session adds its counts when it
 * ends. The server ends one of two sessions that wait for each other, and a retry would hide that.
 */
export async function deadlocksOf(operator: Client): Promise<number> {
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- the server itself shows it
    const { rowCount } = await operator.query(`SELECT 1 FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`);
    if (rowCount === 0) break;
  }
  const { rows } = await operator.query<{ deadlocks: string }>(
    `SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`,
  );
  return Number(rows[0]?.deadlocks);
}
