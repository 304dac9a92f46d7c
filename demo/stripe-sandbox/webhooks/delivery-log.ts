/** Every delivery that was due, and what became of it. */

import type { SandboxEvent } from '../state/wire.ts';
import type { Deliveries, Delivery } from './delivery.ts';

export interface DeliveryLog {
  /** The delivery of an event to an endpoint: the one that is there, or a new one that waits. */
  open(event: SandboxEvent, endpoint: string): Delivery;
  of(event: string): readonly Delivery[];
  readonly list: Deliveries['list'];
  succeeded(event: string): boolean;
}

export function createDeliveryLog(): DeliveryLog {
  const all: Delivery[] = [];
  const byEvent = new Map<string, Delivery[]>();
  const of = (event: string): Delivery[] => byEvent.get(event) ?? [];
  return {
    of,
    open(event, endpoint) {
      const known = of(event.id).find((row) => row.endpoint === endpoint);
      if (known) return known;
      const delivery: Delivery = { event: event.id, type: event.type, endpoint, state: 'waiting', attempts: [] };
      all.push(delivery);
      byEvent.set(event.id, [...of(event.id), delivery]);
      return delivery;
    },
    list: (filter = {}) =>
      (filter.event === undefined ? all : of(filter.event)).filter(
        (row) =>
          (filter.type === undefined || row.type === filter.type) &&
          (filter.state === undefined || row.state === filter.state),
      ),
    succeeded: (event) => of(event).every((row) => row.state === 'delivered'),
  };
}
