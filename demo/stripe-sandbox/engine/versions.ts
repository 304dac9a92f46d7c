/**
 * OBJ-3, OBJ-6: objects in the shape of an older API version. Kept objects have the newest shape; what an older one had
 * instead is worked out when it is asked for. Newer fields stay: a reader of an older version does not know them.
 */

import type { State } from '../state/state.ts';
import { nameAccounts } from './customer-accounts.ts';
import { couponOf } from './discounts.ts';
import { planOf } from './prices.ts';

/** The releases with shapes of their own, oldest first. Versions of one release differ in nothing that the sandbox has. */
export const releases = ['acacia', 'clover', 'dahlia', 'endive'] as const;
export type Release = (typeof releases)[number];

/** @example releaseOf('2025-02-24.acacia'); // 'acacia' */
export const releaseOf = (version: string): Release | null =>
  releases.find((release) => version.endsWith(`.${release}`)) ?? null;

type Row = Record<string, unknown>;
type Reshape = (row: Row, state: State) => void;

/** Each kind before 2025-03-31.basil: older fields back, newer ones gone. */
const acacia: Readonly<Record<string, Reshape>> = {
  subscription(row, state) {
    const items = rows(row['items']);
    row['current_period_start'] = Math.min(...items.map((item) => Number(item['current_period_start'])));
    row['current_period_end'] = Math.max(...items.map((item) => Number(item['current_period_end'])));
    row['discount'] = discountAt(state, row['discounts']);
    for (const item of items) remove(item, 'current_period_start', 'current_period_end');
    remove(row, 'billing_mode', 'billing_schedules', 'status_details', 'customer_account', 'managed_payments');
  },
  invoice(row, state) {
    const [payment] = state.invoicePayments.of(String(row['id']), (each) => each.is_default);
    const intent = state.paymentIntents.get(payment?.payment.payment_intent ?? '');
    const details = record(record(row['parent'])['subscription_details']);
    const taxes = rowsOf(row['total_taxes']);
    Object.assign(row, {
      application_fee_amount: null,
      charge: intent?.latest_charge ?? null,
      discount: discountAt(state, row['discounts']),
      paid: row['status'] === 'paid',
      paid_out_of_band: false,
      payment_intent: intent?.id ?? null,
      quote: null,
      subscription: details['subscription'] ?? null,
      subscription_details: { metadata: details['metadata'] ?? null },
      tax: taxes.length === 0 ? null : taxes.reduce((sum, tax) => sum + Number(tax['amount']), 0),
      total_tax_amounts: taxes.map((tax) => oldTax(tax, state)),
      transfer_data: null,
    });
    remove(row, 'parent', 'payments', 'total_taxes', 'amount_overpaid', 'customer_account', 'confirmation_secret');
  },
  line_item(row, state) {
    const parent = record(row['parent']);
    const details = record(parent['subscription_item_details'] ?? parent['invoice_item_details']);
    const taxes = rowsOf(row['taxes']);
    const price = priceOf(row['pricing'], state);
    const isItem = parent['type'] === 'invoice_item_details' || details['invoice_item'] != null;
    const exclusive = taxes.filter((tax) => tax['tax_behavior'] === 'inclusive');
    const net = Number(row['amount']) - exclusive.reduce((sum, tax) => sum + Number(tax['amount']), 0);
    Object.assign(row, {
      amount_excluding_tax: net,
      ...(details['invoice_item'] == null ? {} : { invoice_item: details['invoice_item'] }),
      plan: price ? oldPlan(price) : null,
      price: price ?? null,
      proration: details['proration'] ?? false,
      proration_details: details['proration_details'] ?? { credited_items: null },
      subscription: details['subscription'] ?? null,
      ...(details['subscription_item'] == null ? {} : { subscription_item: details['subscription_item'] }),
      tax_amounts: taxes.map((tax) => oldTax(tax, state)),
      tax_rates: taxes
        .flatMap((tax) => oldTax(tax, state).tax_rate ?? [])
        .flatMap((id) => state.taxRates.get(id) ?? []),
      type: isItem ? 'invoiceitem' : 'subscription',
      unit_amount_excluding_tax: String(Math.round(net / (Number(row['quantity']) || 1))),
    });
    remove(row, 'parent', 'pricing', 'taxes', 'subtotal', 'quantity_decimal');
  },
  invoiceitem(row, state) {
    const details = record(record(row['parent'])['subscription_details']);
    const price = priceOf(row['pricing'], state);
    Object.assign(row, {
      plan: price ? oldPlan(price) : null,
      price: price ?? null,
      subscription: details['subscription'] ?? null,
      ...(details['subscription_item'] == null ? {} : { subscription_item: details['subscription_item'] }),
      unit_amount: price ? price.unit_amount : row['amount'],
      unit_amount_decimal: price ? price.unit_amount_decimal : String(row['amount']),
    });
    remove(row, 'parent', 'pricing', 'proration_details', 'quantity_decimal', 'customer_account');
  },
  subscription_schedule(row) {
    for (const phase of rowsOf(row['phases'])) phase['coupon'] = null;
  },
  payment_intent: (row, state) => void (row['invoice'] = invoiceOfIntent(state, row['id'])),
  charge: (row, state) => void (row['invoice'] = invoiceOfIntent(state, row['payment_intent'])),
  price: (row) => void (row['recurring'] && Object.assign(record(row['recurring']), { aggregate_usage: null })),
  plan: (row) => void (row['aggregate_usage'] = null),
  discount(row, state) {
    row['coupon'] = couponOf(state, state.discounts.get(String(row['id']))) ?? null;
    remove(row, 'source');
  },
  promotion_code(row, state) {
    const { coupon } = record(row['promotion']);
    row['coupon'] = typeof coupon === 'object' ? coupon : (state.coupons.get(String(coupon)) ?? null);
    remove(row, 'promotion');
  },
};

