/** Items → what is shown of them: the plan, its list price, a change that is already decided. */

import type { Plan, ScheduledChange } from '@billhook/widget/contract';
import type { CataloguePrice, ItemFacts, ProductWords, SubscriptionFacts } from '../facts.ts';
import { iso } from './deadlines.ts';
import { listSum, loweredBy } from './discount.ts';
import { listPrice } from './list-price.ts';
import { ownItems, type Policy } from '../policy.ts';

/** Names and prices that Stripe's objects only point to. */
export interface Catalogue {
  productName(id: string): string | null;
  /** Absent where nothing is sold. */
  productWords?(id: string): ProductWords | null;
  /** A price by its id or lookup key. */
  price(ref: string): ItemFacts | null;
  /** The same, where it is still sold. */
  soldPrice(ref: string): CataloguePrice | null;
}

/** The item a person would name the plan by: the host's own, and rather a fixed price than metered usage beside it. */
export function mainItem(items: readonly ItemFacts[]): ItemFacts | null {
  return items.find((item) => !item.metered) ?? items[0] ?? null;
}

/** The item that a subscription's plan is named by. @param own - those of its items that are the host's plans */
export const planItem = (items: readonly ItemFacts[], own: readonly ItemFacts[]): ItemFacts | null =>
  mainItem(own.length > 0 ? own : items);

/** The plan of some items, `null` when there are none. An unknown product has no name, which is not "free" (M22). */
export function planOf(
  items: readonly ItemFacts[],
  discounted: boolean,
  catalogue: Pick<Catalogue, 'productName' | 'productWords'>,
  own: readonly ItemFacts[] = items,
): Plan | null {
  const item = planItem(items, own);
  return item === null ? null : planNamedBy(item, items, discounted, catalogue);
}

/** The plan that one of its items names. */
export function planNamedBy(
  item: ItemFacts,
  items: readonly ItemFacts[],
  discounted: boolean,
  catalogue: Pick<Catalogue, 'productName' | 'productWords'>,
): Plan {
  const unit = catalogue.productWords?.(item.product)?.unit ?? null;
  return {
    name: catalogue.productName(item.product),
    price: listPrice(item),
    interval: item.interval,
    intervalCount: item.intervalCount,
    quantity: item.quantity,
    discounted,
    taxExcluded: item.taxExcluded,
    metered: items.some((each) => each.metered),
    otherItems: items.length - 1,
    ...(unit === null ? {} : { unit }),
  };
}

/**
 * The fixed prices of all items together, where they are paid together. Usage beside them is told as such.
 *
 * @returns `null` of a single item, and where no sum can be said
 */
function totalOf(subscription: SubscriptionFacts): NonNullable<Plan['total']> | null {
  const fixed = subscription.items.filter((item) => !item.metered);
  const rhythms = new Set(fixed.map(({ interval, intervalCount }) => `${intervalCount} ${interval}`));
  const price = fixed.length > 1 && rhythms.size === 1 ? listSum(fixed) : null;
  return price === null ? null : { price, ...loweredBy(subscription, fixed) };
}

export function subscriptionPlan(subscription: SubscriptionFacts, policy: Policy, catalogue: Catalogue): Plan | null {
  const { items, discounted } = subscription;
  const item = planItem(items, ownItems(subscription, policy.plans));
  if (item === null) return null;
  const total = totalOf(subscription);
  return {
    ...planNamedBy(item, items, discounted, catalogue),
    ...loweredBy(subscription, [item]),
    ...(total === null ? {} : { total }),
  };
}

/** The next phase of a schedule, when it changes what is paid for: a phase that repeats the plan is no news. */
export function scheduledChange(
  subscription: SubscriptionFacts,
  policy: Policy,
  catalogue: Catalogue,
): ScheduledChange | null {
  const { next, items } = subscription;
  if (next === null || sameItems(items, next.items)) return null;
  const at = iso(next.at);
  const known = next.items.map((item) => namedItem(item, catalogue));
  // Its phase may have coupons of its own, so nothing is said of its price but the list's.
  const { discounts: _, ...undiscounted } = subscription;
  const plan = subscriptionPlan({ ...undiscounted, items: known }, policy, catalogue);
  return at === null || plan === null ? null : { plan, at };
}

/** A scheduled phase names its prices by id only: the catalogue knows their products and amounts. */
export function namedItem(item: ItemFacts, catalogue: Pick<Catalogue, 'price'>): ItemFacts {
  const price = item.product === '' ? catalogue.price(item.price) : null;
  return price === null ? item : { ...price, quantity: price.metered ? null : item.quantity };
}

/** The same price for one. A price keeps its amount, so one that is only learned is no other. */
export function sameTerms(a: ItemFacts, b: ItemFacts): boolean {
  const isLearned = a.price === b.price && (a.unitAmount === null || b.unitAmount === null);
  return (
    (isLearned || a.unitAmount === b.unitAmount) &&
    a.currency === b.currency &&
    a.interval === b.interval &&
    a.intervalCount === b.intervalCount
  );
}

/** The same prices in the same quantities, in whatever order. */
export function sameItems(a: readonly ItemFacts[], b: readonly ItemFacts[]): boolean {
  const keys = (items: readonly ItemFacts[]) => items.map((item) => `${item.price} ${item.quantity}`).toSorted();
  const [left, right] = [keys(a), keys(b)];
  return left.length === right.length && left.every((key, index) => key === right[index]);
}
