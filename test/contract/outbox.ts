/** The outbox: written with the facts, told once, in each account’s order. */

import { beforeEach, describe, expect, it } from 'vitest';
import { acme, lease, t0, factsWith, type ContractHarness } from './harness.ts';
import type { OutboxEntry, NoticeClaim } from '../../server/src/ledger/outbox.ts';

export function outboxContract(harness: ContractHarness): void {
  describe('the outbox', () => {
    const webhook = { host: 'acme', receiver: 'webhook' } as const;
    const entry = (id: string, change: Partial<OutboxEntry> = {}): OutboxEntry => ({
      id,
      receiver: 'webhook',
      type: 'subscription.kept',
      data: { subscription: id, plan: null },
      ...change,
    });
    const tell = async (notices: readonly OutboxEntry[], at: number, customer = 'cus_1') => {
      await harness.store.raiseTicket(customer, 'webhook', at);
      const claims = await harness.store.claim(at, lease, 20);
      const claim = claims.find((each) => each.customer === customer);
      if (!claim) throw new Error('nothing was stale');
      return await harness.store.apply(claim, {
        facts: factsWith(),
        fetchedAt: at,
        nextChangeAt: null,
        now: at + 1,
        notices,
      });
    };
    const ids = (claims: readonly NoticeClaim[]) => claims.map(({ id }) => id);
    const take = async (now: number, limit = 10) => harness.store.claimNotices(webhook, now, lease, limit);
    const takeOne = async (now: number): Promise<NoticeClaim> => {
      const [claim] = await take(now);
      if (!claim) throw new Error('nothing was to be told');
      return claim;
    };
    beforeEach(() => harness.store.link(acme, 'cus_1', t0));

    it('is written with the facts, whether or not their content differs', async () => {
      expect(await tell([entry('n1')], t0)).toMatchObject({ changed: true, noticesWritten: 1 });
      expect(await takeOne(t0 + 2)).toEqual({ ...acme, ...entry('n1'), revision: 1, at: t0, attempts: 1 });
      await harness.store.noticeDelivered(await takeOne(t0 + 2 + lease), t0 + 2 + lease);
      expect(await tell([entry('n2')], t0 + 5)).toMatchObject({ changed: false, noticesWritten: 1 });
      expect(await (await harness.open()).claimNotices(webhook, t0 + 9, lease, 10)).toMatchObject([
        { id: 'n2', revision: 1 },
      ]);
    });

    it('gives as many notices as are asked for, those that are tried again among them', async () => {
      await tell([entry('n1')], t0);
      await takeOne(t0 + 2);
      await harness.store.link({ ...acme, account: 'team_2' }, 'cus_2', t0 + 4);
      await tell([entry('n2')], t0 + 5, 'cus_2');
      expect(ids(await take(t0 + 2 + lease, 1))).toEqual(['n1']);
      expect(ids(await take(t0 + 2 + lease, 1))).toEqual(['n2']);
    });

    it('has no notice of a fenced worker', async () => {
      const slow = await harness.claimOne(t0);
      const quick = await harness.claimOne(t0 + lease);
      const looked = (by: string, fetchedAt: number) => ({
        facts: factsWith(),
        fetchedAt,
        nextChangeAt: null,
        now: t0 + lease,
        notices: [entry(by)],
      });
      await harness.store.apply(quick, looked('quick', t0 + lease));
      expect(await harness.store.apply(slow, looked('slow', t0))).toMatchObject({ applied: false, noticesWritten: 0 });
      expect(ids(await take(t0 + lease))).toEqual(['quick']);
    });

    it('has no notice when the facts are not written', async () => {
      const claim = await harness.claimOne(t0);
      const unwritable = entry('n1', {
        data: {
          toJSON() {
            throw new Error('unwritable');
          },
        },
      });
      await expect(
        harness.store.apply(claim, {
          facts: factsWith({ methodDigest: 'new' }),
          fetchedAt: t0,
          nextChangeAt: null,
          now: t0,
          notices: [entry('n0'), unwritable],
        }),
      ).rejects.toThrow('unwritable');
      expect(await harness.store.findAccount(acme)).toMatchObject({ facts: null, syncedTicket: 0 });
      expect(await take(t0)).toEqual([]);
    });

    it('has each fact once for each receiver', async () => {
      expect(await tell([entry('n1'), entry('n1', { receiver: 'process' })], t0)).toMatchObject({ noticesWritten: 2 });
      await harness.store.noticeDelivered(await takeOne(t0 + 2), t0 + 2);
      expect(await tell([entry('n1'), entry('n1', { receiver: 'process' })], t0 + 5)).toMatchObject({
        noticesWritten: 0,
      });
      expect(await take(t0 + 9)).toEqual([]);
      const toProcess = { host: 'acme', receiver: 'process' } as const;
      expect(ids(await harness.store.claimNotices(toProcess, t0 + 9, lease, 10))).toEqual(['n1']);
      expect(await harness.store.claimNotices({ host: 'other', receiver: 'webhook' }, t0 + 9, lease, 10)).toEqual([]);
    });

    it('keeps each account’s order: the next one waits for the one before, other accounts do not', async () => {
      await harness.store.link({ host: 'acme', account: 'team_2' }, 'cus_2', t0);
      await tell([entry('n1'), entry('n2')], t0);
      await tell([entry('n3')], t0 + lease);
      await tell([entry('m1')], t0 + 2 * lease, 'cus_2');

      const now = t0 + 3 * lease;
      const [first, other] = await take(now);
      expect([first?.id, other?.id]).toEqual(['n1', 'm1']);
      expect(await take(now), 'the rest waits').toEqual([]);
      if (!first || !other) throw new Error('two were to be told');
      await harness.store.noticeDelivered(other, now);

      await harness.store.noticeFailed(first, 'webhook_refused', now + 500, now);
      expect(await take(now + 499), 'also while the first one backs off').toEqual([]);
      await harness.store.noticeDelivered(await takeOne(now + 500), now + 500);
      await harness.store.noticeFailed(await takeOne(now + 501), 'webhook_refused', null, now + 502);
      expect(ids(await take(now + 503)), 'a given up one stands in nobody’s way').toEqual(['n3']);
    });

    it('is claimed oldest first, and by one of two deliverers', async () => {
      for (let index = 2; index <= 12; index++) {
        await harness.store.link({ host: 'acme', account: `team_${index}` }, `cus_${index}`, t0);
        await harness.store.claim(t0, lease, 1);
      }
      for (let index = 2; index <= 12; index++) await tell([entry(`n${index}`)], t0 + index * lease, `cus_${index}`);
      const other = await harness.open();
      const now = t0 + 20 * lease;
      const [mine, theirs] = await Promise.all([take(now, 6), other.claimNotices(webhook, now, lease, 6)]);
      const all = Array.from({ length: 11 }, (_, index) => `n${index + 2}`);
      expect([...ids(mine), ...ids(theirs)].toSorted(byNumber)).toEqual(all);
      expect(ids(mine)).toEqual(ids(mine).toSorted(byNumber));
      expect(ids(theirs)).toEqual(ids(theirs).toSorted(byNumber));
    });

    it('delivers again after a crash between claim and delivery: when the lease ends, or at once where one process works alone', async () => {
      await tell([entry('n1')], t0);
      await takeOne(t0 + 1);
      expect(await take(t0 + lease)).toEqual([]);
      expect(await takeOne(t0 + 1 + lease)).toMatchObject({ id: 'n1', attempts: 2 });
      const restarted = await harness.open();
      await restarted.releaseLeases();
      expect(await restarted.claimNotices(webhook, t0 + 2 + lease, lease, 10)).toHaveLength(
        harness.sharedByProcesses ? 0 : 1,
      );
    });

    it('does not let a slow deliverer’s failure touch the newer claim, but takes its success', async () => {
      await tell([entry('n1')], t0);
      const slow = await takeOne(t0 + 1);
      await takeOne(t0 + 1 + lease);
      await harness.store.noticeFailed(slow, 'webhook_timeout', null, t0 + 2 + lease);
      expect(await take(t0 + 3 + lease), 'neither given up nor back in the queue').toEqual([]);
      expect(await takeOne(t0 + 1 + 2 * lease)).toMatchObject({ id: 'n1', attempts: 3 });
      await harness.store.noticeDelivered(slow, t0 + 2 * lease);
      expect(await take(t0 + 9 * lease)).toEqual([]);
    });

    it('is deleted some time after it was told, and the same fact can then be queued again', async () => {
      await tell([entry('n1')], t0);
      await tell([entry('n2')], t0);
      await harness.store.noticeDelivered(await takeOne(t0 + 1), t0 + 2);
      await tell([entry('n3')], t0 + 100);
      await harness.store.noticeDelivered(await takeOne(t0 + 101), t0 + 102);
      await harness.store.prune(t0 + 50);
      expect(ids(await take(t0 + 200)), 'n2 was told').toEqual(['n3']);
      expect(await tell([entry('n1')], t0 + 300)).toMatchObject({ noticesWritten: 1 });
    });

    it('waits for a host that was away, however long, and so does the one behind it', async () => {
      await tell([entry('n1'), entry('n2')], t0);
      const claimed = await takeOne(t0 + 1);
      await harness.store.prune(t0 + 50);
      expect(await take(t0 + 51), 'the first is under way').toEqual([]);
      await harness.store.noticeDelivered(claimed, t0 + 52);
      expect(ids(await take(t0 + 53))).toEqual(['n2']);
    });
  });
}

const byNumber = (a: string, b: string): number => Number(a.slice(1)) - Number(b.slice(1));
