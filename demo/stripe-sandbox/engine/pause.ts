/**
 * Subscriptions that stand still (SUB-15): by request, or because a trial ended with no card. `pause_collection`, which
 * changes no status, is not this.
 */

import { invalidRequest } from '../errors.ts';
import type { State } from '../state/state.ts';
import type { Subscription } from '../state/wire.ts';
import { collect, settleZero } from './collection.ts';
import { draftInvoice, finalizeInvoice } from './invoices.ts';
import { periodLines } from './lines.ts';
import { nextBoundary, startPeriods } from './periods.ts';
import { prorationLines } from './prorations.ts';
import { releaseSchedule, scheduleOf } from './schedule-end.ts';
import { createSchedule } from './schedules.ts';
import { addPending } from './subscription-change.ts';
import { markPaused, markResumed } from './subscription-status.ts';

export interface PauseOptions {
  /** From when on unused time is given back, on the next invoice. Default `now`, as at Stripe. */
  readonly unusedTimeFrom?: 'now' | 'item_current_period_start' | 'none';
}

/** Pauses by request. Nothing is charged while it lasts. */
export function pauseByRequest(state: State, subscription: Subscription, options: PauseOptions = {}): void {
  if (!['active', 'trialing', 'past_due'].includes(subscription.status)) {
    throw invalidRequest(`You cannot pause a subscription that is ${subscription.status}.`);
  }
  if (subscription.schedule !== null) {
    throw invalidRequest(
      `You cannot pause a subscription that is managed by a subscription schedule: ${subscription.schedule}.`,
    );
  }
  // SUB-15, PORT-6
  if (subscription.billing_mode.type !== 'flexible')
    throw invalidRequest('You can only pause a subscription whose billing mode is flexible.');
  creditUnused(state, subscription, options.unusedTimeFrom ?? 'now');
  markPaused(state, subscription, 'pause_requested');
}

function creditUnused(state: State, subscription: Subscription, from: NonNullable<PauseOptions['unusedTimeFrom']>) {
  // Unpaid time is not given back.
  if (from === 'none' || subscription.status !== 'active') return;
  for (const item of subscription.items.data) {
    const at = from === 'now' ? state.clock.seconds() : item.current_period_start;
    for (const line of prorationLines(state, subscription, item, null, at)) addPending(state, subscription, line);
  }
}

/** A pause with a chosen length is a schedule that knows when it resumes. `resumeAt` in Unix seconds. */
export function pauseUntil(state: State, subscription: Subscription, resumeAt: number): void {
  pauseByRequest(state, subscription);
  const schedule = createSchedule(state, subscription);
  state.update(schedule, (changed) => {
    changed.pause_schedules = [
      {
        key: 'portal',
        pause: {
          pause_at: state.clock.seconds(),
          settings: {
            bill_for: { outstanding_usage_through: { type: 'pause_at' }, unused_time_from: { type: 'pause_at' } },
            invoicing_behavior: 'pending_invoice_item',
            type: 'subscription',
          },
          status: { type: 'succeeded' },
        },
        resume: {
          resume_at: resumeAt,
          settings: {
            billing_cycle_anchor: 'resume_at',
            payment_behavior: 'resume_on_payment_attempt',
            proration_behavior: 'none',
          },
          status: { type: 'scheduled' },
        },
      },
    ];
  });
}

/** When a paused subscription goes on by itself. */
export function scheduledResume(state: State, subscription: Subscription): number | null {
  const resume = scheduleOf(state, subscription)?.pause_schedules.at(-1)?.resume;
  return resume?.status.type === 'scheduled' ? resume.resume_at : null;
}

export function resumeAsScheduled(state: State, subscription: Subscription): void {
  const schedule = scheduleOf(state, subscription);
  if (!schedule) return;
  state.update(schedule, (changed) => {
    const resume = changed.pause_schedules.at(-1)?.resume;
    if (resume) resume.status = { type: 'succeeded' };
  });
  resume(state, subscription, {});
}

export interface ResumeOptions {
  /** A new period begins now, or the old grid goes on. Default `now`. */
  readonly anchor?: 'now' | 'unchanged';
  /** Whether it goes on once payment was tried, or only once it was made. Default `resume_on_payment_attempt`. */
  readonly payment?: 'resume_on_payment_attempt' | 'resume_on_payment_success';
  /** For `unchanged`: whether the rest of the running period is charged. Default `create_prorations`. */
  readonly proration?: 'always_invoice' | 'create_prorations' | 'none';
}

/** Lets a paused subscription go on, with an invoice for the period that begins (less what the pause gave back). */
export function resume(state: State, subscription: Subscription, options: ResumeOptions): void {
  if (subscription.status !== 'paused') {
    throw invalidRequest(`You can only resume a subscription that is paused. This one is ${subscription.status}.`);
  }
  const schedule = scheduleOf(state, subscription);
  if (schedule) releaseSchedule(state, schedule);
  const now = state.clock.seconds();
  const onSuccess = options.payment === 'resume_on_payment_success';
  if (options.anchor === 'unchanged') {
    catchUp(subscription, now);
    const lines = subscription.items.data.flatMap((item) => prorationLines(state, subscription, null, item, now));
    if (options.proration === 'none') return markResumed(state, subscription);
    if (options.proration !== 'always_invoice') {
      for (const line of lines) addPending(state, subscription, line);
      return markResumed(state, subscription);
    }
    return invoiceAndResume(state, subscription, lines, onSuccess);
  }
  startPeriods(subscription, now);
  invoiceAndResume(state, subscription, periodLines(state, subscription), onSuccess);
}

/** The periods that went by while it was paused are skipped. */
function catchUp(subscription: Subscription, now: number): void {
  for (const item of subscription.items.data) {
    const { interval, interval_count: count } = item.price.recurring ?? { interval: 'month', interval_count: 1 };
    while (item.current_period_end <= now) {
      item.current_period_start = item.current_period_end;
      item.current_period_end = nextBoundary(
        subscription.billing_cycle_anchor,
        interval,
        count,
        item.current_period_start,
      );
    }
  }
}

function invoiceAndResume(
  state: State,
  subscription: Subscription,
  lines: ReturnType<typeof periodLines>,
  onSuccess: boolean,
): void {
  const customer = state.customers.get(subscription.customer);
  if (!customer) return;
  if (!onSuccess) markResumed(state, subscription);
  const now = state.clock.seconds();
  const invoice = draftInvoice(state, {
    customer,
    subscription,
    // Stripe's reason for a resumption invoice is not documented: a guess.
    reason: 'subscription_update',
    currency: subscription.currency,
    lines,
    takePending: true,
    autoAdvance: false,
    period: { start: now, end: now },
  });
  invoice.webhooks_delivered_at = invoice.created;
  if (onSuccess) state.resumptions.set(subscription.id, invoice.id);
  finalizeInvoice(state, invoice);
  // 'first': a resumption invoice is not retried (SUB-15).
  if (!settleZero(state, invoice)) collect(state, invoice, 'first');
}
