/** Subscriptions as time goes by: renewals, trials that end, collection that resumes, first payments that expire. */

import type { State } from '../state/state.ts';
import type { Subscription, SubscriptionItem } from '../state/wire.ts';
import { draftInvoice, finalizeInvoice, markUncollectible, voidInvoice } from './invoices.ts';
import { periodLines } from './lines.ts';
import { hourSeconds, nextBoundary } from './periods.ts';
import { isMetered } from './prices.ts';
import { isTerminal, periodEnd, periodStart } from './subscription-status.ts';
import { endsWithoutMethod } from './trials.ts';
import { usageLines } from './usage.ts';

/** SUB-3: how long a first payment may stay unfinished. */
export const incompleteLifetime = 23 * hourSeconds;

/** SUB-3: an unfinished first payment. */
export function expireIncomplete(state: State, subscription: Subscription): void {
  const invoice = state.invoices.get(subscription.latest_invoice ?? '');
  if (invoice?.status === 'open') voidInvoice(state, invoice);
  state.update(subscription, (changed) => {
    changed.status = 'incomplete_expired';
    changed.ended_at = state.clock.seconds();
  });
}

/** The subscription that renews next, and when (Unix seconds). */
export function nextRenewal(state: State): { subscription: Subscription; at: number } | null {
  let next: { subscription: Subscription; at: number } | null = null;
  for (const subscription of state.subscriptions.values()) {
    if (isTerminal(subscription) || ['paused', 'incomplete'].includes(subscription.status)) continue;
    const at = Math.min(...subscription.items.data.map((item) => item.current_period_end));
    const ends = subscription.cancel_at !== null && subscription.cancel_at <= at;
    if (!ends && (next === null || at < next.at)) next = { subscription, at };
  }
  return next;
}

/** SUB-5: the period moves on first, then comes a draft that is charged about an hour later. */
export function renew(state: State, subscription: Subscription): void {
  const customer = state.customers.get(subscription.customer);
  if (!customer) return;
  const trialEnded = subscription.status === 'trialing';
  const ended = { start: periodStart(subscription), end: periodEnd(subscription) };
  if (trialEnded && endsWithoutMethod(state, subscription, customer)) return;
  const now = state.clock.seconds();
  const due = subscription.items.data.filter((item) => item.current_period_end <= now).map((item) => item.id);
  const used = trialEnded ? [] : usageLines(state, subscription, due);
  state.update(subscription, (changed) => {
    for (const item of changed.items.data) if (due.includes(item.id)) advanceItem(changed, item);
    if (trialEnded) changed.status = 'active';
  });
  // SUB-6: while a subscription is unpaid, invoices are still made and not charged.
  const pause = subscription.pause_collection;
  const invoice = draftInvoice(state, {
    customer,
    subscription,
    reason: 'subscription_cycle',
    currency: subscription.currency,
    lines: [
      ...used,
      ...periodLines(state, subscription).filter(
        (line) => due.includes(line.subscriptionItem ?? '') && !(line.price && isMetered(line.price)),
      ),
    ],
    autoAdvance: subscription.status !== 'unpaid' && pause === null,
    period: ended,
  });
  if (pause && pause.behavior !== 'keep_as_draft') {
    finalizeInvoice(state, invoice);
    if (pause.behavior === 'void') voidInvoice(state, invoice);
    else markUncollectible(state, invoice);
  }
}

/** SUB-15: collection goes on by itself when its time has come. */
export function resumeCollection(state: State, subscription: Subscription): void {
  state.update(subscription, (changed) => void (changed.pause_collection = null));
}

/** Moves an item on to its next period. */
export function advanceItem(subscription: Subscription, item: SubscriptionItem): void {
  const { interval, interval_count: count } = item.price.recurring ?? { interval: 'month', interval_count: 1 };
  const start = item.current_period_end;
  item.current_period_start = start;
  item.current_period_end = nextBoundary(subscription.billing_cycle_anchor, interval, count, start);
}
