/** When the offers are asked for again: a lookup key may have moved, and its webhook may be lost. */

import { afterEach, beforeEach, expect, it } from 'vitest';
import { Catalogue } from '../../../server/src/background/catalogue.ts';
import { readConfig } from '../../../server/src/config/config.ts';
import type { BillingStore } from '../../../server/src/ledger/ledger.ts';
import { openSqliteStore } from '../../../server/src/ledger/sqlite/ledger.ts';
import { StripeFailure } from '../../../server/src/stripe/failure.ts';
import type { StripeGateway } from '../../../server/src/stripe/gateway.ts';
import { hostSecret, origin, publicUrl } from '../support/bff.ts';
import { day, minute, noon } from '../fixtures/facts.ts';

let store: BillingStore;
let asked: (readonly string[])[];
let fails: boolean;

beforeEach(() => {
  store = openSqliteStore(':memory:');
  asked = [];
  fails = false;
});
afterEach(() => store.close());

const gateway = {
  products: async () => [],
  prices: async (refs: readonly string[]) => {
    asked.push(refs);
    if (fails) throw new StripeFailure('stripe_unavailable', new Error('down'));
    return [];
  },
} as unknown as StripeGateway;

async function catalogueOf(policy: object, stripe = gateway): Promise<Catalogue> {
  const config = await readConfig({
    publicUrl,
    database: ':memory:',
    stripe: { secretKey: 'sk_test_1', webhookSecrets: ['whsec_1'] },
    hosts: [{ id: 'acme', secrets: [hostSecret], origins: [origin], returnUrl: `${origin}/billing`, ...policy }],
  });
  return new Catalogue(config, store, stripe);
}

it('offers are asked for at the start, and a day after they were had', async () => {
  const catalogue = await catalogueOf({ offers: [{ id: 'team', price: 'team_monthly' }] });
  expect(catalogue.offersAreDue(noon)).toBe(true);
  await catalogue.refreshOffers(noon);
  expect(asked).toEqual([['team_monthly']]);
  expect(catalogue.offersAreDue(noon + day - 1)).toBe(false);
  expect(catalogue.offersAreDue(noon + day)).toBe(true);
});

it('offers are asked for again after a minute while Stripe is down', async () => {
  const catalogue = await catalogueOf({ offers: [{ id: 'team', price: 'team_monthly' }] });
  fails = true;
  await expect(catalogue.refreshOffers(noon)).rejects.toMatchObject({ code: 'stripe_unavailable' });
  expect(catalogue.offersAreDue(noon + minute - 1)).toBe(false);
  expect(catalogue.offersAreDue(noon + minute)).toBe(true);
});

it('a host without offers has none to ask for, and one whose plans have lookup keys has these', async () => {
  expect((await catalogueOf({})).offersAreDue(noon)).toBe(false);
  const catalogue = await catalogueOf({ plans: [{ key: 'team', lookupKey: 'team_monthly' }] });
  await catalogue.refreshOffers(noon);
  expect(asked).toEqual([['team_monthly']]);
});

it('the words of an offered product are asked for once, also where an earlier version did not', async () => {
  await store.saveProducts([{ id: 'prod_1', name: 'Team' }]);
  const words = { description: 'Several teams.', features: ['Forecasts'], unit: 'seat' };
  const askedProducts: (readonly string[])[] = [];
  const price = { id: 'price_1', product: 'prod_1', lookup_key: 'team_monthly', currency: 'eur', unit_amount: 2900 };
  const sells = {
    prices: async () => [price],
    products: async (ids: readonly string[]) => {
      askedProducts.push(ids);
      return ids.map((id) => ({ id, name: 'Team', metadata: {}, words }));
    },
  } as unknown as StripeGateway;
  const catalogue = await catalogueOf({ offers: [{ id: 'team', price: 'team_monthly' }] }, sells);
  await catalogue.load();
  expect(catalogue.productWords('prod_1')).toBeNull();
  const { version } = catalogue;
  await catalogue.refreshOffers(noon);
  expect(catalogue.productWords('prod_1')).toEqual(words);
  expect(catalogue.version).toBeGreaterThan(version);
  await catalogue.refreshOffers(noon + day);
  expect(askedProducts).toEqual([['prod_1']]);
});
