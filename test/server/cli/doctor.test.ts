/** The doctor before a real server, with real HTTP to it and to the sandbox; then each thing goes wrong in its turn. */

import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Stripe } from 'stripe';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createSandbox, seedDemo, type StripeSandbox } from '../../../demo/stripe-sandbox/index.ts';
import { examine } from '../../../server/src/cli/doctor/doctor.ts';
import { setUp } from '../../../server/src/cli/setup.ts';
import { readConfig } from '../../../server/src/config/config.ts';
import type { Diagnosis } from '../../../server/src/cli/doctor/diagnosis.ts';
import { diagnoseUpkeep } from '../../../server/src/cli/doctor/ledger.ts';
import { diagnoseStripe } from '../../../server/src/cli/doctor/stripe.ts';
import { diagnoseWebhooks, entitlementEvents, wantedEvents } from '../../../server/src/cli/doctor/webhooks.ts';
import { optionsFrom } from '../../../server/src/cli/environment.ts';
import type { Environment } from '../../../server/src/cli/variables.ts';
import { neededPermissions } from '../../../server/src/stripe/permissions.ts';
import { readEvent } from '../../../server/src/stripe/event.ts';
import { gatewayOf } from '../../../server/src/services.ts';
import { openSqliteStore } from '../../../server/src/ledger/sqlite/ledger.ts';
import { freePort } from '../../support/free-port.ts';
import { listening } from '../../support/listening.ts';
import { hostSecret } from '../support/bff.ts';
import { serveProcess, type ServeProcess } from '../support/process.ts';

let folder: string;
let sandbox: StripeSandbox;
let stripe: Stripe;
let endpoint: string;
let env: Record<string, string>;
let server: ServeProcess;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'billhook-doctor-'));
  sandbox = createSandbox();
  const [{ url: apiUrl }, port] = await Promise.all([sandbox.listen(0), freePort()]);
  await seedDemo(sandbox);
  stripe = new Stripe(sandbox.secretKey, { ...sandbox.stripeClientOptions(), telemetry: false });
  const url = `http://127.0.0.1:${port}`;
  const { endpoint: made, secret } = sandbox.deliveries.addEndpoint(`${url}/v1/webhooks/stripe`);
  endpoint = made.id;
  env = {
    PORT: String(port),
    BILLHOOK_URL: url,
    DATABASE_URL: join(folder, 'ledger.db'),
    STRIPE_SECRET_KEY: sandbox.secretKey,
    STRIPE_WEBHOOK_SECRET: secret,
    STRIPE_API_URL: apiUrl,
    BILLHOOK_HOST_SECRET: hostSecret,
    BILLHOOK_HOST_ORIGINS: 'http://127.0.0.1:1',
    BILLHOOK_HOST_RETURN_URL: 'http://127.0.0.1:1/billing',
    BILLHOOK_OFFERS: 'team_monthly',
  };
  await setUp([], optionsFrom(env), { stdout: { write: () => true }, stderr: { write: () => true } });
  server = serveProcess(env);
  const swept = new Promise<void>((done) =>
    server.child.stdout?.on('data', (said) => String(said).includes('sweep.done') && done()),
  );
  await server.listening;
  await swept;
});
afterAll(async () => {
  server.child.kill('SIGTERM');
  await server.ended;
  await sandbox.close();
  await rm(folder, { recursive: true });
});

async function run(change: Environment = {}, ...args: string[]) {
  const said = { out: '', err: '' };
  const code = await examine(
    args,
    { ...env, ...change },
    {
      stdout: { write: (text: string) => (said.out += text) },
      stderr: { write: (text: string) => (said.err += text) },
    },
  );
  return { code, ...said };
}

/** The findings that are not well, as `level check: what`. */
async function complaints(change: Environment = {}) {
  const { code, out } = await run(change, '--json');
  const found = JSON.parse(out) as Diagnosis[];
  for (const { level, fix } of found) expect(fix === null, 'each complaint comes with what to do').toBe(level === 'ok');
  expect(code).toBe(found.some(({ level }) => level === 'fail') ? 1 : 0);
  return found.filter(({ level }) => level !== 'ok').map(({ level, check, what }) => `${level} ${check}: ${what}`);
}

/** A server that has just been started has not reconciled yet. */
const young = 'warn reconcile: there was none yet';

