/**
 * The budget of requests to Stripe a second, over all processes, and their priorities. Work names its priority with
 * {@link withPriority}; without one it is a click. Of the requests that wait, the next is of the account that had the least
 * of late; {@link ofAccount} names it.
 *
 * | priority     | is                                               | waits behind                                  | leaves of a burst |
 * | ------------ | ------------------------------------------------ | --------------------------------------------- | ----------------- |
 * | `click`      | a person opens a page of Stripe's: does not wait | nobody, unless dozens click at once           | nothing; overdraws |
 * | `waiting`    | a customer with an open page                     | accounts that had less                        | nothing            |
 * | `background` | every other customer, the catalogue, events      | accounts that had not {@link headStart} more  | a fifth            |
 * | `reconcile`  | comparing everything with Stripe                 | everything                                    | half               |
 *
 * @see {@link https://docs.stripe.com/rate-limits Stripe: 100 requests a second live, 25 in a sandbox}
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../coded-error.ts';
import type { AccountRef } from '../ledger/account.ts';
import { spendFrom, type BudgetStore, type Bucket } from '../ledger/budget.ts';
import { AccountUsage, FairQueue } from './fair-queue.ts';

export const priorities = ['click', 'waiting', 'background', 'reconcile'] as const;
export type Priority = (typeof priorities)[number];

/** The priority of the work that asks Stripe, and how long an answer is worth having. */
export interface RequestContext {
  readonly priority: Priority;
  readonly signal: AbortSignal | null;
  /** The account that the work is for; `null`: for none, or for all. */
  readonly account: string | null;
}

const contexts = new AsyncLocalStorage<RequestContext>();
const click: RequestContext = { priority: 'click', signal: null, account: null };

/**
 * Every request to Stripe in `work` has this priority.
 *
 * @example
 * ```ts
 * await withPriority('reconcile', () => gateway.liveSubscriptions(after));
 * ```
 *
 * @param signal - ends its requests, and its waiting for the budget. Default: only their own time limits do.
 */
export function withPriority<T>(priority: Priority, work: () => T, signal: AbortSignal | null = null): T {
  return contexts.run({ ...currentContext(), priority, signal }, work);
}

/** Every request to Stripe in `work` is this account's, and waits in turn with those of others. */
export function ofAccount<T>({ host, account }: AccountRef, work: () => T): T {
  return contexts.run({ ...currentContext(), account: JSON.stringify([host, account]) }, work);
}

export const currentContext = (): RequestContext => contexts.getStore() ?? click;

/** The budget had no room for this request before its context was aborted. */
export class BudgetSpentError extends CodedError<'budget_spent'> {
  override readonly name = 'BudgetSpentError';

  constructor(cause: unknown) {
    super('budget_spent', 'no room in the budget', { transient: true, cause });
  }
}

/**
 * How many requests may go at once, as parts of a second's: after a quiet time, and clicks beyond that. With a second's
 * requests that follow them Stripe gets no more in any second than it takes: of 100, 80 are ours, of 25 they are 20.
 */
const burst = 0.2;
const clicksAtOnce = 0.05;

/** The part of a burst that a priority leaves to those before it. A click that has to wait is one of a crowd's. */
const reserves: Record<Priority, number> = { click: 0, waiting: 0, background: 0.2, reconcile: 0.5 };

/**
 * So many requests more an account with an open page may have had of late than one without, and go first. It is what a
 * person needs who opens the portal and comes back; a script has had that after some seconds.
 */
const headStart = 8;
const behind: Record<Priority, number> = { click: 0, waiting: 0, background: headStart, reconcile: 1e9 };

/**
 * Of so many requests one is of each priority that waits: the others may spend the budget on and on, and nothing may starve.
 * It leaves nothing of a burst to them, either.
 */
const turns = 4;

/** A `Retry-After` beyond this is a mistake, or an outage that a request a minute shows the end of. */
const maxPatienceMs = 60_000;

export interface RequestBudgetOptions {
  /** Requests a second. */
  readonly perSecond: number;
  /** Unix milliseconds, of real time: Stripe counts by no other. Default: `Date.now`. */
  readonly now?: () => number;
  /** Called with the time that a request waited. */
  readonly onAdmitted?: (priority: Priority, waitedMs: number) => void;
}

export class RequestBudget {
  readonly #store: Pick<BudgetStore, 'spend'>;
  readonly #perSecond: number;
  readonly #now: () => number;
  readonly #onAdmitted: (priority: Priority, waitedMs: number) => void;
  readonly #usage = new AccountUsage();
  /** The requests that wait, each with its admission. The next of all asks the store. */
  readonly #queues = byPriority(() => new FairQueue<() => void>(this.#usage));
  /** When each priority was served last, or began to wait. */
  readonly #servedAt = byPriority(() => Number.POSITIVE_INFINITY);
  /** Ends the pause when there is another next one; `null`: nothing waits. */
  #pause: AbortController | null = null;
  /** The clicks that need not wait. */
  #clicks: Bucket | null = null;

  constructor(store: Pick<BudgetStore, 'spend'>, { perSecond, now, onAdmitted }: RequestBudgetOptions) {
    this.#store = store;
    this.#perSecond = perSecond;
    this.#now = now ?? (() => Date.now());
    this.#onAdmitted = onAdmitted ?? (() => undefined);
  }

