/** Checkout as a seller needs it: the session's options, trials for first purchases, and the buyer's details at Stripe. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Stripe } from 'stripe';
import type { BillingSnapshot, OpenedVisit } from '@billhook/widget/contract';
import type { CustomerDetails, MintOptions } from '@billhook/server';
import { readConfig, type BillhookOptions } from '../../../server/src/config/config.ts';
import { visit } from '../../sandbox/visit.ts';
import type { CallInit } from '../support/bff.ts';
import { billingWhen, startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

let harness: BffHarness;
/** The details that the host's own code gives for an account. */
let details: () => CustomerDetails | null | Promise<CustomerDetails | null>;
beforeAll(async () => {
  const team = { price: 'team_monthly', quantity: 3 };
  harness = await startBffHarness({
    host: {
      checkout: { allowPromotionCodes: true, metadata: { source: 'settings' } },
      offers: [
        { id: 'plain', ...team, checkout: { allowPromotionCodes: false } },
        {
          id: 'business',
          ...team,
          checkout: {
            automaticTax: true,
            taxIdCollection: 'required',
            billingAddressCollection: 'required',
            consentCollection: { termsOfService: 'required', promotions: 'auto' },
            metadata: { tier: 'gold' },
          },
        },
        { id: 'seats', ...team, adjustableQuantity: { minimum: 2, maximum: 9 } },
        { id: 'trial', ...team, trialDays: 14, checkout: { paymentMethodCollection: 'ifRequired' } },
      ],
    },
    onCreateCustomer: () => details(),
  });
});
afterAll(() => harness.close());

let count = 0;
let buyer: CallInit & { readonly account: string };
beforeEach(() => {
  buyer = { account: `seller_${++count}` };
  details = () => null;
});

const ids = ['plain', 'business', 'seats', 'trial'];
/** The worker has asked for the offers' prices. */
const offered = (init: CallInit = buyer) =>
  billingWhen(harness, init, (snapshot) => snapshot.offers.length === ids.length);

async function open(offer: string, mint: Partial<MintOptions> = {}): Promise<string> {
  await offered();
  const response = await harness.bff.call('/v1/checkout-sessions', { ...buyer, mint, body: { offer, seen: null } });
  expect(response.status, await response.clone().text()).toBe(200);
  return ((await response.json()) as OpenedVisit).url;
}

/** The session's parameters, as Stripe got them last. */
const asked = () =>
  harness.sandbox.requests.list({ method: 'POST', path: '/v1/checkout/sessions' }).at(-1)?.params as object;
const customer = () =>
  harness.sandbox.state.customers.list().find(({ metadata }) => metadata['billhook_account'] === buyer.account);
const subscription = async (): Promise<Stripe.Subscription | undefined> =>
  (await harness.stripe.subscriptions.list({ customer: String(customer()?.id), status: 'all' })).data[0];
const pay = async (url: string, form: Record<string, string> = {}) => {
  const page = await visit(url, { testCard: '4242 4242 4242 4242', ...form });
  expect(page.status, page.text).toBe(303);
};

/** A business's entries on the hosted page. */
const entered = {
  country: 'DE',
  line1: 'Unter den Linden 1',
  postalCode: '10117',
  city: 'Berlin',
  taxId: 'DE123456789',
  businessName: 'Ada GmbH',
  terms: 'accepted',
};

describe('M35: an offer’s Checkout', () => {
  it('asks for nothing that was not said', async () => {
    await open('plain');
    const { line_items: lines, ...rest } = asked() as Stripe.Checkout.SessionCreateParams;
    expect(Object.keys(rest).toSorted()).toEqual(
      ['cancel_url', 'customer', 'metadata', 'mode', 'subscription_data', 'success_url'].toSorted(),
    );
    expect(Object.keys(lines?.[0] ?? {}).toSorted()).toEqual(['price', 'quantity']);
  });

  it('takes promotion codes where the host says so, and its own word goes before the host’s', async () => {
    await open('seats');
    expect(asked()).toMatchObject({ allow_promotion_codes: 'true' });
  });

  it('F6, CHK-1: works out tax, and keeps address, name and tax id with the customer', async () => {
    const url = await open('business');
    expect(asked()).toMatchObject({
      automatic_tax: { enabled: 'true' },
      billing_address_collection: 'required',
      consent_collection: { promotions: 'auto', terms_of_service: 'required' },
      customer_update: { address: 'auto', name: 'auto' },
      tax_id_collection: { enabled: 'true', required: 'if_supported' },
    });
    await pay(url, entered);
    expect(customer()).toMatchObject({ address: { country: 'DE' }, name: 'Ada GmbH' });
    expect((await harness.stripe.customers.listTaxIds(String(customer()?.id))).data).toMatchObject([
      { value: 'DE123456789' },
    ]);
    expect(await subscription()).toMatchObject({
      automatic_tax: { enabled: true },
      metadata: { tier: 'gold', source: 'settings', billhook_account: buyer.account },
    });
  });

  it('lets the buyer choose the seats, within its bounds', async () => {
    const url = await open('seats');
    expect(asked()).toMatchObject({
      line_items: [{ quantity: '3', adjustable_quantity: { enabled: 'true', minimum: '2', maximum: '9' } }],
    });
    expect(await (await fetch(url)).text()).toContain('max="9"');
  });
});

describe('F8: a trial', () => {
  it('is had once: the offer says so, and so does Checkout', async () => {
    const trialOf = ({ offers }: BillingSnapshot) => offers.find(({ id }) => id === 'trial')?.trialDays;
    expect(trialOf(await offered())).toBe(14);
    await pay(await open('trial'));
    expect(asked()).toMatchObject({
      payment_method_collection: 'if_required',
      subscription_data: { trial_period_days: '14' },
    });
    const bought = await subscription();
    expect(bought?.status).toBe('trialing');
    await harness.stripe.subscriptions.cancel(String(bought?.id));

    const url = await open('trial');
    expect(trialOf(await offered())).toBeUndefined();
    expect(asked()).not.toHaveProperty('subscription_data.trial_period_days');
    await pay(url);
    expect((await subscription())?.status).toBe('active');
  });
});

