/** Fetches that nobody waits for take the time that a process has left, and never all of it. */

import { performance, type EventLoopUtilization } from 'node:perf_hooks';
import { expect, it } from 'vitest';
import { SpareTime } from '../../../server/src/background/spare-time.ts';

/** An event loop whose use a test says: milliseconds of work and of rest since the last moment that was taken. */
function loop() {
  let total = { idle: 0, active: 0 };
  const used = (since?: EventLoopUtilization): EventLoopUtilization => {
    const [idle, active] = [total.idle - (since?.idle ?? 0), total.active - (since?.active ?? 0)];
    return { idle, active, utilization: active / (idle + active) };
  };
  const pass = (active: number, idle: number) => {
    total = { idle: total.idle + idle, active: total.active + active };
  };
  return { used: used as typeof performance.eventLoopUtilization, pass };
}

it.each([
  { situation: 'busy', active: 95, idle: 5, places: [32, 16, 8, 8] },
  { situation: 'calm, after it was busy', active: 70, idle: 30, places: [12, 16, 20, 24], from: 8 },
  { situation: 'neither', active: 80, idle: 20, places: [8, 8, 8, 8], from: 8 },
  { situation: 'too short a moment', active: 99, idle: 0, places: [64, 32, 32, 16] },
])('$situation: $places places', ({ active, idle, places, from = 64 }) => {
  const { used, pass } = loop();
  const spareTime = new SpareTime(64, used);
  const next = (work: number, rest: number) => (pass(work, rest), spareTime.places());
  for (let n = 64; n > from; n /= 2) next(100, 0);
  expect(places.map(() => next(active, idle))).toEqual(places);
});

it('has no more places than there are, and no fewer than a small budget needs', () => {
  const { used, pass } = loop();
  const spareTime = new SpareTime(6, used);
  const next = (work: number, rest: number) => (pass(work, rest), spareTime.places());
  expect([next(100, 0), next(100, 0), next(0, 100), next(0, 100)]).toEqual([6, 6, 6, 6]);
});

it('looks at the event loop of its own process', () => {
  const spareTime = new SpareTime(64);
  const until = performance.now() + 110;
  while (performance.now() < until);
  expect(spareTime.places()).toBe(32);
});
