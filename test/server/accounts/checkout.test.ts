/** The first purchase: the offers, one customer, one open Checkout, one subscription. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { BillingSnapshot, OpenedVisit, VisitReturn } from '@billhook/widget/contract';
import { stripeLocales } from '../../../server/src/stripe/locale.ts';
import { origin, problemOf, type CallInit } from '../support/bff.ts';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

let harness: BffHarness;
beforeAll(async () => {
  const offers = [
    { id: 'team', price: 'team_monthly', quantity: 3 },
    { id: 'starter', price: 'starter_monthly', trialDays: 14 },
    { id: 'gone', price: 'no_such_price' },
  ];
  harness = await startBffHarness({ host: { offers } });
});
afterAll(() => harness.close());

let count = 0;
let buyer: { readonly account: string };
beforeEach(() => {
  buyer = { account: `team_buyer_${++count}` };
});

const json = async <T>(response: Response): Promise<T> => {
  expect(response.status, await response.clone().text()).toBe(200);
  return (await response.json()) as T;
};
const request = (offer: string, init: CallInit = buyer, body: object = {}) =>
  harness.bff.call('/v1/checkout-sessions', { ...init, body: { offer, seen: null, ...body } });
const open = async (offer: string, init?: CallInit, body?: object) =>
  json<OpenedVisit>(await request(offer, init, body));
/** The person fills in the hosted page. */
const pay = async (url: string, card = '4242 4242 4242 4242') => {
  const form = new URLSearchParams({ number: card, expiry: '12 / 34', cvc: '123' });
  return await fetch(url, { method: 'POST', body: form, redirect: 'manual' });
};
const comeBack = async (visit: string) =>
  json<VisitReturn>(
    await harness.bff.call('/v1/visits/return', { ...buyer, body: { visit }, headers: { prefer: 'wait=25' } }),
  );
const customersOf = (account: string) =>
  harness.sandbox.state.customers.list().filter(({ metadata }) => metadata['billhook_account'] === account);
const subscriptionsOf = (account: string) => {
  const ids = new Set(customersOf(account).map(({ id }) => id));
  return harness.sandbox.state.subscriptions.list().filter(({ customer }) => ids.has(String(customer)));
};

const all = ['team', 'starter'];

/** The worker has asked Stripe what the offers cost, and which are still sold. */
async function offered(ids: readonly string[] = all): Promise<BillingSnapshot> {
  let etag = '';
  for (;;) {
    const headers = { 'if-none-match': etag, prefer: 'wait=25' };
    const response = await harness.bff.call('/v1/billing', { ...buyer, headers });
    etag = response.headers.get('etag') ?? '';
    if (response.status === 304) continue;
    const snapshot = (await response.json()) as BillingSnapshot;
    if (snapshot.offers.map(({ id }) => id).join() === ids.join()) return snapshot;
  }
}

