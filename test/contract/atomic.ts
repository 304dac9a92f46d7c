/** A write that fails in its middle leaves no trace, and goes through when the database can write again. */

import { describe, expect, it } from 'vitest';
import { type BillingStore } from '../../server/src/ledger/ledger.ts';
import { acme, factsWith, eventFor, lease, t0, type ContractHarness } from './harness.ts';
import type { Claim } from '../../server/src/ledger/customers.ts';

type Write = (store: BillingStore, claim: Claim) => Promise<unknown>;

const notice = { id: 'n1', receiver: 'webhook', type: 'subscription.kept', data: {} } as const;
const subject = { concerns: 'subject', customer: null, subject: { type: 'charge', id: 'ch_1' } } as const;

/** Each write by its name, the table that refuses it, and the call. */
const writes: readonly (readonly [what: string, table: string, write: Write])[] = [
  ['an event', 'customers', (store) => store.recordEvent(eventFor('evt_new'), t0 + 1)],
  ['a hint that closes', 'customers', (store) => store.resolveEvent('evt_open', 'cus_1', t0 + 1)],
  ['a return', 'visits', (store) => store.returnVisit('v1', 5_000, t0 + 1)],
  ['a second look at a visit', 'customers', (store) => store.raiseRechecks(t0 + 500)],
  [
    'facts',
    'revisions',
    (store, claim) => store.apply(claim, { facts: factsWith(), fetchedAt: t0, nextChangeAt: t0 + 9, now: t0 + 1 }),
  ],
  [
    'facts and their trail',
    'syncs',
    (store, claim) => store.apply(claim, { facts: factsWith(), fetchedAt: t0, nextChangeAt: t0 + 9, now: t0 + 1 }),
  ],
  [
    'facts and their notice',
    'outbox',
    (store, claim) =>
      store.apply(claim, { facts: factsWith(), fetchedAt: t0, nextChangeAt: null, now: t0 + 1, notices: [notice] }),
  ],
  ['a failure', 'syncs', (store, claim) => store.fail(claim, 'stripe_unavailable', t0 + 9, t0 + 1)],
];

export function atomicContract(harness: ContractHarness): void {
  describe('a write that fails in its middle', () => {
    it.each(writes)('%s, while %s cannot be written, leaves no trace', async (_, table, write) => {
      await harness.store.link(acme, 'cus_1', t0);
      await harness.store.recordEvent(eventFor('evt_open', subject), t0);
      const visit = { ...acme, id: 'v1', customer: 'cus_1', kind: 'portal', seen: 0 } as const;
      await harness.store.openVisit({ ...visit, openedAt: t0, expiresAt: t0 + lease });
      await harness.store.openVisit({ ...visit, id: 'v2', openedAt: t0, expiresAt: t0 + lease });
      await harness.store.settleVisit('v2', 'unchanged', [t0 + 500]);
      const claim = await harness.claimOne(t0);

      const before = await harness.rows();
      const mend = await harness.breakWrites(table);
      await expect(write(harness.store, claim)).rejects.toMatchObject({
        name: 'StoreUnavailableError',
        code: 'store_unavailable',
        cause: expect.any(Error),
      });
      expect(await harness.rows()).toEqual(before);

      await mend();
      await write(harness.store, claim);
      expect(await harness.rows()).not.toEqual(before);
    });
  });
}
