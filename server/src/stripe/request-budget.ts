/**
 * The budget of requests to Stripe a second, over all processes, and their priorities. Work names its priority with
 * {@link withPriority}; without one it is a click. Requests of one priority wait in the fair order of their accounts, which
 * {@link ofAccount} names.
 *
 * | priority     | is                                              | leaves to the others |
 * | ------------ | ----------------------------------------------- | -------------------- |
 * | `click`      | a person opens a page of Stripe's: does not wait | nothing; overdraws  |
 * | `waiting`    | a customer with an open page                    | nothing              |
 * | `background` | every other customer, the catalogue, events     | a fifth              |
 * | `reconcile`  | comparing everything with Stripe                | half                 |
 *
 * @see {@link https://docs.stripe.com/rate-limits Stripe: 100 requests a second live, 25 in a sandbox}
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../coded-error.ts';
import type { AccountRef } from '../ledger/account.ts';
import { spendFrom, type BudgetStore, type Bucket } from '../ledger/budget.ts';
import { FairQueue } from './fair-queue.ts';

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

/** The part of the budget that a priority leaves to those before it. A click that has to wait is one of a crowd's. */
const reserves: Record<Priority, number> = { click: 0.2, waiting: 0, background: 0.2, reconcile: 0.5 };

/**
 * A priority that was not served for so long leaves nothing to those before it, once: they may spend the budget on and on,
 * and nothing may starve. In milliseconds.
 */
const longestTurnMs = 250;

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
  /** The requests that wait, each with its admission. The first of each priority asks the store. */
  readonly #queues = byPriority(() => new FairQueue<() => void>());
  /** Ends a priority's pause when nothing waits any more; `null`: nothing does. */
  readonly #pauses = byPriority<AbortController | null>(() => null);
  /** The clicks that need not wait. */
  #clicks: Bucket | null = null;

  constructor(store: Pick<BudgetStore, 'spend'>, { perSecond, now, onAdmitted }: RequestBudgetOptions) {
    this.#store = store;
    this.#perSecond = perSecond;
    this.#now = now ?? (() => Date.now());
    this.#onAdmitted = onAdmitted ?? (() => undefined);
  }

  /**
   * Resolves when a request may be sent: a click's at once, unless clicks alone would spend the budget. Then dozens of
   * accounts click at the same time, again and again, and take turns.
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
    await this.#inTurn(priority, account ?? '', signal);
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
      const waitMs = await this.#take(this.#perSecond * reserves[priority], 0);
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

  /** A second's budget of clicks at once, and a quarter of the budget on and on. */
  #mayClick(): boolean {
    const { bucket, waitMs } = spendFrom(this.#clicks, this.#perSecond, 0, this.#now() / 4, 1);
    this.#clicks = bucket;
    return waitMs === 0;
  }

  #inTurn(priority: Priority, account: string, signal: AbortSignal | null): Promise<void> {
    const queue = this.#queues[priority];
    return new Promise<void>((admitted, refused) => {
      const end = () => {
        queue.drop(admit);
        if (queue.size === 0) this.#pauses[priority]?.abort();
        refused(new BudgetSpentError(signal?.reason));
      };
      const admit = () => {
        signal?.removeEventListener('abort', end);
        admitted();
      };
      if (signal?.aborted) return end();
      signal?.addEventListener('abort', end, { once: true });
      queue.push(account, admit);
      if (this.#pauses[priority] === null) void this.#serve(priority);
    });
  }

  /** Admits those that wait, one after another. */
  async #serve(priority: Priority): Promise<void> {
    const queue = this.#queues[priority];
    let servedAt = this.#now();
    while (queue.size > 0) {
      const pause = (this.#pauses[priority] = new AbortController());
      const isOld = priority !== 'reconcile' && this.#now() - servedAt > longestTurnMs;
      // oxlint-disable-next-line no-await-in-loop -- it asks again when it was told to
      const waitMs = await this.#take(isOld ? 0 : this.#perSecond * reserves[priority]);
      if (waitMs <= 0) {
        servedAt = this.#now();
        queue.shift()?.();
      }
      // oxlint-disable-next-line no-await-in-loop -- as above
      else await sleep(waitMs, undefined, { signal: pause.signal }).catch(() => undefined);
    }
    this.#pauses[priority] = null;
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
