/** Forgetting old rows, some thousand at a time: a statement over months of events would outlast its time limit. */

import type { PostgresDatabase } from './database.ts';

const rowsAtATime = 5_000;

const forgotten: readonly (readonly [table: string, condition: string])[] = [
  ['events', 'received_at < @before AND closed_at IS NOT NULL'],
  ['syncs', 'at < @before'],
  ['visits', 'expires_at < @before'],
  ['outbox', 'at < @before'],
  ['introductions', 'seen_at < @before'],
  [
    'revisions',
    // Facts still current at `before` stay: a page left since then has shown them.
    `EXISTS (SELECT 1 FROM revisions AS next WHERE next.customer = one.customer
             AND next.revision > one.revision AND next.at < @before)`,
  ],
];

export async function prune(db: PostgresDatabase, before: number): Promise<void> {
  for (const [table, condition] of forgotten) {
    let deleted;
    do {
      // Rows that another process is deleting or working on are skipped.
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      deleted = await db.run(
        `WITH old AS (SELECT ctid FROM ${table} AS one WHERE ${condition} LIMIT @limit FOR UPDATE SKIP LOCKED)
         DELETE FROM ${table} USING old WHERE ${table}.ctid = old.ctid`,
        { before, limit: rowsAtATime },
      );
    } while (deleted === rowsAtATime);
  }
}
