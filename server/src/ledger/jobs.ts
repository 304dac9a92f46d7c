/** The ledger’s contract on jobs that one process at a time does, and on the customers that they walk through. */

import type { CustomerFacts } from '../billing/facts.ts';
import type { CustomerRecord } from './customers.ts';
import type { ConfirmedBy } from '@billhook/widget/contract';
import type { AccountRef } from './account.ts';

/** Jobs: work that one process at a time does, now and then. */
export type Job = 'sweep' | 'reconcile';

/** A process's turn at a job, until its lease ends. */
export interface JobLease {
  readonly job: Job;
  /** The fence: a process can no longer write after its lease ran out. */
  readonly fence: number;
  /** When the job began; a turn taken over from a process that died keeps it. */
  readonly startedAt: number;
  /** How far the job has come; `null` at its beginning. */
  readonly progress: object | null;
  /** When the newest look at a customer ended; 0 where there was none. Ahead of now, it is of a clock that was set back. */
  readonly lookedUntil: number;
}

/** Facts that turned out to differ from what the ledger held. */
export interface CausedChange extends AccountRef {
  readonly customer: string;
  readonly at: number;
  readonly revision: number;
  readonly before: CustomerFacts | null;
  readonly after: CustomerFacts;
}

export interface JobStore {
  /**
   * Begins a job that last began `everyMs` ago or earlier, or takes over one with a lease that ended before it did. `null`
   * while another process is at it, or before it is due.
   *
   * @param interrupted - this process's own last turn, whose work has stopped: it is taken over before its lease ends
   */
  acquireJob(
    job: Job,
    everyMs: number,
    leaseMs: number,
    now: number,
    interrupted?: JobLease | null,
  ): Promise<JobLease | null>;
  /** Notes how far it has come, and keeps the lease. `false`: another process has the job now; stop. */
  renewJob(lease: JobLease, progress: object, leaseMs: number, now: number): Promise<boolean>;
  /** The job is done, with this result. */
  completeJob(lease: JobLease, report: object, now: number): Promise<boolean>;
  /** The last job that was done. */
  lastReport(
    job: Job,
  ): Promise<{ readonly startedAt: number; readonly endedAt: number; readonly report: object } | null>;

  /** Living customers in the order of their ids, from after `customer` on. */
  customersAfter(customer: string | null, limit: number): Promise<CustomerRecord[]>;
  /**
   * Those of these customers that are linked, tombstones included, in no order: the process that raised their tickets
   * sees here how far it has come.
   */
  customersAmong(customers: readonly string[]): Promise<CustomerRecord[]>;
  /**
   * Raises the tickets of those that are linked and living, in one transaction; answers how many. A stale customer
   * keeps its cause: a difference that another event brings to light was not found by this one.
   */
  raiseTickets(customers: readonly string[], cause: ConfirmedBy, now: number): Promise<number>;
  /**
   * The changes found for a cause since then: the facts as they were and as they were found, in the order of the
   * findings.
   */
  changesCausedBy(cause: ConfirmedBy, since: number, limit: number): Promise<CausedChange[]>;
}

/** The statements that both stores run as they are. */
export const jobSql = {
  add: `INSERT INTO jobs (job) VALUES (@job) ON CONFLICT DO NOTHING`,
  end: `UPDATE jobs SET ended_at = @now, lease_until = 0, progress = NULL,
      receipt = @receipt, receipt_started_at = started_at, receipt_ended_at = @now
    WHERE job = @job AND turn = @turn AND ended_at IS NULL`,
  // None lasts for longer than a minute.
  lookedUntil: `SELECT max(ended_at) AS looked_until FROM syncs WHERE at >= (SELECT max(at) FROM syncs) - 60000`,
  receipt: `SELECT receipt, receipt_started_at, receipt_ended_at FROM jobs WHERE job = @job AND receipt IS NOT NULL`,
  livingAfter: `SELECT * FROM customers WHERE customer > @after AND deleted_at IS NULL ORDER BY customer LIMIT @limit`,
  changes: `SELECT found.customer, host, account, found.at, found.revision, found.facts, earlier.facts AS before
    FROM revisions AS found
    JOIN customers ON customers.customer = found.customer
    LEFT JOIN revisions AS earlier
      ON earlier.customer = found.customer AND earlier.revision = found.revision - 1
    WHERE found.confirmed_by = @cause AND found.at >= @since
    ORDER BY found.at, found.customer, found.revision LIMIT @limit`,
} as const;
