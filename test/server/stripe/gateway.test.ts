/** Stripe's failures at the gateway: every one has a code, and no answer that is not Stripe's is believed. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  RequestBudget,
  withPriority,
  type RequestContext,
  type Priority,
} from '../../../server/src/stripe/request-budget.ts';
import { StripeFailure } from '../../../server/src/stripe/failure.ts';
import { createStripeGateway, type StripeGatewayOptions } from '../../../server/src/stripe/gateway.ts';
import { createSandbox, seedDemo } from '../../../demo/stripe-sandbox/index.ts';

const gatewayWith = (options: Partial<StripeGatewayOptions>) =>
  createStripeGateway({ secretKey: 'sk_test_1', webhookSecrets: ['whsec_1'], ...options });

const failureOf = async (work: Promise<unknown>): Promise<StripeFailure> => {
  const cause: unknown = await work.then(
    (value) => new Error(`it was believed: ${JSON.stringify(value)}`),
    (reason: unknown) => reason,
  );
  if (!(cause instanceof StripeFailure)) throw cause;
  return cause;
};

const html = '<html><head><title>Bad Gateway</title></head><body>Bad Gateway</body></html>';
const error = (status: number, body: object, headers: Record<string, string> = {}) =>
  Response.json({ error: body }, { status, headers });
/** Half of an answer, and then the connection breaks. */
const broken = () => {
  const chunks = ['{"object":"list","data":[', null];
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = chunks.shift();
      if (typeof chunk === 'string') controller.enqueue(new TextEncoder().encode(chunk));
      else controller.error(new TypeError('terminated'));
    },
  });
};

describe('an answer', () => {
  it.each([
    [
      'of a proxy, with 200',
      () => new Response(html, { headers: { 'content-type': 'text/html' } }),
      'stripe_unavailable',
    ],
    ['of a proxy, with 502', () => new Response(html, { status: 502 }), 'stripe_unavailable'],
    ['with 500', () => error(500, { type: 'api_error', message: 'An unknown error occurred' }), 'stripe_unavailable'],
    ['with 503 and nothing', () => new Response(null, { status: 503 }), 'stripe_unavailable'],
    ['cut short', () => new Response('{"object":"list","data":[{"id":"sub_1"'), 'stripe_unavailable'],
    ['broken off', () => new Response(broken()), 'stripe_unavailable'],
    ['that is empty', () => new Response(''), 'stripe_unavailable'],
    ['that is null', () => new Response('null'), 'stripe_unavailable'],
    ['that is another’s JSON', () => Response.json({ status: 'ok' }), 'stripe_unavailable'],
    ['that is a list of nothing and nobody', () => Response.json({ object: 'list', data: [] }), 'stripe_unavailable'],
    ['with 429', () => error(429, { type: 'invalid_request_error', code: 'rate_limit' }), 'stripe_rate_limited'],
    ['that an object is locked', () => error(429, { code: 'lock_timeout' }), 'stripe_rate_limited'],
    ['that the key is wrong', () => error(401, { type: 'invalid_request_error' }), 'stripe_unauthorized'],
    ['that the key may not', () => error(403, { type: 'invalid_request_error' }), 'stripe_unauthorized'],
    ['with 400', () => error(400, { type: 'invalid_request_error' }), 'stripe_rejected'],
    [
      'that the customer is missing',
      () => error(404, { type: 'invalid_request_error', code: 'resource_missing', param: 'customer' }),
      'stripe_customer_missing',
    ],
    ['that never came', () => Promise.reject(new TypeError('fetch failed')), 'stripe_unavailable'],
  ])('%s is a failure with a code, and no customer', async (_, answer, code) => {
    const gateway = gatewayWith({ fetch: async () => await answer() });
    expect(await failureOf(gateway.fetchCustomer('cus_1'))).toMatchObject({ code });
  });

  it('that does not come is ended by the time limit, and so is its body', async () => {
    const hanging: typeof fetch = (_, init) =>
      new Promise((_answer, fail) => {
        init?.signal?.addEventListener('abort', () => fail(init.signal?.reason));
      });
    expect(await failureOf(gatewayWith({ fetch: hanging, timeoutMs: 100 }).fetchCustomer('cus_1'))).toMatchObject({
      code: 'stripe_unavailable',
    });
    const trickling: typeof fetch = async (_, init) =>
      new Response(
        new ReadableStream({
          start(controller) {
            init?.signal?.addEventListener('abort', () => controller.error(init.signal?.reason));
          },
        }),
      );
    expect(await failureOf(gatewayWith({ fetch: trickling, timeoutMs: 100 }).fetchCustomer('cus_1'))).toMatchObject({
      code: 'stripe_unavailable',
    });
  });

  it('about another customer is refused', async () => {
    const other = { id: 'cus_2', object: 'customer' };
    const fetch = async (url: string | URL | Request) =>
      Response.json(String(url).includes('/subscriptions') ? { object: 'list', data: [], has_more: false } : other);
    expect(await failureOf(gatewayWith({ fetch }).fetchCustomer('cus_1'))).toMatchObject({
      code: 'stripe_unavailable',
    });
  });
});

