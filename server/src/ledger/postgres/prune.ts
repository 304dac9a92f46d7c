/** Forgetting old rows, some at a time: a statement over months of events would outlast its time limit. */

import { number, text } from '../rows.ts';
import { tellAccounts } from './feed.ts';
import type { PostgresDatabase } from './database.ts';

const rowsAtATime = 5_000;
/** Each may have replaced several. */
const revisionsAtATime = 500;

const forgotten: readonly (readonly [table: string, condition: string])[] = [
  ['events', 'received_at < @before AND closed_at IS NOT NULL'],
  ['syncs', 'at < @before'],
  ['visits', 'expires_at < @before'],
  ['outbox', 'at < @before AND settled_at IS NOT NULL'],
];

export async function prune(db: PostgresDatabase, before: number): Promise<void> {
  for (const [table, condition] of forgotten) {
    let deleted;
    do {
      // Rows that another process is deleting or working on are skipped.
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      deleted = await db.run(
        `WITH old AS (SELECT ctid FROM ${table} WHERE ${condition} LIMIT @limit FOR UPDATE SKIP LOCKED)
         DELETE FROM ${table} WHERE ctid = ANY(ARRAY(SELECT ctid FROM old))`,
        { before, limit: rowsAtATime },
      );
    } while (deleted === rowsAtATime);
  }
  await pruneIntroductions(db, before);
  await pruneRevisions(db, before);
}

/** An account whose doubt is forgotten reads otherwise than before. */
async function pruneIntroductions(db: PostgresDatabase, before: number): Promise<void> {
  const some = () =>
    db.transaction(async (tx) => {
      const forgotten = await tx.all(
        `WITH old AS (SELECT ctid FROM introductions WHERE seen_at < @before LIMIT @limit FOR UPDATE SKIP LOCKED)
         DELETE FROM introductions WHERE ctid = ANY(ARRAY(SELECT ctid FROM old)) RETURNING host, account`,
        { before, limit: rowsAtATime },
      );
      await tellAccounts(tx, forgotten);
      return forgotten.length;
    });
  // oxlint-disable-next-line no-await-in-loop -- one after the other
  while ((await some()) === rowsAtATime);
}

/** Facts still current at `before` stay: a page left since then has shown them. Those that they replaced go. */
async function pruneRevisions(db: PostgresDatabase, before: number): Promise<void> {
  let last = { at: 0, customer: '', revision: 0 };
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one page after the other
    const end = await db.get(
      `WITH page AS (
         SELECT at, customer, revision FROM revisions
         WHERE (at, customer, revision) > (@at, @customer, @revision) AND at < @before
         ORDER BY at, customer, revision LIMIT @limit),
       replaced AS (
         SELECT one.ctid FROM page CROSS JOIN LATERAL (
           SELECT ctid FROM revisions
           WHERE customer = page.customer AND revision < page.revision FOR UPDATE SKIP LOCKED) AS one),
       gone AS (DELETE FROM revisions WHERE ctid = ANY(ARRAY(SELECT ctid FROM replaced)))
       SELECT at, customer, revision FROM page ORDER BY at DESC, customer DESC, revision DESC LIMIT 1`,
      { ...last, before, limit: revisionsAtATime },
    );
    if (end === undefined) return;
    last = { at: number(end['at']), customer: text(end['customer']), revision: number(end['revision']) };
  }
}
