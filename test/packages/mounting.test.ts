/** B11: the server inside a host's own, as `server/README.md` tells it: the same answers, whatever the router does. */

import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { createAdaptorServer, getRequestListener } from '@hono/node-server';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Billhook } from '@billhook/server';
import { listening } from '../support/listening.ts';
import { origin, token } from '../server/support/bff.ts';
import { startBffHarness, type BffHarness } from '../server/support/with-sandbox.ts';

const publicUrl = 'https://app.acme.example/billing';

let harness: BffHarness;
beforeAll(async () => {
  harness = await startBffHarness({ publicUrl });
});
afterAll(() => harness.close());

/** A host's server with Billhook under `/billing`, and a page of its own under `/`. */
type Mount = (billhook: Billhook) => Promise<{ url: string; close(): unknown }>;

const mounts: Readonly<Record<string, Mount>> = {
  async Hono({ fetch }) {
    const host = new Hono().get('/', (c) => c.text('the host'));
    host.all('/billing/*', (c) => fetch(c.req.raw, c.env));
    return await listening(createAdaptorServer(host) as Server);
  },

  async 'Hono’s mount'({ fetch }) {
    const host = new Hono().mount('/billing', fetch).get('/', (c) => c.text('the host'));
    return await listening(createAdaptorServer(host) as Server);
  },

  async 'Node http'({ fetch }) {
    const billing = getRequestListener(fetch);
    const server = createServer((request, response) =>
      request.url?.startsWith('/billing/') ? void billing(request, response) : response.end('the host'),
    );
    return await listening(server);
  },

  async Express({ fetch }) {
    const host = express();
    host.use('/billing', getRequestListener(fetch)); // before any body parser: signatures are over bytes
    host.use(express.json());
    host.get('/', (_request, response) => void response.send('the host'));
    return await listening(createServer(host));
  },

  async Fastify({ fetch }) {
    const host = fastify();
    const billing = getRequestListener(fetch);
    await host.register(async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
      scope.all('/billing/*', (request, reply) => {
        reply.hijack();
        void billing(request.raw, reply.raw);
      });
    });
    host.get('/', () => 'the host');
    const url = await host.listen({ port: 0, host: '127.0.0.1' });
    return { url, close: () => host.close() };
  },

  /** `app/billing/[...path]/route.ts` exports one function for every method; Next.js hands it web-standard requests. */
  async 'Next.js'({ fetch }) {
    const handler = (request: Request) => fetch(request);
    const next = getRequestListener((request) =>
      new URL(request.url).pathname.startsWith('/billing/') ? handler(request) : new Response('the host'),
    );
    return await listening(createServer((request, response) => void next(request, response)));
  },
};

describe.each(Object.keys(mounts))('inside %s', (name) => {
  let server: Awaited<ReturnType<Mount>>;
  beforeAll(async () => {
    const mount = mounts[name];
    if (!mount) throw new Error(name);
    server = await mount(harness.bff.billhook);
  });
  afterAll(() => server.close());
  const ask = (path: string, init?: RequestInit) => fetch(`${server.url}${path}`, init);

  it('serves the widget: script, preflight, snapshot, and the portal', async () => {
    const script = await ask('/billing/widget.js');
    expect([script.status, script.headers.get('content-type')]).toEqual([200, 'text/javascript; charset=utf-8']);

    const preflight = await ask('/billing/v1/billing', {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'GET', 'access-control-request-headers': 'authorization' },
    });
    expect([preflight.status, preflight.headers.get('access-control-allow-origin')]).toEqual([204, origin]);

    const bearer = await token({
      account: `team_${name}`,
      audience: publicUrl,
      ...(name === 'Hono' ? { customer: harness.customers.active } : {}),
    });
    const headers = { origin, authorization: `Bearer ${bearer}` };
    const billing = await ask('/billing/v1/billing', { headers });
    expect([billing.status, await billing.json()]).toEqual([
      200,
      expect.objectContaining({ state: name === 'Hono' ? 'active' : 'none' }),
    ]);

    const portal = await ask('/billing/v1/portal-sessions', {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: JSON.stringify({ seen: null }),
    });
    expect(portal.status, await portal.text()).toBe(name === 'Hono' ? 200 : 404);
  });

  it('verifies a webhook by its raw bytes, and refuses an altered one', async () => {
    const body = `{ "id": "evt_${name.replaceAll(/\W/g, '')}",\n "object": "event", "type": "product.updated", "data": { "object": {} } }`;
    const t = Math.floor(Date.now() / 1000);
    const secret = harness.options.stripe.webhookSecrets[0] ?? '';
    const v1 = createHmac('sha256', secret).update(`${t}.${body}`).digest('hex');
    const deliver = (text: string) =>
      ask('/billing/v1/webhooks/stripe', {
        method: 'POST',
        headers: { 'stripe-signature': `t=${t},v1=${v1}`, 'content-type': 'application/json; charset=utf-8' },
        body: text,
      });
    expect((await deliver(body.replace('\n', ''))).status).toBe(400);
    const taken = await deliver(body);
    expect(taken.status, await taken.text()).toBe(200);
  });

  it('leaves the host’s own pages and 404s to the host', async () => {
    expect(await (await ask('/')).text()).toBe('the host');
    const missing = await ask('/billing/v1/nothing');
    expect([missing.status, await missing.json()]).toEqual([404, expect.objectContaining({ code: 'not_found' })]);
  });
});

