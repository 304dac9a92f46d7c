/** A loop that looks at a table: at its interval, at once after a wake, and more rarely where nothing ever comes. */

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { PollLoop, restingOf } from '../../../server/src/background/poll-loop.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function loopOf(restingMs?: number) {
  let polls = 0;
  let work: Promise<void> | null = null;
  const loop = new PollLoop({
    async poll() {
      polls += 1;
      if (work !== null) loop.track(work);
      work = null;
    },
    onFailure: (cause) => expect.unreachable(String(cause)),
    intervalMs: 1_000,
    ...(restingMs === undefined ? {} : { restingMs }),
  });
  /** Polls within so many seconds. */
  const within = async (seconds: number) => {
    const before = polls;
    await vi.advanceTimersByTimeAsync(seconds * 1_000);
    return polls - before;
  };
  return { loop, within, find: (found: Promise<void>) => void (work = found) };
}

it('rests after ten polls that found nothing, until something wakes it or is found', async () => {
  const { loop, within, find } = loopOf(3_000);
  loop.start();
  expect(await within(10), 'at the interval').toBe(10);
  expect(await within(30), 'at rest').toBe(10);
  loop.wake();
  expect(await within(10), 'woken').toBe(10);
  expect(await within(9), 'at rest again').toBe(3);
  find(Promise.resolve());
  // What is found is done at once, and its place is looked at again.
  expect(await within(13), 'found something').toBe(1 + 1 + 10);
  await loop.stop();
  expect(await within(100), 'stopped').toBe(0);
});

it('goes on at its interval where it has no other', async () => {
  const { loop, within } = loopOf();
  loop.start();
  expect(await within(100)).toBe(100);
  await loop.stop();
});

it('only a ledger that is a server of its own is asked more rarely', () => {
  expect(restingOf({ shared: true }, 1_000)).toEqual({ restingMs: 3_000 });
  expect(restingOf({ shared: true }, null)).toEqual({});
  expect(restingOf({ shared: false }, 1_000)).toEqual({});
});

it.each([0, 1, 2, 3, 4, 5, 6, 7, 8])('is never woken in vain: %d microtasks after a poll began', async (microtasks) => {
  let polls = 0;
  const loop = new PollLoop({
    async poll() {
      polls += 1;
    },
    onFailure: (cause) => expect.unreachable(String(cause)),
    // As in a function: no timer makes up for a wake that is lost.
    intervalMs: null,
  });
  loop.start();
  for (let passed = 0; passed < microtasks; passed += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one microtask after the other
    await Promise.resolve();
  }
  loop.wake();
  await loop.idle();
  expect(polls).toBe(2);
  await loop.stop();
});

it('after a failure waits for its interval, also when it was woken meanwhile', async () => {
  let polls = 0;
  const loop: PollLoop = new PollLoop({
    async poll() {
      polls += 1;
      await Promise.resolve();
      loop.wake();
      throw new Error('the ledger is down');
    },
    onFailure: () => undefined,
    intervalMs: 1_000,
  });
  loop.start();
  await vi.advanceTimersByTimeAsync(999);
  expect(polls).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(polls).toBe(2);
  await loop.stop();
});
