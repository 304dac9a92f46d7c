/** Claim, fetch, apply: the fence, the leases, the order of work. */

import { beforeEach, describe, expect, it } from 'vitest';
import { acme, lease, t0, factsWith, eventFor, type ContractHarness } from './harness.ts';

export function claimsContract(harness: ContractHarness): void {
  describe('claim and apply', () => {
    beforeEach(() => harness.store.link(acme, 'cus_1', t0));

    it('make a stale customer fresh', async () => {
      const claim = await harness.claimOne(t0);
      expect(claim).toMatchObject({
        customer: 'cus_1',
        ticket: 1,
        claim: 1,
        cause: 'link',
        facts: null,
        fetchedAt: null,
        linkedAt: t0,
      });
      expect(
        await harness.store.apply(claim, { facts: factsWith(), fetchedAt: t0, nextChangeAt: t0 + 5, now: t0 + 3 }),
      ).toEqual({
        applied: true,
        changed: true,
        noticesWritten: 0,
      });
      expect(await harness.store.findAccount(acme)).toMatchObject({
        syncedTicket: 1,
        staleSince: null,
        fetchedAt: t0,
        revision: 1,
        confirmedBy: 'link',
        nextChangeAt: t0 + 5,
        facts: factsWith(),
      });
      expect(await harness.store.claim(t0 + 10, lease, 10)).toEqual([]);
    });

    it('leave it stale when an event came during the fetch', async () => {
      const claim = await harness.claimOne(t0);
      await harness.store.recordEvent(eventFor('evt_1'), t0 + 1);
      expect(
        await harness.store.apply(claim, { facts: factsWith(), fetchedAt: t0, nextChangeAt: null, now: t0 + 2 }),
      ).toEqual({
        applied: true,
        changed: true,
        noticesWritten: 0,
      });
      expect(await harness.store.findAccount(acme)).toMatchObject({ ticket: 2, syncedTicket: 1, staleSince: t0 });
      expect(await harness.claimOne(t0 + 3)).toMatchObject({ ticket: 2, cause: 'webhook' });
    });

    it('give a customer to one worker until its lease ends, and then to another', async () => {
      await harness.claimOne(t0);
      expect(await harness.store.claim(t0 + lease - 1, lease, 10)).toEqual([]);
      expect(await harness.claimOne(t0 + lease)).toMatchObject({ claim: 2 });
    });

    it('release the leases of a former process at the start, where only one process runs', async () => {
      await harness.claimOne(t0);
      await harness.store.recordEvent(
        eventFor('evt_1', { concerns: 'subject', customer: null, subject: { type: 'invoice', id: 'in_1' } }),
        t0,
      );
      await harness.store.claimUnresolved(t0, lease, 10);
      const restarted = await harness.open();
      await restarted.releaseLeases();
      expect(await restarted.claim(t0 + 1, lease, 10)).toHaveLength(harness.sharedByProcesses ? 0 : 1);
      expect(await restarted.claimUnresolved(t0 + 1, lease, 10)).toHaveLength(harness.sharedByProcesses ? 0 : 1);
    });

    it('fence a slow worker: its older facts are not written after its lease ended (L32)', async () => {
      const slow = await harness.claimOne(t0);
      const quick = await harness.claimOne(t0 + lease);
      await harness.store.apply(quick, {
        facts: factsWith({ methodDigest: 'newer' }),
        fetchedAt: t0 + lease,
        nextChangeAt: null,
        now: t0 + lease,
      });
      await harness.store.raiseTicket('cus_1', 'webhook', t0 + lease + 1);
      expect(
        await harness.store.apply(slow, {
          facts: factsWith({ methodDigest: 'older' }),
          fetchedAt: t0,
          nextChangeAt: null,
          now: t0 + lease + 2,
        }),
      ).toEqual({ applied: false, changed: false, noticesWritten: 0 });
      expect((await harness.store.findAccount(acme))?.facts?.methodDigest).toBe('newer');
    });

    it('write the first of two overlapping syncs to end, also a slow worker’s, and fence the other', async () => {
      const slow = await harness.claimOne(t0);
      const quick = await harness.claimOne(t0 + lease);
      const looked = (methodDigest: string, fetchedAt: number) => ({
        facts: factsWith({ methodDigest }),
        fetchedAt,
        nextChangeAt: null,
        now: t0 + lease,
      });
      expect(await harness.store.apply(slow, looked('older', t0))).toMatchObject({ applied: true });
      // Both were under way at once, and the quick one may have read before the slow one did.
      expect(await harness.store.apply(quick, looked('newer', t0 + lease))).toMatchObject({ applied: false });
      expect((await harness.store.findAccount(acme))?.facts?.methodDigest).toBe('older');
      await harness.store.raiseTicket('cus_1', 'webhook', t0 + lease + 1);
      const next = await harness.claimOne(t0 + lease + 1);
      expect(await harness.store.apply(next, looked('newest', t0 + lease + 1))).toMatchObject({ applied: true });
    });

    it('end the lease of an overtaken sync, since its facts would not be written', async () => {
      const slow = await harness.claimOne(t0);
      await harness.store.raiseTicket('cus_1', 'webhook', t0 + 1);
      await harness.claimOne(t0 + lease);
      await harness.store.apply(slow, { facts: factsWith(), fetchedAt: t0, nextChangeAt: null, now: t0 + lease });
      expect(await harness.claimOne(t0 + lease + 1)).toMatchObject({ claim: 3, ticket: 2 });
    });

    it('do not let the slow worker’s failure touch the newer claim', async () => {
      const slow = await harness.claimOne(t0);
      await harness.claimOne(t0 + lease);
      await harness.store.fail(slow, 'stripe_unavailable', t0 + 9 * lease, t0 + lease);
      expect(await harness.store.claim(t0 + lease + 1, lease, 10), 'the newer lease still stands').toEqual([]);
      expect(await harness.claimOne(t0 + 2 * lease)).toMatchObject({ claim: 3, attempts: 0 });
    });

    it('keep the revision when the content is the same', async () => {
      await harness.syncOnce(factsWith(), t0);
      await harness.store.raiseTicket('cus_1', 'return', t0 + 1);
      expect(await harness.syncOnce(factsWith(), t0 + 2)).toEqual({
        applied: true,
        changed: false,
        noticesWritten: 0,
      });
      expect(await harness.store.findAccount(acme)).toMatchObject({
        revision: 1,
        confirmedBy: 'link',
        fetchedAt: t0 + 2,
      });
    });

    it('keep the facts of each revision', async () => {
      await harness.syncOnce(factsWith({ methodDigest: 'one' }), t0);
      await harness.store.raiseTicket('cus_1', 'return', t0 + 1);
      await harness.syncOnce(factsWith({ methodDigest: 'two' }), t0 + 1);
      expect(await harness.store.factsAt('cus_1', 1)).toEqual(factsWith({ methodDigest: 'one' }));
      expect(await harness.store.factsAt('cus_1', 2)).toEqual(factsWith({ methodDigest: 'two' }));
      expect(await harness.store.factsAt('cus_1', 3)).toBeNull();
    });

    it('back off after a failure, keep the facts, and record the failure', async () => {
      await harness.syncOnce(factsWith(), t0);
      await harness.store.raiseTicket('cus_1', 'webhook', t0 + 1);
      await harness.store.fail(await harness.claimOne(t0 + 2), 'stripe_unavailable', t0 + 5_000, t0 + 3);
      expect(await harness.store.findAccount(acme)).toMatchObject({
        facts: factsWith(),
        staleSince: t0 + 1,
        failure: { code: 'stripe_unavailable', at: t0 + 3, attempts: 1 },
      });
      expect(await harness.store.claim(t0 + 4_999, lease, 10)).toEqual([]);
      const again = await harness.claimOne(t0 + 5_000);
      expect(again).toMatchObject({ ...acme, attempts: 1, facts: factsWith(), fetchedAt: t0 });
      await harness.store.apply(again, {
        facts: factsWith(),
        fetchedAt: t0 + 5_000,
        nextChangeAt: null,
        now: t0 + 5_001,
      });
      expect(await harness.store.findAccount(acme)).toMatchObject({ failure: null, staleSince: null });
      await harness.store.raiseTicket('cus_1', 'webhook', t0 + 5_002);
      expect(await harness.claimOne(t0 + 5_003), 'the next failure is the first again').toMatchObject({ attempts: 0 });
    });

    it('cut the back-off short for a waiting page, but at most once in a while', async () => {
      await harness.store.fail(await harness.claimOne(t0), 'stripe_unavailable', t0 + 300_000, t0);
      await harness.store.prioritize('cus_1', t0 + 25_000);
      expect(await harness.store.claim(t0 + 1_999, lease, 10)).toEqual([]);
      expect(await harness.store.claim(t0 + 2_000, lease, 10)).toHaveLength(1);
    });

    it('take prioritized customers first, then the longest stale', async () => {
      await harness.store.link({ host: 'acme', account: 'team_2' }, 'cus_2', t0 + 1);
      await harness.store.link({ host: 'acme', account: 'team_3' }, 'cus_3', t0 + 2);
      await harness.store.prioritize('cus_3', t0 + 1_000);
      expect(await harness.store.claim(t0 + 3, lease, 1)).toMatchObject([{ customer: 'cus_3' }]);
      expect(await harness.store.claim(t0 + 3, lease, 1)).toMatchObject([{ customer: 'cus_1' }]);
    });

    it('take watched customers before all others', async () => {
      await harness.store.link({ host: 'acme', account: 'team_2' }, 'cus_2', t0 + 1);
      await harness.store.prioritize('cus_1', t0 + 1_000);
      expect(await harness.store.claim(t0 + 3, lease, 1, { watched: ['cus_2'] })).toMatchObject([
        { customer: 'cus_2', prioritized: true },
      ]);
    });

    it('take a customer once, first for its priority, though it is watched and waits longest too', async () => {
      await harness.store.prioritize('cus_1', t0 + 1_000);
      expect(await harness.store.claim(t0, lease, 10, { watched: ['cus_1'] })).toMatchObject([
        { customer: 'cus_1', claim: 1, prioritized: true },
      ]);
    });

    it('take those that failed by the time of their next attempts, among those that wait', async () => {
      await harness.store.fail(await harness.claimOne(t0), 'stripe_unavailable', t0 + 500, t0 + 1);
      for (const [customer, since] of Object.entries({ cus_2: 400, cus_3: 450, cus_4: 600 })) {
        await harness.store.link({ host: 'acme', account: customer }, customer, t0 + since);
      }
      await harness.store.prioritize('cus_3', t0 + 9_000);
      const order: (string | undefined)[] = [];
      for (let round = 0; round < 4; round++) {
        order.push((await harness.store.claim(t0 + 700, lease, 1))[0]?.customer);
      }
      expect(order).toEqual(['cus_3', 'cus_2', 'cus_1', 'cus_4']);
    });

    it('give each stale customer to one of two workers', async () => {
      for (let index = 2; index <= 12; index++)
        await harness.store.link({ host: 'acme', account: `team_${index}` }, `cus_${index}`, t0);
      const other = await harness.open();
      const [mine, theirs] = await Promise.all([harness.store.claim(t0, lease, 8), other.claim(t0, lease, 8)]);
      const taken = [...mine, ...theirs].map(({ customer }) => customer);
      expect(new Set(taken).size).toBe(12);
      expect(taken).toHaveLength(12);
    });
  });

  describe('time', () => {
    it('makes a customer due once, at its deadline', async () => {
      await harness.store.link(acme, 'cus_1', t0);
      await harness.store.apply(await harness.claimOne(t0), {
        facts: factsWith(),
        fetchedAt: t0,
        nextChangeAt: t0 + 100,
        now: t0,
      });
      expect(await harness.store.due(t0 + 99, 10)).toEqual([]);
      expect(await harness.store.due(t0 + 100, 10)).toMatchObject([{ customer: 'cus_1', nextChangeAt: t0 + 100 }]);
      await harness.store.raiseDue('cus_1', t0 + 100, t0 + 500, t0 + 100);
      await harness.store.raiseDue('cus_1', t0 + 100, t0 + 900, t0 + 100);
      expect(await harness.store.findAccount(acme)).toMatchObject({ ticket: 2, nextChangeAt: t0 + 500 });
      expect(await harness.claimOne(t0 + 101)).toMatchObject({ cause: 'time' });
    });
  });
}
