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
  readonly #byAccount = new Map<string, Set<HeldPoll>>();
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
    for (const all of this.#byAccount.values()) total += all.size;
    return total;
  }

  /** The customers of all waiters. */
  get watched(): Omit<WatchedCustomers, 'watch'> {
    return this.#watched;
  }

  /** @param customer - the account's, if it has one: it is fetched before customers without a waiter */
  register(host: string, account: string, customer: string | null = null): Waiter {
    const key = keyOf(host, account);
    const watch = customer === null ? null : this.#watched.watch(customer);
    const waiter = new HeldPoll(this, key, watch);
    const all = this.#byAccount.get(key);
    if (all === undefined) this.#byAccount.set(key, new Set([waiter]));
    else all.add(waiter);
    return waiter;
  }

  /** Called by a waiter that is released. */
  forget(key: string, waiter: HeldPoll): void {
    const all = this.#byAccount.get(key);
    all?.delete(waiter);
    if (all?.size === 0) this.#byAccount.delete(key);
  }

  /** Milliseconds until a wait ends by itself. Not all at the same moment: they came together, and would ask together for ever. */
  lookAgainMs(): number {
    return this.#pollMs * (0.75 + Math.random() / 2);
  }

  get closed(): boolean {
    return this.#closed;
  }

  wake(host: string, account: string): void {
    for (const waiter of this.#byAccount.get(keyOf(host, account)) ?? []) waiter.wake();
  }

  /** Wakes all: a product's new name, a lost notification channel, the end. */
  wakeAll(): void {
    for (const all of this.#byAccount.values()) for (const waiter of all) waiter.wake();
  }
}

/** One object and no closures: thousands of them wait at the same time. */
class HeldPoll implements Waiter {
  readonly watch: Watch | null;
  readonly #waiters: Waiters;
  readonly #key: string;
  /** A wake that comes before the wait is remembered: otherwise a change between read and wait would be slept through. */
  #missed = false;
  #resolve: Wake | null = null;

  constructor(waiters: Waiters, key: string, watch: Watch | null) {
    this.#waiters = waiters;
    this.#key = key;
    this.watch = watch;
  }

  wake(): void {
    if (this.#resolve) this.#resolve();
    else this.#missed = true;
  }

  woken(untilMs: number, signal: AbortSignal): Promise<void> {
    if (this.#missed || this.#waiters.closed || signal.aborted || untilMs <= 0) {
      this.#missed = false;
      return Promise.resolve();
    }
    return new Promise<void>((done) => {
      const finish = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', finish);
        this.#resolve = null;
        done();
      };
      const timer = setTimeout(finish, Math.min(untilMs, this.#waiters.lookAgainMs(), 2_147_483_647));
      signal.addEventListener('abort', finish, { once: true });
      this.#resolve = finish;
    });
  }

  release(): void {
    this.watch?.release();
    this.#waiters.forget(this.#key, this);
  }
}

const keyOf = (host: string, account: string): string => `${host}\u0000${account}`;
