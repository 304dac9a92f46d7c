import { Batch } from '../batch.ts';
import { clockSkewMs, longestBackOffMs } from '../clocks.ts';
import { unresolvedEventOf, text } from '../rows.ts';
import type { PostgresDatabase } from './database.ts';
import { notifyAll, raisedChanges } from './feed.ts';
import { lockLiving, raiseTicket } from './tickets.ts';
import {
  eventSql,
  unresolvedTypes,
  type StripeEvent,
  type UnresolvedEvent,
  type EventOutcome,
  type EventStore,
} from '../events.ts';
import type { Session } from './session.ts';
import type { AccountRef } from '../account.ts';

interface Recording {
  readonly event: StripeEvent;
  readonly now: number;
  readonly via: 'webhook' | 'sweep';
}

export function postgresEvents(db: PostgresDatabase): EventStore & { idle(): Promise<void> } {
  // The order in which rows are locked is each statement's own.
  const batch = new Batch<Recording, EventOutcome>((entries) => db.transaction((tx) => recordAll(tx, entries)));
  return {
    idle: () => batch.idle(),

    async recordEvent(event: StripeEvent, now: number, via: Recording['via'] = 'webhook'): Promise<EventOutcome> {
      const outcome = await batch.add({ event, now, via });
      if (outcome !== 'duplicate') db.lastWrites.noteEvent(event.event, now);
      return outcome;
    },

    async claimUnresolved(now, leaseMs, limit, busy = {}): Promise<UnresolvedEvent[]> {
      const places = `greatest(0, @limit::bigint - coalesce((@busy::jsonb ->> types.type)::bigint, 0))`;
      // Of each type, those that are due; and those that a wrong clock has put off too far.
      const looks = ['next_attempt_at <= @now', 'next_attempt_at > @now::bigint + @longestMs'].map(
        (isDue) => `SELECT types.type, found.* FROM types CROSS JOIN LATERAL (
           SELECT event, next_attempt_at FROM events WHERE closed_at IS NULL AND subject_type = types.type AND ${isDue}
           ORDER BY next_attempt_at LIMIT ${places} FOR UPDATE SKIP LOCKED) AS found`,
      );
      const rows = await db.all(
        `${unresolvedTypes},
           due AS (${looks[0]}), ahead AS (${looks[1]}),
           seen AS (SELECT * FROM due UNION SELECT * FROM ahead),
           taken AS (SELECT found.event FROM types CROSS JOIN LATERAL (
             SELECT event FROM seen WHERE type = types.type ORDER BY next_attempt_at LIMIT ${places}) AS found)
         UPDATE events SET attempts = attempts + 1, next_attempt_at = @now::bigint + @leaseMs
         WHERE event = ANY(ARRAY(SELECT event FROM taken))
         RETURNING event, subject_type, subject_id, attempts, received_at`,
        {
          now,
          leaseMs,
          limit,
          busy: JSON.stringify(busy),
          longestMs: Math.max(leaseMs, longestBackOffMs) + clockSkewMs,
        },
      );
      return rows.map(unresolvedEventOf);
    },

    async resolveEvent(event: string, customer: string | null, now: number): Promise<AccountRef | null> {
      return await db.transaction(async (tx) => {
        const closed = await tx.get(eventSql.resolve, { event, customer, now });
        if (!closed || customer === null) return null;
        if ((await raiseTicket(tx, customer, text(closed['via']) as Recording['via'], now)) === null) return null;
        const row = await tx.get(eventSql.account, { customer });
        return row ? { host: text(row['host']), account: text(row['account']) } : null;
      });
    },

    async postponeEvent(event: string, nextAttemptAt: number): Promise<void> {
      await db.run(eventSql.postpone, {
        event,
        nextAttemptAt,
      });
    },
  };
}

/**
 * Many deliveries in three statements: all event ids, then all rows of their customers, then all their tickets. Both
 * tables are locked in the order of their ids, so two processes in one storm cannot wait for each other.
 */
async function recordAll(tx: Session, entries: readonly Recording[]): Promise<EventOutcome[]> {
  const inserted = await tx.all(
    `INSERT INTO events (event, type, received_at, via, customer, subject_type, subject_id, closed_at)
     SELECT event, type, received_at, via, customer, subject_type, subject_id, closed_at
     FROM json_to_recordset(@rows) AS hint (event text, type text, received_at bigint, via text, customer text,
       subject_type text, subject_id text, closed_at bigint)
     ORDER BY event COLLATE "C" ON CONFLICT DO NOTHING RETURNING event`,
    { rows: JSON.stringify(entries.map(rowOf)) },
  );
  const unclaimed = new Set(inserted.map((row) => text(row['event'])));
  // Delivered twice in one commit: the first is the event, the second its duplicate.
  const fresh = entries.map(({ event }) => unclaimed.delete(event.event));

  const raising = entries.flatMap(({ event: { customer }, now, via }, index) =>
    fresh[index] && customer !== null ? [{ customer, now, via }] : [],
  );
  const living = await lockLiving(tx, [...new Set(raising.map(({ customer }) => customer))]);
  const raised = raising.filter(({ customer }) => living.has(customer));
  if (raised.length > 0) {
    await tx.run(
      `UPDATE customers SET ticket = ticket + raises.count, stale_since = coalesce(stale_since, raises.since),
         cause = raises.cause
       FROM (SELECT customer, count(*) AS count, min(now) AS since, max(via) AS cause
             FROM json_to_recordset(@rows) AS raise (customer text, now bigint, via text) GROUP BY customer) AS raises
       WHERE customers.customer = raises.customer`,
      { rows: JSON.stringify(raised) },
    );
  }
  if (raised.length > 0 || entries.some(({ event }, index) => fresh[index] && event.concerns === 'subject')) {
    // Without a customer: an event that is unresolved.
    await tx.run(notifyAll, { payloads: raisedChanges([...new Set(raised.map(({ customer }) => customer))]) });
  }

  return entries.map(({ event }, index) => {
    if (!fresh[index]) return 'duplicate';
    if (event.concerns === 'subject') return 'unresolved';
    return event.customer !== null && living.has(event.customer) ? 'queued' : 'ignored';
  });
}

const rowOf = ({ event, now, via }: Recording) => ({
  event: event.event,
  type: event.type,
  received_at: now,
  via,
  customer: event.customer,
  subject_type: event.subject?.type ?? null,
  subject_id: event.subject?.id ?? null,
  closed_at: event.concerns === 'subject' ? null : now,
});
