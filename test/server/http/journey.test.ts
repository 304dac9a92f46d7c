/** The main job over real HTTP: link, read, wait, leave, come back, and the truth that Stripe confirms. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BillingSnapshot, OpenedVisit, VisitReturn } from '@billhook/widget/contract';
import { origin, problemOf, token } from '../support/bff.ts';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

let harness: BffHarness;
beforeAll(async () => {
  harness = await startBffHarness();
});
afterAll(() => harness.close());
afterEach(() => {
  vi.useRealTimers();
});

type Who = Parameters<BffHarness['as']>[0];

const json = async <T>(response: Response): Promise<T> => {
  expect(response.status, await response.clone().text()).toBe(200);
  return (await response.json()) as T;
};
const subscriptionOf = async (who: Who) => {
  const { data } = await harness.stripe.subscriptions.list({
    customer: harness.customers[who],
    status: 'all',
    limit: 1,
  });
  return data[0]?.id ?? '';
};
const open = async (who: Who, seen: string | null, body: object = {}): Promise<OpenedVisit> =>
  json(await harness.bff.call('/v1/portal-sessions', { ...harness.as(who), body: { seen, ...body } }));
const comeBack = async (who: Who, visit: string, wait = 25): Promise<VisitReturn> =>
  json(
    await harness.bff.call('/v1/visits/return', {
      ...harness.as(who),
      body: { visit },
      headers: { prefer: `wait=${wait}` },
    }),
  );
/** The account as Stripe has it now, with the changes of earlier tests. */
const upToDate = async (who: Who): Promise<BillingSnapshot> => {
  await harness.sandbox.deliveries.settled();
  return (await comeBack(who, (await open(who, null)).visit)).snapshot;
};
/** The document once nothing is on its way that would change it: no webhook, no fetch, no next payment. */
async function settled(who: Who): Promise<Response> {
  const isDue = () =>
    (harness.bff.rows()['customers'] as { customer: string; ticket: number; synced_ticket: number }[]).some(
      ({ customer, ticket, synced_ticket: synced }) => customer === harness.customers[who] && ticket !== synced,
    );
  await harness.sandbox.deliveries.settled();
  while (isDue()) await nextTurn();
  return await harness.bff.settled(harness.as(who));
}
const calls = () => harness.sandbox.requests.list().map(({ method, path }) => `${method} ${path}`);
/** How often Stripe was asked about this one. Others are looked at a second time meanwhile, where a visit changed nothing. */
const looksAt = (who: Who) =>
  harness.sandbox.requests
    .list({ path: '/v1/subscriptions' })
    .filter(({ params }) => params['customer'] === harness.customers[who]).length;

/** Polls that are held now, by the server's own count. */
const heldPolls = async (): Promise<number> =>
  Number(/^billhook_polls_waiting (\d+)$/m.exec(await harness.bff.billhook.metrics())?.[1]);
/** The test's time limit is the limit. */
async function whenHeld(count: number): Promise<void> {
  while ((await heldPolls()) !== count) await nextTurn();
}

describe('reading', () => {
  it('M30: an unlinked account has nothing to manage, and no portal button (M13)', async () => {
    const snapshot = await harness.bff.snapshot({ account: 'team_free' });
    expect(snapshot).toMatchObject({ state: 'none', plan: null, revision: expect.stringMatching(/\.0$/), asOf: null });
    expect(snapshot.actions.filter(({ via }) => via === 'portal')).toEqual([]);
  });

  it('links an introduced customer, and its first read waits for the facts', async () => {
    expect(await harness.bff.snapshot(harness.as('active'))).toMatchObject({ state: 'active', plan: { name: 'Team' } });
    expect(await harness.bff.snapshot(harness.as('pastDue'))).toMatchObject({
      state: 'pastDue',
      payment: { due: { amount: 14_500, currency: 'eur' }, problem: 'failed' },
      access: { level: 'full' },
    });
    expect(await harness.bff.snapshot(harness.as('ending'))).toMatchObject({
      state: 'ending',
      endsAt: expect.any(String),
    });
    expect(await harness.bff.snapshot(harness.as('ended'))).toMatchObject({
      state: 'ended',
      access: { level: 'none' },
    });
  });

  it('a healthy customer costs one call to Stripe', async () => {
    await harness.bff.snapshot(harness.as('active'));
    // The first click of a process also looks the portal's configuration up.
    await open('active', null);
    harness.sandbox.requests.clear();
    const { visit } = await open('active', null);
    await comeBack('active', visit);
    expect(calls()).toEqual(['POST /v1/billing_portal/sessions', 'GET /v1/subscriptions']);
  });

  it('M2, L16: no two accounts share a customer, whatever a token introduces', async () => {
    await harness.bff.snapshot(harness.as('active'));
    const response = await harness.bff.call('/v1/billing', {
      account: 'team_thief',
      mint: { customer: harness.customers.active },
    });
    expect(await problemOf(response)).toMatchObject({ status: 403, code: 'introduction_refused' });
    expect(await harness.bff.snapshot({ account: 'team_thief' })).toMatchObject({ state: 'none' });
  });

  it('keeps the first link', async () => {
    await harness.bff.snapshot(harness.as('active'));
    const other = { account: 'team_active', mint: { customer: harness.customers.ended } };
    expect(await harness.bff.snapshot(other)).toMatchObject({ state: 'active' });
  });

  it('links no customer that Stripe does not know, and stays readable (L35)', async () => {
    const unknown = { account: 'team_nobody', mint: { customer: 'cus_nobody' } };
    expect(await harness.bff.snapshot(unknown)).toMatchObject({ state: 'none', access: { level: 'unknown' } });
    expect(JSON.stringify(harness.bff.rows()['customers'])).not.toContain('cus_nobody');
  });

  it('a token without the manage scope gets no actions', async () => {
    const look = {
      account: 'team_pastDue',
      mint: { customer: harness.customers.pastDue, scope: ['billing:read'] as const },
    };
    expect(await harness.bff.snapshot(look)).toMatchObject({ state: 'pastDue', actions: [], mayManage: false });
  });
});

