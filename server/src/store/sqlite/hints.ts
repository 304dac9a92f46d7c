/** Events in SQLite, as hints: known ids, and the queue of those whose customer must still be found. */

import type { Hint } from '../../hints.ts';
import { Batch } from '../batch.ts';
import type { AccountRef, HintOutcome, HintStore, OpenHint } from '../store.ts';
import type { SqliteDatabase } from './database.ts';
import { raiseTicket } from './tickets.ts';

export function sqliteHints(db: SqliteDatabase): HintStore & { idle(): Promise<void> } {
  const batch = new Batch<{ hint: Hint; now: number }, HintOutcome>(
    (entries) => db.transaction(() => entries.map(({ hint, now }) => record(db, hint, now))),
    // Sorted by customer, as every implementation does: rows locked in one order cannot deadlock.
    (a, b) => (a.hint.customer ?? '').localeCompare(b.hint.customer ?? ''),
  );
  return {
    idle: () => batch.idle(),

    recordHint(hint: Hint, now: number): Promise<HintOutcome> {
      return batch.add({ hint, now });
    },

    async takeOpenHints(now: number, leaseMs: number, limit: number): Promise<OpenHint[]> {
      return db.transaction(() =>
        db
          .all(
            `UPDATE events SET attempts = attempts + 1, next_attempt_at = @now + @leaseMs
           WHERE event IN (SELECT event FROM events WHERE closed_at IS NULL AND next_attempt_at <= @now
                           ORDER BY next_attempt_at LIMIT @limit)
           RETURNING event, subject_type, subject_id, attempts`,
            { now, leaseMs, limit },
          )
          .map((row) => ({
            event: String(row['event']),
            subject: { type: String(row['subject_type']), id: String(row['subject_id']) },
            attempts: Number(row['attempts']),
          })),
      );
    },

    async closeHint(event: string, customer: string | null, now: number): Promise<AccountRef | null> {
      return db.transaction(() => {
        const closed = db.run(
          `UPDATE events SET closed_at = @now, customer = @customer WHERE event = @event AND closed_at IS NULL`,
          { event, customer, now },
        );
        if (closed === 0 || customer === null || raiseTicket(db, customer, 'webhook', now) === null) return null;
        const row = db.get(`SELECT host, account FROM customers WHERE customer = @customer`, { customer });
        return row ? { host: String(row['host']), account: String(row['account']) } : null;
      });
    },

    async postponeHint(event: string, nextAttemptAt: number): Promise<void> {
      db.transaction(() =>
        db.run(`UPDATE events SET next_attempt_at = @nextAttemptAt WHERE event = @event AND closed_at IS NULL`, {
          event,
          nextAttemptAt,
        }),
      );
    },
  };
}

function record(db: SqliteDatabase, hint: Hint, now: number): HintOutcome {
  const open = hint.concerns === 'subject';
  const inserted = db.run(
    `INSERT INTO events (event, type, received_at, customer, subject_type, subject_id, closed_at)
         VALUES (@event, @type, @now, @customer, @subjectType, @subjectId, @closedAt) ON CONFLICT DO NOTHING`,
    {
      event: hint.event,
      type: hint.type,
      now,
      customer: hint.customer,
      subjectType: hint.subject?.type ?? null,
      subjectId: hint.subject?.id ?? null,
      closedAt: open ? null : now,
    },
  );
  if (inserted === 0) return 'duplicate';
  if (open) return 'open';
  if (hint.customer === null) return 'closed';
  return raiseTicket(db, hint.customer, 'webhook', now) === null ? 'closed' : 'ticket';
}