/** Each release's differences from the next newer one. A release is reached by all the steps down to it. */
const steps: Readonly<Record<Release, Readonly<Record<string, Reshape>>>> = {
  endive: {},
  dahlia: {},
  // OBJ-5: dahlia renamed the hosted page.
  clover: {
    'checkout.session': (row) => void (row['ui_mode'] === 'hosted_page' && (row['ui_mode'] = 'hosted')),
  },
  acacia: {
    ...acacia,
    'checkout.session': (row) => void (row['shipping_details'] = null),
  },
};

/** A copy of `value` as `release` shapes it, with every object in it. */
export function inShapeOf<T>(state: State, release: Release, value: T): T {
  const isNamed = state.settings.accountsV2 !== 'off';
  if (release === 'endive' && !isNamed) return value;
  const copy = structuredClone(value);
  if (isNamed) nameAccounts(state, copy);
  for (const older of releases.slice(releases.indexOf(release)).toReversed()) walk(state, steps[older], copy);
  return copy;
}

function walk(state: State, step: Readonly<Record<string, Reshape>>, value: unknown): void {
  if (Array.isArray(value)) for (const entry of value) walk(state, step, entry);
  else if (typeof value === 'object' && value !== null) {
    const row = value as Row;
    for (const entry of Object.values(row)) walk(state, step, entry);
    step[String(row['object'])]?.(row, state);
  }
}

const record = (value: unknown): Row => (typeof value === 'object' && value !== null ? (value as Row) : {});
const rowsOf = (value: unknown): Row[] => (Array.isArray(value) ? (value as Row[]) : []);
const rows = (list: unknown): Row[] => rowsOf(record(list)['data']);

function remove(row: Row, ...fields: string[]): void {
  for (const field of fields) delete row[field];
}

/** Before there could be several, the first discount stood on its own. */
function discountAt(state: State, ids: unknown): unknown {
  const [first] = Array.isArray(ids) ? (ids as unknown[]) : [];
  if (typeof first !== 'string') return first ?? null;
  const discount = structuredClone(state.discounts.get(first));
  if (discount) acacia['discount']?.(discount as unknown as Row, state);
  return discount ?? null;
}

function priceOf(pricing: unknown, state: State): ReturnType<State['prices']['get']> {
  const price = record(record(pricing)['price_details'])['price'];
  const found = structuredClone(state.prices.get(typeof price === 'string' ? price : String(record(price)['id'])));
  if (found) acacia['price']?.(found as unknown as Row, state);
  return found;
}

const oldPlan = (price: NonNullable<ReturnType<typeof priceOf>>): object => ({
  ...planOf(price),
  aggregate_usage: null,
});

function oldTax(tax: Row, state: State): { amount: unknown; inclusive: boolean; tax_rate: string | null } & Row {
  const rate = record(tax['tax_rate_details'])['tax_rate'];
  const known = typeof rate === 'string' ? state.taxRates.get(rate) : undefined;
  return {
    amount: tax['amount'],
    inclusive: tax['tax_behavior'] === 'inclusive',
    tax_rate: known?.id ?? null,
    taxability_reason: tax['taxability_reason'],
    taxable_amount: tax['taxable_amount'],
  };
}

function invoiceOfIntent(state: State, intent: unknown): string | null {
  for (const payment of state.invoicePayments.values())
    if (payment.payment.payment_intent === intent) return payment.invoice;
  return null;
}
