/** Every way into the portal over real HTTP, from the widget's request to what Stripe's page does when it is done. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LogFields } from '@billhook/server';
import type { BillingSnapshot, OpenedVisit, PortalFlow, PortalSessionRequest } from '@billhook/widget/contract';
import { hostSecret, origin, problemOf } from '../support/bff.ts';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

const here = `${origin}/settings/billing`;
const thanks = `${origin}/thanks`;
type Who = Parameters<BffHarness['as']>[0];

let harness: BffHarness;
const warnings: (readonly [string, LogFields | undefined])[] = [];
beforeAll(async () => {
  harness = await startBffHarness({
    log: { info() {}, error() {}, warn: (what, fields) => void warnings.push([what, fields]) },
    hosts: [
      {
        id: 'acme',
        secrets: [hostSecret],
        origins: [origin],
        returnUrl: `${origin}/billing`,
        offers: [
          { id: 'team', price: 'team_monthly' },
          { id: 'starter', price: 'starter_monthly' },
        ],
        portal: {
          configurations: {
            standard: { pause: {} },
            frozen: { planSwitching: false, cancellation: false, paymentMethodUpdate: false, pause: false },
          },
          rules: [
            {
              use: 'frozen',
              when: ({ subscriptions }) => subscriptions.some(({ items }) => items[0]?.currency === 'jpy'),
            },
            {
              use: 'frozen',
              when: ({ subscriptions }) => {
                if (subscriptions[0]?.state === 'incomplete') throw new Error('whsec_secret is not defined');
                return false;
              },
            },
          ],
        },
      },
    ],
  });
});
afterAll(() => harness.close());

const snapshot = (who: Who) => harness.bff.snapshot(harness.as(who));
const ask = (who: Who, body: Partial<PortalSessionRequest> = {}) =>
  harness.bff.call('/v1/portal-sessions', { ...harness.as(who), body: { seen: null, returnUrl: here, ...body } });

/** The session that Stripe made for it. */
async function opened(who: Who, body: Partial<PortalSessionRequest> = {}) {
  await snapshot(who);
  const response = await ask(who, body);
  expect(response.status, await response.clone().text()).toBe(200);
  const { url } = (await response.json()) as OpenedVisit;
  const session = [...harness.sandbox.state.portalSessions.values()].find((each) => each.url === url);
  return { url, session: session ?? expect.unreachable('no such session at Stripe') };
}

async function refused(who: Who, body: Partial<PortalSessionRequest>) {
  await snapshot(who);
  const { status, code, field } = await problemOf(await ask(who, body));
  return { status, code, ...(field === undefined ? {} : { field }) };
}
const unavailable = { status: 409, code: 'portal_flow_unavailable' };

it.each([5_100, 9_000, 60_000])('F14: a page with %i characters of state in its address opens it', async (length) => {
  const state = 'x'.repeat(length);
  const { session } = await opened('active', { returnUrl: `${here}?q=${state.slice(0, 99)}#${state}` });
  expect(session.return_url).toBe(here);
});

