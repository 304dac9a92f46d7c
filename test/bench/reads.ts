/**
 * The cost of a read: `GET /v1/billing` through the whole server, beside a bare Hono handler with the same bytes and beside
 * the route that one would write by hand (Hono, jose, one indexed read of SQLite, the document stored as JSON).
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { Hono } from 'hono';
import { jwtVerify } from 'jose';
import { hostSecret, origin, publicUrl, token } from '../server/support/bff.ts';
import { startBffHarness } from '../server/support/with-sandbox.ts';
import { sideBySide, type Measured } from './measure.ts';

export interface Reads {
  /** 200 and 304, each with the bare handler first: a request in each turn of the event loop, as on an idle server. */
  readonly found: readonly Measured[];
  readonly unchanged: readonly Measured[];
  /** The same with 16 requests in each turn, as on a busy one. */
  readonly foundAmongMany: readonly Measured[];
  readonly unchangedAmongMany: readonly Measured[];
  /** 200 for a token that was never seen, one in each turn. */
  readonly firstSeen: readonly Measured[];
}

const manyInATurn = 16;

type Fetch = (request: Request) => Response | Promise<Response>;

/** @param database - Default: a SQLite file of its own */
export async function measureReads(rounds?: number, database?: string): Promise<Reads> {
  const harness = await startBffHarness(database === undefined ? {} : { database });
  try {
    const { account } = harness.as('active');
    const bearer = await token({ account });
    // With its preview there: a page that waits for one is a case of its own, and asks again.
    await harness.bff.settled(harness.as('active'));
    const request = (headers: Record<string, string> = {}) =>
      new Request(`${publicUrl}/v1/billing`, { headers: { origin, authorization: `Bearer ${bearer}`, ...headers } });
    const ask = async (fetch: Fetch, headers?: Record<string, string>) => await (await fetch(request(headers))).text();

    const answer = await harness.bff.billhook.fetch(request());
    const body = await answer.text();
    const headers = Object.fromEntries(answer.headers);
    const etag = headers['etag'] ?? '';
    const bare = new Hono().get('/v1/billing', (c) =>
      c.req.header('if-none-match') === etag ? c.body(null, 304, headers) : c.body(body, 200, headers),
    );
    const byHand = handWritten(account, body, headers);
    const inTurns = async (extra: Record<string, string>, atOnce: number) => {
      const turn = (fetch: Fetch) => async () => {
        await Promise.all(Array.from({ length: atOnce }, () => ask(fetch, extra)));
        await nextTurn();
      };
      const contenders = [
        { name: 'bare Hono, same bytes', run: turn((each) => bare.fetch(each)) },
        { name: 'Billhook', run: turn(harness.bff.billhook.fetch) },
        { name: 'written by hand', run: turn((each) => byHand.fetch(each)) },
      ];
      const operations = 2_000 / atOnce;
      const measured = await sideBySide(contenders, rounds === undefined ? { operations } : { operations, rounds });
      return measured.map((each) => ({
        ...each,
        cpuMicroseconds: each.cpuMicroseconds / atOnce,
        leastCpuMicroseconds: each.leastCpuMicroseconds / atOnce,
      }));
    };
    const known = { 'if-none-match': etag };
    return {
      found: await inTurns({}, 1),
      unchanged: await inTurns(known, 1),
      foundAmongMany: await inTurns({}, manyInATurn),
      unchangedAmongMany: await inTurns(known, manyInATurn),
      firstSeen: await firstSeen(account, rounds, [
        { name: 'bare Hono, same bytes', ask: (request) => bare.fetch(request) },
        { name: 'Billhook', ask: harness.bff.billhook.fetch },
        { name: 'written by hand', ask: (request) => byHand.fetch(request) },
      ]),
    };
  } finally {
    await harness.close();
  }
}

async function firstSeen(
  account: string,
  rounds = 7,
  contenders: readonly { readonly name: string; readonly ask: Fetch }[] = [],
): Promise<readonly Measured[]> {
  const operations = 200;
  const minted = Array.from({ length: (rounds + 1) * operations }, (_, index) =>
    token({ account, name: `A payer ${index}` }),
  );
  const bearers = await Promise.all(minted);
  return await sideBySide(
    contenders.map(({ name, ask }) => {
      let next = 0;
      return {
        name,
        async run() {
          const headers = { origin, authorization: `Bearer ${bearers[(next += 1) % bearers.length]}` };
          await (await ask(new Request(`${publicUrl}/v1/billing`, { headers }))).text();
          await nextTurn();
        },
      };
    }),
    { rounds, operations },
  );
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
