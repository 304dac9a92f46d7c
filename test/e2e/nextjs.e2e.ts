/**
 * M34, L41, B11: Next.js as `docs/nextjs.md` tells it, `next build` and `next start` included. Mounted in every run; beside a
 * server of its own and as functions in the nightly one (`NEXTJS=mounted,standalone,functions`), and once more with the Next.js
 * before (`NEXT_VERSION=15.5.29`).
 */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { chromium, type Browser, type Page } from 'playwright-core';
import { Stripe } from 'stripe';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSandbox, seedDemo, type SeededCustomers, type StripeSandbox } from '../../demo/stripe-sandbox/index.ts';
import { serveProcess, type ServeProcess } from '../server/support/process.ts';
import { findBrowser, quiet } from '../support/browser.ts';
import { childEnvironment } from '../support/child-environment.ts';
import { freePort } from '../support/free-port.ts';
import { patienceMs } from '../support/patience.ts';
import { startPostgres, type Postgres } from '../support/postgres.ts';
import { nextApplication, type NextApplication, type Way } from './next-application.ts';

const ways = (process.env['NEXTJS'] ?? 'mounted').split(',') as Way[];
const secret = 'a-secret-of-this-application-of-32-bytes';
const cronSecret = 'a-secret-of-the-cron';

