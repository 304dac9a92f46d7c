/** Disputes: a bank takes a payment back, or asks about it first. Which cards do so stands among the test cards. */

import type { State } from '../state/state.ts';
import type { BankTransaction, CardBehaviour, Charge, Dispute } from '../state/wire.ts';
import { daySeconds } from './periods.ts';

/** How long the seller may answer. */
const answerDays = 9;

/** Stripe's fee of a dispute, in minor units; an inquiry costs nothing. */
const disputeFee = 1500;

type Origin = { readonly reason: string; readonly networkReason: string; readonly inquiry: boolean };

const origins: Partial<Record<CardBehaviour, Origin>> = {
  disputed: { reason: 'fraudulent', networkReason: '10.4', inquiry: false },
  notReceived: { reason: 'product_not_received', networkReason: '13.1', inquiry: false },
  inquired: { reason: 'fraudulent', networkReason: '10.4', inquiry: true },
};

const isOver = ({ status }: Dispute): boolean => ['won', 'lost', 'warning_closed'].includes(status);

/** Opens the dispute that a card with this behaviour makes of every charge. */
export function disputeIfDue(state: State, charge: Charge, behaviour: CardBehaviour): void {
  const origin = origins[behaviour];
  if (!origin) return;
  const { reason, networkReason, inquiry } = origin;
  const dispute: Dispute = {
    id: state.ids.next('du'),
    object: 'dispute',
    amount: charge.amount,
    balance_transactions: [],
    charge: charge.id,
    created: state.clock.seconds(),
    currency: charge.currency,
    enhanced_eligibility_types: [],
    evidence: noEvidence(),
    evidence_details: {
      due_by: state.clock.seconds() + answerDays * daySeconds,
      enhanced_eligibility: {},
      has_evidence: false,
      past_due: false,
      submission_count: 0,
      submission_method: 'not_submitted',
    },
    intended_submission_method: null,
    is_charge_refundable: inquiry,
    livemode: false,
    metadata: {},
    network_reason_code: networkReason,
    payment_intent: charge.payment_intent,
    payment_method_details: {
      card: {
        brand: charge.payment_method_details?.card?.brand ?? 'visa',
        case_type: inquiry ? 'inquiry' : 'chargeback',
        network: 'visa',
        network_reason_code: networkReason,
      },
      type: 'card',
    },
    reason,
    status: inquiry ? 'warning_needs_response' : 'needs_response',
  };
  if (!inquiry) move(state, dispute, -dispute.amount, disputeFee);
  state.disputes.add(dispute);
  charge.disputed = true;
  state.emit('charge.dispute.created', dispute);
  if (!inquiry) state.emit('charge.dispute.funds_withdrawn', dispute);
}

/** The seller's evidence. Stripe's test texts decide at once; any other text waits for the bank. */
export function submitEvidence(
  state: State,
  dispute: Dispute,
  change: { metadata?: Record<string, string>; text?: string; submit: boolean },
): void {
  state.update(
    dispute,
    (changed) => {
      if (change.metadata) changed.metadata = change.metadata;
      if (change.text !== undefined) {
        changed.evidence.uncategorized_text = change.text;
        changed.evidence_details.has_evidence = true;
      }
      if (!change.submit) return;
      changed.evidence_details.submission_count += 1;
      changed.evidence_details.submission_method = 'manual';
      changed.status = changed.status.startsWith('warning_') ? 'warning_under_review' : 'under_review';
    },
    'charge.dispute.updated',
  );
  if (!change.submit) return;
  if (change.text === 'winning_evidence') win(state, dispute);
  else if (change.text === 'losing_evidence') lose(state, dispute);
}

/** The seller gives up. */
export const closeDispute = (state: State, dispute: Dispute): void => lose(state, dispute);

function win(state: State, dispute: Dispute): void {
  if (isOver(dispute)) return;
  const inquiry = dispute.status.startsWith('warning_');
  dispute.status = inquiry ? 'warning_closed' : 'won';
  if (!inquiry) {
    move(state, dispute, dispute.amount, 0);
    state.emit('charge.dispute.funds_reinstated', dispute);
  }
  state.emit('charge.dispute.closed', dispute);
}

function lose(state: State, dispute: Dispute): void {
  if (isOver(dispute)) return;
  const inquiry = dispute.status.startsWith('warning_');
  // An inquiry that is given up is paid back like a lost dispute.
  if (inquiry) {
    move(state, dispute, -dispute.amount, 0);
    state.emit('charge.dispute.funds_withdrawn', dispute);
  }
  dispute.status = 'lost';
  state.emit('charge.dispute.closed', dispute);
}

/** The account's money that a dispute moves. */
function move(state: State, dispute: Dispute, amount: number, fee: number): void {
  const moved: BankTransaction = {
    id: state.ids.next('txn'),
    object: 'balance_transaction',
    amount,
    available_on: state.clock.seconds(),
    balance_type: 'payments',
    created: state.clock.seconds(),
    currency: dispute.currency,
    description: `Chargeback ${amount < 0 ? 'withdrawal' : 'reversal'} for ${dispute.charge}`,
    exchange_rate: null,
    fee,
    fee_details:
      fee === 0
        ? []
        : [
            {
              amount: fee,
              application: null,
              currency: dispute.currency,
              description: 'Dispute fee',
              type: 'stripe_fee',
            },
          ],
    net: amount - fee,
    reporting_category: amount < 0 ? 'dispute' : 'dispute_reversal',
    source: dispute.id,
    status: 'available',
    type: 'adjustment',
  };
  dispute.balance_transactions.push(moved);
}

function noEvidence(): Dispute['evidence'] {
  return {
    access_activity_log: null,
    billing_address: null,
    cancellation_policy: null,
    cancellation_policy_disclosure: null,
    cancellation_rebuttal: null,
    customer_communication: null,
    customer_email_address: null,
    customer_name: null,
    customer_purchase_ip: null,
    customer_signature: null,
    duplicate_charge_documentation: null,
    duplicate_charge_explanation: null,
    duplicate_charge_id: null,
    enhanced_evidence: {},
    product_description: null,
    receipt: null,
    refund_policy: null,
    refund_policy_disclosure: null,
    refund_refusal_explanation: null,
    service_date: null,
    service_documentation: null,
    shipping_address: null,
    shipping_carrier: null,
    shipping_date: null,
    shipping_documentation: null,
    shipping_tracking_number: null,
    uncategorized_file: null,
    uncategorized_text: null,
  };
}
