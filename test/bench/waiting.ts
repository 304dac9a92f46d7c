/** The memory of a poll that waits: through the whole server, beside a bare Hono handler that waits for the same time. */

import process from 'node:process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Hono } from 'hono';
import { origin, publicUrl, startBff, token } from '../server/support/bff.ts';
import { collectGarbage } from '../support/collect-garbage.ts';
import { median } from './measure.ts';

export interface Waiting {
  /** Bytes of the heap for each poll that waits. */
  readonly ours: number;
  readonly bare: number;
}

type Fetch = (request: Request) => Response | Promise<Response>;

/** @param polls - that wait at the same time, each of an account of its own */
export async function measureWaiting(polls = 5_000, rounds = 3): Promise<Waiting> {
  const bff = await startBff();
  try {
    const requests: (() => Request)[] = [];
    for (let index = 0; index < polls; index += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const bearer = await token({ account: `team_${index}` });
      const headers = { origin, authorization: `Bearer ${bearer}` };
      const ask = (more: Record<string, string>) =>
        new Request(`${publicUrl}/v1/billing`, { headers: { ...headers, ...more } });
      // oxlint-disable-next-line no-await-in-loop -- as above
      const etag = (await bff.billhook.fetch(ask({}))).headers.get('etag') ?? '';
      requests.push(() => ask({ 'if-none-match': etag, prefer: 'wait=25' }));
    }
    const bare = bareHandler();
    const figures = { ours: [] as number[], bare: [] as number[] };
    for (let round = 0; round <= rounds; round += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const [own, plain] = [await perPoll(requests, bff.billhook.fetch), await perPoll(requests, bare)];
      if (round === 0) continue;
      figures.ours.push(own);
      figures.bare.push(plain);
    }
    return { ours: median(figures.ours), bare: median(figures.bare) };
  } finally {
    await bff.close();
  }
}

function bareHandler(): Fetch {
  const app = new Hono().get('/v1/billing', async (c) => {
    const { signal } = c.req.raw;
    await new Promise<void>((done) => {
      const finish = () => {
        clearTimeout(timer);
        done();
      };
      const timer = setTimeout(finish, 25_000);
      signal.addEventListener('abort', finish, { once: true });
    });
    return c.body(null, 304);
  });
  return (request) => app.fetch(request);
}

async function perPoll(requests: readonly (() => Request)[], fetch: Fetch): Promise<number> {
  const before = await heap();
  const polls = requests.map((request) => {
    const client = new AbortController();
    return { client, answer: fetch(new Request(request(), { signal: client.signal })) };
  });
  for (let turn = 0; turn < 20; turn += 1) {
    // oxlint-disable-next-line no-await-in-loop -- until all of them wait
    await nextTurn();
  }
  const during = await heap();
  for (const { client } of polls) client.abort();
  await Promise.all(polls.map(({ answer }) => answer));
  return (during - before) / requests.length;
}

async function heap(): Promise<number> {
  collectGarbage();
  await nextTurn();
  collectGarbage();
  return process.memoryUsage().heapUsed;
}
