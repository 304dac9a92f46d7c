/** The event log, in the order of sending. Deliveries listen here; `/v1/events` reads here. */

import type { Clock } from './clock.ts';
import { hideFields } from './hidden.ts';
import type { Ids } from './ids.ts';
import type { EventType, SandboxEvent } from './wire.ts';

export const apiVersion = '2026-10-28.endive';

/** The call that caused an event (WH-4); automatic changes have none. */
export interface Cause {
  readonly id: string | null;
  readonly idempotency_key: string | null;
}

export interface EventLog {
  emit(type: EventType, object: object, previousAttributes?: Record<string, unknown>): void;
  /**
   * Collects the events of `work` and sends them in `order`. Snapshots stay those of the moment each thing happened:
   * Stripe sends in an order of its own, and a reader that trusts the order must be caught here rather than in production.
   */
  inSendOrder<T>(order: readonly EventType[], work: () => T): T;
  /** WH-3: tells of the same change once more, under another id that `name` hears of before it is sent. */
  repeat(event: SandboxEvent, name: (id: string) => void): void;
  /** Runs `work` with everything in it caused by this API call. */
  causedBy<T>(cause: Cause, work: () => T): T;
  /** Newest first. */
  list(): readonly SandboxEvent[];
  get(id: string): SandboxEvent | undefined;
  listen(listener: (event: SandboxEvent) => void): void;
}

const automatic: Cause = { id: null, idempotency_key: null };

export function createEventLog(clock: Clock, ids: Ids): EventLog {
  // Oldest first, because the front of a long array is a slow place to add to.
  const events: SandboxEvent[] = [];
  let newestFirst: readonly SandboxEvent[] | null = null;
  const byId = new Map<string, SandboxEvent>();
  const listeners: ((event: SandboxEvent) => void)[] = [];
  let collecting: SandboxEvent[] | null = null;
  let cause: Cause = automatic;

  const send = (event: SandboxEvent): void => {
    events.push(event);
    newestFirst = null;
    byId.set(event.id, event);
    for (const listener of listeners) listener(event);
  };

  return {
    emit(type, object, previousAttributes) {
      const event: SandboxEvent = {
        id: ids.next('evt'),
        object: 'event',
        api_version: apiVersion,
        created: clock.seconds(),
        data: {
          object: hideFields(structuredClone(object)) as Record<string, unknown>,
          ...(previousAttributes ? { previous_attributes: previousAttributes } : {}),
        },
        livemode: false,
        pending_webhooks: 0,
        request: { ...cause },
        type,
      };
      if (collecting) collecting.push(event);
      else send(event);
    },
    inSendOrder(order, work) {
      if (collecting) return work();
      collecting = [];
      try {
        return work();
      } finally {
        const collected = collecting;
        collecting = null;
        const rank = (type: EventType): number => {
          const index = order.indexOf(type);
          return index < 0 ? order.length : index;
        };
        for (const event of collected.toSorted((a, b) => rank(a.type) - rank(b.type))) send(event);
      }
    },
    repeat(event, name) {
      const twin = { ...structuredClone(event), id: ids.next('evt') };
      name(twin.id);
      send(twin);
    },
    causedBy(by, work) {
      const before = cause;
      cause = by;
      try {
        return work();
      } finally {
        cause = before;
      }
    },
    list: () => (newestFirst ??= events.toReversed()),
    get: (id) => byId.get(id),
    listen: (listener) => void listeners.push(listener),
  };
}

/**
 * WH-5: only the keys that changed, with their old values; of nested hashes only the sub-keys that changed; of lists
 * `{ data: [every old element, whole] }`.
 */
export function previousAttributes(before: object, after: object): Record<string, unknown> {
  const old = before as Record<string, unknown>;
  const current = after as Record<string, unknown>;
  const changed: Record<string, unknown> = {};
  for (const key of new Set([...Object.keys(old), ...Object.keys(current)])) {
    const was = old[key];
    const is = current[key];
    if (JSON.stringify(was) === JSON.stringify(is)) continue;
    if (isHash(was) && isHash(is)) {
      changed[key] = was['object'] === 'list' ? { data: structuredClone(was['data']) } : previousAttributes(was, is);
    } else {
      changed[key] = was === undefined ? null : structuredClone(was);
    }
  }
  return changed;
}

/** Tells of one change in several types of event, as the object has an older name too. */
export function tellChange(
  events: Pick<EventLog, 'emit'>,
  types: readonly EventType[],
  before: object,
  after: Parameters<EventLog['emit']>[1],
): void {
  const changed = previousAttributes(before, after);
  if (Object.keys(changed).length > 0) for (const type of types) events.emit(type, after, changed);
}

const isHash = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
