/** Invoices and their payments of any API version → `InvoiceFacts`. */

import type { InvoiceFacts } from '../../billing/facts.ts';
import { declineReason } from './decline.ts';
import { idOf, isObject, list, number, object, requiredText, text, time, type Json } from './json.ts';

/** An open invoice, looked at by itself because money is owed. */
export interface OpenInvoiceData {
  readonly invoice: unknown;
  /** InvoicePayments with `payment.payment_intent(.latest_charge)` expanded. */
  readonly payments: readonly unknown[];
  /** All charges of its payment intents, for the earliest failed one. */
  readonly charges: readonly unknown[];
}

type InvoiceDetails = Pick<OpenInvoiceData, 'payments' | 'charges'>;

const noDetails: InvoiceDetails = { payments: [], charges: [] };

/**
 * @param methodDigest - digest of a payment method, given Stripe's object of it; methods that are known better from
 *   elsewhere in the same look are recognised by their id
 * @throws `stripe_object_malformed` when the invoice has no id
 */
export function invoiceFacts(
  invoice: unknown,
  methodDigest: (method: unknown) => string | null,
  details: InvoiceDetails = noDetails,
): InvoiceFacts {
  const id = requiredText(invoice, 'invoice', 'id');
  const source = object(invoice);
  const transitions = object(source['status_transitions']);
  const status = text(source['status']) ?? '';
  const payment = newestPayment(source, details);
  const standing = status === 'paid' ? 'succeeded' : paymentStatus(source, payment);
  const declined = standing === 'failed' ? declineReason(payment) : null;
  return {
    id,
    status,
    currency: text(source['currency']) ?? '',
    amountDue: number(source['amount_due']) ?? 0,
    amountRemaining: number(source['amount_remaining']) ?? 0,
    amountPaid: number(source['amount_paid']) ?? 0,
    created: time(source['created']) ?? 0,
    finalizedAt: time(transitions['finalized_at']),
    dueDate: time(source['due_date']),
    collectionMethod: source['collection_method'] === 'send_invoice' ? 'send_invoice' : 'charge_automatically',
    billingReason: text(source['billing_reason']),
    attempted: source['attempted'] === true,
    attemptCount: number(source['attempt_count']) ?? 0,
    nextAttemptAt: time(source['next_payment_attempt']),
    firstFailedAt: firstFailedAt(source, payment, details),
    payment: standing,
    ...(declined === null ? {} : { declined }),
    triedMethodDigest: methodDigest(triedMethod(source, payment, details)),
  };
}

/** Which subscription an invoice belongs to: `parent.subscription_details` since 2025-03-31, `subscription` before. */
export function subscriptionOf(invoice: unknown): string | null {
  const source = object(invoice);
  return idOf(object(object(source['parent'])['subscription_details'])['subscription']) ?? idOf(source['subscription']);
}

/**
 * The PaymentIntent or charge that is being tried now. An invoice can have several payments; the open one speaks, and
 * among equals the newest. Before 2025-03-31 the invoice names its one `payment_intent` or `charge` itself.
 */
function newestPayment(invoice: Json, details: InvoiceDetails): unknown {
  const payments = [...details.payments, ...list(invoice['payments'])].filter(isObject);
  let newest: Json | null = null;
  for (const candidate of payments) {
    if (newest === null || rank(candidate) > rank(newest)) newest = candidate;
  }
  const payment = object(newest?.['payment']);
  return payment['payment_intent'] ?? payment['charge'] ?? invoice['payment_intent'] ?? invoice['charge'] ?? null;
}

function rank(payment: Json): number {
  const open = payment['status'] === 'open' ? 1e12 : 0;
  // Among two sights of the same payment, the one that was expanded tells more.
  const expanded = isObject(object(payment['payment'])['payment_intent']) ? 0.5 : 0;
  return open + (number(payment['created']) ?? 0) + expanded;
}

function paymentStatus(invoice: Json, payment: unknown): InvoiceFacts['payment'] {
  const source = object(payment);
  switch (text(source['status'])) {
    case 'requires_action':
    case 'requires_confirmation':
      return 'actionRequired';
    case 'processing':
    case 'requires_capture':
    case 'pending':
      return 'processing';
    case 'succeeded':
      return 'succeeded';
    case 'failed':
      return 'failed';
    case 'requires_payment_method': {
      // Stripe tried without the customer and the bank refused to go on without them: a new card would not help.
      const error = object(source['last_payment_error']);
      const asks = [error['code'], error['decline_code']].includes('authentication_required');
      if (asks) return 'actionRequired';
      return isObject(source['last_payment_error']) || invoice['attempted'] === true ? 'failed' : 'none';
    }
    default:
      return isUnsettled(invoice) && invoice['attempted'] === true ? 'failed' : 'none';
  }
}

function isUnsettled(invoice: Json): boolean {
  return invoice['status'] === 'open' && (number(invoice['amount_remaining']) ?? 1) > 0;
}

/** Grace starts here, so all attempts count, not only the latest one, whose time moves with every retry (L28). */
function firstFailedAt(invoice: Json, payment: unknown, details: InvoiceDetails): number | null {
  const intents = [payment, ...details.payments.map((each) => object(object(each)['payment'])['payment_intent'])];
  const charges = [...details.charges, invoice['charge'], ...intents.map((intent) => object(intent)['latest_charge'])];
  const failed = [...charges, payment].map(object).filter((charge) => charge['status'] === 'failed');
  const times = failed.flatMap((charge) => time(charge['created']) ?? []);
  return times.length === 0 ? null : Math.min(...times);
}

/** The method of the newest attempt: from the error, the intent, or the newest charge. */
function triedMethod(invoice: Json, payment: unknown, details: InvoiceDetails): unknown {
  const intent = object(payment);
  const charges = [intent['latest_charge'], invoice['charge'], ...details.charges].filter(isObject);
  charges.sort((a, b) => (number(b['created']) ?? 0) - (number(a['created']) ?? 0));
  const charge = charges[0];
  const failed = object(intent['last_payment_error']);
  return (
    failed['payment_method'] ??
    failed['source'] ??
    charge?.['payment_method'] ??
    intent['payment_method'] ??
    intent['source'] ??
    null
  );
}
