import { Batch } from '../batch.ts';
import { clockSkewMs, longestBackOffMs } from '../clocks.ts';
import { unresolvedEventOf, text } from '../rows.ts';
import type { PostgresDatabase } from './database.ts';
import { notifyRaised, raisedChanges } from './feed.ts';
import { raiseTicket } from './tickets.ts';
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
  // The order in which rows are locked is the statement's own.
  const batch = new Batch<Recording, EventOutcome>((entries) => recordAll(db, entries));
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
 * Many deliveries in one statement, and so in one round trip: all event ids, then all rows of their customers, then all
 * their tickets, then the news of them. Both tables are locked in the order of their ids, so two processes in one storm
 * cannot wait for each other: the array of customers is complete, and all events are written, before the first of their rows is
 * locked.
 *
 * @see {@link https://www.postgresql.org/docs/current/queries-with.html#QUERIES-WITH-MODIFYING Data-modifying statements in WITH}
 */
const recordSql = `
  WITH inserted AS (
    INSERT INTO events (event, type, received_at, via, customer, subject_type, subject_id, closed_at)
    SELECT event, type, received_at, via, customer, subject_type, subject_id, closed_at
    FROM json_to_recordset(@rows) AS hint (event text, type text, received_at bigint, via text, customer text,
      subject_type text, subject_id text, closed_at bigint)
    ORDER BY event COLLATE "C" ON CONFLICT DO NOTHING
    RETURNING event, customer, received_at, via, closed_at
  ), living AS (
    SELECT customer FROM customers
    WHERE customer = ANY(ARRAY(SELECT customer FROM inserted)) AND deleted_at IS NULL ORDER BY customer FOR UPDATE
  ), raised AS (
    UPDATE customers SET ticket = ticket + raises.count, stale_since = coalesce(stale_since, raises.since),
      cause = raises.cause
    FROM (SELECT customer, count(*) AS count, min(received_at) AS since, max(via) AS cause
          FROM inserted JOIN living USING (customer) GROUP BY customer) AS raises
    WHERE customers.customer = raises.customer
    RETURNING customers.customer
  ), queued AS (
    SELECT customer FROM raised
    -- Of no customer: an event that is unresolved.
    UNION ALL SELECT NULL WHERE EXISTS (SELECT FROM inserted WHERE closed_at IS NULL)
  )
  SELECT event, raised.customer AS raised, ARRAY(SELECT ${notifyRaised('queued')}) AS told
  FROM inserted LEFT JOIN raised USING (customer)`;

async function recordAll(db: Session, entries: readonly Recording[]): Promise<EventOutcome[]> {
  const customers = entries.flatMap(({ event }) => event.customer ?? []);
  const bind = {
    rows: JSON.stringify(entries.map(rowOf)),
    // What this process hears, also where the answer of the commit is lost: more than the others are told.
    payloads: raisedChanges([...new Set(customers)]),
  };
  const rows = await db.all(recordSql, bind, 'record_events');
  const isRaised = new Map(rows.map((row) => [text(row['event']), row['raised'] !== null]));
  return entries.map(({ event: { event, concerns } }) => {
    const queued = isRaised.get(event);
    // Delivered twice in one commit: the first is the event, the second its duplicate.
    if (!isRaised.delete(event)) return 'duplicate';
    if (concerns === 'subject') return 'unresolved';
    return queued === true ? 'queued' : 'ignored';
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
