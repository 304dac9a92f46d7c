/** `pending_if_incomplete`: a change that only happens once it is paid for (SUB-16). */

import type { State } from '../state/state.ts';
import type { ItemChange, Subscription } from '../state/wire.ts';
import { subscriptionOf } from './cancellation.ts';
import { collect, settleZero } from './collection.ts';
import { finalizeInvoice, voidInvoice } from './invoices.ts';
import { hourSeconds } from './periods.ts';
import { changeItems, itemsAfter, prorationInvoice } from './subscription-change.ts';
import { isForPendingChange } from './subscription-status.ts';

/** SUB-16: how long a change waits for its payment. */
const lifetime = 23 * hourSeconds;

/**
 * Invoices the change, and carries it out when that is paid, at once or later. A change that costs nothing now is carried
 * out now.
 */
export function changeWhenPaid(state: State, subscription: Subscription, changes: ItemChange[], at: number): void {
  const invoice = prorationInvoice(state, subscription, changes, at);
  if (!invoice) return changeItems(state, subscription, changes, 'none', at);
  state.pendingChanges.set(subscription.id, { invoice: invoice.id, changes });
  finalizeInvoice(state, invoice);
  if (!settleZero(state, invoice)) collect(state, invoice, 'first');
  if (!state.pendingChanges.has(subscription.id)) return;
  state.update(subscription, (changed) => {
    changed.pending_update = {
      billing_cycle_anchor: null,
      cancel_at_period_end: null,
      discount: null,
      discounts: null,
      expires_at: at + lifetime,
      metadata: null,
      subscription_items: itemsAfter(state, subscription, changes, at),
      trial_end: null,
      trial_from_plan: null,
    };
  });
}

/** Carries out each waiting change of `state` as soon as its invoice is paid. */
export function applyPaidChanges(state: State): void {
  state.onInvoicePaid((invoice) => {
    const subscription = subscriptionOf(state, invoice);
    if (subscription && isForPendingChange(state, subscription, invoice)) applyPendingUpdate(state, subscription);
  });
}

function applyPendingUpdate(state: State, subscription: Subscription): void {
  const change = state.pendingChanges.get(subscription.id);
  if (!change) return;
  const waited = subscription.pending_update !== null;
  state.pendingChanges.delete(subscription.id);
  changeItems(state, subscription, change.changes, 'none', state.clock.seconds(), (changed) => {
    changed.pending_update = null;
  });
  if (waited) state.emit('customer.subscription.pending_update_applied', subscription);
}

/** An unpaid change is forgotten, and its invoice is void. */
export function expirePendingUpdate(state: State, subscription: Subscription): void {
  const invoice = state.invoices.get(state.pendingChanges.get(subscription.id)?.invoice ?? '');
  state.pendingChanges.delete(subscription.id);
  subscription.pending_update = null;
  if (invoice?.status === 'open') voidInvoice(state, invoice);
  state.emit('customer.subscription.pending_update_expired', subscription);
}