describe.each(ways)('Next.js, %s', (way) => {
  let folder: string;
  let sandbox: StripeSandbox;
  let customers: SeededCustomers;
  let application: NextApplication;
  let running: Awaited<ReturnType<NextApplication['start']>>;
  let server: ServeProcess | undefined;
  let browser: Browser;
  let stripeUrl: string;
  let url: string;
  let billhookUrl: string;
  let database: string;
  let postgres: Postgres | undefined;
  let webhookSecret: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'billhook-next-'));
    database = join(folder, 'ledger.db');
    if (way === 'functions') {
      postgres = await startPostgres();
      database = await postgres.createDatabase();
    }
    sandbox = createSandbox();
    ({ url: stripeUrl } = await sandbox.listen(0));
    customers = await seedDemo(sandbox);
    application = await nextApplication(way);
    const port = await freePort();
    url = `http://127.0.0.1:${port}`;
    billhookUrl = way !== 'standalone' ? `${url}/billing` : `http://127.0.0.1:${await freePort()}`;
    const { endpoint, secret: endpointSecret } = sandbox.deliveries.addEndpoint(`${billhookUrl}/v1/webhooks/stripe`);
    expect(endpoint.id).toMatch(/^we_/);
    webhookSecret = endpointSecret;
  });
  afterAll(async () => {
    await browser?.close();
    await running?.stop();
    server?.child.kill();
    await server?.ended;
    await sandbox.close();
    await application.remove();
    await postgres?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  const asked = () => sandbox.requests.count();
  /** A server’s environment. */
  const mounted = () => ({
    STRIPE_SECRET_KEY: sandbox.secretKey,
    STRIPE_WEBHOOK_SECRET: webhookSecret,
    STRIPE_API_URL: stripeUrl,
    DATABASE_URL: database,
    CRON_SECRET: cronSecret,
  });

  it('builds without a variable set, and opens and asks nothing', async () => {
    const before = asked();
    const said = await application.build();
    expect(said).toMatch(/ƒ \/billing\/token/);
    expect([asked() - before, existsSync(database)]).toEqual([0, false]);
  });

  it('starts, and opens and asks nothing before the first request', async () => {
    const before = asked();
    const own = {
      BILLHOOK_URL: billhookUrl,
      BILLHOOK_HOST_SECRET: secret,
      CUSTOMERS: JSON.stringify(
        Object.fromEntries(Object.entries(customers).map(([situation, id]) => [`team_${situation}`, id])),
      ),
    };
    const all = way === 'standalone' ? own : { ...own, ...mounted() };
    running = await application.start(Number(new URL(url).port), all);
    expect([asked() - before, existsSync(database)]).toEqual([0, false]);
    if (way !== 'standalone') return;
    const config = join(folder, 'billhook.json');
    const host = { id: 'app', origins: [url], returnUrl: `${url}/settings/billing` };
    const plans = [{ key: 'team', lookupKey: 'team_monthly', features: ['export'] }];
    await writeFile(config, JSON.stringify({ hosts: [{ ...host, plans }] }));
    const at = { PORT: new URL(billhookUrl).port, BILLHOOK_URL: billhookUrl };
    const environment = { ...mounted(), ...at, BILLHOOK_CONFIG: config, BILLHOOK_HOST_SECRET_APP: secret };
    server = serveProcess(environment, [application.billhook, 'serve']);
    await server.listening;
  });

  const get = (path: string, team?: string) =>
    fetch(`${url}${path}`, { redirect: 'manual', headers: team === undefined ? {} : { cookie: `team=${team}` } });
  /** With where it leads on this origin, else the code. */
  const outcome = async (response: Response) => {
    const location = response.headers.get('location');
    // Next.js 15 calls every loopback address localhost.
    const here = new URL(location ?? '', url).href.replace('//localhost:', '//127.0.0.1:').replace(url, '');
    if (location !== null) return [response.status, here];
    return [response.status, ((await response.json()) as { code?: string }).code];
  };

  it('serves the script and the words as they are, whatever the browser takes', async () => {
    const files = { '/widget.js': application.script, '/widget/locales/de.json': null };
    for (const [path, text] of Object.entries(files)) {
      const response = await fetch(`${billhookUrl}${path}`, { headers: { 'accept-encoding': 'br, gzip' } });
      const body = await response.text();
      expect(response.status).toBe(200);
      // A browser decodes what the header says, and nothing else: so does `fetch`.
      if (text === null) expect(JSON.parse(body)).toMatchObject({ 'action.manage': expect.any(String) });
      else expect(body).toBe(text);
    }
  });

  it('gives a token to those who are signed in', async () => {
    expect((await get('/billing/token')).status).toBe(401);
    const response = await get('/billing/token', 'team_active');
    expect(response.headers.get('cache-control')).toBe('no-store');
    const { token } = (await response.json()) as { token: string };
    const billing = await fetch(`${billhookUrl}/v1/billing`, { headers: { authorization: `Bearer ${token}` } });
    expect(await billing.json()).toMatchObject({ state: 'active', plan: { quantity: 3 } });
  });

  it('guards a route handler, a page and what the proxy stands before', async () => {
    for (const team of ['team_ended', 'team_restricted']) await introduce(team);
    expect(await outcome(await get('/api/export'))).toEqual([401, 'account_missing']);
    expect(await outcome(await get('/api/export', 'team_ended'))).toEqual([402, 'payment_required']);
    expect((await get('/api/export', 'team_restricted')).status).toBe(200);
    expect((await get('/api/export', 'team_active')).status).toBe(200);
    expect(await outcome(await get('/reports', 'team_restricted'))).toEqual([307, '/settings/billing']);
    expect(await outcome(await get('/studio', 'team_restricted'))).toEqual([303, '/settings/billing']);
    expect(await (await get('/studio', 'team_active')).text()).toContain('the studio');
    const page = await (await get('/reports', 'team_active')).text();
    expect(page.replaceAll('<!-- -->', '')).toMatch(/Plan: team<.*Seats: 3<.*Export</);
  });

  /** As the page does: its first look brings the customer. */
  async function introduce(team: string): Promise<void> {
    const { token } = (await (await get('/billing/token', team)).json()) as { token: string };
    const { status } = await fetch(`${billhookUrl}/v1/billing`, { headers: { authorization: `Bearer ${token}` } });
    expect(status).toBe(200);
  }

  it.skipIf(way === 'standalone')('knows a team that the guide’s command has linked', async () => {
    const page = await readFile(join(import.meta.dirname, '../../docs/nextjs.md'), 'utf8');
    const command = /```sh\n(?<variables>(?:export .*\n)+)(?<command>echo .* import -)\n```/.exec(page)?.groups;
    const of = [...(command?.['variables'] ?? '').matchAll(/^export (\w+)=(\S+)$/gm)];
    const variables = of.map(([, name = '', value = '']) => [name, value.replace('http://localhost:3000', url)]);
    expect(Object.keys(Object.fromEntries(variables))).toHaveLength(3);
    const line = (command?.['command'] ?? '')
      .replace('npx billhook', '"$NODE" "$BILLHOOK"')
      .replace('cus_…', customers.pastDue);
    const environment = {
      ...mounted(),
      BILLHOOK_URL: billhookUrl,
      BILLHOOK_HOST_SECRET: secret,
      BILLHOOK: application.billhook,
    };
    const env = { ...childEnvironment, ...environment, ...Object.fromEntries(variables), NODE: process.execPath };
    expect((await promisify(execFile)('sh', ['-c', line], { env })).stdout).toMatch(/^1 linked/);
    // As a function it is looked at by the cron's next call.
    if (way === 'functions')
      await fetch(`${billhookUrl}/v1/upkeep`, { headers: { authorization: `Bearer ${cronSecret}` } });
    await expect
      .poll(async () => (await (await get('/reports', 'team_1')).text()).replaceAll('<!-- -->', ''))
      .toMatch(/Plan: team<.*Seats: 5<.*Export</);
  });

  it.each(['/settings/billing', '/settings/plan'])('shows the plan in a browser at %s', async (path) => {
    browser ??= await chromium.launch({ executablePath: await findBrowser(), args: quiet, timeout: patienceMs });
    const context = await browser.newContext({ locale: 'en-US' });
    context.setDefaultTimeout(patienceMs);
    await context.addCookies([{ name: 'team', value: 'team_active', url }]);
    const page = await context.newPage();
    const troubles = troublesOf(page);
    await page.goto(`${url}${path}`);
    await page.locator('billhook-widget').getByText('Team').first().waitFor();
    const opened = page.waitForURL((address) => address.href.startsWith(stripeUrl));
    await page.locator('billhook-widget').getByRole('button').first().click();
    await opened;
    expect(troubles).toEqual([]);
    await context.close();
  });

  it('hears Stripe’s webhooks', async () => {
    const stripe = new Stripe(sandbox.secretKey, { ...sandbox.stripeClientOptions(), telemetry: false });
    const { data } = await stripe.subscriptions.list({ customer: customers.active });
    const [item] = data[0]?.items.data ?? [];
    await stripe.subscriptions.update(data[0]?.id ?? '', { items: [{ id: item?.id ?? '', quantity: 7 }] });
    await expect
      .poll(async () => (await (await get('/reports', 'team_active')).text()).replaceAll('<!-- -->', ''))
      .toMatch(/Seats: 7</);
  });

  it.runIf(way === 'functions')('is kept up by a cron', async () => {
    const response = await fetch(`${billhookUrl}/v1/upkeep`, { headers: { authorization: `Bearer ${cronSecret}` } });
    expect(await response.json()).toEqual({ done: true, stale: 0, notices: 0 });
  });
});

function troublesOf(page: Page): string[] {
  const troubles: string[] = [];
  page.on('pageerror', (error) => troubles.push(error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') troubles.push(message.text());
  });
  return troubles;
}
