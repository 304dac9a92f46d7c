/** The main job over real HTTP: link, read, wait, leave, come back, and the truth that Stripe confirms. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import type { BillingSnapshot, OpenedVisit, VisitReturn } from '@billhook/widget/contract';
import { origin, problemOf, token } from '../support/bff.ts';
import { setStage, type Stage } from '../support/with-sandbox.ts';

let stage: Stage;
beforeAll(async () => {
  stage = await setStage();
});
afterAll(() => stage.close());
afterEach(() => {
  vi.useRealTimers();
});

type Who = Parameters<Stage['as']>[0];

const json = async <T>(response: Response): Promise<T> => {
  expect(response.status, await response.clone().text()).toBe(200);
  return (await response.json()) as T;
};
const subscriptionOf = async (who: Who) => {
  const { data } = await stage.stripe.subscriptions.list({ customer: stage.customers[who], status: 'all', limit: 1 });
  return data[0]?.id ?? '';
};
const open = async (who: Who, seen: string | null, body: object = {}): Promise<OpenedVisit> =>
  json(await stage.bff.call('/v1/portal-sessions', { ...stage.as(who), body: { seen, ...body } }));
const comeBack = async (who: Who, visit: string, wait = 25): Promise<VisitReturn> =>
  json(
    await stage.bff.call('/v1/visits/return', {
      ...stage.as(who),
      body: { visit },
      headers: { prefer: `wait=${wait}` },
    }),
  );
/** The account as Stripe has it now, with the changes of earlier tests. */
const upToDate = async (who: Who): Promise<BillingSnapshot> => {
  await stage.sandbox.deliveries.settled();
  return (await comeBack(who, (await open(who, null)).visit)).snapshot;
};
const calls = () => stage.sandbox.requests.list().map(({ method, path }) => `${method} ${path}`);
/** How often Stripe was asked about this one. Others are looked at a second time meanwhile, where a visit changed nothing. */
const looksAt = (who: Who) =>
  stage.sandbox.requests
    .list({ path: '/v1/subscriptions' })
    .filter(({ params }) => params['customer'] === stage.customers[who]).length;

/** Polls that are held now, by the server's own count. */
const heldPolls = async (): Promise<number> =>
  Number(/^billhook_polls_waiting (\d+)$/m.exec(await stage.bff.billhook.metrics())?.[1]);
/** The test's time limit is the limit. */
async function whenHeld(count: number): Promise<void> {
  while ((await heldPolls()) !== count) await nextTurn();
}

