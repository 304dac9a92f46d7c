/** `/v1/subscription_items`: a subscription's items, each by itself. A change is the subscription's own. */

import type { Stripe } from 'stripe';
import { changeItems, itemsAfter } from '../engine/subscription-change.ts';
import { isTerminal } from '../engine/subscription-status.ts';
import { invalidRequest, missingParam, noSuch } from '../errors.ts';
import { natural } from '../http/bounds.ts';
import type { Api } from '../http/api.ts';
import { page, pageParams } from '../http/paging.ts';
import { flag, integer, metadata, only, required, text, union } from '../http/params.ts';
import type { State } from '../state/state.ts';
import type { ItemChange, Subscription, SubscriptionItem } from '../state/wire.ts';
import { patchMetadata } from './metadata.ts';
import { refuseDateOutside } from './subscription-refusals.ts';
import { itemChange, requireSubscription } from './subscriptions.ts';

const proration = {
  proration_behavior: union<Stripe.SubscriptionItemUpdateParams.ProrationBehavior>(),
  proration_date: integer,
};
const fields = { ...proration, metadata, payment_behavior: only('allow_incomplete'), price: text, quantity: natural };

export function subscriptionItemRoutes(api: Api): void {
  const path = '/v1/subscription_items';
  api.get(path, { ...pageParams, subscription: required(text) }, ({ state, params }) => {
    const { items } = requireSubscription(state, params.subscription, 'subscription');
    return page(items.data, params, path, 'subscription item');
  });
  api.post(path, { ...fields, subscription: required(text) }, ({ state, params }) => {
    const subscription = requireSubscription(state, params.subscription, 'subscription');
    if (params.price === undefined) throw missingParam('price');
    const before = new Set(subscription.items.data.map(({ id }) => id));
    const { price, quantity, metadata: given } = params;
    const item = {
      price,
      ...(quantity === undefined ? {} : { quantity }),
      ...(given === undefined ? {} : { metadata: given }),
    };
    carryOut(state, subscription, { ...itemChange(state, subscription, item, 0), id: undefined }, params);
    return subscription.items.data.find(({ id }) => !before.has(id)) ?? {};
  });
  api.get(`${path}/:id`, {}, ({ state, id }) => requireItem(state, id()).item);
  api.post(`${path}/:id`, fields, ({ state, params, id }) => {
    const { subscription, item } = requireItem(state, id());
    const { price, quantity, metadata: given } = params;
    if (price !== undefined || quantity !== undefined) {
      const change = {
        id: item.id,
        ...(price === undefined ? {} : { price }),
        ...(quantity === undefined ? {} : { quantity }),
      };
      carryOut(state, subscription, itemChange(state, subscription, change, 0), params);
    }
    const changed = requireItem(state, item.id).item;
    if (given !== undefined) state.update(subscription, () => patchMetadata(changed, given));
    return changed;
  });
  api.delete(`${path}/:id`, { ...proration, clear_usage: flag }, ({ state, params, id }) => {
    const { subscription, item } = requireItem(state, id());
    carryOut(state, subscription, { id: item.id, deleted: true }, params);
    return { id: item.id, object: 'subscription_item', deleted: true };
  });
}

interface When {
  readonly proration_behavior?: 'always_invoice' | 'create_prorations' | 'none';
  readonly proration_date?: number;
}

function carryOut(
  state: State,
  subscription: Subscription,
  { id, ...change }: Omit<ItemChange, 'id'> & { id?: string | undefined },
  when: When,
): void {
  if (isTerminal(subscription))
    throw invalidRequest(`The items of a subscription that is ${subscription.status} cannot be changed.`);
  const changes: ItemChange[] = [id === undefined ? change : { id, ...change }];
  refuseDateOutside(subscription, when.proration_date);
  const at = when.proration_date ?? state.clock.seconds();
  // SUB-18
  itemsAfter(state, subscription, changes, at);
  changeItems(state, subscription, changes, when.proration_behavior ?? 'create_prorations', at);
}

function requireItem(state: State, id: string): { subscription: Subscription; item: SubscriptionItem } {
  for (const subscription of state.subscriptions.values()) {
    const item = subscription.items.data.find((row) => row.id === id);
    if (item) return { subscription, item };
  }
  throw noSuch('subscription_item', id);
}
