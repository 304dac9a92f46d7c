/**
 * The reconciliation: every customer that could be wrong is synced again, however fresh it seems. Two lists say which:
 * Stripe's living subscriptions, and the ledger's own customers that have one, were never fetched, or fail.
 *
 * It believes neither list. It raises tickets and waits for the looks; only a look decides, and one that has happened
 * since the beginning, for whatever reason, counts. So it can begin again anywhere, and be done twice at once.
 *
 * It has at most one batch of tickets open. A hundred thousand at once would be a queue that a webhook has to wait in.
 */

import { setTimeout as pause } from 'node:timers/promises';
import { CodedError } from '../coded-error.ts';
import { withPriority, type RequestBudget } from '../stripe/request-budget.ts';
import { isTerminal } from '../billing/judge/subscription.ts';
import { driftBetweenTimes, type DriftedAccount } from './drift-report.ts';
import { progressOf, reportOf, unseenOf, type ReconcileProgress, type ReconcileReport } from './reconcile-progress.ts';
import type { BillingStore } from '../ledger/ledger.ts';
import type { EventCalls } from '../stripe/events.ts';
import { isLiving, type CustomerRecord } from '../ledger/customers.ts';
import type { JobLease } from '../ledger/jobs.ts';

export interface ReconcileParts {
  readonly store: Pick<
    BillingStore,
    'customersAfter' | 'customersAmong' | 'raiseTickets' | 'changesCausedBy' | 'renewJob' | 'completeJob'
  >;
  readonly gateway: Pick<EventCalls, 'liveSubscriptions'>;
  /** Resolves when there is room for what a lane asks of Stripe. */
  readonly whenAvailable: RequestBudget['whenAvailable'];
  readonly now: () => number;
  /** Tickets were raised. */
  readonly wakeWorker: () => void;
}

export interface ReconcileOptions {
  /** Milliseconds that the turn is kept. */
  readonly leaseMs: number;
  /** Stops it; the next process to acquire the job goes on. */
  readonly signal: AbortSignal;
  /** Customers that are to be looked at, at a time. Default: 20. */
  readonly batch?: number;
  /** Milliseconds between two looks at how far they are. Default: 200. */
  readonly pollMs?: number;
  /**
   * Milliseconds that it waits at its end for customers with a failing fetch, which is tried again. Default: 30,000.
   */
  readonly patienceMs?: number;
  readonly onProgress?: (progress: ReconcileProgress) => void;
  /** Called while it waits, with the milliseconds since any customer was last looked at. */
  readonly onQuiet?: (milliseconds: number) => void | Promise<void>;
}

/** A customer that was linked a moment ago is being fetched anyway. */
const justLinkedMs = 60_000;

/**
 * Syncs every customer that could be wrong.
 *
 * @example
 * const turn = await store.acquireJob('reconcile', 86_400_000, leaseMs, now());
 * if (turn) await reconcile(parts, turn, { leaseMs, signal });
 *
 * @returns `null` when it was stopped, or when another process has the job now
 * @throws {StripeFailure} Stripe's list could not be had; the job keeps its lease until it ends.
 * @throws {StoreUnavailableError} likewise.
 */
export async function reconcile(
  parts: ReconcileParts,
  lease: JobLease,
  options: ReconcileOptions,
): Promise<ReconcileReport | null> {
  const run = new Run(parts, lease, options);
  try {
    await run.throughStripe();
    await run.throughLedger();
    await run.throughUnseen();
    return await run.end();
  } catch (cause) {
    if (cause instanceof LeaseLost || options.signal.aborted) return null;
    throw cause;
  }
}

/** Another process has the job, or this one is being stopped. */
class LeaseLost extends CodedError<'lease_lost'> {
  override readonly name = 'LeaseLost';

  constructor() {
    super('lease_lost', 'the job’s lease is lost');
  }
}

class Run {
  readonly #parts: ReconcileParts;
  readonly #lease: JobLease;
  readonly #options: Required<ReconcileOptions>;
  #progress: ReconcileProgress;
  #keptAt = 0;
  /** Of the page in hand, customers that are done: shown, and not kept. */
  #done = 0;

