/**
 * A price as the latest invoice bills it: its lines are in the subscription's own currency and taxed as Stripe really
 * did, where the price itself shows its default currency, or leaves the tax to the account's settings.
 */

import { decimal, idOf, isObject, list, number, object, type Json } from './json.ts';

export interface Billed {
  /** For one, in minor units; `null`: no line tells. */
  readonly unitAmount: number | null;
  /** Tax was added on top; `null`: no line tells. */
  readonly taxExcluded: boolean | null;
}

export function billedOf(subscription: Json, price: string | null): Billed {
  const invoice = object(subscription['latest_invoice']);
  const lines = list(invoice['lines'])
    .map(object)
    .filter((line) => price !== null && priceOf(line) === price);
  const inCurrency = lines.filter((line) => (line['currency'] ?? invoice['currency']) === subscription['currency']);
  const whole = inCurrency.find((line) => !isProration(line) && (number(line['amount']) ?? 0) > 0);
  const taxes = lines.flatMap((line) => [...list(line['taxes']), ...list(line['tax_amounts'])]).map(object);
  const isExclusive = (tax: Json) => tax['tax_behavior'] === 'exclusive' || tax['inclusive'] === false;
  return {
    unitAmount: whole === undefined ? null : unitAmountOf(whole),
    taxExcluded: taxes.length === 0 ? null : taxes.some(isExclusive),
  };
}

/** `pricing` since 2025-03-31; before, the line carries the price, or the plan, itself. */
const priceOf = (line: Json): string | null =>
  idOf(object(object(line['pricing'])['price_details'])['price']) ?? idOf(line['price']) ?? idOf(line['plan']);

/** Part of a period, which says nothing of a whole one. */
function isProration(line: Json): boolean {
  const parents = Object.values(object(line['parent'])).filter(isObject);
  return [line, ...parents].some(({ proration }) => proration === true);
}

function unitAmountOf(line: Json): number | null {
  const exact = decimal(object(line['pricing'])['unit_amount_decimal']);
  const [amount, quantity] = [number(line['amount']), number(line['quantity'])];
  return exact ?? (amount === null || quantity === null || quantity === 0 ? null : amount / quantity);
}
