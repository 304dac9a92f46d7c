/** All subscriptions of a customer, with everything that is judged and shown of them. */

import { Stripe } from 'stripe';

/** Stripe expands at most four levels; product names come from the catalogue instead. */
const expanded = [
  'data.customer.invoice_settings.default_payment_method',
  'data.default_payment_method',
  'data.latest_invoice',
  'data.schedule',
  'data.customer.tax_ids',
];
const withCoupons = [...expanded, 'data.discounts.source.coupon'];

/**
 * A key that may not read coupons has everything but their terms (KEY-1): it is asked once, and not again while the process
 * lives.
 */
export function subscriptionList(stripe: Stripe): (customer: string) => Promise<Stripe.Subscription[]> {
  let couponsAreRefused = false;

  const list = (customer: string, expand: string[]) =>
    stripe.subscriptions.list({ customer, status: 'all', limit: 100, expand }).autoPagingToArray({ limit: 10_000 });

  return async function listSubscriptions(customer) {
    if (couponsAreRefused) return await list(customer, expanded);
    try {
      return await list(customer, withCoupons);
    } catch (cause) {
      if (!(cause instanceof Stripe.errors.StripePermissionError)) throw cause;
      // Where another permission is missing, this is refused as well.
      const found = await list(customer, expanded);
      couponsAreRefused = true;
      return found;
    }
  };
}
