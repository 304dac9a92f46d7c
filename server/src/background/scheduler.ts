/**
 * Runs the server's jobs: the sweep every five minutes, at the start and after every outage of the ledger, and the
 * reconciliation every day. One process has a job's lease at a time. A killed process leaves its lease, with its
 * progress, to the next process that polls after the lease has ended. So does a job that Stripe did not answer; one that
 * the ledger interrupted is taken up again by the process itself, which sees first when there is room.
 */

import { codeOf } from '../coded-error.ts';
import { describeCause, type Log } from '../log.ts';
import type { Metrics } from '../operations/metrics.ts';
import { driftBetweenTimes, type Drift } from './drift-report.ts';
import { reconcile, type ReconcileParts } from './reconcile.ts';
import { PollLoop } from './poll-loop.ts';
import { type BillingStore } from '../ledger/ledger.ts';
import { beginAnewAfterLoss } from './silence.ts';
import { sweep, type SweepParts } from './sweep.ts';
import { StoreUnavailableError } from '../ledger/errors.ts';
import type { Job, JobLease } from '../ledger/jobs.ts';

export type SchedulerParts = SweepParts &
  ReconcileParts & {
    readonly store: Pick<BillingStore, 'acquireJob' | 'lastReport' | 'isIntact' | 'beginAnew'>;
    /** Makes sure that the ledger is the key's, should Stripe have been out of reach at the start. */
    readonly confirm: () => Promise<void>;
    readonly log: Log;
    readonly metrics: Pick<Metrics, 'drift' | 'swept'>;
  };

export interface SchedulerOptions {
  /** Milliseconds between two polls for a due job. Default: 5,000. */
  readonly pollMs?: number;
  /** Milliseconds from the beginning of a sweep to the next. Default: 300,000. */
  readonly sweepMs?: number;
  /** Milliseconds from the beginning of a reconciliation to the next. Default: 86,400,000. */
  readonly reconcileMs?: number;
  /** Milliseconds after the start before it reconciles: a server that restarts has better to do. Default: 60,000. */
  readonly restMs?: number;
  /** Milliseconds of a job's lease, after which a failed job is tried again. Default: 30,000. */
  readonly leaseMs?: number;
}

export class Scheduler {
  readonly #parts: SchedulerParts;
  readonly #options: Required<SchedulerOptions>;
  readonly #pollLoop: PollLoop;
  readonly #stopping = new AbortController();
  readonly #busy = new Set<Job>();
  /** Turns of this process that the ledger interrupted, and when, by a clock that is never set. */
  readonly #interrupted = new Map<Job, { readonly lease: JobLease; readonly at: number }>();
  #startedAt = 0;
  /** Ends what a round began, and not the scheduler. */
  #limit: AbortSignal = this.#stopping.signal;
  /** Events may have been refused since the last sweep began. */
  #sweepRequested = true;

  constructor(parts: SchedulerParts, options: SchedulerOptions = {}) {
    this.#parts = parts;
    this.#options = {
      pollMs: 5_000,
      sweepMs: 300_000,
      reconcileMs: 86_400_000,
      restMs: 60_000,
      leaseMs: 30_000,
      ...options,
    };
    this.#pollLoop = new PollLoop({
      poll: () => this.#poll(),
      intervalMs: this.#options.pollMs,
      onFailure: (cause) => this.#failed('upkeep', cause),
    });
  }

  start(): void {
    this.#startedAt = this.#parts.now();
    this.#pollLoop.start();
  }

  /**
   * One look for due jobs, in place of {@link start}: each goes on until its end, or until the limit; then the next round
   * goes on where it was.
   */
  async round(limit: AbortSignal): Promise<void> {
    this.#limit = AbortSignal.any([this.#stopping.signal, limit]);
    await this.#poll();
    await this.#pollLoop.idle();
  }

  /** An event could not be recorded, and Stripe was told so: sweep as soon as the ledger answers again. */
  requestSweep(): void {
    this.#sweepRequested = true;
  }

  /** Ends a running job between two steps; its lease ends by itself, and another process goes on. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#pollLoop.stop();
  }

  async #poll(): Promise<void> {
    const { sweepMs, reconcileMs, restMs, leaseMs } = this.#options;
    if (await beginAnewAfterLoss(this.#parts.store, this.#parts)) {
      // Events that were answered are lost too; Stripe calls them delivered, and the looks make good for them.
      this.#sweepRequested = true;
      this.#parts.wakeWorker();
    }
    await this.#try('sweep', this.#sweepRequested ? 0 : sweepMs, async (lease) => {
      // A sweep that is taken over covers only events from before its beginning: later ones need another sweep.
      if (lease.progress === null) this.#sweepRequested = false;
      const { store, log, confirm } = this.#parts;
      await confirm();
      const last = await store.lastReport('sweep');
      const report = await sweep(this.#parts, lease, leaseMs, this.#limit);
      if (report === null) return;
      log.info('sweep.done', { count: report.new });
      this.#parts.metrics.swept(report.new);
      // The drift that a sweep found shows only after its tickets were worked off: the next sweep counts it.
      if (last) this.#count(await driftBetweenTimes(store, 'sweep', last.startedAt, lease.startedAt), 'sweep');
    });
    if (this.#parts.now() - this.#startedAt < restMs) return;
    await this.#try('reconcile', reconcileMs, async (lease) => {
      const { log, confirm } = this.#parts;
      await confirm();
      const report = await reconcile(this.#parts, lease, { leaseMs, signal: this.#limit });
      if (report === null) return;
      log.info('reconcile.done', { count: report.looked });
      if (report.drift.count > 0) log.warn('reconcile.drift', { count: report.drift.count });
      if (report.unseen.length > 0) log.warn('reconcile.unseen', { count: report.unseen.length });
      this.#count(report.drift, 'reconcile');
    });
  }

  /** Begins a job that is due; polling goes on meanwhile, for the other job's sake. */
  async #try(job: Job, everyMs: number, work: (lease: JobLease) => Promise<void>): Promise<void> {
    if (this.#busy.has(job) || this.#limit.aborted) return;
    const { store, now } = this.#parts;
    const lease = await store.acquireJob(job, everyMs, this.#options.leaseMs, now(), this.#interruptedTurn(job));
    if (lease === null) return;
    this.#busy.add(job);
    this.#interrupted.delete(job);
    this.#pollLoop.track(
      work(lease)
        .catch((cause: unknown) => {
          if (cause instanceof StoreUnavailableError) this.#interrupted.set(job, { lease, at: performance.now() });
          this.#failed(job, cause);
        })
        .finally(() => this.#busy.delete(job)),
    );
  }

  /** Not at the poll that its own end wakes: a ledger that does not answer is asked again at the usual pace. */
  #interruptedTurn(job: Job): JobLease | null {
    const interrupted = this.#interrupted.get(job);
    const hasRested = interrupted !== undefined && performance.now() - interrupted.at >= this.#options.pollMs / 2;
    return hasRested ? interrupted.lease : null;
  }

  #count({ byClass }: Pick<Drift, 'byClass'>, by: Job): void {
    for (const [kind, count] of Object.entries(byClass)) {
      for (let each = 0; each < count; each += 1) this.#parts.metrics.drift(kind, by);
    }
  }

  #failed(job: Job | 'upkeep', cause: unknown): void {
    if (this.#limit.aborted) return;
    if (cause instanceof StoreUnavailableError || job === 'sweep') this.#sweepRequested = true;
    this.#parts.log.error(`${job}.failed`, { code: codeOf(cause), cause: describeCause(cause) });
  }
}