describe('N13: behind a parser that has read the body', () => {
  const webhook = '/billing/v1/webhooks/stripe';
  const portal = '/billing/v1/portal-sessions';
  const post = (url: string) =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'stripe-signature': 't=1,v1=1' },
      body: JSON.stringify({ seen: null }),
    });

  it.each([webhook, portal])('Express says so, at %s', async (path) => {
    const host = express();
    host.use(express.json());
    host.use('/billing', getRequestListener(harness.bff.billhook.fetch));
    const server = await listening(createServer(host));
    try {
      const answer = await post(`${server.url}${path}`);
      expect([answer.status, await answer.json()]).toEqual([
        500,
        expect.objectContaining({
          code: 'body_consumed',
          detail: expect.stringContaining('mount it before express.json()'),
        }),
      ]);
    } finally {
      await server.close();
    }
  });

  /** Middleware of hosts, in front of the mounted routes. */
  const readers: Readonly<Record<string, Mount>> = {
    async 'Express with urlencoded()'(billhook) {
      return await afterExpress(express.urlencoded({ type: '*/*' }), billhook);
    },
    async 'Express with raw()'(billhook) {
      return await afterExpress(express.raw({ type: '*/*' }), billhook);
    },
    async 'Express with text()'(billhook) {
      return await afterExpress(express.text({ type: '*/*' }), billhook);
    },
    async 'Fastify with its own parsers'({ fetch }) {
      const host = fastify();
      const billing = getRequestListener(fetch);
      host.all('/billing/*', (request, reply) => {
        reply.hijack();
        void billing(request.raw, reply.raw);
      });
      return { url: await host.listen({ port: 0, host: '127.0.0.1' }), close: () => host.close() };
    },
    async 'Hono whose middleware reads JSON'({ fetch }) {
      const host = new Hono().use(async (c, next) => {
        await c.req.json();
        await next();
      });
      host.all('/billing/*', (c) => fetch(c.req.raw, c.env));
      return await listening(createAdaptorServer(host) as Server);
    },
    async 'Hono with the routes in its own'({ app }) {
      const host = new Hono().use(async (c, next) => {
        await c.req.text();
        await next();
      });
      return await listening(createAdaptorServer(host.route('/billing', app)) as Server);
    },
  };
  async function afterExpress(parser: express.RequestHandler, { fetch }: Billhook) {
    const host = express();
    host.use(parser);
    host.use('/billing', getRequestListener(fetch));
    return await listening(createServer(host));
  }
  it.each(Object.keys(readers))('so does %s', async (name) => {
    const server = await readers[name]?.(harness.bff.billhook);
    if (!server) throw new Error(name);
    try {
      const answer = await post(`${server.url}${webhook}`);
      expect([answer.status, await answer.json()]).toEqual([500, expect.objectContaining({ code: 'body_consumed' })]);
    } finally {
      await server.close();
    }
  });

  it.each(['read', 'held by a reader'])('so does a handler of requests, whose body is %s', async (how) => {
    const request = new Request(`${publicUrl.replace('/billing', '')}${webhook}`, { method: 'POST', body: '{}' });
    if (how === 'read') await request.text();
    else request.body?.getReader();
    const answer = await harness.bff.billhook.fetch(request);
    expect(await answer.json()).toMatchObject({ code: 'body_consumed' });
  });

  it('a platform that keeps the bytes is no such case', async () => {
    const host = express();
    host.use(express.json({ verify: (request, _response, bytes) => Object.assign(request, { rawBody: bytes }) }));
    host.use('/billing', getRequestListener(harness.bff.billhook.fetch));
    const server = await listening(createServer(host));
    try {
      expect(await (await post(`${server.url}${webhook}`)).json()).toMatchObject({ code: 'webhook_signature_invalid' });
    } finally {
      await server.close();
    }
  });
});
