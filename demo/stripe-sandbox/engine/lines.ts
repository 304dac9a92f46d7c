/** The lines of an invoice. */

import { formatShortDate } from '../state/money.ts';
import type { State } from '../state/state.ts';
import type { InvoiceItem, InvoiceLineItem, Price, Subscription, SubscriptionItem } from '../state/wire.ts';
import { discountsFor, runningDiscounts } from './discounts.ts';
import type { LineDraft } from './line-draft.ts';
import { amountFor, describe, isMetered, productName, tierShares } from './prices.ts';
import { addUp, type LineTotals } from './totals.ts';

/** SUB-4: the line of a trial's first invoice. */
function describeTrial(state: State, price: Price, quantity: number): string {
  const unit = state.products.get(price.product)?.unit_label;
  return `Free trial for ${quantity}${unit ? ` ${unit}` : ''} × ${productName(state, price)}`;
}

/** The lines for one period of every item, as the items stand now. */
export const periodLines = (state: State, subscription: Subscription, options: { free?: boolean } = {}): LineDraft[] =>
  subscription.items.data.flatMap((item) => itemLines(state, subscription, item, options.free ?? false));

function itemLines(state: State, subscription: Subscription, item: SubscriptionItem, free: boolean): LineDraft[] {
  const { price } = item;
  const quantity = item.quantity ?? 0;
  const line = {
    price,
    period: { start: item.current_period_start, end: item.current_period_end },
    proration: false,
    subscription: subscription.id,
    subscriptionItem: item.id,
    invoiceItem: null,
    metadata: { ...subscription.metadata },
    discountable: true,
    discounts: runningDiscounts(state, item.discounts),
    taxRates: item.tax_rates ?? [],
  };
  if (free) return [{ ...line, amount: 0, quantity, description: describeTrial(state, price, quantity) }];
  if (price.billing_scheme === 'tiered' && !isMetered(price)) {
    return tierShares(price, quantity).map((share) => ({
      ...line,
      amount: share.amount,
      quantity: share.units,
      description: describe(state, price, share.units, share),
    }));
  }
  return [{ ...line, amount: amountFor(price, quantity), quantity, description: describe(state, price, quantity) }];
}

/**
 * SUB-9: the credit for the unused time that was paid, then the charge for the time that remains. OBJ-4: flexible billing
 * credits what was billed; classic billing what would be billed now.
 *
 * @param before - `null` for an item that is added
 * @param after - `null` for an item that is taken out
 */
export function prorationLines(
  state: State,
  subscription: Subscription,
  before: SubscriptionItem | null,
  after: SubscriptionItem | null,
  at: number,
): LineDraft[] {
  const share = (item: SubscriptionItem): number =>
    (item.current_period_end - at) / (item.current_period_end - item.current_period_start);
  const line = (item: SubscriptionItem, sign: 1 | -1, words: string, paid: number): LineDraft => {
    const quantity = item.quantity ?? 0;
    const counted = quantity === 1 ? '' : `${quantity} × `;
    return {
      amount: sign * Math.round(amountFor(item.price, quantity) * share(item) * paid),
      description: `${words} time on ${counted}${productName(state, item.price)} after ${formatShortDate(at)}`,
      price: item.price,
      quantity,
      period: { start: at, end: item.current_period_end },
      proration: true,
      subscription: subscription.id,
      subscriptionItem: item.id,
      invoiceItem: null,
      metadata: {},
      // Discounts are in the amount already: `proration_discounts: included`, Stripe's default.
      discountable: false,
      discounts: [],
      taxRates: item.tax_rates ?? [],
    };
  };
  const lines: LineDraft[] = [];
  if (before) {
    const creditShare = subscription.billing_mode.type === 'classic' ? dueShare : paidShare;
    lines.push(line(before, -1, 'Unused', creditShare(state, subscription, before)));
  }
  if (after) lines.push(line(after, 1, 'Remaining', dueShare(state, subscription, after)));
  return lines.filter(({ price }) => !(price && isMetered(price)));
}

