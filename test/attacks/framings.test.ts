/** Bytes at a listening `billhook serve`: no framing is answered as two requests, no body as a server error, no slow client for long. */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bodies } from './bodies.ts';
import { report, tally } from './corpus.ts';
import { ambiguous, odd } from './framings.ts';
import { startServed, type Served } from './served.ts';

let served: Served;
beforeAll(async () => {
  served = await startServed();
});
afterAll(() => served.close());

/** Asked at the end of each attack: the process is there. */
const isAlive = async () => (await fetch(`${served.url}/healthz`)).status === 200;

it('no request with two lengths is answered as two, and no odd one is served', async () => {
  const { counts, add } = tally();
  let twice = 0;
  let leaked = 0;
  const all = [...Object.entries(ambiguous), ...Object.entries(odd)];
  for (const [name, bytes] of all) {
    const { text, statuses, closed } = await served.raw(bytes, { patienceMs: 300 });
    add(statuses.length === 0 ? (closed ? 'closed' : 'kept waiting') : statuses.join('+'));
    expect(
      statuses.filter((status) => status >= 500 && status !== 505),
      name,
    ).toEqual([]);
    expect(text, name).not.toMatch(/^HTTP\/1\.1 200/m);
    if (name in ambiguous) twice += statuses.length > 1 ? 1 : 0;
    leaked += text.includes('evil.example') ? 1 : 0;
  }
  report('framings', { tried: all.length, 'answered as two requests': twice, 'names another host': leaked, ...counts });
  expect([twice, leaked]).toEqual([0, 0]);
  expect(all.length).toBeGreaterThanOrEqual(50);
  expect(await isAlive()).toBe(true);
  expect(served.errors()).toEqual([]);
});

it('no body is a server error, and none leaves a row', async () => {
  const rows = served.rows();
  const { counts, add } = tally();
  const paths = ['portal-sessions', 'checkout-sessions', 'invoice-sessions', 'visits/return', 'webhooks/stripe'];
  const all = Object.entries(bodies);
  for (const path of paths) {
    for (const [name, { body, headers = {} }] of all) {
      const response = await fetch(`${served.url}/v1/${path}`, {
        method: 'POST',
        body: new Blob([body]),
        headers: {
          authorization: `Bearer ${await served.token(`team_${name}`)}`,
          'content-type': 'application/json',
          ...headers,
        },
      });
      const { code = 'none' } = (await response.json()) as { code?: string };
      add(`${response.status} ${code}`);
      expect(response.status, `${path}, ${name}: ${code}`).toBeGreaterThanOrEqual(400);
      expect(response.status, `${path}, ${name}: ${code}`).toBeLessThan(500);
    }
  }
  report('bodies', { tried: paths.length * all.length, 'server errors': 0, ...counts });
  expect(counts['429 rate_limited']).toBeUndefined();
  expect(all.length).toBeGreaterThanOrEqual(37);
  expect(served.rows()).toEqual(rows);
  expect(served.errors()).toEqual([]);
});

describe('a client that takes its time', () => {
  const head = (lines: string) => `POST /v1/webhooks/stripe HTTP/1.1\r\nHost: x\r\n${lines}`;
  const slow = { patienceMs: 20_000, drip: { everyMs: 500, byte: 'x' } };

  it('is cut off: its header after 12 s, its body after 10 s, and nothing waits for it', async () => {
    const [header, silent, body, chunks, endless] = await Promise.all([
      served.raw(head('X-Slow: '), slow),
      served.raw('', { patienceMs: 20_000 }),
      served.raw(head('Content-Length: 4000\r\n\r\n{'), slow),
      served.raw(head('Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n'), { patienceMs: 20_000 }),
      served.raw(head('Transfer-Encoding: chunked\r\n\r\nfff\r\n{'), slow),
    ]);
    const seconds = Object.fromEntries(
      Object.entries({ header, silent, body, chunks, endless }).map(([name, { ms }]) => [
        `s ${name}`,
        Math.round(ms / 100) / 10,
      ]),
    );
    report('slow clients', seconds);
    for (const { closed } of [header, silent, body, chunks, endless]) expect(closed).toBe(true);
    expect(header.statuses).toEqual([408]);
    for (const { ms } of [header, silent]) expect(ms).toBeGreaterThan(9_000);
    for (const { ms } of [header, silent]) expect(ms).toBeLessThan(15_500);
    for (const each of [body, chunks, endless]) {
      expect(each.statuses).toEqual([400]);
      expect(each.ms).toBeGreaterThan(9_000);
      expect(each.ms).toBeLessThan(13_500);
    }
    expect(served.errors()).toEqual([]);
  }, 40_000);

  it('is answered 413 and cut off at once where its body is too large, said or not', async () => {
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
    const said = await served.raw(head('Content-Length: 999999\r\n\r\n{'));
    const unsaid = await served.raw(head(`Transfer-Encoding: chunked\r\n\r\n${chunk.repeat(5)}`));
    for (const each of [said, unsaid]) expect([each.statuses, each.closed]).toEqual([[413], true]);
    report('bodies beyond the limit', { 'ms until closed, said': Math.round(said.ms), unsaid: Math.round(unsaid.ms) });
  });
});

it('a connection beyond the bound is closed at once, and a place that is free again is given', async () => {
  const bounded = await startServed({ BILLHOOK_CONNECTIONS: '20' });
  try {
    const held = Array.from({ length: 60 }, () =>
      bounded.raw('GET /healthz HTTP/1.1\r\nHost: x\r\n', { patienceMs: 1_500 }),
    );
    const ended = await Promise.all(held);
    const refused = ended.filter(({ closed }) => closed).length;
    report('connections', { opened: ended.length, 'closed beyond 20': refused });
    expect(refused).toBe(40);
    expect((await fetch(`${bounded.url}/healthz`)).status).toBe(200);
  } finally {
    await bounded.close();
  }
});
