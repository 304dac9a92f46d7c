/** The history of an account, in order; the ledger's figures; and the rows that retention keeps. */

import { describe, expect, it } from 'vitest';
import { acme, factsWith, eventFor, lease, t0, type ContractHarness } from './harness.ts';

export function trailContract(harness: ContractHarness): void {
  const visit = { ...acme, id: 'v1', customer: 'cus_1', kind: 'portal', seen: 1 } as const;
  const notice = { id: 'n1', receiver: 'webhook', type: 'subscription.kept', data: {} } as const;
  const old = factsWith({ methodDigest: 'old' });
  const fresh = factsWith({ methodDigest: 'new' });

  describe('an account’s timeline', () => {
    it('has every step from the link to the notice, with its cause', async () => {
      const over = t0 + 30 + lease;
      await harness.store.link(acme, 'cus_1', t0);
      await harness.syncOnce(old, t0 + 1);
      await harness.store.openVisit({ ...visit, openedAt: t0 + 10, expiresAt: t0 + 9 * lease });
      await harness.store.recordEvent(eventFor('evt_1'), t0 + 20);
      await harness.store.fail(await harness.claimOne(t0 + 21), 'stripe_unavailable', t0 + 30, t0 + 25);
      const slow = await harness.claimOne(t0 + 30);
      await harness.store.returnVisit('v1', 5_000, t0 + 40);
      await harness.store.returnVisit('v1', 5_000, t0 + 6_000);
      const quick = await harness.claimOne(over);
      await harness.store.apply(quick, {
        facts: fresh,
        fetchedAt: over + 1,
        nextChangeAt: null,
        now: over + 2,
        notices: [notice],
      });
      await harness.store.apply(slow, { facts: old, fetchedAt: t0 + 31, nextChangeAt: null, now: over + 3 });
      await harness.store.settleVisit('v1', 'changed', []);
      await harness.store.raiseTicket('cus_1', 'webhook', over + 1_000);
      await harness.syncOnce(fresh, over + 1_001);

      const [told] = await harness.store.claimNotices({ host: 'acme', receiver: 'webhook' }, over + 1_002, lease, 1);
      if (!told) throw new Error('nothing was to be told');
      await harness.store.noticeDelivered(told, over + 1_003);
      // A slow deliverer, whose lease was over. The host was told before.
      await harness.store.noticeDelivered(told, over + 9_000);

      const customer = 'cus_1';
      const timeline = await harness.store.timeline(acme, t0, 100);
      expect(timeline).toEqual([
        { at: t0, customer, what: 'linked' },
        {
          at: t0 + 1,
          customer,
          what: 'sync',
          cause: 'link',
          ticket: 1,
          claim: 1,
          endedAt: t0 + 1,
          outcome: 'changed',
        },
        { at: t0 + 1, customer, what: 'change', revision: 1, confirmedBy: 'link', before: null, after: old },
        { at: t0 + 10, customer, what: 'visit', kind: 'portal', returnedAt: t0 + 40, outcome: 'changed' },
        { at: t0 + 20, customer, what: 'event', event: 'evt_1', type: 'invoice.paid', via: 'webhook' },
        {
          at: t0 + 21,
          customer,
          what: 'sync',
          cause: 'webhook',
          ticket: 2,
          claim: 2,
          endedAt: t0 + 25,
          outcome: 'stripe_unavailable',
        },
        {
          at: t0 + 30,
          customer,
          what: 'sync',
          cause: 'webhook',
          ticket: 2,
          claim: 3,
          endedAt: over + 3,
          outcome: 'fenced',
        },
        {
          at: over,
          customer,
          what: 'sync',
          cause: 'return',
          ticket: 3,
          claim: 4,
          endedAt: over + 2,
          outcome: 'changed',
        },
        { at: over + 2, customer, what: 'change', revision: 2, confirmedBy: 'return', before: old, after: fresh },
        {
          at: over + 2,
          customer,
          what: 'notice',
          type: 'subscription.kept',
          receiver: 'webhook',
          attempts: 1,
          settledAt: over + 1_003,
          outcome: 'delivered',
        },
        {
          at: over + 1_001,
          customer,
          what: 'sync',
          cause: 'webhook',
          ticket: 4,
          claim: 5,
          endedAt: over + 1_001,
          outcome: 'unchanged',
        },
      ]);
      expect(await harness.store.timeline(acme, over + 1, 100), 'since a moment').toEqual(timeline.slice(-3));
      expect(await harness.store.timeline(acme, t0, 4), 'the newest').toEqual(timeline.slice(-4));
      expect(await harness.store.timeline({ host: 'other', account: 'team_1' }, t0, 100)).toEqual([]);
    });

    it('goes on over a deleted customer, and has no other account’s entries', async () => {
      await harness.store.link(acme, 'cus_1', t0);
      await harness.syncOnce(factsWith({ deleted: true }), t0 + 1);
      await harness.store.link(acme, 'cus_2', t0 + 2);
      await harness.store.link({ host: 'acme', account: 'team_2' }, 'cus_3', t0 + 2);
      await harness.store.recordEvent(
        eventFor('evt_1', { concerns: 'subject', customer: null, subject: { type: 'charge', id: 'ch_1' } }),
        t0 + 3,
        'sweep',
      );
      await harness.store.resolveEvent('evt_1', 'cus_2', t0 + 4);
      await harness.store.recordEvent(eventFor('evt_2', { customer: 'cus_3' }), t0 + 5);
      expect(
        (await harness.store.timeline(acme, 0, 100)).filter(({ what }) => what !== 'sync' && what !== 'change'),
      ).toEqual([
        { at: t0, customer: 'cus_1', what: 'linked' },
        { at: t0 + 1, customer: 'cus_1', what: 'deleted' },
        { at: t0 + 2, customer: 'cus_2', what: 'linked' },
        { at: t0 + 3, customer: 'cus_2', what: 'event', event: 'evt_1', type: 'invoice.paid', via: 'sweep' },
      ]);
    });
  });

  describe('a failure', () => {
    it('that is reported after its facts were written is not recorded', async () => {
      await harness.store.link(acme, 'cus_1', t0);
      const claim = await harness.claimOne(t0);
      await harness.store.apply(claim, { facts: factsWith(), fetchedAt: t0, nextChangeAt: null, now: t0 });
      await harness.store.fail(claim, 'store_unavailable', t0 + lease, t0 + 1);
      expect(await harness.store.findAccount(acme)).toMatchObject({ failure: null, syncedTicket: 1 });
    });
  });

  describe('the figures', () => {
    it('of an empty ledger are zero, or null', async () => {
      expect(await harness.store.stats(t0)).toEqual({
        customers: 0,
        stale: 0,
        oldestStaleSince: null,
        failing: {},
        openHints: 0,
        oldestOpenHintAt: null,
        waitingNotices: 0,
        oldestWaitingNoticeAt: null,
      });
    });

    it('count stale and failing customers, unresolved events and undelivered notices', async () => {
      for (const index of [1, 2, 3, 4, 5]) {
        await harness.store.link({ host: 'acme', account: `team_${index}` }, `cus_${index}`, t0 + index);
      }
      const [first, second, third, fourth, fifth] = await harness.store.claim(t0 + 10, lease, 5);
      if (!first || !second || !third || !fourth || !fifth) throw new Error('five were stale');
      await harness.store.apply(first, {
        facts: factsWith(),
        fetchedAt: t0 + 10,
        nextChangeAt: null,
        now: t0 + 11,
        notices: [notice],
      });
      await harness.store.apply(second, {
        facts: factsWith({ deleted: true }),
        fetchedAt: t0 + 10,
        nextChangeAt: null,
        now: t0 + 11,
      });
      await harness.store.fail(third, 'stripe_unavailable', t0 + 99, t0 + 11);
      await harness.store.fail(fourth, 'stripe_unavailable', t0 + 99, t0 + 11);
      await harness.store.fail(fifth, 'stripe_not_found', t0 + 99, t0 + 11);
      const subject = { concerns: 'subject', customer: null, subject: { type: 'charge', id: 'ch_1' } } as const;
      await harness.store.recordEvent(eventFor('evt_1', subject), t0 + 20);
      await harness.store.recordEvent(eventFor('evt_2', subject), t0 + 21);
      expect(await harness.store.stats(t0 + 30)).toEqual({
        customers: 4,
        stale: 3,
        oldestStaleSince: Math.min(third.staleSince, fourth.staleSince, fifth.staleSince),
        failing: { stripe_unavailable: 2, stripe_not_found: 1 },
        openHints: 2,
        oldestOpenHintAt: t0 + 20,
        waitingNotices: 1,
        oldestWaitingNoticeAt: t0 + 11,
      });
    });
  });

  describe('retention', () => {
    it('keeps the revision that was current at the limit, as the baseline of older visits', async () => {
      await harness.store.link(acme, 'cus_1', t0);
      for (const [index, methodDigest] of ['one', 'two', 'three'].entries()) {
        await harness.store.raiseTicket('cus_1', 'webhook', t0 + index * 100);
        await harness.syncOnce(factsWith({ methodDigest }), t0 + index * 100);
      }
      await harness.store.prune(t0 + 150);
      expect(await harness.store.factsAt('cus_1', 1), 'replaced before').toBeNull();
      expect(await harness.store.factsAt('cus_1', 2), 'true until after').toEqual(factsWith({ methodDigest: 'two' }));
      await harness.store.prune(t0 + 900);
      await harness.store.prune(t0 + 900);
      expect(await harness.store.factsAt('cus_1', 2)).toBeNull();
      expect(await harness.store.factsAt('cus_1', 3), 'true now, whatever its age').not.toBeNull();
      expect(await harness.store.timeline(acme, t0, 100)).toMatchObject([{ what: 'linked' }, { what: 'change' }]);
    });
  });
}
