/** The process for its operator: clear refusals to start, a graceful stop, and nothing lost when it is killed. */

import { createServer } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { Stripe } from 'stripe';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { mintWidgetToken } from '@billhook/server';
import type { BillingSnapshot } from '@billhook/widget/contract';
import {
  createSandbox,
  seedDemo,
  type SeededCustomers,
  type StripeSandbox,
} from '../../../demo/stripe-sandbox/index.ts';
import { freePort } from '../../support/free-port.ts';
import { patienceMs } from '../../support/patience.ts';
import { hostSecret, origin } from '../support/bff.ts';
import { cli, serveProcess, type ServeProcess } from '../support/process.ts';

let folder: string;
let sandbox: StripeSandbox;
let customers: SeededCustomers;
let stripe: Stripe;
let environment: Record<string, string>;
let url: string;
const running: ServeProcess[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'billhook-process-'));
  sandbox = createSandbox();
  sandbox.deliveries.settings.timeoutMs = patienceMs;
  const listening = await sandbox.listen(0);
  customers = await seedDemo(sandbox);
  stripe = new Stripe(sandbox.secretKey, { ...sandbox.stripeClientOptions(), telemetry: false });
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const { secret } = sandbox.deliveries.addEndpoint(`${url}/v1/webhooks/stripe`);
  environment = {
    PORT: String(port),
    BILLHOOK_URL: url,
    DATABASE_URL: join(folder, 'ledger.db'),
    STRIPE_SECRET_KEY: sandbox.secretKey,
    STRIPE_WEBHOOK_SECRET: secret,
    STRIPE_API_URL: listening.url,
    BILLHOOK_HOST_ID: 'acme',
    BILLHOOK_HOST_SECRET: hostSecret,
    BILLHOOK_HOST_ORIGINS: origin,
    BILLHOOK_HOST_RETURN_URL: `${origin}/billing`,
  };
});
afterEach(async () => {
  for (const { child, ended } of running.splice(0)) {
    child.kill('SIGKILL');
    await ended;
  }
});
afterAll(async () => {
  await sandbox.close();
  await rm(folder, { recursive: true });
});

function serve(change: Record<string, string> = {}, program?: string[]): ServeProcess {
  const started = serveProcess({ ...environment, ...change }, program);
  running.push(started);
  return started;
}

async function read(headers: Record<string, string> = {}): Promise<Response> {
  const token = await mintWidgetToken({
    secret: hostSecret,
    issuer: 'acme',
    audience: url,
    account: 'team_1',
    customer: customers.active,
  });
  return await fetch(`${url}/v1/billing`, { headers: { authorization: `Bearer ${token}`, ...headers } });
}

/** Looks into the ledger's file until it says this; the test's own time limit is the limit. */
async function ledgerSays(sql: string, expected: object): Promise<void> {
  const ledger = new Database(environment['DATABASE_URL'] ?? '', { readonly: true });
  try {
    while (JSON.stringify(ledger.prepare(sql).get()) !== JSON.stringify(expected)) await nextTurn();
  } finally {
    ledger.close();
  }
}

