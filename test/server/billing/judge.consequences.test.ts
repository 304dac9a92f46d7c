/** What becomes of access when nothing is done, and since when it is less; and how long a first payment may wait. */

import { describe, expect, test } from 'vitest';
import { day, hour, iso, noon, open, pastDue, snapshotOf, subscription } from '../fixtures/facts.ts';

describe('access tells its next level', () => {
  test('after grace, as the policy says', () => {
    const access = (afterGrace: 'readOnly' | 'none') => snapshotOf([pastDue()], { policy: { afterGrace } }).access;
    expect(access('readOnly')).toMatchObject({ level: 'full', until: iso(noon + 6 * day), after: 'readOnly' });
    expect(access('none')).toMatchObject({ level: 'full', after: 'none' });
  });

  test('after grace is over, since when', () => {
    const late = pastDue(open({ firstFailedAt: noon - 9 * day }));
    expect(snapshotOf([late]).access).toEqual({
      level: 'readOnly',
      reason: 'restricted',
      until: null,
      since: iso(noon - 2 * day),
    });
  });

  test('after what was paid for before a pause (F5)', () => {
    const paused = subscription({ pause: { resumesAt: null } });
    expect(snapshotOf([paused]).access).toMatchObject({ until: iso(noon + 20 * day), after: 'readOnly' });
  });

  test('but not where the subscription ends before', () => {
    const ends = pastDue({ cancelAt: noon + day });
    expect(snapshotOf([ends]).access).toMatchObject({ until: iso(noon + day) });
    expect(snapshotOf([ends]).access).not.toHaveProperty('after');
    const together = pastDue({ cancelAt: noon + 6 * day });
    expect(snapshotOf([together]).access).not.toHaveProperty('after');
    const later = pastDue({ cancelAt: noon + 6 * day + 1 });
    expect(snapshotOf([later]).access).toMatchObject({ until: iso(noon + 6 * day), after: 'readOnly' });
    expect(snapshotOf([subscription({ status: 'past_due' })]).access).not.toHaveProperty('after');
    expect(snapshotOf([subscription()]).access).toEqual({ level: 'full', reason: 'active', until: null });
  });
});

test('SUB-3 a first payment has 23 hours', () => {
  const begun = subscription({ status: 'incomplete', created: noon - hour, ...open() });
  expect(snapshotOf([begun])).toMatchObject({ state: 'incomplete', finishBy: iso(noon + 22 * hour) });
  expect(snapshotOf([subscription()])).not.toHaveProperty('finishBy');
});
