/**
 * Takes the time limits from a process (`node --import`), so that work in it ends for other reasons only, however slow the
 * machine. Timers below ten seconds belong to the work itself, and stay.
 */

const limitMs = 10_000;
const never = 2 ** 31 - 1;

const { setTimeout: set } = globalThis;
globalThis.setTimeout = Object.assign(
  (work: () => void, milliseconds = 0) => (milliseconds < limitMs ? set(work, milliseconds) : set(work, never).unref()),
  set,
) as typeof set;
const { timeout } = AbortSignal;
AbortSignal.timeout = (milliseconds) => timeout.call(AbortSignal, milliseconds < limitMs ? milliseconds : never);
