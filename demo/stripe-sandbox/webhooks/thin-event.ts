/**
 * Events as Stripe's v2 event destinations send them: no object inside, only where to fetch it. Held against the SDK's
 * `EventNotification` types; where those are silent, the choice is marked as a guess.
 */

import type { SandboxEvent } from '../state/wire.ts';

/** Under which collection of the API each kind of object is fetched. */
const collection: Record<string, string> = {
  'billing_portal.configuration': 'billing_portal/configurations',
  'billing_portal.session': 'billing_portal/sessions',
  'checkout.session': 'checkout/sessions',
};

export interface ThinEvent {
  readonly id: string;
  readonly object: 'v2.core.event';
  readonly created: string;
  readonly livemode: false;
  readonly reason?: { type: 'request'; request: { id: string; idempotency_key: string } };
  readonly related_object: { id: string; type: string; url: string };
  /** The snapshot event that tells of the same change. */
  readonly snapshot_event: string;
  type: string;
}

/** @example thinEvent(event).type; // 'v1.customer.subscription.updated' */
export function thinEvent(event: SandboxEvent): ThinEvent {
  const kind = String(event.data.object['object']);
  const id = String(event.data.object['id']);
  const { id: request, idempotency_key: key } = event.request;
  return {
    // One change, two events: a receiver that de-duplicates by id must not take one for the other.
    id: event.id.replace(/^evt_/, 'evt_test_'),
    object: 'v2.core.event',
    created: new Date(event.created * 1000).toISOString(),
    livemode: false,
    ...(request === null ? {} : { reason: { type: 'request', request: { id: request, idempotency_key: key ?? '' } } }),
    related_object: { id, type: kind, url: `/v1/${collection[kind] ?? `${kind}s`}/${id}` },
    snapshot_event: event.id,
    type: `v1.${event.type}`,
  };
}

/** The snapshot event that a thin one tells the same of. */
export const snapshotIdOf = (thinId: string): string => thinId.replace(/^evt_test_/, 'evt_');

/** Compact, unlike snapshot events: as a guess, since no delivery of a v2 event could be seen. */
export const thinBody = (event: SandboxEvent): string => JSON.stringify(thinEvent(event));
