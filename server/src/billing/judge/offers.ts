/** The plans that may be bought now, each at the price that Checkout will ask. */

import type { Money, Offer, Plan } from '@billhook/widget/contract';
import type { CataloguePrice, CustomerFacts, ItemFacts, ProductWords } from '../facts.ts';
import type { OfferRule, Policy } from '../policy.ts';
import { hadTrial } from '../trials.ts';
import { planNamedBy, type Catalogue } from './plan.ts';

interface Sold {
  readonly rule: OfferRule;
  readonly item: ItemFacts;
  readonly plan: Plan;
  readonly words: ProductWords | null;
}

/**
 * The host's offers, as far as Stripe still sells them and the catalogue knows their price: none is sold unseen. A
 * customer is billed in one currency (F9): a plan without a price in it cannot be bought, so it is not offered.
 */
export function offersOf(policy: Policy, catalogue: Catalogue, facts: CustomerFacts | null): Offer[] {
  const mayTry = facts === null || !hadTrial(facts);
  const sold = policy.offers.flatMap((rule) => soldAs(rule, catalogue, facts?.customerCurrency ?? null));
  return sold.map((each) => offerOf(each, sold, mayTry));
}

function soldAs(rule: OfferRule, catalogue: Catalogue, currency: string | null): Sold[] {
  const listed = catalogue.soldPrice(rule.price);
  const price = listed === null ? null : inCurrency(listed, currency);
  if (price === null) return [];
  const item = { ...price, quantity: price.metered ? null : (rule.quantity ?? 1) };
  const plan = planNamedBy(item, [item], false, catalogue);
  return [{ rule, item, plan, words: catalogue.productWords?.(item.product) ?? null }];
}

function inCurrency(price: CataloguePrice, currency: string | null): ItemFacts | null {
  if (currency === null || currency === price.currency) return price;
  const amount = price.currencyOptions?.[currency];
  return amount === undefined ? null : { ...price, currency, unitAmount: amount };
}

/** The host's words stand before those of Stripe's catalogue. */
function offerOf(sold: Sold, all: readonly Sold[], mayTry: boolean): Offer {
  const { rule, plan, words } = sold;
  const { id, trialDays, recommended } = rule;
  const description = rule.description ?? words?.description ?? undefined;
  const features = rule.features ?? words?.features ?? [];
  const saved = savingOf(sold, all);
  return {
    id,
    plan,
    ...(mayTry && trialDays !== undefined ? { trialDays } : {}),
    ...(description === undefined ? {} : { description }),
    ...(features.length === 0 ? {} : { features }),
    ...(recommended === true ? { recommended } : {}),
    ...(saved === null ? {} : { savesPercent: saved }),
  };
}

/** A year at once against twelve months of the same product, in whole per cent that are really saved. */
function savingOf({ item, plan }: Sold, all: readonly Sold[]): number | null {
  if (!isEvery('year', plan)) return null;
  const monthly = all.find((other) => other.item.product === item.product && isEvery('month', other.plan));
  const [year, month] = [eachOf(plan), monthly === undefined ? null : eachOf(monthly.plan)];
  if (year === null || month === null || month.currency !== year.currency) return null;
  const saved = Math.floor((1 - year.amount / (12 * month.amount)) * 100);
  return saved > 0 ? saved : null;
}

const isEvery = (interval: Plan['interval'], plan: Plan): boolean =>
  plan.interval === interval && plan.intervalCount === 1;

/** For one of them. */
const eachOf = ({ price, quantity }: Plan): Money | null =>
  price === null ? null : { ...price, amount: price.amount / (quantity ?? 1) };