describe('long polls', () => {
  const read = async (who: Who, etag: string | null, prefer?: string) =>
    harness.bff.call('/v1/billing', {
      ...harness.as(who),
      headers: { ...(etag === null ? {} : { 'if-none-match': etag }), ...(prefer === undefined ? {} : { prefer }) },
    });

  it('answers 304 for the same document, also when a proxy made its ETag weak', async () => {
    const etag = (await settled('active')).headers.get('etag') ?? '';
    expect((await read('active', etag)).status).toBe(304);
    expect((await read('active', `W/${etag}`)).status).toBe(304);
    expect((await read('active', '"another"')).status).toBe(200);
  });

  it('holds the answer for the requested time, and says so in Preference-Applied', async () => {
    const etag = (await settled('active')).headers.get('etag');
    const began = performance.now();
    const held = await read('active', etag, 'respond-async, wait=1');
    expect(held.status).toBe(304);
    expect(held.headers.get('preference-applied')).toBe('wait=1');
    expect(performance.now() - began).toBeGreaterThan(950);
  });

  it('M23: answers at once when a webhook’s sync changed the document', async () => {
    const etag = (await read('ending', null)).headers.get('etag');
    const held = read('ending', etag, 'wait=25');
    await harness.stripe.subscriptions.update(await subscriptionOf('ending'), { cancel_at: '' });
    const snapshot = await json<BillingSnapshot>(await held);
    expect(snapshot).toMatchObject({ state: 'active', endsAt: null, confirmedBy: 'webhook' });
  });

  it('ends when the client is gone', async () => {
    const etag = (await settled('active')).headers.get('etag') ?? '';
    const gone = new AbortController();
    const held = harness.bff.call('/v1/billing', {
      ...harness.as('active'),
      headers: { 'if-none-match': etag, prefer: 'wait=25' },
      signal: gone.signal,
    });
    gone.abort();
    expect((await held).status).toBe(304);
  });

  it('holds eight requests an account; the ninth is answered at once', async () => {
    const etag = (await settled('active')).headers.get('etag');
    const gone = new AbortController();
    const headers = { 'if-none-match': etag ?? '', prefer: 'wait=25' };
    // More than eight at once: the first eight take the places, and all are taken.
    const many = Array.from({ length: 16 }, () =>
      harness.bff.call('/v1/billing', { ...harness.as('active'), headers, signal: gone.signal }),
    );
    await whenHeld(8);
    // It would be held for as long as they are, and they were first.
    expect((await harness.bff.call('/v1/billing', { ...harness.as('active'), headers })).status).toBe(304);
    expect(await heldPolls()).toBe(8);
    gone.abort();
    await Promise.all(many);
    await whenHeld(0);
  });
});

