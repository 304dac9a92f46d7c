/** What time does by itself. Looked up rather than scheduled, so that nothing can be forgotten by a timer. */

import type { DueWork } from '../clock.ts';
import type { State } from '../state.ts';
import type { Invoice, Subscription } from '../wire.ts';
import { endSubscription } from './cancellation.ts';
import { collect, settleZero } from './collection.ts';
import { finalizeInvoice } from './invoices.ts';
import { DAY } from './periods.ts';
import { expireIncomplete, INCOMPLETE_LIFETIME, renew, resumeCollection } from './renewal.ts';
import { isTerminal } from './subscription-status.ts';

interface Due {
  /** Unix seconds. */
  at: number;
  run(): void;
}

export function createDueWork(state: State, settled: () => Promise<void>): DueWork {
  const announcedTrials = new Set<string>();

  const next = (): Due | null => {
    let first: Due | null = null;
    const consider = (due: Due | null): void => {
      if (due && (first === null || due.at < first.at)) first = due;
    };
    for (const subscription of state.subscriptions.values()) {
      if (isTerminal(subscription)) continue;
      consider(trialNotice(state, subscription, announcedTrials));
      consider(subscriptionDue(state, subscription));
    }
    for (const invoice of state.invoices.values()) consider(invoiceDue(state, invoice));
    return first;
  };

  return {
    nextDue() {
      const due = next();
      return due === null ? null : due.at * 1000;
    },
    runNext(at) {
      const due = next();
      if (due !== null && due.at * 1000 <= at) due.run();
    },
    settled,
  };
}

function subscriptionDue(state: State, subscription: Subscription): Due | null {
  if (subscription.status === 'incomplete') {
    return { at: subscription.created + INCOMPLETE_LIFETIME, run: () => expireIncomplete(state, subscription) };
  }
  if (subscription.status === 'paused') return null;
  const resumesAt = subscription.pause_collection?.resumes_at ?? null;
  const renewsAt = Math.min(...subscription.items.data.map((item) => item.current_period_end));
  if (resumesAt !== null && resumesAt <= renewsAt) {
    return { at: resumesAt, run: () => resumeCollection(state, subscription) };
  }
  if (subscription.cancel_at !== null && subscription.cancel_at <= renewsAt) {
    return {
      at: subscription.cancel_at,
      run: () => endSubscription(state, subscription, 'cancellation_requested'),
    };
  }
  return { at: renewsAt, run: () => renew(state, subscription) };
}

/** SUB-4: three days before a trial ends; the shorter ones were announced when they began. */
function trialNotice(state: State, subscription: Subscription, announced: Set<string>): Due | null {
  if (subscription.status !== 'trialing' || subscription.trial_end === null) return null;
  const at = subscription.trial_end - 3 * DAY;
  if (at <= subscription.created || announced.has(subscription.id)) return null;
  return {
    at,
    run() {
      announced.add(subscription.id);
      state.emit('customer.subscription.trial_will_end', subscription);
    },
  };
}

function invoiceDue(state: State, invoice: Invoice): Due | null {
  if (invoice.status === 'draft' && invoice.automatically_finalizes_at !== null) {
    return {
      at: invoice.automatically_finalizes_at,
      run() {
        finalizeInvoice(state, invoice);
        if (!settleZero(state, invoice)) collect(state, invoice, 'automatic');
      },
    };
  }
  if (invoice.status === 'open' && invoice.next_payment_attempt !== null) {
    return { at: invoice.next_payment_attempt, run: () => void collect(state, invoice, 'automatic') };
  }
  return null;
}
