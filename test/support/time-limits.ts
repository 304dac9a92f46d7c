/** Time limits that pass when a test says so: `AbortSignal.timeout` without a clock. */

import { onTestFinished, vi } from 'vitest';

export interface TimeLimits {
  /** Milliseconds of the limits that were set so far, in order. */
  readonly set: readonly number[];
  /** The limits that were set so far have passed, as late as the code under test may have been. */
  pass(): void;
}

/**
 * Takes the place of `AbortSignal.timeout` for the rest of the test. No limit passes by itself, however slow the machine.
 *
 * @example
 * ```ts
 * const limits = holdTimeLimits();
 * outbox.wake();
 * await receiver.next(); // it has arrived, and hangs
 * limits.pass();
 * ```
 */
export function holdTimeLimits(): TimeLimits {
  const set: number[] = [];
  const held: AbortController[] = [];
  const spy = vi.spyOn(AbortSignal, 'timeout').mockImplementation((milliseconds) => {
    const limit = new AbortController();
    set.push(milliseconds);
    held.push(limit);
    return limit.signal;
  });
  onTestFinished(() => spy.mockRestore());
  return {
    set,
    pass() {
      for (const limit of held.splice(0)) {
        limit.abort(new DOMException('The operation was aborted due to timeout', 'TimeoutError'));
      }
    },
  };
}
