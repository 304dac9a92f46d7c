import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Stripe } from 'stripe';
import { createSandbox, seedDemo, type StripeSandbox } from '../../demo/stripe-sandbox/index.ts';
import { intentOf } from '../../demo/stripe-sandbox/engine/payments.ts';
import { dayMs, startAt, seconds, startSandbox, subscribed, type Harness } from './harness.ts';

describe('the clock', () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await startSandbox();
  });
  afterEach(() => harness.close());

  test('stands where it was started, and moves when it is told to', async () => {
    const { clock } = harness.sandbox;
    expect([clock.now(), clock.frozen]).toEqual([startAt, true]);
    await clock.advance(1500);
    expect(clock.now()).toBe(startAt + 1500);
    await clock.advanceTo(startAt + dayMs);
    expect(clock.now()).toBe(startAt + dayMs);
  });

  test('never goes back', () => {
    expect(() => harness.sandbox.clock.advanceTo(startAt - 1)).toThrow(RangeError);
    expect(() => harness.sandbox.clock.advance(-1)).toThrow(RangeError);
  });

  test('runs each thing at its own moment', async () => {
    await subscribed(harness.stripe);
    await harness.sandbox.clock.advance(100 * dayMs);
    const renewals = harness.sandbox.state.invoices.list((row) => row.billing_reason === 'subscription_cycle');
    expect(renewals.map((row) => new Date(row.created * 1000).toISOString())).toEqual([
      '2026-06-01T12:00:00.000Z',
      '2026-05-01T12:00:00.000Z',
      '2026-04-01T12:00:00.000Z',
    ]);
    expect(renewals.map((row) => row.status_transitions.paid_at ?? 0)).toEqual(
      renewals.map((row) => row.created + 3600),
    );
  });

  test('two moves at once are done one after the other', async () => {
    await Promise.all([harness.sandbox.clock.advance(dayMs), harness.sandbox.clock.advance(dayMs)]);
    expect(harness.sandbox.clock.now()).toBe(startAt + 2 * dayMs);
  });

  test('the same seed makes the same history', async () => {
    const history = async (seed: number): Promise<string[]> => {
      const run = await startSandbox({ seed });
      await subscribed(run.stripe);
      await run.sandbox.clock.advance(40 * dayMs);
      await run.close();
      return run.sandbox.state.events.list().map((event) => `${event.id} ${event.type} ${event.created}`);
    };
    const first = await history(5);
    expect(await history(5)).toEqual(first);
    expect(await history(6)).not.toEqual(first);
  });
});

describe('a clock that flows', () => {
  test('does by itself what falls due', async () => {
    const sandbox = createSandbox();
    await sandbox.listen();
    const stripe = new Stripe(sandbox.secretKey, { ...sandbox.stripeClientOptions(), telemetry: false });
    sandbox.clock.freeze();
    const { subscription } = await subscribed(stripe);
    const renewal = (subscription.items.data[0]?.current_period_end ?? 0) * 1000;
    await sandbox.clock.advanceTo(renewal - 30);
    const renewed = new Promise<void>((resolve) => {
      sandbox.state.events.listen((event) => {
        if (event.type === 'invoice.created') resolve();
      });
    });
    sandbox.clock.run();
    await renewed;
    expect(sandbox.clock.now()).toBeGreaterThanOrEqual(renewal);
    await sandbox.close();
  });
});

