/** The customer of an event's subject: the object is fetched, and its customer read off. */

import type { Stripe } from 'stripe';
import { orNothing } from './absent.ts';
import type { Subject } from '../ledger/events.ts';

/** The customer that something belongs to. Where it is gone, its owner's own events tell the rest. */
export async function ownerOf(stripe: Stripe, { type, id }: Subject): Promise<string | null> {
  const [found] = await orNothing(retrieve(stripe, type, id));
  const account = found?.customer_account;
  if (found && found.customer == null && account != null && type !== 'customer_account')
    return await ownerOf(stripe, { type: 'customer_account', id: account });
  const owner = found?.customer;
  return typeof owner === 'string' ? owner : (owner?.id ?? null);
}

type Owned = {
  readonly customer?: string | { readonly id: string } | null;
  readonly customer_account?: string | null;
};

async function retrieve(stripe: Stripe, type: string, id: string): Promise<Owned | null> {
  switch (type.replace(/^v1\./, '')) {
    case 'customer':
      return { customer: id };
    // OBJ-6: only a subscription always names the customer beside its account.
    case 'customer_account': {
      const { data } = await stripe.subscriptions.list({ customer_account: id, limit: 1, status: 'all' });
      return data[0] ?? null;
    }
    case 'subscription':
      return await stripe.subscriptions.retrieve(id);
    case 'subscription_schedule':
      return await stripe.subscriptionSchedules.retrieve(id);
    case 'invoice':
      return await stripe.invoices.retrieve(id);
    case 'invoice_payment': {
      const { invoice } = await stripe.invoicePayments.retrieve(id, { expand: ['invoice'] });
      return typeof invoice === 'object' && !('deleted' in invoice && invoice.deleted) ? (invoice as Owned) : null;
    }
    case 'invoiceitem':
      return await stripe.invoiceItems.retrieve(id);
    case 'payment_method':
      return await stripe.paymentMethods.retrieve(id);
    case 'payment_intent':
      return await stripe.paymentIntents.retrieve(id);
    case 'setup_intent':
      return await stripe.setupIntents.retrieve(id);
    case 'charge':
      return await stripe.charges.retrieve(id);
    case 'tax_id':
      return await stripe.taxIds.retrieve(id);
    case 'checkout.session':
      return await stripe.checkout.sessions.retrieve(id);
    default:
      return null;
  }
}