describe('reading', () => {
  it('M30: an account nobody linked has nothing to manage, and no portal button (M13)', async () => {
    const snapshot = await stage.bff.snapshot({ account: 'team_free' });
    expect(snapshot).toMatchObject({ state: 'none', plan: null, revision: expect.stringMatching(/\.0$/), asOf: null });
    expect(snapshot.actions.filter(({ via }) => via === 'portal')).toEqual([]);
  });

  it('links an introduced customer, and its first read waits for the facts', async () => {
    expect(await stage.bff.snapshot(stage.as('active'))).toMatchObject({ state: 'active', plan: { name: 'Team' } });
    expect(await stage.bff.snapshot(stage.as('pastDue'))).toMatchObject({
      state: 'pastDue',
      payment: { due: { amount: 14_500, currency: 'eur' }, problem: 'failed' },
      access: { level: 'full' },
    });
    expect(await stage.bff.snapshot(stage.as('ending'))).toMatchObject({ state: 'ending', endsAt: expect.any(String) });
    expect(await stage.bff.snapshot(stage.as('ended'))).toMatchObject({ state: 'ended', access: { level: 'none' } });
  });

  it('a healthy customer costs one call to Stripe', async () => {
    await stage.bff.snapshot(stage.as('active'));
    // The first click of a process also looks the portal's configuration up.
    await open('active', null);
    stage.sandbox.requests.clear();
    const { visit } = await open('active', null);
    await comeBack('active', visit);
    expect(calls()).toEqual(['POST /v1/billing_portal/sessions', 'GET /v1/subscriptions']);
  });

  it('M2, L16: no two accounts share a customer, whatever a token introduces', async () => {
    await stage.bff.snapshot(stage.as('active'));
    const response = await stage.bff.call('/v1/billing', {
      account: 'team_thief',
      mint: { customer: stage.customers.active },
    });
    expect(await problemOf(response)).toMatchObject({ status: 403, code: 'introduction_refused' });
    expect(await stage.bff.snapshot({ account: 'team_thief' })).toMatchObject({ state: 'none' });
  });

  it('keeps the link that was made first', async () => {
    await stage.bff.snapshot(stage.as('active'));
    const other = { account: 'team_active', mint: { customer: stage.customers.ended } };
    expect(await stage.bff.snapshot(other)).toMatchObject({ state: 'active' });
  });

  it('refuses a customer that Stripe does not know, and links nothing', async () => {
    const response = await stage.bff.call('/v1/billing', { account: 'team_nobody', mint: { customer: 'cus_nobody' } });
    expect(await problemOf(response)).toMatchObject({ status: 502, code: 'stripe_customer_missing' });
    expect(await stage.bff.snapshot({ account: 'team_nobody' })).toMatchObject({ state: 'none' });
  });

  it('a token that may only look gets no actions', async () => {
    const look = {
      account: 'team_pastDue',
      mint: { customer: stage.customers.pastDue, scope: ['billing:read'] as const },
    };
    expect(await stage.bff.snapshot(look)).toMatchObject({ state: 'pastDue', actions: [], mayManage: false });
  });
});

describe('waiting', () => {
  const read = async (who: Who, etag: string | null, prefer?: string) =>
    stage.bff.call('/v1/billing', {
      ...stage.as(who),
      headers: { ...(etag === null ? {} : { 'if-none-match': etag }), ...(prefer === undefined ? {} : { prefer }) },
    });

  it('answers 304 for the same document, also when a proxy made its ETag weak', async () => {
    const etag = (await read('active', null)).headers.get('etag') ?? '';
    expect((await read('active', etag)).status).toBe(304);
    expect((await read('active', `W/${etag}`)).status).toBe(304);
    expect((await read('active', '"another"')).status).toBe(200);
  });

  it('holds the answer for the time that was asked, and says so', async () => {
    const etag = (await read('active', null)).headers.get('etag');
    const began = performance.now();
    const held = await read('active', etag, 'respond-async, wait=1');
    expect(held.status).toBe(304);
    expect(held.headers.get('preference-applied')).toBe('wait=1');
    expect(performance.now() - began).toBeGreaterThan(950);
  });

  it('M23: answers at once when a webhook’s sync changed the document', async () => {
    const etag = (await read('ending', null)).headers.get('etag');
    const held = read('ending', etag, 'wait=25');
    await stage.stripe.subscriptions.update(await subscriptionOf('ending'), { cancel_at: '' });
    const snapshot = await json<BillingSnapshot>(await held);
    expect(snapshot).toMatchObject({ state: 'active', endsAt: null, confirmedBy: 'webhook' });
  });

  it('gives up when the client is gone', async () => {
    const etag = (await read('active', null)).headers.get('etag') ?? '';
    const gone = new AbortController();
    const held = stage.bff.call('/v1/billing', {
      ...stage.as('active'),
      headers: { 'if-none-match': etag, prefer: 'wait=25' },
      signal: gone.signal,
    });
    gone.abort();
    expect((await held).status).toBe(304);
  });

  it('holds eight requests an account; the ninth is answered at once', async () => {
    const etag = (await read('active', null)).headers.get('etag');
    const gone = new AbortController();
    const headers = { 'if-none-match': etag ?? '', prefer: 'wait=25' };
    // More than eight at once: the first eight take the places, and all are taken.
    const many = Array.from({ length: 16 }, () =>
      stage.bff.call('/v1/billing', { ...stage.as('active'), headers, signal: gone.signal }),
    );
    await whenHeld(8);
    // It would be held for as long as they are, and they were first.
    expect((await stage.bff.call('/v1/billing', { ...stage.as('active'), headers })).status).toBe(304);
    expect(await heldPolls()).toBe(8);
    gone.abort();
    await Promise.all(many);
    await whenHeld(0);
  });
});

