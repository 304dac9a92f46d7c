/**
 * Looking at a table again and again: at once after a wake, and every so often besides, because a wake may be lost and
 * other processes write too. The work that a poll finds goes on during the next poll.
 */

import type { BillingStore } from '../ledger/ledger.ts';

export interface PollLoopOptions {
  /** Looks once, and hands what it finds to `take`. */
  readonly poll: () => Promise<void>;
  /** Looking or working failed, and nothing could be noted of it. The next look comes all the same. */
  readonly onFailure: (cause: unknown) => void;
  /** Milliseconds between two polls without a wake; `null`: only a wake makes it poll, and no timer runs. */
  readonly intervalMs: number | null;
  /** The same after {@link restAfter} of them that found nothing. Default: no longer than before. */
  readonly restingMs?: number;
}

/** Polls without a wake between them that find nothing, until the loop rests. */
const restAfter = 10;

/**
 * A ledger that is a server of its own is asked less often where nothing happens. Other processes' commits are heard, and
 * wake; what time alone brings, a deadline or the end of a back-off, comes at most so much later.
 */
export const restingOf = (
  { shared }: Pick<BillingStore, 'shared'>,
  intervalMs: number | null,
): Pick<PollLoopOptions, 'restingMs'> => (shared && intervalMs !== null ? { restingMs: 3 * intervalMs } : {});

export class PollLoop {
  readonly #options: PollLoopOptions;
  readonly #busy = new Set<Promise<void>>();
  #timer: NodeJS.Timeout | null = null;
  #polling: Promise<void> | null = null;
  #pollAgain = false;
  #running = false;
  /** Polls in a row for which nothing was the cause but time, and that found nothing. */
  #vain = 0;

  constructor(options: PollLoopOptions) {
    this.#options = options;
  }

  /** How many are worked on now. */
  get busy(): number {
    return this.#busy.size;
  }

  start(): void {
    this.#running = true;
    this.wake();
  }

  /** There is something: look now. */
  wake(): void {
    this.#vain = 0;
    this.#poll();
  }

  #poll(): void {
    if (!this.#running) return;
    if (this.#polling) {
      this.#pollAgain = true;
      return;
    }
    this.#polling = this.#pollUntilQuiet().finally(() => {
      this.#polling = null;
      // Woken after the last look had ended, and before its end was noted.
      if (this.#pollAgain) return this.#poll();
      const { intervalMs, restingMs = intervalMs } = this.#options;
      if (!this.#running || intervalMs === null) return;
      if (this.#timer) clearTimeout(this.#timer);
      const pauseMs = this.#vain < restAfter ? intervalMs : (restingMs ?? intervalMs);
      this.#timer = setTimeout(() => {
        this.#vain += 1;
        this.#poll();
      }, pauseMs);
    });
  }

  /** Works on something, and looks again when it is done: its place is free. */
  track(work: Promise<void>): void {
    const taken = work.catch(this.#options.onFailure).finally(() => {
      this.#busy.delete(taken);
      this.wake();
    });
    this.#busy.add(taken);
  }

  /** Resolves when a poll found nothing more to do and everything that was found is done. */
  async idle(): Promise<void> {
    while (this.#polling !== null || this.#busy.size > 0) {
      // oxlint-disable-next-line no-await-in-loop -- what is done wakes another poll
      await Promise.all([this.#polling, ...this.#busy]);
    }
  }

  /** Takes nothing more, and waits for what it has: their leases would otherwise last until they end. */
  async stop(): Promise<void> {
    this.#running = false;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#polling;
    await Promise.all(this.#busy);
  }

  async #pollUntilQuiet(): Promise<void> {
    do {
      this.#pollAgain = false;
      try {
        await this.#options.poll();
      } catch (cause) {
        this.#pollAgain = false;
        this.#options.onFailure(cause);
        return;
      }
    } while (this.#pollAgain && this.#running);
  }
}
