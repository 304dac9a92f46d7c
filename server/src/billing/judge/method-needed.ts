/** Does a trial need a payment method? (F11) */

import type { NextInvoiceFacts, SubscriptionFacts } from '../facts.ts';

/**
 * A first charge over nothing needs none, unless Stripe was told to end the trial without one all the same. The preview
 * knows the amount after discounts; while it is on its way to a page, a discounted trial asks for nothing yet.
 *
 * @param isAwaited - the page is about to learn the amount
 */
export function methodNeeded(
  facts: SubscriptionFacts,
  invoice: NextInvoiceFacts | null = null,
  isAwaited = false,
): boolean {
  if (facts.status !== 'trialing' || facts.methodOnFile || facts.collectionMethod === 'send_invoice') return false;
  if (facts.trialNeedsMethod === true) return true;
  const amount = firstCharge(facts, invoice);
  return amount === null ? !(facts.discounted && isAwaited) : amount > 0;
}

/** `null`: not known. A price of zero is known without asking. */
function firstCharge({ id, items }: SubscriptionFacts, invoice: NextInvoiceFacts | null): number | null {
  if (invoice?.subscription === id) return invoice.amountDue;
  const isFree = items.length > 0 && items.every(({ unitAmount, metered }) => unitAmount === 0 && !metered);
  return isFree ? 0 : null;
}
