/** Headers, methods and refusals, the same at each address; and the operator’s own addresses. */

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { LogFields } from '@billhook/server';
import { answerHeaders } from '../../../server/src/http/answer-headers.ts';
import { origin, problemOf, startBff, token, type CallInit, type TestBff } from '../support/bff.ts';

const upkeepSecret = 'a-secret-of-the-cron-of-more-than-32-bytes';
const metricsToken = 'a-secret-of-the-metrics-of-more-than-32-bytes';
const secured = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-site',
  'origin-agent-cluster': '?1',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-dns-prefetch-control': 'off',
  'x-download-options': 'noopen',
  'x-frame-options': 'SAMEORIGIN',
  'x-permitted-cross-domain-policies': 'none',
  'x-xss-protection': '0',
};
const readable = {
  'access-control-allow-origin': origin,
  'access-control-expose-headers': 'etag,retry-after,date,preference-applied',
  vary: 'Origin',
};
const apart = { 'cache-control': 'no-store' };
const bearer = (secret: string): CallInit => ({ token: null, headers: { authorization: `Bearer ${secret}` } });

let bff: TestBff;
let lines: (LogFields & { readonly level: string; readonly what: string })[];
beforeAll(async () => {
  const note =
    (level: string) =>
    (what: string, fields: LogFields = {}) =>
      void lines.push({ level, what, ...fields });
  lines = [];
  bff = await startBff(
    {},
    {
      log: { info: note('info'), warn: note('warn'), error: note('error') },
      background: 'none',
      upkeep: { secret: upkeepSecret },
      metrics: { token: metricsToken },
      limits: { refusalsPerMinute: 30 },
      proxies: 1,
    },
  );
});
afterAll(() => bff.close());
beforeEach(() => void lines.splice(0));

const headersOf = async (path: string, init: CallInit = {}) => Object.fromEntries((await bff.call(path, init)).headers);
const stranger = (address: string, init: CallInit = {}): CallInit => ({
  token: null,
  ...init,
  headers: { ...init.headers, 'x-forwarded-for': address },
});

describe('an answer has', () => {
  it.each<[string, string, CallInit, object]>([
    ['a snapshot', '/v1/billing', {}, { ...secured, ...readable, ...apart }],
    [
      'a snapshot of a chain that is entered',
      '/v1/billing',
      { headers: { prefer: 'x' } },
      { ...secured, ...readable, ...apart },
    ],
    ['a refusal', '/v1/billing', { token: 'x' }, { ...secured, ...readable, ...apart }],
    ['a webhook that is refused', '/v1/webhooks/stripe', { token: null, method: 'POST' }, { ...secured, ...apart }],
    ['an address that is none', '/v1/none', {}, { ...secured, ...readable, ...apart }],
    ['an address beside', '/healthz', { token: null }, secured],
    ['the script', '/widget.js', { token: null }, { 'cross-origin-resource-policy': 'cross-origin' }],
  ])('its headers: %s', async (_, path, init, headers) => {
    const given = await headersOf(path, init);
    expect(given).toMatchObject(headers);
    if (!('vary' in headers)) expect(given).not.toHaveProperty('access-control-expose-headers');
    if (path === '/healthz') expect(given).not.toHaveProperty('cache-control');
  });

  it('its headers: a webhook', async () => {
    const event = { id: 'evt_1', type: 'invoice.paid', livemode: false, data: { object: { object: 'invoice' } } };
    const answer = await bff.deliver(event);
    expect(answer.status).toBe(200);
    const given = Object.fromEntries(answer.headers);
    expect(given).toMatchObject({ ...secured, ...apart, 'content-type': 'application/json' });
    expect(given).not.toHaveProperty('access-control-expose-headers');
  });

  it('no leave to be read for a page of another origin, nor without a page', async () => {
    const other = { headers: { origin: 'https://evil.example' } };
    expect(await headersOf('/v1/none', other)).not.toHaveProperty('access-control-allow-origin');
    const init = { headers: { authorization: `Bearer ${await token()}` } };
    const answer = await bff.billhook.fetch(new Request('https://billing.acme.example/v1/billing', init));
    expect(answer.status).toBe(200);
    const { 'access-control-allow-origin': _, ...unread } = readable;
    const given = Object.fromEntries(answer.headers);
    expect(given).toMatchObject({ ...secured, ...unread, ...apart });
    expect(given).not.toHaveProperty('access-control-allow-origin');
    const headersFor = answerHeaders(new Set([origin]));
    expect(headersFor('https://evil.example')).toEqual(headersFor(undefined));
  });

  it('a preflight its own, for two hours', async () => {
    const headers = { 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' };
    expect(await headersOf('/v1/billing', { method: 'OPTIONS', token: null, headers })).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'GET,POST',
      'access-control-allow-headers': 'authorization,content-type,if-none-match,prefer',
      'access-control-max-age': '7200',
    });
  });
});

