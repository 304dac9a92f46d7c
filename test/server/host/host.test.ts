/** M33: `@billhook/host` against a server of its own: its requests, guards and verifications in a host's backend. */

import { getRequestListener } from '@hono/node-server';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  createBillhookHost,
  type BillhookHost,
  type BillhookHostOptions,
  type Guard,
} from '../../../server/host/src/index.ts';
import { hostSecret, publicUrl } from '../support/bff.ts';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';
import { listening } from '../../support/listening.ts';

let harness: BffHarness;
let billing: BillhookHost;
const heard: unknown[] = [];
const settings = (): BillhookHostOptions => ({
  url: harness.url,
  audience: publicUrl,
  issuer: 'acme',
  secret: hostSecret,
  plans: ['team', 'starter'],
  features: ['forecasts', 'sso'],
  onUnknown: 'refuse',
  onUnreachable: 'refuse',
  timeoutMs: 60_000,
  onError: (cause) => void heard.push(cause),
});

beforeAll(async () => {
  harness = await startBffHarness({
    host: {
      plans: [
        { key: 'team', lookupKey: 'team_monthly', features: ['forecasts'] },
        { key: 'starter', lookupKey: 'starter_monthly' },
      ],
    },
  });
  for (const who of ['active', 'ended', 'restricted'] as const) await harness.bff.snapshot(harness.as(who));
  await harness.bff.snapshot({ account: 'team_doubted', mint: { customer: 'cus_nobody' } });
  billing = createBillhookHost(settings());
});
afterAll(() => harness.close());

describe('access', () => {
  it('is the BFF’s own answer, with a token of the right scope', async () => {
    expect(await billing.access('team_active')).toEqual(await harness.bff.billhook.access('team_active'));
    expect(await billing.access('team_active')).toMatchObject({ level: 'full', features: ['forecasts'] });
  });

  it('is unknown for an unlinked account, and is not guessed', async () => {
    expect(await billing.access('team_stranger')).toMatchObject({ level: 'unknown' });
  });

  it.each<[string, Partial<BillhookHostOptions>, string]>([
    ['a wrong secret', { secret: 'another-secret-of-somebody-of-32-bytes' }, 'token_invalid'],
    ['another issuer', { issuer: 'acne' }, 'token_issuer_unknown'],
    ['another server', { audience: 'https://elsewhere.example' }, 'token_audience_wrong'],
  ])('with %s names the problem, and a guard refuses', async (_, change, problem) => {
    const wrong = createBillhookHost({ ...settings(), ...change, onUnknown: 'allow', onUnreachable: 'allow' });
    await expect(wrong.access('team_active')).rejects.toMatchObject({ code: 'billing_refused', problem });
    expect(await wrong.guard().check('team_active')).toMatchObject({
      allowed: false,
      refusal: { status: 500, code: 'billing_misconfigured' },
    });
    expect(heard.at(-1)).toMatchObject({ code: 'billing_refused', problem });
  });
});

/** A host's server with four routes: the rule of each guard, by its path. */
const rules = {
  '/full': {},
  '/read': { level: 'readOnly' },
  '/team': { plan: 'team', feature: 'forecasts' },
  '/sso': { feature: 'sso' },
} as const;
type Path = keyof typeof rules;
const paths = Object.keys(rules) as Path[];

const accountIn = (header: string | undefined) => header ?? null;

/** The answer of a route behind the guard, which knows what was bought. */
const inside = (guard: Guard, request: object) =>
  `in, ${guard
    .accessOf(request)
    ?.plans.flatMap(({ items }) => items.map(({ plan }) => plan))
    .join(' and ')}`;

const frameworks: Readonly<Record<string, () => Promise<{ url: string; close(): unknown }>>> = {
  async Hono() {
    const app = new Hono();
    for (const path of paths) {
      const guard = billing.guard(rules[path]);
      const door = guard.hono((c: { req: { header(name: string): string | undefined } }) => c.req.header('account'));
      app.get(path, door, (c) => c.text(inside(guard, c)));
    }
    return await listening(createServer(getRequestListener(app.fetch)));
  },
  async Express() {
    const app = express();
    for (const path of paths) {
      const guard = billing.guard(rules[path]);
      const door = guard.express((request: express.Request) => accountIn(request.get('account')));
      app.get(path, door, (request, response) => void response.send(inside(guard, request)));
    }
    return await listening(createServer(app));
  },
  async Fastify() {
    const app = fastify();
    for (const path of paths) {
      const guard = billing.guard(rules[path]);
      const preHandler = guard.fastify((request: { headers: Record<string, unknown> }) =>
        accountIn(request.headers['account'] as string | undefined),
      );
      app.get(path, { preHandler }, (request) => inside(guard, request));
    }
    const url = await app.listen({ port: 0, host: '127.0.0.1' });
    return { url, close: () => app.close() };
  },
  async 'Next.js route handlers'() {
    const routes = new Map(
      paths.map((path) => {
        const guard = billing.guard(rules[path]);
        const accountOf = (request: Request) => request.headers.get('account');
        return [path as string, guard.route(accountOf, (request) => new Response(inside(guard, request)))];
      }),
    );
    const missing = () => new Response('', { status: 404 });
    return await listening(
      createServer(getRequestListener((request) => (routes.get(new URL(request.url).pathname) ?? missing)(request))),
    );
  },
};

describe.each(Object.keys(frameworks))('a route of %s', (name) => {
  let server: { url: string; close(): unknown };
  beforeAll(async () => {
    server = await (frameworks[name] ?? (() => Promise.reject(new Error(name))))();
  });
  afterAll(() => server.close());

  it.each<[Path, string | null, number, string]>([
    ['/full', null, 401, 'account_missing'],
    ['/full', 'team_active', 200, ''],
    ['/full', 'team_ended', 402, 'payment_required'],
    ['/full', 'team_restricted', 402, 'payment_required'],
    ['/read', 'team_restricted', 200, ''],
    ['/team', 'team_active', 200, ''],
    ['/sso', 'team_active', 403, 'feature_missing'],
    ['/full', 'team_stranger', 402, 'payment_required'],
    ['/full', 'team_doubted', 503, 'access_unknown'],
  ])('%s for %s answers %i %s', async (path, account, status, code) => {
    const response = await fetch(`${server.url}${path}`, { headers: account === null ? {} : { account } });
    const body = await response.text();
    expect([response.status, status === 200 ? body : (JSON.parse(body) as { code: string }).code]).toEqual([
      status,
      status === 200 ? 'in, team' : code,
    ]);
    if (status !== 200) expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
  });
});

it('says that it does not stand before a route whose request it never saw', () => {
  expect(() => billing.guard().accessOf({})).toThrow(/request was not let pass by this guard/);
});

describe('a page', () => {
  const redirect = (to: string): never => {
    throw new Error(`redirected to ${to}`);
  };

  it('redirects to the billing page, and gets the access document', async () => {
    const guard = billing.guard({ plan: 'team' });
    expect(await guard.page('team_active', '/billing', redirect)).toMatchObject({ seats: expect.any(Number) });
    await expect(guard.page('team_ended', '/billing', redirect)).rejects.toThrow('redirected to /billing');
  });

  it('in middleware is a redirect or passes', async () => {
    const guard = billing.guard();
    expect(await guard.response('team_active')).toBeNull();
    const response = await guard.response('team_ended', 'https://app.example/billing');
    expect([response?.status, response?.headers.get('location')]).toEqual([303, 'https://app.example/billing']);
  });
});