describe('a new customer', () => {
  it('has the e-mail and the name of the token, and the ledger has neither', async () => {
    await open('plain', { email: 'ada@acme.example', name: 'Ada Lovelace' });
    expect(customer()).toMatchObject({ email: 'ada@acme.example', name: 'Ada Lovelace' });
    expect(JSON.stringify(harness.bff.rows())).not.toMatch(/ada@acme|Lovelace/);
  });

  it('has what the host’s own code says before the token’s word', async () => {
    details = async () => ({ email: 'billing@acme.example' });
    await open('plain', { email: 'ada@acme.example', name: 'Ada' });
    expect(customer()).toMatchObject({ email: 'billing@acme.example', name: 'Ada' });
  });

  it.each([
    ['throws', () => Promise.reject(new Error('no such user'))],
    [
      'throws at once',
      () => {
        throw new Error('no such user');
      },
    ],
    ['says no e-mail', () => ({ email: 'nobody' })],
  ])('is made all the same when that code %s', async (_, say: typeof details) => {
    details = say;
    await open('plain');
    expect(customer()).toMatchObject({ email: null });
  });

  it('is made all the same when Stripe takes no such e-mail address', async () => {
    await open('plain', { email: 'ada@localhost', name: 'Ada' });
    expect(customer()).toMatchObject({ email: null });
  });

  it('is made once, also when the next try has another e-mail (HTTP-8)', async () => {
    await offered();
    const buy = (email: string) =>
      harness.bff.call('/v1/checkout-sessions', { ...buyer, mint: { email }, body: { offer: 'plain', seen: null } });
    harness.sandbox.faults.next({ kind: 'serverError', path: '/v1/customers/', method: 'POST', times: 9 });
    expect((await buy('one@acme.example')).status).toBe(503);
    harness.sandbox.faults.clear();
    expect((await buy('two@acme.example')).status).toBe(200);
    const all = harness.sandbox.state.customers.list();
    expect(all.filter(({ metadata }) => metadata['billhook_account'] === buyer.account)).toMatchObject([
      { email: 'two@acme.example' },
    ]);
  });

  it('is not described anew at a later purchase: what was changed at Stripe stays', async () => {
    await open('plain', { email: 'ada@acme.example' });
    await harness.stripe.customers.update(String(customer()?.id), { email: 'books@acme.example' });
    await open('seats', { email: 'ada@acme.example' });
    expect(customer()?.email).toBe('books@acme.example');
  });

  it.each([
    ['email', { email: 'nobody' }],
    ['name', { name: '' }],
  ])('with a wrong %s is refused where the token is made', async (_, mint) => {
    await expect(harness.bff.call('/v1/billing', { ...buyer, mint })).rejects.toMatchObject({
      code: expect.stringMatching(/^(?:email|name)_invalid$/),
    });
  });
});

describe('an open Checkout', () => {
  it('of a customer that is the account’s no more is not used again', async () => {
    await open('plain');
    const first = customer()?.id;
    await harness.stripe.customers.del(String(first));
    await open('plain');
    const sessions = harness.sandbox.state.checkoutSessions
      .list()
      .filter(({ metadata }) => metadata?.['billhook_account'] === buyer.account);
    expect(new Set(sessions.map((session) => session.customer)).size).toBe(2);
    expect(sessions.filter(({ status }) => status === 'open')).toHaveLength(1);
  });
});

describe('the options', () => {
  const problems = async (offer: object, checkout: object = {}) => {
    const { hosts, ...options } = harness.options;
    const host = { ...hosts[0], checkout, offers: [{ id: 'a', price: 'p', ...offer }] };
    const given = { ...options, hosts: [host] } as unknown as BillhookOptions;
    return await readConfig(given).then(
      () => '',
      (cause: Error) => cause.message,
    );
  };
  it.each([
    [{ adjustableQuantity: { minimum: 5, maximum: 2 } }, {}, 'a minimum that is at most its maximum'],
    [{ adjustableQuantity: { minimum: 5, maximum: 9 } }, {}, 'a quantity within its adjustableQuantity'],
    [{ adjustableQuantity: { maximum: 1_000_000 } }, {}, 'must be from 1 to 999999'],
    [{ checkout: { metadata: { billhook_account: 'x' } } }, {}, 'Billhook’s own'],
    [{}, { automaticTaxes: true }, 'has no option "automaticTaxes"'],
    [{}, { taxIdCollection: 'always' }, 'must be true, false or "required"'],
    [{}, { paymentMethodCollection: 'if_required' }, 'must be always or ifRequired'],
  ])('%j %j: are refused in words', async (offer, checkout, words) => {
    expect(await problems(offer, checkout)).toContain(words);
  });
  it('F6: metadata of a host and of its offer are one object at Stripe, which takes 50 keys', async () => {
    const keys = (count: number, prefix: string) =>
      Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}${index}`, 'x']));
    const said = (own: number, host: number) =>
      problems({ checkout: { metadata: keys(own, 'a') } }, { metadata: keys(host, 'b') });
    expect(await said(24, 24)).toBe('');
    expect(await said(25, 24)).toContain('hosts.0.offers.0.checkout.metadata must hold at most 48');
  });
  it('are taken with their defaults', async () => {
    expect(await problems({ adjustableQuantity: {}, checkout: {} }, { automaticTax: true })).toBe('');
  });
});