describe('a refusal', () => {
  it.each([
    ['/v1/access', 'GET'],
    ['/v1/billing', 'GET'],
    ['/v1/portal-sessions', 'POST'],
    ['/v1/checkout-sessions', 'POST'],
    ['/v1/invoice-sessions', 'POST'],
    ['/v1/visits/return', 'POST'],
    ['/v1/webhooks/stripe', 'POST'],
    ['/v1/upkeep', 'GET, POST'],
    ['/healthz', 'GET'],
    ['/readyz', 'GET'],
    ['/metrics', 'GET'],
    ['/widget.js', 'GET'],
    ['/widget/locales/de.json', 'GET'],
  ])('of a method at %s names those that it has: %s', async (path, allow) => {
    const answer = await bff.call(path, { method: 'DELETE' });
    expect([answer.status, answer.headers.get('allow'), (await problemOf(answer)).code]).toEqual([
      405,
      allow,
      'method_not_allowed',
    ]);
  });

  it('says how to authenticate with a 401 alone, and when to come again only where it knows', async () => {
    const [missing, none] = [await bff.call('/v1/billing', { token: null }), await bff.call('/v1/none')];
    expect(missing.headers.get('www-authenticate')).toBe('Bearer realm="billhook", error="invalid_token"');
    expect([none.headers.get('www-authenticate'), none.headers.get('retry-after')]).toEqual([null, null]);
  });

  it('is a 404 for a path that a proxy may read differently, on the server’s own connections', async () => {
    const asked = async (env?: object) => {
      const init = { headers: { authorization: `Bearer ${await token()}` } };
      return (await bff.billhook.fetch(new Request('https://billing.acme.example/v1/billing', init), env)).status;
    };
    const spelled = { incoming: { url: '/v1/%62illing' } };
    expect([await asked(), await asked(spelled), await asked({ ownServer: true, ...spelled })]).toEqual([
      200, 200, 404,
    ]);
  });

  it.each([
    ['{}', 'The field "seen" is missing or of the wrong form.'],
    ['{"seen":null,"customer":"cus_1"}', 'There is no field "customer".'],
  ])('of a body names its field: %s', async (body, detail) => {
    expect((await problemOf(await bff.call('/v1/portal-sessions', { body }))).detail).toBe(detail);
  });

  it('is a line for the operator, with names as they can be printed', async () => {
    await bff.call('/v1/portal-sessions', { body: '' });
    expect(lines).toEqual([
      {
        level: 'info',
        what: 'request.refused',
        method: 'POST',
        path: '/v1/portal-sessions',
        status: 400,
        code: 'body_malformed',
        audit: true,
      },
    ]);
  });

  it('that is no fault of the asking is an error, with its cause', async () => {
    await bff.call('/v1/billing', { mint: { customer: 'cus_1' } });
    expect(lines.filter(({ level }) => level === 'error')).toMatchObject([
      {
        what: 'request.failed',
        code: 'stripe_unavailable',
        status: 503,
        cause: expect.stringContaining('StripeFailure') as string,
      },
    ]);
    expect(lines.some(({ audit }) => audit === true)).toBe(false);
  });

  it('for a fault of the host’s own server is an error too, in the refusal’s own words', async () => {
    const init = { method: 'POST', body: '{}', headers: { authorization: `Bearer ${await token()}` } };
    const request = new Request('https://billing.acme.example/v1/portal-sessions', init);
    const answer = await bff.billhook.fetch(request, { incoming: { readableDidRead: true } });
    expect([answer.status, (await problemOf(answer)).code]).toEqual([500, 'body_consumed']);
    const cause = expect.stringContaining('consumed before Billhook') as string;
    expect(lines).toMatchObject([
      { level: 'error', what: 'request.failed', code: 'body_consumed', status: 500, cause },
    ]);
  });

  it('ends the connection of a body that was not read', async () => {
    const env = { incoming: { httpVersionMajor: 1, complete: false } };
    const asked = async (path: string, body: string) => {
      const headers = { authorization: `Bearer ${await token()}` };
      const request = new Request(`https://billing.acme.example${path}`, { method: 'POST', headers, body });
      return (await bff.billhook.fetch(request, env)).headers.get('connection');
    };
    expect(await asked('/v1/portal-sessions', 'x'.repeat(65 * 1024))).toBe('close');
    expect(await asked('/v1/portal-sessions', 'no JSON')).toBe('close');
    expect(await asked('/v1/portal-sessions', '{"seen":null}')).toBeNull();
  });
});

