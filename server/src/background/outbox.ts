/**
 * Delivers notices to hosts. They are in the outbox since the facts were written, so a crash loses nothing: a notice is
 * delivered at least once, always under the same id, and each account's notices in their order.
 */

import { setTimeout as timeLimit } from 'node:timers/promises';
import { codeOf } from '../coded-error.ts';
import type { AccessAnswer } from '@billhook/widget/contract';
import type { Config, Host } from '../config/config.ts';
import { DeliveryFailure, postNotice } from './host-webhook.ts';
import { iso } from '../billing/judge/deadlines.ts';
import { describeCause } from '../log.ts';
import { PollLoop, restingOf } from './poll-loop.ts';
import { type BillingStore } from '../ledger/ledger.ts';
import type { Receiver, NoticeClaim } from '../ledger/outbox.ts';
import type { Notice } from '../billing/notice-types.ts';

export interface OutboxOptions {
  /** Notices under way at the same time, to each receiver. Default: 4. */
  readonly concurrency?: number;
  /** Milliseconds between two polls of the table without a wake; `null`: none. Default: 1,000. */
  readonly pollMs?: number | null;
  /** Milliseconds for which a notice is leased to this process; longer than a delivery takes. Default: 60,000. */
  readonly leaseMs?: number;
  /** Milliseconds that a webhook may take to answer. Default: 10,000. */
  readonly webhookLimitMs?: number;
  /** Milliseconds that `onChange` may take. Default: 30,000. */
  readonly onChangeLimitMs?: number;
  /** 0 to 1, for the back-off's jitter. Default: `Math.random`. */
  readonly random?: () => number;
}

const hour = 60 * 60_000;
/** A notice is tried for so long, */
const triedForMs = 72 * hour;
/** and so often at least: it may have waited that long behind another, or for this process. */
const minAttempts = 8;

/** Milliseconds until the attempt after the n-th: 5, 10, 20 … 3,600 seconds, each give or take a quarter. */
export function retryAfterMs(attempts: number, random: () => number): number {
  return Math.round(Math.min(hour, 5_000 * 2 ** (attempts - 1)) * (0.75 + random() / 2));
}

/** The receivers of a host's notices. Without any, no notice is written, and none is delivered later either. */
export function receiversOf({ webhook }: Host, { onChange }: Config): Receiver[] {
  return [...(webhook ? (['webhook'] as const) : []), ...(onChange ? (['process'] as const) : [])];
}

/** The notices of one host to one receiver. A receiver that hangs takes no place from the others. */
interface DeliveryLane {
  readonly host: Host;
  readonly receiver: Receiver;
  busy: number;
}

/** Reads what an account may use now, for the notice that is about to be delivered. */
export type ReadAccess = (host: Host, account: string) => Promise<AccessAnswer>;

export class Outbox {
  readonly #config: Config;
  readonly #store: BillingStore;
  readonly #access: ReadAccess;
  readonly #options: Required<OutboxOptions>;
  readonly #rounds: PollLoop;
  readonly #lanes: readonly DeliveryLane[];

  constructor(config: Config, store: BillingStore, access: ReadAccess, options: OutboxOptions = {}) {
    this.#config = config;
    this.#access = access;
    this.#store = store;
    this.#options = {
      concurrency: 4,
      pollMs: 1_000,
      leaseMs: 60_000,
      webhookLimitMs: 10_000,
      onChangeLimitMs: 30_000,
      random: Math.random,
      ...options,
    };
    this.#lanes = [...config.hosts.values()].flatMap((host) =>
      receiversOf(host, config).map((receiver) => ({ host, receiver, busy: 0 })),
    );
    this.#rounds = new PollLoop({
      poll: () => this.#poll(),
      intervalMs: this.#options.pollMs,
      ...restingOf(store, this.#options.pollMs),
      // The ledger could not record the outcome. The lease ends by itself, and the notice is delivered again.
      onFailure: (cause) => config.log.error('outbox.failed', { code: codeOf(cause), cause: describeCause(cause) }),
    });
  }

  /** Without receivers there is nothing to poll for. */
  start(): void {
    if (this.#lanes.length > 0) this.#rounds.start();
  }

  /** Notices were written: poll now. */
  wake(): void {
    this.#rounds.wake();
  }

  /** Resolves when no notice is due now, and none is under way. */
  async idle(): Promise<void> {
    await this.#rounds.idle();
  }

  /** Claims nothing more, and waits for the deliveries under way, each within its time limit. */
  async stop(): Promise<void> {
    await this.#rounds.stop();
  }

  async #poll(): Promise<void> {
    const { concurrency, leaseMs } = this.#options;
    for (const queue of this.#lanes) {
      const free = concurrency - queue.busy;
      if (free <= 0) continue;
      const to = { host: queue.host.id, receiver: queue.receiver };
      for (const claim of await this.#store.claimNotices(to, this.#config.now(), leaseMs, free)) {
        queue.busy++;
        this.#rounds.track(this.#tell(queue.host, claim).finally(() => queue.busy--));
      }
    }
  }

  async #tell(host: Host, claim: NoticeClaim): Promise<void> {
    const { log, now } = this.#config;
    const { account, type, id, attempts } = claim;
    const fields = { host: host.id, account, type, notice: id, attempts };
    try {
      await this.#deliver(host, claim);
    } catch (cause) {
      const code = codeOf(cause);
      const status = cause instanceof DeliveryFailure ? cause.status : null;
      const next = now() + retryAfterMs(attempts, this.#options.random);
      const isGivenUp = attempts >= minAttempts && next > claim.at + triedForMs;
      await this.#store.noticeFailed(claim, code, isGivenUp ? null : next, now());
      const said = { ...fields, code, ...(status === null ? {} : { status }), cause: describeCause(cause) };
      if (isGivenUp) log.error('notice.given_up', said);
      else log.warn('notice.failed', said);
      return;
    }
    await this.#store.noticeDelivered(claim, now());
    log.info('notice.delivered', fields);
  }

  /** @throws {DeliveryFailure} */
  async #deliver(host: Host, claim: NoticeClaim): Promise<void> {
    const { onChange, now } = this.#config;
    const { webhookLimitMs, onChangeLimitMs } = this.#options;
    const notice = this.#noticeOf(claim, await this.#access(host, claim.account));
    if (claim.receiver === 'process') return await within(onChangeLimitMs, async () => onChange?.(notice));
    if (host.webhook) await postNotice(host.webhook, claim.id, now(), JSON.stringify(notice), webhookLimitMs);
  }

  #noticeOf({ id, type, at, host, account, revision, data }: NoticeClaim, access: AccessAnswer): Notice {
    const { epoch } = this.#store;
    // Written by `notices.ts`, which pairs each type with its data.
    return { id, type, timestamp: iso(at), host, account, revision: `${epoch}.${revision}`, access, data } as Notice;
  }
}

/** Runs the host's function, which may throw and may never end. */
async function within(limitMs: number, work: () => Promise<void>): Promise<void> {
  const done = new AbortController();
  const late = timeLimit(limitMs, undefined, { signal: done.signal }).then(() => {
    throw new DeliveryFailure('on_change_timeout');
  });
  try {
    await Promise.race([work(), late]);
  } catch (cause) {
    throw cause instanceof DeliveryFailure ? cause : new DeliveryFailure('on_change_failed', { cause });
  } finally {
    late.catch(() => undefined);
    done.abort();
  }
}
