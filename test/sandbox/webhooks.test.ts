import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { Stripe } from 'stripe';
import { prettyJson, signatureHeader } from '../../demo/stripe-sandbox/webhooks/signature.ts';
import { closed, listening } from '../support/listening.ts';
import { holdTimeLimits } from '../support/time-limits.ts';
import { dayMs, hourMs, startSandbox, subscribed, type Harness } from './harness.ts';
import { violations } from './stripe-validator.ts';

interface Received {
  readonly method: string | undefined;
  readonly headers: IncomingHttpHeaders;
  body: string;
}

/** An endpoint that keeps its requests, and answers as it is told. */
class Endpoint {
  readonly received: Received[] = [];
  answer: number | 'never' = 200;
  server: Server;
  #waiting: { count: number; resolve: () => void }[] = [];

  constructor() {
    this.server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', (chunk: string) => (body += chunk));
      request.on('end', () => {
        this.received.push({ method: request.method, headers: request.headers, body });
        if (this.answer !== 'never') response.writeHead(this.answer, { location: '/elsewhere' }).end();
        for (const waiting of this.#waiting) if (this.received.length >= waiting.count) waiting.resolve();
      });
    });
  }

  async listen(): Promise<string> {
    return `${(await listening(this.server)).url}/hooks`;
  }

  types(): string[] {
    return this.received.map((row) => (JSON.parse(row.body) as { type: string }).type);
  }

  arrived(count: number): Promise<void> {
    if (this.received.length >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ count, resolve }));
  }

  close(): Promise<void> {
    return closed(this.server);
  }
}

let harness: Harness;
let endpoint: Endpoint;
let secret: string;
let endpointId: string;

beforeEach(async () => {
  harness = await startSandbox();
  endpoint = new Endpoint();
  const made = await harness.stripe.webhookEndpoints.create({ url: await endpoint.listen(), enabled_events: ['*'] });
  secret = made.secret ?? '';
  endpointId = made.id;
  harness.sandbox.deliveries.settings.concurrency = 1;
  harness.sandbox.deliveries.settings.retryAfterMs = [3_600_000, 3_600_000, 3_600_000];
});
afterEach(async () => {
  await harness.close();
  await endpoint.close();
});

const eventId = (row: Received | undefined): string => (JSON.parse(row?.body ?? '{}') as { id: string }).id;
const createCustomer = (name: string): Promise<Stripe.Customer> => harness.stripe.customers.create({ name });

