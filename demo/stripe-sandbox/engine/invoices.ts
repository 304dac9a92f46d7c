/** Invoices from draft to open, void or uncollectible. Paying them is `collection.ts`. */

import type { State } from '../state/state.ts';
import type { Invoice } from '../state/wire.ts';
import { changeBalance } from './balance.ts';
import { keepCredits } from './debits.ts';
import { useUp } from './discounts.ts';
import { billOf, buildInvoice, pendingFor, type InvoiceDraft } from './invoice-draft.ts';
import { openPayment } from './payments.ts';
import { daySeconds } from './periods.ts';

/** Makes a draft, takes the pending items in, and says so with `invoice.created`. */
export function draftInvoice(state: State, draft: InvoiceDraft): Invoice {
  const { customer, subscription } = draft;
  const id = state.ids.next('in');
  const invoice = buildInvoice(state, draft, id);
  const used = billOf(state, draft);
  for (const item of pendingFor(state, draft)) item.invoice = id;
  used.lines.forEach(({ credits }, index) => keepCredits(state, invoice.lines.data[index]?.id, credits));
  useUp(state, [...used.discounts, ...used.lines.flatMap((line) => line.discounts)], { customer, subscription });
  state.daysUntilDue.set(id, draft.daysUntilDue ?? subscription?.days_until_due ?? null);
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
  invoice.next_payment_attempt =
    invoice.collection_method === 'send_invoice' ? null : invoice.automatically_finalizes_at;
}

/** Draft → open: numbered, due, with a hosted page; the customer's credit is used up first. */
export function finalizeInvoice(state: State, invoice: Invoice): void {
  if (invoice.status !== 'draft') return;
  const now = state.clock.seconds();
  if (invoice.automatic_tax.status === 'requires_location_inputs') return failFinalization(state, invoice);
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
    changeBalance(state, customer, {
      amount: invoice.ending_balance - customer.balance,
      currency: invoice.currency,
      type: 'applied_to_invoice',
      invoice: invoice.id,
    });
  }
  invoice.status = 'open';
  invoice.effective_at = now;
  invoice.automatically_finalizes_at = null;
  invoice.next_payment_attempt = null;
  invoice.status_transitions.finalized_at = now;
  const key = `test_${state.ids.token(40)}`;
  invoice.hosted_invoice_url = `${state.origin()}/i/${key}`;
  invoice.invoice_pdf = `${state.origin()}/i/${key}/pdf`;
  const days = state.daysUntilDue.get(invoice.id) ?? null;
  if (invoice.collection_method === 'send_invoice') invoice.due_date = now + (days ?? 30) * daySeconds;
  if (invoice.amount_due > 0) openPayment(state, invoice);
  state.emit('invoice.finalized', invoice);
  if (invoice.collection_method === 'send_invoice' && invoice.auto_advance) state.emit('invoice.sent', invoice);
}

/** Tax cannot be worked out without a place: the draft stays one until the customer has an address (CHK-1). */
function failFinalization(state: State, invoice: Invoice): void {
  invoice.automatically_finalizes_at = null;
  invoice.next_payment_attempt = null;
  invoice.last_finalization_error = {
    code: 'customer_tax_location_invalid',
    doc_url: 'https://stripe.com/docs/error-codes/customer-tax-location-invalid',
    message: noTaxLocation,
    type: 'invalid_request_error',
  };
  state.emit('invoice.finalization_failed', invoice);
}

/** Stripe's message for a customer without an address where tax is automatic. */
export const noTaxLocation =
  "The customer's location isn't recognized. Set a valid customer address in order to automatically calculate tax.";

/** The invoice of a hosted page, by its key. The key is the only way in: ids are known to too many. */
export const invoiceByPageKey = (state: State, key: string): Invoice | undefined =>
  [...state.invoices.values()].find((invoice) => invoice.hosted_invoice_url?.endsWith(`/i/${key}`));

export function voidInvoice(state: State, invoice: Invoice): void {
  invoice.status = 'void';
  invoice.auto_advance = false;
  invoice.next_payment_attempt = null;
  invoice.status_transitions.voided_at = state.clock.seconds();
  cancelPayments(state, invoice);
  state.emit('invoice.voided', invoice);
}

/** Calls off the payments of an invoice that nothing is to be charged for any more. */
export function cancelPayments(state: State, invoice: Invoice): void {
  for (const payment of state.invoicePayments.of(invoice.id)) {
    if (payment.status !== 'open') continue;
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
}

/** A written-off invoice is not collected any more, though it still can be paid. */
export function markUncollectible(state: State, invoice: Invoice): void {
  invoice.status = 'uncollectible';
  invoice.auto_advance = false;
  invoice.next_payment_attempt = null;
  invoice.status_transitions.marked_uncollectible_at = state.clock.seconds();
  state.emit('invoice.marked_uncollectible', invoice);
}
