/** The plans of a portal configuration that a customer may change to, now or at the period's end (SUB-10). */

import type { State } from '../state/state.ts';
import type { PortalConfiguration, Price, Subscription } from '../state/wire.ts';
import { addInterval } from './periods.ts';
import { amountFor } from './prices.ts';

type Features = PortalConfiguration['features'];

/** A plan of the configuration, and its quantity where that is the customer's to choose. */
export interface PlanChoice {
  readonly price: Price;
  /** The least and the most of it; `null` where the quantity is not the customer's to choose. */
  readonly quantity: { minimum: number; maximum: number | null } | null;
}

/** SUB-10: the products of the configuration, never of a subscription with several items. */
export function planChoices(state: State, features: Features, subscription: Subscription): PlanChoice[] {
  const { enabled, products, default_allowed_updates: allowed } = features.subscription_update;
  const [item, ...others] = subscription.items.data;
  if (!enabled || !item || others.length > 0 || !['active', 'trialing'].includes(subscription.status)) return [];
  const choices = (products ?? []).flatMap((row) =>
    row.prices.flatMap((id): PlanChoice[] => {
      const price = state.prices.get(id);
      if (!price || price.currency !== subscription.currency) return [];
      const { enabled: adjustable, minimum, maximum } = row.adjustable_quantity;
      return [{ price, quantity: adjustable && allowed.includes('quantity') ? { minimum, maximum } : null }];
    }),
  );
  return allowed.includes('price')
    ? choices
    : choices.filter(({ price, quantity }) => price.id === item.price.id && quantity !== null);
}

/** SUB-10: changes that are put off to the period's end. A trial has no period that was paid for. */
export function isPutOff(features: Features, subscription: Subscription, price: Price, quantity: number): boolean {
  const [item] = subscription.items.data;
  if (!item || subscription.status === 'trialing') return false;
  const length = ({ recurring }: Price): number =>
    addInterval(0, recurring?.interval ?? 'month', recurring?.interval_count ?? 1);
  return features.subscription_update.schedule_at_period_end.conditions.some(({ type }) =>
    type === 'decreasing_item_amount'
      ? amountFor(price, quantity) < amountFor(item.price, item.quantity ?? 1)
      : length(price) < length(item.price),
  );
}

/** PORT-5: whether any of the choices would change something. */
export function canChangePlan(state: State, features: Features, subscription: Subscription): boolean {
  const current = subscription.items.data[0]?.price.id;
  return planChoices(state, features, subscription).some(
    ({ price, quantity }) => price.id !== current || quantity !== null,
  );
}
