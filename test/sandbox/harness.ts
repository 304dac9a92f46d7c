/** A listening sandbox with the official SDK in front of it; every answer is held against Stripe's declarations. */

import { Stripe } from 'stripe';
import { afterEach, beforeEach } from 'vitest';
import { createSandbox, type StripeSandbox, type StripeSandboxOptions } from '../../demo/stripe-sandbox/index.ts';
import { Collection } from '../../demo/stripe-sandbox/state/state.ts';
import { patienceMs } from '../support/patience.ts';
import { violations } from './stripe-validator.ts';

/** 1 March 2026, 12:00 UTC: far from month ends and leap days. */
export const startAt = Date.UTC(2026, 2, 1, 12);

/** A month later: when purchases of `startAt` are renewed. */
export const april = Date.UTC(2026, 3, 1, 12);

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

/** As Stripe writes a time. */
export const seconds = (ms: number): number => Math.floor(ms / 1000);

export interface Harness {
  readonly sandbox: StripeSandbox;
  readonly stripe: Stripe;
  readonly url: string;
  /** The types of the events since the last call, in the order they were sent. */
  newEvents(): string[];
  /** The newest event of a type. */
  lastEvent(type: string): { data: { object: Record<string, unknown>; previous_attributes?: Record<string, unknown> } };
  /** Closes, and throws when any answer or event had not the shape that Stripe declares. */
  close(): Promise<void>;
}

/** Everything that the account holds, to compare. */
function booksOf({ state }: StripeSandbox): string {
  const rows = Object.entries(state).map(([name, part]: [string, unknown]) => {
    if (part instanceof Collection) return [name, [...part.values()]];
    if (part instanceof Map || part instanceof Set) return [name, [...part]];
    return [name, null];
  });
  return JSON.stringify([rows, state.events.list().length]);
}

export async function startSandbox(
  options: StripeSandboxOptions = {},
  client: Partial<Stripe.StripeConfig> = {},
): Promise<Harness> {
  const sandbox = createSandbox({ startAt: startAt, ...options });
  sandbox.deliveries.settings.timeoutMs = patienceMs;
  const { url } = await sandbox.listen(0);
  const wrong: string[] = [];
  const stripe = new Stripe(sandbox.secretKey, {
    ...sandbox.stripeClientOptions(),
    maxNetworkRetries: 0,
    telemetry: false,
    httpClient: Stripe.createFetchHttpClient(async (input, init) => {
      const before = init?.method === 'POST' ? booksOf(sandbox) : null;
      const response = await fetch(input, init);
      const path = `${init?.method ?? 'GET'} ${new URL(String(input)).pathname}`;
      // SUB-18: a refused request, unlike one carried out with a bad end (HTTP-1), has left no trace.
      const refused = response.status >= 400 && response.status < 500 && !response.headers.has('stripe-should-retry');
      if (before !== null && refused && before !== booksOf(sandbox)) wrong.push(`${path}: refused, and left a trace`);
      if (response.status === 200 && response.headers.get('content-type') === 'application/json') {
        const copy = response.clone();
        const body: unknown = await copy.json().catch(() => null);
        if (body !== null) wrong.push(...violations(body).map((line) => `${path}: ${line}`));
      }
      return response;
    }),
    ...client,
  });
  let seen = 0;
  return {
    sandbox,
    stripe,
    url,
    newEvents() {
      const all = sandbox.state.events.list();
      const fresh = all.slice(0, all.length - seen).toReversed();
      seen = all.length;
      return fresh.map((event) => event.type);
    },
    lastEvent(type) {
      const event = sandbox.state.events.list().find((row) => row.type === type);
      if (!event) throw new Error(`no ${type} was emitted`);
      return event;
    },
    async close() {
      await sandbox.close();
      for (const event of sandbox.state.events.list()) wrong.push(...violations(event));
      if (wrong.length > 0)
        throw new Error(`not what Stripe declares:\n${[...new Set(wrong)].slice(0, 20).join('\n')}`);
    },
  };
}

/** Stands for the current one, which another test replaces. */
const forwarding = <T extends object>(current: () => T): T =>
  new Proxy({} as T, { get: (_, key) => Reflect.get(current(), key) as unknown });

/** A sandbox of its own for each test of a file, closed after it; and the SDK in front of it. */
export function sandboxForEach(options: StripeSandboxOptions = {}): { harness: Harness; stripe: Stripe } {
  let current: Harness | null = null;
  const harness = forwarding<Harness>(() => {
    if (!current) throw new Error('no test is running');
    return current;
  });
  beforeEach(async () => {
    current = await startSandbox(options);
  });
  afterEach(async () => {
    await current?.close();
    current = null;
  });
  return { harness, stripe: forwarding(() => harness.stripe) };
}

/** A customer with a card, and a monthly price of €29. */
export async function customerWithCard(stripe: Stripe, card = 'pm_card_visa'): Promise<Stripe.Customer> {
  return stripe.customers.create({
    email: 'ada@example.com',
    payment_method: card,
    invoice_settings: { default_payment_method: card },
  });
}

export async function monthlyPrice(
  stripe: Stripe,
  amount = 2900,
  interval: 'month' | 'year' = 'month',
): Promise<Stripe.Price> {
  return stripe.prices.create({
    currency: 'eur',
    unit_amount: amount,
    recurring: { interval },
    product_data: { name: `Plan ${amount}` },
  });
}

export async function subscribed(
  stripe: Stripe,
  card = 'pm_card_visa',
  quantity = 1,
): Promise<{ customer: Stripe.Customer; price: Stripe.Price; subscription: Stripe.Subscription }> {
  const customer = await customerWithCard(stripe, card);
  const price = await monthlyPrice(stripe);
  const subscription = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id, quantity }],
  });
  return { customer, price, subscription };
}

export async function latestInvoice(stripe: Stripe, subscription: string): Promise<Stripe.Invoice> {
  const { latest_invoice: invoice } = await stripe.subscriptions.retrieve(subscription, { expand: ['latest_invoice'] });
  return invoice as Stripe.Invoice;
}
