/** A ledger that was restored begins anew: nothing of its former life is taken for now. */

import { beforeEach, describe, expect, it } from 'vitest';
import { acme, eventFor, factsWith, lease, t0, type ContractHarness } from './harness.ts';

export function livesContract(harness: ContractHarness): void {
  describe('a new life', () => {
    const day = 24 * 60 * 60_000;
    beforeEach(async () => {
      await harness.store.link(acme, 'cus_1', t0);
      await harness.syncOnce(factsWith(), t0 + 5);
    });

    // Mutant: an epoch that only the process knows.
    it('has another epoch, which is kept', async () => {
      const { store } = harness;
      const former = store.epoch;
      await store.beginAnew(t0 + day, 0);
      expect(store.epoch).not.toBe(former);
      expect((await harness.open()).epoch).toBe(store.epoch);
    });

    // Mutants: stale since now; the lease, or the back-off, of the former life kept.
    it('has every living customer stale since its last look, and free to be taken', async () => {
      const { store } = harness;
      await store.raiseTicket('cus_1', 'webhook', t0 + 10);
      const old = await harness.claimOne(t0 + 10);
      await store.fail(old, 'stripe_unavailable', t0 + 10 * day, t0 + 11);
      await store.link({ host: 'acme', account: 'team_2' }, 'cus_2', t0);
      const [gone] = await store.claim(t0 + 12, lease, 10);
      if (gone === undefined) throw new Error('nothing was stale');
      await store.apply(gone, { facts: factsWith({ deleted: true }), fetchedAt: t0, nextChangeAt: null, now: t0 });

      expect(await store.beginAnew(t0 + day, 0)).toBe(1);
      const claims = await store.claim(t0 + day, lease, 10);
      expect(claims).toMatchObject([{ customer: 'cus_1', cause: 'reconcile', attempts: 0 }]);
      // A look of the former life that was under way in the copy is not written over those of this one.
      const at = { facts: factsWith(), fetchedAt: t0, nextChangeAt: null, now: t0 + day };
      for (const claim of claims) expect(await store.apply(claim, at)).toMatchObject({ applied: true });
      expect(await store.apply(old, at)).toMatchObject({ applied: false });
    });

    it('is as stale as the copy is old', async () => {
      await harness.store.beginAnew(t0 + day, 0);
      expect(await harness.store.findAccount(acme)).toMatchObject({ staleSince: t0 + 5, revision: 1 });
    });

    it('knows no visit, and no job under way', async () => {
      const { store } = harness;
      const visit = { ...acme, id: 'v1', customer: 'cus_1', kind: 'portal', seen: 1 } as const;
      await store.openVisit({ ...visit, openedAt: t0, expiresAt: t0 + 9 * day });
      await store.acquireJob('sweep', 0, 9 * day, t0);
      await store.beginAnew(t0 + day, 0);
      expect(await store.findVisit('v1', acme, t0 + day)).toBeNull();
      expect(await store.acquireJob('sweep', 0, lease, t0 + day + 1)).not.toBeNull();
    });

    describe('of a ledger that lost commits', () => {
      /** As a copy of earlier would be: without the events and syncs of since then. */
      const loseAll = async () => (await harness.open()).prune(t0 + day);

      it('is noticed by the process that made them, and by no other', async () => {
        const { store } = harness;
        const other = await harness.open();
        expect(await store.isIntact(t0 + 20)).toBe(true);
        await loseAll();
        expect(await store.isIntact(t0 + 20)).toBe(false);
        expect(await other.isIntact(t0 + 20)).toBe(true);
        await store.beginAnew(t0 + 20, 0);
        expect(await store.isIntact(t0 + 21), 'the new life has lost nothing').toBe(true);
      });

      it('is noticed by a lost event, though Stripe sent it again', async () => {
        const { store } = harness;
        const other = await harness.open();
        expect(await other.recordEvent(eventFor('evt_1'), t0 + 10)).toBe('queued');
        expect(await other.isIntact(t0 + 20)).toBe(true);
        await loseAll();
        expect(await store.recordEvent(eventFor('evt_1'), t0 + 30)).toBe('queued');
        expect(await other.isIntact(t0 + 40)).toBe(false);
      });

      it('is not read from an event that came twice: its row is of the first time', async () => {
        const { store } = harness;
        await store.recordEvent(eventFor('evt_1'), t0 + 10);
        expect(await store.recordEvent(eventFor('evt_1'), t0 + 30)).toBe('duplicate');
        expect(await store.isIntact(t0 + 40)).toBe(true);
      });

      it('is not taken for lost where Stripe sends an event again', async () => {
        await harness.store.recordEvent(eventFor('evt_1'), t0 + 10);
        expect(await harness.store.recordEvent(eventFor('evt_1'), t0 + 30)).toBe('duplicate');
        expect(await harness.store.isIntact(t0 + 40)).toBe(true);
      });

      it('is no news where the rows may have been pruned', async () => {
        await loseAll();
        expect(await harness.store.isIntact(t0 + 31 * day)).toBe(true);
      });

      it.runIf(harness.sharedByProcesses)('is taken up by processes that lost nothing', async () => {
        const other = await harness.open();
        await harness.store.beginAnew(t0 + day, 0);
        await other.isIntact(t0 + day);
        expect(other.epoch).toBe(harness.store.epoch);
      });
    });

    // Mutant: a second process that begins another life a moment after the first.
    it('is begun once by processes that start together', async () => {
      const other = await harness.open();
      expect(await harness.store.beginAnew(t0 + day, 60_000)).toBe(1);
      expect(await other.beginAnew(t0 + day + 5, 60_000)).toBeNull();
      expect(other.epoch).toBe(harness.store.epoch);
      expect(await other.beginAnew(t0 + day + 60_000, 60_000)).toBe(1);
    });
  });
}
