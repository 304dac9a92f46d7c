/** The gallery's page, and the files that it is made of. */

import { readFileSync } from 'node:fs';
import { Hono } from 'hono';
import { etag } from 'hono/etag';
import type { SecureHeadersVariables } from 'hono/secure-headers';
import type { Speech } from '../speech.ts';
import { fixtures, groups, readOnly, type Fixture } from './fixtures.ts';
import { galleryPage } from './gallery-page.ts';
import { shownAt } from './snapshots.ts';

type Env = { Variables: SecureHeadersVariables };

/** @param speech - for the document around it, which is in English: a tool for developers, not for their customers */
export function galleryRoutes(billhookUrl: string, speech: () => Speech): Hono<Env> {
  const file = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');
  const files = {
    'gallery.css': ['text/css', file('gallery.css')],
    'gallery.js': ['text/javascript', file('gallery.js')],
    'fixture-bff.js': ['text/javascript', file('fixture-bff.js')],
    'fixtures.js': ['text/javascript', fixturesModule()],
  } as const;

  const app = new Hono<Env>();
  app.get('/', (c) => c.html(galleryPage({ speech: speech(), billhookUrl, nonce: c.get('secureHeadersNonce') ?? '' })));
  for (const [name, [type, text]] of Object.entries(files)) {
    app.get(`/${name}`, etag(), (c) =>
      c.body(text, 200, { 'Content-Type': `${type}; charset=utf-8`, 'Cache-Control': 'no-cache' }),
    );
  }
  return app;
}

/** The fixtures as a browser can import them, by role and name: "manage pastDue". */
function fixturesModule(): string {
  const entries: readonly [string, Fixture][] = Object.entries(fixtures);
  const byRole = entries.flatMap(([name, fixture]) => [
    [`manage ${name}`, fixture],
    [`read ${name}`, readOnly(fixture)],
  ]);
  return Object.entries({ now: shownAt, groups, fixtures: Object.fromEntries(byRole) })
    .map(([name, value]) => `export const ${name} = ${JSON.stringify(value)};\n`)
    .join('');
}
