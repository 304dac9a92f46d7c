/** Prices, plans and items of any API version → `ItemFacts`. */

import type { Interval } from '@billhook/widget/contract';
import type { ItemFacts } from '../../billing/facts.ts';
import { billedOf, type Billed } from './billed.ts';
import { decimal, idOf, isObject, list, number, object, text, time, type Json } from './json.ts';

const intervals: readonly string[] = ['day', 'week', 'month', 'year'] satisfies Interval[];

/** The price's context: its surroundings on a subscription, or in the catalogue. */
export interface PriceSetting {
  /** The subscription's currency: a price with several currencies shows its own default one, not this. */
  readonly currency: string | null;
  readonly quantity: number | null;
  /** Whether an exclusive price really has tax added here; `true` where only an invoice would know (the catalogue). */
  readonly taxed: boolean;
  /** As an invoice bills this price where it stands. Default: nothing. */
  readonly billed?: Billed;
  /** Names of the metadata that the host asks for. Default: none is kept. */
  readonly metadata?: readonly string[];
}

/** The entries of an object's metadata that are asked for by name; `null` where there are none. */
export function chosenMetadata(source: Json, names: readonly string[]): Readonly<Record<string, string>> | null {
  const metadata = object(source['metadata']);
  const chosen = names.flatMap((name) => {
    const value = Object.hasOwn(metadata, name) ? text(metadata[name]) : null;
    return value === null ? [] : [[name, value] as const];
  });
  return chosen.length === 0 ? null : Object.fromEntries(chosen);
}

/**
 * A Price (or, before prices, a Plan) as an item. `null` when there is no id to know it by.
 *
 * @example
 * const item = priceFacts(await stripe.prices.retrieve('price_1'), { currency: null, quantity: 1, taxed: true });
 */
export function priceFacts(price: unknown, setting: PriceSetting): ItemFacts | null {
  const id = idOf(price);
  if (id === null) return null;
  const source = object(price);
  const recurring = recurringOf(source);
  const ownCurrency = text(source['currency']);
  const currency = setting.currency ?? ownCurrency ?? '';
  const metered = isMetered(source);
  const interval = text(recurring['interval']);
  const metadata = chosenMetadata(source, setting.metadata ?? []);
  return {
    price: id,
    // Empty where only the price's id is known (the phases of a schedule): the catalogue fills it in.
    product: idOf(source['product']) ?? '',
    lookupKey: text(source['lookup_key']),
    currency,
    unitAmount: unitAmount(source, ownCurrency ?? currency, currency, setting.billed?.unitAmount ?? null),
    interval: interval !== null && isInterval(interval) ? interval : null,
    intervalCount: number(recurring['interval_count']) ?? 1,
    quantity: metered ? null : setting.quantity,
    metered,
    taxExcluded: setting.taxed && isTaxExcluded(source, setting.billed?.taxExcluded ?? null),
    ...(metadata === null ? {} : { metadata }),
  };
}

/** The amount in each further currency of the price, where they are expanded. */
export function currencyOptionsOf(price: unknown): Readonly<Record<string, number>> | null {
  const source = object(price);
  const options = Object.keys(object(source['currency_options'])).flatMap((currency) => {
    const amount = currency === text(source['currency']) ? null : unitAmount(source, '', currency, null);
    return amount === null ? [] : [[currency, amount] as const];
  });
  return options.length === 0 ? null : Object.fromEntries(options);
}

/** Is it sold to no new customer? A price is sold as long as its product is, where that is expanded. */
export function isArchived(price: unknown): boolean {
  const source = object(price);
  return [source, object(source['product'])].some(({ active }) => active === false);
}

/** Is usage billed afterwards? */
export function isMetered(price: unknown): boolean {
  const recurring = recurringOf(object(price));
  return recurring['usage_type'] === 'metered' || text(recurring['meter']) !== null;
}

