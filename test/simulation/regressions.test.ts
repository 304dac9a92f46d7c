/** The mistakes that histories have found, each by its smallest history. */

import { expect, it } from 'vitest';
import type { CustomerFacts } from '../../server/src/billing/facts.ts';
import { reconcile } from '../../server/src/background/reconcile.ts';
import { openSqliteStore } from '../../server/src/ledger/sqlite/ledger.ts';

const gone: CustomerFacts = {
  deleted: true,
  livemode: false,
  methodOnFile: false,
  methodDigest: null,
  billingDetailsDigest: null,
  subscriptions: [],
};

it('a reconciliation ends when a customer is found deleted, and a hint came while it was looked at', async () => {
  const store = openSqliteStore(':memory:');
  await store.link({ host: 'acme', account: 'team_1' }, 'cus_1', 1_000);
  const [claim] = await store.claim(2_000, 60_000, 1);
  const turn = await store.acquireJob('reconcile', 0, 60_000, 3_000);
  if (!claim || !turn) throw new Error('nothing to claim, or no turn');

  const found: Promise<unknown>[] = [];
  const waited = new AbortController();
  let rounds = 0;
  const report = await reconcile(
    {
      store,
      gateway: { liveSubscriptions: async () => ({ rows: [{ customer: 'cus_1' }], next: null }) },
      whenAvailable: async () => undefined,
      now: () => 4_000,
      wakeWorker: () => {
        // The claim is of the ticket before: on the tombstone that it leaves, one ticket is open for ever.
        found.push(store.raiseTicket('cus_1', 'webhook', 4_000));
      },
    },
    turn,
    {
      leaseMs: 60_000,
      signal: waited.signal,
      pollMs: 1,
      onQuiet: () => {
        rounds++;
        if (rounds === 1)
          found.push(store.apply(claim, { facts: gone, fetchedAt: 4_000, nextChangeAt: null, now: 4_000 }));
        if (rounds === 50) waited.abort();
      },
    },
  );
  await Promise.all(found);
  expect(report, 'it waited for a sync that no worker makes').toMatchObject({ subscriptions: 1, unseen: [] });
  await store.close();
});
