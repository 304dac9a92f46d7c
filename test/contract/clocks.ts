/** A clock that was an hour ahead, and is right now: nothing waits until it has come that far again. */

import { describe, expect, it } from 'vitest';
import { clockSkewMs, longestBackOffMs } from '../../server/src/ledger/clocks.ts';
import { acme, factsWith, eventFor, lease, t0, type ContractHarness } from './harness.ts';

const hour = 3_600_000;
const early = t0 + hour;

export function clocksContract(harness: ContractHarness): void {
  describe('a clock that is set back an hour', () => {
    it('blocks no claim by an old lease', async () => {
      await harness.store.link(acme, 'cus_1', t0);
      await harness.claimOne(early);
      expect(await harness.claimOne(t0)).toMatchObject({ claim: 2 });
      expect(await harness.store.claim(t0 + 1, lease, 10), 'whose own lease lasts').toEqual([]);
    });

    it('blocks no claim by an old back-off, and the next back-off lasts', async () => {
      await harness.store.link(acme, 'cus_1', t0);
      await harness.store.fail(await harness.claimOne(early), 'stripe_unavailable', early + 300_000, early);
      await harness.store.fail(await harness.claimOne(t0), 'stripe_unavailable', t0 + 300_000, t0);
      expect(await harness.store.claim(t0 + 299_999, lease, 10)).toEqual([]);
    });

    it('prioritizes no customer for an hour', async () => {
      await harness.store.link(acme, 'cus_1', t0);
      await harness.store.prioritize('cus_1', early + 25_000);
      expect(await harness.store.claim(t0, lease, 10, { prioritized: true })).toEqual([]);
      await harness.store.prioritize('cus_1', t0 + 25_000);
      expect(await harness.store.claim(t0, lease, 10, { prioritized: true })).toHaveLength(1);
    });

    it('blocks no unresolved event by its lease or its back-off', async () => {
      const subject = { concerns: 'subject', customer: null, subject: { type: 'charge', id: 'ch_1' } } as const;
      await harness.store.recordEvent(eventFor('evt_1', subject), t0);
      await harness.store.claimUnresolved(early, lease, 10);
      expect(await harness.store.claimUnresolved(t0, lease, 10)).toHaveLength(1);
      await harness.store.postponeEvent('evt_1', early + 300_000);
      expect(await harness.store.claimUnresolved(t0, lease, 10)).toHaveLength(1);
      expect(await harness.store.claimUnresolved(t0 + 1, lease, 10), 'whose own lease lasts').toEqual([]);
    });

    it('takes no more unresolved events of a type than are asked for, those that it had put off among them', async () => {
      for (const [index, id] of ['ch_1', 'ch_2', 'ch_3'].entries()) {
        const subject = { type: 'charge', id };
        await harness.store.recordEvent(eventFor(id, { concerns: 'subject', customer: null, subject }), t0 + index);
      }
      await harness.store.claimUnresolved(early, lease, 2);
      expect(await harness.store.claimUnresolved(t0, lease, 2)).toHaveLength(2);
      expect(await harness.store.claimUnresolved(t0, lease, 2)).toHaveLength(1);
    });

    it('ends no back-off of an unresolved event that is not longer than one may be', async () => {
      const subject = { concerns: 'subject', customer: null, subject: { type: 'charge', id: 'ch_1' } } as const;
      await harness.store.recordEvent(eventFor('evt_1', subject), t0);
      const longest = t0 + longestBackOffMs + clockSkewMs;
      await harness.store.postponeEvent('evt_1', longest);
      expect(await harness.store.claimUnresolved(t0, lease, 10)).toEqual([]);
      await harness.store.postponeEvent('evt_1', longest + 1);
      expect(await harness.store.claimUnresolved(t0, lease, 10)).toHaveLength(1);
    });

    it('blocks no notice by its lease or its back-off', async () => {
      await harness.store.link(acme, 'cus_1', t0);
      const notice = { id: 'n1', receiver: 'webhook', type: 'subscription.kept', data: {} } as const;
      const looked = { facts: factsWith(), fetchedAt: t0, nextChangeAt: null, now: t0, notices: [notice] };
      await harness.store.apply(await harness.claimOne(t0), looked);
      const to = { host: 'acme', receiver: 'webhook' } as const;
      await harness.store.claimNotices(to, early, lease, 10);
      const [again] = await harness.store.claimNotices(to, t0, lease, 10);
      if (!again) throw new Error('its lease stayed');
      await harness.store.noticeFailed(again, 'timeout', early + 5_000, early);
      expect(await harness.store.claimNotices(to, t0, lease, 10)).toHaveLength(1);
      expect(await harness.store.claimNotices(to, t0 + 1, lease, 10), 'whose own lease lasts').toEqual([]);
    });

    it('stops no request until it has come that far again', async () => {
      expect(await harness.store.spend(1, 0, early)).toBe(0);
      expect(await harness.store.spend(1, 0, t0)).toBe(1_000);
      expect(await harness.store.spend(1, 0, t0 + 1_000)).toBe(0);
    });

    it('leaves no Checkout locked', async () => {
      await harness.store.lockCheckout(acme, 'one', lease, early);
      expect(await harness.store.lockCheckout(acme, 'other', lease, t0)).not.toBeNull();
      expect(await harness.store.lockCheckout(acme, 'third', lease, t0 + 1), 'whose own lock lasts').toBeNull();
    });

    it('blocks no job, begun or ended', async () => {
      await harness.store.acquireJob('sweep', 0, lease, early);
      const turn = await harness.store.acquireJob('sweep', 300_000, lease, t0);
      if (!turn) throw new Error('its lease stayed');
      expect(await harness.store.acquireJob('sweep', 0, lease, t0 + 1), 'whose own lease lasts').toBeNull();
      await harness.store.completeJob(turn, {}, t0);
      const later = await harness.store.acquireJob('reconcile', 0, lease, early);
      if (!later) throw new Error('not due');
      await harness.store.completeJob(later, {}, early);
      expect(await harness.store.acquireJob('reconcile', 86_400_000, lease, t0)).not.toBeNull();
    });
  });

  describe('processes whose clocks are ten minutes apart', () => {
    // Each takes the other's lease for over: facts that both fetch are written once, and one write always succeeds.
    it('write every sync that ends first, and never an older one over it', async () => {
      await harness.store.link(acme, 'cus_1', t0);
      const apart = 600_000;
      for (let round = 0; round < 5; round++) {
        const now = t0 + round * 10_000;
        await harness.store.raiseTicket('cus_1', 'webhook', now);
        const ahead = await harness.claimOne(now + apart);
        const behind = await harness.claimOne(now);
        const looked = (at: number) => ({ facts: factsWith(), fetchedAt: at, nextChangeAt: null, now: at });
        expect(await harness.store.apply(ahead, looked(now + apart))).toMatchObject({ applied: true });
        expect(await harness.store.apply(behind, looked(now))).toMatchObject({ applied: false });
        expect(await harness.store.findAccount(acme)).toMatchObject({ staleSince: null });
      }
    });
  });
}
