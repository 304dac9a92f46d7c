/** Grace: full access for some days after the first failed charge (M17, L9, L28). A function of Stripe alone. */

import type { InvoiceFacts, SubscriptionFacts } from '../facts.ts';

const day = 24 * 60 * 60_000;

/**
 * When the grace of a subscription ends, in Unix milliseconds. `null` when there is none: it is neither past due nor
 * unpaid, or nothing is open that a grace could be counted from.
 *
 * It hangs on the invoice whose trouble began first among those that are still open. Retries, renewals and plan changes
 * add attempts and invoices after it, so none of them starts it again; only paying does. An invoice that stayed open while
 * a newer one was paid belongs to a debt that Stripe has closed over: it is due, but no part of this grace (H3).
 *
 * @param graceDays - days of full access; 0 ends it with the failure itself
 */
export function graceEndOf(subscription: SubscriptionFacts, graceDays: number): number | null {
  if (subscription.status !== 'past_due' && subscription.status !== 'unpaid') return null;
  const { openInvoices, newestPaidCreated } = subscription;
  const present = openInvoices.filter(({ created }) => created > (newestPaidCreated ?? 0));
  const starts = (present.length > 0 ? present : openInvoices).map(troubleSince);
  return starts.length === 0 ? null : Math.min(...starts) + graceDays * day;
}

/** An invoice that was sent is not late before its due date. */
function troubleSince(invoice: InvoiceFacts): number {
  const otherwise = invoice.finalizedAt ?? invoice.created;
  if (invoice.collectionMethod === 'send_invoice') return invoice.dueDate ?? otherwise;
  return invoice.firstFailedAt ?? otherwise;
}
