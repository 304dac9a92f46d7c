/** The meaning of a subscription's status, and the places it is changed from. */

import type { State } from '../state/state.ts';
import type { Invoice, Subscription } from '../state/wire.ts';

const terminalStatuses = new Set(['canceled', 'incomplete_expired']);

/** Over for good: only metadata and cancellation details may still change (SUB-14). */
export const isTerminal = (subscription: Subscription): boolean => terminalStatuses.has(subscription.status);

/** When the current period of the whole subscription ends: the latest of its items'. */
export const periodEnd = (subscription: Subscription): number =>
  Math.max(...subscription.items.data.map((item) => item.current_period_end));

export const periodStart = (subscription: Subscription): number =>
  Math.min(...subscription.items.data.map((item) => item.current_period_start));

/** Whether a change waits for the payment of this invoice (SUB-16). */
export const isForPendingChange = (state: State, subscription: Subscription, invoice: Invoice): boolean =>
  state.pendingChanges.get(subscription.id)?.invoice === invoice.id;

type PauseReason = 'pause_requested' | 'trial_end_without_payment_method';

/** SUB-15: one event of its own, and no `customer.subscription.updated`. */
export function markPaused(state: State, subscription: Subscription, reason: PauseReason): void {
  subscription.status = 'paused';
  subscription.status_details = {
    paused: { subscription: { type: reason }, transitioned_at: state.clock.seconds(), type: 'subscription' },
  };
  state.emit('customer.subscription.paused', subscription);
}

/** SUB-15: `customer.subscription.resumed` alone, as with the pause. */
export function markResumed(state: State, subscription: Subscription): void {
  subscription.status = 'active';
  delete subscription.status_details;
  state.emit('customer.subscription.resumed', subscription);
}
