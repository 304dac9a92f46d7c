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

/** Events of one subject type in hand at the same time. A place that is free is filled at once. */
const placesPerType = 16;

const day = 24 * 60 * 60_000;
/** An event is asked about for so long: Stripe delivers again for 3 days, and the reconciliation compares every day. */
const triedForMs = 7 * day;
/** and so often at least: this process may have been away for that long. */
const minAttempts = 8;

export class EventResolver {
  readonly #parts: WorkerParts;
  readonly #waiters: Waiters;
  readonly #options: EventResolverOptions;
  /** How many events of each type are in hand. */
  readonly #busy: Record<string, number> = {};

  constructor(parts: WorkerParts, waiters: Waiters, options: EventResolverOptions) {
    this.#parts = parts;
    this.#waiters = waiters;
    this.#options = options;
  }

  /** Claims unresolved events for the places that are free; returns the work on them. */
  async poll(now: number): Promise<Promise<void>[]> {
    const bySubject = new Map<string, UnresolvedEvent[]>();
    for (const event of await this.#parts.store.claimUnresolved(
      now,
      this.#options.leaseMs,
      placesPerType,
      this.#busy,
    )) {
      const { type, id } = event.subject;
      const key = `${type} ${id}`;
      bySubject.set(key, [...(bySubject.get(key) ?? []), event]);
      this.#take(type, 1);
    }
    return [...bySubject.values()].map((events) =>
      this.#resolve(events).finally(() => {
        for (const { subject } of events) this.#take(subject.type, -1);
      }),
    );
  }

  #take(type: string, count: number): void {
    this.#busy[type] = (this.#busy[type] ?? 0) + count;
    if (this.#busy[type] === 0) delete this.#busy[type];
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
      const postponed = events.map(({ event, subject, attempts, receivedAt }) => {
        const fields = { event, type: subject.type, attempts, code: codeOf(cause) };
        config.log.warn('hint.failed', { ...fields, cause: describeCause(cause) });
        metrics.eventFailed(fields.code);
        const now = config.now();
        if (attempts >= minAttempts && now - receivedAt > triedForMs) {
          config.log.error('hint.given_up', fields);
          return tell(async () => void (await store.resolveEvent(event, null, now)));
        }
        const nextAttemptAt = now + backOffMs(cause, attempts - 1, random);
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
