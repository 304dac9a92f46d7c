/** What a subscription's status means, and the places it is changed from. */

import type { Subscription } from '../wire.ts';

const TERMINAL = new Set(['canceled', 'incomplete_expired']);

/** Over for good: only metadata and cancellation details may still change (SUB-14). */
export const isTerminal = (subscription: Subscription): boolean => TERMINAL.has(subscription.status);

/** When the current period of the whole subscription ends: the latest of its items'. */
export const periodEnd = (subscription: Subscription): number =>
  Math.max(...subscription.items.data.map((item) => item.current_period_end));

export const periodStart = (subscription: Subscription): number =>
  Math.min(...subscription.items.data.map((item) => item.current_period_start));
