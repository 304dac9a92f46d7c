/**
 * The clock of a ledger on which several processes work: the database's. Leases, back-offs, visits and grace are of one
 * clock then, however far the machines' own are off. Each process asks for the time at its start and, while it uses it,
 * every few seconds; in between it counts by a clock that is never set.
 */

/** Milliseconds after which the database is asked again. */
const askAgainMs = 10_000;
/** Milliseconds by which the machine's clock may seem to have been set, or the process to have slept, unnoticed. */
const noticedMs = 1_000;
/** An answer that took longer says too little, in milliseconds. */
const longestTripMs = 1_000;

/** The machine's own clocks, in milliseconds. */
export interface OwnClocks {
  /** Unix time, which may be wrong and may be set. */
  wall(): number;
  /** Since some moment; never set. */
  monotonic(): number;
}

const machineClocks: OwnClocks = { wall: () => Date.now(), monotonic: () => performance.now() };

interface Measured {
  /** The database's time when its answer came, or a little less: never more. */
  readonly time: number;
  readonly wall: number;
  readonly monotonic: number;
}

export class SharedClock {
  readonly #ask: () => Promise<number>;
  readonly #own: OwnClocks;
  #measured: Measured | null = null;
  #isAsking = false;

  /**
   * @param ask - the database's time, in Unix milliseconds
   * @throws {StoreUnavailableError} as `ask` does
   */
  static async of(ask: () => Promise<number>, own: OwnClocks = machineClocks): Promise<SharedClock> {
    const clock = new SharedClock(ask, own);
    await clock.#measure();
    return clock;
  }

  private constructor(ask: () => Promise<number>, own: OwnClocks) {
    this.#ask = ask;
    this.#own = own;
  }

  /** Unix milliseconds. */
  now(): number {
    const measured = this.#measured as Measured;
    const passed = this.#own.monotonic() - measured.monotonic;
    const wasSet = Math.abs(this.#own.wall() - measured.wall - passed) > noticedMs;
    if (passed > askAgainMs || wasSet) this.#askAgain();
    return Math.floor(measured.time + passed);
  }

  /** In the background. Without an answer it goes on counting, and the next use asks again. */
  #askAgain(): void {
    if (this.#isAsking) return;
    this.#isAsking = true;
    this.#measure()
      .catch(() => undefined)
      .finally(() => {
        this.#isAsking = false;
      });
  }

  async #measure(): Promise<void> {
    const asked = this.#own.monotonic();
    const time = await this.#ask();
    const { wall, monotonic } = { wall: this.#own.wall(), monotonic: this.#own.monotonic() };
    const measured = this.#measured;
    const known = measured === null ? -Infinity : measured.time + monotonic - measured.monotonic;
    // A late answer is of a time that is over; where it is ahead of what is counted, it is still better.
    const isBetter = monotonic - asked <= longestTripMs || time > known;
    this.#measured = { time: isBetter ? time : known, wall, monotonic };
  }
}
