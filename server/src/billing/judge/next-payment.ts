/** The next charge: of which subscription it is asked for, and what of Stripe's preview may be shown. */

import type { BillingSnapshot } from '@billhook/widget/contract';
import type { InvoiceFacts, NextInvoiceFacts, SubscriptionFacts } from '../facts.ts';
import { iso, type Deadlines } from './deadlines.ts';
import { chargesItself } from './payment.ts';
import type { JudgedSubscription } from './subscription.ts';

/** How the preview stands that is kept beside the facts. */
export interface PreviewStanding {
  /** `null`: none is kept, or it is of other facts. */
  readonly invoice: NextInvoiceFacts | null;
  /** It was asked for since the last sync, and answered. */
  readonly isCurrent: boolean;
  /** When it was asked for last since then, in Unix milliseconds; `null`: not yet. */
  readonly askedAt: number | null;
}

export const notAsked: PreviewStanding = { invoice: null, isCurrent: true, askedAt: null };

/** An answer is expected for so long after it was asked for, in milliseconds. */
export const previewLimitMs = 15_000;
/** After so long it may be asked for again, in milliseconds. */
export const previewRestMs = 60_000;

/**
 * The renewal's invoice that waits for its first charge, about an hour from the moment when Stripe made it (SUB-5). A
 * preview tells of the charge after it already.
 */
function chargedSoon({ latestInvoice }: SubscriptionFacts): InvoiceFacts | null {
  if (latestInvoice === null || !chargesItself(latestInvoice)) return null;
  return latestInvoice.status === 'draft' || latestInvoice.status === 'open' ? latestInvoice : null;
}

/**
 * The subscription with a next charge to tell: the headline's, where Stripe will charge by itself and nothing is wrong. A
 * debt has its own words, and what is paid by its own terms is not charged on the day of its invoice.
 */
export function chargedNext(headline: JudgedSubscription | null): SubscriptionFacts | null {
  if (headline === null || !headline.live) return null;
  const { facts, summary } = headline;
  const isCharged = facts.collectionMethod === 'charge_automatically';
  return isCharged && (summary.state === 'active' || summary.state === 'trialing') ? facts : null;
}

export function nextPaymentOf(
  subscription: SubscriptionFacts | null,
  preview: PreviewStanding,
  deadlines: Deadlines,
): Pick<BillingSnapshot, 'nextPayment' | 'nextPaymentAwaited'> {
  if (subscription === null) return {};
  const soon = chargedSoon(subscription);
  if (soon !== null) return nextPaymentFrom(soon, deadlines);
  const { invoice, isCurrent, askedAt } = preview;
  const at = iso(invoice?.at ?? null);
  const isShown = invoice?.subscription === subscription.id && at !== null && deadlines.isAhead(invoice.at);
  return {
    ...(isShown ? { nextPayment: paymentOf(invoice, at, subscription) } : {}),
    ...(isCurrent || isResting(askedAt ?? 0, deadlines) ? {} : { nextPaymentAwaited: true }),
  };
}

/** A draft has its lines, usage included. Once its time has passed it was charged, or is late: no day is told then. */
function nextPaymentFrom(
  { amountDue, currency, nextAttemptAt }: InvoiceFacts,
  deadlines: Deadlines,
): Pick<BillingSnapshot, 'nextPayment'> {
  const at = iso(nextAttemptAt);
  if (at === null || nextAttemptAt === null || !deadlines.isAhead(nextAttemptAt)) return {};
  return { nextPayment: { at, amount: { amount: amountDue, currency }, estimated: false } };
}

const paymentOf = ({ amountDue, currency }: NextInvoiceFacts, at: string, { items }: SubscriptionFacts) => ({
  at,
  amount: { amount: amountDue, currency },
  estimated: items.some((item) => item.metered),
});

/** No answer came in time: waiting for one is over until it is asked for again. */
const isResting = (askedAt: number, deadlines: Deadlines): boolean =>
  !deadlines.isAhead(askedAt + previewLimitMs) && deadlines.isAhead(askedAt + previewRestMs);
