import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { Stripe } from 'stripe';
import { startAt, customerWithCard, monthlyPrice, startSandbox, subscribed, type Harness } from './harness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await startSandbox();
});
afterEach(() => harness.close());

/** A request as no SDK would send it. */
function raw(path: string, init: RequestInit = {}): Promise<Response> {
  return fetch(`${harness.url}${path}`, {
    ...init,
    headers: {
      authorization: `Bearer ${harness.sandbox.secretKey}`,
      'content-type': 'application/x-www-form-urlencoded',
      ...init.headers,
    },
  });
}

const errorOf = async (response: Response): Promise<Record<string, unknown>> =>
  ((await response.json()) as { error: Record<string, unknown> }).error;

async function refusal(call: Promise<unknown>): Promise<InstanceType<typeof Stripe.errors.StripeError>> {
  try {
    await call;
  } catch (error) {
    if (error instanceof Stripe.errors.StripeError) return error;
    throw error;
  }
  throw new Error('was not refused');
}

describe('headers', () => {
  test('HTTP-1: a POST that was carried out says so, and echoes its key', async () => {
    const response = await raw('/v1/customers', {
      method: 'POST',
      body: 'name=Ada',
      headers: { 'idempotency-key': 'k1' },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get('request-id')).toMatch(/^req_/);
    expect(response.headers.get('stripe-version')).toBe('2026-10-28.endive');
    expect(response.headers.get('idempotency-key')).toBe('k1');
    expect(response.headers.get('original-request')).toBe(response.headers.get('request-id'));
    expect(response.headers.get('stripe-should-retry')).toBe('false');
  });

  test('HTTP-1: a parameter error has no Stripe-Should-Retry', async () => {
    const response = await raw('/v1/customers', { method: 'POST', body: 'nonsense=1' });
    expect(response.status).toBe(400);
    expect(response.headers.get('request-id')).toMatch(/^req_/);
    expect(response.headers.has('stripe-should-retry')).toBe(false);
  });

  test('HTTP-1: a bad key gets 401 without version and request id', async () => {
    const response = await raw('/v1/customers', { headers: { authorization: 'Bearer sk_test_wrong_one_entirely' } });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toBe('Bearer realm="Stripe"');
    expect(response.headers.has('stripe-version')).toBe(false);
    expect(response.headers.has('request-id')).toBe(false);
    expect(await errorOf(response)).toMatchObject({
      type: 'invalid_request_error',
      message: expect.stringMatching(/^Invalid API Key provided: sk_test_\*+/),
    });
  });
});

describe('errors', () => {
  test('HTTP-2: an id missing in the path is 404, in the body 400 with the field', async () => {
    const path = await refusal(harness.stripe.customers.retrieve('cus_x'));
    expect(path).toMatchObject({
      statusCode: 404,
      code: 'resource_missing',
      param: 'id',
      message: "No such customer: 'cus_x'",
    });
    const customer = await customerWithCard(harness.stripe);
    const body = await refusal(
      harness.stripe.subscriptions.create({ customer: customer.id, items: [{ price: 'invalid' }] }),
    );
    expect(body).toMatchObject({
      statusCode: 400,
      code: 'resource_missing',
      param: 'items[0][price]',
      message: "No such price: 'invalid'",
    });
    const missing = await refusal(harness.stripe.paymentMethods.attach('pm_x', { customer: customer.id }));
    expect(missing).toMatchObject({
      statusCode: 404,
      param: 'payment_method',
      message: "No such PaymentMethod: 'pm_x'",
    });
  });

  test('HTTP-3: a card that is declined cannot be attached', async () => {
    const customer = await customerWithCard(harness.stripe);
    const error = await refusal(
      harness.stripe.paymentMethods.attach('pm_card_chargeDeclined', { customer: customer.id }),
    );
    expect(error).toBeInstanceOf(Stripe.errors.StripeCardError);
    expect(error).toMatchObject({
      statusCode: 402,
      code: 'card_declined',
      decline_code: 'generic_decline',
      message: 'Your card was declined.',
      param: '',
    });
  });

  test('HTTP-4: no payment method, no subscription', async () => {
    const customer = await harness.stripe.customers.create({ name: 'No card' });
    const price = await monthlyPrice(harness.stripe);
    const error = await refusal(
      harness.stripe.subscriptions.create({ customer: customer.id, items: [{ price: price.id }] }),
    );
    expect(error).toMatchObject({ statusCode: 400, code: 'resource_missing' });
    expect(error.message).toMatch(/^This customer has no attached payment source or default payment method\./);
    expect(error.headers?.['stripe-should-retry']).toBe('false');
    expect((await harness.stripe.subscriptions.list({ customer: customer.id, status: 'all' })).data).toEqual([]);
  });

  test('HTTP-5: no portal session before the settings were saved in the Dashboard', async () => {
    const customer = await customerWithCard(harness.stripe);
    const error = await refusal(harness.stripe.billingPortal.sessions.create({ customer: customer.id }));
    expect(error).toMatchObject({ statusCode: 400, type: 'StripeInvalidRequestError' });
    expect(error.message).toMatch(
      /^No configuration provided and your test mode default configuration has not been created\./,
    );
    const made = await harness.stripe.billingPortal.configurations.create({
      features: { invoice_history: { enabled: true } },
    });
    expect(made.is_default).toBe(false);
    await refusal(harness.stripe.billingPortal.sessions.create({ customer: customer.id }));
    await harness.stripe.billingPortal.sessions.create({ customer: customer.id, configuration: made.id });
    harness.sandbox.savePortalSettings();
    await harness.stripe.billingPortal.sessions.create({ customer: customer.id });
  });

  test('HTTP-6: unknown paths and unknown parameters are refused', async () => {
    const path = await raw('/v1/nonsense');
    expect(path.status).toBe(404);
    expect((await errorOf(path))['message']).toMatch(/^Unrecognized request URL \(GET: \/v1\/nonsense\)/);
    const parameter = await refusal(harness.stripe.customers.create({ nonsense: 1 } as Stripe.CustomerCreateParams));
    expect(parameter).toMatchObject({
      statusCode: 400,
      code: 'parameter_unknown',
      message: 'Received unknown parameter: nonsense',
    });
    const nested = await refusal(
      harness.stripe.customers.create({ invoice_settings: { nonsense: 1 } } as Stripe.CustomerCreateParams),
    );
    expect(nested.param).toBe('invoice_settings[nonsense]');
    expect(nested.message).toBe('Received unknown parameter: invoice_settings[nonsense]');
  });

  test('HTTP-7: too many requests are 429, with the reason in a header', async () => {
    harness.sandbox.faults.next({ kind: 'rateLimited' });
    const limited = await refusal(harness.stripe.customers.list());
    expect(limited).toBeInstanceOf(Stripe.errors.StripeRateLimitError);
    expect(limited).toMatchObject({ statusCode: 429, code: 'rate_limit' });
    expect(limited.headers?.['stripe-rate-limited-reason']).toBe('global-rate');
    harness.sandbox.faults.next({ kind: 'lockTimeout' });
    const locked = await refusal(harness.stripe.customers.list());
    expect(locked).toMatchObject({ statusCode: 429, code: 'lock_timeout' });
    expect(locked.headers).not.toHaveProperty('stripe-rate-limited-reason');
  });

  test('HTTP-7: the limit counts calls a second', async () => {
    vi.setSystemTime(startAt);
    onTestFinished(() => void vi.useRealTimers());
    harness.sandbox.faults.rateLimitPerSecond = 3;
    const refused = async () => {
      const answers = await Promise.all(Array.from({ length: 12 }, () => raw('/v1/customers')));
      return answers.filter(({ status }) => status === 429).length;
    };
    expect(await refused()).toBe(9);
    vi.setSystemTime(startAt + 1_000);
    expect(await refused()).toBe(9);
  });
});

describe('idempotency', () => {
  test('HTTP-8: the same key and parameters replay the stored answer', async () => {
    const first = await harness.stripe.customers.create({ name: 'Once' }, { idempotencyKey: 'once' });
    const again = await harness.stripe.customers.create({ name: 'Once' }, { idempotencyKey: 'once' });
    expect(again.id).toBe(first.id);
    expect(harness.sandbox.requests.list({ method: 'POST' }).map((request) => request.replayed)).toEqual([false, true]);
    const init = { method: 'POST', body: 'name=Twice', headers: { 'idempotency-key': 'twice' } };
    const [original, replay] = [await raw('/v1/customers', init), await raw('/v1/customers', init)];
    expect(original.headers.has('idempotent-replayed')).toBe(false);
    expect(replay.headers.get('idempotent-replayed')).toBe('true');
    expect(replay.headers.get('original-request')).toBe(original.headers.get('request-id'));
    expect(await replay.text()).toBe(await original.text());
    expect((await harness.stripe.customers.list()).data).toHaveLength(2);
  });

  test('HTTP-8: the same key with other parameters is refused', async () => {
    await harness.stripe.customers.create({ name: 'Once' }, { idempotencyKey: 'once' });
    const error = await refusal(harness.stripe.customers.create({ name: 'Other' }, { idempotencyKey: 'once' }));
    expect(error).toBeInstanceOf(Stripe.errors.StripeIdempotencyError);
    expect(error.message).toMatch(/^Keys for idempotent requests can only be used with the same parameters/);
  });

  test('HTTP-8: the same key while the first call is under way is 409', async () => {
    harness.sandbox.faults.next({ kind: 'timeout' });
    const patience = new AbortController();
    const init = { method: 'POST', body: 'name=Slow', headers: { 'idempotency-key': 'slow' } };
    const hanging = raw('/v1/customers', { ...init, signal: patience.signal }).catch(() => 'gave up');
    await harness.sandbox.requests.arrived(1);
    const conflict = await raw('/v1/customers', init);
    expect(conflict.status).toBe(409);
    expect(await errorOf(conflict)).toMatchObject({ code: 'idempotency_key_in_use' });
    patience.abort();
    expect(await hanging).toBe('gave up');
  });

  test('HTTP-8: a refused card is remembered, a parameter error is not', async () => {
    const customer = await customerWithCard(harness.stripe);
    const attach = (): Promise<unknown> =>
      harness.stripe.paymentMethods.attach(
        'pm_card_chargeDeclined',
        { customer: customer.id },
        { idempotencyKey: 'a' },
      );
    await refusal(attach());
    expect((await refusal(attach())).headers?.['idempotent-replayed']).toBe('true');
    await refusal(
      harness.stripe.customers.create({ nonsense: 1 } as Stripe.CustomerCreateParams, { idempotencyKey: 'b' }),
    );
    await harness.stripe.customers.create({ name: 'Now right' }, { idempotencyKey: 'b' });
  });

  test('HTTP-8: keys can be used again after a day', async () => {
    const first = await harness.stripe.customers.create({ name: 'Once' }, { idempotencyKey: 'daily' });
    await harness.sandbox.clock.advance(25 * 3_600_000);
    const second = await harness.stripe.customers.create({ name: 'Once' }, { idempotencyKey: 'daily' });
    expect(second.id).not.toBe(first.id);
  });

  test('SDK-1: a reset connection brings a POST twice under one key, though retries are off, and does it once', async () => {
    const impatient = new Stripe(harness.sandbox.secretKey, {
      ...harness.sandbox.stripeClientOptions(),
      maxNetworkRetries: 0,
      telemetry: false,
    });
    harness.sandbox.faults.next({ kind: 'reset', executed: true });
    const customer = await impatient.customers.create({ name: 'Kept' });
    expect((await harness.stripe.customers.list()).data.map((row) => row.id)).toEqual([customer.id]);
    expect(harness.sandbox.requests.count({ method: 'POST', path: '/v1/customers' })).toBe(2);
  });

  test('SDK-2: an answer lost after the work was done is found again by the retry', async () => {
    const retrying = new Stripe(harness.sandbox.secretKey, {
      ...harness.sandbox.stripeClientOptions(),
      maxNetworkRetries: 1,
      telemetry: false,
    });
    harness.sandbox.faults.next({ kind: 'serverError', executed: true });
    const customer = await retrying.customers.create({ name: 'Kept' });
    expect((await harness.stripe.customers.list()).data.map((row) => row.id)).toEqual([customer.id]);
    expect(harness.sandbox.requests.count({ method: 'POST', path: '/v1/customers' })).toBe(2);
  });
});

describe('lists and expansion', () => {
  test('pages go newest first, by cursor, to the end', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await harness.stripe.customers.create({ name });
    const first = await harness.stripe.customers.list({ limit: 2 });
    expect(first.data.map((row) => row.name)).toEqual(['e', 'd']);
    expect(first).toMatchObject({ has_more: true, url: '/v1/customers' });
    const names: (string | null | undefined)[] = [];
    for await (const customer of harness.stripe.customers.list({ limit: 2 })) names.push(customer.name);
    expect(names).toEqual(['e', 'd', 'c', 'b', 'a']);
    const back = await harness.stripe.customers.list({ limit: 2, ending_before: first.data[1]?.id ?? '' });
    expect(back.data.map((row) => row.name)).toEqual(['e']);
    expect(await refusal(harness.stripe.customers.list({ limit: 101 }))).toMatchObject({ param: 'limit' });
    expect(await refusal(harness.stripe.customers.list({ starting_after: 'cus_x' }))).toMatchObject({
      code: 'resource_missing',
      param: 'starting_after',
    });
  });

  test('four levels are expanded, five are refused', async () => {
    const { customer } = await subscribed(harness.stripe);
    const { data } = await harness.stripe.subscriptions.list({
      customer: customer.id,
      expand: ['data.customer.invoice_settings.default_payment_method', 'data.latest_invoice.payments'],
    });
    expect(data[0]?.customer).toMatchObject({
      invoice_settings: { default_payment_method: { card: { last4: '4242' } } },
    });
    expect(data[0]?.latest_invoice).toMatchObject({ payments: { data: [{ status: 'paid' }] } });
    const deep = await refusal(
      harness.stripe.subscriptions.list({ expand: ['data.latest_invoice.payments.data.payment.payment_intent'] }),
    );
    expect(deep.message).toMatch(/^You cannot expand more than 4 levels of a property/);
  });

  test('what cannot be expanded is refused, with and without rows', async () => {
    const empty = await refusal(harness.stripe.subscriptions.list({ expand: ['data.status'] }));
    expect(empty.message).toBe('This property cannot be expanded (data.status).');
    const refused = await refusal(harness.stripe.customers.create({ name: 'Not made', expand: ['name'] }));
    expect(refused.message).toBe('This property cannot be expanded (name).');
    expect((await harness.stripe.customers.list()).data).toEqual([]);
  });
});