describe('the seeded demo', () => {
  let sandbox: StripeSandbox;
  afterEach(() => sandbox.close());

  type Subscriptions = ReturnType<typeof sandbox.state.subscriptions.list>;
  const of = (customer: string): Subscriptions => sandbox.state.subscriptions.of(customer);
  const only = (customer: string): Subscriptions[number] => {
    const [subscription, ...others] = of(customer);
    if (!subscription || others.length > 0) throw new Error('one subscription each');
    return subscription;
  };
  const latestOf = (subscription: Subscriptions[number]): ReturnType<typeof sandbox.state.invoices.get> =>
    sandbox.state.invoices.get(subscription.latest_invoice ?? '');
  const standing = (subscription: Subscriptions[number]): string | undefined => {
    const invoice = latestOf(subscription);
    return invoice && intentOf(sandbox.state, invoice)?.status;
  };

  test('a customer in every situation, by living through it', async () => {
    sandbox = createSandbox();
    await sandbox.listen();
    const customers = await seedDemo(sandbox);
    const now = Date.now() / 1000;
    expect(only(customers.active)).toMatchObject({ status: 'active', cancel_at: null });
    expect(sandbox.state.customers.get(customers.active)?.name).toBe('Alder Works');
    expect(only(customers.ended)).toMatchObject({ status: 'canceled' });
    const ending = only(customers.ending);
    expect(ending).toMatchObject({ status: 'active', cancel_at_period_end: false });
    expect(ending.cancel_at ?? 0).toBeGreaterThan(now);
    const pastDue = only(customers.pastDue);
    expect(pastDue.status).toBe('past_due');
    const invoice = latestOf(pastDue);
    expect(invoice).toMatchObject({ status: 'open', attempt_count: 2 });
    expect(invoice?.next_payment_attempt ?? 0).toBeGreaterThan(now);

    expect(only(customers.trialing)).toMatchObject({ status: 'trialing' });
    expect(only(customers.trialingWithoutCard)).toMatchObject({ status: 'trialing' });
    expect(
      sandbox.state.customers.get(customers.trialingWithoutCard)?.invoice_settings.default_payment_method,
    ).toBeNull();
    expect(standing(only(customers.actionRequired))).toBe('requires_action');
    expect(only(customers.actionRequired).status).toBe('past_due');
    expect(only(customers.restricted).status).toBe('past_due');
    expect(only(customers.unpaid).status).toBe('unpaid');
    expect(only(customers.paused)).toMatchObject({
      status: 'paused',
      status_details: { paused: { subscription: { type: 'pause_requested' } } },
    });
    expect(only(customers.incomplete).status).toBe('incomplete');
    expect(only(customers.processing).status).toBe('active');
    expect(standing(only(customers.processing))).toBe('processing');
    expect(of(customers.several).map((row) => row.status)).toEqual(['active', 'past_due']);
    const downgrading = only(customers.downgrading);
    expect(sandbox.state.schedules.get(downgrading.schedule ?? '')).toMatchObject({ status: 'active' });
    expect(only(customers.yen)).toMatchObject({ status: 'active', currency: 'jpy' });
  });

  test.each([
    ['pastDue', 2],
    ['restricted', 10],
    ['unpaid', 17],
    ['several', 1],
  ] as const)('%s: the first charge failed %i days ago', async (situation, days) => {
    sandbox = createSandbox();
    await sandbox.listen();
    const customer = (await seedDemo(sandbox))[situation];
    const failures = sandbox.state.charges.list((row) => row.customer === customer && row.status === 'failed');
    expect((Date.now() / 1000 - (failures.at(-1)?.created ?? 0)) / 86_400).toBeCloseTo(days, 0);
  });

  test('leaves the account as its owner left it, and lets time flow', async () => {
    sandbox = createSandbox();
    await sandbox.listen();
    const began = seconds(Date.now()) * 1_000;
    await seedDemo(sandbox);
    expect(sandbox.clock.frozen).toBe(false);
    expect(sandbox.clock.now()).toBeGreaterThanOrEqual(began);
    expect(sandbox.clock.now()).toBeLessThanOrEqual(Date.now());
    expect(sandbox.settings).toMatchObject({ businessName: 'Tidewater', dunning: { finally: 'cancel' } });
    const lookupKeys = [...sandbox.state.prices.values()].map((price) => price.lookup_key);
    expect(lookupKeys).toEqual([
      'starter_monthly',
      'starter_yearly',
      'team_monthly',
      'business_yearly',
      'team_monthly_jpy',
    ]);
  });
});

describe('the control room', () => {
  let harness: Harness;
  beforeEach(async () => {
    harness = await startSandbox();
  });
  afterEach(() => harness.close());

  async function ask(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; json: Record<string, unknown> }> {
    const response = await fetch(`${harness.url}/sandbox${path}`, {
      method,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, json: (await response.json()) as Record<string, unknown> };
  }

  test('moves the clock', async () => {
    const { json } = await ask('POST', '/clock', { advanceSeconds: 86_400 });
    expect(json).toEqual({ now: '2026-03-02T12:00:00.000Z', unixMs: startAt + dayMs, frozen: true });
    expect((await ask('POST', '/clock', { advanceTo: '2026-03-05T00:00:00Z' })).json['now']).toBe(
      '2026-03-05T00:00:00.000Z',
    );
    expect((await ask('POST', '/clock', { advanceTo: '2020-01-01' })).status).toBe(400);
  });

  test('makes calls fail', async () => {
    await ask('POST', '/faults', { kind: 'serverError', times: 1, latencyMs: 1 });
    await expect(harness.stripe.customers.list()).rejects.toMatchObject({ statusCode: 500 });
    expect((await ask('DELETE', '/faults')).json).toEqual({ latencyMs: 0, rateLimitPerSecond: null, pending: [] });
  });

  test('decides how the next charge goes', async () => {
    await ask('POST', '/charges/next', { outcome: 'failsOnCharge' });
    expect((await subscribed(harness.stripe)).subscription.status).toBe('incomplete');
    expect((await ask('POST', '/charges/next', { outcome: 'x' })).status).toBe(400);
  });

  test('registers an endpoint and holds deliveries back', async () => {
    const { json } = await ask('POST', '/endpoints', { url: 'http://127.0.0.1:9/hooks', secret: 'whsec_known' });
    expect(json['secret']).toBe('whsec_known');
    await ask('POST', '/deliveries', { paused: true, copies: 2 });
    await harness.stripe.customers.create({ name: 'Ada' });
    expect((await ask('GET', '/deliveries')).json).toMatchObject({
      paused: true,
      settings: { copies: 2 },
      deliveries: [{ type: 'customer.created', state: 'waiting' }],
    });
    expect((await ask('POST', '/deliveries', { nonsense: 1 })).status).toBe(400);
    const events = await ask('GET', '/events');
    expect(events.json).toMatchObject([{ type: 'customer.created', deliveries: [{ state: 'waiting' }] }]);
    expect((await ask('POST', '/events/evt_x/resend')).status).toBe(404);
  });

  test('changes what the Dashboard would', async () => {
    expect((await ask('PATCH', '/settings', { dunning: { finally: 'markUnpaid' } })).json).toMatchObject({
      dunning: { finally: 'markUnpaid', retryAfterDays: expect.any(Array) },
    });
    expect((await ask('PATCH', '/settings', { nonsense: 1 })).status).toBe(400);
    expect((await ask('POST', '/portal-settings')).json).toMatchObject({ is_default: true });
    await harness.stripe.customers.list();
    expect((await ask('GET', '/requests')).json).toMatchObject([{ path: '/v1/customers' }]);
  });
});