describe('the start is refused', () => {
  it('when the configuration is wrong, with every problem at once and by the variable’s name', async () => {
    const { ended, errors } = serve({
      STRIPE_SECRET_KEY: 'pk_test_1',
      STRIPE_WEBHOOK_SECRET: 'secret',
      BILLHOOK_HOST_SECRET: 'short',
      BILLHOOK_HOST_ORIGINS: 'https://app.acme.example/billing,app.acme.example',
      BILLHOOK_HOST_RETURN_URL: 'billing',
      BILLHOOK_GRACE_DAYS: 'a week',
      BILLHOOK_URL: 'here',
    });
    expect(await ended).toBe(1);
    const said = errors.join('\n');
    expect(said).toContain('[config_invalid]');
    for (const variable of [
      'STRIPE_SECRET_KEY',
      'STRIPE_WEBHOOK_SECRET',
      'BILLHOOK_HOST_SECRET',
      'BILLHOOK_HOST_ORIGINS',
      'BILLHOOK_HOST_RETURN_URL',
      'BILLHOOK_GRACE_DAYS',
      'BILLHOOK_URL',
    ]) {
      expect(said).toMatch(
        new RegExp(`^- ${variable}(?: \\(entry \\d(?:; a comma separates two secrets)?\\))? must `, 'm'),
      );
    }
    expect(said, 'a secret in the words').not.toMatch(/pk_test_1|short/);
  });

  it('when everything is missing', async () => {
    const nothing = serveProcess({});
    running.push(nothing);
    expect(await nothing.ended).toBe(1);
    expect(nothing.errors.join('\n')).toMatch(
      /STRIPE_SECRET_KEY must [\s\S]*STRIPE_WEBHOOK_SECRET must [\s\S]*BILLHOOK_HOST_SECRET must /,
    );
  });

  it('and ends, where npm has started it too', async () => {
    const refused = serve({ BILLHOOK_URL: 'here', npm_command: 'exec' });
    expect(await refused.ended).toBe(1);
  });

  it('when the port is taken, with a message', async () => {
    const taker = createServer();
    await new Promise<void>((listening) => taker.listen(Number(environment['PORT']), '127.0.0.1', listening));
    try {
      const { ended, errors } = serve();
      expect(await ended).toBe(1);
      expect(errors.join('\n')).toContain(`PORT ${environment['PORT']} is taken by another program`);
    } finally {
      await new Promise<void>((closed) => taker.close(() => closed()));
    }
  });

  it.each([
    ['LOG_LEVEL', 'verbose', 'must be one of trace, debug, info, warn, error, fatal, silent'],
    ['HOST', '203.0.113.7', 'must be an address of this machine, or not be set: "203.0.113.7" is none'],
    ['HOST', 'nowhere.invalid', 'must be an address of this machine, or not be set: "nowhere.invalid" is none'],
    ['PORT', '80000', 'must be a port number, 0 to 65535'],
    ['BILLHOOK_CONNECTIONS', 'many', 'must be a whole number of connections, from 1'],
  ])('N11: when %s is %s, in words and without a stack', async (variable, value, must) => {
    const { ended, errors } = serve({ [variable]: value });
    expect(await ended).toBe(1);
    expect(errors).toEqual(['billhook: the configuration has 1 problem:', `- ${variable} ${must} [config_invalid]`]);
  });

  it('when the ledger cannot be opened', async () => {
    const { ended, errors } = serve({ DATABASE_URL: join(folder, 'nowhere', 'ledger.db') });
    expect(await ended).toBe(1);
    expect(errors.join('\n')).toMatch(/the ledger at .* cannot be opened.*\[store_unavailable\]/);
  });

  it.each([
    [
      'nobody listens',
      'postgres://billhook:oops@127.0.0.1:1/app',
      /the database server cannot be reached.*\[store_unavailable\]/,
    ],
    ['no database is named', 'postgres://billhook:oops@127.0.0.1', /DATABASE_URL must name a database/],
    ['another kind of database is', 'mysql://billhook:oops@127.0.0.1/app', /DATABASE_URL must be a file’s path/],
  ])('when DATABASE_URL leads where %s, without repeating its password', async (_, url, said) => {
    const { ended, errors } = serve({ DATABASE_URL: url });
    expect(await ended).toBe(1);
    expect(errors.join('\n')).toMatch(said);
    expect(errors.join('\n')).not.toContain('oops');
  });

  it('when Stripe refuses the key', async () => {
    const { ended, errors } = serve({ STRIPE_SECRET_KEY: 'sk_test_wrong' });
    expect(await ended).toBe(1);
    expect(errors.join('\n')).toMatch(/\[stripe_unauthorized\]/);
  });

  it('L29: when the key belongs to another Stripe account or mode than the ledger', async () => {
    const path = join(folder, 'pinned.db');
    const first = serve({ DATABASE_URL: path });
    await first.listening;
    first.child.kill('SIGTERM');
    expect(await first.ended).toBe(0);
    const db = new Database(path);
    db.prepare(`UPDATE meta SET value = 'acct_another test' WHERE key = 'stripe'`).run();
    db.close();
    const { ended, errors } = serve({ DATABASE_URL: path });
    expect(await ended).toBe(1);
    expect(errors.join('\n')).toMatch(/belongs to the Stripe account and mode "acct_another test".*\[ledger_pinned\]/);
  });
});

