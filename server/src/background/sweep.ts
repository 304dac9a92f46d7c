/**
 * The sweep: events that Stripe could not deliver. Every event of the last three days that Stripe calls undelivered
 * goes the way of a webhook: its id is inserted, its customer's ticket raised, in one transaction.
 *
 * Two limits, and why they do no harm:
 * - An event whose first attempt is still under way is listed as undelivered too. It is recorded here first, and the
 *   webhook that comes after is a duplicate of it.
 * - An event that Stripe believes delivered, or was never asked to deliver (something else answered 200, the endpoint
 *   was switched off, the type is not enabled), is not listed. `reconcile.ts` is for those.
 */

import { withPriority } from '../stripe/request-budget.ts';
import { readEvent, NotAnEventError } from '../stripe/event.ts';
import type { BillingStore } from '../ledger/ledger.ts';
import type { EventCalls } from '../stripe/events.ts';
import type { JobLease } from '../ledger/jobs.ts';

const day = 24 * 60 * 60 * 1000;

/** Stripe delivers again for so long: an older event was refused for three days, and is for the reconciliation. */
const sweptMs = 3 * day;

export interface SweepParts {
  readonly store: Pick<BillingStore, 'recordEvent' | 'renewJob' | 'completeJob'>;
  readonly gateway: Pick<EventCalls, 'undeliveredEvents'>;
  readonly now: () => number;
  /** Tickets were raised. */
  readonly wakeWorker: () => void;
}

/** The report of a sweep. */
export interface SweepReport {
  /** Events that Stripe calls undelivered. */
  readonly found: number;
  /** Those of them that the ledger did not know. */
  readonly new: number;
}

interface SweepProgress extends SweepReport {
  /** Only events since then: fixed when the sweep began, or its pages would move. */
  readonly since: number;
  readonly after: string | null;
}

/**
 * Sweeps as far as it comes; the next process to acquire the job goes on from there.
 *
 * @example
 * const turn = await store.acquireJob('sweep', 300_000, leaseMs, now());
 * if (turn) await sweep(parts, turn, leaseMs, signal); // { found: 12, new: 3 }
 *
 * @param leaseMs - milliseconds of the lease, renewed from page to page; longer than one page takes
 * @returns `null` when it was stopped, or when another process has the job now
 * @throws {StripeFailure} Stripe did not answer; the job keeps its lease until it ends.
 * @throws {StoreUnavailableError} likewise, or until this process takes it up again.
 */
export async function sweep(
  { store, gateway, now, wakeWorker }: SweepParts,
  lease: JobLease,
  leaseMs: number,
  signal: AbortSignal,
): Promise<SweepReport | null> {
  let progress = (lease.progress as SweepProgress | null) ?? { since: now() - sweptMs, after: null, found: 0, new: 0 };
  do {
    const { since, after } = progress;
    const { rows, next } = await withPriority('background', () => gateway.undeliveredEvents(since, after), signal);
    const outcomes = await Promise.all(rows.map(record));
    if (outcomes.some((outcome) => outcome === 'queued' || outcome === 'unresolved')) wakeWorker();
    progress = {
      ...progress,
      after: next,
      found: progress.found + rows.length,
      new: progress.new + outcomes.filter((outcome) => outcome !== 'duplicate' && outcome !== 'malformed').length,
    };
    if (!(await store.renewJob(lease, progress, leaseMs, now()))) return null;
  } while (progress.after !== null && !signal.aborted);
  if (progress.after !== null) return null;
  const report = { found: progress.found, new: progress.new };
  return (await store.completeJob(lease, report, now())) ? report : null;

  async function record(event: unknown) {
    let parsed;
    try {
      parsed = readEvent(event);
    } catch (cause) {
      // One unreadable event must not keep all older ones from being swept.
      if (cause instanceof NotAnEventError) return 'malformed';
      throw cause;
    }
    return await store.recordEvent(parsed, now(), 'sweep');
  }
}