describe('a client that goes away', () => {
  it('gives its place to the next, over real HTTP', async () => {
    const { account, mint } = harness.as('active');
    const authorization = `Bearer ${await token({ account, ...mint })}`;
    const etag = (await settled('active')).headers.get('etag') ?? '';
    const wait = (seconds: number, signal?: AbortSignal) =>
      fetch(`${harness.url}/v1/billing`, {
        headers: { authorization, 'if-none-match': etag, prefer: `wait=${seconds}` },
        ...(signal ? { signal } : {}),
      });
    const gone = new AbortController();
    // More than eight at once: the first eight take the places.
    const places = Array.from({ length: 16 }, () => wait(25, gone.signal));
    await whenHeld(8);
    gone.abort();
    await Promise.allSettled(places);
    await whenHeld(0);
    const left = new AbortController();
    const next = wait(25, left.signal);
    await whenHeld(1);
    left.abort();
    await Promise.allSettled([next]);
  });
});

describe('leaving and coming back', () => {
  it('M1, M3: opens a new portal session for every click, on the page that it was clicked', async () => {
    const here = `${origin}/settings/plan`;
    const first = await open('active', null, { returnUrl: `${here}?token=secret#secret` });
    const second = await open('active', null, { returnUrl: here });
    expect(first.url).not.toBe(second.url);
    expect(first.visit).not.toBe(second.visit);
    const page = await (await fetch(first.url)).text();
    expect(page).toContain(`${here}"`);
    expect(page, 'query and fragment are the host’s own business').not.toContain('secret');
  });

  it('B1: a return with nothing changed is unchanged as soon as the fetch says so', async () => {
    const { revision } = await upToDate('active');
    const { visit } = await open('active', revision);
    expect(await comeBack('active', visit)).toMatchObject({
      outcome: 'unchanged',
      changes: [],
      snapshot: { revision },
    });
  });

  it('B1: a return has the changes since the page was left, whether their webhook came before or after', async () => {
    const before = await upToDate('active');
    const { visit } = await open('active', before.revision);
    // No webhook arrives at all: the return's own fetch finds it.
    harness.sandbox.deliveries.pause();
    await harness.stripe.subscriptions.update(await subscriptionOf('active'), { cancel_at_period_end: true });
    const back = await comeBack('active', visit);
    expect(back).toMatchObject({
      outcome: 'changed',
      changes: [{ kind: 'ends' }],
      snapshot: { state: 'ending', confirmedBy: 'return' },
    });

    // Twice is the same answer; and the webhooks that come later change nothing.
    harness.sandbox.deliveries.resume();
    await harness.sandbox.deliveries.settled();
    expect(await comeBack('active', visit)).toMatchObject({ outcome: 'changed', changes: [{ kind: 'ends' }] });

    const ending = await upToDate('active');
    const again = await open('active', ending.revision);
    await harness.stripe.subscriptions.update(await subscriptionOf('active'), { cancel_at_period_end: false });
    await harness.sandbox.deliveries.settled();
    expect(await comeBack('active', again.visit)).toMatchObject({
      outcome: 'changed',
      changes: [{ kind: 'keeps' }],
      snapshot: { state: 'active' },
    });
  });

  it('L13: a change that was undone in the portal is none', async () => {
    const { revision } = await upToDate('active');
    const { visit } = await open('active', revision);
    await harness.stripe.subscriptions.update(await subscriptionOf('active'), { cancel_at_period_end: true });
    await harness.stripe.subscriptions.update(await subscriptionOf('active'), { cancel_at_period_end: false });
    await harness.sandbox.deliveries.settled();
    expect(await comeBack('active', visit)).toMatchObject({
      outcome: 'unchanged',
      changes: [],
      snapshot: { state: 'active' },
    });
  });

  it('M17, L11: a new card alone leaves the invoice open; paying it clears the grace', async () => {
    const customer = harness.customers.pastDue;
    const { revision } = await upToDate('pastDue');
    const { visit } = await open('pastDue', revision, { flow: 'payment_method_update' });
    const card = await harness.stripe.paymentMethods.attach('pm_card_visa', { customer });
    await harness.stripe.customers.update(customer, { invoice_settings: { default_payment_method: card.id } });
    const replaced = await comeBack('pastDue', visit);
    expect(replaced).toMatchObject({
      outcome: 'changed',
      changes: [{ kind: 'paymentMethod' }],
      snapshot: {
        state: 'pastDue',
        payment: { methodReplaced: true, due: { amount: 14_500 } },
        actions: [{ purpose: 'payNow' }, {}, {}],
      },
    });

    const invoice = await json<OpenedVisit>(
      await harness.bff.call('/v1/invoice-sessions', {
        ...harness.as('pastDue'),
        body: { seen: replaced.snapshot.revision },
      }),
    );
    const { data } = await harness.stripe.invoices.list({ customer, status: 'open' });
    expect(invoice.url).toBe(data[0]?.hosted_invoice_url);
    await harness.stripe.invoices.pay(data[0]?.id ?? '');
    expect(await comeBack('pastDue', invoice.visit)).toMatchObject({
      outcome: 'changed',
      changes: [{ kind: 'paid', paid: { amount: 14_500, currency: 'eur' } }],
      snapshot: { state: 'active', access: { level: 'full' }, graceEndsAt: null },
    });
  });

  it('M36: the last invoice leads to its page, paid as it is', async () => {
    const snapshot = await upToDate('yen');
    const view = { purpose: 'viewInvoice', via: 'invoice', invoice: 'last' };
    expect(snapshot.lastInvoice).toMatchObject({ state: 'paid', view });
    const ask = async (body: object) =>
      await harness.bff.call('/v1/invoice-sessions', {
        ...harness.as('yen'),
        body: { seen: snapshot.revision, ...body },
      });
    const { url } = await json<OpenedVisit>(await ask({ invoice: 'last' }));
    const { data } = await harness.stripe.invoices.list({ customer: harness.customers.yen, limit: 1 });
    expect(url).toBe(data[0]?.hosted_invoice_url);
    // There is none to pay, and no other one is opened by its id.
    expect(await (await ask({})).json()).toMatchObject({ code: 'no_open_invoice' });
    expect(await (await ask({ invoice: data[0]?.id })).json()).toMatchObject({ code: 'field_invalid' });
  });

  it('is pending while Stripe cannot be reached, and changed when it can', async () => {
    const { revision } = await upToDate('active');
    const { visit } = await open('active', revision);
    await harness.stripe.subscriptions.update(await subscriptionOf('active'), { cancel_at_period_end: true });
    await harness.sandbox.deliveries.settled();
    harness.sandbox.faults.next({ kind: 'serverError', path: '/v1/subscriptions', method: 'GET', times: 1 });
    const back = await comeBack('active', visit, 0);
    expect(back.outcome).toBe('pending');
    // The back-off is cut short for a page that waits.
    expect(await comeBack('active', visit)).toMatchObject({ outcome: 'changed', changes: [{ kind: 'ends' }] });
    await harness.stripe.subscriptions.update(await subscriptionOf('active'), { cancel_at_period_end: false });
    await harness.sandbox.deliveries.settled();
  });

  it('answers two tabs and two tries alike, for one fetch', async () => {
    // Nothing is due for this account from a visit before, and no time passes.
    const { revision } = await harness.bff.snapshot(harness.as('trialing'));
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    const [one, two] = await Promise.all([open('trialing', revision), open('trialing', revision)]);
    await harness.stripe.customers.update(harness.customers.trialing, { address: { city: 'Bergen', country: 'NO' } });
    await harness.sandbox.deliveries.settled();
    const answers = await Promise.all([
      comeBack('trialing', one.visit),
      comeBack('trialing', one.visit),
      comeBack('trialing', two.visit),
    ]);
    for (const answer of answers) {
      expect(answer).toMatchObject({
        outcome: 'changed',
        changes: [{ kind: 'billingDetails' }],
        snapshot: { state: 'trialing' },
      });
    }
    harness.sandbox.requests.clear();
    await Promise.all([
      comeBack('trialing', one.visit),
      comeBack('trialing', one.visit),
      comeBack('trialing', one.visit),
    ]);
    expect(looksAt('trialing'), 'at most one ticket a visit in 5 s').toBe(0);
  });

  it('B1: unchanged is provisional: rechecked, and changed when the portal was slower than the person', async () => {
    // No other visit of this account can be due for its second fetch, and no time passes but as told.
    const before = (await (await settled('yen')).json()) as BillingSnapshot;
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    const { visit } = await open('yen', before.revision);
    const first = await comeBack('yen', visit);
    expect(first.outcome).toBe('unchanged');

    // Now the portal is done, and its webhook is lost.
    harness.sandbox.deliveries.settings.lose = 'silently';
    await harness.stripe.subscriptions.update(await subscriptionOf('yen'), { cancel_at_period_end: true });
    const etag = (await harness.bff.settled(harness.as('yen'))).headers.get('etag') ?? '';
    const held = harness.bff.call('/v1/billing', {
      ...harness.as('yen'),
      headers: { 'if-none-match': etag, prefer: 'wait=25' },
    });
    harness.sandbox.clock.freeze();
    vi.setSystemTime(Date.now() + 5_000);
    expect(await json<BillingSnapshot>(await held)).toMatchObject({ state: 'ending', confirmedBy: 'return' });
    expect(await comeBack('yen', visit)).toMatchObject({ outcome: 'changed', changes: [{ kind: 'ends' }] });
    vi.useRealTimers();
    harness.sandbox.deliveries.settings.lose = 'no';
  });

  it('M2: another account’s visit is not found, as an unknown one is not', async () => {
    const { visit } = await open('active', null);
    const stolen = await harness.bff.call('/v1/visits/return', { ...harness.as('ending'), body: { visit } });
    const unknown = await harness.bff.call('/v1/visits/return', {
      ...harness.as('ending'),
      body: { visit: 'AAAAAAAAAAAAAAAAAAAAAA' },
    });
    expect(await problemOf(stolen)).toEqual(await problemOf(unknown));
    expect(stolen.status).toBe(404);
  });
});