describe('a client that goes away', () => {
  it('gives its place to the next, over real HTTP', async () => {
    const { account, mint } = stage.as('active');
    const authorization = `Bearer ${await token({ account, ...mint })}`;
    const etag = (await stage.bff.call('/v1/billing', stage.as('active'))).headers.get('etag') ?? '';
    const wait = (seconds: number, signal?: AbortSignal) =>
      fetch(`${stage.url}/v1/billing`, {
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
    const here = `${origin}/settings/billing?tab=plan`;
    const first = await open('active', null, { returnUrl: here });
    const second = await open('active', null, { returnUrl: here });
    expect(first.url).not.toBe(second.url);
    expect(first.visit).not.toBe(second.visit);
    const page = await (await fetch(first.url)).text();
    expect(page).toContain(here);
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

  it('B1: a return says what changed since the page was left, whether its webhook came before or after', async () => {
    const before = await upToDate('active');
    const { visit } = await open('active', before.revision);
    // No webhook arrives at all: the return's own fetch finds it.
    stage.sandbox.deliveries.pause();
    await stage.stripe.subscriptions.update(await subscriptionOf('active'), { cancel_at_period_end: true });
    const back = await comeBack('active', visit);
    expect(back).toMatchObject({
      outcome: 'changed',
      changes: [{ kind: 'ends' }],
      snapshot: { state: 'ending', confirmedBy: 'return' },
    });

    // Twice is the same answer; and the webhooks that come later change nothing.
    stage.sandbox.deliveries.resume();
    await stage.sandbox.deliveries.settled();
    expect(await comeBack('active', visit)).toMatchObject({ outcome: 'changed', changes: [{ kind: 'ends' }] });

    const ending = await upToDate('active');
    const again = await open('active', ending.revision);
    await stage.stripe.subscriptions.update(await subscriptionOf('active'), { cancel_at_period_end: false });
    await stage.sandbox.deliveries.settled();
    expect(await comeBack('active', again.visit)).toMatchObject({
      outcome: 'changed',
      changes: [{ kind: 'keeps' }],
      snapshot: { state: 'active' },
    });
  });

  it('L13: what was done and undone in the portal is no change', async () => {
    const { revision } = await upToDate('active');
    const { visit } = await open('active', revision);
    await stage.stripe.subscriptions.update(await subscriptionOf('active'), { cancel_at_period_end: true });
    await stage.stripe.subscriptions.update(await subscriptionOf('active'), { cancel_at_period_end: false });
    await stage.sandbox.deliveries.settled();
    expect(await comeBack('active', visit)).toMatchObject({
      outcome: 'unchanged',
      changes: [],
      snapshot: { state: 'active' },
    });
  });

  it('M17, L11: a new card alone leaves the invoice open, and says so; paying it clears the grace', async () => {
    const customer = stage.customers.pastDue;
    const { revision } = await upToDate('pastDue');
    const { visit } = await open('pastDue', revision, { flow: 'payment_method_update' });
    const card = await stage.stripe.paymentMethods.attach('pm_card_visa', { customer });
    await stage.stripe.customers.update(customer, { invoice_settings: { default_payment_method: card.id } });
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
      await stage.bff.call('/v1/invoice-sessions', {
        ...stage.as('pastDue'),
        body: { seen: replaced.snapshot.revision },
      }),
    );
    const { data } = await stage.stripe.invoices.list({ customer, status: 'open' });
    expect(invoice.url).toBe(data[0]?.hosted_invoice_url);
    await stage.stripe.invoices.pay(data[0]?.id ?? '');
    expect(await comeBack('pastDue', invoice.visit)).toMatchObject({
      outcome: 'changed',
      changes: [{ kind: 'paid', paid: { amount: 14_500, currency: 'eur' } }],
      snapshot: { state: 'active', access: { level: 'full' }, graceEndsAt: null },
    });
  });

  it('is pending, honestly, while Stripe cannot be reached, and changed when it can', async () => {
    const { revision } = await upToDate('active');
    const { visit } = await open('active', revision);
    await stage.stripe.subscriptions.update(await subscriptionOf('active'), { cancel_at_period_end: true });
    await stage.sandbox.deliveries.settled();
    stage.sandbox.faults.next({ kind: 'serverError', path: '/v1/subscriptions', method: 'GET', times: 1 });
    const back = await comeBack('active', visit, 0);
    expect(back.outcome).toBe('pending');
    // The back-off is cut short for a page that waits.
    expect(await comeBack('active', visit)).toMatchObject({ outcome: 'changed', changes: [{ kind: 'ends' }] });
    await stage.stripe.subscriptions.update(await subscriptionOf('active'), { cancel_at_period_end: false });
    await stage.sandbox.deliveries.settled();
  });

  it('answers two tabs and two tries alike, for one fetch', async () => {
    // Nothing is due for this account from a visit before, and no time passes.
    const { revision } = await stage.bff.snapshot(stage.as('trialing'));
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() });
    const [one, two] = await Promise.all([open('trialing', revision), open('trialing', revision)]);
    await stage.stripe.customers.update(stage.customers.trialing, { address: { city: 'Bergen', country: 'NO' } });
    await stage.sandbox.deliveries.settled();
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
    stage.sandbox.requests.clear();
    await Promise.all([
      comeBack('trialing', one.visit),
      comeBack('trialing', one.visit),
      comeBack('trialing', one.visit),
    ]);
    expect(looksAt('trialing'), 'at most one ticket a visit in 5 s').toBe(0);
  });

  it('B1: unchanged is provisional: looked at again, and changed when the portal was slower than the person', async () => {
    const { revision } = await upToDate('active');
    const { visit } = await open('active', revision);
    const first = await comeBack('active', visit);
    expect(first.outcome).toBe('unchanged');

    // Now the portal is done, and its webhook is lost.
    stage.sandbox.deliveries.settings.lose = 'silently';
    await stage.stripe.subscriptions.update(await subscriptionOf('active'), { cancel_at_period_end: true });
    const etag = (await stage.bff.call('/v1/billing', stage.as('active'))).headers.get('etag') ?? '';
    const held = stage.bff.call('/v1/billing', {
      ...stage.as('active'),
      headers: { 'if-none-match': etag, prefer: 'wait=25' },
    });
    stage.sandbox.clock.freeze();
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 5_000 });
    expect(await json<BillingSnapshot>(await held)).toMatchObject({ state: 'ending', confirmedBy: 'return' });
    expect(await comeBack('active', visit)).toMatchObject({ outcome: 'changed', changes: [{ kind: 'ends' }] });
    vi.useRealTimers();
    stage.sandbox.deliveries.settings.lose = 'no';
    await stage.stripe.subscriptions.update(await subscriptionOf('active'), { cancel_at_period_end: false });
    await stage.sandbox.deliveries.settled();
  });

  it('M2: another account’s visit is not found, as an unknown one is not', async () => {
    const { visit } = await open('active', null);
    const stolen = await stage.bff.call('/v1/visits/return', { ...stage.as('ending'), body: { visit } });
    const unknown = await stage.bff.call('/v1/visits/return', {
      ...stage.as('ending'),
      body: { visit: 'AAAAAAAAAAAAAAAAAAAAAA' },
    });
    expect(await problemOf(stolen)).toEqual(await problemOf(unknown));
    expect(stolen.status).toBe(404);
  });
});

