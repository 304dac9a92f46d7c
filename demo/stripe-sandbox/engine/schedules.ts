/** Subscription schedules: changes that are planned now and happen when the clock gets there (SUB-10). */

import { invalidRequest } from '../errors.ts';
import type { State } from '../state/state.ts';
import type { Price, Subscription, SubscriptionSchedule } from '../state/wire.ts';
import { endSubscription } from './cancellation.ts';
import { addInterval } from './periods.ts';
import { planOf } from './prices.ts';
import { completeSchedule, releaseSchedule, scheduleOf } from './schedule-end.ts';
import { changeItems, type ProrationBehavior } from './subscription-change.ts';
import { isTerminal, periodEnd, periodStart } from './subscription-status.ts';
import { createItem, mirrorSingleItem } from './subscriptions.ts';

type Phase = SubscriptionSchedule['phases'][number];

export interface PhaseDraft {
  readonly items: { price: Price; quantity: number | undefined }[];
  /** Unix seconds. */
  readonly start: number;
  readonly end: number;
  readonly proration?: ProrationBehavior;
  readonly metadata?: Record<string, string>;
  readonly trialEnd?: number | null;
}

/** A schedule that begins with the subscription as it is, until its period ends. */
export function createSchedule(
  state: State,
  subscription: Subscription,
  metadata: Record<string, string> = {},
): SubscriptionSchedule {
  if (isTerminal(subscription)) {
    throw invalidRequest(`You cannot migrate a subscription that is ${subscription.status} to a schedule.`, {
      param: 'from_subscription',
    });
  }
  if (subscription.schedule !== null) {
    throw invalidRequest(
      `You cannot migrate a subscription that is already attached to a schedule: ${subscription.schedule}.`,
      { param: 'from_subscription' },
    );
  }
  const schedule = buildSchedule(state, {
    customer: subscription.customer,
    billingMode: structuredClone(subscription.billing_mode) as SubscriptionSchedule['billing_mode'],
    currency: subscription.currency,
    subscription: subscription.id,
    metadata,
    phases: [
      {
        start: periodStart(subscription),
        end: periodEnd(subscription),
        items: subscription.items.data.map((item) => ({ price: item.price, quantity: item.quantity })),
        trialEnd: subscription.status === 'trialing' ? subscription.trial_end : null,
      },
    ],
  });
  state.schedules.add(schedule);
  state.emit('subscription_schedule.created', schedule);
  state.update(subscription, (changed) => void (changed.schedule = schedule.id));
  return schedule;
}

export interface ScheduleDraft {
  readonly customer: string;
  readonly billingMode: SubscriptionSchedule['billing_mode'];
  readonly currency: string;
  /** `null` for one that has not begun. */
  readonly subscription: string | null;
  readonly metadata: Record<string, string>;
  readonly phases: readonly PhaseDraft[];
  /** Default `release`. */
  readonly endBehavior?: 'cancel' | 'release';
}

/** A schedule that is not kept yet: in its first phase, or not begun. */
export function buildSchedule(state: State, draft: ScheduleDraft): SubscriptionSchedule {
  const [first] = draft.phases;
  return {
    id: state.ids.next('sub_sched'),
    object: 'subscription_schedule',
    application: null,
    billing_mode: draft.billingMode,
    canceled_at: null,
    completed_at: null,
    created: state.clock.seconds(),
    current_phase: first && draft.subscription !== null ? { start_date: first.start, end_date: first.end } : null,
    customer: draft.customer,
    customer_account: null,
    default_settings: {
      application_fee_percent: null,
      billing_cycle_anchor: 'automatic',
      billing_thresholds: null,
      collection_method: 'charge_automatically',
      default_payment_method: null,
      description: null,
      invoice_settings: {
        account_tax_ids: null,
        custom_fields: null,
        days_until_due: null,
        description: null,
        footer: null,
        issuer: { type: 'self' },
      },
      on_behalf_of: null,
      transfer_data: null,
    },
    end_behavior: draft.endBehavior ?? 'release',
    livemode: false,
    metadata: draft.metadata,
    pause_schedules: [],
    phases: draft.phases.map((each) => phase(draft.currency, each)),
    released_at: null,
    released_subscription: null,
    status: draft.subscription === null ? 'not_started' : 'active',
    subscription: draft.subscription,
    test_clock: null,
  };
}

function phase(currency: string, draft: PhaseDraft): Phase {
  return {
    add_invoice_items: [],
    application_fee_percent: null,
    billing_cycle_anchor: null,
    billing_thresholds: null,
    collection_method: null,
    currency,
    default_payment_method: null,
    default_tax_rates: [],
    description: null,
    discounts: [],
    end_date: draft.end,
    invoice_settings: null,
    items: draft.items.map(({ price, quantity }) => ({
      billing_thresholds: null,
      discounts: [],
      metadata: {},
      plan: price.id,
      price: price.id,
      ...(quantity === undefined ? {} : { quantity }),
      tax_rates: [],
    })),
    metadata: draft.metadata ?? {},
    on_behalf_of: null,
    proration_behavior: draft.proration ?? 'create_prorations',
    start_date: draft.start,
    transfer_data: null,
    trial_end: draft.trialEnd ?? null,
  };
}

