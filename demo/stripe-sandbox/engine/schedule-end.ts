/** How a subscription schedule lets go of its subscription. How it begins and moves on is `schedules.ts`. */

import type { State } from '../state/state.ts';
import type { Subscription, SubscriptionSchedule } from '../state/wire.ts';

/** The schedule that manages a subscription, if one does. */
export const scheduleOf = (state: State, subscription: Subscription): SubscriptionSchedule | undefined =>
  subscription.schedule === null ? undefined : state.schedules.get(subscription.schedule);

/** The subscription goes on as it is; its planned phases are forgotten. */
export function releaseSchedule(state: State, schedule: SubscriptionSchedule): void {
  const subscription = state.subscriptions.get(schedule.subscription ?? '');
  schedule.released_subscription = schedule.subscription;
  schedule.subscription = null;
  schedule.released_at = state.clock.seconds();
  schedule.status = 'released';
  schedule.current_phase = null;
  state.emit('subscription_schedule.released', schedule);
  if (subscription) state.update(subscription, (changed) => void (changed.schedule = null));
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
