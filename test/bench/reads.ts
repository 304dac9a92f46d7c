/**
 * The cost of a read: `GET /v1/billing` through the whole server, beside a bare Hono handler with the same bytes and beside
 * the route that one would write by hand (Hono, jose, one indexed read of SQLite, the document stored as JSON).
 */

import Database from 'better-sqlite3';
import { Hono } from 'hono';
import { jwtVerify } from 'jose';
import { hostSecret, origin, publicUrl, token } from '../server/support/bff.ts';
import { startBffHarness } from '../server/support/with-sandbox.ts';
import { sideBySide, type Measured } from './measure.ts';

export interface Reads {
  /** 200 and 304, each with the bare handler first. */
  readonly found: readonly Measured[];
  readonly unchanged: readonly Measured[];
}

export async function measureReads(rounds?: number): Promise<Reads> {
  const harness = await startBffHarness();
  try {
    const account = harness.as('active').account ?? '';
    const bearer = await token({ account });
    const request = (headers: Record<string, string> = {}) =>
      new Request(`${publicUrl}/v1/billing`, { headers: { origin, authorization: `Bearer ${bearer}`, ...headers } });
    const ask = async (fetch: (request: Request) => Response | Promise<Response>, headers?: Record<string, string>) =>
      await (await fetch(request(headers))).text();

    const answer = await harness.bff.billhook.fetch(request());
    const body = await answer.text();
    const headers = Object.fromEntries(answer.headers);
    const etag = headers['etag'] ?? '';
    const bare = new Hono().get('/v1/billing', (c) =>
      c.req.header('if-none-match') === etag ? c.body(null, 304, headers) : c.body(body, 200, headers),
    );
    const byHand = handWritten(account, body, headers);
    const contenders = (extra?: Record<string, string>) => [
      { name: 'bare Hono, same bytes', run: () => ask((each) => bare.fetch(each), extra) },
      { name: 'Billhook', run: () => ask(harness.bff.billhook.fetch, extra) },
      { name: 'written by hand', run: () => ask((each) => byHand.fetch(each), extra) },
    ];
    const options = rounds === undefined ? {} : { rounds };
    return {
      found: await sideBySide(contenders(), options),
      unchanged: await sideBySide(contenders({ 'if-none-match': etag }), options),
    };
  } finally {
    await harness.close();
  }
}

function handWritten(account: string, body: string, headers: Record<string, string>): Hono {
  const db = new Database(':memory:');
  db.exec('CREATE TABLE billing (account TEXT PRIMARY KEY, document TEXT NOT NULL)');
  db.prepare('INSERT INTO billing VALUES (?, ?)').run(account, body);
  const find = db.prepare<[string], { document: string }>('SELECT document FROM billing WHERE account = ?');
  const key = new TextEncoder().encode(hostSecret);
  return new Hono().get('/v1/billing', async (c) => {
    const bearer = c.req.header('authorization')?.slice('Bearer '.length) ?? '';
    const { payload } = await jwtVerify(bearer, key, { audience: publicUrl });
    const row = find.get(payload.sub ?? '');
    if (row === undefined) return c.body(null, 404);
    if (c.req.header('if-none-match') === headers['etag']) return c.body(null, 304, headers);
    return c.json(JSON.parse(row.document) as object, 200, headers);
  });
}
