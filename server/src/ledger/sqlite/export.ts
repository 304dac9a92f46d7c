/**
 * A ledger that moves to PostgreSQL must not be written any more: an event recorded here meanwhile would be answered 200
 * and lost. Triggers see to it, in the file itself, so that also a server holds to it that had opened the file before, or
 * is of an older version: its webhooks are answered 5xx, and Stripe delivers them again.
 */

import type Database from 'better-sqlite3';

/** `moving`: until everything has arrived there; then `moved`, for good. */
export type MovingState = 'moving' | 'moved';

const words: Readonly<Record<MovingState, string>> = {
  moving:
    'this ledger is being moved to PostgreSQL; if that was interrupted, run "billhook move-ledger" again to finish it',
  moved: 'this ledger was moved to PostgreSQL, and the file is no longer true: start with DATABASE_URL=postgres://…',
};

export function movingState(db: Database.Database): MovingState | null {
  const isLedger = db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'meta'`).get();
  if (!isLedger) return null;
  const row = db.prepare<[], { value: MovingState }>(`SELECT value FROM meta WHERE key = 'moving'`).get();
  return row?.value ?? null;
}

/** @throws Error in the operator's words, where the ledger is not here any more. */
export function refuseMoved(db: Database.Database): void {
  const state = movingState(db);
  if (state !== null) throw new Error(words[state]);
}

/** Inside a transaction: no write comes after its commit. */
export function closeForMoving(db: Database.Database, state: MovingState): void {
  db.prepare(`INSERT INTO meta (key, value) VALUES ('moving', @state)`).run({ state });
  // No read either, once it was moved: pages from here would be older than pages from there.
  if (state === 'moved' && tablesOf(db).includes('customers')) {
    db.exec(`ALTER TABLE customers RENAME TO customers_moved`);
  }
  for (const table of tablesOf(db)) {
    for (const what of ['INSERT', 'UPDATE', 'DELETE']) {
      db.exec(`CREATE TRIGGER moving_${table}_${what} BEFORE ${what} ON ${table}
               BEGIN SELECT RAISE(ABORT, '${words[state]}'); END`);
    }
  }
}

/** Inside a transaction: as if it had never begun. */
export function openAfterMoving(db: Database.Database): void {
  const triggers = db
    .prepare<[], { name: string }>(
      `SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name LIKE 'moving\\_%' ESCAPE '\\'`,
    )
    .all();
  for (const { name } of triggers) db.exec(`DROP TRIGGER ${name}`);
  db.exec(`DELETE FROM meta WHERE key = 'moving'`);
}

export function tablesOf(db: Database.Database): string[] {
  return db
    .prepare<[], { name: string }>(
      `SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name`,
    )
    .all()
    .map(({ name }) => name);
}
