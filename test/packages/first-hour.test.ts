/**
 * M33: `docs/first-hour.md` as it stands, with the packages as npm would bring them: a server, an import, and a guarded route in
 * each framework that knows plan, seats and a feature. A port is all that differs.
 */

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { realpath, symlink, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createSandbox, seedDemo, type SeededCustomers, type StripeSandbox } from '../../demo/stripe-sandbox/index.ts';
import { serveProcess, type ServeProcess } from '../server/support/process.ts';
import { childEnvironment } from '../support/child-environment.ts';
import { blocks } from '../support/documented-blocks.ts';
import { freePort } from '../support/free-port.ts';
import { installPacked, type Consumer } from './packed.ts';

const root = resolve(import.meta.dirname, '../..');
const own = blocks.filter(({ page }) => page === 'docs/first-hour.md');
/** The block whose first line is the file's name. */
const fileOf = (name: string) =>
  own.find(({ code }) => /^(?:\/\/|#) (?<name>\S+)$/m.exec(code)?.[1] === name)?.code ?? '';
const recipe = blocks.find(({ page, language }) => page === 'docs/tokens.md' && language === 'python')?.code ?? '';

function hasFlask(): boolean {
  try {
    execFileSync('python3', ['-c', 'import flask'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

let consumer: Consumer;
let sandbox: StripeSandbox;
let customers: SeededCustomers;
let server: ServeProcess;
let environment: Record<string, string>;
const backends: ChildProcess[] = [];

beforeAll(async () => {
  consumer = await installPacked();
  for (const name of ['express', 'fastify', 'hono', '@hono/node-server']) {
    const to = join(consumer.folder, 'node_modules', name);
    await realpath(to).catch(async () =>
      symlink(await realpath(join(root, 'test/node_modules', name)), to, 'junction'),
    );
  }
  sandbox = createSandbox();
  const { url: stripeUrl } = await sandbox.listen(0);
  customers = await seedDemo(sandbox);
  const port = await freePort();
  const { secret } = sandbox.deliveries.addEndpoint(`http://localhost:${port}/v1/webhooks/stripe`);
  const config = own.find(({ language }) => language === 'json')?.code ?? '';
  await writeFile(join(consumer.folder, 'billhook.json'), config);
  environment = {
    PORT: String(port),
    STRIPE_API_URL: stripeUrl,
    STRIPE_SECRET_KEY: sandbox.secretKey,
    STRIPE_WEBHOOK_SECRET: secret,
    BILLHOOK_HOST_SECRET: 'a-secret-of-this-application-of-32-bytes',
    BILLHOOK_CONFIG: join(consumer.folder, 'billhook.json'),
    DATABASE_URL: join(consumer.folder, 'billhook.db'),
  };
  server = serveProcess(environment, [billhook(), 'serve']);
  await server.listening;
});
afterEach(async () => {
  for (const child of backends.splice(0)) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});
afterAll(async () => {
  server.child.kill();
  await server.ended;
  await sandbox.close();
  await consumer.remove();
});

const billhook = () => join(consumer.folder, 'node_modules/@billhook/server/dist/cli/cli.js');

it('imports the accounts that have a customer', async () => {
  const env = { ...childEnvironment, ...environment };
  const child = spawn(process.execPath, [billhook(), 'import', '-'], { env, stdio: 'pipe' });
  child.stdin.end(`team_1,${customers.active}\nteam_over,${customers.ended}\n`);
  const [said, errors] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  expect([errors, said]).toEqual(['', expect.stringMatching(/^2 linked/)]);
});

const files = {
  Express: { name: 'express.js', beside: {}, missing: false },
  Hono: { name: 'hono.js', beside: {}, missing: false },
  Fastify: { name: 'fastify.js', beside: {}, missing: false },
  'Python with Flask': {
    name: 'app.py',
    beside: { 'billing.py': recipe },
    missing: hasFlask() ? false : 'Flask is not on this machine',
  },
} as const;

/** Writes the page's files and starts the one that listens. */
async function started(name: string, beside: Readonly<Record<string, string>>): Promise<string> {
  const port = await freePort();
  const texts = { 'billing.js': fileOf('billing.js'), ...beside, [name]: fileOf(name).replace('3000', String(port)) };
  for (const [path, text] of Object.entries(texts)) {
    expect(text, path).not.toBe('');
    await writeFile(join(consumer.folder, path), text);
  }
  const child = spawn(name.endsWith('.py') ? 'python3' : process.execPath, [name], {
    cwd: consumer.folder,
    env: {
      ...childEnvironment,
      BILLHOOK_URL: `http://localhost:${environment['PORT']}`,
      BILLHOOK_HOST_ID: 'app',
      BILLHOOK_HOST_SECRET: environment['BILLHOOK_HOST_SECRET'],
    },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  backends.push(child);
  const url = `http://127.0.0.1:${port}`;
  // It says nothing when it listens.
  await expect.poll(() => fetch(`${url}/export`).then(({ status }) => status, String)).toBe(401);
  return url;
}

describe.each(Object.entries(files))('%s', (_, { name, beside, missing }) => {
  it.skipIf(missing)('guards a route that knows the plan, the seats and a feature', async () => {
    const url = await started(name, beside);
    const get = async (path: string, team: string) => {
      const response = await fetch(`${url}${path}`, { headers: team === '' ? {} : { 'x-team': team } });
      const body = (await response.json().catch(() => null)) as Record<string, unknown> | null;
      return [response.status, body?.['code'] ?? body];
    };
    expect(await get('/export', '')).toEqual([401, 'account_missing']);
    expect(await get('/export', 'team_1')).toEqual([200, { plans: ['team'], seats: 3, features: ['export'] }]);
    expect(await get('/export', 'team_over')).toEqual([402, 'payment_required']);
    expect(await get('/export', 'team_2')).toEqual([402, 'payment_required']);
    expect(await get('/billing/token', '')).toEqual([401, null]);
    const [status, body] = await get('/billing/token', 'team_1');
    const headers = { authorization: `Bearer ${(body as { token: string }).token}` };
    const page = await fetch(`http://localhost:${environment['PORT']}/v1/billing`, { headers });
    expect([status, await page.json()]).toEqual([200, expect.objectContaining({ state: 'active' })]);
  });
});
