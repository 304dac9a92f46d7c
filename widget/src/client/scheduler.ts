/** One request at a time, and when the next one is due. It knows how requests went, not their contents. */
import type { BillhookError } from '../page/errors.ts';
import { pageIsVisible } from './page-lifecycle.ts';
import { nextPoll, type Poll, type Situation } from './polling.ts';
import { since } from './since.ts';

/** A page that is activated again and again asks no more often than this, in milliseconds. */
const activationPause = 2_000;
/** So the next request follows news after a quarter of a second, and an answer that was not held at once (`Situation.lastTook`). */
const newsCountsFor = 1750;
const longAgo = 2000;
/** So many requests of a page are held at a time: HTTP/1.1 has six connections to a server, and a click needs one (F22). */
const heldLimit = 3;

let held = 0;

/** A read that is answered at once. */
export const readNow: Poll = { kind: 'read', wait: 0, delay: 0 };

/** The client's need: no request, one at once, or the facts that set the pace. */
export type Demand = 'nothing' | 'now' | Pick<Situation, 'visit' | 'sinceReturn' | 'unsettled' | 'failures'>;

export interface Outcome {
  readonly changed: boolean;
  readonly failure: BillhookError | null;
}

export interface SchedulerTasks {
  /** Makes the request, and never rejects. */
  request(poll: Poll, signal: AbortSignal, quiet: boolean): Promise<Outcome>;
  demand(): Demand;
}

export interface Scheduler {
  /** Asks now, in place of the request that is under way. */
  ask(poll: Poll, quiet?: boolean): Promise<void>;
  isAsking(): boolean;
  /** Puts the next request off until it is due. */
  schedule(): void;
  stop(): void;
  /** A person came to the page: an unsettled state is waited for again. */
  activated(): void;
  /** Waiting requests are tried again where they were cut. */
  tryWaiting(): void;
  /** The last request is too short ago for an activation to ask again. */
  isFresh(): boolean;
  /** The server asked for a pause that is not over. */
  isHeldOff(): boolean;
}

export function createScheduler({ request, demand }: SchedulerTasks): Scheduler {
  let asking: AbortController | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let askedAt = 0;
  let activatedAt = 0;
  let lastTook = 0;
  let retryAfter = 0;
  let waitsCut = false;

  function stop(): void {
    clearTimeout(timer);
    asking?.abort();
    asking = null;
  }

  async function ask(poll: Poll, quiet = false): Promise<void> {
    stop();
    const { signal } = (asking = new AbortController());
    const startedAt = (askedAt = Date.now());
    if (poll.wait) held++;
    const { changed, failure } = await request(poll, signal, quiet);
    if (poll.wait) held--;
    // Another request took over in the very moment this one was done.
    if (signal.aborted) return;
    retryAfter = failure?.retryAfter ?? 0;
    // A server that says "too many" has not cut anything.
    if (poll.wait && failure?.transient && failure.status !== 429) waitsCut = true;
    asking = null;
    askedAt = Date.now();
    lastTook = poll.wait ? askedAt - startedAt + (changed ? newsCountsFor : 0) : longAgo;
    schedule();
  }

  function schedule(): void {
    clearTimeout(timer);
    if (asking) return;
    const demanded = demand();
    if (demanded === 'nothing') return;
    if (demanded === 'now') return void ask(readNow);
    const poll = nextPoll({
      ...demanded,
      visible: pageIsVisible(),
      online: navigator.onLine,
      sinceAttention: since(activatedAt),
      waitsCut: waitsCut || held >= heldLimit,
      lastTook,
      retryAfter: Math.max(0, retryAfter - since(askedAt)),
      random: Math.random(),
    });
    if (!poll) return;
    timer = setTimeout(() => {
      // Others of this page may have become too many meanwhile.
      if (poll.wait && held >= heldLimit) schedule();
      else void ask(poll);
    }, poll.delay);
  }

  return {
    ask,
    isAsking: () => asking !== null,
    schedule,
    stop,
    activated: () => (activatedAt = Date.now()),
    tryWaiting: () => (waitsCut = false),
    isFresh: () => since(askedAt) <= Math.max(activationPause, retryAfter),
    isHeldOff: () => since(askedAt) < retryAfter,
  };
}
