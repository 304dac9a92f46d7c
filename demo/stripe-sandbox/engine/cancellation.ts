/** How subscriptions come to an end: asked for, undone, carried out (SUB-12 to SUB-14). */

import { noSuch } from '../errors.ts';
import type { State } from '../state/state.ts';
import type { Invoice, Subscription } from '../state/wire.ts';
import { cancelSchedule, releaseSchedule, scheduleOf } from './schedule-end.ts';
import { isTerminal, periodEnd } from './subscription-status.ts';

type Reason = 'cancellation_requested' | 'payment_failed';

/** The customer's reasons for leaving. */
export interface CancellationWords {
  readonly comment?: string | null;
  readonly feedback?: NonNullable<NonNullable<Subscription['cancellation_details']>['feedback']> | null;
}

const detailsOf = (subscription: Subscription): NonNullable<Subscription['cancellation_details']> =>
  (subscription.cancellation_details ??= { comment: null, feedback: null, feedback_option: null, reason: null });

/** SUB-12: by API, `cancel_at_period_end` says it, and `cancel_at` says when. Called inside an update. */
export function scheduleByApi(subscription: Subscription, now: number): void {
  subscription.cancel_at_period_end = true;
  markCancelAt(subscription, periodEnd(subscription), now);
}

/** A cancellation at a time. Called inside an update. */
export function markCancelAt(subscription: Subscription, at: number, now: number): void {
  subscription.cancel_at = at;
  subscription.canceled_at = now;
  detailsOf(subscription).reason = 'cancellation_requested';
}

/** Undoes a scheduled cancellation: resets all four (SUB-12). Called inside an update. */
export function unscheduleCancellation(subscription: Subscription): void {
  subscription.cancel_at = null;
  subscription.cancel_at_period_end = false;
  subscription.canceled_at = null;
  Object.assign(detailsOf(subscription), { comment: null, feedback: null, feedback_option: null, reason: null });
}

/**
 * SUB-13: the portal cancels under flexible billing by `cancel_at` alone; `cancel_at_period_end` stays false. The
 * customer's feedback comes as a second event.
 */
export function cancelInPortal(state: State, subscription: Subscription, words: CancellationWords): void {
  // A change that was put off will not happen any more: as a guess.
  const schedule = scheduleOf(state, subscription);
  if (schedule) releaseSchedule(state, schedule);
  state.update(subscription, (changed) => {
    markCancelAt(changed, periodEnd(changed), state.clock.seconds());
    if (changed.billing_mode.type === 'classic') changed.cancel_at_period_end = true;
  });
  state.update(subscription, (changed) => void Object.assign(detailsOf(changed), words));
}

export function keepInPortal(state: State, subscription: Subscription): void {
  state.update(subscription, unscheduleCancellation);
}

/** SUB-14 and the end of a scheduled cancellation (SUB-12): one `customer.subscription.deleted`, and nothing is refunded. */
export function endSubscription(
  state: State,
  subscription: Subscription,
  reason: Reason,
  words: CancellationWords = {},
): void {
  if (isTerminal(subscription)) throw noSuch('subscription', subscription.id);
  const now = state.clock.seconds();
  const scheduled = subscription.cancel_at !== null && subscription.cancel_at <= now;
  subscription.status = 'canceled';
  subscription.ended_at = now;
  subscription.canceled_at ??= now;
  if (!scheduled) {
    subscription.cancel_at = null;
    subscription.cancel_at_period_end = false;
  }
  const details = detailsOf(subscription);
  details.reason ??= reason;
  Object.assign(details, words);
  subscription.pending_update = null;
  state.pendingChanges.delete(subscription.id);
  cancelSchedule(state, subscription);
  for (const invoice of openInvoices(state, subscription)) stopCollecting(state, invoice);
  state.emit('customer.subscription.deleted', subscription);
}

/** Unpaid invoices stay open after the end, and are not charged any more. */
function stopCollecting(state: State, invoice: Invoice): void {
  state.update(invoice, (changed) => {
    changed.auto_advance = false;
    changed.automatically_finalizes_at = null;
    changed.next_payment_attempt = null;
  });
}

export const subscriptionOf = (state: State, invoice: Invoice): Subscription | undefined => {
  const id = invoice.parent?.subscription_details?.subscription;
  return id === undefined ? undefined : state.subscriptions.get(id);
};

export const openInvoices = (state: State, subscription: Subscription): Invoice[] =>
  state.invoices.of(
    subscription.customer,
    (invoice) =>
      (invoice.status === 'open' || invoice.status === 'draft') &&
      invoice.parent?.subscription_details?.subscription === subscription.id,
  );
