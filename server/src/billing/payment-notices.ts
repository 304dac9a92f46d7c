/** Payments as news: each invoice that could not be collected, once, and each debt that was put in order again. */

import type { Payment } from '@billhook/widget/contract';
import { invoiceNow, isBehind, paidBetween } from './changes.ts';
import type { InvoiceFacts, SubscriptionFacts } from './facts.ts';
import { graceEndOf } from './judge/grace.ts';
import { iso } from './judge/deadlines.ts';
import { dueOver, unpaidInvoices } from './judge/payment.ts';
import type { OfSubscription, NoticeDraft } from './notice-types.ts';

/** Failures since then, each invoice by itself. @param then - `null` where nothing was had before */
export function failureNotices(
  then: SubscriptionFacts | null,
  now: SubscriptionFacts,
  of: OfSubscription,
  graceDays: number,
): NoticeDraft[] {
  const known = new Set(then === null ? [] : troubles(then).map(({ id }) => id));
  return troubles(now)
    .filter(({ id }) => !known.has(id))
    .map((invoice): NoticeDraft => ({
      type: 'payment.failed',
      fact: `failed ${now.id} ${invoice.id}`,
      once: true,
      data: {
        ...of,
        due: { amount: invoice.amountRemaining, currency: invoice.currency },
        problem: problemOf(invoice, now),
        nextAttemptAt: iso(invoice.nextAttemptAt),
        graceEndsAt: iso(graceEndOf(now, graceDays)),
      },
    }));
}

/**
 * Invoices that could not be collected. One that failed stays one while it is open, whatever its newest attempt does. A
 * confirmation counts only once the subscription fell behind: before, the person is on the page that asks for it. Asked of
 * what was had and is not over: an unfinished purchase and an end have their own words.
 */
function troubles(subscription: SubscriptionFacts): readonly InvoiceFacts[] {
  const open = unpaidInvoices(subscription);
  const failed = open.filter(({ payment, firstFailedAt }) => payment === 'failed' || firstFailedAt !== null);
  if (failed.length > 0 || !isBehind(subscription)) return failed;
  return [open.find(({ payment }) => payment === 'actionRequired') ?? open[0]].filter((each) => each !== undefined);
}

function problemOf(invoice: InvoiceFacts, { methodOnFile }: SubscriptionFacts): NonNullable<Payment['problem']> {
  if (invoice.collectionMethod === 'send_invoice') return 'overdue';
  if (invoice.payment === 'actionRequired') return 'confirmationRequired';
  return methodOnFile ? 'failed' : 'methodMissing';
}

/**
 * Paying what was behind, or settling everything that had failed while the subscription stayed active. A subscription
 * that Stripe calls active again while all of its debt is open (a newer invoice over nothing) has recovered nothing.
 */
export function recoveryNotices(then: SubscriptionFacts, now: SubscriptionFacts, of: OfSubscription): NoticeDraft[] {
  if (isBehind(now)) return [];
  const [change] = paidBetween(then, now);
  const paid = change?.kind === 'paid' ? change.paid : null;
  const isActive = now.status === 'active' || now.status === 'trialing';
  const isBack = isBehind(then) && isActive && (paid !== null || troubles(now).length === 0);
  const had = troubles(then);
  const isSettled = had.length > 0 && had.every(({ id }) => hasClosed(id, now)) && troubles(now).length === 0;
  if (!isBack && !isSettled) return [];
  const data = { ...of, paid, due: dueOver([now]).due };
  return [{ type: 'payment.recovered', fact: `recovered ${now.id}`, once: false, data }];
}

/** Said of known invoices only: one that was not looked at may be open still. */
function hasClosed(id: string, now: SubscriptionFacts): boolean {
  const invoice = invoiceNow(id, now);
  return invoice !== null && (invoice.status !== 'open' || invoice.amountRemaining <= 0);
}
