/** The ledger itself: its name, its owner, its catalogue, its memory. */

import { describe, expect, it } from 'vitest';
import type { ItemFacts } from '../../server/src/billing/facts.ts';
import { acme, lease, t0, eventFor, type ContractHarness } from './harness.ts';

export function ledgerContract(harness: ContractHarness): void {
  describe('the ledger itself', () => {
    it('keeps its epoch and its digest key', async () => {
      const again = await harness.open();
      expect(again.epoch).toBe(harness.store.epoch);
      expect(again.digestKey).toBe(harness.store.digestKey);
      expect(harness.store.digestKey.length).toBeGreaterThanOrEqual(43);
    });

    // A name that changes gives a ledger that is there another epoch, another key, or another owner.
    it('keeps them, and its owner, under names that the next version knows', async () => {
      await harness.store.pin({ account: 'acct_1', livemode: true });
      const { epoch, digestKey } = harness.store;
      const kept = Object.entries({ epoch, digest_key: digestKey, stripe: 'acct_1 live' });
      expect((await harness.rows())['meta']).toEqual(
        expect.arrayContaining(kept.map(([key, value]) => ({ key, value }))),
      );
    });

    it('belongs to one Stripe account and mode', async () => {
      await harness.store.pin({ account: 'acct_1', livemode: false });
      await harness.store.pin({ account: 'acct_1', livemode: false });
      const refused = (wanted: string) => ({
        name: 'LedgerPinnedError',
        code: 'ledger_pinned',
        message:
          `this ledger belongs to the Stripe account and mode "acct_1 test", but the key in use is of "${wanted}": ` +
          'use a key of the former, or another ledger (DATABASE_URL)',
      });
      const other = harness.store.pin({ account: 'acct_2', livemode: false });
      await expect(other).rejects.toMatchObject(refused('acct_2 test'));
      const live = (await harness.open()).pin({ account: 'acct_1', livemode: true });
      await expect(live).rejects.toMatchObject(refused('acct_1 live'));
    });

    it('keeps the catalogue', async () => {
      const words = { description: 'Several teams.', features: ['Forecasts'], unit: 'seat' };
      await harness.store.saveProducts([
        { id: 'prod_1', name: 'Team', words },
        { id: 'prod_2', name: null },
      ]);
      await harness.store.saveProducts([{ id: 'prod_1', name: 'Team plus' }]);
      expect(new Map((await harness.store.products()).map(({ id, name }) => [id, name]))).toEqual(
        new Map([
          ['prod_1', 'Team plus'],
          ['prod_2', null],
        ]),
      );
      const metadata = { tier: 'teams' };
      await harness.store.saveProducts([{ id: 'prod_2', name: 'Other', words, metadata }]);
      const kept = (await harness.store.products()).find(({ id }) => id === 'prod_2');
      expect(kept).toEqual({ id: 'prod_2', name: 'Other', metadata, words });
      const first = (await harness.store.products()).find(({ id }) => id === 'prod_1');
      expect(first, 'never asked for').toEqual({ id: 'prod_1', name: 'Team plus', metadata: null, words: null });
    });

    it('keeps prices, and a lookup key with the price that has it now', async () => {
      await harness.store.savePrices([priceNamed('price_1', 'team'), priceNamed('price_2', null)]);
      await harness.store.savePrices([priceNamed('price_3', 'team', 1_200)]);
      const saved = (await harness.store.prices()).toSorted((a, b) => a.price.localeCompare(b.price));
      expect(saved).toEqual([
        { ...priceNamed('price_1', null), formerLookupKeys: ['team'] },
        priceNamed('price_2', null),
        priceNamed('price_3', 'team', 1_200),
      ]);
    });

    it('H5: remembers the lookup keys that a price had, the latest first', async () => {
      const known = async () =>
        (await harness.store.prices()).map((price) => [price.price, price.lookupKey, price.formerLookupKeys]);
      for (const key of ['team', 'team_2025', 'team_2026'])
        await harness.store.savePrices([priceNamed('price_1', key)]);
      expect(await known(), 'renamed twice').toEqual([['price_1', 'team_2026', ['team_2025', 'team']]]);
      await harness.store.savePrices([priceNamed('price_2', 'team'), priceNamed('price_3', 'team_2026')]);
      const [first, ...others] = (await known()).toSorted();
      expect(first, 'one key is given again, one is moved').toEqual([
        'price_1',
        null,
        ['team_2026', 'team_2025', 'team'],
      ]);
      expect(others).toEqual([
        ['price_2', 'team', undefined],
        ['price_3', 'team_2026', undefined],
      ]);
      await harness.store.savePrices([priceNamed('price_1', 'team')]);
      expect((await known()).toSorted(), 'given back').toEqual([
        ['price_1', 'team', ['team_2026', 'team_2025']],
        ['price_2', null, ['team']],
        ['price_3', 'team_2026', undefined],
      ]);
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

const priceNamed = (id: string, lookupKey: string | null, unitAmount = 900): ItemFacts => ({
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
