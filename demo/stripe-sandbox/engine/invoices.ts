/** Invoices from draft to open, void or uncollectible. Paying them is `collection.ts`. */

import type { State } from '../state/state.ts';
import type { Customer, Invoice, InvoiceItem, Subscription } from '../state/wire.ts';
import { lineFromPending, toLine, type LineDraft } from './lines.ts';
import { openPayment } from './payments.ts';
import { HOUR } from './periods.ts';

/** SUB-5: how long an invoice waits for endpoints that never acknowledge it. */
const WAIT_FOR_WEBHOOKS = 72 * HOUR;

export interface InvoiceDraft {
  customer: Customer;
  subscription: Subscription | null;
  reason: 'manual' | 'subscription_create' | 'subscription_cycle' | 'subscription_update';
  currency: string;
  lines: LineDraft[];
  /** Whether items that wait for the customer's next invoice come in. Default: on renewals only. */
  takePending?: boolean;
  /** Stripe moves it on by itself: finalizes, charges, retries. */
  autoAdvance: boolean;
  period: { start: number; end: number };
  description?: string | null;
  metadata?: Record<string, string>;
  collectionMethod?: 'charge_automatically' | 'send_invoice';
  defaultPaymentMethod?: string | null;
}

/** What waits for this customer's (and subscription's) next invoice. */
export const pendingItems = (state: State, customer: string, subscription: string | null): InvoiceItem[] =>
  state.invoiceItems
    .of(
      customer,
      (item) =>
        item.invoice === null && (item.parent?.subscription_details?.subscription ?? subscription) === subscription,
    )
    .toReversed();

/** Makes a draft, takes the pending items in, and says so with `invoice.created`. */
export function draftInvoice(state: State, draft: InvoiceDraft): Invoice {
  const { customer, subscription } = draft;
  const now = state.clock.seconds();
  const id = state.ids.next('in');
  const takePending = draft.takePending ?? draft.reason === 'subscription_cycle';
  const pending = takePending ? pendingItems(state, customer.id, subscription?.id ?? null) : [];
  for (const item of pending) item.invoice = id;
  const lines = [...pending.map((item) => lineFromPending(state, item)), ...draft.lines];
  const total = lines.reduce((sum, line) => sum + line.amount, 0);
  const balance = customer.balance;
  const due = Math.max(0, total + balance);
  const finalizesAt = draft.autoAdvance ? now + WAIT_FOR_WEBHOOKS : null;

  const invoice: Invoice = {
    id,
    object: 'invoice',
    account_country: state.settings.country,
    account_name: state.settings.businessName,
    account_tax_ids: null,
    amount_due: due,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_remaining: due,
    amount_shipping: 0,
    application: null,
    attempt_count: 0,
    attempted: false,
    auto_advance: draft.autoAdvance,
    automatic_tax: { disabled_reason: null, enabled: false, liability: null, provider: null, status: null },
    automatically_finalizes_at: finalizesAt,
    billing_reason: draft.reason,
    collection_method: draft.collectionMethod ?? 'charge_automatically',
    created: now,
    currency: draft.currency,
    custom_fields: null,
    customer: customer.id,
    customer_account: null,
    customer_address: customer.address ?? null,
    customer_email: customer.email,
    customer_name: customer.name ?? null,
    customer_phone: customer.phone ?? null,
    customer_shipping: null,
    customer_tax_exempt: customer.tax_exempt ?? 'none',
    customer_tax_ids: [],
    default_payment_method: draft.defaultPaymentMethod ?? null,
    default_source: null,
    default_tax_rates: [],
    description: draft.description ?? null,
    discounts: [],
    due_date: null,
    effective_at: null,
    ending_balance: null,
    footer: null,
    from_invoice: null,
    hosted_invoice_url: null,
    invoice_pdf: null,
    issuer: { type: 'self' },
    last_finalization_error: null,
    latest_revision: null,
    lines: {
      object: 'list',
      data: lines.map((line) => toLine(state, id, draft.currency, line)),
      has_more: false,
      total_count: lines.length,
      url: `/v1/invoices/${id}/lines`,
    },
    livemode: false,
    metadata: draft.metadata ?? {},
    next_payment_attempt: finalizesAt,
    number: null,
    on_behalf_of: null,
    parent: subscription
      ? {
          quote_details: null,
          subscription_details: { metadata: { ...subscription.metadata }, subscription: subscription.id },
          type: 'subscription_details',
        }
      : null,
    payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
    period_end: draft.period.end,
    period_start: draft.period.start,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    receipt_number: null,
    rendering: null,
    shipping_cost: null,
    shipping_details: null,
    starting_balance: balance,
    statement_descriptor: null,
    status: 'draft',
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
    subtotal: total,
    subtotal_excluding_tax: total,
    test_clock: null,
    total,
    total_discount_amounts: [],
    total_excluding_tax: total,
    total_pretax_credit_amounts: [],
    total_taxes: [],
    webhooks_delivered_at: null,
  };
  state.invoices.add(invoice);
  if (subscription) subscription.latest_invoice = id;
  state.emit('invoice.created', invoice);
  if (draft.autoAdvance && state.webhooksFor('invoice.created') === 0) webhooksDelivered(state, invoice);
  return invoice;
}

