/** Every endpoint that the sandbox has. */

import type { Api } from '../http/api.ts';
import type { Deliveries } from '../webhooks/deliveries.ts';
import { accountRoutes } from './account.ts';
import { balanceRoutes } from './balance.ts';
import { catalogRoutes } from './catalog.ts';
import { checkoutRoutes } from './checkout.ts';
import { customerRoutes } from './customers.ts';
import { discountRoutes } from './discounts.ts';
import { disputeRoutes } from './disputes.ts';
import { entitlementRoutes } from './entitlements.ts';
import { invoiceItemRoutes } from './invoice-items.ts';
import { invoiceRoutes } from './invoices.ts';
import { meterRoutes } from './meters.ts';
import { paymentIntentRoutes } from './payment-intents.ts';
import { paymentMethodRoutes } from './payment-methods.ts';
import { paymentRoutes } from './payments.ts';
import { planRoutes } from './plans.ts';
import { portalConfigurationRoutes } from './portal-configurations.ts';
import { portalSessionRoutes } from './portal-sessions.ts';
import { previewRoutes } from './previews.ts';
import { priceRoutes } from './prices.ts';
import { refundRoutes } from './refunds.ts';
import { scheduleRoutes } from './schedules.ts';
import { setupIntentRoutes } from './setup-intents.ts';
import { subscriptionItemRoutes } from './subscription-items.ts';
import { subscriptionRoutes } from './subscriptions.ts';
import { taxRoutes } from './tax.ts';
import { testClockRoutes } from './test-clocks.ts';
import { webhookRoutes } from './webhooks.ts';

export function registerRoutes(api: Api, deliveries: Deliveries): void {
  accountRoutes(api);
  catalogRoutes(api);
  priceRoutes(api);
  planRoutes(api);
  discountRoutes(api);
  taxRoutes(api);
  customerRoutes(api);
  paymentMethodRoutes(api);
  balanceRoutes(api);
  entitlementRoutes(api);
  subscriptionRoutes(api);
  subscriptionItemRoutes(api);
  scheduleRoutes(api);
  checkoutRoutes(api);
  // Before the invoices: `/:id` would take "create_preview" for one.
  previewRoutes(api);
  invoiceRoutes(api);
  invoiceItemRoutes(api);
  paymentRoutes(api);
  paymentIntentRoutes(api);
  setupIntentRoutes(api);
  disputeRoutes(api);
  refundRoutes(api);
  meterRoutes(api);
  testClockRoutes(api);
  portalConfigurationRoutes(api);
  portalSessionRoutes(api);
  webhookRoutes(api, deliveries);
}
