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

/** Timers longer than this overflow in Node and would fire at once. */
const maxTimerMs = 2 ** 31 - 1;

/** @param startAt - Unix milliseconds; the clock then stands there, frozen, until it is moved. Default: real time. */
export function createClock(startAt?: number): ClockControl {
  let base = startAt ?? Date.now();
  let realBase = Date.now();
  let frozen = startAt !== undefined;
  let work: DueWork | null = null;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  let moving: Promise<void> = Promise.resolve();

  const now = (): number => (frozen ? base : base + (Date.now() - realBase));
  const standAt = (at: number): void => {
    base = at;
    realBase = Date.now();
  };

  // One timer for the next thing due, looked up again at least every second so that new work is never overslept.
  const watch = (): void => {
    clearTimeout(timer);
    if (closed || frozen || !work) return;
    const due = work.nextDue();
    const wait = due === null ? 1000 : Math.min(1000, Math.max(0, due - now()));
    timer = setTimeout(() => void moveTo(now()), Math.min(wait, maxTimerMs));
    timer.unref();
  };

  const catchUp = async (target: number): Promise<void> => {
    clearTimeout(timer);
    const wasFrozen = frozen;
    standAt(now());
    frozen = true;
    const started = Date.now();
    try {
      for (;;) {
        // oxlint-disable-next-line no-await-in-loop -- each step may depend on how the webhooks of the last one went
        await work?.settled();
        const due = work?.nextDue() ?? null;
        if (closed || due === null || due > target) break;
        standAt(Math.max(base, due));
        work?.runNext(base);
      }
      standAt(Math.max(base, target));
    } finally {
      frozen = wasFrozen;
      if (!frozen) realBase = started;
      watch();
    }
  };

  const moveTo = (target: number): Promise<void> => {
    const moved = moving.then(() => catchUp(target));
    moving = moved.catch(() => undefined);
    return moved;
  };

  return {
    now,
    seconds: () => Math.floor(now() / 1000),
    advance: (ms) => {
      if (!(ms >= 0)) throw new RangeError('clock.advance(ms): ms must be a number of milliseconds, 0 or more');
      const moved = moving.then(() => catchUp(now() + ms));
      moving = moved.catch(() => undefined);
      return moved;
    },
    advanceTo: (at) => {
      if (!(at >= Math.floor(now()))) throw new RangeError('clock.advanceTo(at): the clock cannot go back');
      return moveTo(at);
    },
    standAt(at) {
      standAt(at);
      frozen = true;
      clearTimeout(timer);
    },
    freeze() {
      standAt(now());
      frozen = true;
      clearTimeout(timer);
    },
    run() {
      standAt(now());
      frozen = false;
      watch();
    },
    get frozen() {
      return frozen;
    },
    drive(driven) {
      work = driven;
      watch();
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}
