/** Previews of the next invoice: one process asks, once a sync, and no preview is kept that newer facts have overtaken. */

import { beforeEach, describe, expect, it } from 'vitest';
import type { PreviewClaim } from '../../server/src/ledger/previews.ts';
import { acme, factsWith, t0, type ContractHarness } from './harness.ts';

const rest = 60_000;
const invoice = { subscription: 'sub_1', amountDue: 2900, currency: 'eur', at: t0 + 9_000_000 };

export function previewsContract(harness: ContractHarness): void {
  describe('the preview of the next invoice', () => {
    const previewOf = async () => (await harness.store.findAccount(acme))?.preview;
    const claimed = async (now: number): Promise<PreviewClaim> => {
      const claim = await harness.store.claimPreview('cus_1', now, rest);
      if (claim === null) throw new Error('the preview was taken');
      return claim;
    };

    beforeEach(async () => {
      await harness.store.link(acme, 'cus_1', t0);
      await harness.syncOnce(factsWith(), t0);
    });

    it('is asked for once a sync, and kept with the revision of its facts', async () => {
      expect(await previewOf()).toEqual({ ticket: 0, revision: 0, invoice: null, askedTicket: 0, askedAt: 0 });
      const claim = await claimed(t0 + 1);
      expect(claim).toEqual({ customer: 'cus_1', ticket: 1, revision: 1 });
      expect(await previewOf()).toMatchObject({ ticket: 0, askedTicket: 1, askedAt: t0 + 1 });
      expect(await harness.store.keepPreview(claim, invoice)).toBe(true);
      expect(await previewOf()).toEqual({ ticket: 1, revision: 1, invoice, askedTicket: 1, askedAt: t0 + 1 });
      expect(await harness.store.claimPreview('cus_1', t0 + 10 * rest, rest)).toBeNull();
    });

    it('is asked for by one process at a time, and again after a rest where no answer was kept', async () => {
      await claimed(t0 + 1);
      const other = await harness.open();
      expect(await other.claimPreview('cus_1', t0 + rest, rest)).toBeNull();
      expect(await other.claimPreview('cus_1', t0 + 1 + rest, rest)).not.toBeNull();
    });

    it('is asked for again after a sync, found the same or not', async () => {
      await harness.store.keepPreview(await claimed(t0 + 1), invoice);
      await harness.store.raiseTicket('cus_1', 'webhook', t0 + 2);
      await harness.syncOnce(factsWith(), t0 + 3);
      // Shown until then, for its facts are those of now.
      expect(await previewOf()).toMatchObject({ ticket: 1, revision: 1, invoice });
      const again = await claimed(t0 + 4);
      expect(again).toEqual({ customer: 'cus_1', ticket: 2, revision: 1 });
      await harness.store.keepPreview(again, null);
      expect(await previewOf()).toMatchObject({ ticket: 2, invoice: null });
    });

    it('is not kept beside facts that are newer than its question', async () => {
      const early = await claimed(t0 + 1);
      await harness.store.raiseTicket('cus_1', 'webhook', t0 + 2);
      await harness.syncOnce(factsWith({ methodDigest: 'newer' }), t0 + 3);
      expect(await harness.store.keepPreview(early, invoice)).toBe(false);
      expect(await previewOf()).toMatchObject({ ticket: 0, invoice: null });
    });

    it('is not asked for while facts are fetched anew, nor of a customer that is gone', async () => {
      await harness.store.raiseTicket('cus_1', 'webhook', t0 + 2);
      expect(await harness.store.claimPreview('cus_1', t0 + 3, rest)).toBeNull();
      await harness.syncOnce(factsWith({ deleted: true }), t0 + 4);
      expect(await harness.store.claimPreview('cus_1', t0 + 5, rest)).toBeNull();
    });

    it('is asked for again where the last question is of a clock that was wrong', async () => {
      await claimed(t0 + 24 * 3_600_000);
      expect(await harness.store.claimPreview('cus_1', t0 + 1, rest)).not.toBeNull();
    });
  });
}
