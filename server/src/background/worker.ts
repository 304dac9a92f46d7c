/**
 * Syncs stale customers. It is woken after every commit that raised a ticket, and polls the table every second besides.
 * It keeps no queue of its own: the ledger is the queue, so a crash loses nothing and a restart resumes.
 */

import { ofAccount, withPriority } from '../stripe/request-budget.ts';
import { codeOf } from '../coded-error.ts';
import { backOffMs } from './backoff.ts';
import { EventResolver } from './event-resolver.ts';
import { FirstTurns } from './first-turns.ts';
import { describeCause } from '../log.ts';
import { PollLoop, restingOf } from './poll-loop.ts';
import { judgeDue } from './judged-access.ts';
import { SpareTime } from './spare-time.ts';
import { syncCustomer } from './sync.ts';
import type { Waiters } from './waiters.ts';
import { StoreUnavailableError } from '../ledger/errors.ts';
import type { Claim, Applied } from '../ledger/customers.ts';
import type { WorkerParts } from './context.ts';

export interface WorkerOptions {
  /**
   * Customers fetched at the same time. Prioritized ones may be twice as many: they wait for the budget, where accounts take
   * turns, and not for a place that a crowd of other pages holds. Default: half of the budget's requests a second; 8 at
   * least, 64 at most.
   */
  readonly concurrency?: number;
  /** How many of these the others leave free. Default: a quarter. */
  readonly reservedForPriority?: number;
  /** Milliseconds between two polls of the table without a wake; `null`: none. Default: 1,000, at rest more ({@link restingOf}). */
  readonly pollMs?: number | null;
  /**
   * Milliseconds for which a customer without a waiting page rests after a fetch began, however many events come.
   * Default: 1,000.
   */
  readonly restMs?: number;
  /** Milliseconds that a claim lasts. Default: 45,000. */
  readonly leaseMs?: number;
  /**
   * Milliseconds that a fetch may take with all its pages and its waiting for the budget: it must end before its lease
   * does, or it would be begun again while it goes on, and never be in time. Default: 35,000.
   */
  readonly fetchLimitMs?: number;
  /** 0 to 1, for the back-off's jitter. Default: `Math.random`. */
  readonly random?: () => number;
}

/**
 * With fewer fetches at a time a slow Stripe would leave the budget unused: each has one request under way, for half a
 * second where Stripe is slow. With more they would wait for the budget, each with a lease that goes on.
 */
const fetchesAtOnce = (requestsPerSecond: number): number =>
  Math.min(64, Math.max(8, Math.ceil(requestsPerSecond / 2)));

const day = 24 * 60 * 60 * 1000;
/** Events are kept for 35 days: Stripe delivers again for 3, and lists them for 30. */
export const keptDays = 35;
const catalogueEveryMs = 10_000;
/** Watched customers that a claim is tried for; more than there are places, for some may be leased or resting. */
const watchedAtOnce = 100;
/** After so many failures in a row an operator should look: it will hardly pass by itself. */
const failsForGood = 12;

export class Worker {
  readonly #parts: WorkerParts;
  readonly #waiters: Waiters;
  readonly #options: Required<WorkerOptions>;
  readonly #pollLoop: PollLoop;
  readonly #events: EventResolver;
  readonly #firstTurns = new FirstTurns();
  readonly #spareTime: SpareTime;
  /** Writes that failed while the ledger was down: without them each lease would have to end by itself. */
  readonly #deferred: (() => Promise<void>)[] = [];
  #fetching = 0;
  /** How many of these are of prioritized customers. */
  #prioritized = 0;
  #prunedAt = 0;
  #catalogueReadAt = 0;

