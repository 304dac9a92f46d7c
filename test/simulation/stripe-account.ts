/**
 * Stripe, for a history: the sandbox's own engine in this process, everything it has to tell as mail that the history
 * delivers or loses, and the truth about each customer, version by version, to hold a ledger against.
 */

import { createHmac } from 'node:crypto';
import { createSandbox, type StripeSandbox } from '../../demo/stripe-sandbox/index.ts';
import type { SandboxEvent } from '../../demo/stripe-sandbox/state/wire.ts';
import { thinBody } from '../../demo/stripe-sandbox/webhooks/thin-event.ts';
import type { CustomerFacts } from '../../server/src/billing/facts.ts';
import { readEvent } from '../../server/src/stripe/event.ts';
import { namedItem } from '../../server/src/billing/judge/plan.ts';
import { createStripeGateway } from '../../server/src/stripe/gateway.ts';
import { customerFacts, priceFacts } from '../../server/src/stripe/facts/customer.ts';
import { contentOf } from './facts-content.ts';
import { beginnings } from './history.ts';
import type { VirtualTime } from './virtual-time.ts';

/** 1 March 2026, 12:00 UTC: far from month ends and leap days. */
export const beginning = beginnings.usual;

export const webhookSecret = 'whsec_history';
export const apiUrl = 'http://stripe.localhost';

export const digest = (text: string): string => createHmac('sha256', 'history').update(text).digest('base64url');

/** A customer as it was at Stripe from a moment on. */
export interface Version {
  /** Unix milliseconds. */
  readonly since: number;
  readonly facts: CustomerFacts;
  /** The facts as text, to be compared. */
  readonly content: string;
}

/** An event on its way. */
export interface Mail {
  readonly id: string;
  readonly type: string;
  readonly body: string;
  /** The same as a v2 destination is sent it. */
  readonly thin: string;
  /** The customer that it names, and the version that this customer had reached when it was sent. */
  readonly customer: string | null;
  readonly version: number;
  /** `lost`: Stripe knows that it did not arrive. `vanished`: Stripe believes it did. */
  state: 'waiting' | 'underWay' | 'arrived' | 'lost' | 'vanished';
  /** The process that it is delivered to, while it is under way. */
  to: object | null;
}

export class StripeAccount {
  readonly sandbox: StripeSandbox;
  readonly mail: Mail[] = [];
  readonly prices: { readonly small: string; readonly large: string; readonly yearly: string };
  readonly product: string;
  readonly #time: VirtualTime;
  readonly #versions = new Map<string, Version[]>();
  readonly #oracle;
  #sent: SandboxEvent[] = [];
  readonly #touched = new Set<string>();

  static async open(time: VirtualTime): Promise<StripeAccount> {
    const sandbox = createSandbox({ startAt: time.now });
    const made = async (path: string, params: Record<string, string>): Promise<string> => {
      const [status, body] = await post(sandbox, path, params);
      if (status !== 200) throw new Error(`POST ${path} answered ${status} ${JSON.stringify(body)}`);
      return String(body['id']);
    };
    const product = await made('/v1/products', { name: 'Team' });
    const price = (key: string, amount: string, interval: string) =>
      made('/v1/prices', {
        product,
        currency: 'eur',
        unit_amount: amount,
        'recurring[interval]': interval,
        lookup_key: key,
      });
    const prices = {
      small: await price('small', '900', 'month'),
      large: await price('large', '2900', 'month'),
      yearly: await price('yearly', '9000', 'year'),
    };
    return new StripeAccount(sandbox, time, product, prices);
  }

