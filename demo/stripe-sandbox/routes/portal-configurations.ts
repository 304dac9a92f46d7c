/** `/v1/billing_portal/configurations`: the flows that a portal allows. */

import { createConfiguration, defaultFeatures } from '../engine/portal.ts';
import { invalidRequest, noSuch } from '../errors.ts';
import type { Api } from '../http/api.ts';
import { natural, positive, returnAddress, webAddress } from '../http/bounds.ts';
import { page, pageParams } from '../http/paging.ts';
import {
  emptyable,
  flag,
  hash,
  list,
  metadata,
  only,
  required,
  text,
  textUpTo,
  union,
  type Read,
} from '../http/params.ts';
import type { State } from '../state/state.ts';
import type { PortalConfiguration } from '../state/wire.ts';
import { freshMetadata, patchMetadata } from './metadata.ts';
import { requirePrice } from './prices.ts';
import { requireProduct } from './products.ts';

type Features = PortalConfiguration['features'];
const proration = union<PortalConfiguration['features']['subscription_update']['proration_behavior']>();
const features = {
  customer_update: hash({
    allowed_updates: emptyable(list(union<Features['customer_update']['allowed_updates'][number]>())),
    enabled: flag,
  }),
  invoice_history: hash({ enabled: required(flag) }),
  payment_method_update: hash({ enabled: required(flag), payment_method_configuration: emptyable(text) }),
  subscription_cancel: hash({
    cancellation_reason: hash({
      enabled: required(flag),
      options: emptyable(list(union<Features['subscription_cancel']['cancellation_reason']['options'][number]>())),
    }),
    enabled: flag,
    mode: union<Features['subscription_cancel']['mode']>(),
    proration_behavior: proration,
  }),
  subscription_pause: hash({
    enabled: flag,
    duration: hash({
      type: required(union<Features['subscription_pause']['duration']['type']>()),
      interval_options: list(
        hash({
          interval:
            required(union<Features['subscription_pause']['duration']['interval_options'][number]['interval']>()),
          interval_count: required(positive),
        }),
      ),
    }),
  }),
  subscription_update: hash({
    billing_cycle_anchor: only('unchanged'),
    default_allowed_updates: emptyable(
      list(union<Features['subscription_update']['default_allowed_updates'][number]>()),
    ),
    enabled: flag,
    products: emptyable(
      list(
        hash({
          product: required(text),
          prices: required(list(text)),
          adjustable_quantity: hash({ enabled: required(flag), maximum: positive, minimum: natural }),
        }),
      ),
    ),
    proration_behavior: proration,
    schedule_at_period_end: hash({
      conditions: emptyable(
        list(
          hash({
            type: required(
              union<Features['subscription_update']['schedule_at_period_end']['conditions'][number]['type']>(),
            ),
          }),
        ),
      ),
    }),
    trial_update_behavior: union<Features['subscription_update']['trial_update_behavior']>(),
  }),
};

const configurationFields = {
  business_profile: hash({
    headline: emptyable(textUpTo(60)),
    privacy_policy_url: webAddress,
    terms_of_service_url: webAddress,
  }),
  default_return_url: emptyable(returnAddress),
  features: hash(features),
  login_page: hash({ enabled: required(flag) }),
  metadata,
  name: emptyable(text),
};

/** A field that was set can be cleared only by an update. */
const changedProfile = hash({
  headline: emptyable(textUpTo(60)),
  privacy_policy_url: emptyable(webAddress),
  terms_of_service_url: emptyable(webAddress),
});

export function portalConfigurationRoutes(api: Api): void {
  api.post(
    '/v1/billing_portal/configurations',
    { ...configurationFields, features: required(hash(features)) },
    ({ state, params }) => {
      const given = withFeatures(state, defaultFeatures(), params.features);
      return createConfiguration(state, {
        features: given,
        business_profile: {
          headline: params.business_profile?.headline ?? null,
          privacy_policy_url: params.business_profile?.privacy_policy_url ?? null,
          terms_of_service_url: params.business_profile?.terms_of_service_url ?? null,
        },
        default_return_url: params.default_return_url ?? null,
        metadata: freshMetadata(params.metadata),
        name: params.name ?? null,
      });
    },
  );
  api.get('/v1/billing_portal/configurations', { ...pageParams, active: flag, is_default: flag }, ({ state, params }) =>
    page(
      state.portalConfigurations.list(
        (row) =>
          (params.active === undefined || row.active === params.active) &&
          (params.is_default === undefined || row.is_default === params.is_default),
      ),
      params,
      '/v1/billing_portal/configurations',
      'configuration',
    ),
  );
  api.get('/v1/billing_portal/configurations/:id', {}, ({ state, id }) => requireConfiguration(state, id()));
  api.post(
    '/v1/billing_portal/configurations/:id',
    { ...configurationFields, business_profile: changedProfile, active: flag },
    ({ state, params, id }) => {
      const configuration = requireConfiguration(state, id());
      if (params.active === false && configuration.is_default) {
        throw invalidRequest('You cannot deactivate the default configuration.', { param: 'active' });
      }
      state.update(configuration, (changed) => {
        if (params.active !== undefined) changed.active = params.active;
        if (params.features) changed.features = withFeatures(state, changed.features, params.features);
        if (params.business_profile) Object.assign(changed.business_profile, params.business_profile);
        if (params.default_return_url !== undefined) changed.default_return_url = params.default_return_url;
        if (params.name !== undefined) changed.name = params.name;
        patchMetadata(changed, params.metadata);
        changed.updated = state.clock.seconds();
      });
      return configuration;
    },
  );
}

