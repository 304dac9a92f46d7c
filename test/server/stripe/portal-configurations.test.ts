/** Configurations as code, at the sandbox over real HTTP: made once, found again, updated, and foreign ones left alone. */

import { Stripe } from 'stripe';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createSandbox, type StripeSandbox } from '../../../demo/stripe-sandbox/index.ts';
import { setUp } from '../../../server/src/cli/setup.ts';
import { readConfig, type BillhookOptions, type Host } from '../../../server/src/config/config.ts';
import { gatewayOf } from '../../../server/src/services.ts';
import { silentLog } from '../../../server/src/log.ts';
import {
  planPortal,
  PortalConfigurations,
  loadExternalPortals,
} from '../../../server/src/stripe/portal-configurations.ts';
import { StripeFailure } from '../../../server/src/stripe/failure.ts';
import type { StripeGateway } from '../../../server/src/stripe/gateway.ts';
import { hostSecret, origin, publicUrl } from '../support/bff.ts';

let sandbox: StripeSandbox;
let stripe: Stripe;
let apiUrl: string;
let prices: Record<'monthly' | 'yearly' | 'seats' | 'metered', Stripe.Price>;
const gateways: StripeGateway[] = [];

beforeEach(async () => {
  sandbox = createSandbox();
  ({ url: apiUrl } = await sandbox.listen(0));
  stripe = new Stripe(sandbox.secretKey, { ...sandbox.stripeClientOptions(), telemetry: false });
  const [team, seats] = await Promise.all([
    stripe.products.create({ name: 'Team' }),
    stripe.products.create({ name: 'Seats' }),
  ]);
  const price = (product: string, lookupKey: string, recurring: Stripe.PriceCreateParams.Recurring) =>
    stripe.prices.create({ product, currency: 'eur', unit_amount: 900, recurring, lookup_key: lookupKey });
  const calls = await stripe.billing.meters.create({
    display_name: 'Calls',
    event_name: 'calls',
    default_aggregation: { formula: 'sum' },
  });
  prices = {
    monthly: await price(team.id, 'team_monthly', { interval: 'month' }),
    yearly: await price(team.id, 'team_yearly', { interval: 'year' }),
    seats: await price(seats.id, 'seats', { interval: 'month' }),
    metered: await price(seats.id, 'calls', { interval: 'month', usage_type: 'metered', meter: calls.id }),
  };
  sandbox.requests.clear();
});
afterEach(async () => {
  for (const gateway of gateways.splice(0)) gateway.close();
  await sandbox.close();
});

type HostOptions = BillhookOptions['hosts'][number];
const offers = [
  { id: 'monthly', price: 'team_monthly' },
  { id: 'calls', price: 'calls' },
];

function optionsWith(own: Partial<HostOptions> = {}): BillhookOptions {
  return {
    publicUrl,
    database: ':memory:',
    stripe: { secretKey: sandbox.secretKey, webhookSecrets: ['whsec_1'], apiUrl },
    hosts: [
      {
        id: 'acme',
        secrets: [hostSecret],
        origins: [origin],
        returnUrl: `${origin}/billing`,
        offers,
        portal: {},
        ...own,
      },
    ],
  };
}

/** One process: its own gateway, its own memory. */
async function startProcess(own: Partial<HostOptions> = {}) {
  const config = await readConfig(optionsWith(own));
  const gateway = gatewayOf(config);
  gateways.push(gateway);
  const host: Host = config.hosts.get('acme') ?? expect.unreachable();
  const portals = new PortalConfigurations(gateway, silentLog);
  return { config, gateway, host, use: (name = 'standard') => portals.use(host, name, async (portal) => portal) };
}

const configurations = async () => (await stripe.billingPortal.configurations.list({ limit: 100 })).data;
const calls = () =>
  sandbox.requests
    .list()
    .map(({ method, path }) => `${method} ${path}`)
    .filter((call) => call.includes('billing_portal'));

