/**
 * The sandbox's own time. It flows with real time until it is moved or stopped; deadlines on the way are run in
 * order, each thing at its own moment.
 */
export interface Clock {
  /** Unix milliseconds. */
  now(): number;
  /** Unix seconds, as Stripe's timestamps are. */
  seconds(): number;
  /** Moves forward by `ms` milliseconds, running the deadlines on the way. Resolves when the sandbox has caught up. */
  advance(ms: number): Promise<void>;
  /** Moves forward to a Unix time in milliseconds. A time in the past is refused: nothing can be un-charged. */
  advanceTo(at: number): Promise<void>;
  /** Stands the clock, frozen, at any time, also an earlier one. For an empty sandbox: past events cannot be moved. */
  standAt(at: number): void;
  /** Stops the flow: from here on the clock moves only when it is told to. */
  freeze(): void;
  /** Lets time flow again from where the clock stands. */
  run(): void;
  readonly frozen: boolean;
}

/** The work that the clock drives. */
export interface DueWork {
  /** When something falls due next, in Unix milliseconds. */
  nextDue(): number | null;
  /** Runs the one thing that is due at or before `at`. */
  runNext(at: number): void;
  /** Resolves when the effects of the last step (webhooks under way) have come to rest. */
  settled(): Promise<void>;
}

export interface ClockControl extends Clock {
  drive(work: DueWork): void;
  close(): void;
}

/** @param startAt - Unix milliseconds; the clock then stands there, frozen, until it is moved. Default: real time. */
export const createClock = (startAt?: number): ClockControl => new SandboxClock(startAt);

class SandboxClock implements ClockControl {
  /** Where the clock stands, or stood at `#realBase` of real time. */
  #base: number;
  #realBase = Date.now();
  #frozen: boolean;
  #work: DueWork | null = null;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  /** The moves so far: each begins when the one before it has come to rest. */
  #moving: Promise<void> = Promise.resolve();

  constructor(startAt?: number) {
    this.#base = startAt ?? this.#realBase;
    this.#frozen = startAt !== undefined;
  }

  get frozen(): boolean {
    return this.#frozen;
  }

  now(): number {
    return this.#frozen ? this.#base : this.#base + (Date.now() - this.#realBase);
  }

  seconds(): number {
    return Math.floor(this.now() / 1000);
  }

  advance(ms: number): Promise<void> {
    if (!(ms >= 0)) throw new RangeError('clock.advance(ms): ms must be a number of milliseconds, 0 or more');
    return this.#move(() => this.now() + ms);
  }

  advanceTo(at: number): Promise<void> {
    if (!(at >= Math.floor(this.now()))) throw new RangeError('clock.advanceTo(at): the clock cannot go back');
    return this.#move(() => at);
  }

  standAt(at: number): void {
    this.#set(at);
    this.#frozen = true;
    clearTimeout(this.#timer);
  }

  freeze(): void {
    this.standAt(this.now());
  }

  run(): void {
    this.#set(this.now());
    this.#frozen = false;
    this.#watch();
  }

  drive(work: DueWork): void {
    this.#work = work;
    this.#watch();
  }

  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #set(at: number): void {
    this.#base = at;
    this.#realBase = Date.now();
  }

  /** One timer for the next thing due, looked up again at least every second so that new work is never overslept. */
  #watch(): void {
    clearTimeout(this.#timer);
    if (this.#closed || this.#frozen || !this.#work) return;
    const due = this.#work.nextDue();
    const wait = due === null ? 1000 : Math.min(1000, Math.max(0, due - this.now()));
    this.#timer = setTimeout(() => void this.#move(() => this.now()), wait);
    this.#timer.unref();
  }

  /** @param target - asked for once the moves before it have come to rest */
  #move(target: () => number): Promise<void> {
    const moved = this.#moving.then(() => this.#catchUp(target()));
    this.#moving = moved.catch(() => undefined);
    return moved;
  }

  async #catchUp(target: number): Promise<void> {
    clearTimeout(this.#timer);
    const wasFrozen = this.#frozen;
    this.#set(this.now());
    this.#frozen = true;
    const started = Date.now();
    try {
      await this.#runUntil(target);
      this.#set(Math.max(this.#base, target));
    } finally {
      this.#frozen = wasFrozen;
      if (!this.#frozen) this.#realBase = started;
      this.#watch();
    }
  }

  async #runUntil(target: number): Promise<void> {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- each step may depend on how the webhooks of the last one went
      await this.#work?.settled();
      const due = this.#work?.nextDue() ?? null;
      if (this.#closed || due === null || due > target) return;
      this.#set(Math.max(this.#base, due));
      this.#work?.runNext(this.#base);
    }
  }
}
