/**
 * Time as the judge sees it. Every question about a moment goes through here, so that no rule can depend on the clock
 * without `nextChangeAt` knowing it, and none can narrow access on facts that are older than the moment.
 */

/**
 * Where a moment lies: `ahead`; `seen` (it has passed, and the facts were fetched after it, so Stripe's word already
 * accounts for it); `unseen` (it has passed, but Stripe could not be asked yet: the former state stands); `overdue` (unseen for
 * longer than the limit: judged as if it had happened).
 */
export type DeadlineStatus = 'ahead' | 'seen' | 'unseen' | 'overdue';

export interface Deadlines {
  /** For moments that change the judgement. `null` (no such moment) is always ahead. */
  status(at: number | null): DeadlineStatus;
  /** For moments after which facts are worth fetching again, though access never hangs on them. Is it still ahead? */
  refetchAt(at: number | null): boolean;
  /** For moments of the host's own rules, about which Stripe has nothing to say. Is it still ahead? */
  isAhead(at: number): boolean;
  /** For moments of Stripe's own: where the facts are newer and Stripe has not acted yet, look again, ever more rarely. */
  recheckLate(at: number | null): void;
  /** The next moment at which anything that was asked here changes. */
  nextChangeAt(): number | null;
  /** Some moment that was asked for has passed since the facts were fetched. */
  missedAny(): boolean;
}

const minute = 60_000;
const day = 24 * 60 * minute;

/** Times are Unix milliseconds; `limit` is how long an unseen moment stays without effect, in milliseconds. */
export function deadlinesAt(now: number, fetchedAt: number, limit: number): Deadlines {
  let next = Infinity;
  let missed = false;
  const note = (at: number) => {
    if (at > now) next = Math.min(next, at);
  };
  const statusOf = (at: number | null): DeadlineStatus => {
    if (!isMoment(at)) return 'ahead';
    if (now < at) {
      note(at);
      return 'ahead';
    }
    if (at <= fetchedAt) return 'seen';
    missed = true;
    if (now >= at + limit) return 'overdue';
    note(at + limit);
    return 'unseen';
  };
  return {
    status: statusOf,
    refetchAt(at) {
      if (!isMoment(at)) return false;
      if (now >= at && at > fetchedAt) missed = true;
      note(at);
      return now < at;
    },
    isAhead(at) {
      note(at);
      return now < at;
    },
    recheckLate(at) {
      if (!isMoment(at) || at > fetchedAt) return;
      // Waits as long again as it is late already: a Stripe that is a minute behind is met within two, and a customer
      // with a test clock that stands still costs one fetch a day, not thousands.
      note(fetchedAt + Math.min(Math.max(fetchedAt - at, minute), day));
    },
    nextChangeAt: () => (Number.isFinite(next) ? next : null),
    missedAny: () => missed,
  };
}

/** ISO 8601; `null` for a time that no calendar can hold, so that one absurd number never costs the whole document. */
export function iso(at: number | null): string | null {
  return isMoment(at) ? new Date(at).toISOString() : null;
}

/** Within the range of a `Date`. */
function isMoment(at: number | null): at is number {
  return at !== null && Math.abs(at) <= 8.64e15;
}