/** SUB-5: the charge waits about an hour from the moment that every endpoint has acknowledged `invoice.created`. */
export function webhooksDelivered(state: State, invoice: Invoice): void {
  invoice.webhooks_delivered_at ??= state.clock.seconds();
  state.touch(invoice);
  if (invoice.status !== 'draft' || !invoice.auto_advance) return;
  invoice.automatically_finalizes_at = invoice.webhooks_delivered_at + state.settings.finalizeAfterSeconds;
  invoice.next_payment_attempt = invoice.automatically_finalizes_at;
}

/** Draft → open: numbered, due, with a hosted page; the customer's credit is used up first. */
export function finalizeInvoice(state: State, invoice: Invoice): void {
  if (invoice.status !== 'draft') return;
  const now = state.clock.seconds();
  const customer = state.customers.get(invoice.customer ?? '');
  if (customer) {
    invoice.starting_balance = customer.balance;
    const owed = invoice.total + customer.balance;
    invoice.amount_due = Math.max(0, owed);
    invoice.amount_remaining = invoice.amount_due;
    // A negative total becomes credit; a positive one uses credit up, or collects a debt.
    invoice.ending_balance = Math.min(0, owed);
    const sequence = customer.next_invoice_sequence ?? 1;
    invoice.number = `${customer.invoice_prefix}-${String(sequence).padStart(4, '0')}`;
    customer.next_invoice_sequence = sequence + 1;
    if (invoice.ending_balance !== customer.balance) {
      const balance = invoice.ending_balance;
      state.update(customer, (changed) => void (changed.balance = balance));
    }
  }
  invoice.status = 'open';
  invoice.effective_at = now;
  invoice.automatically_finalizes_at = null;
  invoice.next_payment_attempt = null;
  invoice.status_transitions.finalized_at = now;
  const key = `test_${state.ids.token(40)}`;
  invoice.hosted_invoice_url = `${state.origin()}/i/${key}`;
  invoice.invoice_pdf = `${state.origin()}/i/${key}/pdf`;
  if (invoice.amount_due > 0) openPayment(state, invoice);
  state.emit('invoice.finalized', invoice);
}

/** The invoice whose hosted page has this key. The key is the only way in: ids are known to too many. */
export const invoiceByPageKey = (state: State, key: string): Invoice | undefined =>
  [...state.invoices.values()].find((invoice) => invoice.hosted_invoice_url?.endsWith(`/i/${key}`));

export function voidInvoice(state: State, invoice: Invoice): void {
  invoice.status = 'void';
  invoice.auto_advance = false;
  invoice.next_payment_attempt = null;
  invoice.status_transitions.voided_at = state.clock.seconds();
  for (const payment of state.invoicePayments.values()) {
    if (payment.invoice !== invoice.id || payment.status !== 'open') continue;
    payment.status = 'canceled';
    payment.status_transitions.canceled_at = state.clock.seconds();
    const intent = state.paymentIntents.get(payment.payment.payment_intent ?? '');
    if (!intent) continue;
    intent.status = 'canceled';
    intent.canceled_at = state.clock.seconds();
    intent.cancellation_reason = 'void_invoice';
    intent.next_action = null;
    state.emit('payment_intent.canceled', intent);
  }
  state.emit('invoice.voided', invoice);
}

/** Written off: nobody expects to be paid any more, though it still can be. */
export function markUncollectible(state: State, invoice: Invoice): void {
  invoice.status = 'uncollectible';
  invoice.auto_advance = false;
  invoice.next_payment_attempt = null;
  invoice.status_transitions.marked_uncollectible_at = state.clock.seconds();
  state.emit('invoice.marked_uncollectible', invoice);
}
