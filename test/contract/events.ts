/** Hints: once an event, together or alone, and open until their customer is found. */

import { beforeEach, describe, expect, it } from 'vitest';
import { acme, lease, t0, factsWith, eventFor, type ContractHarness } from './harness.ts';

export function hintsContract(harness: ContractHarness): void {
  describe('events', () => {
    beforeEach(() => harness.store.link(acme, 'cus_1', t0));

    it('raise the ticket once an event id, however often it is delivered', async () => {
      expect(await harness.store.recordEvent(eventFor('evt_1'), t0)).toBe('queued');
      expect(await harness.store.recordEvent(eventFor('evt_1'), t0 + 1)).toBe('duplicate');
      expect(await harness.ticketOf()).toBe(2);
    });

    it('leave the customer stale since the first of them', async () => {
      await harness.syncOnce(factsWith(), t0);
      await harness.store.recordEvent(eventFor('evt_1'), t0 + 1);
      await harness.store.recordEvent(eventFor('evt_2'), t0 + 2);
      expect(await harness.store.findAccount(acme)).toMatchObject({ ticket: 3, staleSince: t0 + 1 });
    });

    it('of an unlinked customer are recorded as resolved, without a customer row', async () => {
      expect(await harness.store.recordEvent(eventFor('evt_1', { customer: 'cus_stranger' }), t0)).toBe('ignored');
      expect(await harness.store.recordEvent(eventFor('evt_1', { customer: 'cus_stranger' }), t0)).toBe('duplicate');
      expect(await harness.store.claim(t0, lease, 10)).toHaveLength(1);
    });

    it('of a deleted customer are ignored, and its row stays as it was', async () => {
      await harness.syncOnce(factsWith({ deleted: true }), t0);
      const before = await harness.store.findAccount(acme);
      expect(await harness.store.recordEvent(eventFor('evt_1'), t0 + 1)).toBe('ignored');
      expect(await harness.store.findAccount(acme)).toEqual(before);
    });

    it('that concern no customer are recorded, and ignored', async () => {
      const none = eventFor('evt_1', { concerns: 'none', customer: null });
      expect(await harness.store.recordEvent(none, t0)).toBe('ignored');
      expect(await harness.store.recordEvent(none, t0)).toBe('duplicate');
      expect(await harness.ticketOf()).toBe(1);
    });

    it('delivered together are counted one by one', async () => {
      const hints = Array.from({ length: 40 }, (_, index) => eventFor(`evt_${index % 25}`));
      const outcomes = await Promise.all(hints.map((hint) => harness.store.recordEvent(hint, t0)));
      expect(outcomes.filter((outcome) => outcome === 'queued')).toHaveLength(25);
      expect(outcomes.filter((outcome) => outcome === 'duplicate')).toHaveLength(15);
      expect(await harness.ticketOf()).toBe(26);
    });

    it('that cannot be written fail alone in a shared commit, and leave no trace', async () => {
      const bad = eventFor('evt_bad', { type: null as unknown as string });
      const [first, second, third] = await Promise.allSettled([
        harness.store.recordEvent(eventFor('evt_1'), t0),
        harness.store.recordEvent(bad, t0),
        harness.store.recordEvent(eventFor('evt_2'), t0),
      ]);
      expect([first?.status, second?.status, third?.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
      expect(await harness.ticketOf()).toBe(3);
      expect(await harness.store.recordEvent(eventFor('evt_bad'), t0)).toBe('queued');
    });

    it('survive the process: an answered event is there when the ledger is opened again', async () => {
      await harness.store.recordEvent(eventFor('evt_1'), t0);
      const later = await harness.open();
      expect(await later.recordEvent(eventFor('evt_1'), t0)).toBe('duplicate');
      expect(await later.findAccount(acme)).toMatchObject({ ticket: 2 });
    });

    it('that are under way when the ledger is closed are recorded first', async () => {
      const closing = await harness.open();
      const recorded = closing.recordEvent(eventFor('evt_1'), t0);
      await closing.close();
      expect(await recorded).toBe('queued');
      expect(await harness.ticketOf()).toBe(2);
    });

    it('without a customer stay unresolved until it is found, and then raise its ticket', async () => {
      const open = eventFor('evt_1', {
        concerns: 'subject',
        customer: null,
        subject: { type: 'subscription', id: 'sub_1' },
      });
      expect(await harness.store.recordEvent(open, t0)).toBe('unresolved');
      expect(await harness.ticketOf()).toBe(1);

      expect(await harness.store.claimUnresolved(t0, lease, 10)).toEqual([
        { event: 'evt_1', subject: { type: 'subscription', id: 'sub_1' }, attempts: 1, receivedAt: t0 },
      ]);
      expect(await harness.store.claimUnresolved(t0 + 1, lease, 10), 'taken until the lease ends').toEqual([]);
      expect(await harness.store.claimUnresolved(t0 + lease, lease, 10), 'the taker died').toHaveLength(1);

      expect(await harness.store.resolveEvent('evt_1', 'cus_1', t0 + lease)).toEqual(acme);
      expect(await harness.ticketOf()).toBe(2);
      expect(await harness.store.resolveEvent('evt_1', 'cus_1', t0 + lease), 'closed once').toBeNull();
      expect(await harness.ticketOf()).toBe(2);
      expect(await harness.store.claimUnresolved(t0 + 9 * lease, lease, 10)).toEqual([]);
    });

    it.each(['webhook', 'sweep'] as const)('say how they came, when they are resolved: %s', async (via) => {
      const subject = { type: 'invoice', id: 'in_1' };
      await harness.syncOnce(factsWith(), t0);
      await harness.store.recordEvent(eventFor('evt_1', { concerns: 'subject', customer: null, subject }), t0, via);
      await harness.store.resolveEvent('evt_1', 'cus_1', t0 + 1);
      expect(await harness.claimOne(t0 + 2)).toMatchObject({ cause: via });
    });

    it('that could not be resolved are claimed again after their back-off', async () => {
      await harness.store.recordEvent(
        eventFor('evt_1', { concerns: 'subject', customer: null, subject: { type: 'invoice', id: 'in_1' } }),
        t0,
      );
      await harness.store.claimUnresolved(t0, lease, 10);
      await harness.store.postponeEvent('evt_1', t0 + 500);
      expect(await harness.store.claimUnresolved(t0 + 499, lease, 10)).toEqual([]);
      expect(await harness.store.claimUnresolved(t0 + 500, lease, 10)).toMatchObject([{ attempts: 2 }]);
    });

    it('of one type take no other type’s places, and those in hand count', async () => {
      const types = ['charge', 'charge', 'charge', 'invoice', 'tax_id'];
      for (const [index, type] of types.entries()) {
        const subject = { type, id: `x_${index}` };
        await harness.store.recordEvent(
          eventFor(`evt_${index}`, { concerns: 'subject', customer: null, subject }),
          t0 + index,
        );
      }
      const taken = await harness.store.claimUnresolved(t0 + 9, lease, 2, { invoice: 2, tax_id: 1 });
      const ofType = (type: string) => taken.filter(({ subject }) => subject.type === type).length;
      expect([ofType('charge'), ofType('invoice'), ofType('tax_id')]).toEqual([2, 0, 1]);
      expect(await harness.store.claimUnresolved(t0 + 9, lease, 2, { charge: 2 })).toMatchObject([
        { event: 'evt_3', receivedAt: t0 + 3 },
      ]);
    });
  });
}
