/** Is Stripe there, is it the right one, and does it have what the hosts offer? */

import type { Config, Host } from '../../config/config.ts';
import { describeCause } from '../../log.ts';
import { isArchived } from '../../stripe/facts/price.ts';
import { externalPortal, planPortal } from '../../stripe/portal-configurations.ts';
import { StripeFailure } from '../../stripe/failure.ts';
import type { StripeGateway } from '../../stripe/gateway.ts';
import { behind, diagnoseClock } from './clock.ts';
import { fail, ok, warn, type Diagnosis } from './diagnosis.ts';
import { diagnoseWebhooks, isLocal } from './webhooks.ts';

/** Everything that Stripe is asked; if it does not answer or refuses the key, nothing but that is said. */
export async function diagnoseStripe(config: Config, gateway: StripeGateway): Promise<Diagnosis[]> {
  const mode = modeOf(config);
  try {
    const permissions = await permissionsOf(config, gateway);
    // Without the account nothing starts, and every other question would be refused too.
    if (permissions.some(({ level }) => level === 'fail')) return [...mode, ...permissions];
    const began = performance.now();
    const { account, livemode } = await gateway.identity();
    const took = Math.round(performance.now() - began);
    const reached = ok('Stripe', `${account} in ${livemode ? 'live' : 'test'} mode answers in ${took} ms`);
    const checks = [
      clockOf(gateway),
      asked('webhooks', async () => diagnoseWebhooks(config, await gateway.eventDestinations())),
      asked('catalogue', () => catalogueOf(config, gateway)),
      asked('catalogue', () => planKeysOf(config, gateway)),
      ...[...config.hosts.values()].map((host) => asked('portal', () => portalOf(host, gateway))),
    ];
    return [reached, ...mode, ...permissions, ...(await Promise.all(checks)).flat()];
  } catch (cause) {
    if (!(cause instanceof StripeFailure)) throw cause;
    const refused = cause.code === 'stripe_unauthorized';
    return [
      refused
        ? fail('Stripe', `refuses the key: ${describeCause(cause.cause)}`, 'Put a valid key in STRIPE_SECRET_KEY.')
        : fail(
            'Stripe',
            `cannot be reached: ${describeCause(cause.cause)}`,
            'Allow this machine to reach api.stripe.com.',
          ),
      ...mode,
    ];
  }
}

/** KEY-1: each permission that a restricted key lacks, by Stripe's own name for it. A secret key has them all. */
async function permissionsOf({ stripe }: Config, gateway: StripeGateway): Promise<Diagnosis[]> {
  if (!stripe.secretKey.startsWith('rk_')) return [];
  const missing = await gateway.missingPermissions();
  if (missing.length === 0) return [ok('permissions', 'the restricted key has all that Billhook needs')];
  return missing.map(({ name, resource, why }) =>
    fail(
      'permissions',
      `the restricted key lacks ${name}: Billhook ${why}`,
      `Give it ${resource}: ${name.endsWith('_write') ? 'Write' : 'Read'} in the Dashboard, under API keys.`,
    ),
  );
}

/** A restricted key may not be allowed to look: that says nothing of what is there. */
async function asked(check: string, read: () => Promise<Diagnosis[]>): Promise<Diagnosis[]> {
  try {
    return await read();
  } catch (cause) {
    if (!(cause instanceof StripeFailure)) throw cause;
    const fix =
      cause.code === 'stripe_unauthorized'
        ? 'Give the restricted key the permission to read it, or check it in the Dashboard.'
        : 'Try again in a moment.';
    return [warn(check, `could not be checked [${cause.code}]`, fix)];
  }
}

async function clockOf(gateway: StripeGateway): Promise<Diagnosis[]> {
  return await asked('clock', async () => {
    const asked = Date.now();
    const said = await gateway.clock();
    return said === null ? [] : [diagnoseClock('this machine’s', 'Stripe’s', behind(said, asked, Date.now()))];
  });
}

function modeOf({ livemode, publicUrl }: Config): Diagnosis[] {
  const isSafe = publicUrl.startsWith('https://');
  if (livemode && isLocal(publicUrl)) {
    return [
      warn(
        'mode',
        `a live key serves ${publicUrl}`,
        'Use a test key while you develop: what is clicked here is charged.',
      ),
    ];
  }
  if (livemode && !isSafe) {
    return [
      fail('mode', `a live key serves ${publicUrl}`, 'Serve over https: tokens can be read on the way otherwise.'),
    ];
  }
  if (!isSafe && !isLocal(publicUrl)) {
    return [warn('mode', `${publicUrl} is no https`, 'Serve over https: tokens can be read on the way otherwise.')];
  }
  return [ok('mode', livemode ? 'live key, served over https' : 'test key')];
}

