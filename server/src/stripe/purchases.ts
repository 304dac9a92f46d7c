/** Calls of a first purchase: the account's customer, and its one open Checkout. */

import type { Stripe } from 'stripe';
import { orNothing } from './absent.ts';
import { click } from './click.ts';
import type { AccountRef } from '../ledger/account.ts';

export interface CheckoutRequest extends AccountRef {
  readonly customer: string;
  readonly price: string;
  /** `null` for what is billed by usage. */
  readonly quantity: number | null;
  readonly trialDays: number | null;
  readonly returnUrl: string;
  readonly locale: string | null;
}

export interface PurchaseCalls {
  /** Creates the account's customer; the same key gives the same customer. */
  createCustomer(ref: AccountRef, key: string): Promise<string>;
  /** The customer that was created for the account, if there is one. */
  findCustomer(ref: AccountRef): Promise<string | null>;
  openCheckout(request: CheckoutRequest): Promise<{ readonly id: string; readonly url: string }>;
  /** How a Checkout stands; `null` when Stripe does not know it. */
  checkoutSession(id: string): Promise<{ readonly status: string; readonly url: string | null } | null>;
  /** Makes an open Checkout unusable; one that is not open stays as it is. */
  expireCheckout(id: string): Promise<void>;
}

const metadataOf = ({ host, account }: AccountRef) => ({ billhook_host: host, billhook_account: account });

export function purchaseCalls({ checkout, customers }: Stripe): PurchaseCalls {
  return {
    async createCustomer(ref, key) {
      // Nothing else: the parameters must be the same at every try, or Stripe refuses the key (HTTP-8).
      const created = await customers.create({ metadata: metadataOf(ref) }, { ...click, idempotencyKey: key });
      return created.id;
    },

    async findCustomer({ host, account }) {
      const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
      const query = `metadata['billhook_host']:${quoted(host)} AND metadata['billhook_account']:${quoted(account)}`;
      return (await customers.search({ query, limit: 1 })).data[0]?.id ?? null;
    },

    async openCheckout({ customer, price, quantity, trialDays, returnUrl, locale, ...ref }) {
      const metadata = metadataOf(ref);
      const session = await checkout.sessions.create(
        {
          mode: 'subscription',
          customer,
          line_items: [{ price, ...(quantity === null ? {} : { quantity }) }],
          success_url: returnUrl,
          cancel_url: returnUrl,
          metadata,
          subscription_data: { metadata, ...(trialDays === null ? {} : { trial_period_days: trialDays }) },
          ...(locale === null ? {} : { locale: locale as Stripe.Checkout.SessionCreateParams.Locale }),
        },
        click,
      );
      if (!session.url) throw new Error('a new Checkout session has no address');
      return { id: session.id, url: session.url };
    },

    async checkoutSession(id) {
      const [session] = await orNothing(checkout.sessions.retrieve(id));
      return session?.status ? { status: session.status, url: session.url } : null;
    },

    async expireCheckout(id) {
      const session = await checkout.sessions.retrieve(id);
      if (session.status === 'open') await checkout.sessions.expire(id);
    },
  };
}
