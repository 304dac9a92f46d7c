/**
 * The narrow port to Stripe, and its one implementation. Stripe's types, errors and retries stop here: its results are
 * plain JSON for `facts/`, and a `StripeFailure` (`failure.ts`) with a code.
 */

import { Stripe } from 'stripe';
import { failureCode, named } from './failure.ts';
import type { Priority, RequestBudget } from './request-budget.ts';
import { orNothing } from './absent.ts';
import { eventCalls, type EventCalls } from './events.ts';
import { stripeHttp } from './http.ts';
import { signedEvents } from './signature.ts';
import { portalCalls, type PortalCalls } from './portal.ts';
import { purchaseCalls, type PurchaseCalls } from './purchases.ts';
import { missingPermissions, type Permission } from './permissions.ts';
import { subscriptionList } from './subscriptions.ts';
import { ownerOf } from './subjects.ts';
import type { CustomerData } from './facts/customer.ts';
import { invoiceCalls } from './invoices.ts';
import type { CustomerFacts } from '../billing/facts.ts';
import type { StripeIdentity } from '../ledger/ledger.ts';
import type { Subject } from '../ledger/events.ts';
import type { Product } from '../ledger/catalogue.ts';
import { noWords, productWords } from './facts/product.ts';

/** A price is sold as long as its product is. */
const priceExpand = ['currency_options', 'product'];
const customerExpand = ['invoice_settings.default_payment_method', 'tax_ids'];

/** The customer's fields that an introduction is checked against before it links. */
export interface IntroducedCustomer {
  readonly deleted: boolean;
  readonly livemode: boolean;
  /** `metadata.billhook_host`: the host that this customer may be introduced by. */
  readonly host: string | null;
  /** `metadata.billhook_account`: the account that it was made for. */
  readonly account: string | null;
}

export interface CustomerLook {
  readonly known?: CustomerFacts | null;
  readonly entitlements?: boolean;
}

/** Everything that Billhook asks of Stripe. Every call has a time limit and rejects with `StripeFailure`. */
export interface StripeGateway extends EventCalls, PortalCalls, PurchaseCalls {
  identity(): Promise<StripeIdentity>;
  /** The permissions that a restricted key lacks (KEY-1). The requests change nothing. */
  missingPermissions(): Promise<Permission[]>;
  /**
   * A customer with all that is judged. One call while it is healthy and its latest invoice is the known one; one more
   * when there is a new invoice or nothing is known yet; while invoices are open, one more to list them and two for each
   * payment.
   *
   * @param look - `known`: the facts of an earlier look. `entitlements`: all active ones too, which costs a call.
   *   Default: none, and `false`
   */
  fetchCustomer(customer: string, look?: CustomerLook): Promise<CustomerData>;
  products(ids: readonly string[]): Promise<Product[]>;
  /** Prices by id or lookup key, with their own JSON; those that Stripe does not know are left out. */
  prices(refs: readonly string[]): Promise<readonly unknown[]>;
  /** The subject's customer; `null` when it has none or is gone. */
  customerOf(subject: Subject): Promise<string | null>;
  introduced(customer: string): Promise<IntroducedCustomer>;
  /**
   * The next invoice of a subscription, as Stripe previews it (INV-1).
   *
   * @throws {StripeFailure} `stripe_rejected`: there is none, or the key may not ask.
   */
  previewInvoice(customer: string, subscription: string): Promise<unknown>;
  /**
   * The hosted page of an invoice; `null` where it has none.
   *
   * @param toPay - it must be open still
   */
  invoicePage(invoice: string, toPay: boolean): Promise<string | null>;
  /**
   * @returns The parsed event, or `undefined` when no secret matches or the signature is too old.
   * @throws {NotAnEventError} `event_malformed`, for a signed body that is no JSON.
   */
  verifiedEvent(body: string, header: string): unknown;
  /** Ends the calls that are under way. */
  close(): void;
}

