/** ENT-1: a customer's entitlements, by the features of the products that it pays for. */

import type { State } from '../state/state.ts';
import type { ActiveEntitlement, Customer, Subscription } from '../state/wire.ts';

/**
 * Products of subscriptions in these statuses count. A guess: Stripe's guide says that entitlements end "when the subscription ends",
 * and names no status.
 */
const entitling: ReadonlySet<string> = new Set<Subscription['status']>(['active', 'trialing', 'past_due']);

/** How many entitlements the event holds; the rest is fetched (ENT-1). */
const summarySize = 10;

/** Keeps the entitlements of `state` in step with its subscriptions, and emits each change. */
export function followSubscriptions(state: State): void {
  state.onTouch((object) => {
    if (object.object === 'subscription') refresh(state, (object as Subscription).customer);
    if (object.object === 'customer' && state.deletedCustomers.has(object.id)) refresh(state, (object as Customer).id);
  });
}

function refresh(state: State, customer: string): void {
  const before = state.entitlements.get(customer) ?? [];
  const features = entitledFeatures(state, customer);
  const known = new Map(before.map((row) => [row.feature, row]));
  const kept = before.filter((row) => features.has(row.feature));
  const added = [...features].filter((id) => !known.has(id)).map((id) => entitlement(state, id));
  if (added.length === 0 && kept.length === before.length) return;
  const after = [...added.toReversed(), ...kept];
  state.entitlements.set(customer, after);
  state.events.emit('entitlements.active_entitlement_summary.updated', summary(customer, after), {
    entitlements: { data: structuredClone(before.slice(0, summarySize)) },
  });
}

function entitledFeatures(state: State, customer: string): Set<string> {
  if (state.productFeatures.size === 0) return new Set();
  return new Set(
    state.subscriptions
      .of(customer, (row) => entitling.has(row.status))
      .flatMap((row) => row.items.data)
      .flatMap((item) => state.productFeatures.get(item.price.product) ?? [])
      .map((row) => row.entitlement_feature)
      .filter((feature) => state.features.get(feature.id)?.active !== false)
      .map((feature) => feature.id),
  );
}

const entitlement = (state: State, feature: string): ActiveEntitlement => ({
  id: state.ids.next('ent'),
  object: 'entitlements.active_entitlement',
  feature,
  livemode: false,
  lookup_key: state.features.get(feature)?.lookup_key ?? '',
});

const summary = (customer: string, rows: readonly ActiveEntitlement[]): object => ({
  object: 'entitlements.active_entitlement_summary',
  customer,
  entitlements: {
    object: 'list',
    data: rows.slice(0, summarySize),
    has_more: rows.length > summarySize,
    url: `/v1/customers/${customer}/entitlements`,
  },
  livemode: false,
});
