/** What routes are made of: wired in `billhook.ts`, the same for all of them. */

import type { widgetAuth } from '../auth.ts';
import type { Catalogue } from '../catalogue.ts';
import type { Config } from '../config.ts';
import type { OpenCheckout } from '../checkout.ts';
import type { Linking } from '../linking.ts';
import type { PortalConfigurations } from '../portal-configurations.ts';
import type { Read } from '../reading.ts';
import type { StripeGateway } from '../stripe-gateway.ts';
import type { BillingStore } from '../store/store.ts';
import type { Waiters } from '../waiters.ts';
import type { Scope } from '../widget-token.ts';

export interface RouteParts {
  readonly config: Config;
  readonly store: BillingStore;
  readonly catalogue: Catalogue;
  readonly gateway: StripeGateway;
  readonly portals: PortalConfigurations;
  readonly waiters: Waiters;
  readonly read: Read;
  readonly linking: Linking;
  readonly openCheckout: OpenCheckout;
  /** Lets a request through with a token of this scope. */
  readonly allow: (scope: Scope) => ReturnType<typeof widgetAuth>;
  /** A ticket was raised: somebody should look. */
  readonly wakeWorker: () => void;
}
