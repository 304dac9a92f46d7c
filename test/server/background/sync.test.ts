/** One sync on a real ledger, with a Stripe that answers as the test says. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Catalogue } from '../../../server/src/background/catalogue.ts';
import { syncCustomer } from '../../../server/src/background/sync.ts';
import { readConfig } from '../../../server/src/config/config.ts';
import type { BillingStore } from '../../../server/src/ledger/ledger.ts';
import { openSqliteStore } from '../../../server/src/ledger/sqlite/ledger.ts';
import type { StripeGateway } from '../../../server/src/stripe/gateway.ts';
import { factsWith } from '../../contract/harness.ts';
import { logRecorder, type LogRecorder } from '../../support/log-recorder.ts';
import { hostSecret, origin, publicUrl } from '../support/bff.ts';
import { day, noon } from '../fixtures/facts.ts';

const account = { host: 'acme', account: 'team_1' };

let now: number;
let store: BillingStore;
let log: LogRecorder;
/** The customer's books at Stripe. */
let subscriptions: readonly object[];
let duringFetch: () => void;
let missing: string[];

beforeEach(async () => {
  now = noon;
  store = openSqliteStore(':memory:');
  log = logRecorder();
  subscriptions = [];
  duringFetch = () => undefined;
  missing = [];
  await store.link(account, 'cus_1', now);
});
afterEach(() => store.close());

async function sync() {
  const config = await readConfig({
    publicUrl,
    database: ':memory:',
    stripe: { secretKey: 'sk_test_1', webhookSecrets: ['whsec_1'] },
    hosts: [{ id: 'acme', secrets: [hostSecret], origins: [origin], returnUrl: `${origin}/billing` }],
    now: () => now,
    log,
    onChange: () => undefined,
  });
  const gateway = {
    async fetchCustomer() {
      duringFetch();
      return { customer: { id: 'cus_1' }, subscriptions, openInvoices: [] };
    },
  } as unknown as StripeGateway;
  const catalogue = {
    fetchMissing: async (items: readonly { readonly price: string }[]) => {
      missing.push(...items.map(({ price }) => price));
    },
    productName: () => null,
    productMetadata: () => ({}),
    price: () => null,
  } as unknown as Catalogue;
  const [claim] = await store.claim(now, 60_000, 1);
  if (!claim) throw new Error('nothing was stale');
  return await syncCustomer({ config, store, gateway, catalogue, digest: (text) => text }, claim);
}

/** An event came a second later. */
const again = async () => {
  now += 1_000;
  await store.raiseTicket('cus_1', 'webhook', now);
  return await sync();
};

/** The types of the notices that were written, oldest first. */
async function told(): Promise<string[]> {
  const entries = await store.timeline(account, 0, 100);
  return entries.flatMap((entry) => (entry.what === 'notice' && entry.type !== 'access.changed' ? [entry.type] : []));
}

const seconds = (at: number) => Math.floor(at / 1000);
const trial = (trialEnd: number) => ({
  id: 'sub_1',
  status: 'trialing',
  trial_end: seconds(trialEnd),
  created: seconds(noon - 11 * day),
});
const priced = (price: string) => ({
  id: `si_${price}`,
  quantity: 1,
  price: { id: price, object: 'price', product: 'prod_1', unit_amount: 2900, currency: 'usd', active: true },
});
const active = (more: object = {}) => ({
  id: 'sub_1',
  status: 'active',
  created: seconds(noon - 40 * day),
  items: { data: [{ ...priced('price_1'), current_period_end: seconds(noon + 20 * day) }] },
  ...more,
});

it('a deadline that passes during the fetch is due at once', async () => {
  const trialEnd = noon + 3 * day + 1_000;
  subscriptions = [trial(trialEnd)];
  duringFetch = () => void (now += 5_000);
  // Three days before the end comes a second after this fetch began: too late for it to tell.
  expect(await sync()).toMatchObject({ noticesWritten: 0 });
  expect(await store.due(now, 10)).toMatchObject([{ customer: 'cus_1', nextChangeAt: trialEnd - 3 * day }]);

  await store.raiseDue('cus_1', trialEnd - 3 * day, null, now);
  expect(await sync()).toMatchObject({ noticesWritten: 1 });
  expect(await store.due(now, 10)).toEqual([]);
});

describe('notices', () => {
  it('tell a change that may come again each time that it comes', async () => {
    subscriptions = [active()];
    await sync();
    for (const isEnding of [true, false, true, false]) {
      subscriptions = [active({ cancel_at_period_end: isEnding })];
      await again();
    }
    expect(await told()).toEqual([
      'subscription.ending',
      'subscription.kept',
      'subscription.ending',
      'subscription.kept',
    ]);
  });

  it('tell a fact once, though its beginning is seen twice', async () => {
    await sync();
    const trialEnd = noon + 3 * day + 1_500;
    subscriptions = [trial(trialEnd)];
    await again();
    now = noon + 2_000;
    await again();
    // Stripe took an hour back, and gave it again.
    subscriptions = [trial(trialEnd + day)];
    await again();
    subscriptions = [trial(trialEnd)];
    await again();
    expect((await told()).filter((type) => type === 'trial.ending')).toHaveLength(1);
  });

  it('are not made against facts that cannot be read', async () => {
    const [claim] = await store.claim(now, 60_000, 1);
    if (!claim) throw new Error('nothing was stale');
    const illegible = { ...factsWith(), subscriptions: null } as unknown as ReturnType<typeof factsWith>;
    await store.apply(claim, { facts: illegible, fetchedAt: now, nextChangeAt: null, now });
    subscriptions = [active({ cancel_at_period_end: true })];
    await again();
    expect(log.lines.map(({ what }) => what)).toContain('facts.illegible');
    expect(await told()).toEqual([]);
    expect((await store.findAccount(account))?.facts?.subscriptions).toHaveLength(1);
  });
});

it('the catalogue is asked for the prices of now and of a scheduled change, before the facts are kept', async () => {
  const schedule = {
    id: 'sub_sched_1',
    object: 'subscription_schedule',
    status: 'active',
    current_phase: { start_date: seconds(noon - day), end_date: seconds(noon + day) },
    phases: [
      { start_date: seconds(noon - day), end_date: seconds(noon + day), items: [{ price: 'price_1', quantity: 1 }] },
      { start_date: seconds(noon + day), end_date: null, items: [{ price: 'price_next', quantity: 2 }] },
    ],
  };
  subscriptions = [active({ schedule })];
  await sync();
  expect(missing).toEqual(['price_1', 'price_next']);
});
