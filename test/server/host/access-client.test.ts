/** How a backend asks: as seldom as the answer allows, once for all, and honestly while nothing answers. */

import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { AccessAnswer } from '@billhook/widget/contract';
import {
  BillhookHostError,
  BillhookOptionError,
  createBillhookHost,
  mintWidgetToken,
  verifyNotice,
  type BillhookHostOptions,
} from '../../../server/host/src/index.ts';

const secret = 'a-secret-of-the-host-acme-of-more-than-32-bytes';
const answerOf = (account: string, change: Partial<AccessAnswer> = {}): AccessAnswer => ({
  account,
  level: 'full',
  reason: 'active',
  until: null,
  state: 'active',
  revision: 'e.1',
  asOf: '2026-11-20T12:00:00.000Z',
  stale: false,
  confirmedBy: 'webhook',
  plans: [],
  features: [],
  seats: null,
  ...change,
});

type Answer = () => Response | Promise<Response>;

/** A BFF that answers as it is told, and counts. */
function clientOf(change: Partial<BillhookHostOptions> = {}) {
  const state = { now: 1_800_000_000_000, asked: [] as Headers[], answer: (() => ok(answerOf('a'))) as Answer };
  const billing = createBillhookHost({
    url: 'https://billing.example/',
    issuer: 'acme',
    secret,
    now: () => state.now,
    fetch: async (_address, init) => {
      state.asked.push(new Headers(init?.headers));
      return await state.answer();
    },
    ...change,
  });
  return { billing, state };
}

const ok = (body: unknown, maxAge = 10) =>
  new Response(JSON.stringify(body), { headers: { 'cache-control': `private, max-age=${maxAge}`, etag: '"1"' } });
const down: Answer = () => Promise.reject(new TypeError('fetch failed'));

describe('the access client', () => {
  it('makes one request for concurrent calls, and another when the answer’s max-age is over', async () => {
    const { billing, state } = clientOf();
    await Promise.all(Array.from({ length: 50 }, () => billing.access('a')));
    state.now += 9_999;
    await billing.access('a');
    expect(state.asked).toHaveLength(1);
    state.now += 1;
    state.answer = () => new Response(null, { status: 304, headers: { 'cache-control': 'private, max-age=10' } });
    expect(await billing.access('a')).toEqual(answerOf('a'));
    expect(state.asked.map((headers) => headers.get('if-none-match'))).toEqual([null, '"1"']);
    await billing.access('a');
    billing.forget('a');
    await billing.access('a');
    expect(state.asked).toHaveLength(3);
  });

  it('uses the last good answer while the BFF is down: stale, never wider, and for a limited time', async () => {
    const { billing, state } = clientOf({ keepMs: 60_000 });
    state.answer = () => ok(answerOf('a', { until: new Date(state.now + 40_000).toISOString() }));
    await billing.access('a');
    state.answer = down;
    state.now += 20_000;
    expect(await billing.access('a')).toMatchObject({ level: 'full', stale: true });
    state.now += 20_000;
    await expect(billing.access('a'), 'it would have narrowed by itself').rejects.toMatchObject({
      code: 'billing_unreachable',
    });

    const { billing: other, state: later } = clientOf({ keepMs: 60_000 });
    await other.access('a');
    later.answer = down;
    later.now += 59_999;
    expect(await other.access('a')).toMatchObject({ stale: true });
    later.now += 1;
    await expect(other.access('a')).rejects.toMatchObject({ code: 'billing_unreachable' });
  });

  it('asks a failing BFF less often, and recovers', async () => {
    const { billing, state } = clientOf();
    state.answer = () => new Response('', { status: 503, headers: { 'retry-after': '5' } });
    for (const account of ['a', 'b', 'c'])
      await expect(billing.access(account)).rejects.toMatchObject({ code: 'billing_unreachable' });
    expect(state.asked).toHaveLength(1);
    state.now += 5_000;
    state.answer = () => ok(answerOf('a'));
    expect(await billing.access('a')).toMatchObject({ stale: false });
  });

  it.each<[string, Answer]>([
    ['speaks of another account', () => ok(answerOf('b'))],
    ['is a page', () => new Response('<!doctype html>')],
    ['has a level that is none', () => ok({ ...answerOf('a'), level: 'everything' })],
    ['is null', () => ok(null)],
  ])('does not believe an answer that %s', async (_, answer) => {
    const { billing, state } = clientOf({ onUnknown: 'allow', onUnreachable: 'allow' });
    state.answer = answer;
    await expect(billing.access('a')).rejects.toMatchObject({ code: 'answer_invalid' });
    expect(await billing.guard().check('a')).toMatchObject({
      allowed: false,
      refusal: { code: 'billing_misconfigured' },
    });
  });

  it('follows the host’s fallback where access is unknown', async () => {
    const { billing, state } = clientOf();
    state.answer = down;
    const unreachable = (onUnreachable: 'allow' | 'refuse') =>
      billing.guard({ onUnknown: 'refuse', onUnreachable }).check('a');
    expect(await unreachable('allow')).toEqual({ allowed: true, access: null });
    expect(await unreachable('refuse')).toMatchObject({
      allowed: false,
      refusal: { status: 503, code: 'billing_unreachable' },
    });
    state.now += 60_000;
    state.answer = () => ok(answerOf('a', { level: 'unknown' }), 0);
    const unknown = (onUnknown: 'allow' | 'refuse') => billing.guard({ onUnknown, onUnreachable: 'refuse' }).check('a');
    expect(await unknown('allow')).toMatchObject({ allowed: true });
    expect(await unknown('refuse')).toMatchObject({ allowed: false, refusal: { code: 'access_unknown' } });
  });

  it('throws at once for a guard with missing or unknown options', () => {
    const { billing } = clientOf({ plans: ['team'], features: ['export'] });
    const said = { onUnknown: 'allow', onUnreachable: 'allow' } as const;
    const codeOf = (make: () => unknown) => {
      try {
        make();
      } catch (cause) {
        return (cause as BillhookOptionError).code;
      }
      return null;
    };
    expect(codeOf(() => billing.guard())).toBe('undecided');
    expect(codeOf(() => billing.guard({ onUnknown: 'allow' }))).toBe('undecided');
    expect(codeOf(() => billing.guard({ ...said, plan: 'taem' }))).toBe('plan_unknown');
    expect(codeOf(() => billing.guard({ ...said, plan: [] }))).toBe('plan_unknown');
    expect(codeOf(() => billing.guard({ ...said, feature: 'exprot' }))).toBe('feature_unknown');
    expect(codeOf(() => billing.guard({ ...said, level: 'none' as 'full' }))).toBe('level_invalid');
    expect(codeOf(() => billing.guard({ ...said, plan: 'team', feature: 'export' }))).toBeNull();
    expect(codeOf(() => createBillhookHost({ url: undefined, issuer: 'acme', secret }))).toBe('url_invalid');
    expect(codeOf(() => createBillhookHost({ url: 'https://b.example', issuer: 'acme', secret: undefined }))).toBe(
      'secret_missing',
    );
    expect(codeOf(() => createBillhookHost({ url: 'https://b.example', issuer: '', secret }))).toBe('issuer_missing');
  });
});

