import { expect, it } from 'vitest';
import { FirstTurns } from '../../../server/src/background/first-turns.ts';

const now = 1_800_000_000_000;
const turnsOf = (turns: FirstTurns) => (at: number) => {
  if (turns.resting(at).includes('cus_1')) return false;
  turns.took(['cus_1'], at);
  return true;
};

it('a customer goes first ten times in a row, as often as a renewal has events, and then once a second', () => {
  const goesFirst = turnsOf(new FirstTurns());
  const burst = (from: number) => Array.from({ length: 12 }, (_, ms) => goesFirst(from + ms));
  expect(burst(now)).toEqual([...Array.from({ length: 10 }, () => true), false, false]);
  expect([1_000, 1_001, 2_000].map((ms) => goesFirst(now + ms))).toEqual([true, false, true]);
  expect(burst(now + 20_000)).toEqual([...Array.from({ length: 10 }, () => true), false, false]);
});

it('a clock that is set back makes no customer rest for hours', () => {
  const goesFirst = turnsOf(new FirstTurns());
  for (let ms = 0; ms < 10; ms += 1) expect(goesFirst(now + ms)).toBe(true);
  expect(goesFirst(now - 3_600_000)).toBe(true);
});

it('one customer’s turns are no other’s, and those of a while ago are forgotten', () => {
  const turns = new FirstTurns();
  for (let each = 0; each < 10; each += 1) turns.took(['cus_1'], now);
  turns.took(['cus_2'], now);
  expect(turns.resting(now)).toEqual(['cus_1']);
  expect(turns.resting(now + 10_000)).toEqual([]);
});