describe('webhooks', () => {
  it('L1, L3, M20: repeated, late and older than what is known change nothing', async () => {
    const before = await upToDate('ending');
    const events = [...stage.sandbox.state.events.list()]
      .filter(({ type }) => type.startsWith('customer.subscription.'))
      .slice(0, 20);
    expect(events.length).toBeGreaterThan(3);
    // Twice each, newest last and newest first; their ids are known for some and new for others.
    for (const event of [...events, ...events.toReversed()]) {
      await stage.sandbox.deliveries.resend(event.id);
      expect((await stage.bff.deliver({ ...event, id: `${event.id}_again` }, { secret: 'whsec_other' })).status).toBe(
        400,
      );
    }
    await stage.sandbox.deliveries.settled();
    const { visit } = await open('ending', before.revision);
    await comeBack('ending', visit);
    const after = await stage.bff.snapshot(stage.as('ending'));
    expect({ ...after, asOf: before.asOf }).toEqual(before);
  });

  it('of strangers and of no interest are acknowledged and closed (L20)', async () => {
    await stage.stripe.customers.create({ email: 'stranger@example.com' });
    await stage.sandbox.deliveries.settled();
    expect(stage.sandbox.deliveries.list().filter(({ state }) => state === 'failed')).toEqual([]);
  });

  it('of a renamed product rename the plan without fetching a customer', async () => {
    const before = await stage.bff.call('/v1/billing', stage.as('trialing'));
    const etag = before.headers.get('etag') ?? '';
    const held = stage.bff.call('/v1/billing', {
      ...stage.as('trialing'),
      headers: { 'if-none-match': etag, prefer: 'wait=25' },
    });
    stage.sandbox.requests.clear();
    const { data } = await stage.stripe.products.list({ limit: 100 });
    const team = data.find(({ name }) => name === 'Team');
    await stage.stripe.products.update(team?.id ?? '', { name: 'Crew' });
    expect(await json<BillingSnapshot>(await held)).toMatchObject({ plan: { name: 'Crew' } });
    expect(looksAt('trialing')).toBe(0);
  });
});

