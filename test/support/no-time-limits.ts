/**
 * For a process in which nothing ends because its time is up (`node --import`): what ends there was ended by something
 * else, however slow the machine. Timers below ten seconds are those that the work goes on by, and stay.
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
