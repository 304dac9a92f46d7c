/**
 * The order of work among stale customers, as SQL that both stores share. No look at the queue sorts it, or reads more of
 * it than it takes: each follows an index.
 *
 * 1. Customers that a poll of the claiming process is held for, by their ids: `watched`.
 * 2. Prioritized customers, in the order in which their pages give up waiting.
 * 3. The others, the longest stale first; after a failure, in the order of their next attempts. A customer that is claimed goes behind all that were stale by then, so that accounts take turns: one account's
 *    thousand events, returns and clicks are one place in the queue.
 */

import { clockSkewMs, longestPriorityMs } from './clocks.ts';
import type { ClaimOptions } from './customers.ts';

/** Milliseconds after a failure until a prioritized customer is tried again. */
const priorityRetryMs = 2_000;

/** As the partial indexes of the queue say it, word for word. */
const isStale = `synced_ticket < ticket AND deleted_at IS NULL`;

/** No lease holds it; or one of a clock that was wrong. `@now` is cast, for PostgreSQL adds parameters of no known type. */
const isFree = `(lease_until <= @now OR lease_until > CAST(@now AS bigint) + @leaseMs + @clockSkewMs)`;

const mayBeTried = `(next_attempt_at <= @now OR failed_at > CAST(@now AS bigint) + @clockSkewMs
  OR failed_at <= CAST(@now AS bigint) - @priorityRetryMs)`;

const hasRested = `coalesce(fetched_at NOT BETWEEN CAST(@now AS bigint) - @restMs + 1 AND @now, TRUE)`;

/** One indexed look at the queue: a rank among the looks, and a place within it. */
interface QueueLook {
  readonly rank: number;
  readonly place: string;
  readonly where: string;
}

/** The store's way to say "customer is one of `@watched`", or of `@resting`. */
export type IsAmong = (list: 'watched' | 'resting') => string;

const watchedLook = (isAmong: IsAmong): QueueLook => ({
  rank: 0,
  place: 'stale_since',
  where: `${isAmong('watched')} AND ${mayBeTried}`,
});

const prioritizedLook: QueueLook = {
  rank: 1,
  place: 'wanted_until',
  where: `wanted_until > @now AND wanted_until <= CAST(@now AS bigint) + @longestPriorityMs AND ${mayBeTried}`,
};

const backgroundLooks: readonly QueueLook[] = [
  { rank: 2, place: 'stale_since', where: `next_attempt_at = 0 AND ${hasRested}` },
  { rank: 2, place: 'next_attempt_at', where: `next_attempt_at > 0 AND next_attempt_at <= @now AND ${hasRested}` },
  // A clock that was wrong: its failures would be tried again only when the others have caught up with it.
  { rank: 2, place: 'failed_at', where: `failed_at > CAST(@now AS bigint) + @clockSkewMs AND ${hasRested}` },
];

/**
 * The looks of a claim, each a `SELECT` of `customer`, `rank` and `place` that takes no more than `@limit` rows.
 *
 * @param suffix - the store's lock
 */
export function queueLooks(
  { watched = [], prioritized }: ClaimOptions,
  isAmong: IsAmong,
  suffix = '',
): readonly string[] {
  const first = [...(watched.length > 0 ? [watchedLook(isAmong)] : []), prioritizedLook];
  const looks = [
    ...(prioritized === false
      ? []
      : first.map((look) => ({ ...look, where: `${look.where} AND NOT ${isAmong('resting')}` }))),
    ...(prioritized === true ? [] : backgroundLooks),
  ];
  return looks.map(
    ({ rank, place, where }) =>
      `SELECT customer, ${rank} AS rank, ${place} AS place FROM customers
       WHERE ${isStale} AND ${where} AND ${isFree} ORDER BY ${place} LIMIT @limit ${suffix}`,
  );
}

/** Ranks below this one are prioritized. */
export const backgroundRank = 2;

/** The parameters of the queue's statements. */
export const queueBind = (now: number, leaseMs: number, limit: number, { restMs = 0 }: ClaimOptions) => ({
  now,
  leaseMs,
  limit,
  restMs,
  clockSkewMs,
  longestPriorityMs,
  priorityRetryMs,
});