describe('webhooks', () => {
  it('L1, L3, M20: repeated, late and outdated ones change nothing', async () => {
    const before = await upToDate('ending');
    const events = [...harness.sandbox.state.events.list()]
      .filter(({ type }) => type.startsWith('customer.subscription.'))
      .slice(0, 20);
    expect(events.length).toBeGreaterThan(3);
    // Twice each, newest last and newest first; their ids are known for some and new for others.
    for (const event of [...events, ...events.toReversed()]) {
      await harness.sandbox.deliveries.resend(event.id);
      expect((await harness.bff.deliver({ ...event, id: `${event.id}_again` }, { secret: 'whsec_other' })).status).toBe(
        400,
      );
    }
    await harness.sandbox.deliveries.settled();
    const { visit } = await open('ending', before.revision);
    await comeBack('ending', visit);
    const after = await harness.bff.snapshot(harness.as('ending'));
    expect({ ...after, asOf: before.asOf }).toEqual(before);
  });

  it('of unlinked customers and of unread types are acknowledged and ignored (L20)', async () => {
    await harness.stripe.customers.create({ email: 'stranger@example.com' });
    await harness.sandbox.deliveries.settled();
    expect(harness.sandbox.deliveries.list().filter(({ state }) => state === 'failed')).toEqual([]);
  });

  it('of a renamed product rename the plan without fetching a customer', async () => {
    const before = await settled('trialing');
    const etag = before.headers.get('etag') ?? '';
    const held = harness.bff.call('/v1/billing', {
      ...harness.as('trialing'),
      headers: { 'if-none-match': etag, prefer: 'wait=25' },
    });
    harness.sandbox.requests.clear();
    const { data } = await harness.stripe.products.list({ limit: 100 });
    const team = data.find(({ name }) => name === 'Team');
    await harness.stripe.products.update(team?.id ?? '', { name: 'Crew' });
    expect(await json<BillingSnapshot>(await held)).toMatchObject({ plan: { name: 'Crew' } });
    expect(looksAt('trialing')).toBe(0);
  });
});

