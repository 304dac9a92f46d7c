/**
 * The one who makes stale customers fresh. It is woken after every commit that raised a ticket, and looks at the table
 * every second besides. It keeps no queue of its own: what is to be done stands in the ledger, so a crash loses nothing
 * and a restart resumes.
 */

import { describeCause } from './log.ts';
import { Rounds } from './rounds.ts';
import { StripeFailure } from './stripe-gateway.ts';
import { nextChangeOf, syncCustomer, type SyncParts } from './sync.ts';
import { StoreUnavailableError, type Claim, type OpenHint } from './store/store.ts';
import type { Waiters } from './waiters.ts';

export interface WorkerParts extends SyncParts {
  /** Notices were written. */
  readonly wakeOutbox: () => void;
}

export interface WorkerOptions {
  /** Customers fetched at the same time. Default: 8. */
  readonly concurrency?: number;
  /** Milliseconds between two looks at the table when nobody wakes it. Default: 1,000. */
  readonly pollMs?: number;
  /** Milliseconds that a claim lasts; longer than a fetch takes, and a longer fetch is fenced. Default: 45,000. */
  readonly leaseMs?: number;
  /** 0 to 1, for the back-off's jitter. Default: `Math.random`. */
  readonly random?: () => number;
}

const day = 24 * 60 * 60 * 1000;
/** Events are kept for 35 days: Stripe delivers again for 3, and lists them for 30. */
const keptDays = 35;
const hintBatch = 20;

/** Milliseconds of back-off after the n-th failure: 1, 2, 4 … 300 seconds, each give or take a quarter. */
export function backOffMs(attempts: number, random: () => number): number {
  return Math.round(Math.min(300, 2 ** attempts) * 1000 * (0.75 + random() / 2));
}

export class Worker {
  readonly #parts: WorkerParts;
  readonly #waiters: Waiters;
  readonly #options: Required<WorkerOptions>;
  readonly #rounds: Rounds;
  #prunedAt = 0;

  constructor(parts: WorkerParts, waiters: Waiters, options: WorkerOptions = {}) {
    this.#parts = parts;
    this.#waiters = waiters;
    this.#options = { concurrency: 8, pollMs: 1_000, leaseMs: 45_000, random: Math.random, ...options };
    this.#rounds = new Rounds({
      look: () => this.#look(),
      everyMs: this.#options.pollMs,
      // The ledger could not even note the failure. The lease ends by itself, so nothing is lost.
      onFailure: (cause) =>
        this.#parts.config.log.error('worker.failed', { code: codeOf(cause), cause: describeCause(cause) }),
    });
  }

  async start(): Promise<void> {
    await this.#parts.store.resume();
    this.#rounds.start();
  }

  /** Something was raised: look now. */
  wake(): void {
    this.#rounds.wake();
  }

  /** Takes nothing more, and waits for what it has: their claims would otherwise be locked until the lease ends. */
  async stop(): Promise<void> {
    await this.#rounds.stop();
  }

  async #look(): Promise<void> {
    const { store, config, catalogue } = this.#parts;
    const now = config.now();
    await store.raiseRechecks(now);
    await this.#raiseDue(now);
    for (const hint of await store.takeOpenHints(now, this.#options.leaseMs, hintBatch))
      this.#rounds.take(this.#resolve(hint));

    if (catalogue.offersAreDue(now)) this.#rounds.take(this.#refreshOffers(now));

    const free = this.#options.concurrency - this.#rounds.busy;
    if (free > 0) {
      for (const claim of await store.claim(now, this.#options.leaseMs, free)) this.#rounds.take(this.#sync(claim));
    }
    if (now - this.#prunedAt > day) {
      this.#prunedAt = now;
      await store.prune(now - keptDays * day);
    }
  }

  /** Time is an event too: a grace that ended, a trial, a cancellation. Fetch before anything is narrowed. */
  async #raiseDue(now: number): Promise<void> {
    const { store, config, catalogue } = this.#parts;
    for (const due of await store.due(now, 100)) {
      if (due.nextChangeAt === null) continue;
      const next = nextChangeOf(due, due.facts, due.fetchedAt, now, config, catalogue);
      await store.raiseDue(due.customer, due.nextChangeAt, next, now);
      this.#waiters.wake(due.host, due.account);
    }
  }

  async #refreshOffers(now: number): Promise<void> {
    const { catalogue, config } = this.#parts;
    try {
      await catalogue.refreshOffers(now);
      this.#waiters.wakeAll();
    } catch (cause) {
      config.log.warn('offers.failed', { code: codeOf(cause), cause: describeCause(cause) });
    }
  }

  async #sync(claim: Claim): Promise<void> {
    const { config, store } = this.#parts;
    const { customer, host, account } = claim;
    const began = config.now();
    try {
      const { applied, changed, told } = await syncCustomer(this.#parts, claim);
      this.#waiters.wake(host, account);
      if (told > 0) this.#parts.wakeOutbox();
      const what = applied ? (changed ? 'sync.changed' : 'sync.unchanged') : 'sync.fenced';
      config.log.info(what, { host, account, customer, milliseconds: config.now() - began });
    } catch (cause) {
      const now = config.now();
      const attempts = claim.attempts + 1;
      config.log.warn('sync.failed', {
        host,
        account,
        customer,
        attempts,
        code: codeOf(cause),
        cause: describeCause(cause),
      });
      await store.fail(claim, codeOf(cause), now + backOffMs(claim.attempts, this.#options.random), now);
      this.#waiters.wake(host, account);
    }
  }

  /** A hint without a customer: ask Stripe whose it is, and raise the ticket in the transaction that closes the hint. */
  async #resolve({ event, subject, attempts }: OpenHint): Promise<void> {
    const { config, store, gateway, catalogue } = this.#parts;
    try {
      if (subject.type === 'product' || subject.type === 'price') {
        await catalogue.refresh(subject);
        await store.closeHint(event, null, config.now());
        this.#waiters.wakeAll();
      } else {
        await store.closeHint(event, await gateway.customerOf(subject), config.now());
      }
    } catch (cause) {
      config.log.warn('hint.failed', {
        event,
        type: subject.type,
        attempts,
        code: codeOf(cause),
        cause: describeCause(cause),
      });
      await store.postponeHint(event, config.now() + backOffMs(attempts - 1, this.#options.random));
    }
  }
}

const codeOf = (cause: unknown): string =>
  cause instanceof StripeFailure || cause instanceof StoreUnavailableError ? cause.code : 'internal';
