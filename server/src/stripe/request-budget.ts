/**
 * The budget of requests to Stripe a second, over all processes, and their priorities. Work names its priority with
 * {@link withPriority}; without one it is a click.
 *
 * | priority     | is                                              | leaves to the others |
 * | ------------ | ----------------------------------------------- | -------------------- |
 * | `click`      | a person opens a page of Stripe's: never waits  | nothing; overdraws   |
 * | `waiting`    | a customer with an open page                    | nothing              |
 * | `background` | every other customer, the catalogue, events     | a fifth              |
 * | `reconcile`  | comparing everything with Stripe                | half                 |
 *
 * @see {@link https://docs.stripe.com/rate-limits Stripe: 100 requests a second live, 25 in a sandbox}
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { CodedError } from '../coded-error.ts';
import type { BudgetStore } from '../ledger/budget.ts';

export const priorities = ['click', 'waiting', 'background', 'reconcile'] as const;
export type Priority = (typeof priorities)[number];

/** The priority of the work that asks Stripe, and how long an answer is worth having. */
export interface RequestContext {
  readonly priority: Priority;
  readonly signal: AbortSignal | null;
}

const contexts = new AsyncLocalStorage<RequestContext>();
const click: RequestContext = { priority: 'click', signal: null };

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
  return contexts.run({ priority, signal }, work);
}

export const currentContext = (): RequestContext => contexts.getStore() ?? click;

/** The budget had no room for this request before its context was aborted. */
export class BudgetSpentError extends CodedError<'budget_spent'> {
  override readonly name = 'BudgetSpentError';

  constructor(cause: unknown) {
    super('budget_spent', 'no room in the budget', { transient: true, cause });
  }
}

/** The part of the budget that a priority leaves to those before it. */
const reserves: Record<Exclude<Priority, 'click'>, number> = { waiting: 0, background: 0.2, reconcile: 0.5 };

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
  /** The last request of each priority: one at a time asks the store, in order of arrival. */
  readonly #last = new Map<Priority, Promise<void>>();

  constructor(store: Pick<BudgetStore, 'spend'>, { perSecond, now, onAdmitted }: RequestBudgetOptions) {
    this.#store = store;
    this.#perSecond = perSecond;
    this.#now = now ?? (() => Date.now());
    this.#onAdmitted = onAdmitted ?? (() => undefined);
  }

  /**
   * Resolves when a request may be sent: a click's at once.
   *
   * @throws {BudgetSpentError} when the context is aborted first.
   */
  async acquire({ priority, signal }: RequestContext): Promise<void> {
    if (priority === 'click') {
      // Counted when it is on its way: nothing that a database does may come before a click.
      setImmediate(() => void this.#take(-this.#perSecond));
      return;
    }
    const began = this.#now();
    const admitted = this.#inOrder(this.#last.get(priority), priority, signal);
    this.#last.set(
      priority,
      admitted.catch(() => undefined),
    );
    await untilAborted(admitted, signal);
    this.#onAdmitted(priority, this.#now() - began);
  }

  /**
   * Resolves when a request of this priority could be sent, and takes nothing: for work that makes requests for the
   * worker, and must not make more than the budget has room for.
   *
   * @throws {BudgetSpentError} when `signal` aborts first.
   */
  readonly whenAvailable = async (priority: Exclude<Priority, 'click'>, signal: AbortSignal): Promise<void> => {
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

  async #inOrder(before: Promise<void> | undefined, priority: Exclude<Priority, 'click'>, signal: AbortSignal | null) {
    await before;
    for (;;) {
      if (signal?.aborted) return;
      // oxlint-disable-next-line no-await-in-loop -- it asks again when it was told to
      const waitMs = await this.#take(this.#perSecond * reserves[priority]);
      if (waitMs <= 0) return;
      // oxlint-disable-next-line no-await-in-loop -- as above
      await sleep(waitMs, undefined, signal ? { signal } : {}).catch(() => undefined);
    }
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

async function untilAborted(work: Promise<void>, signal: AbortSignal | null): Promise<void> {
  if (signal === null) return await work;
  const ended = new AbortController();
  const aborted = new Promise<never>((_, reject) => {
    const end = () => reject(new BudgetSpentError(signal.reason));
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true, signal: ended.signal });
  });
  try {
    await Promise.race([work, aborted]);
  } finally {
    ended.abort();
  }
}
