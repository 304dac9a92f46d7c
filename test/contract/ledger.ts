/** The ledger itself: its name, its owner, its catalogue, its memory. */

import { describe, expect, it } from 'vitest';
import type { ItemFacts } from '../../server/src/billing/facts.ts';
import { acme, lease, t0, hintFor, type Stage } from './stage.ts';
import { LedgerPinnedError } from '../../server/src/ledger/errors.ts';

export function ledgerContract(stage: Stage): void {
  describe('the ledger itself', () => {
    it('has an epoch and a digest key for good', async () => {
      const again = await stage.open();
      expect(again.epoch).toBe(stage.store.epoch);
      expect(again.digestKey).toBe(stage.store.digestKey);
      expect(stage.store.digestKey.length).toBeGreaterThanOrEqual(43);
    });

    it('belongs to one Stripe account and mode', async () => {
      await stage.store.pin({ account: 'acct_1', livemode: false });
      await stage.store.pin({ account: 'acct_1', livemode: false });
      await expect(stage.store.pin({ account: 'acct_2', livemode: false })).rejects.toThrow(LedgerPinnedError);
      await expect((await stage.open()).pin({ account: 'acct_1', livemode: true })).rejects.toThrow(LedgerPinnedError);
    });

    it('keeps the catalogue', async () => {
      await stage.store.saveProducts([
        { id: 'prod_1', name: 'Team' },
        { id: 'prod_2', name: null },
      ]);
      await stage.store.saveProducts([{ id: 'prod_1', name: 'Team plus' }]);
      expect(new Map((await stage.store.products()).map(({ id, name }) => [id, name]))).toEqual(
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
      await stage.store.savePrices([price('price_1', 'team'), price('price_2', null)]);
      await stage.store.savePrices([price('price_3', 'team', 1_200)]);
      const saved = (await stage.store.prices()).toSorted((a, b) => a.price.localeCompare(b.price));
      expect(saved).toEqual([price('price_1', null), price('price_2', null), price('price_3', 'team', 1_200)]);
    });

    it('forgets what is old, but never an open hint', async () => {
      await stage.store.link(acme, 'cus_1', t0);
      await stage.store.recordEvent(hintFor('evt_old'), t0);
      await stage.store.recordEvent(
        hintFor('evt_open', { concerns: 'subject', customer: null, subject: { type: 'charge', id: 'ch_1' } }),
        t0,
      );
      await stage.store.recordEvent(hintFor('evt_new'), t0 + 100);
      await stage.store.prune(t0 + 50);
      expect(await stage.store.recordEvent(hintFor('evt_old'), t0 + 200)).toBe('queued');
      expect(await stage.store.recordEvent(hintFor('evt_new'), t0 + 200)).toBe('duplicate');
      expect(await stage.store.claimUnresolved(t0 + 200, lease, 10)).toMatchObject([{ event: 'evt_open' }]);
    });

    it('answers a ping', async () => {
      await expect(stage.store.ping()).resolves.toBeUndefined();
    });
  });
}
