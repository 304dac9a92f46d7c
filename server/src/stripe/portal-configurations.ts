/**
 * The host's portal configurations, made real at Stripe: found by `metadata.billhook`, created where they are missing,
 * updated where they differ. Other configurations are never touched, and used where the host names one or says nothing.
 */

import { createHash } from 'node:crypto';
import type { Host } from '../config/config.ts';
import { describeCause, type Log } from '../log.ts';
import {
  portalParameters,
  switchableProducts,
  type LeftOut,
  type ResolvedPlan,
  type SwitchableProduct,
} from './portal-parameters.ts';
import { externalPortalPolicy, featuresOf, type PortalSettings } from '../config/portal.ts';
import type { ReadyPortal } from './portal.ts';
import { isArchived, priceFacts } from './facts/price.ts';
import { StripeFailure } from './failure.ts';
import type { StripeGateway } from './gateway.ts';
import type { PortalFeatures } from '../billing/policy.ts';

/** The configurations found at Stripe, and the steps that they need. */
export interface PortalPlan {
  readonly owner: string;
  /** `null` where there is none yet. */
  readonly id: string | null;
  readonly needs: 'nothing' | 'create' | 'update';
  /** As they are at Stripe once nothing is needed. */
  readonly features: PortalFeatures;
  readonly products: readonly SwitchableProduct[];
  readonly leftOut: readonly LeftOut[];
  /** Does what is needed. @returns The configuration's id. */
  apply(): Promise<string>;
}

/** Compares one configuration with what is at Stripe; changes nothing yet. */
export async function planPortal(host: Host, name: string, gateway: StripeGateway): Promise<PortalPlan> {
  const settings = host.portal.get(name);
  if (!settings) throw new Error(`the host ${host.id} has no portal configuration named ${name}`);
  const owner = `${host.id}:${name}`;
  const [plans, kept] = await Promise.all([resolvePlans(host, settings, gateway), gateway.portalConfigurations()]);

  const { planSwitching } = settings;
  const { products, leftOut } =
    planSwitching === false ? { products: [], leftOut: [] } : switchableProducts(plans, planSwitching.changes);
  const parameters = portalParameters(owner, settings, products);
  const digest = parameters.metadata.billhook_digest;
  const own = kept
    .filter((each) => each.owner === owner)
    .toSorted((a, b) => a.created - b.created || (a.id < b.id ? -1 : 1));
  // Two versions that started at once on an empty account may have made one each: keep to what is already right.
  const right = own.find((each) => each.digest === digest && each.active);
  const found = right ?? own[0] ?? null;
  return {
    owner,
    id: found?.id ?? null,
    needs: right ? 'nothing' : found ? 'update' : 'create',
    features: featuresOf(settings, products.length > 0),
    products,
    leftOut,
    async apply() {
      if (right) return right.id;
      if (!found) return await gateway.createPortalConfiguration(parameters, creationKey(owner, digest));
      await gateway.updatePortalConfiguration(found.id, parameters);
      return found.id;
    },
  };
}

/** The same for every process that finds nothing, so that two at once end with one configuration. */
function creationKey(owner: string, digest: string): string {
  return `billhook-portal-${createHash('sha256').update(`${owner} ${digest}`).digest('base64url').slice(0, 32)}`;
}

async function resolvePlans(host: Host, settings: PortalSettings, gateway: StripeGateway): Promise<ResolvedPlan[]> {
  const { planSwitching } = settings;
  if (planSwitching === false) return [];
  const wanted = planSwitching.plans === 'offers' ? host.policy.offers : planSwitching.plans;
  if (wanted.length === 0) return [];
  const prices = (await gateway.prices([...new Set(wanted.map(({ price }) => price))])).flatMap((price) => {
    const facts = priceFacts(price, { currency: null, quantity: null, taxed: true });
    return facts === null ? [] : [{ ...facts, active: !isArchived(price) }];
  });
  return wanted.map((plan) => ({
    ref: plan.price,
    price: prices.find(({ price, lookupKey }) => price === plan.price || lookupKey === plan.price) ?? null,
    // An offer's quantity is what is bought at first, not what it may be changed to.
    quantity: planSwitching.plans === 'offers' ? undefined : (plan as { quantity?: ResolvedPlan['quantity'] }).quantity,
  }));
}

