/** The lines of an invoice. */

import type { State } from '../state/state.ts';
import type { InvoiceItem, InvoiceLineItem, Price, Subscription, SubscriptionItem } from '../state/wire.ts';
import { creditedLines } from './debits.ts';
import { runningDiscounts } from './discounts.ts';
import type { LineDraft } from './line-draft.ts';
import { amountFor, describe, isMetered, productName, tierShares } from './prices.ts';
import type { LineTotals } from './totals.ts';

/** SUB-4: the line of a trial's first invoice. */
function describeTrial(state: State, price: Price, quantity: number): string {
  const unit = state.products.get(price.product)?.unit_label;
  return `Free trial for ${quantity}${unit ? ` ${unit}` : ''} × ${productName(state, price)}`;
}

/** The lines for one period of every item, as the items stand now. */
export const periodLines = (state: State, subscription: Subscription, options: { free?: boolean } = {}): LineDraft[] =>
  subscription.items.data.flatMap((item) => itemLines(state, subscription, item, options.free ?? false));

/** The lines for one period of an item. */
export function itemLines(state: State, subscription: Subscription, item: SubscriptionItem, free = false): LineDraft[] {
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
    credits: [],
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
  credits: state.credits.get(item.id) ?? [],
});

export function toLine(
  state: State,
  invoice: string,
  currency: string,
  draft: LineDraft,
  { discountAmounts, taxes }: LineTotals,
): InvoiceLineItem {
  const prorationDetails = { credited_items: creditedLines(draft.credits) };
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