describe('what is sent', () => {
  test('WH-1: the SDK verifies the signature over the raw body', async () => {
    const customer = await createCustomer('Ada');
    await harness.sandbox.deliveries.settled();
    const [row] = endpoint.received;
    const event = harness.stripe.webhooks.constructEvent(
      row?.body ?? '',
      String(row?.headers['stripe-signature']),
      secret,
    );
    expect(event).toMatchObject({
      type: 'customer.created',
      api_version: '2026-10-28.endive',
      livemode: false,
      pending_webhooks: 1,
    });
    expect((event.data.object as Stripe.Customer).id).toBe(customer.id);
    expect(violations(JSON.parse(row?.body ?? ''))).toEqual([]);
    const printedAgain = JSON.stringify(JSON.parse(row?.body ?? ''), null, 2);
    expect(() =>
      harness.stripe.webhooks.constructEvent(printedAgain, String(row?.headers['stripe-signature']), secret),
    ).toThrow(Stripe.errors.StripeSignatureVerificationError);
  });

  test('WH-1: JSON as Ruby prints it', () => {
    expect(prettyJson({ a: [], b: {}, c: [1, 'é – ☃'], d: { e: null } })).toBe(
      '{\n  "a": [\n\n  ],\n  "b": {\n  },\n  "c": [\n    1,\n    "é – ☃"\n  ],\n  "d": {\n    "e": null\n  }\n}',
    );
  });

  test('WH-1: while a secret is rolled, both sign', async () => {
    const fresh = harness.sandbox.deliveries.rollSecret(endpointId);
    await createCustomer('Rolled');
    await harness.sandbox.deliveries.settled();
    const header = String(endpoint.received[0]?.headers['stripe-signature']);
    expect(header.match(/v1=/g)).toHaveLength(2);
    for (const key of [secret, fresh])
      harness.stripe.webhooks.constructEvent(endpoint.received[0]?.body ?? '', header, key);
    harness.sandbox.deliveries.dropOldSecrets(endpointId);
    await createCustomer('After');
    await harness.sandbox.deliveries.settled();
    const after = endpoint.received[1];
    expect(() =>
      harness.stripe.webhooks.constructEvent(after?.body ?? '', String(after?.headers['stripe-signature']), secret),
    ).toThrow();
  });

  test('WH-1: the time of sending is part of what is signed', () => {
    expect(signatureHeader('{}', ['whsec_a'], 1)).not.toBe(signatureHeader('{}', ['whsec_a'], 2));
    expect(signatureHeader('{}', ['a', 'b'], 7)).toMatch(/^t=7,v1=[0-9a-f]{64},v1=[0-9a-f]{64}$/);
  });

  test('WH-2: a POST with Stripe’s content type and user agent', async () => {
    await createCustomer('Ada');
    await harness.sandbox.deliveries.settled();
    expect(endpoint.received[0]).toMatchObject({
      method: 'POST',
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
      },
    });
  });

  test('WH-4: an event names the call that caused it; what time does has no cause', async () => {
    await harness.stripe.customers.create({ name: 'Ada' }, { idempotencyKey: 'cause' });
    const { data } = await harness.stripe.events.list({ type: 'customer.created' });
    expect(data[0]?.request).toEqual({
      id: harness.sandbox.requests.list({ path: '/v1/customers' })[0]?.id,
      idempotency_key: 'cause',
    });
    await subscribed(harness.stripe);
    await harness.sandbox.clock.advance(31 * dayMs);
    const renewal = await harness.stripe.events.list({ type: 'customer.subscription.updated', limit: 1 });
    expect(renewal.data[0]?.request).toEqual({ id: null, idempotency_key: null });
  });

  test('OBJ-3: an endpoint of a version without shapes is refused rather than sent the wrong one', async () => {
    const create = (version: string) =>
      harness.stripe.webhookEndpoints.create({
        url: 'https://host.example/hooks',
        enabled_events: ['*'],
        api_version: version as '2024-06-20',
      });
    await expect(create('2024-06-20')).rejects.toMatchObject({ code: 'sandbox_unsupported' });
    await expect(create('2031-01-01.fig')).rejects.toMatchObject({ param: 'api_version' });
  });

  test('only what an enabled endpoint asked for', async () => {
    await harness.stripe.webhookEndpoints.update(endpointId, { enabled_events: ['customer.deleted'] });
    const customer = await createCustomer('Ada');
    await harness.stripe.customers.del(customer.id);
    await harness.sandbox.deliveries.settled();
    expect(endpoint.types()).toEqual(['customer.deleted']);
    await harness.stripe.webhookEndpoints.update(endpointId, { disabled: true });
    await harness.stripe.customers.del((await createCustomer('Ada')).id);
    await harness.sandbox.deliveries.settled();
    expect(endpoint.received).toHaveLength(1);
  });
});