describe('billhook doctor', () => {
  it('B6: reports every check as ok', async () => {
    const { code, out } = await run();
    expect(code).toBe(0);
    expect(out).toMatch(/^ok {4}configuration {2}one host\nok {4}Stripe {9}acct_\w+ in test mode answers in \d+ ms\n/);
    expect(out).toMatch(/^ok {4}webhooks {7}Stripe sends all its events to http/m);
    expect(out).toMatch(/^ok {4}clock {10}this machine’s agrees with Stripe’s$/m);
    expect(out).toMatch(/^ok {4}server {9}a webhook gets through to it$/m);
    expect(out).toMatch(/^ok {4}sweep {10}the last one was [\d.]+ s ago$/m);
    expect(out).toMatch(/^warn {2}reconcile {6}there was none yet\n {21}→ Run billhook reconcile/m);
    expect(await complaints()).toEqual([young]);
  });

  it.each<[string, () => Promise<unknown>, () => Promise<unknown>, RegExp]>([
    [
      'an endpoint that was switched off',
      () => stripe.webhookEndpoints.update(endpoint, { disabled: true }),
      () => stripe.webhookEndpoints.update(endpoint, { disabled: false }),
      /^fail webhooks: Stripe has switched off the endpoint http/,
    ],
    [
      'an endpoint without what matters most',
      () => stripe.webhookEndpoints.update(endpoint, { enabled_events: ['invoice.paid'] }),
      () => stripe.webhookEndpoints.update(endpoint, { enabled_events: ['*'] }),
      /^fail webhooks: Stripe does not send customer\.subscription\.created, .*, invoice\.payment_failed$/,
    ],
    [
      'an endpoint without the rest',
      () =>
        stripe.webhookEndpoints.update(endpoint, {
          enabled_events: wantedEvents.slice(0, 10) as Stripe.WebhookEndpointUpdateParams.EnabledEvent[],
        }),
      () => stripe.webhookEndpoints.update(endpoint, { enabled_events: ['*'] }),
      /^warn webhooks: Stripe does not send \d+ of the events that Billhook reads$/,
    ],
    [
      'an endpoint elsewhere',
      () => stripe.webhookEndpoints.update(endpoint, { url: 'https://elsewhere.example/v1/webhooks/stripe' }),
      () => stripe.webhookEndpoints.update(endpoint, { url: `${env['BILLHOOK_URL']}/v1/webhooks/stripe` }),
      /^warn webhooks: Stripe has no webhook endpoint for http/,
    ],
    [
      'an offer that is archived',
      async () => stripe.prices.update(await priceOf('team_monthly'), { active: false }),
      async () => stripe.prices.update(await priceOf('team_monthly'), { active: true }),
      /^fail catalogue: app offers team_monthly, which is archived$/,
    ],
    [
      'an offer of a product that is archived',
      async () => stripe.products.update(await productOf('team_monthly'), { active: false }),
      async () => stripe.products.update(await productOf('team_monthly'), { active: true }),
      /^fail catalogue: app offers team_monthly, which is archived$/,
    ],
  ])('%s', async (_, spoil, mend, complaint) => {
    await spoil();
    try {
      expect(await complaints()).toContainEqual(expect.stringMatching(complaint));
    } finally {
      await mend();
    }
    expect(await complaints()).toEqual([young]);
  });

  it.each<[string, Environment, RegExp[]]>([
    ['a key that is refused', { STRIPE_SECRET_KEY: 'sk_test_other' }, [/^fail Stripe: refuses the key/]],
    ['Stripe out of reach', { STRIPE_API_URL: 'http://127.0.0.1:9' }, [/^fail Stripe: cannot be reached/]],
    [
      'a public address that is dead',
      { BILLHOOK_URL: 'http://127.0.0.1:9' },
      [/^fail server: http:\/\/127\.0\.0\.1:9 cannot be reached/],
    ],
    [
      'an offer that Stripe does not know',
      { BILLHOOK_OFFERS: 'nothing' },
      [/^fail catalogue: app offers nothing, which Stripe does not know/],
    ],
    [
      'a portal configuration that is gone',
      { STRIPE_PORTAL_CONFIGURATION: 'bpc_gone' },
      [/^fail portal: app uses bpc_gone, which Stripe does not know/],
    ],
    [
      'a ledger that is not there',
      { DATABASE_URL: '/nowhere/ledger.db' },
      [/^warn ledger: there is none at \/nowhere\/ledger\.db yet/],
    ],
    ['a ledger that is no database', { DATABASE_URL: import.meta.filename }, [/^fail ledger: /]],
    [
      'keys that cannot be had',
      { BILLHOOK_HOST_JWKS_URL: 'http://127.0.0.1:9/keys' },
      [/^fail tokens: the keys of app cannot be had/],
    ],
    [
      'a host that cannot be told',
      {
        BILLHOOK_HOST_WEBHOOK_URL: 'http://127.0.0.1:9/',
        BILLHOOK_HOST_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32).toString('base64')}`,
      },
      [/^warn hosts: the webhook of app cannot be reached/],
    ],
    [
      'a configuration with mistakes',
      { STRIPE_WEBHOOK_SECRET: 'secret', BILLHOOK_HOST_ORIGINS: '' },
      [
        /^fail configuration: STRIPE_WEBHOOK_SECRET .*must be "whsec_"/,
        /^fail configuration: BILLHOOK_HOST_ORIGINS must be/,
      ],
    ],
  ])('%s', async (_, change, expected) => {
    const found = await complaints(change);
    for (const complaint of expected) expect(found).toContainEqual(expect.stringMatching(complaint));
    const told = found.join('\n');
    for (const [name, value] of Object.entries({ ...env, ...change }))
      if (/SECRET/.test(name) && value !== 'secret') expect(told, `${name} is not told`).not.toContain(value);
  });

  it('KEY-1: a restricted key with all that is needed', async () => {
    const key = sandbox.addRestrictedKey(neededPermissions.map(({ name }) => name));
    expect((await run({ STRIPE_SECRET_KEY: key })).out).toContain(
      'ok    permissions    the restricted key has all that Billhook needs',
    );
    expect(await complaints({ STRIPE_SECRET_KEY: key })).toEqual([young]);
  });

  it('KEY-1: each missing permission of a restricted key, by Stripe’s own name for it', async () => {
    // By their ids: a delivery that comes to its end beside this test counts itself off on its event.
    const told = () => sandbox.state.events.list().map(({ id }) => id);
    const before = told();
    for (const { name } of neededPermissions) {
      const others = neededPermissions.filter((each) => each.name !== name);
      const key = sandbox.addRestrictedKey(others.map((each) => each.name));
      // oxlint-disable-next-line no-await-in-loop -- one server, one key after the other
      expect(await complaints({ STRIPE_SECRET_KEY: key }), name).toContainEqual(
        expect.stringMatching(`^fail permissions: the restricted key lacks ${name}: Billhook `),
      );
    }
    const { out } = await run({ STRIPE_SECRET_KEY: sandbox.addRestrictedKey(['customer_read', 'invoice_read']) });
    expect(out.match(/lacks rak_\w+/g)).toHaveLength(neededPermissions.length - 1);
    expect(out).toMatch(/lacks rak_customer_write: .*\n +→ Give it Customers: Write in the Dashboard/);
    expect(told(), 'nothing was changed').toEqual(before);
  });

  it('KEY-1: the guide lists exactly these permissions, and why', async () => {
    const guide = await readFile(join(import.meta.dirname, '../../../server/README.md'), 'utf8');
    const rows = [...guide.matchAll(/^\| `(rak_\w+)` +\| (.+?) +\| (.+?) +\|$/gm)];
    expect(rows.map(([, name, resource, why]) => ({ name, resource, why }))).toEqual(neededPermissions);
  });

  it('another server at the public address', async () => {
    expect(await complaints({ BILLHOOK_URL: env['STRIPE_API_URL'] })).toContainEqual(
      expect.stringMatching(/^fail server: .*\/healthz answers 404, not as Billhook does$/),
    );
  });

  it('a clock that is wrong, either way', async () => {
    const config = await readConfig(optionsFrom(env));
    const gateway = gatewayOf(config);
    // A clock that stands, so that the time of the requests is no part of the difference.
    vi.useFakeTimers({ toFake: ['Date'] });
    const clock = async (ahead: number) => {
      const found = await diagnoseStripe(config, { ...gateway, clock: async () => Date.now() + ahead });
      return found.filter(({ check }) => check === 'clock').map(({ level, what }) => `${level} ${what}`);
    };
    try {
      const refused = 'tokens and webhooks are refused';
      expect(await clock(0)).toEqual(['ok this machine’s agrees with Stripe’s']);
      expect(await clock(12_000)).toEqual([
        `warn this machine’s is 12 s behind Stripe’s: from five minutes on ${refused}`,
      ]);
      expect(await clock(-60_000)).toEqual([
        `warn this machine’s is 59 s ahead of Stripe’s: from five minutes on ${refused}`,
      ]);
      expect(await clock(3 * 3_600_000)).toEqual([`fail this machine’s is 3 h behind Stripe’s: ${refused}`]);
    } finally {
      vi.useRealTimers();
      gateway.close();
    }
  });

  it.each<[string, number, RegExp]>([
    ['that agrees', 0, /^ok that of app agrees with this machine’s$/],
    ['31 s ahead', 31_000, /^warn that of app is (?:29|3\d) s ahead of this machine’s: from five minutes on/],
    ['hours behind', -3 * 3_600_000, /^fail that of app is [23] h.* behind this machine’s: tokens and webhooks are/],
  ])('F15: a host’s clock %s', async (_, ahead, expected) => {
    const host = await listening(
      createServer((_request, response) => {
        response.setHeader('date', new Date(Date.now() + ahead).toUTCString());
        response.end();
      }),
    );
    const own = { BILLHOOK_HOST_ORIGINS: host.url, BILLHOOK_HOST_RETURN_URL: `${host.url}/billing` };
    try {
      const found = JSON.parse((await run(own, '--json')).out) as Diagnosis[];
      const clocks = found.filter(({ check }) => check === 'clock').map(({ level, what }) => `${level} ${what}`);
      expect(clocks).toEqual(['ok this machine’s agrees with Stripe’s', expect.stringMatching(expected)]);
    } finally {
      await host.close();
    }
  });

  it('H5: a plan’s lookup key that no price has: misspelt, or renamed at Stripe', async () => {
    const { hosts, ...options } = optionsFrom(env);
    const plans = [{ key: 'team', lookupKey: 'team_monthly' }, { lookupKey: 'team_montly' }];
    const config = await readConfig({ ...options, hosts: hosts.map((host) => ({ ...host, plans })) });
    const gateway = gatewayOf(config);
    try {
      const found = await diagnoseStripe(config, gateway);
      const said = found.filter(({ check, level }) => check === 'catalogue' && level !== 'ok').map(({ what }) => what);
      expect(said).toEqual(['app names a plan by the lookup key team_montly, which no price has']);
    } finally {
      gateway.close();
    }
  });

  it('N15: names the Dashboard’s configuration, or the one that a first click makes', async () => {
    const fresh = { BILLHOOK_HOST_ID: 'fresh' };
    const saved = sandbox.savePortalSettings();
    expect((await run(fresh)).out).toMatch(
      new RegExp(`^ok {4}portal {9}fresh uses the Dashboard’s default configuration \\(${saved.id}\\)`, 'm'),
    );
    Object.assign(saved, { is_default: false });
    try {
      const { out } = await run(fresh);
      expect(out).toMatch(/^warn {2}portal {9}fresh:standard is not at Stripe yet: the first click makes it$/m);
      expect(out).toMatch(/^ {21}→ Run billhook setup to do it now; or save the portal’s settings in the Dashboard, /m);
    } finally {
      Object.assign(saved, { is_default: true });
    }
  });

  it('overdue jobs, and the drift of a reconciliation', async () => {
    const store = openSqliteStore(':memory:');
    const now = Date.now();
    const said = async (at: number) => (await diagnoseUpkeep(store, at)).map(({ level, check }) => `${level} ${check}`);
    try {
      expect(await said(now)).toEqual(['warn sweep', 'warn reconcile', 'ok customers']);
      const report = { unseen: [], drift: { count: 0, byClass: {} } };
      for (const job of ['sweep', 'reconcile'] as const) {
        const lease = await store.acquireJob(job, 0, 1_000, now);
        if (lease) await store.completeJob(lease, report, now);
      }
      expect(await said(now + 60_000)).toEqual(['ok sweep', 'ok reconcile', 'ok customers']);
      await store.link({ host: 'acme', account: 'team_1' }, 'cus_1', now);
      expect(await said(now + 3_600_000)).toEqual(['warn sweep', 'ok reconcile', 'warn customers']);
      expect(await said(now + 50 * 3_600_000)).toEqual(['warn sweep', 'warn reconcile', 'warn customers']);
      const lease = await store.acquireJob('reconcile', 0, 1_000, now + 1);
      if (lease) await store.completeJob(lease, { ...report, drift: { count: 2, byClass: { state: 2 } } }, now + 1);
      expect(await said(now + 2)).toEqual(['ok sweep', 'warn reconcile', 'ok customers']);
    } finally {
      await store.close();
    }
  });

  it('a live key is checked more strictly', async () => {
    const destinations = [{ id: 'we_1', url: 'x', enabled: true, events: ['*'], apiVersion: '2019-01-01' }];
    const at = (publicUrl: string, livemode: boolean, url = `${publicUrl}/v1/webhooks/stripe`) =>
      diagnoseWebhooks(
        { publicUrl, livemode, hosts: new Map() },
        destinations.map((each) => ({ ...each, url })),
      ).map(({ level, what }) => `${level} ${what}`);
    expect(at('http://localhost:4001', true, 'https://other.example')).toEqual([expect.stringMatching(/^fail/)]);
    expect(at('http://localhost:4001', false, 'https://other.example')).toEqual([expect.stringMatching(/^warn/)]);
    expect(at('https://billing.acme.example/', true, 'https://billing.acme.example/v1/webhooks/stripe')).toEqual([
      expect.stringMatching(/^ok/),
      'warn we_1 writes events in API version 2019-01-01, older than 2020-08-27',
    ]);
  });

  it('requests no event that Billhook does not read', () => {
    for (const type of [...wantedEvents, ...entitlementEvents]) {
      const hint = readEvent({
        id: 'evt_1',
        type,
        data: { object: { object: 'thing', id: 'thing_1', customer: 'cus_1' } },
      });
      expect(hint.concerns, type).not.toBe('none');
    }
  });

  it('the events are those of the README, and Stripe has each of them', async () => {
    const readme = await readFile(new URL('../../../server/README.md', import.meta.url), 'utf8');
    const [, listed = ''] = /## The webhook at Stripe.*?```text\n(.*?)\n```/s.exec(readme) ?? [];
    expect(listed.split('\n')).toEqual(wantedEvents.toSorted());
    expect(readme).toContain(entitlementEvents.join());
    type Events = Stripe.WebhookEndpointUpdateParams.EnabledEvent[];
    const all = [...wantedEvents, ...entitlementEvents] as Events;
    // The sandbox holds every parameter to the SDK's own unions.
    const made = await stripe.webhookEndpoints.create({ url: 'http://127.0.0.1:1', enabled_events: all });
    await stripe.webhookEndpoints.del(made.id);
    const misspelt = ['customer.discount.expired'] as unknown as Events;
    await expect(stripe.webhookEndpoints.update(endpoint, { enabled_events: misspelt })).rejects.toThrow(
      /enabled_events/,
    );
  });

  it('entitlements are wanted where a host reads them', async () => {
    const url = 'http://127.0.0.1:1';
    const destinations = [
      { id: 'we_1', url: `${url}/v1/webhooks/stripe`, enabled: true, events: [...wantedEvents], apiVersion: null },
    ];
    const said = async (entitlements: boolean) => {
      const options = optionsFrom(env);
      const config = await readConfig({ ...options, hosts: options.hosts.map((host) => ({ ...host, entitlements })) });
      return diagnoseWebhooks({ ...config, publicUrl: url }, destinations).map(
        ({ level, fix }) => `${level} ${fix ?? ''}`,
      );
    };
    expect((await said(false))[0]).toMatch(/^ok/);
    expect((await said(true))[0]).toMatch(/^warn Enable for .*: entitlements\.active_entitlement_summary\.updated\.$/);
  });

  it('prints its usage', async () => {
    expect(await run({}, '--help')).toMatchObject({ code: 0, out: expect.stringContaining('--json') });
    expect(await run({}, '--cure')).toMatchObject({ code: 2, err: expect.stringContaining('--json') });
  });
});

async function productOf(lookupKey: string): Promise<string> {
  const { data } = await stripe.prices.list({ lookup_keys: [lookupKey] });
  return String(data[0]?.product);
}

async function priceOf(lookupKey: string): Promise<string> {
  const { data } = await stripe.prices.list({ lookup_keys: [lookupKey] });
  return data[0]?.id ?? '';
}