  constructor(parts: ReconcileParts, lease: JobLease, options: ReconcileOptions) {
    this.#parts = parts;
    this.#lease = lease;
    this.#options = {
      batch: 20,
      pollMs: 200,
      patienceMs: 30_000,
      onProgress: () => undefined,
      onQuiet: () => undefined,
      ...options,
    };
    this.#progress = progressOf(lease, parts.now());
  }

  /** Customers with a live subscription at Stripe, whatever the ledger believes. */
  async throughStripe(): Promise<void> {
    while (this.#progress.phase === 'stripe') {
      const { gateway, store } = this.#parts;
      const { after } = this.#progress;
      const { rows, next } = await withPriority(
        'reconcile',
        () => gateway.liveSubscriptions(after),
        this.#options.signal,
      );
      const customers = [...new Set(rows.map(({ customer }) => customer))];
      const linked = await store.customersAmong(customers);
      await this.#inBatches(linked.filter(isLiving));
      const known = new Set(linked.map(({ customer }) => customer));
      await this.#keep({
        subscriptions: this.#progress.subscriptions + rows.length,
        unlinked: this.#progress.unlinked + rows.filter(({ customer }) => !known.has(customer)).length,
        visited: this.#progress.visited + known.size,
        ...(next === null ? { phase: 'ledger', after: null, visited: 0 } : { after: next }),
      });
    }
  }

  /** Customers with one in the ledger, and those without facts. Counts the customers, once. */
  async throughLedger(): Promise<void> {
    const { store } = this.#parts;
    while (this.#progress.phase === 'ledger') {
      const records = await store.customersAfter(this.#progress.after, this.#options.batch);
      const last = records.at(-1);
      const wanted = records.filter((record) => this.#isSeen(record) || couldBeWrong(record));
      const unseen = await this.#syncAll(wanted);
      await this.#keep({
        visited: this.#progress.visited + records.length,
        looked: this.#progress.looked + wanted.length - unseen.length,
        idle: this.#progress.idle + records.length - wanted.length,
        unseen: [...this.#progress.unseen, ...unseen.map(unseenOf)],
        ...(last === undefined ? { phase: 'unseen', after: null } : { after: last.customer }),
      });
    }
  }

  /** The worker tries failed customers again; a failure that passes may have passed by now. */
  async throughUnseen(): Promise<void> {
    const deadline = this.#parts.now() + this.#options.patienceMs;
    while (this.#progress.unseen.length > 0) {
      const records = await this.#parts.store.customersAmong(this.#progress.unseen.map(({ customer }) => customer));
      const unseen = records.filter((record) => !this.#isSeen(record) && record.staleSince !== null);
      const looked = this.#progress.looked + this.#progress.unseen.length - unseen.length;
      await this.#keep({ looked, unseen: unseen.map(unseenOf) });
      if (!unseen.some(mayPass) || this.#parts.now() >= deadline) return;
      await this.#pause();
    }
  }

  async end(): Promise<ReconcileReport | null> {
    const { store, now } = this.#parts;
    const report = reportOf(this.#progress, await driftBetweenTimes(store, 'reconcile', this.#progress.since));
    return (await store.completeJob(this.#lease, report, now())) ? report : null;
  }

  async #inBatches(records: readonly CustomerRecord[]): Promise<void> {
    const { batch } = this.#options;
    for (let from = 0; from < records.length; from += batch) {
      // oxlint-disable-next-line no-await-in-loop -- one batch at a time is the point
      await this.#syncAll(records.slice(from, from + batch));
      this.#done = from + batch;
    }
  }

  /** Raises their tickets, and waits until each was looked at or has failed; answers those that failed. */
  async #syncAll(records: readonly CustomerRecord[]): Promise<readonly CustomerRecord[]> {
    const { store, now, wakeWorker } = this.#parts;
    const missing = records.filter((record) => !this.#isSeen(record));
    if (missing.length === 0) return [];
    const customers = missing.map(({ customer }) => customer);
    // Stale customers are synced anyway. A difference found there was not missed, only not reached yet, and is no
    // drift.
    const fresh = missing.filter(({ staleSince }) => staleSince === null).map(({ customer }) => customer);
    // The worker does the syncs, and does not know that these can wait: no more tickets than the budget has room for.
    await this.#untilAvailable();
    await store.raiseTickets(fresh, 'reconcile', now());
    wakeWorker();
    const raised = await store.customersAmong(customers);
    // By tickets, not by times: another process's clock may be behind ours.
    const wanted = new Map(raised.map(({ customer, ticket }) => [customer, ticket]));
    // A tombstone is never synced again, whatever events came while it was found: it would be waited for without end.
    const isOpen = (record: CustomerRecord) =>
      isLiving(record) && record.syncedTicket < (wanted.get(record.customer) ?? record.ticket);
    let current = raised;
    let [waitedFor, changedAt] = [raised.length, now()];
    for (;;) {
      // One that fails is tried again by the worker, ever more rarely: the others do not wait for it.
      const waiting = current.filter((record) => isOpen(record) && record.failure === null).length;
      if (waiting === 0) break;
      if (waiting < waitedFor) [waitedFor, changedAt] = [waiting, now()];
      this.#show(raised.length - waiting);
      await this.#options.onQuiet(now() - changedAt);
      await this.#keepLease();
      await this.#pause();
      current = await store.customersAmong(customers);
    }
    this.#noteFirstLooks(missing, new Map(current.map((record) => [record.customer, record])));
    return current.filter(isOpen);
  }

  /**
   * A customer that was never synced is drift, though no difference could be found. One linked a moment ago is none.
   */
  #noteFirstLooks(before: readonly CustomerRecord[], after: ReadonlyMap<string, CustomerRecord>): void {
    const found = before.flatMap(({ customer, facts, staleSince }): DriftedAccount[] => {
      const now = after.get(customer);
      const overdue = facts === null && staleSince !== null && this.#progress.since - staleSince > justLinkedMs;
      if (!overdue || !now?.facts) return [];
      const { host, account, revision, fetchedAt } = now;
      return [{ host, account, customer, classes: ['neverFetched'], healedAt: fetchedAt ?? 0, revision }];
    });
    const { count, accounts } = this.#progress.neverFetched;
    const neverFetched = { count: count + found.length, accounts: [...accounts, ...found].slice(0, 100) };
    this.#progress = { ...this.#progress, neverFetched };
  }

  #isSeen({ fetchedAt }: CustomerRecord): boolean {
    // A look of later than now, too, was dated by a clock that was ahead, and may be older than this job.
    return fetchedAt !== null && fetchedAt >= this.#progress.countedSince && fetchedAt <= this.#parts.now();
  }

  /** A budget that others use up must not cost the turn. */
  async #untilAvailable(): Promise<void> {
    const found = new AbortController();
    const room = this.#parts.whenAvailable('reconcile', AbortSignal.any([found.signal, this.#options.signal]));
    try {
      // oxlint-disable-next-line no-await-in-loop -- the lease is kept meanwhile
      while (!(await Promise.race([room.then(() => true), this.#pause().then(() => false)]))) await this.#keepLease();
    } finally {
      found.abort();
      room.catch(() => undefined);
    }
  }

  async #pause(): Promise<void> {
    await pause(this.#options.pollMs, undefined, { signal: this.#options.signal });
  }

  async #keepLease(): Promise<void> {
    if (this.#parts.now() - this.#keptAt > this.#options.leaseMs / 4) await this.#keep({});
  }

  async #keep(change: Partial<ReconcileProgress>): Promise<void> {
    const { store, now } = this.#parts;
    this.#progress = { ...this.#progress, ...change };
    if ('visited' in change) this.#done = 0;
    this.#keptAt = now();
    const kept = await store.renewJob(this.#lease, this.#progress, this.#options.leaseMs, this.#keptAt);
    if (!kept || this.#options.signal.aborted) throw new LeaseLost();
    this.#show(0);
  }

  /** @param settled - of the batch in hand */
  #show(settled: number): void {
    this.#options.onProgress({ ...this.#progress, visited: this.#progress.visited + this.#done + settled });
  }
}

/** Something that Stripe may have ended or changed stands in the ledger, or nothing is known. */
function couldBeWrong({ facts, failure }: CustomerRecord): boolean {
  return facts === null || failure !== null || facts.subscriptions.some((each) => !isTerminal(each));
}

/** Asking again in a moment may help. */
const mayPass = ({ failure }: CustomerRecord) =>
  failure?.code !== 'stripe_customer_missing' && failure?.code !== 'stripe_unauthorized';
