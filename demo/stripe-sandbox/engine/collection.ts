/** Getting an open invoice paid: the attempt, what failure sets off, what recovery undoes (SUB-6, SUB-7). */

import { cardError, invalidRequest, StripeError } from '../errors.ts';
import type { State } from '../state/state.ts';
import type { Customer, Invoice, InvoicePayment, PaymentIntent, PaymentMethod, Subscription } from '../state/wire.ts';
import { endSubscription, subscriptionOf } from './cancellation.ts';
import { asyncPaymentOf } from './checkout-payment.ts';
import { payingMethod } from './customers.ts';
import { cancelPayments, finalizeInvoice, markUncollectible } from './invoices.ts';
import { charge, decideDebit, intentOf, invoiceOf, paymentOf, type Attempt } from './payments.ts';
import { daySeconds } from './periods.ts';
import { isForPendingChange, isTerminal, markResumed } from './subscription-status.ts';

/** The origin of an attempt: Stripe by itself, or a person that pays now. */
export type AttemptKind = 'first' | 'automatic' | 'manual';
/** … or a bank that has answered late. */
type FailureKind = AttemptKind | 'debit';

/** The method that an invoice is charged to by itself: its own, the subscription's, the customer's. */
export function methodFor(state: State, invoice: Invoice): PaymentMethod | undefined {
  const own = invoice.default_payment_method;
  return (
    (own === null ? undefined : state.paymentMethods.get(own)) ??
    payingMethod(state, subscriptionOf(state, invoice) ?? null, state.customers.get(invoice.customer ?? ''))
  );
}

/** An invoice that asks for nothing is paid as soon as it is final. */
export function settleZero(state: State, invoice: Invoice): boolean {
  if (invoice.status !== 'open' || invoice.amount_due > 0) return false;
  invoice.attempted = true;
  markPaid(state, invoice);
  return true;
}

/** Tries to collect an open invoice once, and carries out what follows for its subscription and customer. */
export function collect(
  state: State,
  invoice: Invoice,
  kind: AttemptKind,
  options: { method?: PaymentMethod | undefined; confirmed?: boolean } = {},
): Attempt['outcome'] | 'noMethod' {
  const attempt = attemptOnce(state, invoice, kind, options);
  return attempt?.outcome ?? 'noMethod';
}

/** `POST /v1/invoices/{id}/pay`: pays now, and says why not. */
export function payNow(state: State, invoice: Invoice, method: PaymentMethod | undefined, confirmed = false): void {
  if (invoice.status === 'paid') throw invalidRequest('Invoice is already paid', { code: 'invoice_already_paid' });
  if (invoice.status === 'void') {
    throw invalidRequest(`You can only pay an open invoice. This invoice is ${invoice.status}.`, {
      code: 'invoice_not_editable',
    });
  }
  finalizeInvoice(state, invoice);
  if (intentOf(state, invoice)?.status === 'processing') {
    throw invalidRequest('You cannot pay this invoice: a payment for it is already processing.', {
      code: 'payment_intent_unexpected_state',
    });
  }
  if (settleZero(state, invoice)) return;
  const attempt = attemptOnce(state, invoice, 'manual', { method, confirmed });
  if (!attempt) {
    throw new StripeError(
      400,
      {
        type: 'invalid_request_error',
        code: 'resource_missing',
        message:
          'This customer has no attached payment source or default payment method. Please consider adding a default payment method. For more information, visit https://stripe.com/docs/billing/subscriptions/payment-methods-setting.',
      },
      true,
    );
  }
  if (attempt.outcome === 'failed') throw attempt.error;
  if (attempt.outcome === 'actionRequired') {
    throw cardError({
      code: 'invoice_payment_intent_requires_action',
      message:
        'This payment requires additional user action before it can be completed successfully. Payment can be completed using the PaymentIntent associated with the invoice.',
      payment_intent: structuredClone(attempt.intent),
    });
  }
}

