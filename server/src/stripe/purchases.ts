/** Calls of a first purchase: the account's customer, and its one open Checkout. */

import type { Stripe } from 'stripe';
import { orNothing } from './absent.ts';
import { click } from './click.ts';
import type { CheckoutSettings, OfferRule } from '../billing/policy.ts';
import type { AccountRef } from '../ledger/account.ts';

export interface CheckoutRequest extends AccountRef {
  readonly customer: string;
  readonly price: string;
  /** `null` for what is billed by usage. */
  readonly quantity: number | null;
  /** `null`: it is fixed. */
  readonly adjustable: NonNullable<OfferRule['adjustableQuantity']> | null;
  readonly trialDays: number | null;
  readonly settings: CheckoutSettings;
  readonly returnUrl: string;
  readonly locale: string | null;
}

export interface OpenedCheckout {
  readonly status: string;
  readonly url: string | null;
  readonly customer: string | null;
}

export interface PurchaseCalls {
  /** Creates the account's customer; the same key gives the same customer. */
  createCustomer(ref: AccountRef, key: string): Promise<string>;
  /** Tells Stripe what the host says of a customer that is not linked yet. The same may be told again. */
  describeCustomer(customer: string, details: { readonly email?: string; readonly name?: string }): Promise<void>;
  /** The customer that was created for the account, if there is one. */
  findCustomer(ref: AccountRef): Promise<string | null>;
  openCheckout(request: CheckoutRequest): Promise<{ readonly id: string; readonly url: string }>;
  /** How a Checkout stands; `null` when Stripe does not know it. */
  checkoutSession(id: string): Promise<OpenedCheckout | null>;
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

    // Not at the creation: another e-mail at the next try would be other parameters under the same key.
    async describeCustomer(customer, details) {
      await customers.update(customer, details, click);
    },

    async findCustomer({ host, account }) {
      const quoted = (text: string) => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
      const query = `metadata['billhook_host']:${quoted(host)} AND metadata['billhook_account']:${quoted(account)}`;
      return (await customers.search({ query, limit: 1 })).data[0]?.id ?? null;
    },

    async openCheckout(request) {
      const { customer, returnUrl, locale, settings, trialDays } = request;
      const metadata = { ...settings.metadata, ...metadataOf(request) };
      const session = await checkout.sessions.create(
        {
          mode: 'subscription',
          customer,
          line_items: [lineOf(request)],
          success_url: returnUrl,
          cancel_url: returnUrl,
          metadata,
          subscription_data: { metadata, ...(trialDays === null ? {} : { trial_period_days: trialDays }) },
          ...settingsOf(settings),
          ...(locale === null ? {} : { locale: locale as Stripe.Checkout.SessionCreateParams.Locale }),
        },
        click,
      );
      if (!session.url) throw new Error('a new Checkout session has no address');
      return { id: session.id, url: session.url };
    },

    async checkoutSession(id) {
      const [session] = await orNothing(checkout.sessions.retrieve(id));
      if (!session?.status) return null;
      const { customer, status, url } = session;
      return { status, url, customer: typeof customer === 'string' ? customer : (customer?.id ?? null) };
    },

    async expireCheckout(id) {
      const session = await checkout.sessions.retrieve(id);
      if (session.status === 'open') await checkout.sessions.expire(id);
    },
  };
}

function lineOf({ price, quantity, adjustable }: CheckoutRequest): Stripe.Checkout.SessionCreateParams.LineItem {
  // What is billed by usage has no quantity, and none to choose.
  if (quantity === null) return { price };
  return { price, quantity, ...(adjustable === null ? {} : { adjustable_quantity: { enabled: true, ...adjustable } }) };
}

/** CHK-1: what an existing customer's tax needs is kept with the customer. */
function settingsOf(settings: CheckoutSettings): Partial<Stripe.Checkout.SessionCreateParams> {
  const { automaticTax = false, taxIdCollection = false, billingAddressCollection, consentCollection } = settings;
  const { termsOfService, promotions } = consentCollection ?? {};
  const keepsAddress = automaticTax || billingAddressCollection === 'required';
  const update = {
    ...(keepsAddress ? { address: 'auto' as const } : {}),
    ...(taxIdCollection === false ? {} : { name: 'auto' as const }),
  };
  const consent = {
    ...(termsOfService === undefined ? {} : { terms_of_service: termsOfService }),
    ...(promotions === undefined ? {} : { promotions }),
  };
  return {
    ...(automaticTax ? { automatic_tax: { enabled: true } } : {}),
    ...(taxIdCollection === false
      ? {}
      : {
          tax_id_collection: {
            enabled: true,
            ...(taxIdCollection === 'required' ? { required: 'if_supported' as const } : {}),
          },
        }),
    ...(settings.allowPromotionCodes === true ? { allow_promotion_codes: true } : {}),
    ...(billingAddressCollection === undefined ? {} : { billing_address_collection: billingAddressCollection }),
    ...(Object.keys(consent).length === 0 ? {} : { consent_collection: consent }),
    ...(settings.paymentMethodCollection === 'ifRequired' ? { payment_method_collection: 'if_required' as const } : {}),
    ...(Object.keys(update).length === 0 ? {} : { customer_update: update }),
  };
}
