/** The session that an account has already: found again, expired, or bought from in another tab meanwhile. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCheckout, type Purchase } from '../../../server/src/accounts/checkout.ts';
import type { Config } from '../../../server/src/config/config.ts';
import type { BillingStore } from '../../../server/src/ledger/ledger.ts';
import { openSqliteStore } from '../../../server/src/ledger/sqlite/ledger.ts';
import type { StripeGateway } from '../../../server/src/stripe/gateway.ts';
import { acme, t0 } from '../../contract/harness.ts';

type Session = Awaited<ReturnType<StripeGateway['checkoutSession']>>;

let now: number;
let store: BillingStore;
let calls: string[];
/** How Stripe's sessions stand, by id. */
let sessions: Map<string, NonNullable<Session>>;

beforeEach(() => {
  now = t0;
  store = openSqliteStore(':memory:');
  calls = [];
  sessions = new Map();
});
afterEach(() => store.close());

const gateway = {
  async checkoutSession(id: string) {
    return sessions.get(id) ?? null;
  },
  async openCheckout({ customer }: { customer: string }) {
    const id = `cs_${sessions.size + 1}`;
    calls.push(`open ${id}`);
    const session = { id, status: 'open', url: `https://stripe.test/${id}`, customer };
    sessions.set(id, session as NonNullable<Session>);
    return session;
  },
  async expireCheckout(id: string) {
    calls.push(`expire ${id}`);
  },
} as unknown as StripeGateway;

const open = async (change: Partial<Purchase> & { readonly offerId?: string } = {}) => {
  const { offerId = 'team', ...rest } = change;
  const purchase = {
    ...acme,
    customer: 'cus_1',
    offer: { id: offerId },
    price: { price: 'price_1', metered: false },
    trialDays: null,
    returnUrl: 'https://app.test/billing',
    locale: null,
    nothingRuns: async () => true,
    ...rest,
  } as unknown as Purchase;
  return await createCheckout({ now: () => now } as Config, store, gateway)(purchase, AbortSignal.abort());
};
const stands = (id: string, status: 'open' | 'complete' | 'expired') => {
  const session = sessions.get(id);
  if (session) sessions.set(id, { ...session, status } as NonNullable<Session>);
};

describe('the session of an account', () => {
  it('L31: is used again for the same purchase', async () => {
    const url = await open();
    expect(await open()).toBe(url);
    expect(calls).toEqual(['open cs_1']);
  });

  it.each<[string, Parameters<typeof open>[0]]>([
    ['another offer', { offerId: 'starter' }],
    ['another page to come back to', { returnUrl: 'https://app.test/settings' }],
    ['another customer', { customer: 'cus_2' }],
  ])('L31: is expired for %s, before there is a second one', async (_, change) => {
    await open();
    expect(await open(change)).toBe('https://stripe.test/cs_2');
    expect(calls).toEqual(['open cs_1', 'expire cs_1', 'open cs_2']);
  });

  it('L10: that another tab completed a moment ago refuses a second purchase', async () => {
    await open();
    stands('cs_1', 'complete');
    await expect(open({ nothingRuns: async () => false })).rejects.toMatchObject({ code: 'subscription_exists' });
    expect(calls).toEqual(['open cs_1']);
    expect(await store.lockCheckout(acme, 'next', 1_000, now), 'the lock is free again').not.toBeNull();
  });

  it('M13: that was completed long ago, and is over by now, stands in no way', async () => {
    await open();
    stands('cs_1', 'complete');
    expect(await open()).toBe('https://stripe.test/cs_2');
    expect(calls).toEqual(['open cs_1', 'open cs_2']);
  });

  it('that ended by itself is not expired once more', async () => {
    await open();
    stands('cs_1', 'expired');
    expect(await open()).toBe('https://stripe.test/cs_2');
    expect(calls).toEqual(['open cs_1', 'open cs_2']);
  });

  it('L31: is not touched while another tab has the lock, until a process that died with it has lost it', async () => {
    await store.lockCheckout(acme, 'another tab', 30_000, now);
    await expect(open()).rejects.toMatchObject({ code: 'checkout_busy' });
    expect(calls).toEqual([]);
    now += 30_000;
    await open();
    expect(calls).toEqual(['open cs_1']);
  });
});
