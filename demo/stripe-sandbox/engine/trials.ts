/** Trials that end otherwise than they were begun: at once, or on another day (SUB-4). How they run out is `renewal.ts`. */

import { invalidRequest } from '../errors.ts';
import type { State } from '../state/state.ts';
import type { Customer, Subscription } from '../state/wire.ts';
import { endSubscription } from './cancellation.ts';
import { collect, settleZero } from './collection.ts';
import { payingMethod } from './customers.ts';
import { draftInvoice, finalizeInvoice } from './invoices.ts';
import { periodLines } from './lines.ts';
import { daySeconds, nextBoundary } from './periods.ts';
import { markPaused } from './subscription-status.ts';

/** SUB-4: how long before a trial's end it is announced. */
export const trialNotice = 3 * daySeconds;

/** Refuses what the sandbox does not carry out, before anything is changed (SUB-18). */
export const requireTrialing = (subscription: Subscription): void => {
  if (subscription.status === 'trialing') return;
  throw invalidRequest(`The sandbox changes 'trial_end' of running trials only. This one is ${subscription.status}.`, {
    code: 'sandbox_unsupported',
    param: 'trial_end',
  });
};

/**
 * The first paid period begins now, and is charged now. Without a payment method `missing_payment_method` decides, as at
 * the natural end; where there is no trial, nothing changes (SUB-17).
 */
export function endTrialNow(state: State, subscription: Subscription): void {
  if (subscription.status !== 'trialing') return;
  const customer = state.customers.get(subscription.customer);
  if (!customer) return;
  const now = state.clock.seconds();
  state.emit('customer.subscription.trial_will_end', subscription);
  if (endsWithoutMethod(state, subscription, customer)) return;
  state.update(subscription, (changed) => {
    changed.status = 'active';
    changed.trial_end = now;
    changed.billing_cycle_anchor = now;
    for (const item of changed.items.data) {
      const { interval, interval_count: count } = item.price.recurring ?? { interval: 'month', interval_count: 1 };
      item.current_period_start = now;
      item.current_period_end = nextBoundary(now, interval, count, now);
    }
  });
  const invoice = draftInvoice(state, {
    customer,
    subscription,
    reason: 'subscription_update',
    currency: subscription.currency,
    lines: periodLines(state, subscription),
    takePending: true,
    autoAdvance: false,
    period: { start: now, end: now },
  });
  invoice.webhooks_delivered_at = invoice.created;
  finalizeInvoice(state, invoice);
  if (!settleZero(state, invoice)) collect(state, invoice, 'automatic');
}

/** SUB-4: a trial that ends with no way to be paid is canceled or paused, where it was asked to be. */
export function endsWithoutMethod(state: State, subscription: Subscription, customer: Customer): boolean {
  const sent = subscription.collection_method === 'send_invoice';
  if (sent || payingMethod(state, subscription, customer)) return false;
  const behavior = subscription.trial_settings?.end_behavior.missing_payment_method;
  if (behavior === 'cancel') endSubscription(state, subscription, 'cancellation_requested');
  if (behavior === 'pause') markPaused(state, subscription, 'trial_end_without_payment_method');
  return behavior === 'cancel' || behavior === 'pause';
}

/** The trial ends on another day. */
export function moveTrialEnd(state: State, subscription: Subscription, at: number): void {
  requireTrialing(subscription);
  const now = state.clock.seconds();
  if (at <= now) return endTrialNow(state, subscription);
  state.update(subscription, (changed) => {
    changed.trial_end = at;
    changed.billing_cycle_anchor = at;
    for (const item of changed.items.data) item.current_period_end = at;
  });
  if (at - now <= trialNotice) state.emit('customer.subscription.trial_will_end', subscription);
}