  /**
   * Resolves when a request may be sent: a click's at once, unless several come at the same time. Then they take turns, as
   * fast as the budget has room.
   *
   * @throws {BudgetSpentError} when the context is aborted first.
   */
  async acquire({ priority, signal, account }: RequestContext): Promise<void> {
    if (priority === 'click' && this.#queues.click.size === 0 && this.#mayClick()) {
      // Counted when it is on its way: nothing that a database does may come before a click.
      setImmediate(() => void this.#take(-this.#perSecond));
      return;
    }
    const began = this.#now();
    await this.#inTurn(priority, account, signal);
    this.#onAdmitted(priority, this.#now() - began);
  }

  /**
   * Resolves when a request of this priority could be sent, and takes nothing: for work that makes requests for the
   * worker, and must not make more than the budget has room for.
   *
   * @throws {BudgetSpentError} when `signal` aborts first.
   */
  readonly whenAvailable = async (priority: Priority, signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      // oxlint-disable-next-line no-await-in-loop -- it asks again when it was told to
      const waitMs = await this.#take(this.#reserveOf(priority), 0);
      if (waitMs <= 0) return;
      // oxlint-disable-next-line no-await-in-loop -- as above
      await sleep(waitMs, undefined, { signal }).catch(() => undefined);
    }
    throw new BudgetSpentError(signal.reason);
  };

  /** Stripe asked for a pause: all priorities but clicks keep it, in every process. */
  backOff(retryAfterMs: number): void {
    const count = Math.ceil((this.#perSecond * Math.min(retryAfterMs, maxPatienceMs)) / 1000);
    // Once for the many that are refused at the same moment: an overdrawn budget is not drawn further.
    void this.#take(-this.#perSecond, count);
  }

  /** A few clicks at once, and a quarter of the budget on and on. */
  #mayClick(): boolean {
    const rate = this.#perSecond / 4;
    // The bucket holds a second of its own rate; a fifth of it is for the taking.
    const { bucket, waitMs } = spendFrom(this.#clicks, rate, rate - this.#perSecond * clicksAtOnce, this.#now(), 1);
    this.#clicks = bucket;
    return waitMs === 0;
  }

  /** The bucket holds a second's requests, of which a burst is for the taking. */
  #reserveOf(priority: Priority): number {
    return this.#perSecond * (1 - burst + burst * reserves[priority]);
  }

  #inTurn(priority: Priority, account: string | null, signal: AbortSignal | null): Promise<void> {
    const queue = this.#queues[priority];
    return new Promise<void>((admitted, refused) => {
      const end = () => {
        queue.drop(account, admit);
        this.#pause?.abort();
        refused(new BudgetSpentError(signal?.reason));
      };
      const admit = () => {
        signal?.removeEventListener('abort', end);
        admitted();
      };
      if (signal?.aborted) return end();
      signal?.addEventListener('abort', end, { once: true });
      const before = this.#next()?.priority;
      if (queue.size === 0) this.#servedAt[priority] = this.#now();
      queue.push(account, admit);
      if (this.#pause === null) void this.#serve();
      // What waits now may need to leave less to the others.
      else if (this.#next()?.priority !== before) this.#pause.abort();
    });
  }

  /** The priority that is served next; `undefined` where nothing waits. */
  #next(): { readonly priority: Priority; readonly isOverdue: boolean } | undefined {
    const now = this.#now();
    const waiting = priorities.filter((priority) => this.#queues[priority].size > 0);
    const longestMs = (turns * 1000) / this.#perSecond;
    const overdue = waiting.find((priority) => priority !== 'reconcile' && now - this.#servedAt[priority] > longestMs);
    if (overdue !== undefined) return { priority: overdue, isOverdue: true };
    const placeOf = (priority: Priority) => this.#queues[priority].usageOfNext(now) + behind[priority];
    const [priority] = waiting.toSorted((a, b) => placeOf(a) - placeOf(b));
    return priority && { priority, isOverdue: false };
  }

  /** Admits those that wait, one after another. What an account has while there is room costs the others nothing. */
  async #serve(): Promise<void> {
    let isScarce = false;
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      const pause = (this.#pause = new AbortController());
      const reserve = next.isOverdue ? this.#reserveOf('waiting') : this.#reserveOf(next.priority);
      // oxlint-disable-next-line no-await-in-loop -- it asks again when it was told to
      const waitMs = await this.#take(reserve);
      isScarce ||= waitMs > 0;
      if (waitMs <= 0) this.#admit(isScarce);
      // oxlint-disable-next-line no-await-in-loop -- as above
      else await sleep(waitMs, undefined, { signal: pause.signal }).catch(() => undefined);
    }
    this.#pause = null;
  }

  /** Admits the one that is next now: it may have come while the store was asked for another one. */
  #admit(isScarce: boolean): void {
    const next = this.#next();
    if (next === undefined) return;
    const now = this.#now();
    const admitted = this.#queues[next.priority].shift(now);
    this.#servedAt[next.priority] = now;
    if (admitted === undefined) return;
    if (isScarce) this.#usage.add(admitted.account, now);
    admitted.item();
  }

  /** A store that is down stops no request: little is claimed already, and more cannot be claimed. */
  async #take(reserve: number, count?: number): Promise<number> {
    try {
      return await this.#store.spend(this.#perSecond, reserve, this.#now(), count);
    } catch {
      return 0;
    }
  }
}

const byPriority = <T>(make: () => T): Record<Priority, T> => ({
  click: make(),
  waiting: make(),
  background: make(),
  reconcile: make(),
});
