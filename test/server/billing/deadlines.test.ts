/** Time as the judge sees it: where a moment lies, and when anything that was asked of it changes. */

import { describe, expect, test } from 'vitest';
import { deadlinesAt, iso } from '../../../server/src/billing/judge/deadlines.ts';
import { day, hour, minute, noon } from '../fixtures/facts.ts';

const limit = 72 * hour;
const asked = (fetchedAt: number, ask: (deadlines: ReturnType<typeof deadlinesAt>) => unknown) => {
  const deadlines = deadlinesAt(noon, fetchedAt, limit);
  const says = ask(deadlines);
  return { says, next: deadlines.nextChangeAt(), missed: deadlines.missedAny() };
};
const before = noon - 100 * hour;
const quiet = { next: null, missed: false };

describe('a moment that changes the judgement', () => {
  test.each([
    ['there is none', null, noon, { says: 'ahead', ...quiet }],
    ['no calendar has it', 1e300, noon, { says: 'ahead', ...quiet }],
    ['it is to come', noon + 1, before, { says: 'ahead', next: noon + 1, missed: false }],
    ['it is now, and the facts are of now', noon, noon, { says: 'seen', ...quiet }],
    ['the facts are of after it', noon - 2, noon - 1, { says: 'seen', ...quiet }],
    ['it is now, and the facts are of before', noon, before, { says: 'unseen', next: noon + limit, missed: true }],
    ['it is almost too long ago', noon - limit + 1, before, { says: 'unseen', next: noon + 1, missed: true }],
    ['it is too long ago', noon - limit, before, { says: 'overdue', next: null, missed: true }],
  ])('where %s', (_, at, fetchedAt, answer) => {
    expect(asked(fetchedAt, (deadlines) => deadlines.status(at))).toEqual(answer);
  });
});

describe('a moment after which facts are worth fetching', () => {
  test.each([
    ['there is none', null, noon, { says: false, ...quiet }],
    ['no calendar has it', 1e300, noon, { says: false, ...quiet }],
    ['it is to come', noon + 1, before, { says: true, next: noon + 1, missed: false }],
    ['it is now, and the facts are of now', noon, noon, { says: false, ...quiet }],
    ['it is now, and the facts are of before', noon, before, { says: false, next: null, missed: true }],
    ['it is over, and the facts are of before', noon - 1, before, { says: false, next: null, missed: true }],
  ])('where %s', (_, at, fetchedAt, answer) => {
    expect(asked(fetchedAt, (deadlines) => deadlines.refetchAt(at))).toEqual(answer);
  });
});

test.each([
  ['to come', noon + 1, { says: true, next: noon + 1, missed: false }],
  ['now', noon, { says: false, ...quiet }],
])('a moment of the host’s own rules misses nothing: %s', (_, at, answer) => {
  expect(asked(before, (deadlines) => deadlines.isAhead(at))).toEqual(answer);
});

describe('a moment that Stripe is late with is looked at again', () => {
  test.each([
    ['not where there is none', null, noon, null],
    ['not where no calendar has it', -1e300, noon, null],
    ['not where the facts are of before it', noon + 1, noon, null],
    ['after a minute at least', noon, noon, noon + minute],
    ['after as long again as it is late', noon - 10 * minute, noon, noon + 10 * minute],
    ['after a day at most', noon - 30 * day, noon, noon + day],
    ['counted from the last look', noon - 20 * minute, noon - 5 * minute, noon + 10 * minute],
  ])('%s', (_, at, fetchedAt, next) => {
    const answer = asked(fetchedAt, (deadlines) => deadlines.recheckLate(at));
    expect(answer).toEqual({ says: undefined, next, missed: false });
  });
});

test('the next change is the first of all', () => {
  const all = [noon + 3, noon + 1, noon + 2];
  expect(asked(noon, (deadlines) => all.map((at) => deadlines.isAhead(at)).length).next).toBe(noon + 1);
});

test('the calendar has a first and a last moment', () => {
  expect([8.64e15, -8.64e15].map(iso)).toEqual(['+275760-09-13T00:00:00.000Z', '-271821-04-20T00:00:00.000Z']);
  expect([8.64e15 + 2, -Infinity, Number.NaN, null].map(iso)).toEqual([null, null, null, null]);
});