interface PriceLook {
  readonly id?: string;
  readonly lookup_key?: string | null;
  readonly recurring?: object | null;
}

async function catalogueOf({ hosts }: Config, gateway: StripeGateway): Promise<Diagnosis[]> {
  const offers = [...hosts.values()].flatMap(({ id, policy }) =>
    policy.offers.map(({ price }) => ({ host: id, price })),
  );
  if (offers.length === 0) return [ok('catalogue', 'no host offers anything to buy here')];
  const found = (await gateway.prices([...new Set(offers.map(({ price }) => price))])) as readonly PriceLook[];
  const wrong = offers.flatMap(({ host, price: ref }) => {
    const price = found.find(({ id, lookup_key: key }) => id === ref || key === ref);
    if (price === undefined) {
      return [
        fail(
          'catalogue',
          `${host} offers ${ref}, which Stripe does not know`,
          'Correct the offer: a price’s id or lookup key, of this key’s mode.',
        ),
      ];
    }
    if (isArchived(price)) {
      return [
        fail(
          'catalogue',
          `${host} offers ${ref}, which is archived`,
          'Offer another price, or take this one out of the archive.',
        ),
      ];
    }
    return price.recurring == null
      ? [fail('catalogue', `${host} offers ${ref}, which is bought once`, 'Offer a recurring price.')]
      : [];
  });
  return wrong.length > 0
    ? wrong
    : [ok('catalogue', `${offers.length === 1 ? 'the offer is' : `all ${offers.length} offers are`} for sale`)];
}

/** A lookup key that no price has is misspelt, or was renamed at Stripe: a ledger remembers that, and a new one would not. */
async function planKeysOf({ hosts }: Config, gateway: StripeGateway): Promise<Diagnosis[]> {
  const named = [...hosts.values()].flatMap(({ id: host, policy: { plans } }) =>
    plans === 'all' ? [] : plans.flatMap(({ lookupKey: key }) => (key === undefined ? [] : [{ host, key }])),
  );
  if (named.length === 0) return [];
  const found = (await gateway.prices([...new Set(named.map(({ key }) => key))])) as readonly PriceLook[];
  return named
    .filter(({ key }) => found.every(({ lookup_key: known }) => known !== key))
    .map(({ host, key }) =>
      warn(
        'catalogue',
        `${host} names a plan by the lookup key ${key}, which no price has`,
        'Correct it. Where it was renamed at Stripe, name the new key too, with the same "key": those who bought it keep the plan.',
      ),
    );
}

async function portalOf(host: Host, gateway: StripeGateway): Promise<Diagnosis[]> {
  const { id, portalConfiguration: kept, dashboardPortal } = host;
  try {
    const external = await externalPortal(host, gateway);
    if (external !== null) {
      const which = dashboardPortal ? `the Dashboard’s default configuration (${external.id})` : external.id;
      return [ok('portal', `${id} uses ${which}, which is maintained at Stripe`)];
    }
  } catch (cause) {
    const isOurs = cause instanceof StripeFailure && !cause.transient && cause.code !== 'stripe_unauthorized';
    if (kept === null || !isOurs) throw cause;
    return [
      fail('portal', `${id} uses ${kept}, which Stripe does not know`, 'Correct portalConfiguration, or leave it out.'),
    ];
  }
  const plans = await Promise.all([...host.portal.keys()].map((name) => planPortal(host, name, gateway)));
  return plans.map(({ owner, id: configuration, needs, leftOut }) => {
    const mistakes = leftOut.filter(
      ({ because }) => because === 'unknown' || because === 'archived' || because === 'many',
    );
    if (mistakes.length > 0) {
      const refs = mistakes.map(({ ref, because }) => `${ref} (${because})`).join(', ');
      return warn(
        'portal',
        `${owner} cannot offer ${refs} for switching`,
        'Correct the plans; billhook setup --check tells more.',
      );
    }
    if (needs === 'nothing') return ok('portal', `${owner} is as it should be (${configuration})`);
    return warn(
      'portal',
      needs === 'create'
        ? `${owner} is not at Stripe yet: the first click makes it${dashboardPortal ? '' : ', and the Dashboard’s own configuration is not used'}`
        : `${owner} is not up to date at Stripe: the first click changes it`,
      dashboardPortal
        ? 'Run billhook setup to do it now; or save the portal’s settings in the Dashboard, which are used then.'
        : 'Run billhook setup to do it now; or leave portal out, and the Dashboard’s default configuration is used.',
    );
  });
}
