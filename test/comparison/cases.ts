/** Changes of a customer at Stripe, and the ways in which its events arrive. Each case has a customer of its own. */

import type { Stripe } from 'stripe';
import type { SandboxEvent } from '../../demo/stripe-sandbox/state/wire.ts';
import type { EventForm, HeldAnswer, StripeSide } from './stripe-side.ts';

/** One customer's play before one contender. */
export interface Play {
  readonly customer: string;
  readonly stripe: Stripe;
  readonly prices: StripeSide['prices'];
  /** The events since the last call, oldest first. */
  events(): SandboxEvent[];
  /** Delivers one event. One that is not answered with 200 is sent once more at the end, as Stripe does. */
  send(event: SandboxEvent, form?: EventForm): Promise<void>;
  /** In an order of the play's seed. */
  shuffled<T>(list: readonly T[]): T[];
  holdAnswer(): HeldAnswer;
  /** Later events are a minute younger. */
  passMinute(): Promise<void>;
  /** The contender's daily repair, where it has one. */
  repair(): Promise<void>;
}

export interface Case {
  readonly name: string;
  /** Its events arrive in an order of the seed's, so one play is not enough. */
  readonly anyOrder?: boolean;
  play(play: Play): Promise<void>;
}

async function subscribe({ stripe, customer, prices }: Play, plan: keyof Play['prices'] = 'team', quantity = 2) {
  return await stripe.subscriptions.create({ customer, items: [{ price: prices[plan], quantity }] });
}

async function seats({ stripe }: Play, { id, items }: Stripe.Subscription, quantity: number): Promise<void> {
  await stripe.subscriptions.update(id, { items: [{ id: items.data[0]?.id ?? '', quantity }] });
}

async function sendAll(play: Play, events = play.events(), form?: EventForm): Promise<void> {
  for (const event of events) await play.send(event, form);
}

export const cases: readonly Case[] = [
  {
    name: 'every event once, in order',
    async play(play) {
      await seats(play, await subscribe(play), 3);
      await sendAll(play);
    },
  },
  {
    name: 'every event twice',
    async play(play) {
      await seats(play, await subscribe(play), 3);
      await sendAll(
        play,
        play.events().flatMap((event) => [event, event]),
      );
    },
  },
  {
    name: 'seats changed twice, in any order',
    anyOrder: true,
    async play(play) {
      const subscription = await subscribe(play);
      await seats(play, subscription, 3);
      await seats(play, subscription, 5);
      await sendAll(play, play.shuffled(play.events()));
    },
  },
  {
    name: 'canceled, in any order',
    anyOrder: true,
    async play(play) {
      const subscription = await subscribe(play);
      await seats(play, subscription, 3);
      await play.stripe.subscriptions.cancel(subscription.id);
      await sendAll(play, play.shuffled(play.events()));
    },
  },
  {
    name: 'a payment fails and is made good, in any order',
    anyOrder: true,
    async play(play) {
      const { stripe, customer } = play;
      const subscription = await subscribe(play);
      const method = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer });
      await stripe.subscriptions.update(subscription.id, {
        default_payment_method: method.id,
        items: [{ id: subscription.items.data[0]?.id ?? '', quantity: 4 }],
        proration_behavior: 'always_invoice',
      });
      const { latest_invoice: invoice } = await stripe.subscriptions.retrieve(subscription.id);
      const { id: good } = await stripe.paymentMethods.attach('pm_card_visa', { customer });
      await stripe.invoices.pay(String(invoice), { payment_method: good });
      await sendAll(play, play.shuffled(play.events()));
    },
  },
  {
    name: 'an old event is sent again by hand',
    async play(play) {
      const subscription = await subscribe(play);
      const first = play.events();
      await sendAll(play, first);
      await play.passMinute();
      await play.stripe.subscriptions.cancel(subscription.id);
      await sendAll(play);
      await sendAll(play, first);
    },
  },
  {
    name: 'an event is lost, then a day passes',
    async play(play) {
      const subscription = await subscribe(play);
      await sendAll(play);
      await play.stripe.subscriptions.cancel(subscription.id);
      play.events();
      await play.repair();
    },
  },
  {
    name: 'another plan is bought, the old one canceled',
    async play(play) {
      const old = await subscribe(play);
      await subscribe(play, 'pro', 1);
      await play.stripe.subscriptions.cancel(old.id);
      await sendAll(play);
    },
  },
  {
    name: 'another product of the same Stripe account is bought too',
    async play(play) {
      await subscribe(play);
      await subscribe(play, 'foreign', 1);
      await sendAll(play);
    },
  },
  {
    name: 'the price is raised: its lookup key moves to a new price',
    async play(play) {
      const { stripe, prices } = play;
      const subscription = await subscribe(play, 'pro', 1);
      await sendAll(play);
      const { product } = await stripe.prices.retrieve(prices.pro);
      const raised = { currency: 'eur', unit_amount: 3900, recurring: { interval: 'month' }, product } as const;
      await stripe.prices.create({ ...raised, product: String(product), lookup_key: 'pro', transfer_lookup_key: true });
      await seats(play, subscription, 2);
      await sendAll(play);
      await stripe.prices.update(prices.pro, { lookup_key: 'pro', transfer_lookup_key: true });
    },
  },
  {
    name: 'the endpoint has an older API version',
    async play(play) {
      await subscribe(play);
      await sendAll(play, play.events(), 'acacia');
    },
  },
  {
    name: 'the destination sends thin events',
    async play(play) {
      await subscribe(play);
      await sendAll(play, play.events(), 'thin');
    },
  },
  {
    name: 'two events at once, and Stripe’s first answer is slow',
    async play(play) {
      const subscription = await subscribe(play);
      const [first, ...others] = play.events();
      if (!first) throw new Error('a subscription without an event');
      const held = play.holdAnswer();
      const slow = play.send(first);
      await Promise.race([held.reached, slow]);
      await play.stripe.subscriptions.cancel(subscription.id);
      await sendAll(play, [...others, ...play.events()]);
      held.release();
      await slow;
    },
  },
];
