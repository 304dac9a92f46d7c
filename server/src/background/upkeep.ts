/**
 * The work of a process that is frozen between requests: nothing runs by itself. What a request causes is begun at once and
 * handed to the platform, which keeps the process alive until it is done; what time asks for waits for an upkeep, called by a
 * cron. Everything is in leased tables, so what is frozen in its middle is taken up by the next process.
 */

import { describeCause } from '../log.ts';
import type { UpkeepAnswer } from '@billhook/widget/contract';
import type { Config } from '../config/config.ts';
import type { Outbox } from './outbox.ts';
import type { BillingStore } from '../ledger/ledger.ts';
import type { Previews } from './previews.ts';
import type { Scheduler } from './scheduler.ts';
import type { Worker } from './worker.ts';

export interface UpkeepParts {
  readonly config: Pick<Config, 'waitUntil' | 'upkeep' | 'log' | 'now'>;
  readonly store: Pick<BillingStore, 'stats'>;
  readonly worker: Pick<Worker, 'wake' | 'idle'>;
  readonly outbox: Pick<Outbox, 'wake' | 'idle'>;
  readonly previews: Pick<Previews, 'idle'>;
  readonly scheduler: Pick<Scheduler, 'round'>;
  /** Before any work begins: a ledger that was silent for long may be a copy. */
  readonly beginAnewAfterSilence: () => Promise<void>;
}

export class Upkeep {
  readonly #parts: UpkeepParts;

  constructor(parts: UpkeepParts) {
    this.#parts = parts;
  }

  /** Hands what was just begun to the platform. */
  handOver(): void {
    const { waitUntil, log } = this.#parts.config;
    if (waitUntil === null) return;
    try {
      waitUntil(this.#quiet());
    } catch (cause) {
      // Outside of a request some platforms refuse. The next request or upkeep does what is left.
      log.warn('wait_until.refused', { cause: describeCause(cause) });
    }
  }

  /** Does what is due now: customers, jobs, notices. */
  async run(): Promise<UpkeepAnswer> {
    const { config, store, worker, outbox, scheduler, beginAnewAfterSilence } = this.#parts;
    const limit = AbortSignal.timeout((config.upkeep?.seconds ?? 0) * 1_000);
    const timeIsUp = new Promise<void>((up) => limit.addEventListener('abort', () => up(), { once: true }));
    const everything = async () => {
      await beginAnewAfterSilence();
      worker.wake();
      outbox.wake();
      await scheduler.round(limit);
      await this.#quiet();
    };
    await Promise.race([everything(), timeIsUp]);
    // A process that is frozen in the middle of a look keeps its lease: that customer is left to a later call.
    const { stale, waitingNotices } = await store.stats(config.now());
    return { done: stale === 0 && !limit.aborted, stale, notices: waitingNotices };
  }

  async #quiet(): Promise<void> {
    const { worker, outbox, previews } = this.#parts;
    await worker.idle();
    await outbox.idle();
    await previews.idle();
  }
}
