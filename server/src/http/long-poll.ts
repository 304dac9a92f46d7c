/** Holding an answer until it is worth giving: RFC 7240's `Prefer: wait`. */

import type { AccountRef } from '../ledger/account.ts';
import type { RouteContext } from './route-context.ts';

/** Seconds that a request may be held; below the 30 s at which many proxies cut. */
const maxWaitSeconds = 25;

/** At most so many held requests an account: the next is answered at once. */
export const heldPerAccount = 8;

/**
 * How long the client would wait, in milliseconds: `Prefer: wait=25` → 25000, at most 25 s.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7240#section-4.3 RFC 7240, section 4.3}
 */
export function waitPreference(prefer: string | null | undefined): number {
  const seconds = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})/i.exec(`${prefer}`)?.[1];
  return Math.min(Number(seconds ?? 0), maxWaitSeconds) * 1000;
}

export interface Polled<T> {
  readonly value: T;
  /** Worth answering; otherwise wait and look again. */
  readonly done: boolean;
  /** When time alone will change what is seen. */
  readonly nextChangeAt: number | null;
  /** The customer waits for a fetch. */
  readonly isStale: boolean;
}

/** The account that a poll is held for, and its customer as the request has read it. */
export interface HeldFor extends AccountRef {
  readonly customer: string | null;
}

export interface Patience {
  /** Milliseconds; 0 looks once. */
  readonly waitMs: number;
  /** Ends the wait when the client is gone. */
  readonly signal: AbortSignal;
  /** So many are held for an account, and the next one looks once. Default: 8. */
  readonly most?: number;
}

export type PollParts = Pick<RouteContext, 'config' | 'waiters' | 'wakeWorker'>;

/**
 * Reads until the answer is worth giving or the time is up, woken by each commit for the account. Registers before it
 * reads: a change in between wakes it. While it is held, its customer is fetched before those that no poll is held for.
 */
export async function pollUntil<T>(
  { config, waiters, wakeWorker }: PollParts,
  { host, account, customer }: HeldFor,
  { waitMs, signal, most = heldPerAccount }: Patience,
  look: () => Promise<Polled<T>>,
): Promise<T> {
  const { now } = config;
  const held = waitMs > 0 && waiters.count(host, account) < most;
  if (!held) return (await look()).value;
  // Not by the clock of the system: set back by an hour, it would hold the answer for as long.
  const until = performance.now() + waitMs;
  const waiter = waiters.register(host, account, customer);
  try {
    for (;;) {
      const raises = waiter.watch?.raises ?? 0;
      const { value, done, nextChangeAt, isStale } = await look();
      if (done || signal.aborted || waiters.closed || performance.now() >= until) return value;
      waiter.watch?.saw(isStale, raises);
      if (isStale) wakeWorker();
      const left = until - performance.now();
      await waiter.woken(nextChangeAt === null ? left : Math.min(left, nextChangeAt - now()), signal);
    }
  } finally {
    waiter.release();
  }
}
