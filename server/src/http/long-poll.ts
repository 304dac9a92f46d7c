/** Holding an answer until it is worth giving: RFC 7240's `Prefer: wait`. */

import type { Context } from 'hono';
import type { Waiters } from '../background/waiters.ts';
import type { AccountRef } from '../ledger/account.ts';

/** Seconds that a request may be held; below the 30 s at which many proxies cut. */
const maxWaitSeconds = 25;

/** At most so many held requests an account: the next is answered at once. */
export const heldPerAccount = 8;

/**
 * How long the client would wait, in milliseconds: `Prefer: wait=25` → 25000, at most 25 s.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7240#section-4.3 RFC 7240, section 4.3}
 */
export function waitPreference(c: Context): number {
  const seconds = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})/i.exec(c.req.header('prefer') ?? '')?.[1];
  return Math.min(Number(seconds ?? 0), maxWaitSeconds) * 1000;
}

export interface Polled<T> {
  readonly value: T;
  /** Worth answering; otherwise wait and look again. */
  readonly done: boolean;
  /** When time alone will change what is seen. */
  readonly nextChangeAt: number | null;
}

/**
 * Reads until the answer is worth giving or the time is up, woken by each commit for the account. Registers before it
 * reads: a change in between wakes it.
 *
 * @param waitMs - 0 looks once
 * @param signal - ends the wait when the client is gone
 * @param most - so many are held for an account, and the next one looks once. Default: 8.
 */
export async function pollUntil<T>(
  waiters: Waiters,
  who: AccountRef,
  waitMs: number,
  signal: AbortSignal,
  now: () => number,
  look: () => Promise<Polled<T>>,
  most = heldPerAccount,
): Promise<T> {
  const held = waitMs > 0 && waiters.count(who.host, who.account) < most;
  if (!held) return (await look()).value;
  const deadline = now() + waitMs;
  const waiter = waiters.register(who.host, who.account);
  try {
    for (;;) {
      const { value, done, nextChangeAt } = await look();
      if (done || signal.aborted || waiters.closed || now() >= deadline) return value;
      await waiter.woken(Math.min(deadline, nextChangeAt ?? deadline) - now(), signal);
    }
  } finally {
    waiter.release();
  }
}
