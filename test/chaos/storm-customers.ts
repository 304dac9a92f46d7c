/** The storm's customers: a few dozen linked ones at the sandbox, with a stream of changes to their subscriptions. */

import { Stripe } from 'stripe';
import { createIds } from '../../demo/stripe-sandbox/state/ids.ts';
import { createSandbox, seedDemo, type StripeSandbox } from '../../demo/stripe-sandbox/index.ts';

/** The same seed repeats a storm's changes; the moments of the kills also depend on the machine. */
export const seed = Number(process.env['SEED'] ?? 20_260_301);

export interface Payer {
  readonly customer: string;
  readonly account: string;
  readonly subscription: string;
  readonly item: string;
}

export interface StormCustomers {
  readonly sandbox: StripeSandbox;
  readonly payers: readonly Payer[];
  /** Seeded; in [0, 1). */
  readonly random: () => number;
  /** One of these. */
  oneOf<T>(all: readonly T[]): T;
  /** One change to one customer, through Stripe's API. */
  change(): Promise<void>;
  /** A change that this customer's page alone shows. */
  cancelAtPeriodEnd(payer: Payer, cancel: boolean): Promise<void>;
}

const count = 24;

/** Fills a sandbox. Changes are made without a socket, so that a counting proxy counts the BFF's requests alone. */
export async function stormCustomers(): Promise<StormCustomers> {
  const sandbox = createSandbox({ seed });
  await sandbox.listen(0);
  const seeded = await seedDemo(sandbox);
  const { random } = createIds(seed);
  const stripe = new Stripe(sandbox.secretKey, {
    // The sandbox takes only what is asked of its own machine.
    host: '127.0.0.1',
    telemetry: false,
    maxNetworkRetries: 0,
    httpClient: Stripe.createFetchHttpClient(async (url: string | URL | Request, init?: RequestInit) =>
      sandbox.app.request(String(url), init),
    ),
  });
  const { data: prices } = await stripe.prices.list({ currency: 'eur', limit: 10 });
  const subscribed = async (customer: string, index: number): Promise<Payer> => {
    const { data } = await stripe.subscriptions.list({ customer });
    const [{ id = '', items } = {}] = data;
    return { customer, account: `team_${index}`, subscription: id, item: String(items?.data[0]?.id) };
  };
  const oneOf = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T;

  const customers = [seeded.pastDue, seeded.unpaid, seeded.actionRequired, seeded.trialing, seeded.several];
  while (customers.length < count) {
    // oxlint-disable-next-line no-await-in-loop -- the same customers in the same order, whatever the machine
    const { id } = await stripe.customers.create({
      payment_method: 'pm_card_visa',
      invoice_settings: { default_payment_method: 'pm_card_visa' },
    });
    // oxlint-disable-next-line no-await-in-loop -- as above
    await stripe.subscriptions.create({ customer: id, items: [{ price: oneOf(prices).id, quantity: 1 }] });
    customers.push(id);
  }
  const payers = await Promise.all(customers.map(subscribed));

  const cancelAtPeriodEnd = async ({ subscription }: Payer, cancel: boolean) =>
    void (await stripe.subscriptions.update(subscription, { cancel_at_period_end: cancel }));
  const changes: readonly ((payer: Payer) => Promise<unknown>)[] = [
    (payer) => cancelAtPeriodEnd(payer, true),
    (payer) => cancelAtPeriodEnd(payer, false),
    (payer) =>
      stripe.subscriptions.update(payer.subscription, {
        items: [{ id: payer.item, quantity: 1 + Math.floor(random() * 40) }],
      }),
    (payer) =>
      stripe.subscriptions.update(payer.subscription, {
        items: [{ id: payer.item, price: oneOf(prices).id }],
        proration_behavior: 'always_invoice',
      }),
    async ({ customer }) => {
      const card = oneOf(['pm_card_visa', 'pm_card_mastercard', 'pm_card_chargeCustomerFail']);
      const { id } = await stripe.paymentMethods.attach(card, { customer });
      await stripe.customers.update(customer, { invoice_settings: { default_payment_method: id } });
    },
    async ({ customer }) => {
      const { data } = await stripe.invoices.list({ customer, status: 'open', limit: 1 });
      if (data[0]) await stripe.invoices.pay(String(data[0].id));
    },
  ];

  return {
    sandbox,
    payers,
    random,
    oneOf,
    cancelAtPeriodEnd,
    async change() {
      const happens = oneOf(changes);
      await happens(oneOf(payers)).catch((cause: unknown) => {
        // A refusal, such as of a declined card, counts as a change too: it may have made events.
        if (
          !(cause instanceof Stripe.errors.StripeCardError || cause instanceof Stripe.errors.StripeInvalidRequestError)
        )
          throw cause;
      });
    },
  };
}
