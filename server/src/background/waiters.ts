/**
 * The registry of long polls, by account. A waiting poll registers here *before* it reads, so that a change between its
 * read and its wait wakes it; the commit of new facts wakes the account.
 *
 * Where other processes work on the ledger too, their word of it may be lost: then each wait also ends by itself every
 * few seconds, and its poll looks again.
 */

import { WatchedCustomers, type Watch } from './watched-customers.ts';

export interface WaitersOptions {
  /** Milliseconds after which a wait ends by itself, give or take a quarter. Default: never. */
  readonly pollMs?: number;
}

export interface Waiter {
  /** Of the customer that the poll is held for; `null` where the account has none. */
  readonly watch: Watch | null;
  /** Resolves at the first wake since `register` or since the last `woken`, at `deadline`, or when `signal` aborts. */
  woken(untilMs: number, signal: AbortSignal): Promise<void>;
  /** Must be called once, however the wait ended. */
  release(): void;
}

type Wake = () => void;

export class Waiters {
  readonly #byAccount = new Map<string, Set<Wake>>();
  readonly #pollMs: number;
  readonly #watched = new WatchedCustomers();
  #closed = false;

  constructor({ pollMs: lookEveryMs = Number.POSITIVE_INFINITY }: WaitersOptions = {}) {
    this.#pollMs = lookEveryMs;
  }

  /** The server stops: all waiters are answered with the known document, and none is held any more. */
  close(): void {
    this.#closed = true;
    this.wakeAll();
  }

  /** How many wait for this account. */
  count(host: string, account: string): number {
    return this.#byAccount.get(keyOf(host, account))?.size ?? 0;
  }

  /** How many wait at all. */
  get total(): number {
    let total = 0;
    for (const wakes of this.#byAccount.values()) total += wakes.size;
    return total;
  }

  /** The customers of all waiters. */
  get watched(): Omit<WatchedCustomers, 'watch'> {
    return this.#watched;
  }

  /** @param customer - the account's, if it has one: it is fetched before customers without a waiter */
  register(host: string, account: string, customer: string | null = null): Waiter {
    const key = keyOf(host, account);
    let wakes = this.#byAccount.get(key);
    if (!wakes) this.#byAccount.set(key, (wakes = new Set()));
    const all = wakes;

    // A wake that comes before the wait is remembered: otherwise a change between read and wait would be slept through.
    let missed = false;
    let resolve: Wake | null = null;
    const wake: Wake = () => {
      if (resolve) resolve();
      else missed = true;
    };
    all.add(wake);
    const watch = customer === null ? null : this.#watched.watch(customer);

    return {
      watch,
      woken: (untilMs, signal) => {
        if (missed || this.#closed || signal.aborted || untilMs <= 0) {
          missed = false;
          return Promise.resolve();
        }
        return new Promise<void>((done) => {
          const finish = () => {
            clearTimeout(timer);
            signal.removeEventListener('abort', finish);
            resolve = null;
            done();
          };
          // Not all at the same moment: they came together, and would ask together for ever.
          const lookAgainMs = this.#pollMs * (0.75 + Math.random() / 2);
          const timer = setTimeout(finish, Math.min(untilMs, lookAgainMs, 2_147_483_647));
          signal.addEventListener('abort', finish, { once: true });
          resolve = finish;
        });
      },
      release: () => {
        watch?.release();
        all.delete(wake);
        if (all.size === 0 && this.#byAccount.get(key) === all) this.#byAccount.delete(key);
      },
    };
  }

  get closed(): boolean {
    return this.#closed;
  }

  wake(host: string, account: string): void {
    for (const wake of this.#byAccount.get(keyOf(host, account)) ?? []) wake();
  }

  /** Wakes all: a product's new name, a lost notification channel, the end. */
  wakeAll(): void {
    for (const wakes of this.#byAccount.values()) for (const wake of wakes) wake();
  }
}

const keyOf = (host: string, account: string): string => `${host}\u0000${account}`;
