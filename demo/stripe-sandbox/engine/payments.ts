/** Payment intents: one for each invoice, and one charge for each attempt on it. */

import { cardError, invalidRequest, type ErrorBody, type StripeError } from '../errors.ts';
import type { State } from '../state/state.ts';
import type { Charge, Invoice, InvoicePayment, PaymentIntent, PaymentMethod } from '../state/wire.ts';
import { tellAvailable } from './account-balance.ts';
import { behaviourOf } from './cards.ts';
import { recordCharge } from './charges.ts';
import { declineOf, isDecline } from './declines.ts';
import { disputeIfDue } from './disputes.ts';
import { daySeconds } from './periods.ts';

export type Attempt =
  | { outcome: 'succeeded' | 'held'; intent: PaymentIntent }
  | { outcome: 'failed'; intent: PaymentIntent; error: StripeError }
  | { outcome: 'actionRequired'; intent: PaymentIntent }
  /** A bank debit: the answer comes in some days, as `settleDebit`. */
  | { outcome: 'processing'; intent: PaymentIntent };

const reasons: Record<string, string> = {
  subscription_create: 'Subscription creation',
  subscription_cycle: 'Subscription update',
  subscription_update: 'Subscription update',
};

interface IntentDraft extends Pick<PaymentIntent, 'amount' | 'currency' | 'customer' | 'description'> {
  /** The id of the object that is paid. */
  readonly reference: string;
  readonly later: PaymentIntent['setup_future_usage'];
}

/** A payment that has not been tried. */
export function createIntent(state: State, draft: IntentDraft): PaymentIntent {
  const now = state.clock.seconds();
  const intentId = state.ids.next('pi');
  const intent: PaymentIntent = {
    id: intentId,
    object: 'payment_intent',
    allowed_payment_method_types: null,
    amount: draft.amount,
    amount_capturable: 0,
    amount_details: { tip: {} },
    amount_received: 0,
    application: null,
    application_fee_amount: null,
    automatic_payment_methods: null,
    canceled_at: null,
    cancellation_reason: null,
    capture_method: 'automatic',
    client_secret: `${intentId}_secret_${state.ids.token(24)}`,
    confirmation_method: 'automatic',
    created: now,
    currency: draft.currency,
    customer: draft.customer,
    customer_account: null,
    description: draft.description,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata: {},
    next_action: null,
    on_behalf_of: null,
    payment_details: { customer_reference: null, order_reference: draft.reference.slice(0, 25) },
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {
      card: { installments: null, mandate_options: null, network: null, request_three_d_secure: 'automatic' },
    },
    payment_method_types: ['card'],
    payment_record: null,
    processing: null,
    receipt_email: null,
    review: null,
    setup_future_usage: draft.later,
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: 'requires_payment_method',
    transfer_data: null,
    transfer_group: null,
  };
  state.paymentIntents.add(intent);
  return intent;
}

/** The payment that an open invoice waits for. */
export function openPayment(state: State, invoice: Invoice): InvoicePayment {
  const now = state.clock.seconds();
  const intent = createIntent(state, {
    amount: invoice.amount_due,
    currency: invoice.currency,
    customer: invoice.customer,
    description: reasons[invoice.billing_reason ?? ''] ?? `Payment for Invoice ${invoice.number}`,
    reference: invoice.id,
    later: 'off_session',
  });
  const payment: InvoicePayment = {
    id: state.ids.next('inpay'),
    object: 'invoice_payment',
    amount_paid: null,
    amount_requested: invoice.amount_due,
    created: now,
    currency: invoice.currency,
    invoice: invoice.id,
    is_default: true,
    livemode: false,
    payment: { payment_intent: intent.id, type: 'payment_intent' },
    status: 'open',
    status_transitions: { canceled_at: null, paid_at: null },
  };
  state.invoicePayments.add(payment);
  state.emit('payment_intent.created', intent);
  return payment;
}

export const paymentOf = (state: State, invoice: Invoice): InvoicePayment | undefined =>
  state.invoicePayments.of(invoice.id, (payment) => payment.is_default)[0];