describe('M21: thin events', () => {
  let destination: Endpoint;
  let thinSecret: string;
  beforeEach(async () => {
    destination = new Endpoint();
    thinSecret = harness.sandbox.deliveries.addEndpoint(await destination.listen(), {
      thin: true,
      events: ['v1.customer.subscription.updated', 'v1.invoice.paid'],
    }).secret;
  });
  afterEach(() => destination.close());

  test('name what changed and where to fetch it, and carry nothing', async () => {
    const { subscription } = await subscribed(harness.stripe);
    await harness.stripe.subscriptions.update(
      subscription.id,
      { cancel_at_period_end: true },
      { idempotencyKey: 'thin' },
    );
    await harness.sandbox.deliveries.settled();
    expect(destination.types().toSorted()).toEqual(['v1.customer.subscription.updated', 'v1.invoice.paid']);
    const row = destination.received.find(({ body }) => body.includes('subscription.updated'));
    const event = harness.stripe.parseEventNotification(
      row?.body ?? '',
      String(row?.headers['stripe-signature']),
      thinSecret,
    );
    const snapshot = (await harness.stripe.events.list({ type: 'customer.subscription.updated' })).data[0];
    expect(JSON.parse(row?.body ?? '')).toEqual({
      id: expect.stringMatching(/^evt_test_/),
      object: 'v2.core.event',
      created: '2026-03-01T12:00:00.000Z',
      livemode: false,
      reason: { type: 'request', request: { id: snapshot?.request?.id, idempotency_key: 'thin' } },
      related_object: { id: subscription.id, type: 'subscription', url: `/v1/subscriptions/${subscription.id}` },
      snapshot_event: snapshot?.id,
      type: 'v1.customer.subscription.updated',
    });
    if (event.type !== 'v1.customer.subscription.updated') throw new Error(event.type);
    expect((await event.fetchRelatedObject()).id).toBe(subscription.id);
    expect(endpoint.types()).toContain('customer.subscription.updated');
  });

  test('are fetched again by their own id, and by no other', async () => {
    await subscribed(harness.stripe);
    await harness.sandbox.deliveries.settled();
    const sent = JSON.parse(destination.received.at(-1)?.body ?? '{}') as { id: string; snapshot_event: string };
    // The declarations of v2 events are functions in part, so there are no schemas: it must equal the delivery.
    const { v2 } = new Stripe(harness.sandbox.secretKey, harness.sandbox.stripeClientOptions());
    const event = await v2.core.events.retrieve(sent.id);
    expect(JSON.parse(JSON.stringify(event))).toEqual(sent);
    for (const id of [sent.snapshot_event, 'evt_test_nobody']) {
      await expect(v2.core.events.retrieve(id)).rejects.toMatchObject({
        statusCode: 404,
        code: 'not_found',
      });
    }
  });

  test('what happens by itself has no reason', async () => {
    await subscribed(harness.stripe);
    await harness.sandbox.clock.advance(31 * dayMs);
    await harness.sandbox.deliveries.settled();
    const event = JSON.parse(destination.received.at(-1)?.body ?? '{}') as object;
    expect(event).not.toHaveProperty('reason');
  });
});

describe('failure and retry', () => {
  test.each([302, 400, 500])('WH-2: %i is a failure, tried again until it is accepted', async (status) => {
    endpoint.answer = status;
    await createCustomer('Ada');
    await harness.sandbox.deliveries.settled();
    const undelivered = await harness.stripe.events.list({ delivery_success: false });
    expect(undelivered.data).toMatchObject([{ type: 'customer.created', pending_webhooks: 1 }]);
    endpoint.answer = 200;
    harness.sandbox.deliveries.retryNow();
    await harness.sandbox.deliveries.settled();
    expect((await harness.stripe.events.list({ delivery_success: false })).data).toEqual([]);
    expect((await harness.stripe.events.list({ delivery_success: true })).data[0]?.pending_webhooks).toBe(0);
    expect(endpoint.received.map(eventId)).toEqual([eventId(endpoint.received[0]), eventId(endpoint.received[0])]);
  });

  test('WH-2: an endpoint that does not answer in time has failed', async () => {
    endpoint.answer = 'never';
    const limits = holdTimeLimits();
    await createCustomer('Ada');
    await endpoint.arrived(1);
    expect(limits.set).toEqual([harness.sandbox.deliveries.settings.timeoutMs]);
    limits.pass();
    await harness.sandbox.deliveries.settled();
    expect(harness.sandbox.deliveries.list()[0]).toMatchObject({
      state: 'waiting',
      attempts: [{ status: null, error: expect.any(String) }],
    });
  });

  test('WH-2: three retries, and then no more', async () => {
    endpoint.answer = 500;
    await createCustomer('Ada');
    await harness.sandbox.deliveries.settled();
    for (let retry = 0; retry < 4; retry += 1) {
      harness.sandbox.deliveries.retryNow();
      await harness.sandbox.deliveries.settled();
    }
    expect(endpoint.received).toHaveLength(4);
    expect(harness.sandbox.deliveries.list()[0]?.state).toBe('failed');
  });

  test('WH-2: a disabled endpoint is not tried again', async () => {
    endpoint.answer = 500;
    await createCustomer('Ada');
    await harness.sandbox.deliveries.settled();
    await harness.stripe.webhookEndpoints.del(endpointId);
    harness.sandbox.deliveries.retryNow();
    await harness.sandbox.deliveries.settled();
    expect(endpoint.received).toHaveLength(1);
  });

  test('retries come by themselves after their time', async () => {
    harness.sandbox.deliveries.settings.retryAfterMs = [5];
    endpoint.answer = 500;
    await createCustomer('Ada');
    await endpoint.arrived(2);
  });
});