/**
 * The configuration of a host that is maintained at Stripe and used as it is: the named one, else the Dashboard's default
 * where the host says nothing of a portal.
 *
 * @returns `null` where Billhook keeps the host's own.
 */
export async function externalPortal(
  { portalConfiguration, dashboardPortal }: Host,
  gateway: StripeGateway,
): Promise<ReadyPortal | null> {
  if (dashboardPortal) return await gateway.defaultPortal();
  if (portalConfiguration === null) return null;
  return { id: portalConfiguration, features: await gateway.portalFeatures(portalConfiguration) };
}

const isGone = (cause: unknown): boolean => cause instanceof StripeFailure && cause.code === 'portal_not_configured';

/** The configurations of all hosts, each looked up at its first use and then kept: a click costs one call to Stripe. */
export class PortalConfigurations {
  readonly #gateway: StripeGateway;
  readonly #log: Log;
  readonly #ready = new Map<string, Promise<ReadyPortal>>();

  constructor(gateway: StripeGateway, log: Log) {
    this.#gateway = gateway;
    this.#log = log;
  }

  /**
   * Opens something with the configuration. Where Stripe says that it is gone, or was switched off, it is looked up
   * again, once: a long-lived process must not need a restart after a change in the Dashboard.
   *
   * @param name - as the rules chose it
   * @throws {StripeFailure}
   */
  async use<T>(host: Host, name: string, open: (portal: ReadyPortal) => Promise<T>): Promise<T> {
    if (host.portalConfiguration !== null) {
      const features = host.policy.portal.features[name];
      if (!features) throw new Error(`the host ${host.id} has no portal configuration named ${name}`);
      try {
        return await open({ id: host.portalConfiguration, features });
      } catch (cause) {
        if (!host.dashboardPortal || !isGone(cause)) throw cause;
      }
    }
    const key = `${host.id}:${name}`;
    const known = this.#ready.get(key);
    try {
      return await open(await this.#prepared(host, name));
    } catch (cause) {
      if (known === undefined || !isGone(cause)) throw cause;
      // Unless another request, which met the same, has begun that already.
      if (this.#ready.get(key) === known) this.#ready.delete(key);
      return await open(await this.#prepared(host, name));
    }
  }

  #prepared(host: Host, name: string): Promise<ReadyPortal> {
    const key = `${host.id}:${name}`;
    const known = this.#ready.get(key);
    if (known) return known;
    const preparing = this.#prepare(host, name);
    this.#ready.set(key, preparing);
    // A failure is answered to the requests that wait for it, and to none after.
    preparing.catch(() => this.#ready.get(key) === preparing && this.#ready.delete(key));
    return preparing;
  }

  async #prepare(host: Host, name: string): Promise<ReadyPortal> {
    // Saved since the start, or not to be asked for then.
    const external = await externalPortal(host, this.#gateway);
    if (external !== null) return external;
    const plan = await planPortal(host, name, this.#gateway);
    const id = await plan.apply();
    const fields = { host: host.id, configuration: name };
    if (plan.needs !== 'nothing') this.#log.info('portal.configured', { ...fields, type: plan.needs, audit: true });
    if (plan.leftOut.length > 0) this.#log.warn('portal.plans_left_out', { ...fields, count: plan.leftOut.length });
    return { id, features: plan.features };
  }
}

/**
 * Reads from Stripe which configuration outside Billhook a host uses and which flows it leaves open, so that the widget
 * offers just those. Stripe being down does not stop the start: the assumption is corrected by Stripe's refusals, and a
 * default is looked for again by the first click.
 */
export async function loadExternalPortals<T extends { readonly hosts: ReadonlyMap<string, Host>; readonly log: Log }>(
  config: T,
  gateway: StripeGateway,
): Promise<T> {
  const hosts = await Promise.all(
    [...config.hosts].map(async ([id, host]): Promise<[string, Host]> => {
      try {
        const external = await externalPortal(host, gateway);
        if (external === null) return [id, host];
        const policy = { ...host.policy, portal: externalPortalPolicy(external.features) };
        return [id, { ...host, portalConfiguration: external.id, policy }];
      } catch (cause) {
        if (!(cause instanceof StripeFailure)) throw cause;
        config.log.warn('portal.unknown', { host: id, code: cause.code, cause: describeCause(cause) });
        return [id, host];
      }
    }),
  );
  return { ...config, hosts: new Map(hosts) };
}
