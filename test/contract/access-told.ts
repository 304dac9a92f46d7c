/** The last told access of an account: compared where it is written, so each change is told once and none is left out. */

import { beforeEach, describe, expect, it } from 'vitest';
import type { AccessSummary } from '../../server/src/billing/notice-types.ts';
import { acme, factsWith, lease, t0, type ContractHarness } from './harness.ts';

export function accessToldContract(harness: ContractHarness): void {
  describe('access as it was told', () => {
    const summary = (state: AccessSummary['state']): AccessSummary => ({
      level: state === 'active' ? 'full' : 'none',
      reason: state,
      until: null,
      state,
      features: [],
      seats: null,
      plans: [],
    });
    const access = (state: AccessSummary['state'], id: string, from: AccessSummary | null = null) => ({
      summary: summary(state),
      from,
      id,
      receivers: ['webhook' as const],
    });
    const sync = async (now: number, told: ReturnType<typeof access>, facts = factsWith(), customer = 'cus_1') => {
      await harness.store.raiseTicket(customer, 'webhook', now);
      const claim = await harness.claimOne(now);
      return await harness.store.apply(claim, { facts, fetchedAt: now, nextChangeAt: now + 500, now, access: told });
    };
    const heard = async (now: number) => {
      const claims = await harness.store.claimNotices({ host: 'acme', receiver: 'webhook' }, now, lease, 10);
      for (const claim of claims) await harness.store.noticeDelivered(claim, now);
      return claims.map(({ id, host, account, type, data }) => ({ id, host, account, type, data }));
    };
    const changed = (id: string, from: AccessSummary['state'], to: AccessSummary['state']) => ({
      ...acme,
      id,
      type: 'access.changed',
      data: { from: summary(from), to: summary(to) },
    });
    beforeEach(() => harness.store.link(acme, 'cus_1', t0));

    // Mutants: a comparison with `from` though something was told; the row not updated.
    it('begins without a notice, and then each difference is one', async () => {
      expect(await sync(t0, access('active', 'n1'))).toMatchObject({ noticesWritten: 0 });
      expect(await sync(t0 + 1, access('active', 'n2', summary('none')))).toMatchObject({ noticesWritten: 0 });
      expect(await sync(t0 + 2, access('ended', 'n3', summary('none')))).toMatchObject({ noticesWritten: 1 });
      expect(await heard(t0 + 3)).toEqual([changed('n3', 'active', 'ended')]);
      expect(await sync(t0 + 4, access('ended', 'n4'))).toMatchObject({ noticesWritten: 0 });
    });

    it('begins with a notice where there is something to compare it with', async () => {
      await sync(t0, access('active', 'n1', summary('none')));
      expect(await heard(t0 + 1)).toEqual([changed('n1', 'none', 'active')]);
    });

    it('is not touched by a sync that can judge nothing', async () => {
      await sync(t0, access('active', 'n1'));
      await harness.store.raiseTicket('cus_1', 'webhook', t0 + 1);
      await harness.syncOnce(factsWith(), t0 + 1);
      await sync(t0 + 2, access('ended', 'n2'));
      expect(await heard(t0 + 3)).toEqual([changed('n2', 'active', 'ended')]);
    });

    // Mutants: `raiseDue` without access, or without the fence of `fetchedAt`.
    it('changes by time alone, once, and only by the facts that are still there', async () => {
      await sync(t0, access('active', 'n1'));
      const due = (id: string, fetchedAt: number) => ({ ...access('ended', id), fetchedAt });
      const [at, next] = [t0 + 500, t0 + 900];
      expect(await harness.store.raiseDue('cus_1', at, next, at, due('n2', t0 - 1))).toBe(0);
      expect(await harness.store.raiseDue('cus_1', at, next, at, due('n3', t0))).toBe(0);
      expect(await harness.store.raiseDue('cus_1', next, null, next, due('n4', t0))).toBe(1);
      expect(await heard(next)).toEqual([changed('n4', 'active', 'ended')]);
      await sync(next + 1, access('ended', 'n5'));
      expect(await heard(next + 2)).toEqual([]);
    });

    it('goes on with the account when an operator links another customer', async () => {
      await sync(t0, access('active', 'n1'));
      await harness.store.changeLink(acme, 'cus_2', true, t0 + 1);
      await sync(t0 + 2, access('ended', 'n2'), factsWith(), 'cus_2');
      expect(await heard(t0 + 3)).toEqual([changed('n2', 'active', 'ended')]);
    });

    it('goes on with the account when its customer was deleted and it gets another one', async () => {
      await sync(t0, access('active', 'n1'));
      await sync(t0 + 1, access('ended', 'n2'), factsWith({ deleted: true }));
      await harness.store.link(acme, 'cus_2', t0 + 2);
      await sync(t0 + 3, access('active', 'n3'), factsWith(), 'cus_2');
      expect([...(await heard(t0 + 4)), ...(await heard(t0 + 4))]).toEqual([
        changed('n2', 'active', 'ended'),
        changed('n3', 'ended', 'active'),
      ]);
    });

    it('goes on with what was told of the last customer, after several were deleted', async () => {
      await sync(t0, access('active', 'n1'), factsWith({ deleted: true }));
      await harness.store.link(acme, 'cus_2', t0 + 1);
      await sync(t0 + 1, access('ended', 'n2'), factsWith({ deleted: true }), 'cus_2');
      await harness.store.link(acme, 'cus_3', t0 + 2);
      expect(await sync(t0 + 2, access('ended', 'n3'), factsWith(), 'cus_3')).toMatchObject({ noticesWritten: 0 });
    });
  });
}
