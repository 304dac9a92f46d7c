/** All subscriptions of a customer, with everything that is judged and shown of them. */

import type { Stripe } from 'stripe';
import { couponTerms } from './coupons.ts';

/** Stripe expands at most four levels; product names come from the catalogue instead. */
const expand = [
  'data.customer.invoice_settings.default_payment_method',
  'data.default_payment_method',
  'data.latest_invoice',
  'data.schedule',
  'data.customer.tax_ids',
  'data.discounts',
  'data.items.data.discounts',
];

export function subscriptionList(stripe: Stripe): (customer: string) => Promise<Stripe.Subscription[]> {
  const fillInCoupons = couponTerms(stripe);
  return async function listSubscriptions(customer) {
    const found = await stripe.subscriptions
      .list({ customer, status: 'all', limit: 100, expand })
      .autoPagingToArray({ limit: 10_000 });
    await fillInCoupons(found);
    return found;
  };
}
