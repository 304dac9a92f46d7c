/** The ledger on SQLite stays right under any events at Stripe, on the way and in its processes. */

import { expect, it } from 'vitest';
import { openSqliteStore } from '../../server/src/ledger/sqlite/ledger.ts';
import { billhookLedger } from './billhook-ledger.ts';
import { play, runs, told } from './property.ts';

const open = billhookLedger(async () => openSqliteStore(':memory:'));

it(
  `B2: ${runs} histories end with the ledger equal to Stripe, and no reader saw newer replaced by older`,
  async () => {
    const outcome = await play(open, runs, true);
    process.stdout.write(`\n  SQLite: ${told(outcome)}\n`);
    expect(outcome.broken).toBeNull();
    // A history in which nothing happens proves nothing.
    const { crashes, versions, notices, requests } = outcome.tally;
    if (outcome.lived >= 100) {
      for (const happened of [crashes, versions, requests]) expect(happened).toBeGreaterThan(outcome.lived);
      expect(notices).toBeGreaterThan(outcome.lived / 2);
    }
  },
  3 * 60 * 60_000,
);

it('the same seed lives through the same histories', async () => {
  const [first, second] = [await play(open, 5, false), await play(open, 5, false)];
  expect(second).toEqual(first);
});