function attemptOnce(
  state: State,
  invoice: Invoice,
  kind: AttemptKind,
  options: { method?: PaymentMethod | undefined; confirmed?: boolean },
): Attempt | null {
  // A written-off invoice can still be paid, by request.
  if (invoice.status !== 'open' && !(kind === 'manual' && invoice.status === 'uncollectible')) return null;
  const method = options.method ?? methodFor(state, invoice);
  if (!method) {
    if (kind !== 'manual') recordFailure(state, invoice, kind, false);
    return null;
  }
  const attempt = charge(state, invoice, method, options.confirmed ?? false);
  if (attempt.outcome === 'succeeded') {
    if (kind !== 'manual' || invoice.attempt_count === 0) invoice.attempt_count += 1;
    markPaid(state, invoice);
  } else if (attempt.outcome === 'processing') {
    recordDebit(state, invoice, kind);
  } else {
    recordFailure(state, invoice, kind, attempt.outcome === 'actionRequired');
  }
  return attempt;
}

/**
 * The money is on its way. The first payment of a subscription makes it active already, and one that was past due is
 * active again: as a guess, after Stripe's guides to delayed payments, which treat `processing` as good until it fails.
 */
function recordDebit(state: State, invoice: Invoice, kind: AttemptKind): void {
  state.update(invoice, (changed) => {
    changed.attempted = true;
    changed.next_payment_attempt = null;
    if (kind !== 'manual' || changed.attempt_count === 0) changed.attempt_count += 1;
  });
  const subscription = subscriptionOf(state, invoice);
  const waiting = subscription && ['past_due', 'unpaid', 'incomplete'].includes(subscription.status);
  if (waiting && subscription.latest_invoice === invoice.id) setStatus(state, subscription, 'active');
}

/** Carries out what the bank has answered to a debit. */
export function settleDebit(state: State, intent: PaymentIntent): void {
  const invoice = invoiceOf(state, intent);
  const attempt = decideDebit(state, intent);
  if (!invoice || invoice.status !== 'open') return;
  if (attempt.outcome === 'succeeded') markPaid(state, invoice);
  // The attempt was counted when it was made; from here on Stripe's own retries follow.
  else recordFailure(state, invoice, 'debit', false);
  asyncPaymentOf(state, invoice, attempt.outcome === 'succeeded');
}

/** Paid elsewhere: nothing is charged, and its payment is called off. */
export function payOutOfBand(state: State, invoice: Invoice): void {
  if (invoice.status === 'paid') throw invalidRequest('Invoice is already paid', { code: 'invoice_already_paid' });
  if (invoice.status === 'void')
    throw invalidRequest('You can only pay an open invoice. This invoice is void.', { code: 'invoice_not_editable' });
  finalizeInvoice(state, invoice);
  if (settleZero(state, invoice)) return;
  cancelPayments(state, invoice);
  markPaid(state, invoice, true);
}

function markPaid(state: State, invoice: Invoice, isOutOfBand = false): void {
  const now = state.clock.seconds();
  invoice.attempted = true;
  invoice.auto_advance = false;
  invoice.next_payment_attempt = null;
  invoice.status = 'paid';
  invoice.amount_paid = invoice.amount_due;
  invoice.amount_remaining = 0;
  invoice.status_transitions.paid_at = now;
  state.firstFailures.delete(invoice.id);
  state.emit('invoice.paid', invoice);
  if (!isOutOfBand) settled(state, invoice);
  recover(state, invoice);
}

function settled(state: State, invoice: Invoice): void {
  const now = state.clock.seconds();
  state.emit('invoice.payment_succeeded', invoice);
  const payment = paymentOf(state, invoice);
  const lag = state.settings.invoicePaymentLagSeconds;
  if (payment && lag > 0) {
    state.paymentsSettling.set(payment.id, now + lag);
    state.touch(payment);
  } else if (payment) settlePayment(state, payment);
}

/** The payment itself is told after its invoice, at Stripe some seconds later (SUB-1). */
export function settlePayment(state: State, payment: InvoicePayment): void {
  state.paymentsSettling.delete(payment.id);
  payment.status = 'paid';
  payment.amount_paid = state.invoices.get(payment.invoice)?.amount_due ?? 0;
  payment.status_transitions.paid_at = state.clock.seconds();
  state.emit('invoice_payment.paid', payment);
}

