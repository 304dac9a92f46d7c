/** The ledger itself: its name, its owner, its catalogue, its memory. */

import { describe, expect, it } from 'vitest';
import type { ItemFacts } from '../../server/src/billing/facts.ts';
import { acme, lease, t0, eventFor, type ContractHarness } from './harness.ts';
import { LedgerPinnedError } from '../../server/src/ledger/errors.ts';

export function ledgerContract(harness: ContractHarness): void {
  describe('the ledger itself', () => {
    it('keeps its epoch and its digest key', async () => {
      const again = await harness.open();
      expect(again.epoch).toBe(harness.store.epoch);
      expect(again.digestKey).toBe(harness.store.digestKey);
      expect(harness.store.digestKey.length).toBeGreaterThanOrEqual(43);
    });

    it('belongs to one Stripe account and mode', async () => {
      await harness.store.pin({ account: 'acct_1', livemode: false });
      await harness.store.pin({ account: 'acct_1', livemode: false });
      await expect(harness.store.pin({ account: 'acct_2', livemode: false })).rejects.toThrow(LedgerPinnedError);
      await expect((await harness.open()).pin({ account: 'acct_1', livemode: true })).rejects.toThrow(
        LedgerPinnedError,
      );
    });

    it('keeps the catalogue', async () => {
      await harness.store.saveProducts([
        { id: 'prod_1', name: 'Team' },
        { id: 'prod_2', name: null },
      ]);
      await harness.store.saveProducts([{ id: 'prod_1', name: 'Team plus' }]);
      expect(new Map((await harness.store.products()).map(({ id, name }) => [id, name]))).toEqual(
        new Map([
          ['prod_1', 'Team plus'],
          ['prod_2', null],
        ]),
      );
    });

    it('keeps prices, and a lookup key with the price that has it now', async () => {
      const price = (id: string, lookupKey: string | null, unitAmount = 900): ItemFacts => ({
        price: id,
        product: 'prod_1',
        lookupKey,
        currency: 'eur',
        unitAmount,
        interval: 'month',
        intervalCount: 1,
        quantity: 1,
        metered: false,
        taxExcluded: false,
      });
      await harness.store.savePrices([price('price_1', 'team'), price('price_2', null)]);
      await harness.store.savePrices([price('price_3', 'team', 1_200)]);
      const saved = (await harness.store.prices()).toSorted((a, b) => a.price.localeCompare(b.price));
      expect(saved).toEqual([price('price_1', null), price('price_2', null), price('price_3', 'team', 1_200)]);
    });

    it('deletes old rows, but never an unresolved event', async () => {
      await harness.store.link(acme, 'cus_1', t0);
      await harness.store.recordEvent(eventFor('evt_old'), t0);
      await harness.store.recordEvent(
        eventFor('evt_open', { concerns: 'subject', customer: null, subject: { type: 'charge', id: 'ch_1' } }),
        t0,
      );
      await harness.store.recordEvent(eventFor('evt_new'), t0 + 100);
      await harness.store.prune(t0 + 50);
      expect(await harness.store.recordEvent(eventFor('evt_old'), t0 + 200)).toBe('queued');
      expect(await harness.store.recordEvent(eventFor('evt_new'), t0 + 200)).toBe('duplicate');
      expect(await harness.store.claimUnresolved(t0 + 200, lease, 10)).toMatchObject([{ event: 'evt_open' }]);
    });

    it('answers a ping', async () => {
      await expect(harness.store.ping()).resolves.toBeUndefined();
    });
  });
}
