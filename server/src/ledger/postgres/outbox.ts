/** Notices in PostgreSQL: written with the facts they follow from, taken by one deliverer at a time, in the account's order. */

import { clockSkewMs } from '../clocks.ts';
import { noticeClaimOf, number } from '../rows.ts';
import type { PostgresDatabase } from './database.ts';
import { queuedChange, notify } from './feed.ts';
import type { OutboxEntry, OutboxStore } from '../outbox.ts';
import type { Session } from './session.ts';
import type { AccountRef } from '../account.ts';

interface Writing extends AccountRef {
  readonly customer: string;
  readonly revision: number;
  /** When the fetch began that found it. */
  readonly at: number;
  readonly now: number;
}

/** Inside the transaction that writes the facts. Answers how many were not told before. */
export async function writeNotices(tx: Session, entries: readonly OutboxEntry[], writing: Writing): Promise<number> {
  let written = 0;
  for (const { id, receiver, type, data } of entries) {
    // The customer's row is locked: an account's notices get their numbers in the order of their commits.
    // oxlint-disable-next-line no-await-in-loop -- one connection, and their order is the order in which they are told
    written += await tx.run(
      `INSERT INTO outbox (id, receiver, host, account, customer, revision, at, written_at, type, data)
       VALUES (@id, @receiver, @host, @account, @customer, @revision, @at, @now, @type, @data)
       ON CONFLICT (id, receiver) DO NOTHING RETURNING ${notify}`,
      { ...writing, id, receiver, type, data: JSON.stringify(data), news: queuedChange },
    );
  }
  return written;
}

export function postgresOutbox(db: PostgresDatabase): OutboxStore {
  return {
    async claimNotices({ host, receiver }, now, leaseMs, limit) {
      const rows = await db.all(
        `WITH taken AS (
           SELECT sequence FROM outbox AS head
           WHERE receiver = @receiver AND host = @host AND settled_at IS NULL
             AND (next_attempt_at <= @now
               -- A clock that was wrong: its lease, and its back-off, would last until the others have caught up with it.
               OR (failed_at IS NULL AND next_attempt_at > @now::bigint + @leaseMs + @clockSkewMs)
               OR (failed_at > @now::bigint + @clockSkewMs AND next_attempt_at >= failed_at))
             -- While one waits for its next attempt, the account's later ones wait behind it.
             AND NOT EXISTS (SELECT 1 FROM outbox AS earlier
                             WHERE earlier.receiver = @receiver AND earlier.host = @host AND earlier.settled_at IS NULL
                               AND earlier.account = head.account AND earlier.sequence < head.sequence)
           ORDER BY sequence LIMIT @limit FOR UPDATE SKIP LOCKED)
         UPDATE outbox SET attempts = attempts + 1, next_attempt_at = @now::bigint + @leaseMs
         FROM taken WHERE outbox.sequence = taken.sequence RETURNING outbox.*`,
        { host, receiver, now, leaseMs, limit, clockSkewMs },
      );
      return rows.toSorted((a, b) => number(a['sequence']) - number(b['sequence'])).map(noticeClaimOf);
    },

    async noticeDelivered({ id, receiver }, now) {
      await db.run(
        `UPDATE outbox SET settled_at = @now, outcome = 'delivered'
         WHERE id = @id AND receiver = @receiver AND settled_at IS NULL`,
        { id, receiver, now },
      );
    },

    async noticeFailed({ id, receiver, attempts }, code, nextAttemptAt, now) {
      await db.run(
        `UPDATE outbox SET failure_code = @code, failed_at = @now, next_attempt_at = coalesce(@nextAttemptAt, 0::bigint),
           settled_at = CASE WHEN @nextAttemptAt::bigint IS NULL THEN @now::bigint END,
           outcome = CASE WHEN @nextAttemptAt::bigint IS NULL THEN 'givenUp' END
         WHERE id = @id AND receiver = @receiver AND attempts = @attempts AND settled_at IS NULL`,
        { id, receiver, attempts, code, nextAttemptAt, now },
      );
    },
  };
}
