import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { Stripe } from 'stripe';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { listening } from '../support/listening.ts';
import { dayMs, hourMs, startAt, startSandbox, subscribed, type Harness } from './harness.ts';
import { submit, visit } from './visit.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await startSandbox();
});
afterEach(() => harness.close());

const room = (): string => `${harness.url}/sandbox`;
const press = (path: string, form: Record<string, string>): ReturnType<typeof submit> =>
  submit(`${room()}/do/${path}`, form);

describe('the start page', () => {
  test('says what this is, and leads on', async () => {
    const response = await fetch(harness.url);
    const html = await response.text();
    expect(response.status).toBe(200);
    for (const href of ['/sandbox', '/sandbox#customers', '/sandbox#events', '/sandbox/events'])
      expect(html).toContain(`href="${href}"`);
  });
});

describe('the control room’s page', () => {
  test('shows the clock, the customers and their subscriptions', async () => {
    await subscribed(harness.stripe, 'pm_card_visa', 3);
    const { status, text, headers } = await visit(room());
    expect(status).toBe(200);
    for (const words of [
      'Sun, 1 March 2026 at 12:00:00 UTC',
      'ada@example.com',
      'Active',
      'Plan 2900, €87.00',
      'until 1 April 2026',
    ])
      expect(text).toContain(words);
    expect(headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  test('escapes what customers wrote', async () => {
    await harness.stripe.customers.create({ name: '<b>bold</b>' });
    expect(await (await fetch(room())).text()).toContain('&lt;b&gt;bold&lt;/b&gt;');
  });

  test('moves the clock by a step, and to the next renewal', async () => {
    await subscribed(harness.stripe);
    expect((await press('clock', { advanceSeconds: '3600' })).text).toContain('The clock has moved');
    expect(harness.sandbox.clock.now()).toBe(startAt + hourMs);
    await press('clock', { to: 'renewal' });
    expect(harness.sandbox.clock.now()).toBe(Date.UTC(2026, 3, 1, 12));
    expect(harness.newEvents()).toContain('invoice.created');
  });

  test('stops the clock and lets it run', async () => {
    await press('clock', { frozen: 'false' });
    expect(harness.sandbox.clock.frozen).toBe(false);
    await press('clock', { frozen: 'true' });
    expect(harness.sandbox.clock.frozen).toBe(true);
  });

  test('opens the portal as a customer, and leads back', async () => {
    const { customer } = await subscribed(harness.stripe);
    expect((await press('portal', { customer: customer.id })).text).toContain('They are saved now: try again.');
    const portal = await press('portal', { customer: customer.id });
    expect(portal.text).toContain('Plans and billing');
    expect([...harness.sandbox.state.portalSessions.values()][0]?.return_url).toBe(room());
    expect((await press('portal', { customer: 'cus_x' })).text).toContain('not there any more');
  });

  test('decides how the next charges go, and takes it back', async () => {
    expect((await press('charges', { outcome: 'failsOnCharge' })).text).toContain('the next charge fails.');
    await press('charges', { outcome: 'needsAuthentication' });
    expect(harness.sandbox.state.nextCharges).toEqual(['failsOnCharge', 'needsAuthentication']);
    await press('charges', { outcome: 'nonsense' });
    expect(harness.sandbox.state.nextCharges).toHaveLength(2);
    await press('charges', { outcome: 'forget' });
    expect(harness.sandbox.state.nextCharges).toEqual([]);
  });

  test('sets how webhooks are delivered and how slow the API is', async () => {
    const form = { paused: 'true', lose: 'silently', copies: '2', order: 'shuffled', delayMs: '250', latencyMs: '40' };
    expect((await press('deliveries', form)).text).toContain('The settings are saved.');
    expect(harness.sandbox.deliveries.settings).toMatchObject({
      lose: 'silently',
      copies: 2,
      order: 'shuffled',
      delayMs: 250,
    });
    expect([harness.sandbox.deliveries.paused, harness.sandbox.faults.latencyMs]).toEqual([true, 40]);
    const { paused: _paused, ...rest } = form;
    await press('deliveries', { ...rest, lose: 'no', latencyMs: '0' });
    expect([harness.sandbox.deliveries.paused, harness.sandbox.faults.latencyMs]).toEqual([false, 0]);
    expect((await press('deliveries', { ...rest, delayMs: '-1' })).text).toContain('whole number');
    expect(harness.sandbox.deliveries.settings.delayMs).toBe(250);
  });

  test('tells each change by two events, and stops doing so', async () => {
    const form = { lose: 'no', copies: '1', order: 'asSent', delayMs: '0', latencyMs: '0' };
    await press('deliveries', { ...form, twins: 'true' });
    expect(harness.sandbox.deliveries.settings.twins).toBe(true);
    await press('deliveries', form);
    expect(harness.sandbox.deliveries.settings.twins).toBe(false);
  });

  test('arranges the next event alone: with a wrong secret, lost, late, twice', async () => {
    const received: { valid: boolean; id: string }[] = [];
    let secret = '';
    const server = createServer(async (request, response) => {
      const body = await text(request);
      const header = String(request.headers['stripe-signature']);
      let valid = true;
      try {
        await harness.stripe.webhooks.constructEventAsync(body, header, secret);
      } catch (cause) {
        if (!(cause instanceof Stripe.errors.StripeSignatureVerificationError)) throw cause;
        valid = false;
      }
      received.push({ valid, id: (JSON.parse(body) as { id: string }).id });
      response.writeHead(valid ? 200 : 400).end();
    });
    const { url, close } = await listening(server);
    onTestFinished(close);
    harness.sandbox.deliveries.settings.retryAfterMs = [];
    ({ secret } = harness.sandbox.deliveries.addEndpoint(url));
    const happen = async (what: string) => {
      received.length = 0;
      expect((await press('next-delivery', { what })).text).toContain('The next event is arranged.');
      await harness.stripe.customers.create({ name: 'First' });
      await harness.sandbox.deliveries.settled();
      await harness.stripe.customers.create({ name: 'Second' });
      await harness.sandbox.deliveries.settled();
      return received.map(({ valid }) => valid);
    };
    expect(await happen('wrongSecret'), 'refused, and the next one is signed well').toEqual([false, true]);
    expect(harness.sandbox.deliveries.list({ state: 'failed' })).toHaveLength(1);
    expect(await happen('twice')).toEqual([true, true, true]);
    expect(received[0]?.id).toBe(received[1]?.id);
    expect(await happen('lost')).toEqual([true]);
    expect(await happen('late'), 'the first one is still on its way').toEqual([true]);
    expect((await press('next-delivery', { what: 'nonsense' })).text).toContain('cannot be arranged');
  });

  test('OBJ-3: gives an endpoint an older version', async () => {
    const { endpoint } = harness.sandbox.deliveries.addEndpoint('http://127.0.0.1:9/');
    const set = (version: string, id = endpoint.id) => press('endpoint', { endpoint: id, version });
    expect((await set('2025-02-24.acacia')).text).toContain('The endpoint’s version is set.');
    expect(endpoint.api_version).toBe('2025-02-24.acacia');
    expect((await set('2031-01-01.fig')).text).toContain('cannot be arranged');
    expect((await set('2025-02-24.acacia', 'we_x')).text).toContain('not there any more');
    expect(await fetch(room()).then((page) => page.text())).toContain('selected>2025-02-24.acacia');
  });

  test.each<[string, number | null]>([
    ['rateLimited', 429],
    ['lockTimeout', 429],
    ['serverError', 500],
    ['html', 502],
    ['halfBody', null],
    ['reset', null],
  ])('arranges that the next call goes wrong: %s', async (kind, status) => {
    await press('faults', { kind });
    const ask = async () => {
      const response = await fetch(`${harness.url}/v1/account`, {
        headers: { authorization: `Bearer ${harness.sandbox.secretKey}` },
      });
      await response.json().catch((cause: unknown) => (response.status === 502 ? null : Promise.reject(cause)));
      return response.status;
    };
    if (status === null) await expect(ask()).rejects.toThrow();
    else expect(await ask()).toBe(status);
    expect(await ask(), 'only that one').toBe(200);
  });

  test('a call without an answer, one that is taken back, and a limit', async () => {
    expect((await press('faults', { kind: 'timeout' })).text).toContain('Next: no answer.');
    const waiting = fetch(`${harness.url}/v1/account`, {
      headers: { authorization: `Bearer ${harness.sandbox.secretKey}` },
      signal: AbortSignal.timeout(200),
    });
    await expect(waiting).rejects.toMatchObject({ name: 'TimeoutError' });
    await press('faults', { kind: 'reset' });
    await press('faults', { kind: 'none' });
    expect(harness.sandbox.faults.pending()).toEqual([]);
    expect((await press('faults', { kind: 'nonsense' })).text).toContain('cannot be arranged');
    await press('limit', { perSecond: '25' });
    expect(harness.sandbox.faults.rateLimitPerSecond).toBe(25);
    expect((await press('limit', { perSecond: '-1' })).text).toContain('whole number');
    await press('limit', { perSecond: '' });
    expect(harness.sandbox.faults.rateLimitPerSecond).toBeNull();
  });

  test('KEY-1: makes a restricted key, and shows it', async () => {
    const { text: page } = await press('keys', { permissions: 'rak_customer_read\n rak_invoice_write' });
    const [made] = harness.sandbox.restrictedKeys();
    expect(made?.permissions).toEqual(['customer_read', 'invoice_write']);
    expect(page).toContain(`${made?.key} customer_read, invoice_write`);
  });

  test('WH-3: everything while the clock stands has the same second', async () => {
    await subscribed(harness.stripe);
    const times = harness.sandbox.state.events.list().map(({ created }) => created);
    expect(times.length).toBeGreaterThan(5);
    expect(new Set(times).size).toBe(1);
    expect((await visit(room())).text).toContain('everything meanwhile has the same second');
  });

  test('shows how events were delivered, and sends them again', async () => {
    harness.sandbox.deliveries.settings.retryAfterMs = [];
    await harness.stripe.customers.create({ name: 'Before' });
    harness.sandbox.deliveries.addEndpoint('http://127.0.0.1:9/');
    await harness.stripe.customers.create({ name: 'After' });
    await harness.sandbox.deliveries.settled();
    expect((await visit(room())).text).toMatch(
      /customer\.created After,.+Failed.+customer\.created Before,.+No listener/,
    );
    const [event] = harness.sandbox.deliveries.list();
    await press('resend', { event: event?.event ?? '' });
    expect(event?.attempts).toHaveLength(2);
    expect((await visit(room())).text).toContain('Failed, 2 times');
    expect((await press('resend', { event: 'evt_x' })).text).toContain('not there any more');
  });

  test('a page of another site cannot press its buttons', async () => {
    const response = await fetch(`${room()}/do/clock`, {
      method: 'POST',
      headers: { 'sec-fetch-site': 'cross-site' },
      body: new URLSearchParams({ advanceSeconds: '60' }),
    });
    expect([response.status, harness.sandbox.clock.now()]).toEqual([403, startAt]);
  });

  test('says what waits for whom', async () => {
    const { customer } = await subscribed(harness.stripe);
    harness.sandbox.state.nextCharges.push('needsAuthentication');
    await harness.sandbox.clock.advance(31 * dayMs + hourMs);
    const { text } = await visit(room());
    expect(text).toMatch(/Past due.+waits for the bank’s confirmation/);
    expect(text).toMatch(new RegExp(`${customer.id}.+Invoice`));
  });
});