/** A Plan carries on its top level what a Price has under `recurring`. */
function recurringOf(price: Json): Json {
  return isObject(price['recurring']) ? price['recurring'] : price;
}

function isInterval(value: string): value is Interval {
  return intervals.includes(value);
}

/** An unspecified behaviour is the account's to decide, and an invoice tells how it was (F26). */
function isTaxExcluded(price: Json, billed: boolean | null): boolean {
  const behavior = text(price['tax_behavior']) ?? 'unspecified';
  return behavior === 'unspecified' ? billed === true : behavior === 'exclusive';
}

function unitAmount(price: Json, ownCurrency: string, currency: string, billed: number | null): number | null {
  // Tiers and packages ("per 100, rounded up") have no amount that may be multiplied by a quantity.
  if (price['billing_scheme'] === 'tiered' || isObject(price['transform_quantity'])) return null;
  if (isObject(price['transform_usage'])) return null;
  // Showing the default currency's amount under another currency's sign would be a wrong price: rather what was billed (F9).
  const isOwn = ownCurrency === currency;
  const source = isOwn ? price : object(object(price['currency_options'])[currency]);
  return (
    decimal(source['unit_amount_decimal']) ??
    decimal(source['unit_amount']) ??
    decimal(source['amount_decimal']) ??
    decimal(source['amount']) ??
    (isOwn ? null : billed)
  );
}

export interface Period {
  readonly currentPeriodStart: number | null;
  readonly currentPeriodEnd: number | null;
}

/** An item's own period, where it is not the subscription's. */
function otherPeriod(item: Json, { currentPeriodStart, currentPeriodEnd }: Period): Pick<ItemFacts, 'period'> {
  const [start, end] = [time(item['current_period_start']), time(item['current_period_end'])];
  const isSame = end === null || (start === currentPeriodStart && end === currentPeriodEnd);
  return isSame ? {} : { period: { start, end } };
}

/** The items of a subscription; at the oldest versions a single one stands on the subscription itself. */
export function itemsOf(subscription: Json, period: Period, metadata: readonly string[] = []): ItemFacts[] {
  const items = list(subscription['items']);
  const sources = items.length > 0 ? items : [subscription];
  const currency = text(subscription['currency']);
  const automaticTax = object(subscription['automatic_tax'])['enabled'] === true;
  return sources.flatMap((source) => {
    const item = object(source);
    const ownRates = list(item['tax_rates']);
    const rates = ownRates.length > 0 ? ownRates : list(subscription['default_tax_rates']);
    const price = item['price'] ?? item['plan'];
    const facts = priceFacts(price, {
      currency,
      quantity: number(item['quantity']),
      taxed: automaticTax,
      billed: billedOf(subscription, idOf(price)),
      metadata,
    });
    if (facts === null) return [];
    const taxExcluded = facts.taxExcluded || rates.some((rate) => object(rate)['inclusive'] === false);
    return [{ ...facts, taxExcluded, ...otherPeriod(item, period) }];
  });
}

/** The items of a schedule's phase, whose prices are ids unless the call expanded them. */
export function phaseItemsOf(phase: Json, subscription: Json, current: readonly ItemFacts[]): ItemFacts[] {
  const currency = text(phase['currency']) ?? text(subscription['currency']);
  const taxed = object(phase['automatic_tax'] ?? subscription['automatic_tax'])['enabled'] === true;
  return list(phase['items']).flatMap((source) => {
    const item = object(source);
    const price = item['price'] ?? item['plan'];
    const quantity = number(item['quantity']);
    const known = current.find((candidate) => candidate.price === idOf(price));
    // A phase that keeps a price and changes the quantity needs no catalogue: the price stands on the subscription.
    if (known !== undefined && !isObject(price)) return [{ ...known, quantity: known.metered ? null : quantity }];
    const facts = priceFacts(price, { currency, quantity, taxed });
    return facts === null ? [] : [facts];
  });
}
