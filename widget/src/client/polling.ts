/**
 * When to ask the BFF next, and how. Pure: a situation in, at most one next request out. Two promises are kept here:
 * nothing pends while idle (a pending request keeps Firefox from its back/forward cache), and a tab nobody sees asks
 * nothing.
 */

export interface Situation {
  readonly visible: boolean;
  readonly online: boolean;
  /** How the last trip to Stripe stands. */
  readonly visit: 'none' | 'returning' | 'pending' | 'unchanged' | 'changed';
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
  /** What the server asked for, in milliseconds. */
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

const SECOND = 1000;
const MINUTE = 60 * SECOND;

/** `Prefer: wait`: below the 30 s after which many proxies cut. */
export const WAIT_SECONDS = 25;
/** Never asked more often than this, even when a server answers waiting requests at once. */
const SHORTEST = 2 * SECOND;
/** The server looks again 5 s and 30 s after an unchanged return; and one change is often followed by another. */
const PROVISIONAL_WAIT = 40 * SECOND;
/** How long a return may still turn into a change, and how long anything is waited for without a person coming by. */
export const PROVISIONAL = 10 * MINUTE;
const SHORT_REQUESTS = 30 * SECOND;
const IDLE = 5 * MINUTE;

export function nextPoll(now: Situation): Poll | null {
  if (!now.visible || !now.online) return null;

  const returning = (now.visit === 'returning' || now.visit === 'pending') && now.sinceReturn < PROVISIONAL;
  const provisional = now.visit.endsWith('changed') && now.sinceReturn < PROVISIONAL_WAIT;
  const awaited = returning || provisional || (now.unsettled && now.sinceAttention < PROVISIONAL);
  const kind = returning ? 'return' : 'read';

  if (!awaited) return { kind, wait: 0, delay: now.failures ? backOff(now) : IDLE + now.random * 30 * SECOND };
  if (now.waitsCut) {
    const hurried = (returning || provisional) && now.sinceReturn < SHORT_REQUESTS;
    return { kind, wait: 0, delay: Math.max(now.retryAfter, hurried ? SHORTEST : 15 * SECOND) };
  }
  const wait = provisional
    ? Math.min(WAIT_SECONDS, Math.ceil((PROVISIONAL_WAIT - now.sinceReturn) / SECOND))
    : WAIT_SECONDS;
  return { kind, wait, delay: now.failures ? backOff(now) : Math.max(0, SHORTEST - now.lastTook) };
}

function backOff({ failures, retryAfter, random }: Situation): number {
  return Math.max(retryAfter, Math.min(MINUTE, SECOND * 2 ** (failures - 1)) * (0.5 + random));
}