/** Replaces the planned phases. The phase that runs now must be the first; it is carried out no second time. */
export function setPhases(state: State, schedule: SubscriptionSchedule, drafts: PhaseDraft[]): void {
  const currency = schedule.phases[0]?.currency ?? 'eur';
  const now = state.clock.seconds();
  const running = drafts.find((draft) => draft.start <= now && now < draft.end);
  if (!running && schedule.status === 'active') {
    throw invalidRequest('The current phase must be one of the phases.', { param: 'phases' });
  }
  state.update(schedule, (changed) => {
    changed.phases = drafts.map((draft) => phase(currency, draft));
    if (running && changed.status === 'active')
      changed.current_phase = { start_date: running.start, end_date: running.end };
  });
}

/**
 * SUB-10: the portal's way with a change that `schedule_at_period_end` puts off: nothing now, the new plan from the
 * period's end on. The schedule lets go after one period of it: as a guess, which keeps the plan changeable by API.
 */
export function putOffChange(state: State, subscription: Subscription, price: Price, quantity: number): void {
  const existing = scheduleOf(state, subscription);
  if (existing) releaseSchedule(state, existing);
  const schedule = createSchedule(state, subscription);
  const start = periodEnd(subscription);
  const { interval, interval_count: count } = price.recurring ?? { interval: 'month', interval_count: 1 };
  setPhases(state, schedule, [
    {
      start: periodStart(subscription),
      end: start,
      items: subscription.items.data.map((item) => ({ price: item.price, quantity: item.quantity })),
    },
    { start, end: addInterval(start, interval, count), items: [{ price, quantity }], proration: 'none' },
  ]);
}

/** The phase after the one that runs, if there is one. */
export function plannedPhase(state: State, subscription: Subscription): Phase | undefined {
  const schedule = scheduleOf(state, subscription);
  const end = schedule?.current_phase?.end_date;
  return end === undefined ? undefined : schedule?.phases.find((row) => row.start_date >= end);
}

/** When the phase that runs now is over. */
export const phaseEnd = (state: State, subscription: Subscription): number | null =>
  scheduleOf(state, subscription)?.current_phase?.end_date ?? null;

/** When the last phase is over. */
export function expiresAt(state: State, subscription: Subscription): number | null {
  const schedule = scheduleOf(state, subscription);
  return schedule && schedule.pause_schedules.length === 0 ? (schedule.phases.at(-1)?.end_date ?? null) : null;
}

export function tellExpiring(state: State, subscription: Subscription): void {
  const schedule = scheduleOf(state, subscription);
  if (schedule) state.emit('subscription_schedule.expiring', schedule);
}

interface PricedItem {
  readonly price: Price;
  readonly quantity: number | undefined;
}

/** Moves a schedule on: to its next phase, or to its end. */
export function startNextPhase(state: State, subscription: Subscription): void {
  const schedule = scheduleOf(state, subscription);
  if (!schedule) return;
  const next = plannedPhase(state, subscription);
  if (!next) {
    if (schedule.end_behavior === 'cancel') endSubscription(state, subscription, 'cancellation_requested');
    else completeSchedule(state, schedule);
    return;
  }
  state.update(schedule, (changed) => {
    changed.current_phase = { start_date: next.start_date, end_date: next.end_date };
  });
  applyPhase(state, subscription, next);
}

function applyPhase(state: State, subscription: Subscription, { items, proration_behavior, start_date }: Phase): void {
  const wanted = pricedItems(state, items);
  const existing = subscription.items.data;
  if (start_date < periodEnd(subscription)) {
    const changes = wanted.map((item, index) => ({
      ...(existing[index] ? { id: existing[index].id } : {}),
      price: item.price,
      ...(item.quantity === undefined ? {} : { quantity: item.quantity }),
    }));
    const gone = existing.slice(wanted.length).map(({ id }) => ({ id, deleted: true }));
    changeItems(state, subscription, [...changes, ...gone], proration_behavior as ProrationBehavior, start_date);
    return;
  }
  // At the boundary nothing was used yet, and the period is moved on by the renewal of the same moment.
  state.update(subscription, (changed) => takeItems(state, changed, wanted));
}

/** The subscription as it will be from its next period on, where a phase begins with it: for a preview. */
export function withPlannedItems(state: State, subscription: Subscription): Subscription {
  const planned = structuredClone(subscription);
  const phase = plannedPhase(state, subscription);
  if (phase?.start_date === periodEnd(subscription)) takeItems(state, planned, pricedItems(state, phase.items));
  return planned;
}

const pricedItems = (state: State, items: Phase['items']): PricedItem[] =>
  items.flatMap(({ price: id, quantity }) => {
    const price = state.prices.get(id);
    return price ? [{ price, quantity }] : [];
  });

function takeItems(state: State, changed: Subscription, wanted: readonly PricedItem[]): void {
  const period = { start: periodStart(changed), end: periodEnd(changed) };
  changed.items.data = wanted.map(({ price, quantity }, index) => {
    const item = changed.items.data[index];
    if (!item) return createItem(state, changed.id, { price, quantity, metadata: {} }, period);
    const kept = { ...item, price: structuredClone(price), plan: planOf(price) };
    return quantity === undefined ? kept : { ...kept, quantity };
  });
  Object.assign(changed.items, { total_count: changed.items.data.length });
  mirrorSingleItem(changed);
}
