/** Requests without a token or a secret cost a hash; they wake no worker, call no API, and store and keep nothing. */

import { createHmac } from 'node:crypto';
import { connect, type AddressInfo } from 'node:net';
import { serve } from '@hono/node-server';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { networkOf } from '../../server/src/http/client-address.ts';
import { logRecorder, type LogRecorder } from '../support/log-recorder.ts';
import { problemOf, publicUrl, startBff, webhookSecret, type TestBff } from '../server/support/bff.ts';
import { randomOf, report, share, tally } from './corpus.ts';

let bff: TestBff;
let log: LogRecorder;
let stripeCalls = 0;
let server: ReturnType<typeof serve>;
let stripe: ReturnType<typeof serve>;
let port: number;
const listening = (of: ReturnType<typeof serve>) => new Promise<void>((done) => of.once('listening', () => done()));
beforeAll(async () => {
  log = logRecorder();
  stripe = serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: () => {
      stripeCalls += 1;
      return new Response('{}', { status: 500 });
    },
  });
  await listening(stripe);
  const apiUrl = `http://127.0.0.1:${(stripe.address() as AddressInfo).port}`;
  bff = await startBff({ apiUrl }, { log, metrics: 'open', jobs: { pollMs: 20, restMs: 3_600_000 } });
  server = serve({ fetch: bff.billhook.fetch, port: 0, hostname: '127.0.0.1' });
  await listening(server);
  port = (server.address() as AddressInfo).port;
  await log.line(({ what }) => what === 'sweep.failed');
});
afterAll(async () => {
  for (const each of [server, stripe]) await new Promise<void>((closed) => each.close(() => closed()));
  await bff.close();
});

const errors = () => log.lines.filter(({ level, what }) => level === 'error' && !what.startsWith('sweep'));

describe('a webhook without a valid signature', () => {
  const body = JSON.stringify({ id: 'evt_1', type: 'invoice.paid', livemode: false });
  const now = Math.floor(Date.now() / 1000);
  const signed = (t: number | string, secret = webhookSecret, of = body) =>
    createHmac('sha256', secret).update(`${t}.${of}`).digest('hex');
  const post = (header: string | null, of = body) =>
    bff.billhook.fetch(
      new Request(`${publicUrl}/v1/webhooks/stripe`, {
        method: 'POST',
        body: of,
        headers: header === null ? {} : { 'stripe-signature': header },
      }),
    );

  /** Forms of the header, each with its pieces swapped, doubled, cut and filled. */
  function* forms(): Generator<string> {
    const random = randomOf('signatures');
    const times = [
      '1',
      '',
      '0',
      '-1',
      'NaN',
      '1e99',
      `${now}`,
      `${now}x`,
      ` ${now}`,
      '9'.repeat(400),
      String(now + 31_536_000),
    ];
    const marks = [
      '',
      'a',
      '=',
      'x'.repeat(64),
      '0'.repeat(64),
      signed(now, 'whsec_other'),
      signed(now).slice(1),
      signed(now).toUpperCase(),
      `${signed(now)}00`,
    ];
    const names = ['v1', 'v0', 'v2', 'V1', ' v1', '__proto__', 'constructor', 't'];
    yield* [
      '',
      ',',
      '=',
      't',
      't=',
      't=1,v1=',
      'v1=',
      ',,,,',
      '{}',
      't=1;v1=1',
      'x'.repeat(4_000),
      `t=${now},`.repeat(300),
    ];
    for (;;) {
      const pieces = Array.from({ length: 1 + random.below(4) }, () =>
        random.below(3) === 0 ? `t=${random.pick(times)}` : `${random.pick(names)}=${random.pick(marks)}`,
      );
      yield pieces.join(random.pick([',', ',', ',', ', ', ';', ',,']));
    }
  }

  it('M19: is answered 400 for any header, and never causes a server error', async () => {
    const [before, count] = [bff.trace(), share(600, 200)];
    const { counts, add } = tally();
    let tried = 0;
    for (const header of forms()) {
      if ((tried += 1) > count) break;
      const response = await post(header, tried % 2 === 0 ? body : '{}');
      add(`${response.status} ${(await problemOf(response)).code}`);
    }
    expect(await problemOf(await post(null))).toMatchObject({ code: 'webhook_signature_invalid' });
    report('signature forms', counts);
    expect(counts).toEqual({ '400 webhook_signature_invalid': count });
    expect(bff.trace()).toBe(before);
    expect(errors()).toEqual([]);
  });

  it('is refused with a valid signature that is dated in the future', async () => {
    const later = now + 31_536_000;
    expect((await post(`t=${later},v1=${signed(later)}`)).status).toBe(400);
    expect((await post(`t=${now},v1=${signed(now)}`)).status).toBe(200);
  });

  it('starts no sweep, and is counted by no rate limit of pages', async () => {
    const [calls, swept] = [stripeCalls, log.lines.filter(({ what }) => what.startsWith('sweep')).length];
    for (let each = 0; each < 50; each += 1) await post('t=1,v1=');
    const page = await bff.billhook.metrics();
    for (const code of ['internal', 'store_unavailable']) {
      expect(page).toContain(`billhook_webhooks_refused_total{code="${code}"} 0`);
    }
    expect([stripeCalls, log.lines.filter(({ what }) => what.startsWith('sweep')).length]).toEqual([calls, swept]);
  });
});

/** Sends bytes, ends the connection or waits for its end, and says what came back. */
function raw(bytes: string, end: 'cut' | 'wait'): Promise<string> {
  return new Promise((done) => {
    let said = '';
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(bytes, 'latin1', () => (end === 'cut' ? socket.destroy() : undefined));
    });
    socket.on('data', (chunk) => {
      said += chunk.toString('latin1');
      if (end === 'wait' && /^HTTP\/1\.1 \d{3}/.test(said)) socket.end();
    });
    socket.on('error', () => undefined).on('close', () => done(said));
  });
}

describe('a body that is cut short', () => {
  it.each(['/v1/webhooks/stripe', '/v1/portal-sessions'])('is a client error, at %s', async (path) => {
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\n`;
    const refused = log.lines.filter(({ what }) => what === 'request.refused').length;
    await raw(`${head}Transfer-Encoding: chunked\r\n\r\n5\r\n{"id"`, 'cut');
    await log.line(({ what }) => what === 'request.refused', refused + 1);
    expect(errors()).toEqual([]);
  });

  it('closes the connection when it is too large', async () => {
    const said = await raw(`POST /v1/webhooks/stripe HTTP/1.1\r\nHost: x\r\nContent-Length: 999999\r\n\r\n{`, 'wait');
    expect(said).toMatch(/^HTTP\/1\.1 413/);
    expect(said.toLowerCase()).toContain('connection: close');
  });
});

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['2001:DB8:0:7::1', '2001:db8:0:7'],
  ['2001:db8:0:7:ffff:ffff:ffff:ffff', '2001:db8:0:7'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
  ['::1', '0:0:0:0'],
  ['nonsense', null],
  ['192.0.2.256', null],
  ['', null],
])('the network of %s is %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
