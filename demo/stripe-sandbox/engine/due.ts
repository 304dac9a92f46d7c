/**
 * The work of time. An object's next moment is worked out from the object as it stands, never scheduled beside it,
 * so that nothing can be forgotten by a timer; an index keeps the moments in order, and is told of every change.
 */

import type { DueWork } from '../state/clock.ts';
import type { Resource, State } from '../state/state.ts';
import type {
  CheckoutSession,
  Invoice,
  InvoicePayment,
  PaymentIntent,
  Subscription,
  SubscriptionSchedule,
} from '../state/wire.ts';
import { endSubscription } from './cancellation.ts';
import { expireCheckout } from './checkout-session.ts';
import { collect, markOverdue, settleDebit, settlePayment, settleZero } from './collection.ts';
import { createDueIndex } from './due-index.ts';
import { finalizeInvoice } from './invoices.ts';
import { resumeAsScheduled, scheduledResume } from './pause.ts';
import { expirePendingUpdate } from './pending-update.ts';
import { daySeconds } from './periods.ts';
import { expireIncomplete, incompleteLifetime, renew, resumeCollection } from './renewal.ts';
import { beginSchedule, beginsAt } from './schedule-start.ts';
import { expiresAt, phaseEnd, startNextPhase, tellExpiring } from './schedules.ts';
import { isTerminal } from './subscription-status.ts';

interface Due {
  /** Unix seconds. */
  readonly at: number;
  run(): void;
}

export function createDueWork(state: State, settled: () => Promise<void>): DueWork {
  const index = createDueIndex();
  const announced = new Set<string>();
  // Read only when the next moment is asked for: by then a change that touched its object several times is complete.
  const touched = new Map<string, Resource>();

  const dueOf = (object: Resource): Due | null => {
    switch (object.object) {
      case 'subscription':
        return subscriptionDue(state, object as Subscription, announced);
      case 'subscription_schedule':
        return scheduleDue(state, object as SubscriptionSchedule);
      case 'invoice':
        return invoiceDue(state, object as Invoice);
      case 'payment_intent':
        return debitDue(state, object as PaymentIntent);
      case 'invoice_payment':
        return settlingDue(state, object as InvoicePayment);
      case 'checkout.session':
        return checkoutDue(state, object as CheckoutSession);
      default:
        return null;
    }
  };
  const next = (): Due | null => {
    for (const object of touched.values()) index.set(object.id, dueOf(object)?.at ?? null);
    touched.clear();
    const first = index.first();
    const object = first && state.find(first.id);
    return object ? dueOf(object) : null;
  };

  state.onTouch((object) => {
    touched.set(object.id, object);
    // A schedule's moments are its subscription's.
    const managed = object.object === 'subscription_schedule' ? state.schedules.get(object.id)?.subscription : null;
    const subscription = state.subscriptions.get(managed ?? '');
    if (subscription) touched.set(subscription.id, subscription);
  });

  return {
    nextDue() {
      const due = next();
      return due === null ? null : due.at * 1000;
    },
    runNext(at) {
      const due = next();
      const first = index.first();
      if (due === null || first === null || due.at * 1000 > at) return;
      due.run();
      const object = state.find(first.id);
      if (object) state.touch(object);
    },
    settled,
  };
}

/** The earliest; of those at one moment, the one that was named first. */
const earliest = (dues: (Due | null)[]): Due | null =>
  dues.reduce((first, due) => (due && (first === null || due.at < first.at) ? due : first), null);

const at = (moment: number | null, run: () => void): Due | null => (moment === null ? null : { at: moment, run });

function subscriptionDue(state: State, subscription: Subscription, announced: Set<string>): Due | null {
  if (isTerminal(subscription)) return null;
  if (subscription.status === 'incomplete') {
    return at(subscription.created + incompleteLifetime, () => expireIncomplete(state, subscription));
  }
  const ends = at(subscription.cancel_at, () => endSubscription(state, subscription, 'cancellation_requested'));
  if (subscription.status === 'paused') {
    return earliest([at(scheduledResume(state, subscription), () => resumeAsScheduled(state, subscription)), ends]);
  }
  const renewsAt = Math.min(...subscription.items.data.map((item) => item.current_period_end));
  return earliest([
    trialNotice(state, subscription, announced),
    at(subscription.pending_update?.expires_at ?? null, () => expirePendingUpdate(state, subscription)),
    at(subscription.pause_collection?.resumes_at ?? null, () => resumeCollection(state, subscription)),
    ends,
    scheduleNotice(state, subscription, announced),
    // Before the renewal of the same moment: the new plan is renewed.
    at(phaseEnd(state, subscription), () => startNextPhase(state, subscription)),
    at(renewsAt, () => renew(state, subscription)),
  ]);
}

/** SUB-4: three days before a trial ends; the shorter ones were announced when they began. */
function trialNotice(state: State, subscription: Subscription, announced: Set<string>): Due | null {
  if (subscription.status !== 'trialing' || subscription.trial_end === null) return null;
  const moment = subscription.trial_end - 3 * daySeconds;
  // A trial that is given another end is announced again.
  const notice = `${subscription.id} ${subscription.trial_end}`;
  if (moment <= (subscription.trial_start ?? subscription.created) || announced.has(notice)) return null;
  return at(moment, () => {
    announced.add(notice);
    state.emit('customer.subscription.trial_will_end', subscription);
  });
}

/** A week before a schedule's last phase is over. */
function scheduleNotice(state: State, subscription: Subscription, announced: Set<string>): Due | null {
  const expiry = expiresAt(state, subscription);
  const notice = `${subscription.schedule} ${expiry}`;
  if (expiry === null || announced.has(notice)) return null;
  return at(expiry - 7 * daySeconds, () => {
    announced.add(notice);
    tellExpiring(state, subscription);
  });
}

function invoiceDue(state: State, invoice: Invoice): Due | null {
  if (invoice.status === 'draft') {
    return at(invoice.automatically_finalizes_at, () => {
      finalizeInvoice(state, invoice);
      if (!settleZero(state, invoice) && invoice.collection_method === 'charge_automatically')
        collect(state, invoice, 'automatic');
    });
  }
  if (invoice.status !== 'open') return null;
  if (invoice.collection_method === 'send_invoice' && !state.overdue.has(invoice.id))
    return at(invoice.due_date, () => markOverdue(state, invoice));
  return at(invoice.next_payment_attempt, () => void collect(state, invoice, 'automatic'));
}

const scheduleDue = (state: State, schedule: SubscriptionSchedule): Due | null =>
  at(beginsAt(schedule), () => beginSchedule(state, schedule));

const debitDue = (state: State, intent: PaymentIntent): Due | null =>
  intent.status === 'processing'
    ? at(state.debitsUnderWay.get(intent.id)?.decidedAt ?? null, () => settleDebit(state, intent))
    : null;

const settlingDue = (state: State, payment: InvoicePayment): Due | null =>
  at(state.paymentsSettling.get(payment.id) ?? null, () => settlePayment(state, payment));

const checkoutDue = (state: State, session: CheckoutSession): Due | null =>
  session.status === 'open' ? at(session.expires_at, () => expireCheckout(state, session)) : null;
