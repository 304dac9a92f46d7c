/** Jobs in PostgreSQL: their leases, progress and reports. */

import { clockSkewMs } from '../clocks.ts';
import { causedChangesOf, number, recordOf, text, jobLeaseOf } from '../rows.ts';
import type { PostgresDatabase } from './database.ts';
import { notifyAll, raisedChanges } from './feed.ts';
import { lockLiving } from './tickets.ts';
import { jobSql, type JobStore } from '../jobs.ts';

export function postgresJobs(db: PostgresDatabase): JobStore {
  return {
    async acquireJob(job, everyMs, leaseMs, now, interrupted = null) {
      return await db.transaction(async (tx) => {
        await tx.run(jobSql.add, { job });
        const row = await tx.get(
          // Begun and not ended, its lease over: its process is gone, and what it had done stays done.
          `UPDATE jobs SET turn = turn + 1, lease_until = @now::bigint + @leaseMs, ended_at = NULL,
             started_at = CASE WHEN started_at IS NULL OR ended_at IS NOT NULL THEN @now ELSE started_at END,
             progress = CASE WHEN ended_at IS NULL THEN progress END
           WHERE job = @job AND (started_at IS NULL
             OR (ended_at IS NULL
               AND (lease_until <= @now OR lease_until > @now::bigint + @leaseMs + @clockSkewMs OR turn = @own))
             OR (ended_at IS NOT NULL
               AND (started_at <= @now::bigint - @everyMs OR started_at > @now::bigint + @clockSkewMs)))
           RETURNING job, turn, started_at, progress`,
          { job, everyMs, leaseMs, clockSkewMs, now, own: interrupted?.fence ?? 0 },
        );
        return row ? jobLeaseOf(row, await tx.get(jobSql.lookedUntil, {})) : null;
      });
    },

    async renewJob({ job, fence: turn }, progress, leaseMs, now) {
      const kept = await db.run(
        `UPDATE jobs SET progress = @progress, lease_until = @now::bigint + @leaseMs
         WHERE job = @job AND turn = @turn AND ended_at IS NULL`,
        { job, turn, progress: JSON.stringify(progress), leaseMs, now },
      );
      return kept > 0;
    },

    async completeJob({ job, fence: turn }, report, now) {
      const ended = await db.run(jobSql.end, { job, turn, receipt: JSON.stringify(report), now });
      return ended > 0;
    },

    async lastReport(job) {
      const row = await db.get(jobSql.receipt, { job });
      return row
        ? {
            startedAt: number(row['receipt_started_at']),
            endedAt: number(row['receipt_ended_at']),
            report: JSON.parse(text(row['receipt'])) as object,
          }
        : null;
    },

    async customersAfter(customer, limit) {
      const rows = await db.all(jobSql.livingAfter, { after: customer ?? '', limit });
      return rows.map(recordOf);
    },

    async customersAmong(customers) {
      return (await db.all(`SELECT * FROM customers WHERE customer = ANY(@customers)`, { customers })).map(recordOf);
    },

    async raiseTickets(customers, cause, now) {
      return await db.transaction(async (tx) => {
        const living = [...(await lockLiving(tx, customers))];
        if (living.length === 0) return 0;
        await tx.run(notifyAll, { payloads: raisedChanges(living) });
        return await tx.run(
          `UPDATE customers SET ticket = ticket + 1, stale_since = coalesce(stale_since, @now),
             cause = CASE WHEN synced_ticket < ticket THEN cause ELSE @cause END
           WHERE customer = ANY(@living)`,
          { living, cause, now },
        );
      });
    },

    async changesCausedBy(cause, since, limit) {
      const rows = await db.all(jobSql.changes, { cause, since, limit });
      return causedChangesOf(rows);
    },
  };
}
