/**
 * The work that no request waits for, in its two modes. A process that lives on does it by itself: it polls, listens and has
 * timers. One that is frozen between requests has none of these: each request hands what it caused to the platform, and an
 * upkeep does what time asks for.
 */

import type { UpkeepAnswer } from '@billhook/widget/contract';
import type { Config } from '../config/config.ts';
import type { LedgerChange } from '../ledger/feed.ts';
import type { BillingStore } from '../ledger/ledger.ts';
import type { Metrics } from '../operations/metrics.ts';
import type { StripeGateway } from '../stripe/gateway.ts';
import type { RequestBudget } from '../stripe/request-budget.ts';
import type { Catalogue } from './catalogue.ts';
import { Outbox, type OutboxOptions, type ReadAccess } from './outbox.ts';
import { Previews } from './previews.ts';
import { Scheduler, type SchedulerOptions } from './scheduler.ts';
import { beginAnewAfterSilence } from './silence.ts';
import { Upkeep } from './upkeep.ts';
import type { Waiters } from './waiters.ts';
import { Worker, type WorkerOptions } from './worker.ts';

export interface BackgroundParts {
  readonly config: Config;
  readonly store: BillingStore;
  readonly gateway: StripeGateway;
  readonly catalogue: Catalogue;
  readonly metrics: Metrics;
  readonly budget: RequestBudget;
  readonly waiters: Waiters;
  readonly digest: (text: string) => string;
  /** Makes sure that the ledger is the key's, should Stripe have been out of reach at the start. */
  readonly confirm: () => Promise<void>;
  /** Of the account that a notice is about. */
  readonly access: ReadAccess;
}

/** How fast it works, in the tests that cannot wait as long as an operator can. */
export interface BackgroundPace {
  readonly worker?: WorkerOptions;
  readonly upkeep?: SchedulerOptions;
}

export interface Background {
  /** A ticket was raised: the worker polls now. */
  readonly wakeWorker: () => void;
  /** A page is open that shows this subscription's next charge. */
  readonly wantPreview: Previews['want'];
  /** A webhook could not be recorded: sweep as soon as the ledger answers. */
  readonly requestSweep: () => void;
  /** Does what time asks for; `null` where that is done without a call. */
  readonly upkeep: (() => Promise<UpkeepAnswer>) | null;
  start(): Promise<void>;
  /** Takes nothing more, and ends what it has in hand. */
  stop(): Promise<void>;
}

const modes: Readonly<Record<Config['background'], (parts: BackgroundParts, pace: BackgroundPace) => Background>> = {
  process: ofProcess,
  none: ofFunction,
};

export function createBackground(parts: BackgroundParts, pace: BackgroundPace): Background {
  return modes[parts.config.background](parts, pace);
}

function ofProcess(parts: BackgroundParts, pace: BackgroundPace): Background {
  const { config, store } = parts;
  const work = new Work(parts, pace, () => undefined);
  return {
    ...work.calls,
    upkeep: null,
    async start() {
      work.follow();
      await beginAnewAfterSilence(store, config);
      await work.start();
      work.scheduler.start();
    },
    stop: () => work.stop(),
  };
}

function ofFunction(parts: BackgroundParts, pace: BackgroundPace): Background {
  const { config, store } = parts;
  // No timer: a customer that rests would be looked at by one.
  const unhurried = { ...pace, worker: { ...pace.worker, pollMs: null, restMs: 0 } };
  const work = new Work(parts, unhurried, () => upkeep.handOver());
  const { worker, outbox, previews, scheduler } = work;
  const anew = () => beginAnewAfterSilence(store, config);
  const upkeep = new Upkeep({ config, store, worker, outbox, previews, scheduler, beginAnewAfterSilence: anew });
  return {
    ...work.calls,
    upkeep: () => upkeep.run(),
    async start() {
      // A connection that listens would be dead when the process is woken: held polls look at the tables.
      if (!store.shared) work.follow();
      await work.start();
    },
    stop: () => work.stop(),
  };
}

/** The parts that do the work, whatever makes them go on. */
class Work {
  readonly worker: Worker;
  readonly outbox: Outbox;
  readonly previews: Previews;
  readonly scheduler: Scheduler;
  readonly calls: Pick<Background, 'wakeWorker' | 'wantPreview' | 'requestSweep'>;
  readonly #parts: BackgroundParts;
  #unfollow: () => void = () => undefined;

  /** @param begun - called after a request has begun some of it */
  constructor(parts: BackgroundParts, { worker = {}, upkeep = {} }: BackgroundPace, begun: () => void) {
    this.#parts = parts;
    const { config, store, gateway, metrics, confirm, budget, waiters } = parts;
    const { log, now } = config;
    this.calls = {
      wakeWorker: () => {
        this.worker.wake();
        begun();
      },
      wantPreview: (wanted) => {
        this.previews.want(wanted);
        begun();
      },
      requestSweep: () => this.scheduler.requestSweep(),
    };
    const { pollMs } = worker;
    const looks: OutboxOptions = pollMs === undefined ? {} : { pollMs };
    this.outbox = new Outbox(config, store, parts.access, looks);
    this.worker = new Worker({ ...parts, wakeOutbox: () => this.outbox.wake() }, waiters, worker);
    this.previews = new Previews({ store, gateway, waiters, log, now });
    const { wakeWorker } = this.calls;
    const { whenAvailable } = budget;
    this.scheduler = new Scheduler({ store, gateway, metrics, confirm, wakeWorker, whenAvailable, log, now }, upkeep);
  }

  /** Hears of the ledger's commits, other processes' included. */
  follow(): void {
    this.#unfollow = this.#parts.store.subscribe((commit) => this.#heard(commit));
  }

  async start(): Promise<void> {
    await this.worker.start();
    this.outbox.start();
  }

  async stop(): Promise<void> {
    this.#unfollow();
    const jobsEnded = this.scheduler.stop();
    // Cuts off what still waits for Stripe: its customers stay stale, and a job goes on from its last step.
    this.#parts.gateway.close();
    await jobsEnded;
    await this.worker.stop();
    await this.previews.idle();
    await this.outbox.stop();
  }

  #heard(commit: LedgerChange): void {
    const { waiters, catalogue } = this.#parts;
    if (commit.kind === 'looked') {
      waiters.wake(commit.host, commit.account);
      return;
    }
    if (commit.kind === 'raised') waiters.watched.raised(commit.customers);
    if (commit.kind === 'catalogue' || commit.kind === 'missed') {
      // Another process may have learned what a product is called. The snapshot that needs the name comes after it.
      void catalogue.reload().finally(() => waiters.wakeAll());
    }
    if (commit.kind === 'catalogue') return;
    this.calls.wakeWorker();
    if (commit.kind === 'missed' || commit.customers.length === 0) this.outbox.wake();
  }
}
