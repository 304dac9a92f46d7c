/**
 * Time for a history: it stands still until a test passes it, and every timer fires only then. A month at Stripe takes no
 * time here, and nothing depends on the machine's speed.
 */

import { syncBuiltinESMExports } from 'node:module';
import timersPromises from 'node:timers/promises';

interface Timer {
  readonly id: number;
  readonly due: number;
  readonly fire: () => void;
}

export class VirtualTime {
  /** Unix milliseconds. */
  now: number;
  readonly #timers = new Map<number, Timer>();
  #lastId = 0;

  constructor(now: number) {
    this.now = now;
  }

  /** When the next timer fires; infinity where there is none. */
  get nextDue(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { due } of this.#timers.values()) next = Math.min(next, due);
    return next;
  }

  /** A jump, as of a machine that was asleep: each due timer fires once, in order, also those that repeat. */
  pass(ms: number): void {
    this.now += ms;
    const due = [...this.#timers.values()].filter((timer) => timer.due <= this.now);
    for (const timer of due.toSorted((a, b) => a.due - b.due || a.id - b.id)) {
      // An earlier one may have cleared it.
      if (this.#timers.delete(timer.id)) timer.fire();
    }
  }

  /** Puts itself in the place of both kinds of `setTimeout`. Answers how to put everything back. */
  install(): () => void {
    const { setTimeout, clearTimeout } = globalThis;
    const { setTimeout: sleep } = timersPromises;
    const set = (work: (...args: unknown[]) => void, ms = 0, ...args: unknown[]) => {
      const id = ++this.#lastId;
      this.#timers.set(id, { id, due: this.now + ms, fire: () => work(...args) });
      const handle = { id, ref: () => handle, unref: () => handle, hasRef: () => true };
      return handle;
    };
    const clear = (handle?: { readonly id: number } | null) => {
      if (handle) this.#timers.delete(handle.id);
    };
    const sleepHere = <T>(ms?: number, value?: T, options?: { readonly signal?: AbortSignal }): Promise<T> =>
      new Promise((wake, fail) => {
        const handle = set(() => wake(value as T), ms);
        const abort = () => {
          clear(handle);
          fail(new DOMException('The operation was aborted', 'AbortError'));
        };
        if (options?.signal?.aborted) abort();
        else options?.signal?.addEventListener('abort', abort, { once: true });
      });
    const put = (timers: object, promised: object) => {
      Object.assign(globalThis, timers);
      Object.assign(timersPromises, promised);
      // Modules that imported it by name have the new one from here on.
      syncBuiltinESMExports();
    };
    put({ setTimeout: set, clearTimeout: clear }, { setTimeout: sleepHere });
    return () => put({ setTimeout, clearTimeout }, { setTimeout: sleep });
  }
}