export interface StripeGatewayOptions {
  readonly secretKey: string;
  /** Several at once while one is being replaced. */
  readonly webhookSecrets: readonly string[];
  /** Where Stripe's API is. Default: `https://api.stripe.com`. */
  readonly apiUrl?: string;
  /** Milliseconds that one request may take. Default: 10,000. */
  readonly timeoutMs?: number;
  /** How requests are sent. Default: the platform's own. */
  readonly fetch?: typeof globalThis.fetch;
  /** How many requests may be made in a second. Default: no limit but Stripe's own. */
  readonly budget?: RequestBudget;
  /** Called after every request with the status of its answer; `null`: none came. */
  readonly onAnswer?: (priority: Priority, status: number | null) => void;
}

/**
 * Talks to Stripe through its official SDK.
 *
 * @example
 * ```ts
 * const gateway = createStripeGateway({ secretKey: 'sk_test_…', webhookSecrets: ['whsec_…'] });
 * const data = await gateway.fetchCustomer('cus_123');
 * ```
 */
export function createStripeGateway(options: StripeGatewayOptions): StripeGateway {
  const closing = new AbortController();
  const api = new URL(options.apiUrl ?? 'https://api.stripe.com');
  const stripe = new Stripe(options.secretKey, {
    host: api.hostname,
    port: api.port || (api.protocol === 'https:' ? 443 : 80),
    protocol: api.protocol === 'https:' ? 'https' : 'http',
    timeout: options.timeoutMs ?? 10_000,
    // The ledger retries a call that may wait; a click is retried once, under the SDK's idempotency key.
    maxNetworkRetries: 0,
    telemetry: false,
    appInfo: { name: 'billhook', url: 'https://www.npmjs.com/package/@billhook/server' },
    httpClient: stripeHttp({
      send: options.fetch ?? globalThis.fetch,
      closing: closing.signal,
      budget: options.budget ?? null,
      onAnswer: options.onAnswer ?? (() => undefined),
    }),
  });
  const livemode = /^(?:sk|rk)_live_/.test(options.secretKey);
  const events = eventCalls(stripe);
  const portal = portalCalls(stripe);
  const purchase = purchaseCalls(stripe);
  const { invoicesOf } = invoiceCalls(stripe);
  const listSubscriptions = subscriptionList(stripe);

  const ownerAlone = (customer: string) => stripe.customers.retrieve(customer, { expand: customerExpand });

  async function subscriptionsOf(customer: string): Promise<Stripe.Subscription[]> {
    try {
      return await listSubscriptions(customer);
    } catch (cause) {
      // A list of a deleted customer may be refused as missing. Only the customer itself can say `deleted: true`.
      if (failureCode(cause, 'customer') === 'stripe_customer_missing' && (await ownerAlone(customer)).deleted === true)
        return [];
      throw cause;
    }
  }

  /** Whole: the event that tells of them stops at ten (ENT-1). A deleted customer has none. */
  async function entitlementsOf(owner: Stripe.Customer | Stripe.DeletedCustomer | string) {
    if (typeof owner !== 'string' && owner.deleted === true) return [];
    const customer = typeof owner === 'string' ? owner : owner.id;
    return await stripe.entitlements.activeEntitlements
      .list({ customer, limit: 100 })
      .autoPagingToArray({ limit: 1_000 });
  }

  return {
    identity: () => named(async () => ({ account: (await stripe.accounts.retrieveCurrent()).id, livemode }), 'account'),

    missingPermissions: () => named(() => missingPermissions(stripe), 'account'),

    fetchCustomer: (customer, look = {}) =>
      named(async () => {
        const subscriptions = await subscriptionsOf(customer);
        const owner = subscriptions[0]?.customer ?? (await ownerAlone(customer));
        // Well-formed JSON that is not Stripe's (a proxy's, a captive portal's) would read as a customer without anything.
        if (typeof owner === 'object' && owner.id !== customer)
          throw new Error('what was answered is not the customer');
        const [invoices, entitlements] = await Promise.all([
          invoicesOf(customer, subscriptions, look.known ?? null),
          look.entitlements === true ? entitlementsOf(owner) : undefined,
        ]);
        return { customer: owner, subscriptions, ...invoices, ...(entitlements && { entitlements }) };
      }, 'customer'),

    products: (ids) =>
      named(async () => {
        const found = await stripe.products.list({ ids: [...ids], limit: 100 }).autoPagingToArray({ limit: 1_000 });
        const known = new Map(
          found.map((product) => {
            const { id, name, metadata } = product;
            return [id, { name, metadata, words: productWords(product) }];
          }),
        );
        return ids.map((id) => ({ id, name: null, metadata: {}, words: noWords, ...known.get(id) }));
      }, 'product'),

    prices: (refs) =>
      named(async () => {
        // Stripe takes ten lookup keys a call, and no list of ids.
        const found: Stripe.Price[] = [];
        for (let from = 0; from < refs.length; from += 10) {
          const some = refs.slice(from, from + 10);
          const listed = await stripe.prices.list({
            lookup_keys: some,
            limit: 100,
            expand: priceExpand.map((path) => `data.${path}`),
          });
          const rest = some.filter((ref) => listed.data.every(({ lookup_key: key }) => key !== ref));
          found.push(
            ...listed.data,
            ...(
              await Promise.all(rest.map((id) => orNothing(stripe.prices.retrieve(id, { expand: priceExpand }))))
            ).flat(),
          );
        }
        return found;
      }, 'price'),

    customerOf: (subject) => named(() => ownerOf(stripe, subject), 'subject'),

    introduced: (customer) =>
      named(async () => {
        const found = await stripe.customers.retrieve(customer);
        if (found.deleted === true) return { deleted: true, livemode, host: null, account: null };
        const { billhook_host: host = null, billhook_account: account = null } = found.metadata;
        return { deleted: false, livemode: found.livemode, host, account };
      }, 'customer'),

    createCustomer: (ref, key) => named(() => purchase.createCustomer(ref, key), 'account'),
    describeCustomer: (customer, details) => named(() => purchase.describeCustomer(customer, details), 'account'),
    findCustomer: (ref) => named(() => purchase.findCustomer(ref), 'account'),
    openCheckout: (request) => named(() => purchase.openCheckout(request), 'customer'),
    checkoutSession: (id) => named(() => purchase.checkoutSession(id), 'checkout'),
    expireCheckout: (id) => named(() => purchase.expireCheckout(id), 'checkout'),

    openPortal: (request) => named(() => portal.openPortal(request), request.flow === null ? 'customer' : 'flow'),
    portalConfigurations: () => named(() => portal.portalConfigurations(), 'configuration'),
    createPortalConfiguration: (parameters, key) =>
      named(() => portal.createPortalConfiguration(parameters, key), 'configuration'),
    updatePortalConfiguration: (id, parameters) =>
      named(() => portal.updatePortalConfiguration(id, parameters), 'configuration'),
    portalFeatures: (id) => named(() => portal.portalFeatures(id), 'configuration'),
    defaultPortal: () => named(() => portal.defaultPortal(), 'configuration'),

    previewInvoice: (customer, subscription) =>
      named(() => stripe.invoices.createPreview({ customer, subscription }), 'invoice'),

    invoicePage: (invoice, toPay) =>
      named(async () => {
        const { status, hosted_invoice_url: url } = await stripe.invoices.retrieve(invoice);
        return toPay && status !== 'open' ? null : (url ?? null);
      }, 'invoice'),

    undeliveredEvents: (since, after) => named(() => events.undeliveredEvents(since, after), 'event'),
    liveSubscriptions: (after) => named(() => events.liveSubscriptions(after), 'subscription'),
    eventDestinations: () => named(() => events.eventDestinations(), 'event'),
    clock: () => named(() => events.clock(), 'account'),

    verifiedEvent: signedEvents(stripe, options.webhookSecrets),

    close: () => closing.abort(),
  };
}