describe('Stripe’s own failures', () => {
  it('M9: a portal that was never set up, a missing customer, a rate limit: each has its code', async () => {
    harness.sandbox.faults.next({ kind: 'rateLimited', path: '/v1/billing_portal', times: 2 });
    const limited = await harness.bff.call('/v1/portal-sessions', { ...harness.as('active'), body: { seen: null } });
    expect(await problemOf(limited)).toMatchObject({ status: 503, code: 'stripe_rate_limited' });
    expect(limited.headers.get('retry-after')).toBe('2');
    harness.sandbox.faults.clear();

    harness.sandbox.faults.next({ kind: 'html', path: '/v1/billing_portal', times: 2 });
    const html = await harness.bff.call('/v1/portal-sessions', { ...harness.as('active'), body: { seen: null } });
    expect(await problemOf(html)).toMatchObject({ status: 503, code: 'stripe_unavailable' });
    harness.sandbox.faults.clear();
  });

  it('L29: a deleted customer is forgotten only because Stripe says deleted', async () => {
    const etag = (await harness.bff.call('/v1/billing', { account: 'team_ended' })).headers.get('etag') ?? '';
    const held = harness.bff.call('/v1/billing', {
      account: 'team_ended',
      headers: { 'if-none-match': etag, prefer: 'wait=25' },
    });
    await harness.stripe.customers.del(harness.customers.ended);
    expect(await json<BillingSnapshot>(await held)).toMatchObject({ actions: [] });

    const body = { seen: null };
    const again = await harness.bff.call('/v1/portal-sessions', { ...harness.as('ended'), body });
    expect(await problemOf(again), 'a tombstone that is introduced changes nothing').toMatchObject({
      code: 'no_customer',
    });
    const alone = await harness.bff.call('/v1/portal-sessions', { account: 'team_ended', body });
    expect(await problemOf(alone)).toMatchObject({
      status: 404,
      code: 'no_customer',
      detail: expect.stringContaining('was deleted at Stripe') as string,
    });
  });
});
