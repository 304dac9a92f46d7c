/** Another price, another quantity, more or fewer items, with the charge or the credit (SUB-9, SUB-11). */

import { invalidRequest } from '../errors.ts';
import type { State } from '../state/state.ts';
import type { Invoice, InvoiceItem, ItemChange, Price, Subscription, SubscriptionItem } from '../state/wire.ts';
import { collect, settleZero } from './collection.ts';
import { pendingItems } from './invoice-draft.ts';
import { creditedItems, keepCredits } from './debits.ts';
import { keepPrices } from './inline-prices.ts';
import { draftInvoice, finalizeInvoice } from './invoices.ts';
import type { LineDraft } from './line-draft.ts';
import { periodLines } from './lines.ts';
import { addInterval, periodAround, startPeriods } from './periods.ts';
import { planOf } from './prices.ts';
import { prorationLines } from './prorations.ts';
import { isTerminal } from './subscription-status.ts';
import { createItem, mirrorSingleItem } from './subscriptions.ts';

export type ProrationBehavior = 'always_invoice' | 'create_prorations' | 'none';

/**
 * Changes the items. The charge depends on `proration`: `always_invoice` makes an invoice now, `create_prorations`
 * leaves two pending items for the next one, `none` changes only what comes.
 *
 * @param also - further changes that belong to the same `customer.subscription.updated`
 */
export function changeItems(
  state: State,
  subscription: Subscription,
  changes: ItemChange[],
  proration: ProrationBehavior,
  at: number,
  also: (subscription: Subscription) => void = () => undefined,
): void {
  keepPrices(state, pricesOf(changes));
  const before = structuredClone(subscription.items.data);
  const lines: LineDraft[] = [];
  let invoice: Invoice | null = null;
  state.update(subscription, (changed) => {
    for (const change of changes) applyChange(state, changed, change, at);
    mirrorSingleItem(changed);
    Object.assign(changed.items, { total_count: changed.items.data.length });
    // Before the lines: a discount that comes with the change counts for the time that remains.
    also(changed);
    if (proration !== 'none' && changed.status !== 'trialing') {
      lines.push(...prorationsBetween(state, changed, before, at));
    }
    // The invoice is drafted inside the change, so that `latest_invoice` is among the previous attributes (SUB-9).
    if (proration === 'always_invoice' && lines.length > 0) invoice = invoiceNow(state, changed, lines);
  });
  if (proration === 'create_prorations') for (const line of lines) addPending(state, subscription, line);
  if (invoice) settle(state, invoice);
}

const pricesOf = (changes: readonly ItemChange[]): Price[] => changes.flatMap(({ price }) => price ?? []);

/**
 * Begins a new period now, at any interval (SUB-9, `billing_cycle_anchor: now`): the unused time is credited, and the
 * whole new period is billed in one invoice.
 */
export function resetAnchor(
  state: State,
  subscription: Subscription,
  changes: ItemChange[],
  proration: ProrationBehavior,
  also: (subscription: Subscription) => void = () => undefined,
): void {
  keepPrices(state, pricesOf(changes));
  const before = structuredClone(subscription);
  const now = state.clock.seconds();
  let invoice: Invoice | null = null;
  state.update(subscription, (changed) => {
    for (const change of changes) applyChange(state, changed, change, now);
    mirrorSingleItem(changed);
    Object.assign(changed.items, { total_count: changed.items.data.length });
    also(changed);
    startPeriods(changed, now);
    const credits =
      proration === 'none' ? [] : before.items.data.flatMap((item) => prorationLines(state, before, item, null, now));
    invoice = invoiceNow(state, changed, [...credits, ...periodLines(state, changed)]);
  });
  if (invoice) settle(state, invoice);
}

/** SUB-14, `prorate`: the unused time of every item becomes a credit that waits for an invoice. */
export function creditUnusedTime(state: State, subscription: Subscription): void {
  if (isTerminal(subscription) || ['trialing', 'incomplete', 'paused'].includes(subscription.status)) return;
  const now = state.clock.seconds();
  for (const item of subscription.items.data)
    for (const line of prorationLines(state, subscription, item, null, now)) addPending(state, subscription, line);
}

/** SUB-14, `invoice_now`: one last invoice of everything that waits. */
export function invoiceWhatWaits(state: State, subscription: Subscription): void {
  if (pendingItems(state, subscription.customer, subscription.id).length === 0) return;
  const invoice = invoiceNow(state, subscription, [], true);
  if (invoice) settle(state, invoice);
}

/** The items as a change would leave them. */
export function itemsAfter(
  state: State,
  subscription: Subscription,
  changes: ItemChange[],
  at: number,
): SubscriptionItem[] {
  const preview = structuredClone(subscription);
  for (const change of changes) applyChange(state, preview, change, at);
  return preview.items.data;
}

/** A draft of a change's charge, without making the change; `null` where it costs nothing. */
export function prorationInvoice(
  state: State,
  subscription: Subscription,
  changes: ItemChange[],
  at: number,
): Invoice | null {
  const preview = { ...subscription, items: { ...subscription.items } };
  preview.items.data = itemsAfter(state, subscription, changes, at);
  const lines = prorationsBetween(state, preview, subscription.items.data, at);
  const invoice = lines.some((line) => line.amount > 0) ? invoiceNow(state, subscription, lines) : null;
  if (invoice) invoice.webhooks_delivered_at = invoice.created;
  return invoice;
}