/** Which part of its price an item's running period was billed at: 0.8 after a fifth was discounted. */
function paidShare(state: State, subscription: Subscription, item: SubscriptionItem): number {
  const isItsOwn = (line: InvoiceLineItem): boolean =>
    line.parent?.subscription_item_details?.subscription_item === item.id &&
    !line.parent.subscription_item_details.proration &&
    line.period.end === item.current_period_end;
  const [invoice] = state.invoices.of(
    subscription.customer,
    (row) => row.status !== 'void' && row.lines.data.some(isItsOwn),
  );
  const lines = invoice?.lines.data.filter(isItsOwn) ?? [];
  const gross = lines.reduce((sum, line) => sum + line.amount, 0);
  const off = lines.flatMap((line) => line.discount_amounts ?? []).reduce((sum, row) => sum + row.amount, 0);
  return gross > 0 ? (gross - off) / gross : dueShare(state, subscription, item);
}

/** Which part of its price an item would be billed at, with the discounts that run now. */
function dueShare(state: State, subscription: Subscription, item: SubscriptionItem): number {
  const customer = state.customers.get(subscription.customer);
  // In the place that it has or had: what was changed or taken out is credited as it would be billed now.
  const items = subscription.items.data.map((row) => (row.id === item.id ? item : row));
  if (!items.includes(item)) items.push(item);
  const lines = items.flatMap((row) => itemLines(state, subscription, row, false));
  if (!customer) return 1;
  const { lines: totals } = addUp(state, {
    lines,
    discounts: discountsFor(state, customer, subscription),
    tax: { automatic: false, customer, defaultRates: [] },
    currency: subscription.currency,
  });
  const own = lines.flatMap((line, index) => (line.subscriptionItem === item.id ? [{ line, index }] : []));
  const gross = own.reduce((sum, { line }) => sum + line.amount, 0);
  const off = own
    .flatMap(({ index }) => totals[index]?.discountAmounts ?? [])
    .reduce((sum, row) => sum + row.amount, 0);
  return gross > 0 ? (gross - off) / gross : 1;
}

/** A line draft for an item that waits for the next invoice. */
export const lineFromPending = (state: State, item: InvoiceItem): LineDraft => ({
  amount: item.amount,
  description: item.description ?? '',
  price: state.prices.get(item.pricing?.price_details?.price ?? '') ?? null,
  quantity: item.quantity,
  period: { ...item.period },
  proration: item.proration,
  subscription: item.parent?.subscription_details?.subscription ?? null,
  subscriptionItem: item.parent?.subscription_details?.subscription_item ?? null,
  invoiceItem: item.id,
  metadata: { ...item.metadata },
  discountable: item.discountable,
  discounts: runningDiscounts(state, item.discounts ?? []),
  taxRates: item.tax_rates ?? [],
});

export function toLine(
  state: State,
  invoice: string,
  currency: string,
  draft: LineDraft,
  { discountAmounts, taxes }: LineTotals,
): InvoiceLineItem {
  const prorationDetails = { credited_items: null };
  const discounts = discountAmounts.map((row) => ({ ...row }));
  return {
    id: state.ids.next('il'),
    object: 'line_item',
    amount: draft.amount,
    currency,
    description: draft.description,
    discount_amounts: discounts,
    discountable: draft.discountable,
    discounts: draft.discounts.map(({ id }) => id),
    invoice,
    livemode: false,
    metadata: draft.metadata,
    parent:
      draft.subscriptionItem === null
        ? draft.invoiceItem === null
          ? null
          : {
              invoice_item_details: {
                invoice_item: draft.invoiceItem,
                proration: draft.proration,
                proration_details: prorationDetails,
                subscription: draft.subscription,
              },
              subscription_item_details: null,
              type: 'invoice_item_details',
            }
        : {
            invoice_item_details: null,
            subscription_item_details: {
              invoice_item: draft.invoiceItem,
              proration: draft.proration,
              proration_details: prorationDetails,
              subscription: draft.subscription,
              subscription_item: draft.subscriptionItem,
            },
            type: 'subscription_item_details',
          },
    period: draft.period,
    pretax_credit_amounts: discounts.map((row) => ({ ...row, type: 'discount' })),
    pricing: draft.price
      ? {
          price_details: { price: draft.price.id, product: draft.price.product },
          type: 'price_details',
          unit_amount_decimal: draft.price.unit_amount_decimal,
        }
      : { type: 'price_details', unit_amount_decimal: String(draft.amount) },
    quantity: draft.quantity,
    quantity_decimal: String(draft.quantity),
    subtotal: draft.amount,
    taxes: taxes.map((tax) => ({ ...tax })),
  };
}