describe('a first purchase', () => {
  it('F1 CHK-2: in every language of a page, Stripe’s pages open in one of their own', async () => {
    await offered();
    for (const locale of [...stripeLocales, 'en-US', 'en-ZA', 'hi-IN', 'sr-Latn-RS', 'zh-Hant-HK', 'de-CH-1996']) {
      const shopper = { account: `reader_of_${locale}` };
      // oxlint-disable-next-line no-await-in-loop -- Stripe's limit counts calls at one time
      await open('team', shopper, { locale });
    }
    const asked = harness.sandbox.requests.list().filter(({ path }) => path === '/v1/checkout/sessions');
    expect(asked.map(({ params }) => params['locale'])).toEqual(
      expect.arrayContaining(['en', 'en-GB', 'zh-HK', 'auto']),
    );
    const body = { locale: 'en-AU', seen: null };
    await json(await harness.bff.call('/v1/portal-sessions', { ...harness.as('active'), body }));
    expect(harness.sandbox.requests.list().at(-1)?.params['locale']).toBe('en-AU');
  });

  it('is not offered at an archived price, and is again when the price is active again', async () => {
    await offered();
    const { stripe } = harness;
    const [price] = (await stripe.prices.list({ lookup_keys: ['starter_monthly'] })).data;
    await stripe.prices.update(String(price?.id), { active: false });
    await offered(['team']);
    expect(await problemOf(await request('starter'))).toMatchObject({ status: 409, code: 'offer_unavailable' });
    await stripe.prices.update(String(price?.id), { active: true });
    await offered(all);
  });

  it.each(['price', 'product'])('is refused as sold no more where its %s was archived since the look', async (of) => {
    await offered();
    const { stripe } = harness;
    const [price] = (await stripe.prices.list({ lookup_keys: ['starter_monthly'] })).data;
    const [priceId, productId] = [String(price?.id), String(price?.product)];
    const sell = (active: boolean) =>
      of === 'price' ? stripe.prices.update(priceId, { active }) : stripe.products.update(productId, { active });
    const [endpoint] = (await stripe.webhookEndpoints.list()).data;
    // The webhook of it is on its way.
    await stripe.webhookEndpoints.update(String(endpoint?.id), { disabled: true });
    await sell(false);
    expect(await problemOf(await request('starter'))).toMatchObject({ status: 409, code: 'offer_unavailable' });
    expect((await offered(['team'])).offers).toHaveLength(1);
    await stripe.webhookEndpoints.update(String(endpoint?.id), { disabled: false });
    await sell(true);
    await offered(all);
  });

  it('may be clicked before the server has learned what is sold', async () => {
    const fresh = await startBffHarness(
      { host: { offers: [{ id: 'team', price: 'team_monthly' }] } },
      ({ faults, secretKey }) => {
        faults.next({ kind: 'serverError', path: '/v1/prices', times: 20 });
        return secretKey;
      },
    );
    const body = { offer: 'team', seen: null };
    const early = { account: 'team_early', body };
    expect(await problemOf(await fresh.bff.call('/v1/checkout-sessions', early))).toMatchObject({ status: 503 });
    fresh.sandbox.faults.clear();
    expect((await fresh.bff.call('/v1/checkout-sessions', early)).status).toBe(200);
    await fresh.close();
  });

  it('M13, M22: is offered by the catalogue’s names and prices; a price that Stripe does not know is not offered', async () => {
    const { state, offers, actions } = await offered();
    expect(state).toBe('none');
    expect(offers).toMatchObject([
      { id: 'team', plan: { name: 'Team', price: { amount: 8_700, currency: 'eur' }, interval: 'month', quantity: 3 } },
      { id: 'starter', plan: { name: 'Starter', price: { amount: 900, currency: 'eur' } } },
    ]);
    expect(actions).toEqual([{ purpose: 'subscribe', via: 'checkout', offer: 'team' }]);
  });

  it('M14, L12: creates the customer once and links it before Checkout; the return tells the started plan', async () => {
    await offered();
    const here = `${origin}/settings/plans`;
    const { url, visit } = await open('team', buyer, { returnUrl: here });
    expect(customersOf(buyer.account)).toMatchObject([
      { email: null, metadata: { billhook_host: 'acme', billhook_account: buyer.account } },
    ]);
    const paid = await pay(url);
    expect([paid.status, paid.headers.get('location')]).toEqual([303, here]);
    expect(await comeBack(visit)).toMatchObject({
      outcome: 'changed',
      changes: [
        { kind: 'started', plan: 'Team' },
        { kind: 'charged', paid: { amount: 8_700, currency: 'eur' } },
      ],
      snapshot: { state: 'active', plan: { quantity: 3 }, access: { level: 'full' }, offers: [] },
    });
    expect(subscriptionsOf(buyer.account)).toHaveLength(1);
  });

  it('with a trial begins with the trial', async () => {
    await offered();
    const { url, visit } = await open('starter');
    await pay(url);
    expect(await comeBack(visit)).toMatchObject({
      changes: [{ kind: 'started', plan: 'Starter' }],
      snapshot: { state: 'trialing', trialEndsAt: expect.any(String) },
    });
  });

  it('that is abandoned returns unchanged, and its session is used again', async () => {
    await offered();
    const first = await open('team');
    expect(await comeBack(first.visit)).toMatchObject({ outcome: 'unchanged', snapshot: { state: 'none' } });
    const second = await open('team');
    expect(second.url).toBe(first.url);
    expect(second.visit).not.toBe(first.visit);
    expect(customersOf(buyer.account)).toHaveLength(1);
  });

  it('of another plan expires the first one’s session', async () => {
    await offered();
    const first = await open('team');
    const second = await open('starter');
    expect(second.url).not.toBe(first.url);
    expect((await pay(first.url)).status, 'the first page sells nothing any more').not.toBe(303);
    expect((await pay(second.url)).status).toBe(303);
    expect(subscriptionsOf(buyer.account)).toHaveLength(1);
  });
});

