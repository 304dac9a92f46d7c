/**
 * How the ledger had drifted from Stripe: facts as they were held and as they were found → classes of difference. Pure.
 * `changes.ts` tells a person what they did; this tells an operator what had been missed, so it also counts changes that are no
 * news to a person, such as a period that went on.
 */

import type { CustomerFacts, ItemFacts, SubscriptionFacts } from './facts.ts';
import { endOf, isEnding, isTerminal } from './judge/subscription.ts';
import { mainItem } from './judge/plan.ts';

/** In the order in which they matter to the customer. */
export const driftClasses = [
  /** Nothing had ever been fetched. */
  'neverFetched',
  /** Deleted at Stripe. */
  'deleted',
  /** A subscription's status, or that there is one at all. */
  'state',
  /** Access hangs on these too: paused or resumed, a trial that ends at another time. */
  'pause',
  'trial',
  /** Ends, ends at another time, or goes on after all. */
  'ends',
  /** An invoice that is open, was paid, or failed. */
  'payment',
  'plan',
  'price',
  'quantity',
  /** A change that is decided for later. */
  'scheduled',
  /** The same subscription in another period. */
  'period',
  'paymentMethod',
  'billingDetails',
  /** Kept, and none of these. */
  'other',
] as const;

export type DriftClass = (typeof driftClasses)[number];

/**
 * Every class in which two looks at a customer differ.
 *
 * @example
 * driftBetween(held, found); // ['state', 'payment']
 *
 * @returns In the order of {@link driftClasses}. Facts that are equal give none, facts that differ at least one.
 */
export function driftBetween(before: CustomerFacts | null, after: CustomerFacts): DriftClass[] {
  if (before === null) return ['neverFetched'];
  // The outcome of invoices that were open is found out once, and differs by the time of the look.
  if (withoutFindings(before) === withoutFindings(after)) return [];
  if (!before.deleted && after.deleted) return ['deleted'];
  const found = new Set<DriftClass>();
  const ids = new Set([...before.subscriptions, ...after.subscriptions].map(({ id }) => id));
  for (const id of ids) {
    const [then, now] = [before, after].map(({ subscriptions }) => subscriptions.find((each) => each.id === id));
    if (then && now) for (const each of ofSubscription(then, now)) found.add(each);
    else found.add('state');
  }
  if (before.methodDigest !== after.methodDigest || before.methodOnFile !== after.methodOnFile) {
    found.add('paymentMethod');
  }
  if (before.billingDetailsDigest !== after.billingDetailsDigest) found.add('billingDetails');
  if (found.size === 0) found.add('other');
  return driftClasses.filter((each) => found.has(each));
}

function ofSubscription(then: SubscriptionFacts, now: SubscriptionFacts): DriftClass[] {
  const differ = (...fields: readonly (keyof SubscriptionFacts)[]) =>
    fields.some((field) => !same(then[field], now[field]));
  const found: DriftClass[] = [];
  if (differ('status', 'pausedBecause', 'endedAt')) found.push('state');
  if (differ('openInvoices', 'latestInvoice')) found.push('payment');
  // A decision about a subscription that is over is settled by its end.
  if (isTerminal(now)) return found;
  if (differ('pause')) found.push('pause');
  if (differ('trialEnd')) found.push('trial');
  if (isEnding(then) !== isEnding(now) || (isEnding(now) && endOf(then) !== endOf(now))) found.push('ends');
  found.push(...ofItems(then.items, now.items));
  if (differ('next')) found.push('scheduled');
  if (differ('currentPeriodStart', 'currentPeriodEnd')) found.push('period');
  if (differ('methodDigest', 'methodOnFile')) found.push('paymentMethod');
  return found;
}

function ofItems(then: readonly ItemFacts[], now: readonly ItemFacts[]): DriftClass[] {
  const [from, to] = [mainItem(then), mainItem(now)];
  const found: DriftClass[] = [];
  if (from?.product !== to?.product || then.length !== now.length) found.push('plan');
  else if (!same(pricesOf(then), pricesOf(now))) found.push('price');
  if (then.length === now.length && !same(then.map(quantityOf), now.map(quantityOf))) found.push('quantity');
  return found;
}

const quantityOf = ({ quantity }: ItemFacts) => quantity;
const pricesOf = (items: readonly ItemFacts[]) => items.map((item) => ({ ...item, quantity: null }));

/**
 * Facts that only an earlier look could tell; and such as facts of a former version lack: the details printed on a method, which its
 * digest tells as well, and the customer's currency, which its first subscription decides.
 */
const findings = new Set(['earlierInvoices', 'newestPaidCreated', 'formerLookupKeys', 'method', 'customerCurrency']);
const withoutFindings = (facts: CustomerFacts): string =>
  JSON.stringify(facts, (key, value: unknown) => (findings.has(key) ? undefined : value));

/** Facts are plain JSON, written field by field in one order. */
const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
