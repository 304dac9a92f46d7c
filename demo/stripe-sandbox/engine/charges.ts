/** Charges: each attempt to take money, and what came of it. */

import type { ErrorBody } from '../errors.ts';
import type { State } from '../state/state.ts';
import type { Charge, PaymentIntent, PaymentMethod } from '../state/wire.ts';

/** How a charge went. */
interface Outcome {
  /** The bank refused. */
  readonly decline?: Omit<ErrorBody, 'type'> | null;
  /** The customer confirmed with their bank. */
  readonly authenticated?: boolean;
  /** The bank has not answered yet. */
  readonly pending?: boolean;
}

export function recordCharge(state: State, intent: PaymentIntent, method: PaymentMethod, went: Outcome): Charge {
  const { decline = null, authenticated = false, pending = false } = went;
  const paid = decline === null && !pending;
  const id = state.ids.next('ch');
  const made: Charge = {
    id,
    object: 'charge',
    amount: intent.amount,
    amount_captured: paid || pending ? intent.amount : 0,
    amount_refunded: 0,
    application: null,
    application_fee: null,
    application_fee_amount: null,
    balance_transaction: paid ? state.ids.next('txn') : null,
    billing_details: structuredClone(method.billing_details) as Charge['billing_details'],
    calculated_statement_descriptor: state.settings.businessName.toUpperCase().slice(0, 22),
    captured: paid || pending,
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
      network_status: decline ? 'declined_by_network' : 'approved_by_network',
      reason: decline?.decline_code ?? null,
      risk_level: 'normal',
      risk_score: 28,
      seller_message:
        decline === null ? 'Payment complete.' : 'The bank did not return any further details with this decline.',
      type: decline ? 'issuer_declined' : 'authorized',
    },
    paid,
    payment_intent: intent.id,
    payment_method: method.id,
    payment_method_details: method.sepa_debit
      ? debitDetails(method.sepa_debit)
      : cardDetails(method.card, intent.amount, paid, authenticated),
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
    status: pending ? 'pending' : paid ? 'succeeded' : 'failed',
    transfer_data: null,
    transfer_group: null,
  };
  state.charges.add(made);
  return made;
}

type Details = NonNullable<Charge['payment_method_details']>;

const debitDetails = (debit: NonNullable<PaymentMethod['sepa_debit']>): Details => ({
  sepa_debit: {
    bank_code: debit.bank_code,
    branch_code: debit.branch_code,
    country: debit.country,
    fingerprint: debit.fingerprint,
    last4: debit.last4,
    mandate: null,
  },
  type: 'sepa_debit',
});

function cardDetails(card: PaymentMethod['card'], amount: number, paid: boolean, authenticated: boolean): Details {
  return {
    card: {
      amount_authorized: paid ? amount : null,
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
      overcapture: { maximum_amount_capturable: amount, status: 'unavailable' },
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
  };
}
