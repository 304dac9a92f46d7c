/** Calls of Stripe's customer portal: a session for a click, and Billhook's configurations. */

import type { Stripe } from 'stripe';
import type { PortalFlow } from '@billhook/widget/contract';
import type { PortalParameters } from './portal-parameters.ts';
import { click } from './click.ts';
import type { PortalFeatures } from '../billing/policy.ts';

export interface PortalRequest {
  readonly customer: string;
  /** Where the portal's "back" leads. */
  readonly returnUrl: string;
  /** `null` opens the portal's home. */
  readonly flow: PortalFlowRequest | null;
  readonly configuration: string;
  /** One of Stripe's; `null` lets Stripe choose by the customer and the browser. */
  readonly locale: string | null;
}

export interface PortalFlowRequest {
  readonly type: PortalFlow;
  /** `null` for `payment_method_update`, which is about none. */
  readonly subscription: string | null;
  /** Where its completion leads; `null` for the portal's home. */
  readonly completionUrl: string | null;
}

/** A configuration at Stripe that says it is Billhook's. Times are Unix seconds. */
export interface KeptPortalConfiguration {
  readonly id: string;
  /** `metadata.billhook`: `<host>:<name>`. */
  readonly owner: string;
  /** Of the settings that it was made from. */
  readonly digest: string | null;
  readonly active: boolean;
  readonly created: number;
}

/** A configuration that a session can be opened with. */
export interface ReadyPortal {
  readonly id: string;
  readonly features: PortalFeatures;
}

export interface PortalCalls {
  openPortal(request: PortalRequest): Promise<string>;
  /** Every configuration that Billhook made, for whichever host. */
  portalConfigurations(): Promise<KeptPortalConfiguration[]>;
  /** @returns Its id. The same key gives the same configuration. */
  createPortalConfiguration(parameters: PortalParameters, key: string): Promise<string>;
  /** Replaces its content, and makes it usable should it have been switched off. */
  updatePortalConfiguration(id: string, parameters: PortalParameters): Promise<void>;
  /** The deep links that any configuration leaves open. */
  portalFeatures(id: string): Promise<PortalFeatures>;
  /** The Dashboard's own configuration; `null` where its settings were never saved. */
  defaultPortal(): Promise<ReadyPortal | null>;
}

export function portalCalls({ billingPortal }: Stripe): PortalCalls {
  return {
    async openPortal({ customer, returnUrl, flow, configuration, locale }) {
      const session = await billingPortal.sessions.create(
        {
          customer,
          configuration,
          return_url: returnUrl,
          ...(locale === null ? {} : { locale }),
          ...(flow === null ? {} : { flow_data: flowData(flow) }),
        },
        click,
      );
      return session.url;
    },

    async portalConfigurations() {
      // Also those that are switched off: a second one beside it would be one too many.
      const found = await billingPortal.configurations.list({ limit: 100 }).autoPagingToArray({ limit: 1_000 });
      return found.flatMap(({ id, metadata, active, created }) => {
        const owner = metadata?.['billhook'];
        return owner === undefined
          ? []
          : [{ id, owner, digest: metadata?.['billhook_digest'] ?? null, active, created }];
      });
    },

    async createPortalConfiguration(parameters, key) {
      const { business_profile: profile, ...rest } = parameters;
      const given = Object.fromEntries(Object.entries(profile).filter(([, value]) => value !== ''));
      // A second process that asks at the same moment is told to wait for the first (409): the SDK asks again.
      const made = await billingPortal.configurations.create(
        { ...rest, ...(Object.keys(given).length > 0 ? { business_profile: given } : {}) },
        { idempotencyKey: key, maxNetworkRetries: 3 },
      );
      return made.id;
    },

    async updatePortalConfiguration(id, parameters) {
      const { subscription_update: change, ...features } = parameters.features;
      // An empty list is not sent at all, and would leave the conditions that were there before.
      const cleared = change.schedule_at_period_end?.conditions.length === 0;
      const subscriptionUpdate = cleared ? { ...change, schedule_at_period_end: { conditions: '' as const } } : change;
      await billingPortal.configurations.update(
        id,
        { ...parameters, features: { ...features, subscription_update: subscriptionUpdate }, active: true },
        { maxNetworkRetries: 1 },
      );
    },

    async portalFeatures(id) {
      return featuresOf(await billingPortal.configurations.retrieve(id));
    },

    async defaultPortal() {
      const { data } = await billingPortal.configurations.list({ is_default: true, active: true, limit: 1 });
      return data[0] === undefined ? null : { id: data[0].id, features: featuresOf(data[0]) };
    },
  };
}

const featuresOf = ({ features }: Stripe.BillingPortal.Configuration): PortalFeatures => ({
  cancel: features.subscription_cancel.enabled,
  update: features.subscription_update.enabled,
  pause: features.subscription_pause.enabled,
  paymentMethod: features.payment_method_update.enabled,
});

function flowData({
  type,
  subscription,
  completionUrl,
}: PortalFlowRequest): Stripe.BillingPortal.SessionCreateParams.FlowData {
  return {
    type,
    after_completion:
      completionUrl === null
        ? { type: 'portal_homepage' }
        : { type: 'redirect', redirect: { return_url: completionUrl } },
    ...(subscription === null ? {} : { [type]: { subscription } }),
  };
}
