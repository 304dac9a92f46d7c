/** The context that all routes share: wired in `billhook.ts`, the same for all of them. */

import type { AuthParts, widgetAuth } from './auth.ts';
import type { Catalogue } from '../background/catalogue.ts';
import type { Config } from '../config/config.ts';
import type { OpenCheckout } from '../accounts/checkout.ts';
import type { Linking } from '../accounts/linking.ts';
import type { Metrics } from '../operations/metrics.ts';
import type { Background } from '../background/background.ts';
import type { PortalConfigurations } from '../stripe/portal-configurations.ts';
import type { ReadAccount } from '../accounts/view.ts';
import type { StripeGateway } from '../stripe/gateway.ts';
import type { BillingStore, StripeIdentity } from '../ledger/ledger.ts';
import type { Waiters } from '../background/waiters.ts';
import type { Scope } from '../tokens/claims.ts';
import type { Limits } from './rate-limits.ts';

export interface RouteContext extends Omit<Background, 'start' | 'stop'> {
  readonly config: Config;
  readonly store: BillingStore;
  readonly catalogue: Catalogue;
  readonly gateway: StripeGateway;
  readonly portals: PortalConfigurations;
  readonly waiters: Waiters;
  readonly read: ReadAccount;
  readonly linking: Linking;
  readonly openCheckout: OpenCheckout;
  readonly auth: AuthParts;
  /** Lets a request through with a token of this scope. */
  readonly allow: (scope: Scope) => ReturnType<typeof widgetAuth>;
  /** The Stripe account of the key, once Stripe has said so. */
  readonly stripeAccount: () => StripeIdentity | null;
  readonly metrics: Metrics;
  readonly limits: Limits;
}
