/**
 * When to ask the BFF next, and how. Pure: a situation in, at most one next request out. Two promises are kept here:
 * nothing pends while idle (a pending request keeps Firefox from its back/forward cache), and a hidden tab asks
 * nothing.
 */

/** How the last trip to Stripe stands. The last two are its outcomes. */
export type VisitStatus = 'none' | 'returning' | 'pending' | 'unchanged' | 'changed';

export const isSettled = (visit: VisitStatus): boolean => visit === 'unchanged' || visit === 'changed';

export interface Situation {
  readonly visible: boolean;
  readonly online: boolean;
  readonly visit: VisitStatus;
  /** Milliseconds since that trip came back. */
  readonly sinceReturn: number;
  /** The snapshot says that more is to come: stale, never fetched, a payment under way. */
  readonly unsettled: boolean;
  /** Milliseconds since a person last came to the page. */
  readonly sinceAttention: number;
  /** Waiting requests do not survive here (a proxy cuts them), so short ones are made. */
  readonly waitsCut: boolean;
  /** Milliseconds the last held request took. One that was not held, or that brought news, counts for longer. */
  readonly lastTook: number;
  /** Transient failures in a row. */
  readonly failures: number;
  /** The pause that the server asked for, in milliseconds. */
  readonly retryAfter: number;
  /** 0 ≤ random < 1, so that a thousand tabs do not come back in the same moment. */
  readonly random: number;
}

export interface Poll {
  readonly kind: 'read' | 'return';
  /** Seconds the server may hold the answer; 0: at once. */
  readonly wait: number;
  /** Milliseconds from now. */
  readonly delay: number;
}

const second = 1000;
const minute = 60 * second;

/** `Prefer: wait`: below the 30 s after which many proxies cut. */
export const waitSeconds = 25;
/** Never asked more often than this, even when a server answers waiting requests at once. */
const shortestPause = 2 * second;
/** The server looks again 5 s and 30 s after an unchanged return; and one change is often followed by another. */
const provisionalWait = 40 * second;
/** How long a return may still turn into a change, and how long anything is waited for without a person coming by. */
export const provisionalLimit = 10 * minute;
const shortRequestsFor = 30 * second;
const idlePause = 5 * minute;

export function nextPoll(now: Situation): Poll | null {
  if (!now.visible || !now.online) return null;

  const returning = (now.visit === 'returning' || now.visit === 'pending') && now.sinceReturn < provisionalLimit;
  const provisional = isSettled(now.visit) && now.sinceReturn < provisionalWait;
  const awaited = returning || provisional || (now.unsettled && now.sinceAttention < provisionalLimit);
  const kind = returning ? 'return' : 'read';

  if (!awaited) return { kind, wait: 0, delay: now.failures ? backOff(now) : idlePause + now.random * 30 * second };
  if (now.waitsCut) {
    const hurried = (returning || provisional) && now.sinceReturn < shortRequestsFor;
    return { kind, wait: 0, delay: Math.max(now.retryAfter, hurried ? shortestPause : 15 * second) };
  }
  const wait = provisional
    ? Math.min(waitSeconds, Math.ceil((provisionalWait - now.sinceReturn) / second))
    : waitSeconds;
  return { kind, wait, delay: now.failures ? backOff(now) : Math.max(0, shortestPause - now.lastTook) };
}

function backOff({ failures, retryAfter, random }: Situation): number {
  return Math.max(retryAfter, Math.min(minute, second * 2 ** (failures - 1)) * (0.5 + random));
}
