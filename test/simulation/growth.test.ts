/** Nothing in a ledger grows with time: only with the customers that there are, and ever were. A year in `growth.nightly.ts`. */

import { expect, it } from 'vitest';
import { defaultLimits } from '../../server/src/config/limits.ts';
import { createLimits } from '../../server/src/http/rate-limits.ts';
import { growthOf } from './growth.ts';
import { mustBeBounded } from './growth-bounds.ts';
import { beginning } from './stripe-account.ts';
import { VirtualTime } from './virtual-time.ts';

it('some customers for months: each table is as large as it was', async () => {
  const growth = await growthOf(40, [2, 4], beginning);
  expect(growth.syncs).toBeGreaterThan(40 * 120);
  // Rows that are never forgotten would be twice as many.
  mustBeBounded(growth, 1.5);
});

it('the limits remember an account for a minute', async () => {
  const time = new VirtualTime(beginning);
  const restore = time.install();
  try {
    const limits = createLimits(defaultLimits, 0);
    for (let account = 0; account < 1_000; account++) {
      await limits.countRequest({ host: 'acme', account: `team_${account}` });
    }
    expect(time.nextDue).toBeLessThanOrEqual(beginning + 60_000);
    time.pass(60_000);
    expect(time.nextDue, 'an entry is forgotten by its timer').toBe(Number.POSITIVE_INFINITY);
  } finally {
    restore();
  }
});
