/** Linking: for good, one to one, with tombstones. */

import { describe, expect, it } from 'vitest';
import { acme, lease, t0, factsWith, eventFor, type ContractHarness } from './harness.ts';

export function linkingContract(harness: ContractHarness): void {
  describe('linking', () => {
    it('starts at ticket 1, synced 0: stale, unknown, not prioritized', async () => {
      expect(await harness.store.link(acme, 'cus_1', t0)).toBe('linked');
      expect(await harness.store.findAccount(acme)).toMatchObject({
        ...acme,
        customer: 'cus_1',
        ticket: 1,
        syncedTicket: 0,
        staleSince: t0,
        facts: null,
        revision: 0,
      });
    });

    it('is permanent, one customer an account and one account a customer', async () => {
      await harness.store.link(acme, 'cus_1', t0);
      expect(await harness.store.link(acme, 'cus_1', t0)).toBe('alreadyLinked');
      expect(await harness.store.link(acme, 'cus_2', t0)).toBe('accountTaken');
      expect(await harness.store.link({ host: 'acme', account: 'team_2' }, 'cus_1', t0)).toBe('customerTaken');
      expect(await harness.store.link({ host: 'other', account: 'team_1' }, 'cus_1', t0)).toBe('customerTaken');
      expect(await harness.store.link({ host: 'other', account: 'team_1' }, 'cus_2', t0)).toBe('linked');
    });

    it('leaves a tombstone of a deleted customer, and lets its account have another whose revision goes on', async () => {
      await harness.store.link(acme, 'cus_1', t0);
      await harness.syncOnce(factsWith(), t0);
      await harness.store.raiseTicket('cus_1', 'webhook', t0 + 1);
      await harness.store.apply(await harness.claimOne(t0 + 1), {
        facts: factsWith({ deleted: true }),
        fetchedAt: t0 + 1,
        nextChangeAt: t0 + 9,
        now: t0 + 1,
      });
      const tombstone = await harness.store.findAccount(acme);
      expect(tombstone?.facts?.deleted).toBe(true);
      expect(tombstone?.nextChangeAt, 'time changes nothing any more').toBeNull();

      expect(await harness.store.link(acme, 'cus_1', t0 + 2)).toBe('customerDeleted');
      expect(await harness.store.link(acme, 'cus_2', t0 + 2)).toBe('linked');
      expect(await harness.store.findAccount(acme)).toMatchObject({ customer: 'cus_2', revision: 2, facts: null });
    });

    it('tells the facts of all deleted customers of an account, and of no other (F8)', async () => {
      const deleted = (name: string) => factsWith({ deleted: true, billingDetailsDigest: name });
      const links = [
        ['team_1', 'cus_1'],
        ['team_2', 'cus_2'],
        ['team_1', 'cus_3'],
      ] as const;
      for (const [index, [account, customer]] of links.entries()) {
        const at = t0 + 2 * index;
        await harness.store.link({ ...acme, account }, customer, at);
        const fetched = { facts: deleted(customer), fetchedAt: at, nextChangeAt: null, now: at + 1 };
        await harness.store.apply(await harness.claimOne(at), fetched);
      }
      await harness.store.link(acme, 'cus_4', t0 + 9);
      await harness.syncOnce(factsWith(), t0 + 9);
      const former = await harness.store.formerFacts(acme);
      const names = former.map(({ billingDetailsDigest }) => billingDetailsDigest);
      expect(names.toSorted()).toEqual(['cus_1', 'cus_3']);
    });

    it.each([
      ['cus_a', 'cus_b'],
      ['cus_b', 'cus_a'],
    ])('shows the last of several deleted customers: %s, then %s', async (first, last) => {
      for (const [index, customer] of [first, last].entries()) {
        await harness.store.link(acme, customer, t0 + 2 * index);
        const claim = await harness.claimOne(t0 + 2 * index);
        await harness.store.apply(claim, {
          facts: factsWith({ deleted: true }),
          fetchedAt: t0,
          nextChangeAt: null,
          now: t0 + 2 * index + 1,
        });
      }
      expect(await harness.store.findAccount(acme)).toMatchObject({ customer: last });
      expect((await harness.store.readAccount(acme)).record).toMatchObject({ customer: last });
    });

    it('leaves no tombstone stale, whatever was raised while it was fetched', async () => {
      await harness.store.link(acme, 'cus_1', t0);
      const claim = await harness.claimOne(t0);
      const raised = await harness.store.raiseTicket('cus_1', 'check', t0 + 1);
      await harness.store.apply(claim, {
        facts: factsWith({ deleted: true }),
        fetchedAt: t0,
        nextChangeAt: null,
        now: t0 + 2,
      });
      const record = await harness.store.findAccount(acme);
      expect(record).toMatchObject({ staleSince: null, syncedTicket: raised, ticket: raised });
    });

    it('never claims or raises a tombstone', async () => {
      await harness.store.link(acme, 'cus_1', t0);
      await harness.syncOnce(factsWith({ deleted: true }), t0);
      expect(await harness.store.raiseTicket('cus_1', 'return', t0 + 1)).toBeNull();
      expect(await harness.store.recordEvent(eventFor('evt_1'), t0 + 1)).toBe('ignored');
      expect(await harness.store.claim(t0 + 2, lease, 10)).toEqual([]);
    });
  });
}