export function requireConfiguration(state: State, id: string, param = 'id'): PortalConfiguration {
  const configuration = state.portalConfigurations.get(id);
  if (!configuration) throw noSuch('configuration', id, param);
  return configuration;
}

type FeatureParams = Partial<Read<typeof features>>;

function withFeatures(
  state: State,
  base: PortalConfiguration['features'],
  params: FeatureParams,
): PortalConfiguration['features'] {
  const merged = structuredClone(base);
  const {
    customer_update: customerUpdate,
    subscription_cancel: cancel,
    subscription_update: change,
    subscription_pause: pause,
  } = params;
  if (params.invoice_history) merged.invoice_history = params.invoice_history;
  if (params.payment_method_update) {
    merged.payment_method_update = { payment_method_configuration: null, ...params.payment_method_update };
  }
  if (customerUpdate) {
    if (customerUpdate.enabled !== undefined) merged.customer_update.enabled = customerUpdate.enabled;
    if (customerUpdate.allowed_updates !== undefined)
      merged.customer_update.allowed_updates = customerUpdate.allowed_updates ?? [];
  }
  if (cancel) {
    const { cancellation_reason: reason, ...rest } = cancel;
    Object.assign(merged.subscription_cancel, rest);
    if (reason)
      merged.subscription_cancel.cancellation_reason = {
        enabled: reason.enabled,
        feedback_options: null,
        options: reason.options ?? [],
      };
  }
  if (pause) {
    if (pause.enabled !== undefined) merged.subscription_pause.enabled = pause.enabled;
    if (pause.duration) merged.subscription_pause.duration = { interval_options: [], ...pause.duration };
  }
  if (change) {
    const { products, schedule_at_period_end: schedule, default_allowed_updates: allowed, ...rest } = change;
    Object.assign(merged.subscription_update, rest);
    if (allowed !== undefined) merged.subscription_update.default_allowed_updates = allowed ?? [];
    if (schedule) merged.subscription_update.schedule_at_period_end = { conditions: schedule.conditions ?? [] };
    if (products !== undefined) {
      merged.subscription_update.products = (products ?? []).map((row, index) => {
        checkProduct(state, row, `features[subscription_update][products][${index}]`);
        const adjustable = row.adjustable_quantity;
        return {
          product: row.product,
          prices: row.prices,
          adjustable_quantity: {
            enabled: adjustable?.enabled ?? false,
            maximum: adjustable?.maximum ?? null,
            minimum: adjustable?.minimum ?? 1,
          },
        };
      });
    }
  }
  checkFeatures(merged);
  return merged;
}

/** SUB-10, PORT-4. */
function checkFeatures({
  payment_method_update: card,
  subscription_cancel: cancel,
  subscription_update: change,
}: PortalConfiguration['features']) {
  const isAtOnce = cancel.mode === 'immediately';
  if (cancel.proration_behavior === 'always_invoice' || (cancel.proration_behavior !== 'none' && !isAtOnce)) {
    throw invalidRequest(
      '`create_prorations` is compatible with `mode=immediately` only, and `always_invoice` with none.',
      {
        param: 'features[subscription_cancel][proration_behavior]',
      },
    );
  }
  if (change.enabled && !card.enabled)
    throw invalidRequest('Cannot enable subscription updates while payment method update is disabled.');
  if ((change.products ?? []).length > 10) {
    throw invalidRequest('You can have at most 10 products in a portal configuration.', {
      param: 'features[subscription_update][products]',
    });
  }
}

/** PORT-3: of one product, no two prices may have the same interval and currency. */
function checkProduct(state: State, { product, prices }: { product: string; prices: string[] }, path: string): void {
  requireProduct(state, product, `${path}[product]`);
  const seen = new Set<string>();
  for (const [index, id] of prices.entries()) {
    const param = `${path}[prices][${index}]`;
    const price = requirePrice(state, id, param);
    if (price.product !== product)
      throw invalidRequest(`The price ${id} does not belong to the product ${product}.`, { param });
    if (!price.recurring) throw invalidRequest(`The price ${id} must be recurring.`, { param });
    const interval = `${price.recurring.interval_count} ${price.recurring.interval} ${price.currency}`;
    if (seen.has(interval)) {
      throw invalidRequest(`The prices of the product ${product} must have unique billing intervals.`, {
        param: `${path}[prices]`,
      });
    }
    seen.add(interval);
  }
}