describe('the operator’s addresses', () => {
  it('say that the server lives, and that its ledger does', async () => {
    for (const path of ['/healthz', '/readyz']) {
      const answer = await bff.call(path, { token: null });
      expect([answer.status, await answer.json()]).toEqual([200, { status: 'ok' }]);
    }
  });

  it('show the metrics with their token alone, to be stored by no one', async () => {
    expect((await problemOf(await bff.call('/metrics', { token: null }))).detail).toBe(
      'Send the token of the metrics.',
    );
    expect((await problemOf(await bff.call('/metrics', bearer('x')))).detail).toBe(
      'This is not the token of the metrics.',
    );
    const answer = await bff.call('/metrics', bearer(metricsToken));
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(await answer.text()).toMatch(/^# HELP billhook_/m);
  });

  it('do the upkeep for its secret alone, by either method, and count who tries', async () => {
    for (const method of ['GET', 'POST']) {
      const answer = await bff.call('/v1/upkeep', { ...bearer(upkeepSecret), method });
      expect(answer.status).toBe(200);
      expect(await answer.json()).toBeTypeOf('object');
    }
    const wrong = await bff.call('/v1/upkeep', bearer('x'));
    expect([wrong.status, (await problemOf(wrong)).detail]).toEqual([401, 'This is not the token of the upkeep.']);
  });

  it.each<[string, string, CallInit, string]>([
    ['tokens', '/v1/billing', {}, 'token_missing'],
    ['the upkeep’s secret', '/v1/upkeep', {}, 'token_missing'],
    ['webhooks', '/v1/webhooks/stripe', { method: 'POST' }, 'webhook_signature_invalid'],
  ])('count strangers who try %s by the thousand', async (what, path, init, code) => {
    const codes: string[] = [];
    for (let tries = 0; tries < 32; tries += 1) {
      codes.push((await problemOf(await bff.call(path, stranger(`192.0.2.${what.length}`, init)))).code);
    }
    expect(new Set(codes)).toEqual(new Set([code, 'rate_limited']));
    expect(codes.slice(0, 30)).not.toContain('rate_limited');
  });
});

it('where metrics and upkeep are off, there is nothing at their addresses; open metrics need no token', async () => {
  const [off, open] = [await startBff({}, { metrics: false }), await startBff({}, { metrics: 'open' })];
  for (const path of ['/metrics', '/v1/upkeep']) {
    expect((await problemOf(await off.call(path, bearer('x')))).code).toBe('not_found');
  }
  expect((await open.call('/metrics', { token: null })).status).toBe(200);
  await off.close();
  await open.close();
});
