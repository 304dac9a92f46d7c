/** Linking: for good, one to one, with tombstones. */

import { describe, expect, it } from 'vitest';
import { acme, lease, t0, factsWith, hintFor, type Stage } from './stage.ts';

export function linkingContract(stage: Stage): void {
  describe('linking', () => {
    it('starts at ticket 1, synced 0: stale, unknown, wanted by nobody', async () => {
      expect(await stage.store.link(acme, 'cus_1', t0)).toBe('linked');
      expect(await stage.store.findAccount(acme)).toMatchObject({
        customer: 'cus_1',
        ticket: 1,
        syncedTicket: 0,
        staleSince: t0,
        facts: null,
        revision: 0,
      });
    });

    it('is for good, one customer an account and one account a customer', async () => {
      await stage.store.link(acme, 'cus_1', t0);
      expect(await stage.store.link(acme, 'cus_1', t0)).toBe('alreadyLinked');
      expect(await stage.store.link(acme, 'cus_2', t0)).toBe('accountTaken');
      expect(await stage.store.link({ host: 'acme', account: 'team_2' }, 'cus_1', t0)).toBe('customerTaken');
      expect(await stage.store.link({ host: 'other', account: 'team_1' }, 'cus_1', t0)).toBe('customerTaken');
      expect(await stage.store.link({ host: 'other', account: 'team_1' }, 'cus_2', t0)).toBe('linked');
    });

    it('leaves a tombstone of a deleted customer, and lets its account have another whose revision goes on', async () => {
      await stage.store.link(acme, 'cus_1', t0);
      await stage.syncOnce(factsWith(), t0);
      await stage.store.raiseTicket('cus_1', 'webhook', t0 + 1);
      await stage.syncOnce(factsWith({ deleted: true }), t0 + 1);
      expect((await stage.store.findAccount(acme))?.facts?.deleted).toBe(true);

      expect(await stage.store.link(acme, 'cus_1', t0 + 2)).toBe('customerDeleted');
      expect(await stage.store.link(acme, 'cus_2', t0 + 2)).toBe('linked');
      expect(await stage.store.findAccount(acme)).toMatchObject({ customer: 'cus_2', revision: 2, facts: null });
    });

    it('never claims or raises a tombstone', async () => {
      await stage.store.link(acme, 'cus_1', t0);
      await stage.syncOnce(factsWith({ deleted: true }), t0);
      expect(await stage.store.raiseTicket('cus_1', 'return', t0 + 1)).toBeNull();
      expect(await stage.store.recordEvent(hintFor('evt_1'), t0 + 1)).toBe('ignored');
      expect(await stage.store.claim(t0 + 2, lease, 10)).toEqual([]);
    });
  });
}
