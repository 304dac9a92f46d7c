/**
 * How many customers may be fetched at a time beside what people wait for. A fetch costs this process milliseconds of work
 * for Stripe's answers: with many at once a busy process would answer reads and webhooks late. Where it is busy the places
 * become fewer, where it has time they come back.
 */

import { performance, type EventLoopUtilization } from 'node:perf_hooks';

/** Shares of a moment in which the event loop worked: above the first there is no spare time, below the second there is. */
const [busy, calm] = [0.9, 0.75];
/** Milliseconds. */
const moment = 100;
/** However busy a process is, the ledger goes on. As many as the budget that is set by default needs. */
const least = 8;

export class SpareTime {
  readonly #most: number;
  readonly #used: typeof performance.eventLoopUtilization;
  #places: number;
  #last: EventLoopUtilization;

  /**
   * @param most - places where nothing else is done
   * @param used - how the event loop's time was used
   */
  constructor(most: number, used = performance.eventLoopUtilization) {
    this.#most = most;
    this.#used = used;
    this.#places = most;
    this.#last = used();
  }

  /** Places now. */
  places(): number {
    const { idle, active, utilization } = this.#used(this.#last);
    if (idle + active < moment) return this.#places;
    this.#last = this.#used();
    if (utilization > busy) this.#places = Math.max(Math.min(least, this.#most), Math.floor(this.#places / 2));
    else if (utilization < calm) this.#places = Math.min(this.#most, this.#places + Math.ceil(this.#most / 16));
    return this.#places;
  }
}
