/** Open invoices → the debt, and the invoice to pay first. */

import type { DeclineReason, Payment } from '@billhook/widget/contract';
import type { InvoiceFacts, SubscriptionFacts } from '../facts.ts';
import { iso, type Deadlines } from './deadlines.ts';

/**
 * How the payments of a subscription stand, taken together. `failed` outranks `actionRequired`: with both, a
 * confirmation alone would not help. `processing` only when everything that is open is on its way (L21).
 */
export type PaymentStatus = 'processing' | 'actionRequired' | 'failed' | null;

export function paymentStatus(subscription: SubscriptionFacts): PaymentStatus {
  const kinds = unpaidInvoices(subscription).map((invoice) =>
    // An invoice that was sent is paid by its own terms: bank transfer instructions are no bank asking for confirmation.
    invoice.collectionMethod === 'send_invoice' && invoice.payment === 'actionRequired' ? null : invoice.payment,
  );
  if (kinds.includes('failed')) return 'failed';
  if (kinds.includes('actionRequired')) return 'actionRequired';
  return kinds.length > 0 && kinds.every((kind) => kind === 'processing') ? 'processing' : null;
}

/** Open and not fully paid, oldest first. */
export function unpaidInvoices(subscription: SubscriptionFacts): readonly InvoiceFacts[] {
  return subscription.openInvoices.filter((invoice) => invoice.amountRemaining > 0);
}

/**
 * The invoice that "pay now" and "confirm" open: the one the bank asks about, else the latest, because paying *that*
 * one is what makes a past-due subscription active again (SUB-7), else the newest. One with its payment on the way is
 * not to be paid again (L21).
 */
export function invoiceToPay(subscription: SubscriptionFacts): InvoiceFacts | null {
  const open = unpaidInvoices(subscription).filter(({ payment }) => payment !== 'processing');
  const latest = subscription.latestInvoice?.id;
  return (
    (paymentStatus(subscription) === 'actionRequired'
      ? open.find((each) => each.payment === 'actionRequired')
      : null) ??
    open.find((each) => each.id === latest) ??
    open.at(-1) ??
    null
  );
}

/** Will Stripe try this one by itself, for the first time? Then there is nothing to do yet. */
export function chargesItself({ collectionMethod, attempted, nextAttemptAt }: InvoiceFacts): boolean {
  return collectionMethod === 'charge_automatically' && !attempted && nextAttemptAt !== null;
}

/** Was the method replaced after the failure? The open invoice stays open all the same (L11). */
export function methodReplaced(subscription: SubscriptionFacts): boolean {
  const { methodDigest } = subscription;
  const failed = unpaidInvoices(subscription).filter((invoice) => invoice.payment === 'failed');
  return (
    methodDigest !== null &&
    failed.length > 0 &&
    failed.every((each) => each.triedMethodDigest !== null && each.triedMethodDigest !== methodDigest)
  );
}

/** Was the method on file declined for all that the subscription owes? `false` where another one, or an unknown one, was tried. */
export function methodDeclined(subscription: SubscriptionFacts): boolean {
  const { methodDigest } = subscription;
  const unpaid = unpaidInvoices(subscription);
  return (
    methodDigest !== null &&
    unpaid.length > 0 &&
    unpaid.every((each) => each.payment === 'failed' && each.triedMethodDigest === methodDigest)
  );
}

/** The bank's reason for all that the subscription owes: of several reasons none would be the whole of it. */
export function declineReason(subscription: SubscriptionFacts): DeclineReason | null {
  if (methodReplaced(subscription)) return null;
  const reasons = new Set(unpaidInvoices(subscription).map(({ declined }) => declined));
  return reasons.size === 1 ? ([...reasons][0] ?? null) : null;
}

/** Open over all of them. Several currencies cannot be added: the largest one is shown, and that there are others. */
export function dueOver(
  subscriptions: readonly SubscriptionFacts[],
): Pick<Payment, 'due' | 'otherCurrencies'> & { readonly openInvoices: number } {
  const open = subscriptions.flatMap(unpaidInvoices);
  const sums = new Map<string, number>();
  for (const { currency, amountRemaining } of open) sums.set(currency, (sums.get(currency) ?? 0) + amountRemaining);
  const largest = [...sums].toSorted(([, a], [, b]) => b - a)[0];
  const due = largest === undefined ? null : { amount: largest[1], currency: largest[0] };
  return { due, otherCurrencies: sums.size > 1, openInvoices: open.length };
}

export function paymentOf(subscription: SubscriptionFacts, problem: Payment['problem'], deadlines: Deadlines): Payment {
  const attempts = unpaidInvoices(subscription).flatMap((invoice) => invoice.nextAttemptAt ?? []);
  // Infinity, where none is known, is no moment.
  const nextAttempt = Math.min(...attempts);
  return {
    ...dueOver([subscription]),
    // Once it has passed it is no promise any more, whether or not Stripe could be asked how it went.
    nextAttemptAt: deadlines.refetchAt(nextAttempt) ? iso(nextAttempt) : null,
    problem,
    methodOnFile: subscription.methodOnFile,
    methodReplaced: methodReplaced(subscription),
  };
}
