/** Before a first purchase: one customer, one open Checkout. */

import { describe, expect, it } from 'vitest';
import { acme, t0, factsWith, type ContractHarness } from './harness.ts';

export function purchasesContract(harness: ContractHarness): void {
  describe('a first purchase', () => {
    it('records the intent to create a customer once, and again only when it was renewed', async () => {
      expect(await harness.store.intendCustomer(acme, t0)).toEqual({ generation: 0, since: t0 });
      expect(await (await harness.open()).intendCustomer(acme, t0 + 9)).toEqual({ generation: 0, since: t0 });
      expect(await harness.store.renewIntent(acme, 0, t0 + 10)).toEqual({ generation: 1 });
      expect(await harness.store.renewIntent(acme, 0, t0 + 10), 'somebody else was first').toEqual({ generation: 1 });
      expect(await harness.store.intendCustomer(acme, t0 + 11)).toEqual({ generation: 1, since: t0 + 10 });
      expect(await harness.store.intendCustomer({ host: 'other', account: 'team_1' }, t0)).toEqual({
        generation: 0,
        since: t0,
      });
    });

    it('after a deleted customer has another idempotency key: the old key would give the deleted one', async () => {
      await harness.store.intendCustomer(acme, t0);
      await harness.store.link(acme, 'cus_1', t0);
      await harness.syncOnce(factsWith({ deleted: true }), t0);
      expect(await harness.store.intendCustomer(acme, t0 + 1)).toEqual({ generation: 1, since: t0 + 1 });
    });

    it('is locked by one request for a while; the lock returns the open session', async () => {
      const other = await harness.open();
      expect(await harness.store.lockCheckout(acme, 'mine', 1_000, t0)).toEqual({ last: null });
      expect(await other.lockCheckout(acme, 'theirs', 1_000, t0 + 999)).toBeNull();
      expect(await other.lockCheckout({ host: 'acme', account: 'team_2' }, 'theirs', 1_000, t0)).toEqual({
        last: null,
      });
      const checkout = { session: 'cs_1', offer: 'team', returnUrl: 'https://app.acme.example/' };
      await harness.store.keepCheckout(acme, 'mine', checkout);
      await harness.store.unlockCheckout(acme, 'mine');
      expect(await other.lockCheckout(acme, 'theirs', 1_000, t0 + 1)).toEqual({ last: checkout });
    });

    it('is not written by a request that lost the lock', async () => {
      await harness.store.lockCheckout(acme, 'slow', 1_000, t0);
      expect(await harness.store.lockCheckout(acme, 'quick', 1_000, t0 + 1_000)).toEqual({ last: null });
      await harness.store.keepCheckout(acme, 'slow', { session: 'cs_slow', offer: 'team', returnUrl: '' });
      await harness.store.unlockCheckout(acme, 'slow');
      expect(
        await harness.store.lockCheckout(acme, 'third', 1_000, t0 + 1_500),
        'the quick one still has it',
      ).toBeNull();
      expect(await harness.store.lockCheckout(acme, 'third', 1_000, t0 + 2_000)).toEqual({ last: null });
    });
  });
}
