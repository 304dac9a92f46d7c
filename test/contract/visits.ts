/** Visits: found by their own, returned, settled, looked at again. */

import { beforeEach, describe, expect, it } from 'vitest';
import { acme, t0, factsWith, type Stage } from './stage.ts';

export function visitsContract(stage: Stage): void {
  describe('visits', () => {
    const visit = {
      ...acme,
      id: 'v1',
      customer: 'cus_1',
      kind: 'portal',
      seen: 0,
      openedAt: t0,
      expiresAt: t0 + 10_000,
    } as const;
    beforeEach(async () => {
      await stage.store.link(acme, 'cus_1', t0);
      await stage.syncOnce(factsWith(), t0);
      await stage.store.openVisit(visit);
    });

    it('are found by their own account, until they expire', async () => {
      expect(await stage.store.findVisit('v1', acme, t0 + 9_999)).toMatchObject({
        ...visit,
        returnTicket: null,
        outcome: null,
      });
      expect(await stage.store.findVisit('v1', acme, t0 + 10_000)).toBeNull();
      expect(await stage.store.findVisit('v1', { host: 'acme', account: 'team_2' }, t0)).toBeNull();
      expect(await stage.store.findVisit('v1', { host: 'other', account: 'team_1' }, t0)).toBeNull();
      expect(await stage.store.findVisit('v2', acme, t0)).toBeNull();
    });

    it('raise at most one ticket in a while, and name the one to wait for', async () => {
      expect(await stage.store.returnVisit('v1', 5_000, t0 + 1)).toBe(2);
      expect(await stage.store.returnVisit('v1', 5_000, t0 + 5_000)).toBe(2);
      expect(await stage.store.returnVisit('v1', 5_000, t0 + 5_001)).toBe(3);
      expect(await stage.ticketOf()).toBe(3);
    });

    it('do not wait for a fetch that began before the return; it is fenced', async () => {
      await stage.store.raiseTicket('cus_1', 'webhook', t0 + 1);
      const early = await stage.claimOne(t0 + 1);
      await stage.store.returnVisit('v1', 5_000, t0 + 2);
      const answering = await stage.claimOne(t0 + 2);
      expect(answering.ticket).toBe(3);
      expect(
        await stage.store.apply(early, {
          facts: factsWith({ methodDigest: 'early' }),
          fetchedAt: t0 + 1,
          nextChangeAt: null,
          now: t0 + 3,
        }),
      ).toMatchObject({
        applied: false,
      });
      expect(
        await stage.store.apply(answering, { facts: factsWith(), fetchedAt: t0 + 2, nextChangeAt: null, now: t0 + 3 }),
      ).toMatchObject({ applied: true });
    });

    it('settle; unchanged may become changed, changed stays', async () => {
      await stage.store.settleVisit('v1', 'unchanged', []);
      expect(await stage.store.findVisit('v1', acme, t0)).toMatchObject({ outcome: 'unchanged' });
      await stage.store.settleVisit('v1', 'changed', []);
      await stage.store.settleVisit('v1', 'unchanged', []);
      expect(await stage.store.findVisit('v1', acme, t0)).toMatchObject({ outcome: 'changed' });
    });

    it('are looked at again at their times, each once', async () => {
      await stage.store.settleVisit('v1', 'unchanged', [t0 + 5_000, t0 + 30_000]);
      await stage.store.settleVisit('v1', 'unchanged', [t0 + 6_000, t0 + 31_000]);
      expect(await stage.store.raiseRechecks(t0 + 4_999)).toBe(0);
      expect(await stage.store.raiseRechecks(t0 + 5_000)).toBe(1);
      expect(await stage.store.raiseRechecks(t0 + 29_999)).toBe(0);
      expect(await stage.store.raiseRechecks(t0 + 30_000)).toBe(1);
      expect(await stage.store.raiseRechecks(t0 + 99_000)).toBe(0);
      expect(await stage.ticketOf()).toBe(3);
    });

    it('are not looked at again once they turned out changed', async () => {
      await stage.store.settleVisit('v1', 'unchanged', [t0 + 5_000, t0 + 30_000]);
      await stage.store.settleVisit('v1', 'changed', []);
      expect(await stage.store.raiseRechecks(t0 + 99_000)).toBe(0);
    });
  });
}