export function intentOf(state: State, invoice: Invoice): PaymentIntent | undefined {
  const id = paymentOf(state, invoice)?.payment.payment_intent;
  return id === undefined ? undefined : state.paymentIntents.get(id);
}

/** The invoice that an intent is to pay. */
export function invoiceOf(state: State, intent: PaymentIntent): Invoice | undefined {
  const payment = [...state.invoicePayments.values()].find((row) => row.payment.payment_intent === intent.id);
  return payment && state.invoices.get(payment.invoice);
}

/** Charges the payment of an invoice once. */
export function charge(state: State, invoice: Invoice, method: PaymentMethod, confirmed: boolean): Attempt {
  const intent = intentOf(state, invoice);
  if (!intent) throw new Error(`invoice ${invoice.id} has no payment to attempt`);
  return chargeIntent(state, intent, method, { confirmed, authenticateAt: invoice.hosted_invoice_url ?? null });
}

interface ChargeOptions {
  /** The customer is present and has confirmed with their bank (3-D Secure). */
  readonly confirmed: boolean;
  /** The address at which the customer confirms. */
  readonly authenticateAt: string | null;
}

/** Charges the card or the account once. */
export function chargeIntent(
  state: State,
  intent: PaymentIntent,
  method: PaymentMethod,
  { confirmed, authenticateAt }: ChargeOptions,
): Attempt {
  const behaviour = state.nextCharges.shift() ?? behaviourOf(method);
  intent.payment_method = method.id;
  intent.next_action = null;

  if (behaviour === 'needsAuthentication' && !confirmed) {
    intent.status = 'requires_action';
    intent.next_action = {
      redirect_to_url: { return_url: null, url: authenticateAt },
      type: 'redirect_to_url',
    };
    state.emit('payment_intent.requires_action', intent);
    return { outcome: 'actionRequired', intent };
  }

  if (behaviour === 'settlesLater' || behaviour === 'bouncesLater') {
    if (!intent.payment_method_types.includes(method.type)) intent.payment_method_types.push(method.type);
    const pending = recordCharge(state, intent, method, { pending: true });
    const decidedAt = state.clock.seconds() + Math.round(state.settings.bankDebitDays * daySeconds);
    state.debitsUnderWay.set(intent.id, { decidedAt, bounces: behaviour === 'bouncesLater' });
    intent.latest_charge = pending.id;
    intent.status = 'processing';
    intent.last_payment_error = null;
    state.emit('charge.pending', pending);
    state.emit('payment_intent.processing', intent);
    return { outcome: 'processing', intent };
  }

  const works = !isDecline(behaviour);
  const attempt = recordCharge(state, intent, method, {
    decline: works ? null : declineOf(behaviour),
    authenticated: confirmed && behaviour === 'needsAuthentication',
  });
  intent.latest_charge = attempt.id;
  if (!works) return fail(state, intent, attempt, method, declineOf(behaviour));
  if (intent.capture_method === 'manual') return holdFor(state, intent, attempt);
  const succeeded = succeed(state, intent, attempt);
  disputeIfDue(state, attempt, behaviour);
  if (behaviour === 'availableAtOnce') tellAvailable(state, attempt);
  return succeeded;
}

/** The bank holds the money until it is captured. */
function holdFor(state: State, intent: PaymentIntent, attempt: Charge): Attempt {
  Object.assign(attempt, { amount_captured: 0, balance_transaction: null, captured: false });
  intent.status = 'requires_capture';
  intent.amount_capturable = intent.amount;
  intent.last_payment_error = null;
  state.emit('charge.succeeded', attempt);
  state.emit('payment_intent.amount_capturable_updated', intent);
  return { outcome: 'held', intent };
}

/** @param amount - less than what is held; the rest is let go. Default: all */
export function captureIntent(state: State, intent: PaymentIntent, amount = intent.amount_capturable): void {
  if (intent.status !== 'requires_capture') throw unexpected(intent, 'captured', 'requires_capture');
  if (amount < 1 || amount > intent.amount_capturable)
    throw invalidRequest(
      `The requested amount is greater than the amount you can capture for this charge (max: ${intent.amount_capturable}).`,
      { code: 'amount_too_large', param: 'amount_to_capture' },
    );
  const attempt = state.charges.get(intent.latest_charge ?? '');
  if (attempt) {
    const refunded = attempt.amount - amount;
    const transaction = state.ids.next('txn');
    Object.assign(attempt, { amount_captured: amount, amount_refunded: refunded, balance_transaction: transaction });
    attempt.captured = true;
    state.emit('charge.captured', attempt);
  }
  intent.amount_capturable = 0;
  intent.amount_received = amount;
  intent.status = 'succeeded';
  state.emit('payment_intent.succeeded', intent);
}