/** The credits and charges of a change of items, from `before` to the subscription as it is then. */
export function prorationsBetween(
  state: State,
  subscription: Subscription,
  before: SubscriptionItem[],
  at: number,
): LineDraft[] {
  const changed = before.flatMap((old) => {
    const now = subscription.items.data.find((item) => item.id === old.id) ?? null;
    if (now && now.price.id === old.price.id && now.quantity === old.quantity) return [];
    return prorationLines(state, subscription, old, now, at);
  });
  const added = subscription.items.data.filter((item) => before.every(({ id }) => id !== item.id));
  return [...changed, ...added.flatMap((item) => prorationLines(state, subscription, null, item, at))];
}

function applyChange(state: State, subscription: Subscription, change: ItemChange, at: number): void {
  const items = subscription.items.data;
  if (change.id === undefined) {
    if (!change.price)
      throw invalidRequest('Missing required param: items[0][price].', {
        code: 'parameter_missing',
        param: 'items[0][price]',
      });
    requireCurrency(subscription, change.price);
    if (items.some((item) => item.price.id === change.price?.id)) {
      throw invalidRequest(`Cannot add multiple subscription items with the same plan: ${change.price.id}`, {
        param: 'items',
      });
    }
    items.push(
      createItem(
        state,
        subscription.id,
        { price: change.price, quantity: change.quantity, metadata: change.metadata ?? {} },
        firstPeriod(subscription, change.price, at),
      ),
    );
    return;
  }
  const item = items.find((row) => row.id === change.id);
  if (!item) {
    throw invalidRequest(`No such subscription item: '${change.id}'`, {
      code: 'resource_missing',
      param: 'items[0][id]',
    });
  }
  if (change.deleted) {
    if (items.length === 1)
      throw invalidRequest('A subscription must have at least one active plan.', { param: 'items' });
    items.splice(items.indexOf(item), 1);
    return;
  }
  if (change.price) reprice(subscription, item, change.price, at);
  if (change.quantity !== undefined) item.quantity = change.quantity;
  if (change.metadata) item.metadata = change.metadata;
}

/** An added item of the same interval has the others' period; of another, one on the grid of the same anchor. */
function firstPeriod(subscription: Subscription, price: Price, at: number): { start: number; end: number } {
  const [first] = subscription.items.data;
  const { interval, interval_count: count } = price.recurring ?? { interval: 'month', interval_count: 1 };
  if (!first) return { start: at, end: addInterval(at, interval, count) };
  const other = first.price.recurring;
  if (subscription.status === 'trialing' || (other?.interval === interval && other.interval_count === count))
    return { start: first.current_period_start, end: first.current_period_end };
  if (subscription.billing_mode.type === 'classic') {
    throw invalidRequest('All items of a subscription in classic billing mode must have the same interval.', {
      param: 'items',
    });
  }
  return periodAround(subscription.billing_cycle_anchor, interval, count, at);
}

function requireCurrency({ currency }: Subscription, price: Price): void {
  if (price.currency === currency) return;
  throw invalidRequest('The price specified supports a different currency than the subscription.', {
    param: 'items[0][price]',
  });
}

/** SUB-9: another interval keeps the start and the anchor, and moves the end; one that would be over begins at `at`. */
function reprice(subscription: Subscription, item: SubscriptionItem, price: Price, at: number): void {
  requireCurrency(subscription, price);
  const was = item.price.recurring;
  const is = price.recurring;
  // A trial's end does not depend on the phases after it.
  if (
    subscription.status !== 'trialing' &&
    was &&
    is &&
    (was.interval !== is.interval || was.interval_count !== is.interval_count)
  ) {
    item.current_period_end = addInterval(item.current_period_start, is.interval, is.interval_count);
    if (item.current_period_end <= at) {
      item.current_period_start = at;
      item.current_period_end = addInterval(at, is.interval, is.interval_count);
      subscription.billing_cycle_anchor = at;
    }
  }
  item.price = price;
  item.plan = planOf(price);
}

function invoiceNow(state: State, subscription: Subscription, lines: LineDraft[], takePending = false): Invoice | null {
  const customer = state.customers.get(subscription.customer);
  if (!customer) return null;
  const now = state.clock.seconds();
  return draftInvoice(state, {
    customer,
    subscription,
    reason: 'subscription_update',
    currency: subscription.currency,
    lines,
    takePending,
    autoAdvance: false,
    period: { start: now, end: now },
  });
}

function settle(state: State, invoice: Invoice): void {
  invoice.webhooks_delivered_at = invoice.created;
  finalizeInvoice(state, invoice);
  if (!settleZero(state, invoice)) collect(state, invoice, 'automatic');
}

/** SUB-9 under `create_prorations`: waits for the next invoice, and says so. */
export function addPending(state: State, subscription: Subscription, line: LineDraft): void {
  const item: InvoiceItem = {
    id: state.ids.next('ii'),
    object: 'invoiceitem',
    amount: line.amount,
    currency: subscription.currency,
    customer: subscription.customer,
    customer_account: null,
    date: state.clock.seconds(),
    description: line.description,
    discountable: false,
    discounts: [],
    invoice: null,
    livemode: false,
    metadata: {},
    parent: {
      subscription_details: {
        subscription: subscription.id,
        ...(line.subscriptionItem === null ? {} : { subscription_item: line.subscriptionItem }),
      },
      type: 'subscription_details',
    },
    period: line.period,
    pricing: line.price
      ? {
          price_details: { price: line.price.id, product: line.price.product },
          type: 'price_details',
          unit_amount_decimal: line.price.unit_amount_decimal,
        }
      : null,
    proration: true,
    proration_details: { credited_items: creditedItems(line.credits), discount_amounts: [] },
    quantity: line.quantity,
    quantity_decimal: String(line.quantity),
    tax_rates: [...line.taxRates],
    test_clock: null,
  };
  keepCredits(state, item.id, line.credits);
  state.invoiceItems.add(item);
  state.emit('invoiceitem.created', item);
}