describe('Stripe’s own troubles', () => {
  it('M9: a portal that was never set up, a missing customer, a rate limit: each has its code', async () => {
    stage.sandbox.faults.next({ kind: 'rateLimited', path: '/v1/billing_portal', times: 2 });
    const limited = await stage.bff.call('/v1/portal-sessions', { ...stage.as('active'), body: { seen: null } });
    expect(await problemOf(limited)).toMatchObject({ status: 503, code: 'stripe_rate_limited' });
    expect(limited.headers.get('retry-after')).toBe('2');
    stage.sandbox.faults.clear();

    stage.sandbox.faults.next({ kind: 'html', path: '/v1/billing_portal', times: 2 });
    const html = await stage.bff.call('/v1/portal-sessions', { ...stage.as('active'), body: { seen: null } });
    expect(await problemOf(html)).toMatchObject({ status: 503, code: 'stripe_unavailable' });
    stage.sandbox.faults.clear();
  });

  it('L29: a deleted customer is forgotten only because Stripe says deleted', async () => {
    const etag = (await stage.bff.call('/v1/billing', { account: 'team_ended' })).headers.get('etag') ?? '';
    const held = stage.bff.call('/v1/billing', {
      account: 'team_ended',
      headers: { 'if-none-match': etag, prefer: 'wait=25' },
    });
    await stage.stripe.customers.del(stage.customers.ended);
    expect(await json<BillingSnapshot>(await held)).toMatchObject({ actions: [] });

    const body = { seen: null };
    const again = await stage.bff.call('/v1/portal-sessions', { ...stage.as('ended'), body });
    expect(await problemOf(again), 'a tombstone cannot be introduced').toMatchObject({ code: 'introduction_refused' });
    const alone = await stage.bff.call('/v1/portal-sessions', { account: 'team_ended', body });
    expect(await problemOf(alone)).toMatchObject({ status: 404, code: 'no_customer' });
  });
});