describe('a configuration', () => {
  it('is created at its first use from the settings, and remembered', async () => {
    const { use } = await startProcess({
      portal: {
        configurations: {
          standard: {
            headline: 'Acme',
            privacyUrl: 'https://acme.example/privacy',
            pause: {},
            planSwitching: {
              plans: ['team_monthly', prices.yearly.id, { price: 'seats', quantity: { maximum: 9 } }, 'calls'],
              changes: ['price', 'quantity'],
            },
          },
        },
      },
    });
    const { id, features } = await use();
    expect(features).toEqual({ cancel: true, update: true, pause: true, paymentMethod: true });
    const product = (of: Stripe.Price) => String(of.product);
    expect(await configurations()).toMatchObject([
      {
        id,
        active: true,
        is_default: false,
        name: 'Billhook acme:standard',
        business_profile: {
          headline: 'Acme',
          privacy_policy_url: 'https://acme.example/privacy',
          terms_of_service_url: null,
        },
        default_return_url: `${origin}/billing`,
        login_page: { enabled: false },
        metadata: { billhook: 'acme:standard' },
        features: {
          customer_update: { enabled: true, allowed_updates: ['email', 'address', 'phone', 'tax_id'] },
          invoice_history: { enabled: true },
          subscription_cancel: { enabled: true, mode: 'at_period_end', cancellation_reason: { enabled: true } },
          subscription_pause: {
            enabled: true,
            duration: { interval_options: [{ interval: 'month', interval_count: 1 }] },
          },
          subscription_update: {
            enabled: true,
            products: [
              {
                product: product(prices.monthly),
                prices: [prices.monthly.id, prices.yearly.id],
                adjustable_quantity: { enabled: true, minimum: 1 },
              },
              {
                product: product(prices.seats),
                prices: [prices.seats.id],
                adjustable_quantity: { enabled: true, maximum: 9 },
              },
            ],
          },
        },
      },
    ]);
    sandbox.requests.clear();
    expect((await use()).id).toBe(id);
    expect(calls()).toEqual([]);
  });

  it('is found by the next process, which writes nothing', async () => {
    const { id } = await (await startProcess()).use();
    sandbox.requests.clear();
    expect((await (await startProcess()).use()).id).toBe(id);
    expect(calls()).toEqual(['GET /v1/billing_portal/configurations']);
  });

  it('is updated when its settings differ, and former settings are cleared', async () => {
    const rich = {
      headline: 'Acme',
      termsUrl: 'https://acme.example/terms',
      planSwitching: { plans: ['team_monthly'] },
    };
    const { id } = await (await startProcess({ portal: { configurations: { standard: rich } } })).use();
    const plain = { planSwitching: { plans: ['team_yearly'], atPeriodEnd: [] } };
    expect((await (await startProcess({ portal: { configurations: { standard: plain } } })).use()).id).toBe(id);
    expect(await configurations()).toMatchObject([
      {
        id,
        business_profile: { headline: null, terms_of_service_url: null },
        features: {
          subscription_update: {
            products: [{ prices: [prices.yearly.id] }],
            schedule_at_period_end: { conditions: [] },
          },
        },
      },
    ]);
  });

  it('follows a lookup key that was moved to another price', async () => {
    const { id } = await (await startProcess()).use();
    const dearer = await stripe.prices.create({
      product: String(prices.monthly.product),
      currency: 'eur',
      unit_amount: 1_900,
      recurring: { interval: 'month' },
      lookup_key: 'team_monthly',
      transfer_lookup_key: true,
    });
    expect((await (await startProcess()).use()).id).toBe(id);
    const [found] = await configurations();
    expect(found?.features.subscription_update.products?.[0]?.prices).toEqual([dearer.id]);
  });

  it('is created once, when two processes and many clicks begin at once', async () => {
    const [first, second] = await Promise.all([startProcess(), startProcess()]);
    const ready = await Promise.all([first, second, first, second, first].map(({ use }) => use()));
    expect(new Set(ready.map(({ id }) => id)).size).toBe(1);
    // Within a process, clicks at the same moment share one look.
    expect(calls().filter((call) => call.startsWith('GET'))).toHaveLength(2);
    expect(await configurations()).toHaveLength(1);
  });

  it('is created once, even when both listed before either created it', async () => {
    const processes = await Promise.all([startProcess(), startProcess()]);
    const plans = await Promise.all(processes.map(({ host, gateway }) => planPortal(host, 'standard', gateway)));
    expect(plans.map(({ needs }) => needs)).toEqual(['create', 'create']);
    const ids = await Promise.all(plans.map((plan) => plan.apply()));
    expect(await configurations()).toHaveLength(1);
    expect(new Set(ids).size).toBe(1);
  });

  it('is one of each name and host, and foreign ones are left alone', async () => {
    const foreign = await stripe.billingPortal.configurations.create({
      features: { invoice_history: { enabled: true } },
      business_profile: { headline: 'Not ours' },
      metadata: { billing: 'acme:standard' },
    });
    const other = await stripe.billingPortal.configurations.create({
      features: { invoice_history: { enabled: true } },
      metadata: { billhook: 'globex:standard' },
    });
    sandbox.savePortalSettings();
    const before = await configurations();
    const { use } = await startProcess();
    const [standard, limited] = [await use('standard'), await use('limited')];
    expect(new Set([standard.id, limited.id, foreign.id, other.id]).size).toBe(4);
    expect(limited.features).toMatchObject({ cancel: false, update: false });
    const ids = before.map(({ id }) => id);
    expect((await configurations()).filter(({ id }) => ids.includes(id))).toEqual(before);
  });

  it('that was deactivated is activated again, not doubled', async () => {
    const { id } = await (await startProcess()).use();
    await stripe.billingPortal.configurations.update(id, { active: false });
    expect((await (await startProcess()).use()).id).toBe(id);
    expect(await configurations()).toMatchObject([{ id, active: true }]);
  });

  it('offers no plan switching where there is no other plan, and logs it', async () => {
    const { use } = await startProcess({ offers: [{ id: 'calls', price: 'calls' }] });
    expect((await use()).features.update).toBe(false);
    expect((await configurations())[0]?.features.subscription_update.enabled).toBe(false);
  });

  it('is requested again after a failure: a rejected promise is never kept', async () => {
    const { use } = await startProcess();
    sandbox.faults.next({ kind: 'serverError', path: '/v1/billing_portal/configurations', method: 'GET' });
    const two = await Promise.allSettled([use(), use()]);
    expect(two.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect((await use()).id).toMatch(/^bpc_/);
  });

  it('is created once, although the answer to its creation was lost', async () => {
    const { use } = await startProcess();
    sandbox.faults.next({ kind: 'reset', path: '/v1/billing_portal/configurations', method: 'POST', executed: true });
    const { id } = await use();
    expect(await configurations()).toMatchObject([{ id }]);
  });
});

describe('a configuration that is gone while the process lives', () => {
  it('is listed again, once, for the click that found it gone', async () => {
    const { config, gateway, host } = await startProcess();
    const portals = new PortalConfigurations(gateway, config.log);
    const customer = await stripe.customers.create();
    const open = () =>
      portals.use(host, 'standard', (portal) =>
        gateway.openPortal({
          customer: customer.id,
          configuration: portal.id,
          returnUrl: origin,
          flow: null,
          locale: null,
        }),
      );
    await open();
    const [kept] = await configurations();
    await stripe.billingPortal.configurations.update(kept?.id ?? '', { active: false });
    expect(await open()).toContain('/p/session/');
    expect(await configurations()).toMatchObject([{ id: kept?.id, active: true }]);
  });
});

describe('a configuration that the host maintains at Stripe', () => {
  it('is used for all accounts, and the judge gets its real features', async () => {
    const theirs = await stripe.billingPortal.configurations.create({
      features: {
        subscription_cancel: { enabled: true },
        payment_method_update: { enabled: false },
        subscription_pause: { enabled: true },
      },
    });
    const { config, gateway, host, use } = await startProcess({ portalConfiguration: theirs.id });
    expect((await use()).id).toBe(theirs.id);
    const { hosts } = await loadExternalPortals(config, gateway);
    expect(hosts.get(host.id)?.policy.portal).toEqual({
      features: { standard: { cancel: true, update: false, pause: true, paymentMethod: false } },
      rules: [],
    });
    expect(await configurations()).toEqual([theirs]);
  });

  it('that cannot be fetched does not stop the start', async () => {
    const { config, gateway } = await startProcess({ portalConfiguration: 'bpc_nobody' });
    const { hosts } = await loadExternalPortals(config, gateway);
    expect(hosts.get('acme')?.policy.portal.features['standard']).toMatchObject({ cancel: true });
    await expect(gateway.portalFeatures('bpc_nobody')).rejects.toThrow(StripeFailure);
  });
});

describe('N15: a host that says nothing of a portal', () => {
  const nothing = { portal: undefined };

  it('has the configuration that is saved in the Dashboard, with its features, and makes none', async () => {
    const theirs = sandbox.savePortalSettings();
    const { config, gateway } = await startProcess(nothing);
    const { hosts } = await loadExternalPortals(config, gateway);
    const host = hosts.get('acme') ?? expect.unreachable();
    expect(host.policy.portal).toEqual({
      features: { standard: { cancel: true, update: false, pause: false, paymentMethod: true } },
      rules: [],
    });
    sandbox.requests.clear();
    const { id } = await new PortalConfigurations(gateway, silentLog).use(host, 'standard', async (portal) => portal);
    expect([id, calls()]).toEqual([theirs.id, []]);
    expect(await configurations()).toEqual([theirs]);
  });

  it('has it though it was saved after the start, until when the host had none', async () => {
    const { config, gateway, host, use } = await startProcess(nothing);
    expect((await loadExternalPortals(config, gateway)).hosts.get('acme')).toEqual(host);
    const theirs = sandbox.savePortalSettings();
    expect([await use('standard'), await use('limited')]).toMatchObject([{ id: theirs.id }, { id: theirs.id }]);
    expect(await configurations()).toEqual([theirs]);
  });

  it('has Billhook’s own where nothing is saved in the Dashboard, made by the first click', async () => {
    const { use } = await startProcess(nothing);
    const { id } = await use();
    expect(await configurations()).toMatchObject([{ id, is_default: false, name: 'Billhook acme:standard' }]);
  });

  it('has Billhook’s own beside the Dashboard’s where it says portal: {}', async () => {
    const theirs = sandbox.savePortalSettings();
    const { config, gateway, use } = await startProcess({ portal: {} });
    expect((await loadExternalPortals(config, gateway)).hosts.get('acme')?.portalConfiguration).toBeNull();
    expect((await use()).id).not.toBe(theirs.id);
  });

  it('has another one when the Dashboard’s is replaced while the process lives', async () => {
    const theirs = sandbox.savePortalSettings();
    const { config, gateway } = await startProcess(nothing);
    const { hosts } = await loadExternalPortals(config, gateway);
    const host = hosts.get('acme') ?? expect.unreachable();
    Object.assign(theirs, { is_default: false, active: false });
    const saved = sandbox.savePortalSettings();
    const customer = await stripe.customers.create();
    const request = { customer: customer.id, returnUrl: origin, flow: null, locale: null };
    const portals = new PortalConfigurations(gateway, silentLog);
    const url = await portals.use(host, 'standard', ({ id }) => gateway.openPortal({ ...request, configuration: id }));
    const session = [...sandbox.state.portalSessions.values()].find((each) => each.url === url);
    expect(session?.configuration).toBe(saved.id);
  });
});

describe('billhook setup', () => {
  async function run(args: string[], own: Partial<HostOptions> = {}) {
    const said = { out: '', err: '' };
    const code = await setUp(args, optionsWith(own), {
      stdout: { write: (text: string) => (said.out += text) },
      stderr: { write: (text: string) => (said.err += text) },
    });
    return { code, ...said };
  }

  it('creates missing configurations, prints prices and products, and has nothing to do the second time', async () => {
    const [first, second] = [await run([]), await run([])];
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out.split('\n')).toEqual([
      expect.stringMatching(/^Stripe account acct_\w+ \(test mode\)$/),
      expect.stringMatching(/^acme:standard {2}created bpc_\w+$/),
      `  switches to ${prices.monthly.id} of ${String(prices.monthly.product)}`,
      '  left out calls: it is billed by usage, which the portal cannot switch to',
      expect.stringMatching(/^acme:limited {2}created bpc_\w+$/),
      '',
    ]);
    expect(second.code).toBe(0);
    expect(second.out).toBe(first.out.replaceAll('created', 'unchanged'));
    const changed = await run([], { portal: { configurations: { standard: { headline: 'Acme' } } } });
    expect(changed.out).toBe(first.out.replaceAll('created', 'updated'));
    expect(await configurations()).toHaveLength(2);
  });

  it('--check only reports, and exits with 1 while there is something to do', async () => {
    const before = await run(['--check']);
    expect(before).toMatchObject({ code: 1, out: expect.stringContaining('acme:standard  would be created\n') });
    expect(await configurations()).toEqual([]);
    await run([]);
    expect(await run(['--check'])).toMatchObject({
      code: 0,
      out: expect.stringContaining('acme:limited  unchanged bpc_'),
    });
    const differs = { portal: { configurations: { limited: { headline: 'Acme' } } } };
    expect(await run(['--check'], differs)).toMatchObject({
      code: 1,
      out: expect.stringMatching(/acme:limited {2}would be updated: bpc_/),
    });
  });

  it('exits with 1 for a missing price, and creates the rest', async () => {
    const { code, out } = await run([], {
      portal: { configurations: { standard: { planSwitching: { plans: ['team_monthly', 'nothing'] } } } },
    });
    expect(code).toBe(1);
    expect(out).toContain('  left out nothing: Stripe knows no price of this id or lookup key\n');
    expect(await configurations()).toHaveLength(2);
  });

  it('leaves the host’s own configuration alone, and reports a missing one', async () => {
    const theirs = await stripe.billingPortal.configurations.create({
      features: { invoice_history: { enabled: true } },
    });
    expect(await run([], { portalConfiguration: theirs.id })).toMatchObject({
      code: 0,
      out: expect.stringContaining('left as it is'),
    });
    expect(await configurations()).toEqual([theirs]);
    const { id } = sandbox.savePortalSettings();
    expect(await run(['--check'], { portal: undefined })).toMatchObject({
      code: 0,
      out: expect.stringContaining(
        `acme  uses the Dashboard’s default, ${id}, which is maintained at Stripe: left as it is`,
      ),
    });
    expect(await run(['--check'], { portalConfiguration: 'bpc_nobody' })).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^acme:standard {2}failed: .*\[portal_not_configured\]\n$/),
    });
  });

  it('names one failure, goes on with the rest, and exits with 1', async () => {
    sandbox.faults.next({ kind: 'serverError', path: '/v1/billing_portal/configurations', method: 'GET' });
    const { code, out, err } = await run([]);
    expect(code).toBe(1);
    expect(err).toMatch(/^acme:standard {2}failed: .*\[stripe_unavailable\]\n$/);
    expect(out).toContain('acme:limited  created');
  });

  it('exits with 2 for an unknown command line', async () => {
    expect(await run(['--force'])).toMatchObject({
      code: 2,
      out: '',
      err: expect.stringContaining('billhook setup [--check]'),
    });
    expect(await run(['now'])).toMatchObject({ code: 2 });
  });
});
