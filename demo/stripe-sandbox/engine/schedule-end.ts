/** How a subscription schedule lets go of its subscription. How it begins and moves on is `schedules.ts`. */

import type { State } from '../state/state.ts';
import type { Subscription, SubscriptionSchedule } from '../state/wire.ts';

/** The schedule that manages a subscription, if one does. */
export const scheduleOf = (state: State, subscription: Subscription): SubscriptionSchedule | undefined =>
  subscription.schedule === null ? undefined : state.schedules.get(subscription.schedule);

/** The subscription goes on as it is; its planned phases are forgotten. */
export function releaseSchedule(state: State, schedule: SubscriptionSchedule): void {
  schedule.released_at = state.clock.seconds();
  letGo(state, schedule, 'released');
}

/** Its last phase is over, and the subscription goes on with that phase's items. */
export function completeSchedule(state: State, schedule: SubscriptionSchedule): void {
  schedule.completed_at = state.clock.seconds();
  letGo(state, schedule, 'completed');
}

/** That a completed schedule names its subscription as a released one does is a guess. */
function letGo(state: State, schedule: SubscriptionSchedule, status: 'completed' | 'released'): void {
  const subscription = state.subscriptions.get(schedule.subscription ?? '');
  schedule.released_subscription = schedule.subscription;
  schedule.subscription = null;
  schedule.status = status;
  schedule.current_phase = null;
  state.emit(`subscription_schedule.${status}`, schedule);
  if (subscription) state.update(subscription, (changed) => void (changed.schedule = null));
}

/** Called off before it began. */
export function cancelUnbegun(state: State, schedule: SubscriptionSchedule): void {
  schedule.canceled_at = state.clock.seconds();
  schedule.status = 'canceled';
  state.emit('subscription_schedule.canceled', schedule);
}

/** The subscription has ended under it; called inside that ending. */
export function cancelSchedule(state: State, subscription: Subscription): void {
  const schedule = scheduleOf(state, subscription);
  if (!schedule) return;
  subscription.schedule = null;
  schedule.canceled_at = state.clock.seconds();
  schedule.status = 'canceled';
  schedule.current_phase = null;
  state.emit('subscription_schedule.canceled', schedule);
}
