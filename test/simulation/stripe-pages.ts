/** The money on Stripe's hosted pages, read from their HTML: an invoice's page, the portal's home, Checkout. */

import { createHash } from 'node:crypto';
import type { StripeSandbox } from '../../demo/stripe-sandbox/index.ts';

/** Amounts in a text, in minor units, as they stand there. */
export const amountsIn = (text: string): number[] =>
  [...text.matchAll(/(€|\$|¥)(\d[\d,]*)(?:\.(\d\d))?/g)].map(([, sign, whole = '', cents = '00']) => {
    const units = Number(whole.replaceAll(',', ''));
    return sign === '¥' ? units : units * 100 + Number(cents);
  });

/** As the snapshot's `key` is made. */
export const keyOf = (id: string): string => createHash('sha256').update(id).digest('base64url').slice(0, 16);

export interface InvoicePage {
  /** The amount in large letters. */
  readonly amount: number;
  /** The amount on its button, or of the bank's question; `null` where it asks for nothing. */
  readonly asks: number | null;
}

/** The money of one customer by Stripe's pages. Keys are those of the snapshot's subscriptions. */
export interface MoneyAtStripe {
  /** By living subscription: the amounts of the pages of its open invoices. */
  readonly open: ReadonlyMap<string, readonly number[]>;
  /** By living subscription: its price in the portal. */
  readonly prices: ReadonlyMap<string, number>;
  /** By subscription: the page of its newest invoice. */
  readonly last: ReadonlyMap<string, number>;
}

const over = ['canceled', 'incomplete_expired'];

export class StripesPages {
  readonly #sandbox: StripeSandbox;

  constructor(sandbox: StripeSandbox) {
    this.#sandbox = sandbox;
  }

  async read(page: string): Promise<string> {
    const response = await this.#sandbox.app.request(page);
    if (response.status !== 200) throw new Error(`${page} answered ${response.status}`);
    return (await response.text()).replaceAll(/\s+/g, ' ');
  }

  async invoice(page: string): Promise<InvoicePage> {
    const html = await this.read(page);
    const [amount] = amountsIn(/<p class="amount">([^<]*)<\/p>/.exec(html)?.[1] ?? '');
    if (amount === undefined) throw new Error(`${page} shows no amount`);
    const asked = /wide">Pay ([^<]*)<\/button>|who pays (\S+)\. A real bank/.exec(html);
    return { amount, asks: amountsIn(asked?.[1] ?? asked?.[2] ?? '')[0] ?? null };
  }

  /** Checkout's amounts: due today, and per period. */
  async checkout(page: string): Promise<{ readonly today: number | null; readonly price: number | null }> {
    const html = await this.read(page);
    const [, today = ''] = /Due today<\/td> <td class="end">([^<]*)</.exec(html) ?? [];
    const [, price = ''] = /<p class="amount">(?:\d+ days free<\/p> <p class="soft">Then )?([^<]*)/.exec(html) ?? [];
    return { today: amountsIn(today)[0] ?? null, price: amountsIn(price)[0] ?? null };
  }

  async moneyOf(customer: string): Promise<MoneyAtStripe> {
    const { state } = this.#sandbox;
    const subscriptions = state.subscriptions.of(customer, () => true);
    const living = subscriptions.filter(({ status }) => !over.includes(status));
    const open = new Map<string, number[]>(living.map(({ id }) => [keyOf(id), []]));
    for (const invoice of state.invoices.of(customer, ({ status }) => status === 'open')) {
      const whose = open.get(keyOf(String(invoice.parent?.subscription_details?.subscription)));
      // oxlint-disable-next-line no-await-in-loop -- pages of one process
      whose?.push((await this.invoice(invoice.hosted_invoice_url ?? '')).amount);
    }
    const last = new Map<string, number>();
    for (const { id, latest_invoice: latest } of subscriptions) {
      const page = state.invoices.get(String(latest))?.hosted_invoice_url;
      // oxlint-disable-next-line no-await-in-loop -- as above
      if (page != null) last.set(keyOf(id), (await this.invoice(page)).amount);
    }
    return { open, last, prices: await this.#prices(customer, living) };
  }

  async #prices(customer: string, living: readonly { readonly id: string }[]): Promise<Map<string, number>> {
    const { app, secretKey, state } = this.#sandbox;
    if (!state.customers.get(customer)) return new Map();
    const response = await app.request('http://stripe.localhost/v1/billing_portal/sessions', {
      method: 'POST',
      headers: { authorization: `Bearer ${secretKey}`, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({ customer, return_url: 'https://app.example/' }).toString(),
    });
    const { url } = (await response.json()) as { url?: string };
    // A deleted customer has no portal.
    if (url === undefined) return new Map();
    const home = await this.read(url);
    const printed = [...home.matchAll(/<p class="plan-price">([^<]*)/g)].flatMap(([, price = '']) => amountsIn(price));
    return new Map(living.map(({ id }, at) => [keyOf(id), printed[at] ?? Number.NaN]));
  }
}
