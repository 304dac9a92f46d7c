/** Stripe for the comparison: the sandbox behind one HTTP server, the events of each customer, and the truth about it. */

import { createAdaptorServer } from '@hono/node-server';
import type { Server } from 'node:http';
import { Stripe } from 'stripe';
import { inShapeOf } from '../../demo/stripe-sandbox/engine/versions.ts';
import { createSandbox, type StripeSandbox } from '../../demo/stripe-sandbox/index.ts';
import type { SandboxEvent } from '../../demo/stripe-sandbox/state/wire.ts';
import { prettyJson, signatureHeader } from '../../demo/stripe-sandbox/webhooks/signature.ts';
import { thinBody } from '../../demo/stripe-sandbox/webhooks/thin-event.ts';
import { listening } from '../support/listening.ts';
import { webhookPath, type Contender, type StripeAccess } from './contender.ts';

const webhookSecret = 'whsec_comparison';

/** The host's own plans. `foreign` is another product's price on the same Stripe account. */
export const plans = ['team', 'pro'] as const;

/** As an endpoint of the newest version is sent it, of an older version, or a v2 event destination. */
export type EventForm = 'snapshot' | 'acacia' | 'thin';

/** An answer of Stripe's that is on its way for as long as a test holds it. */
export interface HeldAnswer {
  /** Stripe has answered, so a later change is not in it. */
  readonly reached: Promise<void>;
  release(): void;
}

export class StripeSide {
  readonly stripe: Stripe;
  readonly prices: Readonly<Record<(typeof plans)[number] | 'foreign', string>>;
  readonly access: StripeAccess;
  readonly #sandbox: StripeSandbox;
  readonly #events: SandboxEvent[] = [];
  readonly #gate: Gate;
  readonly #close: () => Promise<void>;

  static async open(): Promise<StripeSide> {
    // The clock stands still: all events of a play are of one second, as those of one click are.
    const sandbox = createSandbox({ startAt: Date.now() });
    const gate = new Gate();
    const { url, close } = await listening(
      createAdaptorServer({
        fetch: async (request) => await gate.pass(request, await sandbox.app.fetch(request)),
      }) as Server,
    );
    const { hostname: host, port } = new URL(url);
    const stripe = new Stripe(sandbox.secretKey, { host, port, protocol: 'http', telemetry: false });
    const price = async (key: string) =>
      await stripe.prices.create({
        currency: 'eur',
        unit_amount: 2900,
        recurring: { interval: 'month' },
        product_data: { name: key },
        ...(key === 'foreign' ? {} : { lookup_key: key }),
      });
    const prices = {
      team: (await price('team')).id,
      pro: (await price('pro')).id,
      foreign: (await price('foreign')).id,
    };
    return new StripeSide(sandbox, stripe, prices, url, gate, close);
  }

  private constructor(
    sandbox: StripeSandbox,
    stripe: Stripe,
    prices: StripeSide['prices'],
    apiUrl: string,
    gate: Gate,
    close: () => Promise<void>,
  ) {
    this.#sandbox = sandbox;
    this.stripe = stripe;
    this.prices = prices;
    this.access = { secretKey: sandbox.secretKey, apiUrl, webhookSecret, plans };
    this.#gate = gate;
    this.#close = close;
    sandbox.state.events.listen((event) => void this.#events.push(event));
  }

  /** Lets a minute pass at Stripe. */
  async passMinute(): Promise<void> {
    await this.#sandbox.clock.advance(60_000);
  }

  async newCustomer(): Promise<string> {
    const method = 'pm_card_visa';
    const { id } = await this.stripe.customers.create({
      payment_method: method,
      invoice_settings: { default_payment_method: method },
    });
    return id;
  }

  /** The customer's events that tell of subscriptions and payments, oldest first; each is given once. */
  takeEvents(customer: string): SandboxEvent[] {
    const taken = this.#events.filter(({ type, data }) => {
      const { object } = data as { object: { customer?: unknown } };
      return object.customer === customer && /^(?:customer\.subscription|invoice\.pa)/.test(type);
    });
    for (const event of taken) this.#events.splice(this.#events.indexOf(event), 1);
    return taken;
  }

  /** Delivers an event, signed now; answers the HTTP status. */
  async deliver(contender: Contender, event: SandboxEvent, form: EventForm): Promise<number> {
    const body = this.#bodyOf(event, form);
    const signature = signatureHeader(body, [webhookSecret], Math.floor(Date.now() / 1000));
    const response = await fetch(`${contender.url}${webhookPath}`, {
      method: 'POST',
      headers: { 'stripe-signature': signature, 'content-type': 'application/json; charset=utf-8' },
      body,
    });
    await response.arrayBuffer();
    return response.status;
  }

  #bodyOf(event: SandboxEvent, form: EventForm): string {
    if (form === 'thin') return thinBody(event);
    const sent = { ...event, pending_webhooks: 1 };
    if (form === 'snapshot') return prettyJson(sent);
    const object: object = inShapeOf(this.#sandbox.state, form, event.data.object);
    return prettyJson({ ...sent, api_version: '2025-02-24.acacia', data: { ...event.data, object } });
  }

  /** Holds back Stripe's next answer to a question about this customer. */
  holdAnswerAbout(customer: string): HeldAnswer {
    return this.#gate.hold(new RegExp(`customers?[=/]${customer}|${this.#subscriptionsOf(customer).join('|')}`));
  }

  #subscriptionsOf(customer: string): string[] {
    return this.#sandbox.state.subscriptions.of(customer).map(({ id }) => id);
  }

  /** The plans that are paid for by now, with seats, in the words of `grantedBy`; asked of Stripe with the official SDK. */
  async truth(customer: string): Promise<string[]> {
    const { data } = await this.stripe.subscriptions.list({ customer });
    return data
      .filter(({ status }) => status === 'active' || status === 'trialing' || status === 'past_due')
      .flatMap(({ items }) => items.data)
      .flatMap(({ price, quantity }) => {
        const plan = plans.find((name) => this.prices[name] === price.id);
        return plan === undefined ? [] : `${plan} × ${quantity}`;
      })
      .toSorted();
  }

  async close(): Promise<void> {
    await this.#close();
    await this.#sandbox.close();
  }
}

/** The way of Stripe's answers. */
class Gate {
  #held: { readonly about: RegExp; readonly reach: () => void; readonly released: Promise<void> } | null = null;

  hold(about: RegExp): HeldAnswer {
    const reached = Promise.withResolvers<void>();
    const released = Promise.withResolvers<void>();
    this.#held = { about, reach: reached.resolve, released: released.promise };
    return {
      reached: reached.promise,
      release: () => {
        this.#held = null;
        released.resolve();
      },
    };
  }

  async pass({ method, url }: Request, answer: Response): Promise<Response> {
    const held = this.#held;
    if (method !== 'GET' || !held?.about.test(url)) return answer;
    this.#held = null;
    held.reach();
    await held.released;
    return answer;
  }
}