describe('on demand', () => {
  test('WH-3: twice', async () => {
    harness.sandbox.deliveries.next({ copies: 2, types: ['customer.created'] });
    await createCustomer('Twice');
    await harness.sandbox.deliveries.settled();
    expect(endpoint.received).toHaveLength(2);
    expect(eventId(endpoint.received[0])).toBe(eventId(endpoint.received[1]));
  });

  test('lost, and Stripe knows', async () => {
    harness.sandbox.deliveries.next({ lose: 'noticed' });
    await createCustomer('Lost');
    await harness.sandbox.deliveries.settled();
    expect(endpoint.received).toEqual([]);
    expect((await harness.stripe.events.list({ delivery_success: false })).data).toHaveLength(1);
  });

  test('lost, and Stripe believes it arrived', async () => {
    harness.sandbox.deliveries.next({ lose: 'silently' });
    await createCustomer('Lost');
    await harness.sandbox.deliveries.settled();
    expect(endpoint.received).toEqual([]);
    expect((await harness.stripe.events.list({ delivery_success: false })).data).toEqual([]);
  });

  test('held back, then reversed', async () => {
    harness.sandbox.deliveries.pause();
    for (const name of ['a', 'b', 'c']) await createCustomer(name);
    await harness.sandbox.deliveries.settled();
    expect(endpoint.received).toEqual([]);
    harness.sandbox.deliveries.settings.order = 'reversed';
    harness.sandbox.deliveries.resume();
    await harness.sandbox.deliveries.settled();
    const names = endpoint.received.map(
      (row) => (JSON.parse(row.body) as { data: { object: { name: string } } }).data.object.name,
    );
    expect(names).toEqual(['c', 'b', 'a']);
  });

  test('shuffled by the seed', async () => {
    const orders = await Promise.all(
      [3, 3, 4].map(async (seed) => {
        const run = await startSandbox({ seed });
        const target = new Endpoint();
        run.sandbox.deliveries.addEndpoint(await target.listen());
        Object.assign(run.sandbox.deliveries.settings, { order: 'shuffled', concurrency: 1 });
        run.sandbox.deliveries.pause();
        await subscribed(run.stripe);
        run.sandbox.deliveries.resume();
        await run.sandbox.deliveries.settled();
        await run.close();
        await target.close();
        return target.types();
      }),
    );
    expect(orders[0]).toEqual(orders[1]);
    expect(orders[0]).not.toEqual(orders[2]);
    expect(orders[0]?.toSorted()).toEqual(orders[2]?.toSorted());
  });

  test('delayed, and overtaken', async () => {
    harness.sandbox.deliveries.next({ delayMs: 3_600_000 });
    const [late, soon] = [await createCustomer('Late'), await createCustomer('Soon')];
    await harness.sandbox.deliveries.settled();
    harness.sandbox.deliveries.retryNow();
    await harness.sandbox.deliveries.settled();
    const order = endpoint.received.map(
      (row) => (JSON.parse(row.body) as { data: { object: { id: string } } }).data.object.id,
    );
    expect(order).toEqual([soon.id, late.id]);
  });

  test('sent again', async () => {
    await createCustomer('Ada');
    await harness.sandbox.deliveries.settled();
    await harness.sandbox.deliveries.resend(eventId(endpoint.received[0]));
    expect(endpoint.received.map(eventId)).toEqual([eventId(endpoint.received[0]), eventId(endpoint.received[0])]);
  });
});

describe('SUB-5: the charge waits for the webhooks', () => {
  test('an acknowledged draft is charged an hour later', async () => {
    const { subscription } = await subscribed(harness.stripe);
    await harness.sandbox.clock.advance(31 * dayMs + hourMs);
    const { data } = await harness.stripe.invoices.list({ subscription: subscription.id, limit: 1 });
    expect(data[0]).toMatchObject({ billing_reason: 'subscription_cycle', status: 'paid' });
  });

  test('acknowledged late, it is charged an hour after that', async () => {
    const { subscription, customer, price } = await subscribed(harness.stripe);
    // Comes before the 72 hours are over: the next due event must not be taken for this one.
    await harness.stripe.subscriptions.create({
      customer: customer.id,
      items: [{ price: price.id }],
      trial_period_days: 32,
    });
    await harness.sandbox.deliveries.settled();
    endpoint.answer = 500;
    await harness.sandbox.clock.advance(31 * dayMs + 2 * hourMs);
    endpoint.answer = 200;
    harness.sandbox.deliveries.retryNow();
    await harness.sandbox.deliveries.settled();
    await harness.sandbox.clock.advance(hourMs);
    const { data } = await harness.stripe.invoices.list({ subscription: subscription.id, limit: 1 });
    expect(data[0]).toMatchObject({ billing_reason: 'subscription_cycle', status: 'paid' });
  });

  test('an endpoint that refuses delays it, by 72 hours at most', async () => {
    const { subscription } = await subscribed(harness.stripe);
    await harness.sandbox.deliveries.settled();
    endpoint.answer = 500;
    const newest = async (): Promise<Stripe.Invoice | undefined> =>
      (await harness.stripe.invoices.list({ subscription: subscription.id, limit: 1 })).data[0];
    await harness.sandbox.clock.advance(31 * dayMs + 71 * hourMs);
    expect(await newest()).toMatchObject({ status: 'draft', webhooks_delivered_at: null });
    await harness.sandbox.clock.advance(hourMs);
    expect(await newest()).toMatchObject({ status: 'paid', webhooks_delivered_at: null });
  });
});

