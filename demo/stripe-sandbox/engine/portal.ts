/** The customer portal's configurations and sessions; its pages are in `pages/`. */

import { invalidRequest } from '../errors.ts';
import type { State } from '../state/state.ts';
import type { PortalConfiguration, PortalSession } from '../state/wire.ts';

type Features = PortalConfiguration['features'];

export const defaultFeatures = (): Features => ({
  customer_update: { allowed_updates: [], enabled: false },
  invoice_history: { enabled: false },
  payment_method_update: { enabled: false, payment_method_configuration: null },
  subscription_cancel: {
    cancellation_reason: { enabled: false, feedback_options: null, options: [] },
    enabled: false,
    mode: 'at_period_end',
    proration_behavior: 'none',
  },
  subscription_pause: { duration: { interval_options: [], type: 'indefinite' }, enabled: false },
  // SUB-10: the defaults of a plan change.
  subscription_update: {
    billing_cycle_anchor: 'unchanged',
    default_allowed_updates: [],
    enabled: false,
    products: [],
    proration_behavior: 'none',
    schedule_at_period_end: { conditions: [] },
    trial_update_behavior: 'end_trial',
  },
});

export function createConfiguration(
  state: State,
  given: Partial<
    Pick<
      PortalConfiguration,
      'features' | 'business_profile' | 'default_return_url' | 'metadata' | 'name' | 'is_default'
    >
  >,
): PortalConfiguration {
  const now = state.clock.seconds();
  const configuration: PortalConfiguration = {
    id: state.ids.next('bpc'),
    object: 'billing_portal.configuration',
    active: true,
    application: null,
    business_profile: given.business_profile ?? {
      headline: null,
      privacy_policy_url: null,
      terms_of_service_url: null,
    },
    created: now,
    default_return_url: given.default_return_url ?? null,
    features: given.features ?? defaultFeatures(),
    is_default: given.is_default ?? false,
    livemode: false,
    login_page: { enabled: false, url: null },
    metadata: given.metadata ?? {},
    name: given.name ?? null,
    updated: now,
  };
  state.portalConfigurations.add(configuration);
  state.emit('billing_portal.configuration.created', configuration);
  return configuration;
}

/**
 * Saving the portal's settings in the Dashboard: the only way in which Stripe makes a *default* configuration, so until
 * it is saved, sessions without a configuration are refused (HTTP-5).
 */
export function savePortalSettings(state: State): PortalConfiguration {
  const existing = defaultConfiguration(state);
  if (existing) return existing;
  const features = defaultFeatures();
  features.customer_update = { allowed_updates: ['email', 'address', 'tax_id'], enabled: true };
  features.invoice_history.enabled = true;
  features.payment_method_update.enabled = true;
  features.subscription_cancel.enabled = true;
  features.subscription_cancel.cancellation_reason = {
    enabled: true,
    feedback_options: null,
    options: ['too_expensive', 'missing_features', 'switched_service', 'unused', 'too_complex', 'other'],
  };
  return createConfiguration(state, { features, is_default: true });
}

export const defaultConfiguration = (state: State): PortalConfiguration | undefined =>
  [...state.portalConfigurations.values()].find((row) => row.is_default && row.active);

/** HTTP-5. */
export const noConfiguration = (): Error =>
  invalidRequest(
    'No configuration provided and your test mode default configuration has not been created. Provide a configuration or create your default by saving your customer portal settings in test mode at https://dashboard.stripe.com/test/settings/billing/portal.',
  );

/** Makes a portal session: its address is a key to a customer's billing for a short time. */
export function createPortalSession(
  state: State,
  customer: string,
  configuration: PortalConfiguration,
  given: Partial<Pick<PortalSession, 'flow' | 'locale' | 'return_url'>> = {},
): PortalSession {
  const session: PortalSession = {
    id: state.ids.next('bps'),
    object: 'billing_portal.session',
    configuration: configuration.id,
    created: state.clock.seconds(),
    customer,
    customer_account: null,
    flow: given.flow ?? null,
    livemode: false,
    locale: given.locale ?? null,
    on_behalf_of: null,
    return_url: given.return_url ?? configuration.default_return_url,
    url: `${state.origin()}/p/session/test_${state.ids.token(48)}`,
  };
  state.portalSessions.add(session);
  // Stripe's event carries the address: a store of events is a store of keys.
  state.emit('billing_portal.session.created', session);
  return session;
}

/** How a session's page stands, by its key. */
export type SessionVisit = { session: PortalSession; configuration: PortalConfiguration } | 'unknown' | 'expired';

/**
 * Opens a portal session by the key in its address, and keeps it alive (PORT-1: 300 s unused, 3600 s since the last
 * activity; both can be set).
 */
export function visitSession(state: State, key: string): SessionVisit {
  const session = [...state.portalSessions.values()].find((row) => row.url.endsWith(`/p/session/${key}`));
  const configuration = session && state.portalConfigurations.get(session.configuration);
  if (!session || !configuration) return 'unknown';
  const now = state.clock.seconds();
  const lastSeen = state.portalVisits.get(session.id);
  const { unusedSeconds, idleSeconds } = state.settings.portal;
  const over = lastSeen === undefined ? now > session.created + unusedSeconds : now > lastSeen + idleSeconds;
  if (over || !state.customers.get(session.customer)) return 'expired';
  state.portalVisits.set(session.id, now);
  return { session, configuration };
}
