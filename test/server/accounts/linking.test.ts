/** The customer that is made for an account: once, and found again where a process died before it could say so. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLinking, type Linking } from '../../../server/src/accounts/linking.ts';
import { readConfig } from '../../../server/src/config/config.ts';
import type { BillingStore } from '../../../server/src/ledger/ledger.ts';
import { openSqliteStore } from '../../../server/src/ledger/sqlite/ledger.ts';
import type { StripeGateway } from '../../../server/src/stripe/gateway.ts';
import { hostSecret, origin, publicUrl } from '../support/bff.ts';
import { hour, noon } from '../fixtures/facts.ts';

const ref = { host: 'acme', account: 'team_1' };

let now: number;
let store: BillingStore;
/** By idempotency key, as Stripe remembers them. */
let created: Map<string, string>;
/** What Stripe finds by the account's name. */
let findable: string | null;
let searches: number;
let introduced: { livemode: boolean; deleted: boolean; host: string | null; account: string | null };

beforeEach(() => {
  now = noon;
  store = openSqliteStore(':memory:');
  created = new Map();
  findable = null;
  searches = 0;
  introduced = { livemode: false, deleted: false, host: null, account: null };
});
afterEach(() => store.close());

async function linking(hosts: readonly string[] = ['acme']): Promise<Linking> {
  const config = await readConfig({
    publicUrl,
    database: ':memory:',
    stripe: { secretKey: 'sk_test_1', webhookSecrets: ['whsec_1'] },
    hosts: hosts.map((id) => ({
      id,
      secrets: [id === 'acme' ? hostSecret : `${id}-${hostSecret}`],
      origins: [origin],
      returnUrl: `${origin}/billing`,
    })),
    now: () => now,
  });
  const gateway = {
    introduced: async () => introduced,
    findCustomer: async () => {
      searches += 1;
      return findable;
    },
    createCustomer: async (_: unknown, key: string) => {
      if (!created.has(key)) created.set(key, `cus_${created.size + 1}`);
      return created.get(key);
    },
  } as unknown as StripeGateway;
  return createLinking(config, store, gateway, () => undefined);
}

/** A process wrote down that it would create the customer, and died before it linked it. */
const intended = (at: number) => store.intendCustomer(ref, at);

describe('a customer that was perhaps created', () => {
  it('L12: is created under the same key for 23 hours, without a search', async () => {
    const { ensureCustomer } = await linking();
    await ensureCustomer(ref);
    const [key] = created.keys();
    await store.close();
    store = openSqliteStore(':memory:');
    await intended(noon);
    now = noon + 23 * hour;
    expect(await (await linking()).ensureCustomer(ref)).toBe('cus_1');
    expect([...created.keys()]).toEqual([key]);
    expect(searches).toBe(0);
  });

  it('L12: is searched for after 23 hours, for Stripe forgets its keys, and linked where it is found', async () => {
    await intended(noon);
    now = noon + 23 * hour + 1;
    findable = 'cus_lost';
    expect(await (await linking()).ensureCustomer(ref)).toBe('cus_lost');
    expect(created.size).toBe(0);
    expect(await store.findAccount(ref)).toMatchObject({ customer: 'cus_lost' });
  });

  it('L12: is created under another key where none is found', async () => {
    await (await linking()).ensureCustomer({ host: 'acme', account: 'team_1' });
    const [first] = created.keys();
    await store.close();
    store = openSqliteStore(':memory:');
    await intended(noon);
    now = noon + 23 * hour + 1;
    expect(await (await linking()).ensureCustomer(ref)).toBe('cus_2');
    expect([...created.keys()][1]).not.toBe(first);
    expect(searches).toBe(1);
  });

  it('is not taken from an account that an operator has linked it to', async () => {
    await store.link({ host: 'acme', account: 'team_2' }, 'cus_lost', noon);
    await intended(noon);
    now = noon + 24 * hour;
    findable = 'cus_lost';
    expect(await (await linking()).ensureCustomer(ref)).toBe('cus_1');
  });

  it('is not asked for where the account has one', async () => {
    await store.link(ref, 'cus_linked', noon);
    expect(await (await linking()).ensureCustomer(ref)).toBe('cus_linked');
    expect([created.size, searches]).toEqual([0, 0]);
  });
});

describe('a customer that a host names', () => {
  it.each<[string | null, Partial<typeof introduced>, readonly string[]]>([
    [null, {}, ['acme']],
    [null, { host: 'acme', account: 'team_1' }, ['acme', 'globex']],
    ['customerDeleted', { deleted: true }, ['acme']],
    ['livemode_mismatch', { livemode: true }, ['acme']],
    ['host_mismatch', { host: 'globex' }, ['acme']],
    ['host_mismatch', { host: null }, ['acme', 'globex']],
    ['account_mismatch', { account: 'team_2' }, ['acme']],
  ])('is refused as %s', async (refusal, change, hosts) => {
    introduced = { ...introduced, ...change };
    const { link, refusalOf } = await linking(hosts);
    expect(await refusalOf(ref, 'cus_1')).toBe(refusal);
    expect(await link(ref, 'cus_1')).toBe(refusal ?? 'linked');
    expect(await store.findAccount(ref)).toEqual(refusal === null ? expect.objectContaining({}) : null);
  });
});
