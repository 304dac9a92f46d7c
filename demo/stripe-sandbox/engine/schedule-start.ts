/** A subscription schedule that makes its subscription itself: now, or when its first phase begins. */

import type { State } from '../state/state.ts';
import type { Subscription, SubscriptionSchedule } from '../state/wire.ts';
import { cancelUnbegun } from './schedule-end.ts';
import { buildSchedule, type ScheduleDraft } from './schedules.ts';
import { createSubscription } from './subscriptions.ts';

/** @throws {StripeError} where the subscription of a phase that begins now is refused */
export function scheduleSubscription(state: State, draft: Omit<ScheduleDraft, 'subscription'>): SubscriptionSchedule {
  const schedule = buildSchedule(state, { ...draft, subscription: null });
  const subscription = startsNow(state, schedule) ? begin(state, schedule) : null;
  state.schedules.add(schedule);
  state.emit('subscription_schedule.created', schedule);
  if (subscription) state.touch(subscription);
  return schedule;
}

const startsNow = (state: State, schedule: SubscriptionSchedule): boolean =>
  (schedule.phases[0]?.start_date ?? 0) <= state.clock.seconds();

/** When a schedule that has not begun does. */
export const beginsAt = (schedule: SubscriptionSchedule): number | null =>
  schedule.status === 'not_started' ? (schedule.phases[0]?.start_date ?? null) : null;

/** The moment of the first phase has come. */
export function beginSchedule(state: State, schedule: SubscriptionSchedule): void {
  if (!state.customers.get(schedule.customer)) return cancelUnbegun(state, schedule);
  state.update(schedule, (changed) => void begin(state, changed));
}

function begin(state: State, schedule: SubscriptionSchedule): Subscription | null {
  const customer = state.customers.get(schedule.customer);
  const [first] = schedule.phases;
  if (!customer || !first) return null;
  const subscription = createSubscription(state, {
    customer,
    items: first.items.flatMap(({ price: id, quantity }) => {
      const price = state.prices.get(id);
      return price ? [{ price, quantity, metadata: {} }] : [];
    }),
    paymentBehavior: 'allow_incomplete',
    defaultPaymentMethod: null,
    metadata: { ...first.metadata },
    description: null,
    trialEnd: null,
    missingPaymentMethod: 'create_invoice',
    saveDefaultPaymentMethod: 'off',
    billingMode: schedule.billing_mode.type === 'classic' ? 'classic' : 'flexible',
    schedule: schedule.id,
  });
  schedule.status = 'active';
  schedule.subscription = subscription.id;
  schedule.current_phase = { start_date: first.start_date, end_date: first.end_date };
  return subscription;
}