describe('a token', () => {
  const contents = { issuer: 'acme', audience: 'https://b.example', account: 'a' };
  it.each<[string, object, string]>([
    ['no secret', { secret: undefined }, 'secret_missing'],
    ['an empty secret', { secret: '' }, 'secret_missing'],
    ['a short secret', { secret: 'short' }, 'secret_weak'],
    ['no issuer', { issuer: undefined }, 'issuer_missing'],
    ['no audience', { audience: undefined }, 'audience_invalid'],
    ['no account', { account: undefined }, 'account_invalid'],
    ['an unknown scope', { scope: 'billing:all' }, 'scope_invalid'],
    ['no scope at all', { scope: [] }, 'scope_invalid'],
    ['a customer that is none', { customer: 7 }, 'customer_invalid'],
  ])('for %s is refused by name and code', async (_, change, code) => {
    const error = await mintWidgetToken({ secret, ...contents, ...change } as never).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(BillhookOptionError);
    expect(error).toMatchObject({ code, name: 'BillhookOptionError' });
  });

  it('accepts scopes as text, and a null customer as none', async () => {
    const token = await mintWidgetToken({ secret, ...contents, scope: 'billing:read access', customer: null });
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as object;
    expect(claims).toMatchObject({ scope: 'billing:read access', sub: 'a' });
    expect(claims).not.toHaveProperty('stripe_customer');
  });
});

describe('a notice', () => {
  const key = Buffer.alloc(32, 5);
  const secrets = [`whsec_${Buffer.alloc(32, 6).toString('base64')}`, `whsec_${key.toString('base64')}`];
  const now = 1_800_000_000_000;
  const body = JSON.stringify({ id: 'notice_1', type: 'plan.changed', account: 'a', access: answerOf('a') });
  const headersOf = (text: string, at = now) => {
    const timestamp = String(at / 1000);
    const v1 = createHmac('sha256', key).update(`notice_1.${timestamp}.${text}`).digest('base64');
    return { 'webhook-id': 'notice_1', 'webhook-timestamp': timestamp, 'webhook-signature': `v1,AAAA v1,${v1}` };
  };

  it('is verified with any of the secrets, as text, bytes or a request', async () => {
    const headers = headersOf(body);
    expect(await verifyNotice({ headers, body }, { secrets, now })).toMatchObject({ id: 'notice_1', account: 'a' });
    expect(await verifyNotice({ headers, body: Buffer.from(body) }, { secrets, now })).toMatchObject({
      id: 'notice_1',
    });
    const request = new Request('https://app.example/', { method: 'POST', headers, body });
    expect(await verifyNotice(request, { secrets, now })).toMatchObject({ id: 'notice_1' });
  });

  it.each<[string, Parameters<typeof verifyNotice>[0], string]>([
    ['that was changed', { headers: headersOf(body), body: body.replace('plan', 'plam') }, 'notice_signature_invalid'],
    ['without a signature', { headers: {}, body }, 'notice_signature_invalid'],
    ['that is old', { headers: headersOf(body, now - 301_000), body }, 'notice_too_old'],
    ['that a parser was before', { headers: headersOf(body), body: JSON.parse(body) as string }, 'notice_malformed'],
    ['that is no notice', { headers: headersOf('[]'), body: '[]' }, 'notice_malformed'],
  ])('%s is refused', async (_, delivery, code) => {
    const error = await verifyNotice(delivery, { secrets, now }).catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(BillhookHostError);
    expect(error).toMatchObject({ code });
  });

  it('updates the kept access', async () => {
    const at = Math.floor(Date.now() / 1000) * 1000;
    const { billing, state } = clientOf({ webhookSecrets: secrets, now: () => at });
    await billing.notice({ headers: headersOf(body, at), body });
    expect(await billing.access('a')).toEqual(answerOf('a'));
    expect(state.asked).toHaveLength(0);
    await expect(verifyNotice({ headers: {}, body }, { secrets: ['nonsense'] })).rejects.toMatchObject({
      code: 'webhook_secret_invalid',
    });
  });
});