describe('a running server', () => {
  it('N17: is the only one on a ledger’s file, until it is stopped or killed', async () => {
    const first = serve();
    await first.listening;
    const second = serve({ PORT: String(await freePort()) });
    expect(await second.ended).toBe(1);
    expect(second.errors.join('\n')).toMatch(
      /another server works on the ledger at .*PostgreSQL.*\[store_unavailable\]/,
    );
    first.child.kill('SIGKILL');
    await first.ended;
    await serve().listening;
  });

  it('stops gracefully: long polls are answered, a hanging fetch is abandoned, and the process ends', async () => {
    const server = serve({ BILLHOOK_METRICS: 'open' }, [
      '--import',
      resolve(import.meta.dirname, '../../support/no-time-limits.ts'),
      cli,
      'serve',
    ]);
    await server.listening;
    const first = (await read()).headers.get('etag') ?? '';
    // The next payment is told after the first answer.
    const etag = (await read({ 'if-none-match': first, prefer: 'wait=25' })).headers.get('etag') ?? '';
    const { data } = await stripe.subscriptions.list({ customer: customers.active });
    sandbox.faults.next({ kind: 'timeout', path: '/v1/subscriptions', method: 'GET' });
    await stripe.subscriptions.update(data[0]?.id ?? '', { metadata: { seats: 'three' } });
    await sandbox.deliveries.settled();

    const held = read({ 'if-none-match': etag, prefer: 'wait=25' });
    while (!/^billhook_polls_waiting 1$/m.test(await (await fetch(`${url}/metrics`)).text())) await nextTurn();
    server.child.kill('SIGTERM');
    expect((await held).status).toBe(304);
    expect(await server.ended).toBe(0);
    sandbox.faults.clear();
  });

  it.each(['SIGINT', 'SIGHUP'] as const)('N18: ends at %s as at SIGTERM', async (signal) => {
    const server = serve();
    await server.listening;
    server.child.kill(signal);
    expect(await server.ended).toBe(0);
    expect(server.lines.at(-1)).toContain('server.stopped');
    expect(server.lines.filter((line) => /"level":[56]0/.test(line))).toEqual([]);
  });

  it('N18: ends with the npm that started it, whose shell passes no signal on', async () => {
    const launch = `require('node:child_process').spawn(process.execPath, ${JSON.stringify([cli, 'serve'])}, { stdio: 'inherit' })`;
    const { child, lines, listening, ended } = serve({ npm_command: 'exec' }, ['--eval', launch]);
    await listening;
    const { pid } = JSON.parse(lines.find((line) => line.includes('server.listening')) ?? '') as { pid: number };
    try {
      child.kill('SIGTERM');
      expect(await ended).toBe('SIGTERM');
      await expect.poll(() => lines.at(-1)).toContain('server.stopped');
    } finally {
      if (!lines.at(-1)?.includes('server.stopped')) process.kill(pid, 'SIGKILL');
    }
  });

  it('L5: killed between a webhook’s 200 and its sync, shows the new state after the restart', async () => {
    const first = serve();
    await first.listening;
    expect(((await (await read()).json()) as BillingSnapshot).state).toBe('active');
    const { data } = await stripe.subscriptions.list({ customer: customers.active });

    // The webhook is answered at once; the fetch that would follow hangs at Stripe until the process is dead.
    sandbox.faults.next({ kind: 'timeout', path: '/v1/subscriptions', method: 'GET' });
    await stripe.subscriptions.update(data[0]?.id ?? '', { cancel_at_period_end: true });
    await sandbox.deliveries.settled();
    expect(sandbox.deliveries.list({ type: 'customer.subscription.updated' }).at(-1)).toMatchObject({
      state: 'delivered',
    });
    first.child.kill('SIGKILL');
    expect(await first.ended).toBe('SIGKILL');
    sandbox.faults.clear();

    await ledgerSays(`SELECT ticket > synced_ticket AS stale FROM customers`, { stale: 1 });

    const second = serve();
    await second.listening;
    let answer = await read();
    let etag = answer.headers.get('etag') ?? '';
    let snapshot = (await answer.json()) as BillingSnapshot;
    while (snapshot.state !== 'ending') {
      answer = await read({ 'if-none-match': etag, prefer: 'wait=25' });
      if (answer.status === 304) continue;
      etag = answer.headers.get('etag') ?? '';
      snapshot = (await answer.json()) as BillingSnapshot;
    }
    expect(snapshot).toMatchObject({ state: 'ending', confirmedBy: 'webhook' });
  });
});
