/** The arithmetic of the one budget of requests: pure, and the same in every store. */

import { clockSkewMs } from './clocks.ts';

export interface Bucket {
  readonly tokens: number;
  /** When it held that many. */
  readonly at: number;
}

/** The rounding error of adding up fractions of a request. */
const epsilon = 1e-6;

/**
 * Fills the bucket up to `now` and takes `count` requests out of it, if it may: many at once overdraw it.
 *
 * @param left - as it was left; `null`: never used, so it is full
 * @param reserve - how many must be left for others; negative to overdraw
 * @returns What the bucket holds then, and after how many milliseconds to ask again; 0 when the request was granted.
 */
export function spendFrom(
  left: Bucket | null,
  perSecond: number,
  reserve: number,
  now: number,
  count: number,
): { readonly bucket: Bucket; readonly waitMs: number } {
  const size = Math.max(1, perSecond);
  const bucket = left && left.at - now > clockSkewMs ? { tokens: left.tokens, at: now } : left;
  // The clocks of two processes differ: the bucket must not be filled twice for the same milliseconds.
  const at = Math.max(now, bucket?.at ?? now);
  const held = bucket === null ? size : Math.min(size, bucket.tokens + ((at - bucket.at) / 1000) * perSecond);
  // More than the bucket can hold would never be there, and a request for it would wait for ever.
  const wanted = Math.min(size, reserve + 1);
  if (held + epsilon >= wanted) return { bucket: { tokens: held - count, at }, waitMs: 0 };
  return {
    bucket: { tokens: held, at },
    waitMs: Math.max(1, Math.ceil(((wanted - held - epsilon) / perSecond) * 1000)),
  };
}

/** One budget of requests to Stripe for all processes: a bucket that fills by `perSecond` and holds one second's worth. */
export interface BudgetStore {
  /**
   * Takes `count` requests out of the budget if more than `reserve` are left, and answers 0; else takes nothing and
   * answers after how many milliseconds it is worth asking again. A negative `reserve` may overdraw: a click never waits,
   * the others wait for it. So do many at once: when Stripe asks for patience, all processes have it.
   *
   * @param count - default: 1
   */
  spend(perSecond: number, reserve: number, now: number, count?: number): Promise<number>;
}