describe('faults', () => {
  test('a half body is an error, and the call was carried out', async () => {
    harness.sandbox.faults.next({ kind: 'halfBody', path: '/v1/customers' });
    const error = await refusal(harness.stripe.customers.create({ name: 'Half' }));
    expect(error).toBeInstanceOf(Stripe.errors.StripeError);
    expect((await harness.stripe.customers.list()).data).toHaveLength(1);
  });

  test('HTML from a proxy is an error', async () => {
    harness.sandbox.faults.next({ kind: 'html' });
    expect(await refusal(harness.stripe.customers.list())).toBeInstanceOf(Stripe.errors.StripeAPIError);
  });

  test('a call that is never answered ends with the client’s patience', async () => {
    harness.sandbox.faults.next({ kind: 'timeout' });
    expect(await refusal(harness.stripe.customers.list({}, { timeout: 50 }))).toBeInstanceOf(
      Stripe.errors.StripeConnectionError,
    );
    // A busy machine may let the client give up before the call has arrived, and so before the fault was used.
    harness.sandbox.faults.clear();
    await harness.stripe.customers.list();
  });

  test('latency holds every call, and faults wait in line', async () => {
    harness.sandbox.faults.latencyMs = 40;
    const before = performance.now();
    await harness.stripe.customers.list();
    expect(performance.now() - before).toBeGreaterThanOrEqual(39);
    harness.sandbox.faults.latencyMs = 0;
    harness.sandbox.faults.next({ kind: 'serverError', times: 2 });
    expect((await raw('/v1/customers')).status).toBe(500);
    expect((await raw('/v1/customers')).status).toBe(500);
    expect((await raw('/v1/customers')).status).toBe(200);
  });

  test('requests are counted, with their parameters', async () => {
    await harness.stripe.subscriptions.list({ status: 'all', expand: ['data.customer'] });
    expect(harness.sandbox.requests.list({ method: 'GET' })).toMatchObject([
      { path: '/v1/subscriptions', params: { status: 'all', expand: ['data.customer'] }, status: 200 },
    ]);
    expect(harness.sandbox.requests.count({ path: /customers/ })).toBe(0);
  });
});

describe('search', () => {
  test('finds customers by what was written on them, newest first', async () => {
    const { stripe, sandbox } = harness;
    const metadata = { host: "o'brien", team: '7' };
    const first = await stripe.customers.create({ metadata, email: 'a@b.example' });
    const second = await stripe.customers.create({ metadata });
    await stripe.customers.create({ metadata: { ...metadata, team: '8' } });
    const query = String.raw`metadata['host']:'o\'brien' AND metadata['team']:'7'`;
    const found = await stripe.customers.search({ query });
    expect(found.data.map(({ id }) => id)).toEqual([second.id, first.id]);
    const one = await stripe.customers.search({ query: `${query} AND email:"a@b.example"`, limit: 1 });
    expect([one.data[0]?.id, one.has_more]).toEqual([first.id, false]);
    await expect(stripe.customers.search({ query: 'created>5' })).rejects.toMatchObject({ param: 'query' });
    sandbox.settings.searchLagSeconds = 60;
    expect((await stripe.customers.search({ query })).data).toEqual([]);
    await sandbox.clock.advance(60_000);
    expect((await stripe.customers.search({ query })).data).toHaveLength(2);
  });
});
