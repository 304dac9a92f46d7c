/** The sandbox as a program of its own, beside an app that knows only its port, its key and its webhooks. */

import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { Stripe } from 'stripe';
import { afterEach, describe, expect, test } from 'vitest';
import { closed, listening } from '../support/listening.ts';
import { helpText, readCommand } from '../../demo/stripe-sandbox/cli-options.ts';

const cli = join(import.meta.dirname, '../../demo/stripe-sandbox/cli.ts');

const running: ChildProcessByStdio<null, Readable, Readable>[] = [];
const servers: Server[] = [];
afterEach(async () => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
  await Promise.all(servers.splice(0).map(closed));
});

/** Starts the program; `printed` resolves with its output once it contains `text`. */
function start(args: readonly string[]) {
  const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  running.push(child);
  let output = '';
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (errors += chunk));
  const ended = new Promise<number | null>((resolve) => child.once('close', (code) => resolve(code)));
  const printed = (text: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const look = () => output.includes(text) && resolve(output);
      child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk;
        look();
      });
      void ended.then(() => reject(new Error(`ended without printing ${text}: ${output}${errors}`)));
    });
  return { child, printed, ended, output: () => output, errors: () => errors };
}

/** An app's webhook endpoint; `received` resolves with the first request. */
async function webhookEndpoint() {
  const server = createServer();
  servers.push(server);
  const received = new Promise<{ body: string; signature: string }>((resolve) => {
    server.on('request', (request, response) => {
      let body = '';
      request.setEncoding('utf8');
      request.on('data', (chunk: string) => (body += chunk));
      request.on('end', () => {
        response.end();
        resolve({ body, signature: String(request.headers['stripe-signature']) });
      });
    });
  });
  return { url: `${(await listening(server)).url}/hooks`, received };
}

describe('M37: the sandbox’s program', () => {
  test(
    'serves the official SDK, signs webhooks with the given secret, and ends when it is told',
    { timeout: 60_000 },
    async () => {
      const endpoint = await webhookEndpoint();
      const program = start([
        '--port',
        '0',
        '-k',
        'sk_test_mine',
        '-w',
        endpoint.url,
        '--webhook-secret',
        'whsec_mine',
      ]);
      const output = await program.printed('Control room');
      expect(output).toContain('sk_test_mine');
      const port = Number(/127\.0\.0\.1:(\d+)\/v1/.exec(output)?.[1]);
      const stripe = new Stripe('sk_test_mine', { host: '127.0.0.1', port, protocol: 'http', telemetry: false });
      const customer = await stripe.customers.create({ email: 'ada@example.com' });
      const { body, signature } = await endpoint.received;
      expect(stripe.webhooks.constructEvent(body, signature, 'whsec_mine')).toMatchObject({ type: 'customer.created' });
      // The Dashboard's portal settings are saved: a session needs no configuration.
      expect((await stripe.billingPortal.sessions.create({ customer: customer.id })).url).toContain('/p/session/');
      program.child.kill('SIGTERM');
      expect(await program.ended).toBe(0);
    },
  );

  test('says what is wrong with its options, all at once, and starts nothing', { timeout: 60_000 }, async () => {
    const program = start(['--port', '70000', '--webhook', 'hooks', '--secret-key', 'sk_live_x']);
    expect(await program.ended).toBe(2);
    expect(program.errors().trim().split('\n')).toHaveLength(3);
  });

  test('is another account at each start (N8), or the same by its seed', { timeout: 60_000 }, async () => {
    const books = async (...seed: readonly string[]) => {
      const program = start(['--port', '0', ...seed]);
      const port = Number(/127\.0\.0\.1:(\d+)\/v1/.exec(await program.printed('Control room'))?.[1]);
      const key = { host: '127.0.0.1', port, protocol: 'http', telemetry: false } as const;
      const stripe = new Stripe('sk_test_sandbox', key);
      const [account, customer] = [await stripe.accounts.retrieveCurrent(), await stripe.customers.create({})];
      program.child.kill();
      return [account.id, customer.id];
    };
    const [one, other] = [await books(), await books()];
    expect(one[0]).not.toBe(other[0]);
    expect(one[1]).not.toBe(other[1]);
    expect(await books('--seed', '7')).toEqual(await books('--seed', '7'));
    expect(readCommand(['--seed', '0'])).toMatchObject({ kind: 'problems' });
  });

  test('--help names every option', () => {
    expect(readCommand(['--help'])).toEqual({ kind: 'help' });
    for (const option of [
      'port',
      'secret-key',
      'webhook',
      'webhook-secret',
      'public-url',
      'start-at',
      'no-portal',
      'demo',
      'seed',
    ])
      expect(helpText).toContain(`--${option}`);
  });

  test('refuses unknown options, and a seeded business on a frozen clock', () => {
    expect(readCommand(['--prot', '1'])).toMatchObject({ kind: 'problems' });
    expect(readCommand(['--demo', '--start-at', '2026-03-01'])).toMatchObject({ kind: 'problems' });
    expect(readCommand(['--start-at', 'yesterday'])).toMatchObject({ kind: 'problems' });
    expect(readCommand(['--no-portal', '--start-at', '2026-03-01T12:00:00Z'])).toMatchObject({
      kind: 'start',
      options: { portal: false, startAt: Date.UTC(2026, 2, 1, 12), port: 12_111 },
    });
  });
});