describe('the budget', () => {
  const watched = () => {
    const admitted: Priority[] = [];
    const heeded: number[] = [];
    const budget = {
      acquire: async ({ priority: lane }: RequestContext) => void admitted.push(lane),
      backOff: (milliseconds: number) => void heeded.push(milliseconds),
    };
    return { admitted, heeded, budget: budget as unknown as NonNullable<StripeGatewayOptions['budget']> };
  };

  it.each([
    ['in seconds', { 'retry-after': '7' }, [7_000]],
    ['not, but the limit is the account’s', { 'stripe-rate-limited-reason': 'global-rate' }, [1_000]],
    ['not, and only an object was busy', {}, []],
    ['in words that nobody understands', { 'retry-after': 'soon' }, []],
  ])('backs off after a 429 that says %s', async (_, headers, milliseconds) => {
    const { budget, heeded } = watched();
    const gateway = gatewayWith({ budget, fetch: async () => error(429, { code: 'rate_limit' }, headers) });
    const failure = await failureOf(gateway.fetchCustomer('cus_1'));
    expect(heeded).toEqual(milliseconds);
    expect(failure.retryAfterMs).toBe('retry-after' in headers && milliseconds[0] !== undefined ? 7_000 : null);
  });

  it('backs off after a 429 with a date', async () => {
    const { budget, heeded } = watched();
    const now = 1_800_000_000_000;
    vi.setSystemTime(now);
    onTestFinished(() => void vi.useRealTimers());
    const date = new Date(now + 20_000).toUTCString();
    const gateway = gatewayWith({ budget, fetch: async () => error(429, {}, { 'retry-after': date }) });
    await failureOf(gateway.fetchCustomer('cus_1'));
    expect(heeded).toEqual([20_000]);
  });

  it('admits every request to Stripe, pages and retries included, each by its priority', async () => {
    const sandbox = createSandbox();
    const { url: apiUrl } = await sandbox.listen(0);
    try {
      const customers = await seedDemo(sandbox);
      const { admitted, budget } = watched();
      const answers: [Priority, number | null][] = [];
      const gateway = gatewayWith({
        secretKey: sandbox.secretKey,
        apiUrl,
        budget,
        onAnswer: (...answer) => answers.push(answer),
      });
      sandbox.requests.clear();
      await Promise.all([
        withPriority('background', () => gateway.fetchCustomer(customers.pastDue)),
        withPriority('waiting', () => gateway.fetchCustomer(customers.active)),
        withPriority('reconcile', () => gateway.products(['prod_nobody'])),
      ]);
      await gateway.prices(['team_monthly', 'price_nobody']);
      sandbox.faults.next({ kind: 'serverError', path: '/v1/billing_portal/sessions' });
      const request = { customer: customers.active, returnUrl: 'https://app.acme.example/', flow: null, locale: null };
      await failureOf(gateway.openPortal({ ...request, configuration: 'bpc_nobody' }));
      gateway.close();
      await nextTurn();
      const asked = sandbox.requests.list();
      expect(admitted).toHaveLength(asked.length);
      expect(new Set(admitted)).toEqual(new Set(['background', 'waiting', 'reconcile', 'click']));
      // Nothing is known of it yet, so its open invoices are listed too.
      expect(admitted.filter((lane) => lane === 'waiting')).toHaveLength(2);
      expect(admitted.filter((lane) => lane === 'reconcile')).toHaveLength(1);
      expect(answers.map(([lane]) => lane).toSorted()).toEqual(admitted.toSorted());
      expect(answers.filter(([, status]) => status === 500)).toEqual([['click', 500]]);
      expect(asked.filter(({ path }) => path === '/v1/billing_portal/sessions')).toHaveLength(2);
    } finally {
      await sandbox.close();
    }
  });

  it('without room until the request’s limit gives a rate limit error, and nothing is sent', async () => {
    let sent = 0;
    const gateway = gatewayWith({
      budget: new RequestBudget({ spend: async () => 5 }, { perSecond: 20 }),
      fetch: async () => {
        sent += 1;
        return new Response();
      },
    });
    const late = withPriority('background', () => gateway.fetchCustomer('cus_1'), AbortSignal.timeout(20));
    expect(await failureOf(late)).toMatchObject({ code: 'stripe_rate_limited', transient: true });
    expect(sent).toBe(0);
  });
});