/** SUB-7: paying the latest invoice makes the subscription active again; an older one does not. */
function recover(state: State, invoice: Invoice): void {
  const subscription = subscriptionOf(state, invoice);
  const waiting = subscription && ['past_due', 'unpaid', 'incomplete'].includes(subscription.status);
  if (waiting && subscription.latest_invoice === invoice.id) setStatus(state, subscription, 'active');
  state.tellInvoicePaid(invoice);
  if (subscription?.status === 'paused' && state.resumptions.get(subscription.id) === invoice.id) {
    state.resumptions.delete(subscription.id);
    markResumed(state, subscription);
  }
  markDelinquent(state, invoice);
}

/** SUB-7: a debt that is written off is no debt any more. */
export function writeOff(state: State, invoice: Invoice): void {
  markUncollectible(state, invoice);
  const subscription = subscriptionOf(state, invoice);
  const waiting = subscription && ['past_due', 'unpaid'].includes(subscription.status);
  if (waiting && subscription.latest_invoice === invoice.id) setStatus(state, subscription, 'active');
  markDelinquent(state, invoice);
}

function recordFailure(state: State, invoice: Invoice, kind: FailureKind, actionRequired: boolean): void {
  const now = state.clock.seconds();
  const first = invoice.attempt_count === 0;
  state.update(invoice, (changed) => {
    changed.attempted = true;
    // Only Stripe's own tries count, and whatever comes first; SUB-3: a first payment that waits for 3-D Secure counts 0.
    const counts = kind === 'automatic' || (kind === 'first' && !actionRequired) || (kind === 'manual' && first);
    if (counts) changed.attempt_count += 1;
    if (kind === 'automatic' || kind === 'debit') {
      if (!state.firstFailures.has(invoice.id)) state.firstFailures.set(invoice.id, now);
      changed.next_payment_attempt = nextAttempt(state, changed);
    }
  });
  if (actionRequired) state.emit('invoice.payment_action_required', invoice);
  state.emit('invoice.payment_failed', invoice);
  const subscription = subscriptionOf(state, invoice);
  if (subscription && !isTerminal(subscription)) {
    const owed = subscription.latest_invoice === invoice.id && !isForPendingChange(state, subscription, invoice);
    if (subscription.status === 'active' && owed) setStatus(state, subscription, 'past_due');
    if ((kind === 'automatic' || kind === 'debit') && invoice.next_payment_attempt === null)
      giveUp(state, subscription);
  }
  // A failed first payment makes no debt: nothing was delivered yet.
  if (invoice.billing_reason !== 'subscription_create') markDelinquent(state, invoice);
}

/** A sent invoice that was not paid by its day: its subscription is past due, and no charge is tried. */
export function markOverdue(state: State, invoice: Invoice): void {
  state.overdue.add(invoice.id);
  state.emit('invoice.overdue', invoice);
  const subscription = subscriptionOf(state, invoice);
  if (subscription?.status === 'active' && subscription.latest_invoice === invoice.id)
    setStatus(state, subscription, 'past_due');
}

/** The retry that follows attempt number `attempt_count`, counted in days from the first failure. */
function nextAttempt(state: State, invoice: Invoice): number | null {
  const days = state.settings.dunning.retryAfterDays[invoice.attempt_count - 1];
  const first = state.firstFailures.get(invoice.id);
  return days === undefined || first === undefined ? null : first + Math.round(days * daySeconds);
}

function giveUp(state: State, subscription: Subscription): void {
  const end = state.settings.dunning.finally;
  if (end === 'cancel') endSubscription(state, subscription, 'payment_failed');
  else if (end === 'markUnpaid') setStatus(state, subscription, 'unpaid');
}

export function setStatus(state: State, subscription: Subscription, status: Subscription['status']): void {
  state.update(subscription, (changed) => void (changed.status = status));
}

/** SUB-6, SUB-7: `delinquent` says that an invoice which was tried is still open. */
function markDelinquent(state: State, invoice: Invoice): void {
  const customer: Customer | undefined = state.customers.get(invoice.customer ?? '');
  if (!customer) return;
  const owing = state.invoices.of(
    customer.id,
    (row) =>
      row.status === 'open' &&
      row.attempted &&
      row.collection_method === 'charge_automatically' &&
      intentOf(state, row)?.status !== 'processing',
  );
  state.update(customer, (changed) => void (changed.delinquent = owing.length > 0));
}
