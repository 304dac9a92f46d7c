/** Visits: found by their own, returned, settled, looked at again. */

import { beforeEach, describe, expect, it } from 'vitest';
import { clockSkewMs } from '../../server/src/ledger/clocks.ts';
import { openVisitsPerAccount } from '../../server/src/ledger/visits.ts';
import { acme, lease, t0, factsWith, type ContractHarness } from './harness.ts';

export function visitsContract(harness: ContractHarness): void {
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
      await harness.store.link(acme, 'cus_1', t0);
      await harness.syncOnce(factsWith(), t0);
      await harness.store.openVisit(visit);
    });

    it('are found by their own account, until they expire', async () => {
      expect(await harness.store.findVisit('v1', acme, t0 + 9_999)).toMatchObject({
        ...visit,
        returnTicket: null,
        outcome: null,
      });
      expect(await harness.store.findVisit('v1', acme, t0 + 10_000)).toBeNull();
      expect(await harness.store.findVisit('v1', { host: 'acme', account: 'team_2' }, t0)).toBeNull();
      expect(await harness.store.findVisit('v1', { host: 'other', account: 'team_1' }, t0)).toBeNull();
      expect(await harness.store.findVisit('v2', acme, t0)).toBeNull();
    });

    it('end when their account opens too many, the oldest first, and no other account’s', async () => {
      const other = { ...visit, host: 'acme', account: 'team_2', id: 'other' };
      await harness.store.openVisit(other);
      const ids = Array.from({ length: openVisitsPerAccount }, (_, index) => `more_${index}`);
      for (const [index, id] of ids.entries())
        await harness.store.openVisit({ ...visit, id, openedAt: t0 + 1 + index });
      expect(await harness.store.findVisit('v1', acme, t0 + 100)).toBeNull();
      expect(await harness.store.findVisit('more_0', acme, t0 + 100)).not.toBeNull();
      expect(await harness.store.findVisit('other', other, t0 + 100)).not.toBeNull();
    });

    const everyMs = 5_000;
    const come = (id: string, at: number) => harness.store.returnVisit(id, everyMs, at);
    const openAnother = (id: string) => harness.store.openVisit({ ...visit, id });
    const settle = (id = 'v1') => harness.store.settleVisit(id, 'unchanged', []);

    it('raise a ticket, and wait for a fetch that begins after the return', async () => {
      await harness.store.raiseTicket('cus_1', 'webhook', t0 + 1);
      const early = await harness.claimOne(t0 + 1);
      expect(await come('v1', t0 + 2)).toBe(3);
      expect(await harness.store.claim(t0 + 3, lease, 10), 'the look under way keeps its lease').toEqual([]);
      const looked = {
        facts: factsWith({ methodDigest: 'early' }),
        fetchedAt: t0 + 1,
        nextChangeAt: null,
        now: t0 + 3,
      };
      expect(await harness.store.apply(early, looked), 'and what it brings is written').toMatchObject({
        applied: true,
      });
      expect(await harness.claimOne(t0 + 3)).toMatchObject({ ticket: 3, cause: 'return' });
    });

    it('of one customer share a raised ticket that is not yet claimed', async () => {
      await harness.store.raiseTicket('cus_1', 'webhook', t0 + 1);
      expect(await come('v1', t0 + 2)).toBe(2);
      for (let index = 0; index < 5; index++) {
        await openAnother(`more_${index}`);
        expect(await come(`more_${index}`, t0 + 3)).toBe(2);
      }
      await harness.claimOne(t0 + 4);
      await openAnother('v2');
      await openAnother('v3');
      expect(await come('v2', t0 + 5), 'that look began before').toBe(3);
      expect(await come('v3', t0 + 6)).toBe(3);
      expect(await harness.ticketOf()).toBe(3);
    });

    it('share it again after a failed sync: the next one begins later', async () => {
      expect(await come('v1', t0 + 1)).toBe(2);
      await harness.store.fail(await harness.claimOne(t0 + 2), 'stripe_unavailable', t0 + 9_000, t0 + 3);
      await openAnother('v2');
      expect(await come('v2', t0 + 4)).toBe(2);
    });

    it('keep their ticket until it is synced and answered, however often the page asks (H4)', async () => {
      expect(await come('v1', t0)).toBe(2);
      const look = await harness.claimOne(t0 + 1);
      for (const at of [4_000, 9_000, 14_000]) expect(await come('v1', t0 + at)).toBe(2);
      await harness.store.apply(look, { facts: factsWith(), fetchedAt: t0 + 1, nextChangeAt: null, now: t0 + 15_000 });
      expect(await come('v1', t0 + 16_000), 'nobody has heard of it').toBe(2);
      expect(await harness.store.findVisit('v1', acme, t0)).toMatchObject({ returnTicket: 2 });
      await settle();
      expect(await come('v1', t0 + 17_000), 'another return').toBe(3);
      expect(await harness.store.findVisit('v1', acme, t0), 'and unsettled by it').toMatchObject({ outcome: null });
    });

    it('keep a ticket that is not synced, also where they have an answer already', async () => {
      expect(await come('v1', t0)).toBe(2);
      await harness.claimOne(t0 + 1);
      await settle();
      expect(await come('v1', t0 + 2 * everyMs)).toBe(2);
    });

    it('keep it by clocks that are as far apart as they may be', async () => {
      expect(await come('v1', t0 + clockSkewMs)).toBe(2);
      await harness.claimOne(t0 + clockSkewMs);
      expect(await come('v1', t0)).toBe(2);
    });

    it('raise another when the page was away, for later changes are not in the former', async () => {
      await harness.store.openVisit({ ...visit, id: 'long', expiresAt: t0 + 1_000_000 });
      expect(await come('long', t0)).toBe(2);
      await harness.syncOnce(factsWith(), t0 + 1);
      expect(await come('long', t0 + 5_000)).toBe(2);
      expect(await come('long', t0 + 5_000 + 39_999)).toBe(2);
      expect(await come('long', t0 + 5_000 + 39_999 + 40_000)).toBe(3);
    });

    it('are noted once in a while where their page keeps asking', async () => {
      const noted = async () => (await harness.rows())['visits'];
      await come('v1', t0);
      const before = await noted();
      await come('v1', t0 + 4_999);
      expect(await noted()).toEqual(before);
      await come('v1', t0 + 5_000);
      expect(await noted()).not.toEqual(before);
    });

    it('are found before they return', async () => {
      await expect(come('stranger', t0)).rejects.toThrow('a visit must be found before it can return');
    });

    it('raise one ticket at a first return, and at most one in a while at later ones', async () => {
      expect(await come('v1', t0)).toBe(2);
      await harness.syncOnce(factsWith(), t0);
      await settle();
      expect(await come('v1', t0 + 4_999)).toBe(2);
      await openAnother('v2');
      expect(await come('v2', t0 + 4_999), 'a first return may be of something later').toBe(3);
      await harness.syncOnce(factsWith(), t0 + 4_999);
      await settle('v2');
      expect(await come('v1', t0 + 9_998), 'the other visit’s look is young enough').toBe(3);
      await settle();
      expect(await come('v1', t0 + 9_999)).toBe(4);
      expect(await harness.ticketOf()).toBe(4);
    });

    it('are not blocked by a clock that was set back an hour', async () => {
      const hour = 3_600_000;
      expect(await come('v1', t0 + hour)).toBe(2);
      await harness.syncOnce(factsWith(), t0 + hour);
      await harness.store.settleVisit('v1', 'unchanged', [t0 + hour + 5_000, t0 + hour + 30_000]);
      expect(await come('v1', t0)).toBe(3);
      await harness.syncOnce(factsWith(), t0);
      expect(await harness.store.raiseRechecks(t0)).toBe(1);
    });

    it('raise no ticket of a deleted customer', async () => {
      await harness.store.raiseTicket('cus_1', 'webhook', t0);
      await harness.syncOnce(factsWith({ deleted: true }), t0);
      expect(await come('v1', t0 + 1)).toBe(0);
    });

    it('settle; unchanged may become changed, changed stays', async () => {
      await harness.store.settleVisit('v1', 'unchanged', []);
      expect(await harness.store.findVisit('v1', acme, t0)).toMatchObject({ outcome: 'unchanged' });
      await harness.store.settleVisit('v1', 'changed', []);
      await harness.store.settleVisit('v1', 'unchanged', []);
      expect(await harness.store.findVisit('v1', acme, t0)).toMatchObject({ outcome: 'changed' });
    });

    it('are rechecked at their times, each once', async () => {
      await harness.store.settleVisit('v1', 'unchanged', [t0 + 5_000, t0 + 30_000]);
      await harness.store.settleVisit('v1', 'unchanged', [t0 + 6_000, t0 + 31_000]);
      expect(await harness.store.raiseRechecks(t0 + 4_999)).toBe(0);
      expect(await harness.store.raiseRechecks(t0 + 5_000)).toBe(1);
      expect(await harness.store.raiseRechecks(t0 + 29_999)).toBe(0);
      expect(await harness.store.raiseRechecks(t0 + 30_000)).toBe(1);
      expect(await harness.store.raiseRechecks(t0 + 99_000)).toBe(0);
      expect(await harness.ticketOf()).toBe(3);
      expect(await harness.claimOne(t0 + 99_000)).toMatchObject({ cause: 'return' });
    });

    it('are not rechecked once they are changed', async () => {
      await harness.store.settleVisit('v1', 'unchanged', [t0 + 5_000, t0 + 30_000]);
      await harness.store.settleVisit('v1', 'changed', []);
      expect(await harness.store.raiseRechecks(t0 + 99_000)).toBe(0);
    });
  });
}
