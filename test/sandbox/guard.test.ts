/** The sandbox is for its own machine: pages of other sites, rebound names and endpoints elsewhere are refused. */

import { request } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startAt, startSandbox, type Harness } from './harness.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await startSandbox();
});
afterEach(() => harness.close());

/** Node's own client: `fetch` does not let a `Host` be chosen. */
function ask(path: string, headers: Record<string, string>, body?: string): Promise<number> {
  const url = new URL(path, harness.url);
  return new Promise((answered, failed) => {
    const sent = request(
      { host: '127.0.0.1', port: url.port, path: url.pathname, method: body === undefined ? 'GET' : 'POST', headers },
      (response) => answered(response.resume().statusCode ?? 0),
    );
    sent.once('error', failed).end(body);
  });
}

const advance = JSON.stringify({ advanceSeconds: 60 });

describe('the control room takes what its own pages ask', () => {
  test.each([
    ['a page of another site', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }],
    ['a page of another port', { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors' }],
    ['an old browser on another site', { origin: 'https://evil.example' }],
    ['a page without an origin', { origin: 'null' }],
  ])('%s moves no clock', async (_, headers) => {
    expect(await ask('/sandbox/clock', headers, advance)).toBe(403);
    expect(await ask('/sandbox/do/clock', headers, 'advanceSeconds=60')).toBe(403);
    expect(harness.sandbox.clock.now()).toBe(startAt);
  });

  test.each([
    ['its own page', { 'sec-fetch-site': 'same-origin', origin: 'null' }],
    ['a program', {}],
  ])('%s moves it', async (_, headers) => {
    expect(await ask('/sandbox/clock', headers, advance)).toBe(200);
    expect(harness.sandbox.clock.now()).toBe(startAt + 60_000);
  });

  test('a link on another page leads there', async () => {
    expect(await ask('/sandbox', { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' })).toBe(200);
  });
});

test.each([
  'evil.example',
  'evil.example:80',
  '127.0.0.1.evil.example',
  'localhost.evil.example',
  '192.168.1.7',
  '0.0.0.0',
])('a name that was rebound to this machine is refused: %s', async (host) => {
  for (const path of ['/', '/sandbox', '/sandbox/clock', '/v1/events']) expect(await ask(path, { host })).toBe(403);
});

test.each(['localhost', '127.0.0.1:1', '127.9.9.9', '[::1]:4000', 'app.localhost'])(
  '%s is this machine',
  async (host) => {
    expect(await ask('/sandbox/clock', { host })).toBe(200);
  },
);

test.each([
  'http://169.254.169.254/latest',
  'https://example.com/hooks',
  'http://127.0.0.1.evil.example/',
  'file:///etc/passwd',
  'http://localhost:99999/',
])('no events are sent to %s', async (url) => {
  expect(await ask('/sandbox/endpoints', {}, JSON.stringify({ url }))).toBe(400);
  expect(harness.sandbox.state.webhookEndpoints.list()).toEqual([]);
});

test('no events are sent to an address elsewhere that the API was given', async () => {
  await harness.stripe.webhookEndpoints.create({ url: 'http://192.0.2.1/hooks', enabled_events: ['*'] });
  await harness.stripe.customers.create({});
  await harness.sandbox.deliveries.settled();
  const [delivery] = harness.sandbox.deliveries.list();
  expect(delivery?.attempts).toMatchObject([{ status: null, error: expect.stringMatching(/own machine only/) }]);
});
