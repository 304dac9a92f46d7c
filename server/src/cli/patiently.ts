/** A command's questions to Stripe, asked again where a failure passes (F23). */

import { setTimeout as pause } from 'node:timers/promises';
import { backOffMs } from '../background/backoff.ts';
import { StripeFailure } from '../stripe/failure.ts';
import type { Output } from './args.ts';

export interface Patience {
  /** Names what waits, in the words about it. */
  readonly what: string;
  /** Milliseconds that it waits at most, before the command gives up. */
  readonly patienceMs: number;
  readonly output: Pick<Output, 'stderr'>;
  /** Default: every failure that passes. */
  readonly isWorthIt?: (failure: StripeFailure) => boolean;
}

/** A rate limit is over in seconds, where an outage may last, and its operator be told of it at once. */
export const whileLimited = (what: string, output: Pick<Output, 'stderr'>): Patience => ({
  what,
  patienceMs: 60_000,
  output,
  isWorthIt: ({ code }) => code === 'stripe_rate_limited',
});

/** The mean rate that a budget keeps may still break a window of Stripe's. @throws {StripeFailure} */
export async function patiently<T>(
  ask: () => Promise<T>,
  { what, patienceMs, output, isWorthIt = ({ transient }) => transient }: Patience,
): Promise<T> {
  const began = performance.now();
  for (let failures = 0; ; failures += 1) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- each try follows the failure of the one before
      return await ask();
    } catch (cause) {
      const waitMs = backOffMs(cause, failures, Math.random);
      const isOver = performance.now() - began + waitMs > patienceMs;
      if (!(cause instanceof StripeFailure) || !isWorthIt(cause) || isOver) throw cause;
      if (failures === 0) output.stderr.write(`${what}: Stripe asks for patience [${cause.code}]; waiting\n`);
      // oxlint-disable-next-line no-await-in-loop -- as above
      await pause(waitMs);
    }
  }
}