  constructor(parts: WorkerParts, waiters: Waiters, options: WorkerOptions = {}) {
    this.#parts = parts;
    this.#waiters = waiters;
    const concurrency = options.concurrency ?? fetchesAtOnce(parts.config.stripe.requestsPerSecond);
    this.#options = {
      concurrency,
      reservedForPriority: Math.floor(concurrency / 4),
      pollMs: 1_000,
      restMs: 1_000,
      leaseMs: 45_000,
      fetchLimitMs: 35_000,
      random: Math.random,
      ...options,
    };
    this.#spareTime = new SpareTime(this.#options.concurrency - this.#options.reservedForPriority);
    this.#pollLoop = new PollLoop({
      poll: () => this.#poll(),
      intervalMs: this.#options.pollMs,
      ...restingOf(parts.store, this.#options.pollMs),
      // The ledger could not even record the failure. The lease ends by itself, so nothing is lost.
      onFailure: (cause) => this.#noteFailure('worker.failed', cause),
    });
    const { leaseMs, fetchLimitMs, random } = this.#options;
    const tell = (debt: () => Promise<void>) => this.#writeOrDefer(debt);
    this.#events = new EventResolver(parts, waiters, { leaseMs, limitMs: fetchLimitMs, random, writeOrDefer: tell });
  }

  async start(): Promise<void> {
    await this.#parts.store.releaseLeases();
    this.#pollLoop.start();
  }

  /** Starts in a command, beside a server that may be at work: the leases that it finds may be the server's, and stay. */
  startWithoutReclaim(): void {
    this.#pollLoop.start();
  }

  /** A ticket was raised: poll now. */
  wake(): void {
    this.#pollLoop.wake();
  }

  /** Resolves when nothing more can be claimed now, and what was claimed is done. */
  async idle(): Promise<void> {
    await this.#pollLoop.idle();
  }

  /**
   * Claims nothing more, and waits for the syncs under way: their customers would otherwise be locked until the lease
   * ends.
   */
  async stop(): Promise<void> {
    await this.#pollLoop.stop();
  }

  async #poll(): Promise<void> {
    const { store, config, catalogue } = this.#parts;
    const now = config.now();
    for (let debt = this.#deferred.shift(); debt; debt = this.#deferred.shift()) {
      const owed = debt;
      // oxlint-disable-next-line no-await-in-loop -- the first that cannot be told ends the round
      await this.#step(() => this.#writeOrDefer(owed));
    }
    await this.#step(() => store.raiseRechecks(now));
    await this.#step(() => this.#raiseDue(now));
    await this.#step(() => this.#claim(now));
    await this.#step(async () => {
      for (const work of await this.#events.poll(now)) this.#pollLoop.track(work);
    });
    // Products that another process fetched are in the ledger, and not yet in this process's memory.
    if (store.shared && now - this.#catalogueReadAt > catalogueEveryMs) {
      this.#catalogueReadAt = now;
      await this.#step(() => catalogue.load());
    }
    if (catalogue.offersAreDue(now)) this.#pollLoop.track(this.#refreshOffers(now));
    if (now - this.#prunedAt > day) {
      this.#prunedAt = now;
      await this.#step(() => store.prune(now - keptDays * day));
    }
  }

  /** A failing step must not stop the steps after it. Without the ledger there is nothing more to do. */
  async #step(step: () => Promise<unknown>): Promise<void> {
    try {
      await step();
    } catch (cause) {
      if (cause instanceof StoreUnavailableError) throw cause;
      this.#noteFailure('worker.failed', cause);
    }
  }

  /**
   * Customers with an open page first, each kind in places of its own: a storm of renewals must not stand before a person,
   * and a crowd of open pages not before the events of everybody else.
   */
  async #claim(now: number): Promise<void> {
    const { concurrency, leaseMs, restMs } = this.#options;
    const { store } = this.#parts;
    const watched = this.#waiters.watched.next(watchedAtOnce);
    const first = 2 * concurrency - this.#prioritized;
    const looks = { watched, resting: this.#firstTurns.resting(now), prioritized: true };
    const claims = first > 0 ? await store.claim(now, leaseMs, first, looks) : [];
    this.#firstTurns.took(customersOf(claims), now);
    this.#fetch(claims);
    const others = this.#spareTime.places() - (this.#fetching - this.#prioritized);
    if (others > 0) this.#fetch(await store.claim(now, leaseMs, others, { restMs, prioritized: false }));
  }

  #fetch(claims: readonly Claim[]): void {
    this.#waiters.watched.claimed(customersOf(claims));
    for (const claim of claims) {
      const prioritized = Number(claim.prioritized);
      this.#fetching += 1;
      this.#prioritized += prioritized;
      const done = () => {
        this.#fetching -= 1;
        this.#prioritized -= prioritized;
      };
      this.#pollLoop.track(this.#sync(claim).finally(done));
    }
  }

  /** Time is an event too: a grace that ended, a trial, a cancellation. Fetch before anything is narrowed. */
  async #raiseDue(now: number): Promise<void> {
    const { store } = this.#parts;
    for (const due of await store.due(now, 100)) {
      if (due.nextChangeAt === null) continue;
      const { nextChangeAt, access } = judgeDue(due, now, this.#parts);
      const notices = await store.raiseDue(due.customer, due.nextChangeAt, nextChangeAt, now, access);
      if (notices > 0) this.#parts.wakeOutbox();
      this.#waiters.wake(due.host, due.account);
    }
  }

  async #refreshOffers(now: number): Promise<void> {
    try {
      await withPriority('background', () => this.#parts.catalogue.refreshOffers(now), this.#limit());
      this.#waiters.wakeAll();
    } catch (cause) {
      this.#noteFailure('offers.failed', cause);
    }
  }

  #limit(): AbortSignal {
    return AbortSignal.timeout(this.#options.fetchLimitMs);
  }

  async #sync(claim: Claim): Promise<void> {
    const { config, metrics, confirm } = this.#parts;
    const { customer, host, account } = claim;
    const began = config.now();
    const look = async () => {
      await confirm();
      return await ofAccount({ host, account }, () => syncCustomer(this.#parts, claim));
    };
    let applied: Applied;
    try {
      applied = await withPriority(claim.prioritized ? 'waiting' : 'background', look, this.#limit());
    } catch (cause) {
      await this.#failed(claim, cause, config.now() - began);
      return;
    } finally {
      this.#waiters.wake(host, account);
    }
    if (applied.noticesWritten > 0) this.#parts.wakeOutbox();
    const outcome = applied.applied ? (applied.changed ? 'changed' : 'unchanged') : 'fenced';
    const milliseconds = config.now() - began;
    metrics.synced(outcome, milliseconds);
    if (applied.applied && claim.cause === 'webhook') metrics.applied(config.now() - claim.staleSince);
    config.log.info(`sync.${outcome}`, { host, account, customer, milliseconds });
  }

  async #failed(claim: Claim, cause: unknown, milliseconds: number): Promise<void> {
    const { config, store, metrics } = this.#parts;
    const { host, account, customer } = claim;
    const code = codeOf(cause);
    const attempts = claim.attempts + 1;
    const level = attempts >= failsForGood ? 'error' : 'warn';
    config.log[level]('sync.failed', { host, account, customer, attempts, code, cause: describeCause(cause) });
    metrics.synced('failed', milliseconds, code);
    const now = config.now();
    const nextAttemptAt = now + backOffMs(cause, claim.attempts, this.#options.random);
    await this.#writeOrDefer(() => store.fail(claim, code, nextAttemptAt, now));
  }

  /** Writes to the ledger now, or as soon as it answers again. */
  async #writeOrDefer(debt: () => Promise<void>): Promise<void> {
    try {
      await debt();
    } catch (cause) {
      if (cause instanceof StoreUnavailableError) this.#deferred.push(debt);
      throw cause;
    }
  }

  #noteFailure(what: string, cause: unknown): void {
    this.#parts.config.log.error(what, { code: codeOf(cause), cause: describeCause(cause) });
  }
}

const customersOf = (claims: readonly Claim[]) => claims.map(({ customer }) => customer);
