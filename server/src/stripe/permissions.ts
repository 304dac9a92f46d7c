/**
 * The permissions that a restricted key needs, and how each is asked for without changing anything: a list of one, or a
 * write to an id that cannot exist, which Stripe refuses as missing only to a key that may write (KEY-1).
 *
 * @see {@link https://docs.stripe.com/keys/restricted-api-keys Stripe: restricted keys}
 */

import { Stripe } from 'stripe';

export interface Permission {
  /** As Stripe's refusals and the Dashboard's address for a new key name it. */
  readonly name: string;
  /** As the Dashboard's form calls it. */
  readonly resource: string;
  /** Billhook's use of it. */
  readonly why: string;
}

interface Probed extends Permission {
  probe(stripe: Stripe): Promise<unknown>;
}

const nowhere = 'billhook_doctor';
const one = { limit: 1 };

/** `rak_…_write` includes `rak_…_read`. */
const probed: readonly Probed[] = [
  {
    name: 'rak_accounts_kyc_basic_read',
    resource: 'Accounts',
    why: 'pins the ledger to its Stripe account, at every start',
    probe: (stripe) => stripe.accounts.retrieveCurrent(),
  },
  {
    name: 'rak_customer_write',
    resource: 'Customers',
    why: 'creates the customer of a first purchase, and reads customers and their tax ids',
    probe: (stripe) => stripe.customers.update(`cus_${nowhere}`, {}),
  },
  {
    name: 'rak_subscription_read',
    resource: 'Subscriptions',
    why: 'reads what an account has, and what is planned for it',
    probe: (stripe) => stripe.subscriptions.list(one),
  },
  {
    name: 'rak_invoice_read',
    resource: 'Invoices',
    why: 'knows what is owed, and leads to the page where it is paid',
    probe: (stripe) => stripe.invoices.list(one),
  },
  {
    name: 'rak_payment_intent_read',
    resource: 'PaymentIntents',
    why: 'knows whether a payment failed, waits for the bank, or is on its way',
    probe: (stripe) => stripe.paymentIntents.list(one),
  },
  {
    name: 'rak_charge_read',
    resource: 'Charges and Refunds',
    why: 'knows when a payment failed first: grace begins there',
    probe: (stripe) => stripe.charges.list(one),
  },
  {
    name: 'rak_payment_method_read',
    resource: 'PaymentMethods',
    why: 'shows the card, and warns before it expires',
    probe: (stripe) => stripe.paymentMethods.retrieve(`pm_${nowhere}`),
  },
  {
    name: 'rak_product_read',
    resource: 'Products',
    why: 'shows the names of plans',
    probe: (stripe) => stripe.products.list(one),
  },
  {
    name: 'rak_plan_read',
    resource: 'Prices',
    why: 'shows offers, and the plans to switch to',
    probe: (stripe) => stripe.prices.list(one),
  },
  {
    name: 'rak_checkout_session_write',
    resource: 'Checkout Sessions',
    why: 'opens the first purchase, and closes the one that it replaces',
    probe: (stripe) => stripe.checkout.sessions.expire(`cs_test_${nowhere}`),
  },
  {
    name: 'rak_customer_portal_write',
    resource: 'Customer portal',
    why: 'opens the portal, and makes its configurations',
    probe: (stripe) => stripe.billingPortal.configurations.update(`bpc_${nowhere}`, {}),
  },
  {
    name: 'rak_event_read',
    resource: 'Events',
    why: 'finds the events that no webhook brought',
    probe: (stripe) => stripe.events.list(one),
  },
  {
    name: 'rak_webhook_read',
    resource: 'Webhook Endpoints',
    why: 'lets doctor compare the endpoint with what Billhook reads',
    probe: (stripe) => stripe.webhookEndpoints.list(one),
  },
];

export const neededPermissions: readonly Permission[] = probed.map(({ name, resource, why }) => ({
  name,
  resource,
  why,
}));

/** Those that the key lacks, by the names that Stripe gives them in its refusals. */
export async function missingPermissions(stripe: Stripe): Promise<Permission[]> {
  const answers = probed.map(async ({ name, resource, why, probe }) => {
    const refusal = await refusalOf(probe(stripe));
    return refusal === null ? [] : [{ name: nameIn(refusal) ?? name, resource, why }];
  });
  return (await Promise.all(answers)).flat();
}

/** The refusal for want of a permission; `null` when there was an answer, or the thing asked for is missing. */
async function refusalOf(asked: Promise<unknown>): Promise<Error | null> {
  try {
    await asked;
    return null;
  } catch (cause) {
    if (cause instanceof Stripe.errors.StripePermissionError) return cause;
    if (cause instanceof Stripe.errors.StripeInvalidRequestError) return null;
    throw cause;
  }
}

const nameIn = ({ message }: Error): string | null => /'(rak_\w+)'/.exec(message)?.[1] ?? null;