  private constructor(sandbox: StripeSandbox, time: VirtualTime, product: string, prices: StripeAccount['prices']) {
    this.sandbox = sandbox;
    this.product = product;
    this.prices = prices;
    this.#time = time;
    this.#oracle = createStripeGateway({
      secretKey: sandbox.secretKey,
      webhookSecrets: [webhookSecret],
      apiUrl,
      fetch: async (url, init) => sandbox.app.request(String(url), init),
    });
    sandbox.state.events.listen((event) => void this.#sent.push(event));
    sandbox.state.onTouch((object) => {
      const owner = 'customer' in object ? object.customer : object.id;
      if (typeof owner === 'string') this.#touched.add(owner);
    });
  }

  /** Makes a request to Stripe; a refused one has no effect. Its versions and events are noted before any other step. */
  async call(path: string, params: Record<string, string>, method: 'POST' | 'DELETE' = 'POST'): Promise<string | null> {
    const [status, body] = await post(this.sandbox, path, params, method);
    await this.note();
    return status === 200 ? String(body['id']) : null;
  }

  async pass(ms: number): Promise<void> {
    this.#time.now += ms;
    await this.sandbox.clock.advanceTo(this.#time.now);
    await this.note();
  }

  /** Notes what has changed, and takes what has been sent. */
  async note(): Promise<void> {
    for (const customer of this.#touched) {
      const versions = this.#versions.get(customer);
      if (versions) await this.#noteVersion(customer, versions);
    }
    this.#touched.clear();
    for (const event of this.#sent.splice(0)) {
      const body = JSON.stringify({ ...event, pending_webhooks: 1 });
      const { customer } = readEvent(event);
      this.mail.push({
        id: event.id,
        type: event.type,
        body,
        thin: thinBody(event),
        customer,
        version: customer === null ? -1 : this.latest(customer),
        state: 'waiting',
        to: null,
      });
    }
  }

  /** A customer with a card that works. @param isNoted - from here on its versions are noted, each by a look at Stripe */
  async newCustomer(name: string, { isNoted = true } = {}): Promise<string> {
    const card = 'pm_card_visa';
    const customer = await this.call('/v1/customers', {
      name,
      payment_method: card,
      'invoice_settings[default_payment_method]': card,
    });
    if (customer === null) throw new Error('the sandbox makes no customer');
    if (!isNoted) return customer;
    const versions: Version[] = [];
    this.#versions.set(customer, versions);
    await this.#noteVersion(customer, versions);
    return customer;
  }

  versions(customer: string): readonly Version[] {
    return this.#versions.get(customer) ?? [];
  }

  latest(customer: string): number {
    return this.versions(customer).length - 1;
  }

  /** Which version the customer had at a moment. */
  versionAt(customer: string, at: number): number {
    return this.versions(customer).findLastIndex(({ since }) => since <= at);
  }

  /** The sum that is open on the invoices of living subscriptions, by Stripe's own books, in the smallest unit. */
  owed(customer: string): number {
    const { invoices, subscriptions } = this.sandbox.state;
    const open = invoices.of(customer, ({ status, parent }) => {
      const named = parent?.subscription_details?.subscription;
      const of = typeof named === 'string' ? subscriptions.get(named) : undefined;
      return status === 'open' && of !== undefined && of.status !== 'canceled' && of.status !== 'incomplete_expired';
    });
    return open.reduce((sum, { amount_remaining: remaining }) => sum + remaining, 0);
  }

  close(): void {
    this.#oracle.close();
    void this.sandbox.close();
  }

  async #noteVersion(customer: string, versions: Version[]): Promise<void> {
    // A deleted customer is deleted for good: later changes of its old invoices count for nothing.
    if (versions.at(-1)?.facts.deleted === true) return;
    const facts = this.#named(customerFacts(await this.#oracle.fetchCustomer(customer), digest));
    const content = contentOf(facts);
    if (versions.at(-1)?.content !== content) versions.push({ since: this.#time.now, facts, content });
  }

  /** With the catalogue's word for what is scheduled, which the facts keep too. */
  #named(facts: CustomerFacts): CustomerFacts {
    const { prices } = this.sandbox.state;
    const price = (id: string) => priceFacts(prices.get(id), { currency: null, quantity: 1, taxed: true });
    const catalogue = { productName: () => null, price, soldPrice: price };
    const subscriptions = facts.subscriptions.map((each) =>
      each.next === null
        ? each
        : { ...each, next: { ...each.next, items: each.next.items.map((item) => namedItem(item, catalogue)) } },
    );
    return { ...facts, subscriptions };
  }
}

async function post(
  sandbox: StripeSandbox,
  path: string,
  params: Record<string, string>,
  method = 'POST',
): Promise<[status: number, body: Record<string, unknown>]> {
  const response = await sandbox.app.request(`${apiUrl}${path}`, {
    method,
    headers: { authorization: `Bearer ${sandbox.secretKey}`, 'content-type': 'application/x-www-form-urlencoded' },
    ...(method === 'POST' ? { body: new URLSearchParams(params).toString() } : {}),
  });
  return [response.status, (await response.json()) as Record<string, unknown>];
}
