/** How a trip to Stripe stands by a tab's own record of it, moment by moment. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { VisitReturn } from '@billhook/widget/contract';
import { createVisitSession, type VisitSession } from '../../widget/src/client/visit-session.ts';
import { active } from './snapshots.ts';

const second = 1000;
const key = 'billhook-visit';
const answer = (outcome: VisitReturn['outcome'], revision = 'e1.1'): VisitReturn => ({
  outcome,
  changes: [],
  snapshot: { ...active, revision },
});

let storage: Map<string, string>;
let visits: VisitSession;
beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000, toFake: ['Date'] });
  storage = new Map();
  vi.stubGlobal('sessionStorage', {
    getItem: (name: string) => storage.get(name) ?? null,
    setItem: (name: string, value: string) => storage.set(name, value),
    removeItem: (name: string) => storage.delete(name),
  });
  visits = createVisitSession(key);
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const pass = (milliseconds: number) => vi.setSystemTime(Date.now() + milliseconds);
function begun(): void {
  visits.keep('visit-1');
  visits.takeUp(false);
}

it('without a trip there is nothing to ask for, to show or to end', () => {
  expect([visits.status(), visits.id(), visits.isOpen(), visits.isProvisional(), visits.isOver()]).toEqual([
    'none',
    '',
    false,
    false,
    false,
  ]);
  expect([visits.hasReturned(), visits.takeUp(true), visits.answer(answer('changed'))]).toEqual([false, false, false]);
  visits.dismiss();
  expect([visits.status(), storage.size]).toEqual(['none', 0]);
});

it('a trip that came back is asked about once, and again only on demand', () => {
  visits.keep('visit-1');
  expect([visits.hasReturned(), visits.takeUp(false)]).toEqual([true, true]);
  expect([visits.status(), visits.id(), visits.isOpen(), visits.hasReturned()]).toEqual([
    'returning',
    'visit-1',
    true,
    false,
  ]);
  pass(second);
  expect([visits.takeUp(false), visits.sinceReturn()]).toEqual([false, second]);
  expect([visits.takeUp(true), visits.sinceReturn()]).toEqual([true, 0]);
});

it('another trip is taken up in place of the one before', () => {
  begun();
  visits.answer(answer('changed'));
  visits.keep('visit-2');
  expect([visits.takeUp(false), visits.id(), visits.status()]).toEqual([true, 'visit-2', 'returning']);
});

it.each([
  [24 * second - 1, 'returning'],
  [24 * second, 'pending'],
])('%d ms after a return, an answer without an outcome makes it "%s"', (passed, status) => {
  begun();
  pass(passed);
  expect([visits.answer(answer('pending')), visits.status(), visits.isOpen()]).toEqual([true, status, true]);
  expect(storage.get(key)).toBe('{"id":"visit-1"}');
});

describe('an outcome', () => {
  beforeEach(() => {
    begun();
    expect(visits.answer(answer('changed'))).toBe(true);
  });

  it('is announced once a revision, and kept with it', () => {
    expect([visits.status(), visits.isOpen(), visits.answer(answer('unchanged'))]).toEqual(['changed', false, false]);
    expect(visits.answer(answer('pending'))).toBe(false);
    expect([visits.answer(answer('unchanged', 'e1.2')), visits.status()]).toEqual([true, 'unchanged']);
    expect(storage.get(key)).toBe('{"id":"visit-1","settledAt":"e1.2"}');
    expect(visits.hasReturned()).toBe(false);
  });

  it('may still change for ten minutes, and is over then', () => {
    const limit = 600 * second;
    const at = (passed: number) => {
      pass(passed - visits.sinceReturn());
      return [visits.isProvisional(), visits.isOver()];
    };
    expect([at(limit - 1), at(limit), at(limit + 1)]).toEqual([
      [true, false],
      [false, false],
      [false, true],
    ]);
  });

  it('that was dismissed is not shown, asked for or announced again', () => {
    visits.dismiss();
    expect([visits.status(), visits.isOpen(), visits.isProvisional(), visits.hasReturned()]).toEqual([
      'none',
      false,
      false,
      false,
    ]);
    expect([visits.takeUp(false), visits.answer(answer('changed')), visits.id()]).toEqual([false, false, 'visit-1']);
  });

  it('is shown on when its page is taken up again', () => {
    pass(second);
    expect([visits.takeUp(true), visits.status(), visits.sinceReturn()]).toEqual([true, 'changed', 0]);
  });

  it('of an earlier page is not shown, and announced only where it is another', () => {
    const next = createVisitSession(key);
    expect([next.takeUp(false), next.status(), next.isOpen()]).toEqual([true, 'none', false]);
    expect([next.answer(answer('changed')), next.status()]).toEqual([false, 'none']);
    expect([next.answer(answer('changed', 'e1.2')), next.status()]).toEqual([true, 'changed']);
  });

  it('of one trip is none of another’s that an earlier page saw', () => {
    storage.set(key, '{"id":"visit-2","settledAt":"e1.1"}');
    expect([visits.takeUp(true), visits.id(), visits.status()]).toEqual([true, 'visit-2', 'none']);
  });
});

it('a trip without an outcome that is dismissed is taken up again', () => {
  begun();
  visits.dismiss();
  expect([visits.status(), visits.hasReturned(), visits.takeUp(false)]).toEqual(['none', true, true]);
  visits.end();
  expect([visits.status(), visits.hasReturned(), storage.size]).toEqual(['none', false, 0]);
});

it.each(['', 'visit-1', 'null', '7', '[]', '{}', '{"id":7}'])('a record such as %j is none', (stored) => {
  storage.set(key, stored);
  expect([visits.hasReturned(), visits.takeUp(true), visits.status()]).toEqual([false, false, 'none']);
});