describe('events', () => {
  test('by type, several types, time and page', async () => {
    await createCustomer('Ada');
    await subscribed(harness.stripe);
    expect((await harness.stripe.events.list({ type: 'customer.created' })).data).toHaveLength(2);
    expect(
      new Set(
        (await harness.stripe.events.list({ types: ['invoice.paid', 'price.created'] })).data.map((row) => row.type),
      ),
    ).toEqual(new Set(['invoice.paid', 'price.created']));
    const all: string[] = [];
    for await (const event of harness.stripe.events.list({ limit: 3 })) all.push(event.id);
    expect(all).toEqual(harness.sandbox.state.events.list().map((event) => event.id));
    const later = Math.floor(harness.sandbox.clock.now() / 1000) + 1;
    expect((await harness.stripe.events.list({ created: { gte: later } })).data).toEqual([]);
  });

  test('a page goes on where it was, though its cursor fits the filter no more', async () => {
    harness.sandbox.deliveries.settings.lose = 'noticed';
    for (const name of ['Ada', 'Bob', 'Cleo', 'Dora']) await createCustomer(name);
    await harness.sandbox.deliveries.settled();
    const undelivered = { delivery_success: false, limit: 2 } as const;
    const first = await harness.stripe.events.list(undelivered);
    const all = harness.sandbox.state.events.list().map((event) => event.id);
    expect(first.data.map(({ id }) => id)).toEqual(all.slice(0, 2));
    await harness.sandbox.deliveries.resend(all[1] ?? '');
    const next = await harness.stripe.events.list({ ...undelivered, starting_after: all[1] ?? '' });
    expect(next.data.map(({ id }) => id)).toEqual(all.slice(2));
    const before = await harness.stripe.events.list({ ...undelivered, ending_before: all[1] ?? '' });
    expect(before.data.map(({ id }) => id)).toEqual(all.slice(0, 1));
    await expect(harness.stripe.events.list({ starting_after: 'evt_nobody' })).rejects.toMatchObject({
      code: 'resource_missing',
    });
  });

  test('WH-6: portal configurations and sessions have their events', async () => {
    const configuration = harness.sandbox.savePortalSettings();
    await harness.stripe.billingPortal.configurations.update(configuration.id, {
      business_profile: { headline: 'Hello' },
    });
    const customer = await createCustomer('Ada');
    await harness.stripe.billingPortal.sessions.create({ customer: customer.id });
    expect(harness.newEvents()).toEqual([
      'billing_portal.configuration.created',
      'billing_portal.configuration.updated',
      'customer.created',
      'billing_portal.session.created',
    ]);
    expect(harness.lastEvent('billing_portal.configuration.updated').data.previous_attributes).toEqual({
      business_profile: { headline: null },
    });
  });

  test('WH-5: only what changed, and of nested hashes only the keys that changed', async () => {
    const customer = await harness.stripe.customers.create({ name: 'Ada', metadata: { a: '1', b: '2' } });
    await harness.stripe.customers.update(customer.id, { name: 'Grace', metadata: { a: '3', c: '4' } });
    expect(harness.lastEvent('customer.updated').data.previous_attributes).toEqual({
      name: 'Ada',
      metadata: { a: '1', c: null },
    });
    harness.newEvents();
    await harness.stripe.customers.update(customer.id, { name: 'Grace' });
    expect(harness.newEvents()).toEqual([]);
  });
});