/** A browser's steps: follow to the form, send it, and read the address that it leads to. */
async function walk(url: string, form: Record<string, string>) {
  const start = await fetch(url);
  expect(start.status).toBe(200);
  expect(start.url, 'a deep link leads past the home').not.toBe(url);
  const sent = await fetch(start.url, { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' });
  return { page: start.url, leadsTo: new URL(sent.headers.get('location') ?? '', start.url).href };
}

const subscriptionOf = async (who: Who) => {
  const { data } = await harness.stripe.subscriptions.list({ customer: harness.customers[who] });
  return data[0] ?? expect.unreachable();
};

describe('a flow', () => {
  it('none: the portal’s home, with the configuration of the host', async () => {
    const { url, session } = await opened('active');
    expect(session).toMatchObject({ flow: null, return_url: here, locale: null, customer: harness.customers.active });
    expect(harness.sandbox.state.portalConfigurations.get(session.configuration)?.metadata).toMatchObject({
      billhook: 'acme:standard',
    });
    expect(await (await fetch(url)).text()).toContain('Plans and billing');
  });

  it('payment_method_update: straight to the card, and back to the page', async () => {
    const { url, session } = await opened('active', { flow: 'payment_method_update' });
    expect(session.flow).toMatchObject({
      type: 'payment_method_update',
      after_completion: { redirect: { return_url: here } },
    });
    expect((await walk(url, { number: '4242 4242 4242 4242', expiry: '12 / 40', cvc: '123' })).leadsTo).toBe(here);
  });

  it('payment_method_update while past due: to the portal’s home, where the open invoice can be paid (L11)', async () => {
    const { url, session } = await opened('pastDue', { flow: 'payment_method_update' });
    expect(session.flow?.after_completion).toMatchObject({ type: 'portal_homepage', redirect: null });
    const { leadsTo } = await walk(url, { number: '4242 4242 4242 4242', expiry: '12 / 40', cvc: '123' });
    expect(await (await fetch(leadsTo)).text()).toContain('can pay it below');
  });

  it('payment_method_update while a debit is on its way: back to the page, where no second payment is offered (L21)', async () => {
    const { session } = await opened('processing', { flow: 'payment_method_update' });
    expect(session.flow?.after_completion.redirect?.return_url).toBe(here);
  });

  it('subscription_update: another plan, and back', async () => {
    const { id } = await subscriptionOf('trialing');
    const { url, session } = await opened('trialing', { flow: 'subscription_update' });
    expect(session.flow).toMatchObject({ type: 'subscription_update', subscription_update: { subscription: id } });
    const [starter] = (await harness.stripe.prices.list({ lookup_keys: ['starter_monthly', 'team_monthly'] })).data;
    expect((await walk(url, { price: starter?.id ?? '', quantity: '1' })).leadsTo).toBe(here);
  });

  it('subscription_pause: for a month, and back', async () => {
    const { url, session } = await opened('active', { flow: 'subscription_pause', completionUrl: thanks });
    const { id } = await subscriptionOf('active');
    expect(session.flow).toMatchObject({ type: 'subscription_pause', subscription_pause: { subscription: id } });
    expect((await walk(url, { length: '0' })).leadsTo).toBe(thanks);
    await harness.sandbox.deliveries.settled();
    expect((await snapshot('active')).state).toBe('paused');
    expect(await refused('active', { flow: 'subscription_pause' })).toEqual(unavailable);
  });

  it('subscription_cancel: at the end of the period, with a reason, and back', async () => {
    const { id } = await subscriptionOf('pastDue');
    const { url, session } = await opened('pastDue', { flow: 'subscription_cancel' });
    expect(session.flow).toMatchObject({ type: 'subscription_cancel', subscription_cancel: { subscription: id } });
    expect((await walk(url, { feedback: 'unused' })).leadsTo).toBe(here);
    const canceled = await harness.stripe.subscriptions.retrieve(id);
    expect(canceled.cancel_at).not.toBeNull();
    expect(canceled.cancellation_details).toMatchObject({ feedback: 'unused' });
  });

  it('leads to the host’s own page when that is given (M6), also with a debt', async () => {
    const { session } = await opened('restricted', { flow: 'payment_method_update', completionUrl: thanks });
    expect(session).toMatchObject({
      return_url: here,
      flow: { after_completion: { redirect: { return_url: thanks } } },
    });
  });

  it('M5: without an address leads to the configured one', async () => {
    await snapshot('trialing');
    const response = await harness.bff.call('/v1/portal-sessions', {
      ...harness.as('trialing'),
      body: { seen: null, flow: 'payment_method_update' },
    });
    const { url } = (await response.json()) as OpenedVisit;
    const session = [...harness.sandbox.state.portalSessions.values()].find((each) => each.url === url);
    expect(session).toMatchObject({
      return_url: `${origin}/billing`,
      flow: { after_completion: { redirect: { return_url: `${origin}/billing` } } },
    });
  });
});

describe('a flow is refused', () => {
  it.each<[Who, PortalFlow]>([
    ['ending', 'subscription_cancel'],
    ['ending', 'subscription_update'],
    ['paused', 'subscription_pause'],
    ['unpaid', 'subscription_update'],
    ['downgrading', 'subscription_pause'],
    ['ended', 'subscription_cancel'],
    ['ended', 'subscription_update'],
    ['several', 'subscription_cancel'],
    ['several', 'subscription_update'],
    ['yen', 'payment_method_update'],
    ['yen', 'subscription_cancel'],
  ])('%s: %s', async (who, flow) => {
    const before = harness.sandbox.state.portalSessions.list().length;
    expect(await refused(who, { flow })).toEqual(unavailable);
    expect(harness.sandbox.state.portalSessions.list(), 'nothing was opened').toHaveLength(before);
  });

  it('with the same answer when it was closed at Stripe', async () => {
    const { session } = await opened('trialingWithoutCard');
    const off = { features: { subscription_cancel: { enabled: false } } };
    await harness.stripe.billingPortal.configurations.update(session.configuration, off);
    expect(await refused('trialingWithoutCard', { flow: 'subscription_cancel' })).toEqual(unavailable);
    await harness.stripe.billingPortal.configurations.update(session.configuration, {
      features: { subscription_cancel: { enabled: true } },
    });
    await opened('trialingWithoutCard', { flow: 'subscription_cancel' });
  });
});

describe('several subscriptions', () => {
  it('get the limited configuration, in which each can still be cancelled (M7)', async () => {
    const { url, session } = await opened('several');
    const limited = harness.sandbox.state.portalConfigurations.get(session.configuration);
    expect(limited?.metadata).toMatchObject({ billhook: 'acme:limited' });
    expect(limited?.features).toMatchObject({
      subscription_update: { enabled: false },
      subscription_cancel: { enabled: true },
    });
    expect((await (await fetch(url)).text()).match(/Cancel plan/g)).toHaveLength(2);
  });

  it('are identified by the key of the snapshot', async () => {
    const { subscriptions } = await snapshot('several');
    const { data } = await harness.stripe.subscriptions.list({ customer: harness.customers.several });
    expect(subscriptions).toHaveLength(2);
    const active = subscriptions.find(({ state }) => state === 'active')?.key ?? '';
    const late = subscriptions.find(({ state }) => state === 'pastDue')?.key ?? '';
    expect(await refused('several', { flow: 'subscription_pause' }), 'which one?').toEqual(unavailable);
    const { session } = await opened('several', { flow: 'subscription_pause', subscription: active });
    expect(session.flow?.subscription_pause?.subscription).toBe(data.find(({ status }) => status === 'active')?.id);
    expect(await refused('several', { flow: 'subscription_pause', subscription: late })).toEqual(unavailable);
  });

  it('M2: no key but the account’s own is accepted, for any flow', async () => {
    const foreign = (await snapshot('trialing')).subscriptions[0]?.key ?? '';
    const invalid = { status: 400, code: 'field_invalid', field: 'subscription' };
    const unknown = await problemOf(await ask('active', { subscription: 'x' }));
    expect(unknown.detail).toBe('subscription must be the key of one of the account’s subscriptions.');
    expect(await refused('several', { flow: 'subscription_pause', subscription: foreign })).toEqual(invalid);
    expect(await refused('several', { subscription: 'sub_1' })).toEqual(invalid);
    expect(await refused('several', { subscription: 'x'.repeat(65) })).toEqual(invalid);
  });

  it('the key of an ended subscription is known, and opens no flow', async () => {
    const over = (await snapshot('ended')).subscriptions[0]?.key ?? '';
    expect(await refused('ended', { flow: 'subscription_cancel', subscription: over })).toEqual(unavailable);
    await opened('ended', { subscription: over });
  });
});

it('after another card a page comes back that has an invoice to pay, but one that is not late', async () => {
  const { id: customer } = await harness.stripe.customers.create({ email: 'payer@acme.example' });
  const [price] = (await harness.stripe.prices.list({ lookup_keys: ['team_monthly'] })).data;
  const sent = await harness.stripe.subscriptions.create({
    customer,
    items: [{ price: price?.id ?? expect.unreachable() }],
    collection_method: 'send_invoice',
    days_until_due: 30,
  });
  await harness.stripe.invoices.finalizeInvoice(String(sent.latest_invoice));
  const call = { account: 'team_of_sent_invoices', mint: { customer } };
  const { payment } = await harness.bff.snapshot(call);
  expect([payment.problem, payment.payNow !== null]).toEqual([null, true]);
  const body = { seen: null, returnUrl: here, flow: 'payment_method_update' };
  const { url } = (await (await harness.bff.call('/v1/portal-sessions', { ...call, body })).json()) as OpenedVisit;
  const session = [...harness.sandbox.state.portalSessions.values()].find((each) => each.url === url);
  expect(session?.flow?.after_completion.redirect?.return_url).toBe(here);
});

describe('a host whose offers cannot be switched to, and whose limited portal lets people cancel', () => {
  let other: BffHarness;
  beforeAll(async () => {
    other = await startBffHarness({
      hosts: [
        {
          id: 'acme',
          secrets: [hostSecret],
          origins: [origin],
          returnUrl: `${origin}/billing`,
          offers: [{ id: 'gone', price: 'no_such_price' }],
          portal: { configurations: { limited: { cancellation: {} } } },
        },
      ],
    });
  });
  afterAll(() => other.close());

  const code = async (who: Who, body: Partial<PortalSessionRequest>) => {
    const { subscriptions } = await other.bff.snapshot(other.as(who));
    other.sandbox.requests.clear();
    const response = await other.bff.call('/v1/portal-sessions', { ...other.as(who), body: { seen: null, ...body } });
    const asked = other.sandbox.requests.list().filter(({ path }) => path.includes('billing_portal'));
    const { code: said } = response.ok ? { code: 'opened' } : await problemOf(response);
    return { said, asked: asked.map(({ method, path }) => `${method} ${path}`), subscriptions };
  };

  it('is refused without asking Stripe where the rules already say no', async () => {
    expect(await code('several', { flow: 'subscription_update' })).toMatchObject({
      said: 'portal_flow_unavailable',
      asked: [],
    });
  });

  it('is refused where there is nothing to switch to, without trying', async () => {
    const { said, asked } = await code('active', { flow: 'subscription_update' });
    expect(said).toBe('portal_flow_unavailable');
    expect(asked).not.toContain('POST /v1/billing_portal/sessions');
  });

  it('cancels the one of several that is named, and never guesses', async () => {
    const { said, subscriptions } = await code('several', { flow: 'subscription_cancel' });
    expect(said).toBe('portal_flow_unavailable');
    for (const { key } of subscriptions) {
      // oxlint-disable-next-line no-await-in-loop -- one click after the other
      expect(await code('several', { flow: 'subscription_cancel', subscription: key })).toMatchObject({
        said: 'opened',
      });
    }
  });
});

describe('a request', () => {
  it.each([
    ['de', 'de'],
    ['de-AT', 'de'],
    ['pt-BR', 'pt-BR'],
    ['sl-Latn-IT-nedis', 'sl'],
    ['tlh', 'auto'],
  ])('in %s opens the portal in %s', async (locale, expected) => {
    expect((await opened('trialing', { locale })).session.locale).toBe(expected);
  });

  it('in no language at all is refused', async () => {
    expect(await refused('trialing', { locale: '<b>' })).toEqual({
      status: 400,
      code: 'field_invalid',
      field: 'locale',
    });
  });

  it.each(['https://evil.example/', 'https://app.acme.example.evil.example/', 'javascript:alert(1)', '/thanks'])(
    'L17: never completes at %s',
    async (completionUrl) => {
      expect(await refused('trialing', { flow: 'payment_method_update', completionUrl })).toEqual({
        status: 400,
        code: 'return_url_not_allowed',
        field: 'completionUrl',
      });
    },
  );
});

describe('the widget’s actions and the guard’s rules', () => {
  it('agree for every seeded situation', async () => {
    const seen: string[] = [];
    for (const who of Object.keys(harness.customers) as Who[]) {
      // oxlint-disable no-await-in-loop -- one account after the other, on one sandbox
      const { actions } = (await snapshot(who)) satisfies BillingSnapshot;
      for (const action of actions) {
        if (action.via !== 'portal') continue;
        const { url } = await opened(who, action.flow === null ? {} : { flow: action.flow });
        expect((await fetch(url)).status, `${who}: ${action.purpose}`).toBe(200);
        seen.push(action.purpose);
      }
      // oxlint-enable no-await-in-loop
    }
    expect(new Set(seen)).toEqual(new Set(['manage', 'updateCard', 'addCard', 'keepPlan', 'resume']));
  });

  it('agree where a rule closes the card update', async () => {
    const { actions } = await snapshot('yen');
    expect(actions.map((action) => (action.via === 'portal' ? action.flow : action.via))).toEqual([null]);
  });
});

describe('a rule that throws', () => {
  it('closes its flow, is logged, and changes nothing else', async () => {
    expect(await refused('incomplete', { flow: 'subscription_cancel' })).toEqual(unavailable);
    const { session } = await opened('incomplete');
    expect(harness.sandbox.state.portalConfigurations.get(session.configuration)?.name).toBe('Billhook acme:frozen');
    const fields = { host: 'acme', account: 'team_incomplete', configuration: 'frozen' };
    expect(warnings).toContainEqual(['portal.rule_failed', { ...fields, cause: 'Error: [redacted] is not defined' }]);
  });
});

describe('M9: Stripe’s own failures', () => {
  it.each([
    ['rateLimited', 'stripe_rate_limited'],
    ['serverError', 'stripe_unavailable'],
    ['html', 'stripe_unavailable'],
    ['reset', 'stripe_unavailable'],
  ] as const)('%s is %s, to be tried again', async (kind, code) => {
    harness.sandbox.faults.next({ kind, path: '/v1/billing_portal/sessions', times: 2 });
    const response = await ask('trialing');
    harness.sandbox.faults.clear();
    expect(response.headers.get('retry-after')).toBe('2');
    expect(await problemOf(response)).toMatchObject({ status: 503, code });
    await opened('trialing');
  });

  it('a customer that Stripe does not know: the problem names the mix of test and live', async () => {
    await snapshot('incomplete');
    const id = harness.customers.incomplete;
    harness.sandbox.state.customers.delete(id);
    const problem = await problemOf(await ask('incomplete'));
    expect(problem).toMatchObject({
      status: 502,
      code: 'stripe_customer_missing',
      detail: expect.stringMatching(/test key .*live customer/),
    });
    expect(problem.detail).not.toContain(id);
  });
});
