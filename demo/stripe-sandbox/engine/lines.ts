/** What an invoice asks money for, line by line. */

import { formatInterval, formatMoney, formatShortDate } from '../state/money.ts';
import type { State } from '../state/state.ts';
import type { InvoiceItem, InvoiceLineItem, Plan, Price, Subscription, SubscriptionItem } from '../state/wire.ts';

/** A line before it belongs to an invoice. */
export interface LineDraft {
  amount: number;
  description: string;
  price: Price | null;
  quantity: number;
  period: { start: number; end: number };
  proration: boolean;
  subscription: string | null;
  subscriptionItem: string | null;
  invoiceItem: string | null;
  metadata: Record<string, string>;
}

/** Price × quantity, in whole minor units. What is metered costs nothing until its use is reported. */
export function amountFor(price: Price, quantity: number): number {
  if (price.recurring?.usage_type === 'metered') return 0;
  return Math.round(Number(price.unit_amount_decimal ?? price.unit_amount ?? 0) * quantity);
}

const nameOf = (state: State, price: Price): string => state.products.get(price.product)?.name ?? price.product;

/** `1 × Team (at €29.00 / month)`, as Stripe words it; the unit label comes before the sign. */
export function describe(state: State, price: Price, quantity: number): string {
  const unit = state.products.get(price.product)?.unit_label;
  const each = formatMoney(price.unit_amount ?? 0, price.currency);
  const per = price.recurring ? ` / ${formatInterval(price.recurring.interval, price.recurring.interval_count)}` : '';
  return `${quantity}${unit ? ` ${unit}` : ''} × ${nameOf(state, price)} (at ${each}${per})`;
}

/** SUB-4: what the first invoice of a trial says. */
export function describeTrial(state: State, price: Price, quantity: number): string {
  const unit = state.products.get(price.product)?.unit_label;
  return `Free trial for ${quantity}${unit ? ` ${unit}` : ''} × ${nameOf(state, price)}`;
}

/** The lines for one period of every item, as the items stand now. */
export function periodLines(state: State, subscription: Subscription, options: { free?: boolean } = {}): LineDraft[] {
  return subscription.items.data.map((item) => {
    const quantity = item.quantity ?? 0;
    return {
      amount: options.free ? 0 : amountFor(item.price, quantity),
      description: options.free ? describeTrial(state, item.price, quantity) : describe(state, item.price, quantity),
      price: item.price,
      quantity,
      period: { start: item.current_period_start, end: item.current_period_end },
      proration: false,
      subscription: subscription.id,
      subscriptionItem: item.id,
      invoiceItem: null,
      metadata: { ...subscription.metadata },
    };
  });
}

/** SUB-9: the credit for what was paid and not used, then the charge for what remains. */
export function prorationLines(
  state: State,
  subscription: Subscription,
  before: SubscriptionItem,
  after: SubscriptionItem | null,
  at: number,
): LineDraft[] {
  const share = (item: SubscriptionItem): number =>
    (item.current_period_end - at) / (item.current_period_end - item.current_period_start);
  const line = (item: SubscriptionItem, sign: 1 | -1, words: string): LineDraft => {
    const quantity = item.quantity ?? 0;
    const counted = quantity === 1 ? '' : `${quantity} × `;
    return {
      amount: sign * Math.round(amountFor(item.price, quantity) * share(item)),
      description: `${words} time on ${counted}${nameOf(state, item.price)} after ${formatShortDate(at)}`,
      price: item.price,
      quantity,
      period: { start: at, end: item.current_period_end },
      proration: true,
      subscription: subscription.id,
      subscriptionItem: item.id,
      invoiceItem: null,
      metadata: {},
    };
  };
  return [line(before, -1, 'Unused'), ...(after ? [line(after, 1, 'Remaining')] : [])];
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
});

export function toLine(state: State, invoice: string, currency: string, draft: LineDraft): InvoiceLineItem {
  const prorationDetails = { credited_items: null };
  return {
    id: state.ids.next('il'),
    object: 'line_item',
    amount: draft.amount,
    currency,
    description: draft.description,
    discount_amounts: [],
    discountable: !draft.proration,
    discounts: [],
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
    pretax_credit_amounts: [],
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
    taxes: [],
  };
}

/** The legacy plan that every recurring price still has a double of. */
export function planOf(price: Price): Plan {
  return {
    id: price.id,
    object: 'plan',
    active: price.active,
    amount: price.unit_amount,
    amount_decimal: price.unit_amount_decimal,
    billing_scheme: price.billing_scheme,
    created: price.created,
    currency: price.currency,
    interval: price.recurring?.interval ?? 'month',
    interval_count: price.recurring?.interval_count ?? 1,
    livemode: false,
    metadata: { ...price.metadata },
    meter: price.recurring?.meter ?? null,
    nickname: price.nickname,
    product: price.product,
    tiers_mode: price.tiers_mode,
    transform_usage: null,
    trial_period_days: price.recurring?.trial_period_days ?? null,
    usage_type: price.recurring?.usage_type ?? 'licensed',
  };
}
