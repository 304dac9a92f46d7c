/**
 * Forgetting old rows, some hundred at a time: the one process that works on the file also answers its requests, and they
 * come between.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { number, text } from '../rows.ts';
import type { SqliteDatabase } from './database.ts';

const rowsAtATime = 500;

const forgotten: readonly (readonly [table: string, key: string, condition: string])[] = [
  ['events', 'event', 'received_at < @before AND closed_at IS NOT NULL'],
  ['syncs', 'sequence', 'at < @before'],
  ['visits', 'id', 'expires_at < @before'],
  ['outbox', 'sequence', 'at < @before AND settled_at IS NOT NULL'],
];

export async function prune(db: SqliteDatabase, before: number): Promise<void> {
  for (const [table, key, condition] of forgotten) {
    let deleted;
    do {
      deleted = await db.transaction(() =>
        db.run(`DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} WHERE ${condition} LIMIT @limit)`, {
          before,
          limit: rowsAtATime,
        }),
      );
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await nextTurn();
    } while (deleted === rowsAtATime);
  }
  await db.transaction(() => db.run(`DELETE FROM introductions WHERE seen_at < @before`, { before }));
  await pruneRevisions(db, before);
}

/** Facts still current at `before` stay: a page left since then has shown them. Those that they replaced go. */
async function pruneRevisions(db: SqliteDatabase, before: number): Promise<void> {
  let last = { at: 0, customer: '', revision: 0 };
  for (;;) {
    const after = last;
    const page = await db.transaction(() => {
      const rows = db.all(
        `SELECT at, customer, revision FROM revisions
         WHERE (at, customer, revision) > (@at, @customer, @revision) AND at < @before
         ORDER BY at, customer, revision LIMIT @limit`,
        { ...after, before, limit: rowsAtATime },
      );
      for (const row of rows) {
        db.run(`DELETE FROM revisions WHERE customer = @customer AND revision < @revision`, {
          customer: text(row['customer']),
          revision: number(row['revision']),
        });
      }
      return rows;
    });
    const end = page.at(-1);
    if (end === undefined) return;
    last = { at: number(end['at']), customer: text(end['customer']), revision: number(end['revision']) };
    // oxlint-disable-next-line no-await-in-loop -- one page after the other
    await nextTurn();
  }
}
