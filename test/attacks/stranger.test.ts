/**
 * A script of a stranger's, against `billhook serve` over HTTP: each request another token, another address, another path,
 * another signature. It rings no rule that pages an operator, calls Stripe never, and grows no table, no counter's labels and
 * no map. A share of a million: 200,000 at night, some thousand otherwise.
 */

import { readFile } from 'node:fs/promises';
import { Agent, request, type OutgoingHttpHeaders } from 'node:http';
import { resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { randomOf, report, share, tally, type Random } from './corpus.ts';
import { startServed, type Served } from './served.ts';

const requests = share(200_000, 3_000);
const parts = 10;
const atOnce = 16;

let served: Served;
beforeAll(async () => {
  served = await startServed({ BILLHOOK_PROXIES: '1' });
});
afterAll(() => served.close());

interface Asked {
  readonly method: 'GET' | 'POST' | 'OPTIONS' | 'PUT';
  readonly path: string;
  readonly headers: OutgoingHttpHeaders;
  readonly body?: string;
}

const text = (random: Random) => Math.floor(random.next() * 2 ** 48).toString(36);
const encoded = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const forged = (random: Random) =>
  `${encoded({ alg: 'HS256', typ: 'billhook-widget+jwt', kid: text(random) })}.${encoded({ iss: random.pick(['acme', text(random)]), sub: text(random) })}.${text(random)}`;

const kinds: readonly ((random: Random) => Asked)[] = [
  (random) => ({ method: 'GET', path: '/v1/billing', headers: { authorization: `Bearer ${forged(random)}` } }),
  (random) => ({ method: 'GET', path: `/v1/billing?${text(random)}`, headers: { prefer: 'wait=25' } }),
  (random) => ({ method: 'GET', path: '/v1/access', headers: { authorization: `Bearer ${text(random)}` } }),
  (random) => ({
    method: 'POST',
    path: '/v1/visits/return',
    headers: { authorization: `Bearer ${forged(random)}` },
    body: JSON.stringify({ visit: text(random) }),
  }),
  (random) => ({
    method: 'POST',
    path: '/v1/webhooks/stripe',
    headers: { 'stripe-signature': `t=${Math.floor(Date.now() / 1000)},v1=${text(random)}` },
    body: JSON.stringify({ id: `evt_${text(random)}`, type: text(random) }),
  }),
  (random) => ({
    method: 'POST',
    path: '/v1/webhooks/stripe',
    headers: { 'stripe-signature': 't=1,v1=' },
    body: text(random),
  }),
  (random) => ({ method: 'GET', path: `/${text(random)}`, headers: {} }),
  (random) => ({ method: 'PUT', path: '/v1/billing', headers: { [`x-${text(random)}`]: text(random) } }),
  (random) => ({
    method: 'OPTIONS',
    path: '/v1/billing',
    headers: { origin: `https://${text(random)}.example`, 'access-control-request-method': 'GET' },
  }),
  () => ({ method: 'GET', path: '/readyz', headers: {} }),
  () => ({ method: 'GET', path: '/widget.js', headers: {} }),
];

/** IPv4 and IPv6 addresses, each request from another one. */
const addressOf = (random: Random) =>
  random.below(2) === 0
    ? Array.from({ length: 4 }, () => random.below(256)).join('.')
    : `2001:db8:${random.below(65_536).toString(16)}:${random.below(65_536).toString(16)}::1`;

const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
afterAll(() => agent.destroy());

function send({ method, path, headers, body }: Asked, from: string): Promise<number> {
  return new Promise((answered, failed) => {
    const { port } = served;
    const asked = request(
      { host: '127.0.0.1', port, agent, method, path, headers: { ...headers, 'x-forwarded-for': from } },
      (response) => {
        response.resume().once('end', () => answered(response.statusCode ?? 0));
      },
    );
    asked.once('error', failed).end(body);
  });
}

async function flood(count: number, name: string): Promise<Record<string, number>> {
  const random = randomOf(name);
  const { counts, add } = tally();
  let left = count;
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      while (left > 0) {
        left -= 1;
        add(String(await send(random.pick(kinds)(random), addressOf(random))));
      }
    }),
  );
  return counts;
}

/** The rules of `alerts.yml` that wake somebody. */
async function pageRules(): Promise<readonly string[]> {
  const rules = await readFile(resolve(import.meta.dirname, '../../server/alerts.yml'), 'utf8');
  return rules
    .split('- alert: ')
    .slice(1)
    .filter((rule) => rule.includes('severity: page'))
    .map((rule) => rule.split('\n')[0] ?? '');
}

/** Each rule's own condition, on the values of `/metrics`. */
const rings: Record<string, (value: (series: string) => number) => boolean> = {
  BillhookLedgerDown: (value) => value('billhook_ledger_up') === 0,
  BillhookCustomersStale: (value) => value('billhook_customers_oldest_stale_seconds') > 300,
  BillhookWebhooksLost: (value) =>
    value('billhook_webhooks_refused_total{code="internal"}') +
      value('billhook_webhooks_refused_total{code="store_unavailable"}') >
    0,
};

it('a stranger’s script costs answers, and leaves nothing', async () => {
  expect((await pageRules()).toSorted()).toEqual(Object.keys(rings).toSorted());
  // The first requests of all make compiled code, pools, a series for each code.
  await flood(1_000, 'warm');
  const [rows, calls, series, before] = [
    served.rows(),
    served.calls(),
    (await served.metrics()).length,
    await served.megabytes(),
  ];
  const counts: Record<string, number> = {};
  const memory: number[] = [];
  for (let part = 0; part < parts; part += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one part after the other
    for (const [status, count] of Object.entries(await flood(requests / parts, `stranger ${part}`)))
      counts[status] = (counts[status] ?? 0) + count;
    // oxlint-disable-next-line no-await-in-loop -- as above
    memory.push(await served.megabytes());
  }
  const [most, kept] = [Math.max(...memory.slice(0, parts / 2)), memory.at(-1) ?? Number.NaN];
  const lines = await served.metrics();
  const value = (name: string) =>
    Number(
      lines
        .find((line) => line.startsWith(`${name} `))
        ?.split(' ')
        .at(-1) ?? Number.NaN,
    );
  const rung = Object.entries(rings).filter(([, isRung]) => isRung(value));
  report('a stranger’s script', {
    requests,
    'page rules rung': rung.length,
    'calls of Stripe': served.calls().length - calls.length,
    'rows more':
      Object.values(served.rows()).reduce((sum, count) => sum + count, 0) -
      Object.values(rows).reduce((sum, count) => sum + count, 0),
    'series more': lines.length - series,
    'MB before': before,
    'MB at most in the first half': most,
    'MB kept in the end': kept,
    ...counts,
  });
  expect(rung).toEqual([]);
  expect(served.calls()).toEqual(calls);
  expect(served.rows()).toEqual(rows);
  expect(lines.length).toBe(series);
  expect(served.errors()).toEqual([]);
  expect(Object.keys(counts).filter((status) => status.startsWith('5'))).toEqual([]);
  // The limits' places are full after the first half; a map that keeps 100 bytes of each request would go on growing.
  expect(kept - most).toBeLessThan(10);
});
