/** Calendar arithmetic of billing periods, in Unix seconds and UTC. */

import type { Subscription } from '../state/wire.ts';

export type IntervalName = 'day' | 'week' | 'month' | 'year';

export const hourSeconds = 3600;
export const daySeconds = 24 * hourSeconds;

/** `count` intervals after `from`; the 31st becomes the last day of a shorter month. */
export function addInterval(from: number, interval: string, count: number): number {
  if (interval === 'day') return from + count * daySeconds;
  if (interval === 'week') return from + count * 7 * daySeconds;
  const date = new Date(from * 1000);
  const months = interval === 'year' ? count * 12 : count;
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const lastDay = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, lastDay));
  return Math.floor(date.getTime() / 1000);
}

/** The first boundary after `after` on the grid that starts at `anchor`: keeps the 31st the 31st after a February. */
export function nextBoundary(anchor: number, interval: string, count: number, after: number): number {
  for (let step = 1; ; step += 1) {
    const boundary = addInterval(anchor, interval, step * count);
    if (boundary > after) return boundary;
  }
}

/** The period on the grid of `anchor` that `at` lies in. */
export function periodAround(
  anchor: number,
  interval: string,
  count: number,
  at: number,
): { start: number; end: number } {
  let start = anchor;
  for (let step = 1; ; step += 1) {
    const end = addInterval(anchor, interval, step * count);
    if (end > at) return { start, end };
    start = end;
  }
}

/** New periods from `now` on, of the anchor that goes with them. */
export function startPeriods(subscription: Subscription, now: number): void {
  subscription.billing_cycle_anchor = now;
  for (const item of subscription.items.data) {
    const { interval, interval_count: count } = item.price.recurring ?? { interval: 'month', interval_count: 1 };
    item.current_period_start = now;
    item.current_period_end = nextBoundary(now, interval, count, now);
  }
}
