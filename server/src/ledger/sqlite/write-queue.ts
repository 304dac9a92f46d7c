/**
 * Another program may hold the file's write lock: a backup, a shell, a command of ours. A write that meets it waits between
 * turns of the event loop, so that requests that only read are answered meanwhile, and later writes wait behind it.
 */

import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';

const firstPauseMs = 5;
const longestPauseMs = 100;

export class WriteQueue {
  readonly #longestMs: number;
  #waiting = 0;
  /** Fulfilled when every waiting write has settled. */
  #last: Promise<unknown> = Promise.resolve();

  /** @param longestMs - until a write that waits is given up, and fails as `SQLITE_BUSY` */
  constructor(longestMs: number) {
    this.#longestMs = longestMs;
  }

  /**
   * Commits at once where no other write waits and the file is free.
   *
   * @param commit - one transaction that fails without a trace
   */
  async write<T>(commit: () => T): Promise<T> {
    const deadline = performance.now() + this.#longestMs;
    if (this.#waiting === 0) {
      try {
        return commit();
      } catch (cause) {
        if (!isBusy(cause)) throw cause;
      }
    }
    this.#waiting += 1;
    const mine = this.#last.then(() => commitWhenFree(commit, deadline));
    this.#last = Promise.allSettled([mine]);
    try {
      return await mine;
    } finally {
      this.#waiting -= 1;
    }
  }
}

async function commitWhenFree<T>(commit: () => T, deadline: number): Promise<T> {
  for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    try {
      return commit();
    } catch (cause) {
      if (!isBusy(cause) || performance.now() >= deadline) throw cause;
    }
    // oxlint-disable-next-line no-await-in-loop -- one try after the other
    await pause(pauseMs);
  }
}

export const isBusy = (cause: unknown): boolean =>
  cause instanceof Database.SqliteError && cause.code.startsWith('SQLITE_BUSY');