const cancelable: readonly string[] = [
  'requires_payment_method',
  'requires_capture',
  'requires_confirmation',
  'requires_action',
  'processing',
];

export function cancelIntent(
  state: State,
  intent: PaymentIntent,
  reason: PaymentIntent['cancellation_reason'],
): PaymentIntent {
  if (!cancelable.includes(intent.status)) throw unexpected(intent, 'canceled', cancelable.join(', '));
  if (invoiceOf(state, intent))
    throw invalidRequest(
      'You cannot cancel a PaymentIntent that is used to pay an invoice. Void the invoice instead.',
      {
        code: 'payment_intent_unexpected_state',
      },
    );
  const attempt = state.charges.get(intent.latest_charge ?? '');
  if (intent.status === 'requires_capture' && attempt) {
    Object.assign(attempt, { amount_refunded: attempt.amount, refunded: true });
    state.emit('charge.refunded', attempt);
  }
  state.debitsUnderWay.delete(intent.id);
  intent.status = 'canceled';
  intent.amount_capturable = 0;
  intent.canceled_at = state.clock.seconds();
  intent.cancellation_reason = reason;
  intent.next_action = null;
  state.emit('payment_intent.canceled', intent);
  return intent;
}

const unexpected = ({ status }: PaymentIntent, done: string, allowed: string): StripeError =>
  invalidRequest(
    `This PaymentIntent could not be ${done} because it has a status of ${status}. Only a PaymentIntent with one of the following statuses may be ${done}: ${allowed}.`,
    { code: 'payment_intent_unexpected_state' },
  );

/** The bank has answered a debit: the money came, or it did not. */
export function decideDebit(state: State, intent: PaymentIntent): Attempt {
  const debit = state.debitsUnderWay.get(intent.id);
  const attempt = state.charges.get(intent.latest_charge ?? '');
  const method = state.paymentMethods.get(intent.payment_method ?? '');
  if (!debit || !attempt || !method) throw new Error(`${intent.id} has no debit under way`);
  state.debitsUnderWay.delete(intent.id);
  const decline = debit.bounces ? bounced : null;
  attempt.status = decline ? 'failed' : 'succeeded';
  attempt.paid = decline === null;
  attempt.failure_code = decline?.code ?? null;
  attempt.failure_message = decline?.message ?? null;
  return decline ? fail(state, intent, attempt, method, decline) : succeed(state, intent, attempt);
}

const bounced: Omit<ErrorBody, 'type'> = {
  code: 'insufficient_funds',
  message: "The customer's account has insufficient funds to cover this payment.",
};

function succeed(state: State, intent: PaymentIntent, attempt: Charge): Attempt {
  intent.status = 'succeeded';
  intent.amount_received = intent.amount;
  intent.last_payment_error = null;
  state.emit('charge.succeeded', attempt);
  state.emit('payment_intent.succeeded', intent);
  return { outcome: 'succeeded', intent };
}

function fail(
  state: State,
  intent: PaymentIntent,
  attempt: Charge,
  method: PaymentMethod,
  decline: Omit<ErrorBody, 'type'>,
): Attempt {
  const error = cardError({ ...decline, charge: attempt.id, param: '' });
  const { payment_intent: _intent, ...stored } = error.body;
  intent.status = 'requires_payment_method';
  intent.payment_method = null;
  intent.last_payment_error = { ...stored, payment_method: structuredClone(method) } as NonNullable<
    PaymentIntent['last_payment_error']
  >;
  state.emit('charge.failed', attempt);
  state.emit('payment_intent.payment_failed', intent);
  error.body.payment_intent = structuredClone(intent);
  error.body.payment_method = structuredClone(method);
  return { outcome: 'failed', intent, error };
}
