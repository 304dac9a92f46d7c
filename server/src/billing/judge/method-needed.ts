/** Does a trial need a payment method? (F11) */

import type { ItemFacts, NextInvoiceFacts, SubscriptionFacts } from '../facts.ts';

/**
 * A trial's first charge over nothing needs none, unless Stripe was told to end the trial without one all the same. The preview
 * knows the amount after discounts; while it is on its way to a page, a discounted trial asks for nothing yet.
 *
 * @param isAwaited - the page is about to learn the amount
 */
export function methodNeeded(
  facts: SubscriptionFacts,
  invoice: NextInvoiceFacts | null = null,
  isAwaited = false,
): boolean {
  if (facts.methodOnFile || facts.collectionMethod === 'send_invoice') return false;
  if (facts.trialNeedsMethod === true) return true;
  const amount = firstCharge(facts, invoice);
  return amount === null ? !(facts.discounted && isAwaited) : amount > 0;
}

/** `null`: not known. A price of zero is known without asking, and so is a coupon that takes all of it. */
function firstCharge(facts: SubscriptionFacts, invoice: NextInvoiceFacts | null): number | null {
  if (invoice?.subscription === facts.id) return invoice.amountDue;
  const total = listTotal(facts.items);
  return total === 0 || takesAll(facts, total) === true ? 0 : null;
}

/** `null`: usage or tiers decide. */
function listTotal(items: readonly ItemFacts[]): number | null {
  let total = 0;
  for (const { unitAmount, quantity, metered } of items) {
    if (metered || unitAmount === null) return null;
    total += unitAmount * (quantity ?? 1);
  }
  return items.length === 0 ? null : total;
}

/** Of those that still count when the trial ends. One that counts once may be used up by the trial's own invoice. */
function takesAll({ discounts, trialEnd, items }: SubscriptionFacts, total: number | null): boolean | undefined {
  return discounts?.some(
    ({ once, end, percentOff, amountOff, currency, prices }) =>
      items.every(({ price }) => prices?.includes(price) !== false) &&
      !once &&
      (end === null || end > (trialEnd ?? 0)) &&
      (percentOff === 100 ||
        (total !== null && (amountOff ?? 0) >= total && items.every((item) => item.currency === currency))),
  );
}
