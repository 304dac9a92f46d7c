/**
 * Resolves events without a customer: Stripe is asked for the customer of their subject, and the ticket is raised in
 * the transaction that resolves the event. An event on a product or a price refreshes the catalogue and no customer.
 */

import { withPriority } from '../stripe/request-budget.ts';
import { codeOf } from '../coded-error.ts';
import { backOffMs } from './backoff.ts';
import { describeCause } from '../log.ts';
import type { Waiters } from './waiters.ts';
import type { Subject, UnresolvedEvent } from '../ledger/events.ts';
import type { WorkerParts } from './context.ts';

export interface EventResolverOptions {
  /** Milliseconds for which an event is leased to this process. */
  readonly leaseMs: number;
  /** Milliseconds that asking about one subject may take; less than the lease. */
  readonly limitMs: number;
  readonly random: () => number;
  /** Writes to the ledger now, or as soon as it answers again. */
  readonly writeOrDefer: (debt: () => Promise<void>) => Promise<void>;
}

/** Subjects asked about at the same time. */
const concurrency = 4;
/** Events claimed at once: many of them have the same subject. */
const batch = 20;

export class EventResolver {
  readonly #parts: WorkerParts;
  readonly #waiters: Waiters;
  readonly #options: EventResolverOptions;
  #busy = 0;

  constructor(parts: WorkerParts, waiters: Waiters, options: EventResolverOptions) {
    this.#parts = parts;
    this.#waiters = waiters;
    this.#options = options;
  }

  /** Claims unresolved events if this process has none in hand; returns the work on them. */
  async poll(now: number): Promise<Promise<void>[]> {
    if (this.#busy > 0) return [];
    const bySubject = new Map<string, UnresolvedEvent[]>();
    for (const unresolved of await this.#parts.store.claimUnresolved(now, this.#options.leaseMs, batch)) {
      const key = `${unresolved.subject.type} ${unresolved.subject.id}`;
      bySubject.set(key, [...(bySubject.get(key) ?? []), unresolved]);
    }
    const waiting = [...bySubject.values()];
    const work = async () => {
      for (let events = waiting.shift(); events; events = waiting.shift()) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other in each of a few places
        await this.#resolve(events);
      }
    };
    return Array.from({ length: Math.min(concurrency, waiting.length) }, () => {
      this.#busy++;
      return work().finally(() => this.#busy--);
    });
  }

  /** @param events - all with the same subject */
  async #resolve(events: readonly UnresolvedEvent[]): Promise<void> {
    const { config, store, metrics } = this.#parts;
    const [first] = events;
    if (!first) return;
    try {
      const customer = await withPriority(
        'background',
        () => this.#customerOf(first.subject),
        AbortSignal.timeout(this.#options.limitMs),
      );
      const isUnresolved = customer === null && !ofTheCatalogue(first.subject);
      for (const { event } of events) {
        if (isUnresolved) config.log.warn('hint.of_nobody', { event, type: first.subject.type });
        // oxlint-disable-next-line no-await-in-loop -- each in a transaction of its own
        await store.resolveEvent(event, customer, config.now());
      }
    } catch (cause) {
      const { random, writeOrDefer: tell } = this.#options;
      const postponed = events.map(({ event, subject, attempts }) => {
        const fields = { event, type: subject.type, attempts, code: codeOf(cause) };
        config.log.warn('hint.failed', { ...fields, cause: describeCause(cause) });
        metrics.eventFailed(fields.code);
        const nextAttemptAt = config.now() + backOffMs(cause, attempts - 1, random);
        return tell(() => store.postponeEvent(event, nextAttemptAt));
      });
      await Promise.all(postponed);
    }
  }

  /** `null`: the subject has no customer, or concerns all of them. */
  async #customerOf(subject: Subject): Promise<string | null> {
    const { catalogue, confirm, gateway } = this.#parts;
    await confirm();
    if (!ofTheCatalogue(subject)) return await gateway.customerOf(subject);
    await catalogue.refresh(subject);
    this.#waiters.wakeAll();
    return null;
  }
}

const ofTheCatalogue = ({ type }: Subject): boolean => type === 'product' || type === 'price';
