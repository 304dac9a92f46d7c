/**
 * A host's page as a test writes it, on a real server, with a BFF double on another site and a page that stands for
 * Stripe's. For tests that depend on the page around the widget; tests of billing use the demo (`demo-browser.ts`).
 */

import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { serve, type ServerType } from '@hono/node-server';
import { Hono, type Context } from 'hono';
import { cors } from 'hono/cors';
import type { BillingSnapshot, VisitReturn } from '@billhook/widget/contract';
import { active } from '../../demo/host/gallery/snapshots.ts';
import { en } from '../widget/english.ts';

export interface HostPage {
  readonly body: string;
  readonly head?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** As the widget's README has it, with the BFF's address. */
export const scriptTag = (site: HostSite, attributes = ''): string =>
  `<script type="module" src="${site.bffUrl}/widget.js" data-token-url="/token" ${attributes}></script>`;

export class HostSite {
  readonly pages = new Map<string, HostPage>();
  /** Further files of the host, by path. */
  readonly scripts = new Map<string, string>();
  /** Requests to the host's token address and to the BFF, in order, without preflights. */
  readonly asked: string[] = [];
  snapshot: BillingSnapshot = active;
  /** Answers in place of the BFF's own, by path. */
  readonly instead = new Map<string, (c: Context) => Response | Promise<Response>>();
  outcome: VisitReturn['outcome'] = 'unchanged';
  /** Requests that wait for a change now. */
  waiting = 0;
  hostUrl = '';
  bffUrl = '';
  readonly #servers: ServerType[] = [];

  async open(): Promise<this> {
    const widget = await readFile(new URL('../../widget/dist/widget.js', import.meta.url), 'utf8');
    this.bffUrl = `http://127.0.0.1:${await this.#listen(this.#bff(widget))}`;
    this.hostUrl = `http://localhost:${await this.#listen(this.#host())}`;
    return this;
  }

  async close(): Promise<void> {
    await Promise.all(
      this.#servers.map((server) => {
        if ('closeAllConnections' in server) server.closeAllConnections();
        return new Promise((closed) => server.close(closed));
      }),
    );
  }

  #host(): Hono {
    const app = new Hono();
    app.get('/token', (c) => {
      this.asked.push('GET /token');
      return this.instead.get('/token')?.(c) ?? c.json({ token: tokenOf('account-1') });
    });
    app.get('*', (c) => {
      const script = this.scripts.get(c.req.path);
      if (script !== undefined) return c.body(script, 200, { 'content-type': 'text/javascript' });
      const page = this.pages.get(c.req.path);
      if (!page) return c.notFound();
      return c.html(
        `<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,"><title>A host</title>${page.head ?? ''}</head><body>${page.body}</body></html>`,
        200,
        page.headers,
      );
    });
    return app;
  }

  #bff(widget: string): Hono {
    const app = new Hono();
    app.use(async (c, next) => {
      const { path } = c.req;
      if (c.req.method !== 'OPTIONS' && path.startsWith('/v1/')) this.asked.push(`${c.req.method} ${path}`);
      const script = path.endsWith('.js');
      const exposeHeaders = ['etag', 'retry-after', 'date', 'preference-applied'];
      return cors({ origin: script ? '*' : this.hostUrl, exposeHeaders, maxAge: 7200 })(c, next);
    });
    app.use('/v1/*', async (c, next) => {
      const answer = this.instead.get(c.req.path);
      return answer ? answer(c) : next();
    });
    app.get('/widget.js', (c) => c.body(widget, 200, { 'content-type': 'text/javascript' }));
    app.get('/next/widget/locales/en.json', (c) => c.json(en));
    app.get('/widget/locales/en.json', (c) => c.json(en));
    // Another version: it says something else, and came from somewhere else.
    app.get('/next/widget.js', (c) =>
      c.body(widget.replaceAll('Manage billing', 'Manage all'), 200, { 'content-type': 'text/javascript' }),
    );
    app.get('/v1/billing', async (c) => {
      const etag = `"${this.snapshot.revision}-${this.snapshot.state}"`;
      if (c.req.header('if-none-match') !== etag) return c.json(this.snapshot, 200, { etag });
      if (c.req.header('prefer') !== undefined) {
        this.waiting += 1;
        await new Promise((gone) => c.req.raw.signal.addEventListener('abort', gone, { once: true }));
        this.waiting -= 1;
      }
      return c.body(null, 304, { etag });
    });
    app.post('/v1/visits/return', (c) => c.json({ outcome: this.outcome, changes: [], snapshot: this.snapshot }));
    app.post('/v1/:kind', (c) => c.json({ url: `${this.bffUrl}/stripe`, visit: 'visit-1' }));
    app.get('/stripe', (c) =>
      c.html('<!doctype html><link rel="icon" href="data:,"><title>Stripe</title><h1>Stripe</h1>'),
    );
    return app;
  }

  #listen(app: Hono): Promise<number> {
    return new Promise((listening) => {
      this.#servers.push(serve({ fetch: app.fetch, port: 0 }, (address: AddressInfo) => listening(address.port)));
    });
  }
}

/** @param sub - the account that it speaks for; the double asks for no signature */
export function tokenOf(sub: string): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const exp = Math.floor(Date.now() / 1000) + 600;
  const header = { alg: 'none', typ: 'billhook-widget+jwt' };
  return `${part(header)}.${part({ iss: 'host', sub, exp, jti: crypto.randomUUID() })}.x`;
}
