import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextPoll, provisionalLimit, type Situation } from '../../widget/src/client/polling.ts';

const idle: Situation = {
  visible: true,
  online: true,
  visit: 'none',
  sinceReturn: 0,
  unsettled: false,
  sinceAttention: 0,
  waitsCut: false,
  lastTook: 100,
  failures: 0,
  retryAfter: 0,
  random: 0,
};
const minuteMs = 60_000;

describe('when to ask next', () => {
  it.each([
    ['idle: rarely, and without waiting', {}, { kind: 'read', wait: 0, delay: 5 * minuteMs }],
    ['idle tabs do not come back together', { random: 0.5 }, { kind: 'read', wait: 0, delay: 5 * minuteMs + 15_000 }],
    ['hidden: never', { visible: false, visit: 'returning' }, null],
    ['offline: never', { online: false, unsettled: true }, null],
    [
      'a return is asked for until it is settled',
      { visit: 'pending', sinceReturn: minuteMs, lastTook: 25_000 },
      { kind: 'return', wait: 25, delay: 0 },
    ],
    [
      'a server that does not hold is not asked in a loop',
      { visit: 'returning', lastTook: 300 },
      { kind: 'return', wait: 25, delay: 1700 },
    ],
    [
      'cut waits: every 2 s for 30 s',
      { visit: 'returning', waitsCut: true, sinceReturn: 29_000 },
      { kind: 'return', wait: 0, delay: 2000 },
    ],
    [
      'cut waits: slower after that',
      { visit: 'pending', waitsCut: true, sinceReturn: 31_000 },
      { kind: 'return', wait: 0, delay: 15_000 },
    ],
    [
      'unchanged: waits for 40 s in all',
      { visit: 'unchanged', sinceReturn: 30_000, lastTook: 25_000 },
      { kind: 'read', wait: 10, delay: 0 },
    ],
    [
      'changed: waits as long, because one change is often followed by another',
      { visit: 'changed', sinceReturn: 1_000, lastTook: 2_000 },
      { kind: 'read', wait: 25, delay: 0 },
    ],
    [
      'unchanged: idle after that',
      { visit: 'unchanged', sinceReturn: 41_000 },
      { kind: 'read', wait: 0, delay: 5 * minuteMs },
    ],
    [
      'given up after ten minutes',
      { visit: 'pending', sinceReturn: provisionalLimit },
      { kind: 'read', wait: 0, delay: 5 * minuteMs },
    ],
    [
      'cut waits: at the end of the 30 s, slower',
      { visit: 'pending', waitsCut: true, sinceReturn: 30_000 },
      { kind: 'return', wait: 0, delay: 15_000 },
    ],
    [
      'cut waits of what is unsettled: slower from the first',
      { unsettled: true, waitsCut: true },
      { kind: 'read', wait: 0, delay: 15_000 },
    ],
    [
      'cut waits of an outcome that may change: hurried as well',
      { visit: 'unchanged', waitsCut: true, sinceReturn: 1_000 },
      { kind: 'read', wait: 0, delay: 2000 },
    ],
    [
      'cut waits: no sooner than the server asks',
      { visit: 'returning', waitsCut: true, retryAfter: 20_000 },
      { kind: 'return', wait: 0, delay: 20_000 },
    ],
    [
      'an outcome: idle when its 40 s are over',
      { visit: 'changed', sinceReturn: 40_000 },
      { kind: 'read', wait: 0, delay: 5 * minuteMs },
    ],
    [
      'an outcome: one second at least is waited for',
      { visit: 'changed', sinceReturn: 39_999, lastTook: 2_000 },
      { kind: 'read', wait: 1, delay: 0 },
    ],
    [
      'returning, until the limit',
      { visit: 'returning', sinceReturn: provisionalLimit - 1, lastTook: 2_000 },
      { kind: 'return', wait: 25, delay: 0 },
    ],
    [
      'unsettled, until the limit',
      { unsettled: true, sinceAttention: provisionalLimit - 1, lastTook: 2_000 },
      { kind: 'read', wait: 25, delay: 0 },
    ],
    [
      'a failure while something is awaited backs off as well',
      { unsettled: true, failures: 2, random: 0.5 },
      { kind: 'read', wait: 25, delay: 2000 },
    ],
    ['unsettled: waits', { unsettled: true, lastTook: 25_000 }, { kind: 'read', wait: 25, delay: 0 }],
    [
      'unsettled with nobody there: idle',
      { unsettled: true, sinceAttention: provisionalLimit },
      { kind: 'read', wait: 0, delay: 5 * minuteMs },
    ],
    ['a failure backs off, around 1 s', { failures: 1, random: 0.5 }, { kind: 'read', wait: 0, delay: 1000 }],
    ['by half as much at least', { failures: 1, random: 0 }, { kind: 'read', wait: 0, delay: 500 }],
    ['and half as much again at most', { failures: 2, random: 0.75 }, { kind: 'read', wait: 0, delay: 2500 }],
    ['further failures double it', { failures: 4, random: 0.5 }, { kind: 'read', wait: 0, delay: 8000 }],
    ['never above a minute and its jitter', { failures: 40, random: 0.5 }, { kind: 'read', wait: 0, delay: minuteMs }],
    ['Retry-After is kept', { failures: 1, retryAfter: 20_000 }, { kind: 'read', wait: 0, delay: 20_000 }],
  ] as const)('%s', (_name, change, poll) => expect(nextPoll({ ...idle, ...change })).toEqual(poll));

  const situation = fc.record<Situation>({
    visible: fc.boolean(),
    online: fc.boolean(),
    visit: fc.constantFrom('none', 'returning', 'pending', 'unchanged', 'changed'),
    sinceReturn: fc.nat(20 * minuteMs),
    unsettled: fc.boolean(),
    sinceAttention: fc.nat(20 * minuteMs),
    waitsCut: fc.boolean(),
    lastTook: fc.nat(30_000),
    failures: fc.nat(50),
    retryAfter: fc.nat(600_000),
    random: fc.double({ min: 0, max: 0.999, noNaN: true }),
  });
  const always = (holds: (now: Situation) => boolean) =>
    fc.assert(fc.property(situation, holds), { seed: 7, numRuns: 2000 });

  it('nothing pends while idle', () =>
    always((now) => now.visit !== 'none' || now.unsettled || (nextPoll(now)?.wait ?? 0) === 0));
  it('a hidden or offline tab asks nothing', () =>
    always((now) => (now.visible && now.online) || nextPoll(now) === null));
  it('after a failure at least half a second passes', () =>
    always((now) => now.failures === 0 || (nextPoll(now)?.delay ?? 500) >= 500));
  it('a request and the pause after it never take less than 2 s together', () =>
    always((now) => now.failures > 0 || now.lastTook + (nextPoll(now)?.delay ?? 2000) >= 2000));
});
