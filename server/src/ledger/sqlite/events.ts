import { Batch } from '../batch.ts';
import { clockSkewMs, longestBackOffMs } from '../clocks.ts';
import { unresolvedEventOf, text } from '../rows.ts';
import type { SqliteDatabase } from './database.ts';
import { raiseTicket } from './tickets.ts';
import {
  eventSql,
  unresolvedTypes,
  type StripeEvent,
  type UnresolvedEvent,
  type EventOutcome,
  type EventStore,
} from '../events.ts';
import type { AccountRef } from '../account.ts';

export function sqliteEvents(db: SqliteDatabase): EventStore & { idle(): Promise<void> } {
  const batch = new Batch<Recording, EventOutcome>((entries) =>
    db.transaction(() => entries.map((entry) => record(db, entry))),
  );
  return {
    idle: () => batch.idle(),

    async recordEvent(event: StripeEvent, now: number, via: Recording['via'] = 'webhook'): Promise<EventOutcome> {
      const outcome = await batch.add({ event, now, via });
      if (outcome !== 'duplicate') db.lastWrites.noteEvent(event.event, now);
      return outcome;
    },

    async claimUnresolved(now, leaseMs, limit, busy = {}): Promise<UnresolvedEvent[]> {
      const longestMs = Math.max(leaseMs, longestBackOffMs) + clockSkewMs;
      return await db.transaction(() =>
        db
          .all(`${unresolvedTypes} SELECT type FROM types WHERE type IS NOT NULL`, {})
          .map((row) => text(row['type']))
          .flatMap((type) => takeUnresolved(db, type, now, leaseMs, limit - (busy[type] ?? 0), longestMs)),
      );
    },

    async resolveEvent(event: string, customer: string | null, now: number): Promise<AccountRef | null> {
      return await db.transaction(() => {
        const closed = db.get(eventSql.resolve, { event, customer, now });
        if (!closed || customer === null) return null;
        if (raiseTicket(db, customer, text(closed['via']) as Recording['via'], now) === null) return null;
        const row = db.get(eventSql.account, { customer });
        return row ? { host: text(row['host']), account: text(row['account']) } : null;
      });
    },

    async postponeEvent(event: string, nextAttemptAt: number): Promise<void> {
      await db.transaction(() =>
        db.run(eventSql.postpone, {
          event,
          nextAttemptAt,
        }),
      );
    },
  };
}

/** Of one type, those that are due; and those that a wrong clock has put off too far. */
function takeUnresolved(
  db: SqliteDatabase,
  type: string,
  now: number,
  leaseMs: number,
  limit: number,
  longestMs: number,
): UnresolvedEvent[] {
  const found = ['next_attempt_at <= @now', 'next_attempt_at > @now + @longestMs'].flatMap((isDue) =>
    db.all(
      `SELECT event FROM events WHERE closed_at IS NULL AND subject_type = @type AND ${isDue}
       ORDER BY next_attempt_at LIMIT @limit`,
      { type, now, longestMs, limit: Math.max(0, limit) },
    ),
  );
  return found.slice(0, Math.max(0, limit)).flatMap((row) =>
    db
      .all(
        `UPDATE events SET attempts = attempts + 1, next_attempt_at = @now + @leaseMs WHERE event = @event
         RETURNING event, subject_type, subject_id, attempts, received_at`,
        { event: text(row['event']), now, leaseMs },
      )
      .map(unresolvedEventOf),
  );
}

interface Recording {
  readonly event: StripeEvent;
  readonly now: number;
  readonly via: 'webhook' | 'sweep';
}

function record(db: SqliteDatabase, { event, now, via }: Recording): EventOutcome {
  const open = event.concerns === 'subject';
  const inserted = db.run(
    `INSERT INTO events (event, type, received_at, via, customer, subject_type, subject_id, closed_at)
     VALUES (@event, @type, @now, @via, @customer, @subjectType, @subjectId, @closedAt) ON CONFLICT DO NOTHING`,
    {
      event: event.event,
      type: event.type,
      now,
      via,
      customer: event.customer,
      subjectType: event.subject?.type ?? null,
      subjectId: event.subject?.id ?? null,
      closedAt: open ? null : now,
    },
  );
  if (inserted === 0) return 'duplicate';
  if (open) return 'unresolved';
  if (event.customer === null) return 'ignored';
  return raiseTicket(db, event.customer, via, now) === null ? 'ignored' : 'queued';
}
