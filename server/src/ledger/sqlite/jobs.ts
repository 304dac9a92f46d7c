/** Jobs in SQLite: their leases, progress and reports. */

import { clockSkewMs } from '../clocks.ts';
import { causedChangesOf, number, recordOf, jobLeaseOf } from '../rows.ts';
import type { SqliteDatabase } from './database.ts';
import { jobSql, type JobStore } from '../jobs.ts';

export function sqliteJobs(db: SqliteDatabase): JobStore {
  return {
    async acquireJob(job, everyMs, leaseMs, now, interrupted = null) {
      return await db.transaction(() => {
        db.run(jobSql.add, { job });
        const row = db.get(
          // Begun and not ended, its lease over: its process is gone, and what it had done stays done.
          `UPDATE jobs SET turn = turn + 1, lease_until = @now + @leaseMs, ended_at = NULL,
             started_at = CASE WHEN started_at IS NULL OR ended_at IS NOT NULL THEN @now ELSE started_at END,
             progress = CASE WHEN ended_at IS NULL THEN progress END
           WHERE job = @job AND (started_at IS NULL
             OR (ended_at IS NULL
               AND (lease_until <= @now OR lease_until > @now + @leaseMs + @clockSkewMs OR turn = @own))
             OR (ended_at IS NOT NULL
               AND (started_at <= @now - @everyMs OR started_at > @now + @clockSkewMs)))
           RETURNING job, turn, started_at, progress`,
          { job, everyMs, leaseMs, clockSkewMs, now, own: interrupted?.fence ?? 0 },
        );
        return row ? jobLeaseOf(row, db.get(jobSql.lookedUntil, {})) : null;
      });
    },

    async renewJob({ job, fence: turn }, progress, leaseMs, now) {
      return await db.transaction(() => {
        const kept = db.run(
          `UPDATE jobs SET progress = @progress, lease_until = @now + @leaseMs
           WHERE job = @job AND turn = @turn AND ended_at IS NULL`,
          { job, turn, progress: JSON.stringify(progress), leaseMs, now },
        );
        return kept > 0;
      });
    },

    async completeJob({ job, fence: turn }, report, now) {
      return await db.transaction(() => {
        const ended = db.run(jobSql.end, { job, turn, receipt: JSON.stringify(report), now });
        return ended > 0;
      });
    },

    async lastReport(job) {
      const row = db.read(jobSql.receipt, { job });
      return row
        ? {
            startedAt: number(row['receipt_started_at']),
            endedAt: number(row['receipt_ended_at']),
            report: JSON.parse(String(row['receipt'])) as object,
          }
        : null;
    },

    async customersAfter(customer, limit) {
      return db.readAll(jobSql.livingAfter, { after: customer ?? '', limit }).map(recordOf);
    },

    async customersAmong(customers) {
      return db
        .readAll(`SELECT * FROM customers WHERE customer IN (SELECT value FROM json_each(@customers))`, {
          customers: JSON.stringify(customers),
        })
        .map(recordOf);
    },

    async raiseTickets(customers, cause, now) {
      return await db.transaction(() => {
        let raised = 0;
        for (const customer of new Set(customers)) {
          const isRaised = db.run(
            `UPDATE customers SET ticket = ticket + 1, stale_since = coalesce(stale_since, @now),
               cause = CASE WHEN synced_ticket < ticket THEN cause ELSE @cause END
             WHERE customer = @customer AND deleted_at IS NULL`,
            { customer, cause, now },
          );
          if (isRaised > 0) db.raised(customer);
          raised += isRaised;
        }
        return raised;
      });
    },

    async changesCausedBy(cause, since, limit) {
      return causedChangesOf(db.readAll(jobSql.changes, { cause, since, limit }));
    },
  };
}
