/** Upkeep: one budget for all, one process at a job, and the customers that it walks through. */

import { beforeEach, describe, expect, it } from 'vitest';
import { clockSkewMs } from '../../server/src/ledger/clocks.ts';
import { acme, factsWith, eventFor, lease, t0, type ContractHarness } from './harness.ts';

export function upkeepContract(harness: ContractHarness): void {
  describe('the request budget', () => {
    it('grants a second’s worth at once, and the rest as it comes in', async () => {
      for (let spent = 0; spent < 4; spent++) expect(await harness.store.spend(4, 0, t0)).toBe(0);
      expect(await harness.store.spend(4, 0, t0)).toBe(250);
      expect(await harness.store.spend(4, 0, t0 + 249)).toBe(1);
      expect(await harness.store.spend(4, 0, t0 + 250)).toBe(0);
      expect(await harness.store.spend(4, 0, t0 + 250), 'it was taken').toBe(250);
    });

    it('holds one second’s worth at most, after any pause', async () => {
      await harness.store.spend(2, 0, t0);
      const later = t0 + 3_600_000;
      expect(await harness.store.spend(2, 0, later)).toBe(0);
      expect(await harness.store.spend(2, 0, later)).toBe(0);
      expect(await harness.store.spend(2, 0, later)).toBe(500);
    });

    it('keeps the reserve of higher priorities, and lets a click overdraw it', async () => {
      expect(await harness.store.spend(4, 3, t0)).toBe(0);
      expect(await harness.store.spend(4, 3, t0), 'three are for others').toBe(250);
      expect(await harness.store.spend(4, 0, t0)).toBe(0);
      for (let click = 0; click < 4; click++) expect(await harness.store.spend(4, -10, t0)).toBe(0);
      expect(await harness.store.spend(4, 0, t0), 'two overdrawn').toBe(750);
    });

    it('loses many at once after a 429', async () => {
      expect(await harness.store.spend(4, -100, t0, 12)).toBe(0);
      expect(await harness.store.spend(4, 0, t0)).toBe(2_250);
    });

    it('grants a request for more than it holds when it is full', async () => {
      expect(await harness.store.spend(2, 50, t0)).toBe(0);
      expect(await harness.store.spend(2, 50, t0)).toBe(500);
      expect(await harness.store.spend(2, 50, t0 + 500)).toBe(0);
    });

    it('is one for all processes, also when their clocks differ', async () => {
      const other = await harness.open();
      expect(await harness.store.spend(2, 0, t0 + 400)).toBe(0);
      expect(await other.spend(2, 0, t0)).toBe(0);
      expect(await other.spend(2, 0, t0 + 400), 'not filled twice for the same time').toBe(500);
      expect(await harness.store.spend(2, 0, t0 + 400 + clockSkewMs)).toBe(0);
      expect(await other.spend(2, -10, t0 + 400)).toBe(0);
      expect(await other.spend(2, 0, t0 + 1_400), 'nor by clocks that are as far apart as they may be').toBe(500);
    });
  });

  describe('a job', () => {
    const day = 24 * 60 * 60_000;
    const take = (now: number, everyMs = day) => harness.store.acquireJob('reconcile', everyMs, lease, now);
    const taken = async (now: number, everyMs = day) => {
      const turn = await take(now, everyMs);
      if (!turn) throw new Error('it was nobody’s turn');
      return turn;
    };

    it('is leased by one process at a time, and due again after its interval', async () => {
      const turn = await taken(t0);
      expect(turn).toEqual({ job: 'reconcile', fence: 1, startedAt: t0, progress: null, lookedUntil: 0 });
      expect(await (await harness.open()).acquireJob('reconcile', 0, lease, t0 + 1)).toBeNull();
      expect(await harness.store.acquireJob('sweep', day, lease, t0), 'another job').toMatchObject({ job: 'sweep' });

      expect(await harness.store.completeJob(turn, { drift: 0 }, t0 + 10)).toBe(true);
      expect(await take(t0 + day - 1)).toBeNull();
      expect(await take(t0 + day)).toMatchObject({ fence: 2, startedAt: t0 + day, progress: null });
    });

    it('is taken over at the cursor of a process that died', async () => {
      const turn = await taken(t0);
      expect(await harness.store.renewJob(turn, { after: 'cus_5' }, lease, t0 + 50_000)).toBe(true);
      expect(await take(t0 + 50_000 + lease - 1), 'the lease was kept').toBeNull();
      const next = await taken(t0 + 50_000 + lease);
      expect(next).toMatchObject({ job: 'reconcile', fence: 2, startedAt: t0, progress: { after: 'cus_5' } });

      expect(await harness.store.renewJob(turn, { after: 'cus_9' }, lease, t0 + 2 * lease), 'fenced').toBe(false);
      expect(await harness.store.completeJob(turn, { drift: 9 }, t0 + 2 * lease)).toBe(false);
      expect(await harness.store.lastReport('reconcile')).toBeNull();
      expect(await harness.store.completeJob(next, { drift: 1 }, t0 + 2 * lease)).toBe(true);
      expect(await harness.store.completeJob(next, { drift: 2 }, t0 + 2 * lease), 'ended once').toBe(false);
      expect(await harness.store.lastReport('reconcile')).toEqual({
        startedAt: t0,
        endedAt: t0 + 2 * lease,
        report: { drift: 1 },
      });
    });

    it('is taken up at once by a process whose own turn was interrupted, and by that process alone', async () => {
      const turn = await taken(t0);
      await harness.store.renewJob(turn, { after: 'cus_5' }, lease, t0);
      const again = await harness.store.acquireJob('reconcile', day, lease, t0 + 1, turn);
      expect(again).toMatchObject({ fence: 2, startedAt: t0, progress: { after: 'cus_5' } });
      expect(await harness.store.renewJob(turn, { after: 'cus_9' }, lease, t0 + 1), 'fenced').toBe(false);
      expect(
        await harness.store.acquireJob('reconcile', day, lease, t0 + 2, turn),
        'it is its turn no more',
      ).toBeNull();
      if (!again) throw new Error('it was not taken up');
      await harness.store.completeJob(again, { drift: 0 }, t0 + 3);
      expect(await harness.store.acquireJob('reconcile', day, lease, t0 + 4, again), 'it is done').toBeNull();
    });

    it('knows when the newest look ended, also by a clock that is set back since', async () => {
      await harness.store.link({ host: 'acme', account: 'team_1' }, 'cus_1', t0);
      await harness.store.link({ host: 'acme', account: 'team_2' }, 'cus_2', t0);
      const [first, second] = await harness.store.claim(t0, lease, 2);
      if (!first || !second) throw new Error('they are not stale');
      await harness.store.apply(first, { facts: factsWith(), fetchedAt: t0 + 900, nextChangeAt: null, now: t0 + 950 });
      await harness.store.apply(second, { facts: factsWith(), fetchedAt: t0, nextChangeAt: null, now: t0 + 10 });
      expect(await taken(t0)).toMatchObject({ lookedUntil: t0 + 950 });
    });

    it('keeps its last report while it runs again, and its lease when a server starts', async () => {
      await harness.store.completeJob(await taken(t0), { drift: 1 }, t0 + 10);
      await taken(t0 + day);
      await harness.store.releaseLeases();
      expect(await take(t0 + day + 1, 0)).toBeNull();
      expect(await harness.store.lastReport('reconcile')).toMatchObject({ startedAt: t0, report: { drift: 1 } });
    });
  });

  describe('the customers of a job', () => {
    const team = (index: number) => ({ host: 'acme', account: `team_${index}` });
    beforeEach(async () => {
      // Upper case comes before lower case, and digits before both: by bytes, in every store.
      for (const [index, customer] of ['cus_b', 'cus_C', 'cus_a', 'cus_1'].entries()) {
        await harness.store.link(team(index + 1), customer, t0);
      }
    });
    const ids = (records: readonly { customer: string }[]) => records.map(({ customer }) => customer);

    it('are walked through in one order, a page at a time, without the deleted', async () => {
      const claims = await harness.store.claim(t0, lease, 10);
      const deleted = claims.find(({ customer }) => customer === 'cus_a');
      if (!deleted) throw new Error('it was not stale');
      await harness.store.apply(deleted, {
        facts: factsWith({ deleted: true }),
        fetchedAt: t0,
        nextChangeAt: null,
        now: t0,
      });
      expect(ids(await harness.store.customersAfter(null, 2))).toEqual(['cus_1', 'cus_C']);
      expect(ids(await harness.store.customersAfter('cus_C', 2))).toEqual(['cus_b']);
      expect(await harness.store.customersAfter('cus_b', 2)).toEqual([]);
      expect(ids(await harness.store.customersAmong(['cus_a', 'cus_b', 'cus_stranger'])).toSorted()).toEqual([
        'cus_a',
        'cus_b',
      ]);
      expect(await harness.store.customersAmong([])).toEqual([]);
    });

    it('are walked through from the first, whatever id a merchant gave it', async () => {
      await harness.store.link(team(5), '42', t0);
      expect(ids(await harness.store.customersAfter(null, 2))).toEqual(['42', 'cus_1']);
    });

    it('get one ticket each in one transaction, if they are linked and not deleted', async () => {
      await harness.syncOnce(factsWith({ deleted: true }), t0);
      const [deleted] = (await harness.store.customersAmong(['cus_1', 'cus_C', 'cus_a', 'cus_b'])).filter(
        ({ facts }) => facts?.deleted,
      );
      const living = ['cus_1', 'cus_C', 'cus_a', 'cus_b'].filter((customer) => customer !== deleted?.customer);
      expect(
        await harness.store.raiseTickets(
          [...living, ...living, String(deleted?.customer), 'cus_stranger'],
          'check',
          t0 + 1,
        ),
      ).toBe(3);
      expect((await harness.store.customersAmong(living)).map(({ ticket }) => ticket)).toEqual([2, 2, 2]);
      expect(await harness.store.raiseTickets([], 'check', t0)).toBe(0);
    });

    it('are not attributed to a job when an event had come before', async () => {
      for (const claim of await harness.store.claim(t0, lease, 10)) {
        await harness.store.apply(claim, { facts: factsWith(), fetchedAt: t0, nextChangeAt: null, now: t0 });
      }
      await harness.store.recordEvent(eventFor('evt_1', { customer: 'cus_a' }), t0 + 1);
      await harness.store.raiseTickets(['cus_a', 'cus_b', 'cus_C'], 'reconcile', t0 + 2);
      const claims = await harness.store.claim(t0 + 3, lease, 10);
      expect(new Map(claims.map(({ customer, cause }) => [customer, cause]))).toEqual(
        new Map([
          ['cus_a', 'webhook'],
          ['cus_b', 'reconcile'],
          ['cus_C', 'reconcile'],
        ]),
      );

      for (const claim of claims.toSorted((a, b) => a.customer.localeCompare(b.customer))) {
        const methodDigest = claim.customer === 'cus_C' ? 'a' : 'drifted';
        await harness.store.apply(claim, {
          facts: factsWith({ methodDigest }),
          fetchedAt: t0 + 3,
          nextChangeAt: null,
          now: t0 + 4,
        });
      }
      expect(await harness.store.changesCausedBy('reconcile', t0 + 4, 10)).toEqual([
        {
          ...team(1),
          customer: 'cus_b',
          at: t0 + 4,
          revision: 2,
          before: factsWith(),
          after: factsWith({ methodDigest: 'drifted' }),
        },
      ]);
      expect(await harness.store.changesCausedBy('reconcile', t0 + 5, 10)).toEqual([]);
      expect(await harness.store.changesCausedBy('link', t0, 3), 'the first of them').toMatchObject([
        { customer: 'cus_1', before: null },
        { customer: 'cus_C' },
        { customer: 'cus_a' },
      ]);
    });

    it('of a sweep are attributed to it', async () => {
      await harness.syncOnce(factsWith(), t0);
      const fresh = (await harness.store.customersAfter(null, 10)).find(({ facts }) => facts !== null)?.customer ?? '';
      expect(await harness.store.recordEvent(eventFor('evt_1', { customer: fresh }), t0 + 1, 'sweep')).toBe('queued');
      await harness.store.recordEvent(
        eventFor('evt_2', { concerns: 'subject', customer: null, subject: { type: 'charge', id: 'ch_1' } }),
        t0 + 1,
        'sweep',
      );
      const claims = await harness.store.claim(t0 + 2 * lease, lease, 10);
      expect(claims.find(({ customer }) => customer === fresh)).toMatchObject({ cause: 'sweep' });
      await harness.store.resolveEvent('evt_2', fresh, t0 + 2 * lease);
      expect(await harness.store.recordEvent(eventFor('evt_2'), t0 + 3 * lease)).toBe('duplicate');
    });
  });

  describe('a storm of events', () => {
    beforeEach(async () => {
      await harness.store.link(acme, 'cus_1', t0);
      await harness.syncOnce(factsWith(), t0);
      await harness.store.recordEvent(eventFor('evt_1'), t0 + 100);
    });

    it('causes one fetch in a while, for a customer that is not prioritized', async () => {
      expect(await harness.store.claim(t0 + 999, lease, 10, { restMs: 1_000 })).toEqual([]);
      expect(await harness.store.claim(t0 + 1_000, lease, 10, { restMs: 1_000 })).toMatchObject([
        { customer: 'cus_1', prioritized: false, staleSince: t0 + 100, claimedAt: t0 + 1_000 },
      ]);
    });

    it('does not delay a waiting page', async () => {
      await harness.store.prioritize('cus_1', t0 + 500);
      expect(await harness.store.claim(t0 + 101, lease, 10, { restMs: 1_000 })).toMatchObject([{ prioritized: true }]);
    });

    it('does not delay a first sync', async () => {
      await harness.store.link({ host: 'acme', account: 'team_2' }, 'cus_2', t0 + 200);
      expect(await harness.store.claim(t0 + 200, lease, 10, { restMs: 1_000 })).toMatchObject([{ customer: 'cus_2' }]);
    });

    it('leaves a worker’s place for prioritized customers', async () => {
      await harness.store.link({ host: 'acme', account: 'team_2' }, 'cus_2', t0 + 200);
      expect(await harness.store.claim(t0 + 200, lease, 10, { prioritized: true })).toEqual([]);
      await harness.store.prioritize('cus_2', t0 + 1_000);
      expect(await harness.store.claim(t0 + 200, lease, 10, { prioritized: true })).toMatchObject([
        { customer: 'cus_2', prioritized: true },
      ]);
    });

    it('goes first no longer where it did so often enough, and is fetched among the others', async () => {
      await harness.store.prioritize('cus_1', t0 + 5_000);
      const resting = ['cus_1'];
      const watched = ['cus_1'];
      const first = { prioritized: true, watched, resting };
      expect(await harness.store.claim(t0 + 200, lease, 10, first)).toEqual([]);
      const others = { prioritized: false, restMs: 1_000 };
      expect(await harness.store.claim(t0 + 200, lease, 10, others)).toEqual([]);
      expect(await harness.store.claim(t0 + 1_000, lease, 10, others)).toMatchObject([
        { customer: 'cus_1', prioritized: false },
      ]);
    });
  });
}
