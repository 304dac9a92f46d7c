/** A moment that comes while a fetch is under way belongs to neither look; it must not fall between them. */

import { afterEach, expect, it } from 'vitest';
import type { Catalogue } from '../../../server/src/background/catalogue.ts';
import { readConfig } from '../../../server/src/config/config.ts';
import { openSqliteStore } from '../../../server/src/ledger/sqlite/ledger.ts';
import type { StripeGateway } from '../../../server/src/stripe/gateway.ts';
import { syncCustomer } from '../../../server/src/background/sync.ts';
import { hostSecret, origin, publicUrl } from '../support/bff.ts';
import { day, noon } from '../fixtures/facts.ts';

const store = openSqliteStore(':memory:');
afterEach(() => store.close());

it('a deadline that passes during the fetch is due at once', async () => {
  let now = noon;
  const trialEnd = noon + 3 * day + 1_000;
  const config = await readConfig({
    publicUrl,
    database: ':memory:',
    stripe: { secretKey: 'sk_test_1', webhookSecrets: ['whsec_1'] },
    hosts: [{ id: 'acme', secrets: [hostSecret], origins: [origin], returnUrl: `${origin}/billing` }],
    now: () => now,
    onChange: () => undefined,
  });
  const gateway = {
    async fetchCustomer() {
      now += 5_000;
      const trial = { id: 'sub_1', status: 'trialing', trial_end: trialEnd / 1000, created: (noon - 11 * day) / 1000 };
      return { customer: { id: 'cus_1' }, subscriptions: [trial], openInvoices: [] };
    },
  } as unknown as StripeGateway;
  const catalogue = {
    fetchMissing: async () => undefined,
    productName: () => null,
    price: () => null,
  } as unknown as Catalogue;
  const parts = { config, store, gateway, catalogue, digest: (text: string) => text };

  const account = { host: 'acme', account: 'team_1' };
  await store.link(account, 'cus_1', now);
  const sync = async () => {
    const [claim] = await store.claim(now, 60_000, 1);
    if (!claim) throw new Error('nothing was stale');
    return await syncCustomer(parts, claim);
  };
  // Three days before the end comes a second after this fetch began: too late for it to tell.
  expect(await sync()).toMatchObject({ noticesWritten: 0 });
  expect(await store.due(now, 10)).toMatchObject([{ customer: 'cus_1', nextChangeAt: trialEnd - 3 * day }]);

  await store.raiseDue('cus_1', trialEnd - 3 * day, null, now);
  expect(await sync()).toMatchObject({ noticesWritten: 1 });
  expect(await store.due(now, 10)).toEqual([]);
});
