/** Payment intents and charges: one intent for each invoice, one charge for each attempt on it. */

import { cardError, type ErrorBody, type StripeError } from '../http/errors.ts';
import type { State } from '../state.ts';
import type { Charge, Invoice, InvoicePayment, PaymentIntent, PaymentMethod } from '../wire.ts';
import { behaviourOf } from './cards.ts';

export type Attempt =
  | { outcome: 'succeeded'; intent: PaymentIntent }
  | { outcome: 'failed'; intent: PaymentIntent; error: StripeError }
  | { outcome: 'actionRequired'; intent: PaymentIntent };

const REASON: Record<string, string> = {
  subscription_create: 'Subscription creation',
  subscription_cycle: 'Subscription update',
  subscription_update: 'Subscription update',
};

/** The payment that an open invoice waits for. */
export function openPayment(state: State, invoice: Invoice): InvoicePayment {
  const now = state.clock.seconds();
  const intentId = state.ids.next('pi');
  const intent: PaymentIntent = {
    id: intentId,
    object: 'payment_intent',
    allowed_payment_method_types: null,
    amount: invoice.amount_due,
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
    currency: invoice.currency,
    customer: invoice.customer,
    customer_account: null,
    description: REASON[invoice.billing_reason ?? ''] ?? `Payment for Invoice ${invoice.number}`,
    excluded_payment_method_types: null,
    last_payment_error: null,
    latest_charge: null,
    livemode: false,
    managed_payments: null,
    metadata: {},
    next_action: null,
    on_behalf_of: null,
    payment_details: { customer_reference: null, order_reference: invoice.id.slice(0, 25) },
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
    setup_future_usage: 'off_session',
    shipping: null,
    source: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: 'requires_payment_method',
    transfer_data: null,
    transfer_group: null,
  };
  state.paymentIntents.add(intent);
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
  state.invoicePayments.list((payment) => payment.invoice === invoice.id && payment.is_default)[0];

export function intentOf(state: State, invoice: Invoice): PaymentIntent | undefined {
  const id = paymentOf(state, invoice)?.payment.payment_intent;
  return id === undefined ? undefined : state.paymentIntents.get(id);
}

/**
 * Charges the card once.
 *
 * @param confirmed the customer is present and has confirmed with their bank (3-D Secure)
 */
export function charge(state: State, invoice: Invoice, method: PaymentMethod, confirmed: boolean): Attempt {
  const intent = intentOf(state, invoice);
  if (!intent) throw new Error(`invoice ${invoice.id} has no payment to attempt`);
  const behaviour = state.nextCharges.shift() ?? behaviourOf(method);
  intent.payment_method = method.id;
  intent.next_action = null;

  if (behaviour === 'needsAuthentication' && !confirmed) {
    intent.status = 'requires_action';
    intent.next_action = {
      redirect_to_url: { return_url: null, url: invoice.hosted_invoice_url ?? null },
      type: 'redirect_to_url',
    };
    state.emit('payment_intent.requires_action', intent);
    return { outcome: 'actionRequired', intent };
  }

  const works = behaviour === 'works' || behaviour === 'needsAuthentication';
  const attempt = recordCharge(
    state,
    intent,
    method,
    works ? null : declineOf(behaviour),
    confirmed && behaviour === 'needsAuthentication',
  );
  intent.latest_charge = attempt.id;
  if (works) {
    intent.status = 'succeeded';
    intent.amount_received = intent.amount;
    intent.last_payment_error = null;
    state.emit('charge.succeeded', attempt);
    state.emit('payment_intent.succeeded', intent);
    return { outcome: 'succeeded', intent };
  }
  const error = cardError({ ...declineOf(behaviour), charge: attempt.id, param: '' });
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

/** HTTP-3, and what the bank says beside it. */
export function declineOf(behaviour: string): Omit<ErrorBody, 'type'> {
  const poor = behaviour === 'insufficientFunds';
  return {
    advice_code: 'try_again_later',
    code: 'card_declined',
    decline_code: poor ? 'insufficient_funds' : 'generic_decline',
    message: poor ? 'Your card has insufficient funds.' : 'Your card was declined.',
    network_decline_code: poor ? '51' : '01',
  };
}

function recordCharge(
  state: State,
  intent: PaymentIntent,
  method: PaymentMethod,
  decline: Omit<ErrorBody, 'type'> | null,
  authenticated: boolean,
): Charge {
  const card = method.card;
  const paid = decline === null;
  const id = state.ids.next('ch');
  const made: Charge = {
    id,
    object: 'charge',
    amount: intent.amount,
    amount_captured: paid ? intent.amount : 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: paid ? state.ids.next('txn') : null,
    billing_details: structuredClone(method.billing_details) as Charge['billing_details'],
    calculated_statement_descriptor: state.settings.businessName.toUpperCase().slice(0, 22),
    captured: paid,
    created: state.clock.seconds(),
    currency: intent.currency,
    customer: intent.customer,
    description: intent.description,
    disputed: false,
    failure_balance_transaction: null,
    failure_code: decline?.code ?? null,
    failure_message: decline?.message ?? null,
    fraud_details: {},
    livemode: false,
    metadata: {},
    on_behalf_of: null,
    outcome: {
      advice_code: (decline?.advice_code as 'try_again_later' | undefined) ?? null,
      network_advice_code: null,
      network_decline_code: decline?.network_decline_code ?? null,
      network_status: paid ? 'approved_by_network' : 'declined_by_network',
      reason: decline?.decline_code ?? null,
      risk_level: 'normal',
      risk_score: 28,
      seller_message: paid ? 'Payment complete.' : 'The bank did not return any further details with this decline.',
      type: paid ? 'authorized' : 'issuer_declined',
    },
    paid,
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: {
      card: {
        amount_authorized: paid ? intent.amount : null,
        authorization_code: paid ? '522147' : null,
        brand: card?.brand ?? null,
        checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
        country: card?.country ?? null,
        electronic_commerce_indicator: null,
        exp_month: card?.exp_month ?? 1,
        exp_year: card?.exp_year ?? 2030,
        extended_authorization: { status: 'disabled' },
        fingerprint: card?.fingerprint ?? null,
        funding: card?.funding ?? null,
        incremental_authorization: { status: 'unavailable' },
        installments: null,
        last4: card?.last4 ?? null,
        mandate: null,
        multicapture: { status: 'unavailable' },
        network: card?.brand ?? null,
        network_token: { used: false },
        network_transaction_id: '119528868122817',
        overcapture: { maximum_amount_capturable: intent.amount, status: 'unavailable' },
        regulated_status: 'unregulated',
        three_d_secure: authenticated
          ? {
              authentication_flow: 'challenge',
              electronic_commerce_indicator: '05',
              exemption_indicator: null,
              result: 'authenticated',
              result_reason: null,
              transaction_id: null,
              version: '2.2.0',
            }
          : null,
        transaction_link_id: null,
        wallet: null,
      },
      type: 'card',
    },
    radar_options: {},
    receipt_email: null,
    receipt_number: null,
    receipt_url: paid ? `${state.origin()}/receipts/${id}` : null,
    refunded: false,
    review: null,
    shipping: null,
    source: null,
    source_transfer: null,
    statement_descriptor: null,
    statement_descriptor_suffix: null,
    status: paid ? 'succeeded' : 'failed',
    transfer_data: null,
    transfer_group: null,
  };
  state.charges.add(made);
  return made;
}
