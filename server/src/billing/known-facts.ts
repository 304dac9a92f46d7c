/** Facts that a look takes over from the ones it replaces, because Stripe does not say them again. Pure. */

import type { CustomerFacts, EarlierInvoice, InvoiceFacts, ItemFacts, SubscriptionFacts } from './facts.ts';
import { withFormerKeys } from './lookup-keys.ts';
import { isTerminal } from './judge/subscription.ts';
import { withTrialOf } from './trials.ts';

/** So many invoices that are not open any more are kept of a subscription. */
const keptInvoices = 20;

/**
 * @param facts - as fetched now
 * @param known - as fetched before
 */
export function withKnown(facts: CustomerFacts, known: CustomerFacts): CustomerFacts {
  const subscriptions = facts.subscriptions.map((now) => {
    const then = known.subscriptions.find(({ id }) => id === now.id);
    if (then === undefined) return now;
    return {
      ...now,
      items: now.items.map((item) => withAmount(withFormerKeys(item, samePrice(item, then.items)), then.items)),
      // Of a subscription that is over nothing is graced, and its open invoices are as Stripe shows them.
      openInvoices: isTerminal(now)
        ? now.openInvoices
        : now.openInvoices.map((invoice) => withFirstFailure(invoice, then.openInvoices)),
      ...(now.earlierInvoices === undefined ? {} : { earlierInvoices: earlierInvoices(then, now) }),
    };
  });
  return withTrialOf({ ...facts, subscriptions }, [known]);
}

/** Grace hangs on the first failed charge: once seen it is kept, should Stripe list charges differently one day. */
function withFirstFailure(invoice: InvoiceFacts, before: readonly InvoiceFacts[]): InvoiceFacts {
  const kept = before.find(({ id }) => id === invoice.id)?.firstFailedAt ?? Number.POSITIVE_INFINITY;
  const firstFailedAt = Math.min(kept, invoice.firstFailedAt ?? Number.POSITIVE_INFINITY);
  return { ...invoice, firstFailedAt: Number.isFinite(firstFailedAt) ? firstFailedAt : null };
}

const samePrice = (item: ItemFacts, items: readonly ItemFacts[]) => items.find(({ price }) => price === item.price);

/** An amount that only an invoice told is still the price's when the latest invoice is about something else. */
function withAmount(item: ItemFacts, before: readonly ItemFacts[]): ItemFacts {
  if (item.unitAmount !== null) return item;
  const then = before.find(({ price, currency }) => price === item.price && currency === item.currency);
  return then === undefined ? item : { ...item, unitAmount: then.unitAmount };
}

/** Outcomes that this look found, then those of earlier ones. An invoice that is open is no earlier one. */
function earlierInvoices(then: SubscriptionFacts, now: SubscriptionFacts): readonly EarlierInvoice[] {
  const isOpen = new Set(now.openInvoices.map(({ id }) => id));
  const wasOpen = new Set(then.openInvoices.map(({ id }) => id));
  // The latest one was not asked for by its id: the subscription itself shows it.
  const latest =
    now.latestInvoice !== null && wasOpen.has(now.latestInvoice.id) ? [earlierInvoice(now.latestInvoice)] : [];
  // A renewal that was seen as a draft and is paid now is nothing that had been owed.
  const found = (now.earlierInvoices ?? []).filter(
    ({ id, status }) => wasOpen.has(id) || status === 'draft' || hasWaited(then),
  );
  const all = [...latest, ...found, ...(then.earlierInvoices ?? []).filter(({ status }) => status !== 'draft')];
  const distinct = new Map<string, EarlierInvoice>();
  for (const invoice of all) {
    if (!isOpen.has(invoice.id) && !distinct.has(invoice.id)) distinct.set(invoice.id, invoice);
  }
  return [...distinct.values()].slice(0, keptInvoices);
}

/** While a subscription is unpaid, further debts are kept as drafts. */
const hasWaited = ({ status }: SubscriptionFacts): boolean => status === 'unpaid' || status === 'past_due';

/** The part kept of an invoice that is not open any more. */
export function earlierInvoice({ id, status, currency, amountPaid, amountRemaining }: InvoiceFacts): EarlierInvoice {
  return { id, status, currency, amountPaid, amountRemaining };
}
