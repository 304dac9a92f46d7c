/** Notices in PostgreSQL: written with the facts they follow from, taken by one deliverer at a time, in the account's order. */

import { clockSkewMs } from '../clocks.ts';
import { noticeClaimOf, number } from '../rows.ts';
import type { PostgresDatabase } from './database.ts';
import { queuedChange, notify } from './feed.ts';
import { noticeLooks, type OutboxEntry, type OutboxStore } from '../outbox.ts';
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

/** Of those that a look has locked, more than are taken may be passed by another deliverer, until this statement ends. */
const takeNotices = `
  WITH ${noticeLooks.map((look, index) => `look_${index} AS (${look} FOR UPDATE SKIP LOCKED)`).join(', ')},
  taken AS (
    SELECT sequence FROM (${noticeLooks.map((_, index) => `SELECT sequence FROM look_${index}`).join(' UNION ALL ')}) AS found
    ORDER BY sequence LIMIT @limit)
  UPDATE outbox SET attempts = attempts + 1, next_attempt_at = @now::bigint + @leaseMs
  FROM taken WHERE outbox.sequence = taken.sequence RETURNING outbox.*`;

export function postgresOutbox(db: PostgresDatabase): OutboxStore {
  return {
    async claimNotices({ host, receiver }, now, leaseMs, limit) {
      const rows = await db.all(takeNotices, { host, receiver, now, leaseMs, limit, clockSkewMs });
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