describe('two tabs that buy at once', () => {
  it('L31: get one session for one plan: one customer, one subscription', async () => {
    await offered();
    const tabs = await Promise.all([open('team'), open('team'), open('team')]);
    expect(new Set(tabs.map(({ url }) => url)).size).toBe(1);
    await Promise.all(tabs.map(({ url }) => pay(url)));
    expect(customersOf(buyer.account)).toHaveLength(1);
    expect(subscriptionsOf(buyer.account)).toHaveLength(1);
  });

  it('L31: for two plans, can pay only one of them', async () => {
    await offered();
    const tabs = await Promise.all([open('team'), open('starter')]);
    await Promise.all(tabs.map(({ url }) => pay(url)));
    expect(subscriptionsOf(buyer.account)).toHaveLength(1);
  });

  it('L12: create one customer, also when the answer of the first try was lost', async () => {
    await offered();
    harness.sandbox.faults.next({ kind: 'reset', path: '/v1/customers', method: 'POST', executed: true, times: 2 });
    await request('team');
    harness.sandbox.faults.clear();
    await open('team');
    expect(customersOf(buyer.account)).toHaveLength(1);
  });
});

describe('a purchase is refused', () => {
  it('L10: while a subscription is running at Stripe, whatever the ledger has', async () => {
    for (const who of ['active', 'pastDue', 'ending'] as const) {
      expect(await problemOf(await request('team', harness.as(who)))).toMatchObject({
        status: 409,
        code: 'subscription_exists',
      });
    }
    await offered();
    const { url } = await open('team');
    harness.sandbox.deliveries.pause();
    await pay(url);
    const again = await request('starter');
    harness.sandbox.deliveries.resume();
    expect(await problemOf(again)).toMatchObject({ status: 409, code: 'subscription_exists' });
    expect(subscriptionsOf(buyer.account)).toHaveLength(1);
  });

  it('for a plan that is not offered, and with wrong fields, and creates no customer', async () => {
    await offered();
    expect(await problemOf(await request('gone'))).toMatchObject({ status: 409, code: 'offer_unavailable' });
    expect(await problemOf(await request('nothing'))).toMatchObject({ code: 'field_invalid', field: 'offer' });
    expect(await problemOf(await request('team', buyer, { customer: 'cus_1' }))).toMatchObject({ field: 'customer' });
    expect(await problemOf(await request('team', buyer, { locale: 'x' }))).toMatchObject({ field: 'locale' });
    expect(await problemOf(await request('team', buyer, { returnUrl: 'https://evil.example/' }))).toMatchObject({
      code: 'return_url_not_allowed',
    });
    const look = { ...buyer, mint: { scope: ['billing:read'] as const } };
    expect(await problemOf(await request('team', look))).toMatchObject({ code: 'scope_missing' });
    expect(customersOf(buyer.account)).toEqual([]);
  });

  it('with a code of its own while Stripe cannot be asked for the account’s subscriptions', async () => {
    await harness.bff.snapshot(harness.as('ended'));
    harness.sandbox.faults.next({ kind: 'serverError', path: '/v1/subscriptions', times: 3 });
    const response = await request('team', harness.as('ended'));
    harness.sandbox.faults.clear();
    expect(await problemOf(response)).toMatchObject({ status: 503, code: 'stripe_unavailable' });
  });
});

describe('after the end', () => {
  it('M13: an account with an ended plan buys again', async () => {
    await offered();
    await pay((await open('team')).url);
    const [bought] = subscriptionsOf(buyer.account);
    expect(await problemOf(await request('starter'))).toMatchObject({ code: 'subscription_exists' });
    await harness.stripe.subscriptions.cancel(bought?.id ?? '');
    await pay((await open('starter')).url);
    expect(
      subscriptionsOf(buyer.account)
        .map(({ status }) => status)
        .toSorted(),
    ).toEqual(['canceled', 'trialing']);
    expect(customersOf(buyer.account)).toHaveLength(1);
  });

  it('M13: a plan is bought again by the same customer', async () => {
    const ended = harness.as('ended');
    await offered();
    const { url } = await open('starter', ended);
    const page = await (await fetch(url)).text();
    expect(page).toContain('Starter');
    await pay(url);
    const again = harness.sandbox.state.subscriptions
      .list()
      .filter(({ customer, status }) => customer === harness.customers.ended && status !== 'canceled');
    expect(again).toHaveLength(1);
  });
});
