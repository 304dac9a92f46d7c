/**
 * Adds up an invoice: each line's own discounts, the invoice's discounts over all lines, then the tax of each line. What a
 * discount takes and a tax adds is split over the lines to the cent, so that the lines always sum to the total.
 */

import type { State } from '../state/state.ts';
import type { Discount, Invoice } from '../state/wire.ts';
import { couponOf } from './discounts.ts';
import type { LineDraft } from './line-draft.ts';

import { taxesOf, type LineTax, type TaxContext } from './taxes.ts';

export interface LineTotals {
  readonly discountAmounts: readonly { amount: number; discount: string }[];
  readonly taxes: readonly LineTax[];
}

type Sums = Pick<
  Invoice,
  | 'subtotal'
  | 'subtotal_excluding_tax'
  | 'total'
  | 'total_excluding_tax'
  | 'total_discount_amounts'
  | 'total_pretax_credit_amounts'
  | 'total_taxes'
>;

export interface Totals {
  /** In the order of the lines. */
  readonly lines: readonly LineTotals[];
  readonly sums: Sums;
}

export interface Bill {
  readonly lines: readonly LineDraft[];
  readonly discounts: readonly Discount[];
  readonly tax: TaxContext;
  readonly currency: string;
}

export function addUp(state: State, bill: Bill): Totals {
  const taken: Map<string, number>[] = bill.lines.map(() => new Map());
  bill.lines.forEach((line, index) => {
    for (const discount of line.discounts) takeOff(state, discount, bill.lines, taken, [index]);
  });
  const itemDiscounts = taken.reduce((sum, row) => sum + total(row), 0);
  for (const discount of bill.discounts) takeOff(state, discount, bill.lines, taken, [...bill.lines.keys()]);

  const lines = bill.lines.map((line, index) => {
    const discounts = taken[index] ?? new Map<string, number>();
    const { price, taxRates } = line;
    return {
      discountAmounts: [...discounts].map(([discount, amount]) => ({ amount, discount })),
      taxes: taxesOf(state, bill.tax, {
        price,
        taxRates,
        amount: line.amount - total(discounts),
        currency: bill.currency,
      }),
    };
  });
  return { lines, sums: sumsOf(bill.lines, lines, itemDiscounts) };
}

const total = (amounts: ReadonlyMap<string, number>): number =>
  [...amounts.values()].reduce((sum, row) => sum + row, 0);

/** Takes one discount off some of the lines. */
function takeOff(
  state: State,
  discount: Discount,
  lines: readonly LineDraft[],
  taken: readonly Map<string, number>[],
  indexes: readonly number[],
): void {
  const coupon = couponOf(state, discount);
  if (!coupon) return;
  const products = coupon.applies_to?.products;
  const rest = indexes.flatMap((index) => {
    const line = lines[index];
    const fits = line?.discountable && (products === undefined || products.includes(line.price?.product ?? ''));
    const amount = (line?.amount ?? 0) - total(taken[index] ?? new Map());
    return fits && amount > 0 ? [{ index, amount }] : [];
  });
  const parts =
    coupon.percent_off === null
      ? split(
          coupon.amount_off ?? 0,
          rest.map((row) => row.amount),
        )
      : rest.map((row) => Math.round((row.amount * (coupon.percent_off ?? 0)) / 100));
  rest.forEach(({ index }, place) => {
    const amounts = taken[index];
    amounts?.set(discount.id, (amounts.get(discount.id) ?? 0) + (parts[place] ?? 0));
  });
}

/** Splits an amount over shares in proportion, to the cent: never more than there is. */
export function split(amount: number, shares: readonly number[]): number[] {
  const whole = shares.reduce((sum, share) => sum + share, 0);
  const available = Math.min(amount, whole);
  let left = available;
  let rest = whole;
  return shares.map((share) => {
    const part = rest === 0 ? 0 : Math.round((left * share) / rest);
    left -= part;
    rest -= share;
    return part;
  });
}

function sumsOf(lines: readonly LineDraft[], totals: readonly LineTotals[], itemDiscounts: number): Sums {
  const gross = lines.reduce((sum, line) => sum + line.amount, 0);
  const discounts = sumBy(
    totals.flatMap((row) => row.discountAmounts),
    (row) => row.discount,
  );
  const discounted = [...discounts.values()].reduce((sum, row) => sum + row.amount, 0);
  const taxes = totals.flatMap((row) => row.taxes);
  const inclusive = taxSum(taxes, 'inclusive');
  const sum = gross - discounted + taxSum(taxes, 'exclusive');
  const amounts = [...discounts].map(([discount, { amount }]) => ({ amount, discount }));
  const subtotal = gross - itemDiscounts;
  return {
    subtotal,
    subtotal_excluding_tax: subtotal - inclusive,
    total: sum,
    total_excluding_tax: sum - taxSum(taxes, 'exclusive') - inclusive,
    total_discount_amounts: amounts,
    total_pretax_credit_amounts: amounts.map((row) => ({ ...row, type: 'discount' })),
    total_taxes: [...sumBy(taxes, (tax) => `${tax.tax_rate_details?.tax_rate} ${tax.taxability_reason}`).values()],
  };
}

const taxSum = (taxes: readonly LineTax[], behavior: LineTax['tax_behavior']): number =>
  taxes.filter((tax) => tax.tax_behavior === behavior).reduce((sum, tax) => sum + tax.amount, 0);

/** Rows of one key added up, in the order in which each key came first. */
function sumBy<T extends { amount: number; taxable_amount?: number | null }>(
  rows: readonly T[],
  keyOf: (row: T) => string,
): Map<string, T> {
  const sums = new Map<string, T>();
  for (const row of rows) {
    const sum = sums.get(keyOf(row));
    if (!sum) sums.set(keyOf(row), { ...row });
    else {
      sum.amount += row.amount;
      if (sum.taxable_amount != null) sum.taxable_amount += row.taxable_amount ?? 0;
    }
  }
  return sums;
}
