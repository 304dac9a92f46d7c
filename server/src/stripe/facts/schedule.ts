/** A subscription's schedule: when it ends the subscription, and which prices come next. */

import type { ItemFacts, SubscriptionFacts } from '../../billing/facts.ts';
import { isObject, list, number, object, time, type Json } from './json.ts';
import { phaseItemsOf } from './price.ts';

export function activeSchedule(source: Json): Json | null {
  const schedule = source['schedule'];
  return isObject(schedule) && (schedule['status'] === 'active' || schedule['status'] === 'not_started')
    ? schedule
    : null;
}

/** A schedule that ends by cancelling decides the end of the subscription as much as `cancel_at` does. */
export function endOf(schedule: Json | null): number | null {
  if (schedule === null || schedule['end_behavior'] !== 'cancel') return null;
  return time(object(list(schedule['phases']).at(-1))['end_date']);
}

/** The phase after the current one; without a clock, the current one is what Stripe calls so. */
export function nextPhase(schedule: Json | null, source: Json, items: readonly ItemFacts[]): SubscriptionFacts['next'] {
  if (schedule === null) return null;
  const current = object(schedule['current_phase']);
  const after = number(current['start_date']) ?? -Infinity;
  const phases = list(schedule['phases']).map(object);
  const upcoming = phases
    .filter((phase) => (number(phase['start_date']) ?? -Infinity) > after)
    .toSorted((a, b) => (number(a['start_date']) ?? 0) - (number(b['start_date']) ?? 0))[0];
  const at = time(upcoming?.['start_date']);
  if (upcoming === undefined || at === null) return null;
  return { at, items: phaseItemsOf(upcoming, source, items) };
}
