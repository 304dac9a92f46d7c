/** Notices in SQLite: written with the facts they follow from, taken by one deliverer at a time, in the account's order. */

import { clockSkewMs } from '../clocks.ts';
import { noticeClaimOf, number } from '../rows.ts';
import type { SqliteDatabase } from './database.ts';
import { noticeLooks, type OutboxEntry, type OutboxStore } from '../outbox.ts';
import type { AccountRef } from '../account.ts';

interface Writing extends AccountRef {
  readonly customer: string;
  readonly revision: number;
  /** When the fetch began that found it. */
  readonly at: number;
  readonly now: number;
}

/** Inside the transaction that writes the facts. Answers how many were not told before. */
export function writeNotices(db: SqliteDatabase, entries: readonly OutboxEntry[], writing: Writing): number {
  let written = 0;
  for (const { id, receiver, type, data } of entries) {
    written += db.run(
      `INSERT INTO outbox (id, receiver, host, account, customer, revision, at, written_at, type, data)
       VALUES (@id, @receiver, @host, @account, @customer, @revision, @at, @now, @type, @data)
       ON CONFLICT (id, receiver) DO NOTHING`,
      { ...writing, id, receiver, type, data: JSON.stringify(data) },
    );
  }
  return written;
}

export function sqliteOutbox(db: SqliteDatabase): OutboxStore {
  return {
    async claimNotices({ host, receiver }, now, leaseMs, limit) {
      const bind = { host, receiver, now, leaseMs, limit, clockSkewMs };
      return await db.transaction(() => {
        const found = noticeLooks.flatMap((look) => db.all(look, bind)).map((row) => number(row['sequence']));
        const taken = found.toSorted((a, b) => a - b).slice(0, limit);
        return taken
          .flatMap((sequence) =>
            db.all(
              `UPDATE outbox SET attempts = attempts + 1, next_attempt_at = @now + @leaseMs
               WHERE sequence = @sequence RETURNING *`,
              { sequence, now, leaseMs },
            ),
          )
          .map(noticeClaimOf);
      });
    },

    async noticeDelivered({ id, receiver }, now) {
      await db.transaction(() =>
        db.run(
          `UPDATE outbox SET settled_at = @now, outcome = 'delivered'
           WHERE id = @id AND receiver = @receiver AND settled_at IS NULL`,
          { id, receiver, now },
        ),
      );
    },

    async noticeFailed({ id, receiver, attempts }, code, nextAttemptAt, now) {
      await db.transaction(() =>
        db.run(
          `UPDATE outbox SET failure_code = @code, failed_at = @now, next_attempt_at = coalesce(@nextAttemptAt, 0),
             settled_at = CASE WHEN @nextAttemptAt IS NULL THEN @now END,
             outcome = CASE WHEN @nextAttemptAt IS NULL THEN 'givenUp' END
           WHERE id = @id AND receiver = @receiver AND attempts = @attempts AND settled_at IS NULL`,
          { id, receiver, attempts, code, nextAttemptAt, now },
        ),
      );
    },
  };
}
