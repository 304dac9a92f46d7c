/** The lives of the seeded customers, one paragraph each. Nothing is put into the books: everything happens. */

import type { Stripe } from 'stripe';
import { cancelInPortal } from '../engine/cancellation.ts';
import { addInterval, daySeconds } from '../engine/periods.ts';
import { putOffChange } from '../engine/schedules.ts';
import type { State } from '../state/state.ts';
import type { Prices, Terms } from './catalog.ts';

/** Customer ids by situation. */
export interface SeededCustomers {
  /** Pays by a card that works. */
  active: string;
  /** The renewal failed two days ago, was tried again, and will be tried again. */
  pastDue: string;
  /** Canceled in the portal for the end of the period. */
  ending: string;
  /** Canceled, and over. */
  ended: string;
  /** In a trial of 14 days, eight more to go, with a card. */
  trialing: string;
  /** In a trial of 14 days, five more to go, without a card: it will be paused. */
  trialingWithoutCard: string;
  /** The renewal waits for 3-D Secure since yesterday. */
  actionRequired: string;
  /** Past due for ten days: a week's grace is over, Stripe still tries. */
  restricted: string;
  /** Retries ran out three days ago; status `unpaid`. */
  unpaid: string;
  /** Paused by request five days ago, until further notice. */
  paused: string;
  /** The first payment waits for 3-D Secure since two hours ago. */
  incomplete: string;
  /** The renewal is paid by a bank debit that is under way since two days ago. */
  processing: string;
  /** Two subscriptions: one is active, the other past due. */
  several: string;
  /** A smaller plan begins with the next period. */
  downgrading: string;
  /** Pays in yen, which has no decimals. */
  yen: string;
  /** 20% off for a year, since two months. */
  discounted: string;
  /** Pays VAT on top of the price. */
  taxed: string;
  /** Pays by a card that expires before the next renewal. */
  expiring: string;
  /** Pays by the year. */
  yearly: string;
}

export interface Stage {
  state: State;
  readonly stripe: Stripe;
  readonly prices: Prices;
  readonly terms: Terms;
  /** Unix milliseconds of the moment at which the story ends. */
  readonly now: number;
  /** Has something happen at a moment (Unix milliseconds). */
  at(moment: number, happens: () => Promise<unknown>): void;
  /** Says which customer stands for a situation. */
  is(situation: keyof SeededCustomers, customer: string): void;
}

const day = daySeconds * 1000;
const hour = 3_600_000;

/** What people do, in the words of the stories. */
function actsOf({ stripe, at, is }: Stage) {
  const customer = async (
    situation: keyof SeededCustomers,
    name: string,
    email: string,
    card: string | null,
  ): Promise<string> => {
    const { id } = await stripe.customers.create({
      name,
      email,
      ...(card === null ? {} : { payment_method: card, invoice_settings: { default_payment_method: card } }),
    });
    is(situation, id);
    return id;
  };
  const subscribe = (
    id: string,
    price: string,
    quantity = 1,
    more: Partial<Stripe.SubscriptionCreateParams> = {},
  ): Promise<Stripe.Subscription> =>
    stripe.subscriptions.create({ customer: id, items: [{ price, quantity }], ...more });

  /** Replaces the card that pays. */
  const payBy = async (id: string, card: string): Promise<void> => {
    const method = await stripe.paymentMethods.attach(card, { customer: id });
    await stripe.customers.update(id, { invoice_settings: { default_payment_method: method.id } });
  };
  /** A monthly plan that renews at `renewal`, by which time `card` is the one that pays. */
  const renewing = (
    situation: keyof SeededCustomers,
    who: [name: string, email: string],
    plan: [price: string, quantity: number],
    renewal: number,
    card: string,
  ): void => {
    at(firstDayFor(renewal), async () => {
      const id = await customer(situation, ...who, 'pm_card_visa');
      await subscribe(id, ...plan);
      at(renewal - 3 * day, () => payBy(id, card));
    });
  };
  return { customer, subscribe, payBy, renewing };
}

export function liveThrough(stage: Stage): void {
  renewals(stage);
  inGoodOrder(stage);
  beginningsAndEnds(stage);
  changes(stage);
}

/** Payments that went well, failed, wait for a bank, or are on their way. */
function renewals(stage: Stage): void {
  const { prices, now, at } = stage;
  const { customer, subscribe, renewing } = actsOf(stage);

  at(now - 45 * day, async () => {
    const id = await customer('active', 'Alder Works', 'accounts@alder.example', 'pm_card_visa');
    await subscribe(id, prices.teamMonthly, 3);
  });

  // Their renewals fall on the days before, the first attempt an hour later.
  renewing(
    'pastDue',
    ['Harbour Studio', 'billing@harbour.example'],
    [prices.teamMonthly, 5],
    now - 2 * day - 2 * hour,
    'pm_card_chargeCustomerFail',
  );
  renewing(
    'restricted',
    ['Old Pier Tours', 'desk@oldpier.example'],
    [prices.teamMonthly, 2],
    now - 10 * day - 2 * hour,
    'pm_card_chargeCustomerFail',
  );
  renewing(
    'unpaid',
    ['Tin Roof Records', 'money@tinroof.example'],
    [prices.starterMonthly, 1],
    now - 17 * day,
    'pm_card_chargeCustomerFail',
  );
  renewing(
    'actionRequired',
    ['Mill Lane Clinic', 'office@milllane.example'],
    [prices.teamMonthly, 4],
    now - 20 * hour,
    'pm_card_authenticationRequired',
  );
  renewing(
    'processing',
    ['Northgate Logistics', 'finance@northgate.example'],
    [prices.teamMonthly, 12],
    now - 2 * day - 3 * hour,
    'pm_sepaDebit',
  );
}

/** A coupon, a tax, an old card, and a year. */
function inGoodOrder(stage: Stage): void {
  const { stripe, prices, terms, now, at } = stage;
  const { customer, payBy, subscribe } = actsOf(stage);

  at(now - 66 * day, async () => {
    const id = await customer('discounted', 'Lighthouse Books', 'orders@lighthouse.example', 'pm_card_visa');
    await subscribe(id, prices.teamMonthly, 5, { discounts: [{ coupon: terms.welcome }] });
  });
  at(now - 21 * day, async () => {
    const id = await customer('taxed', 'Stonebridge Surveyors', 'office@stonebridge.example', 'pm_card_mastercard');
    await subscribe(id, prices.teamMonthly, 3, { default_tax_rates: [terms.vat] });
  });
  // Begun in this month, so that its end, and the card's, comes before the renewal: on the 1st, yesterday is too early.
  const month = new Date(now);
  at(Math.max(now - day, Date.UTC(month.getUTCFullYear(), month.getUTCMonth())), async () => {
    const id = await customer('expiring', 'Copper Kettle', 'kitchen@copperkettle.example', null);
    const card = { number: '4242424242424242', cvc: '123' };
    const { id: method } = await stripe.paymentMethods.create({
      type: 'card',
      card: { ...card, exp_month: month.getUTCMonth() + 1, exp_year: month.getUTCFullYear() },
    });
    await payBy(id, method);
    await subscribe(id, prices.teamMonthly, 2);
  });
  at(now - 80 * day, async () => {
    const id = await customer('yearly', 'Granite Peak', 'purchasing@granitepeak.example', 'pm_card_visa');
    await subscribe(id, prices.businessYearly);
  });
}

function beginningsAndEnds(stage: Stage): void {
  const { state, stripe, prices, now, at } = stage;
  const { customer, subscribe } = actsOf(stage);

  at(now - 38 * day, async () => {
    const id = await customer('ending', 'Blue Door Bakery', 'hello@bluedoor.example', 'pm_card_mastercard');
    const { id: subscription } = await subscribe(id, prices.starterMonthly);
    at(now - 3 * day, async () => {
      const leaving = state.subscriptions.get(subscription);
      if (leaving) cancelInPortal(state, leaving, { feedback: 'too_expensive', comment: null });
    });
  });

  at(now - 99 * day, async () => {
    const id = await customer('ended', 'Elm Street Press', 'office@elmstreet.example', 'pm_card_visa');
    const { id: subscription } = await subscribe(id, prices.starterMonthly);
    at(now - 30 * day, () =>
      stripe.subscriptions.cancel(subscription, { cancellation_details: { feedback: 'unused' } }),
    );
  });

  at(now - 6 * day, async () => {
    const id = await customer('trialing', 'Orchard Row', 'hello@orchardrow.example', 'pm_card_visa');
    await subscribe(id, prices.teamMonthly, 2, { trial_period_days: 14 });
  });
  at(now - 9 * day, async () => {
    const id = await customer('trialingWithoutCard', 'Paper Lantern', 'studio@paperlantern.example', null);
    await subscribe(id, prices.starterMonthly, 1, {
      trial_period_days: 14,
      trial_settings: { end_behavior: { missing_payment_method: 'pause' } },
    });
  });
}

function changes(stage: Stage): void {
  const { state, stripe, prices, now, at } = stage;
  const { customer, subscribe } = actsOf(stage);

  at(now - 50 * day, async () => {
    const id = await customer('paused', 'Kite & Co', 'post@kite.example', 'pm_card_visa');
    const { id: subscription } = await subscribe(id, prices.teamMonthly, 3);
    at(now - 5 * day, () => stripe.subscriptions.pause(subscription));
  });

  at(now - 2 * hour, async () => {
    const card = 'pm_card_authenticationRequired';
    const id = await customer('incomplete', 'Sparrow Films', 'production@sparrow.example', card);
    await subscribe(id, prices.teamMonthly, 1);
  });

  at(now - 40 * day, async () => {
    const id = await customer('downgrading', 'Juniper Labs', 'lab@juniper.example', 'pm_card_visa');
    const { id: subscription } = await subscribe(id, prices.teamMonthly, 4);
    at(now - 2 * day, async () => {
      const [changing, price] = [state.subscriptions.get(subscription), state.prices.get(prices.starterMonthly)];
      if (changing && price) putOffChange(state, changing, price, 1);
    });
  });

  at(now - 12 * day, async () => {
    const id = await customer('yen', 'Sakura Atelier', 'keiri@sakura.example', 'pm_card_visa');
    await subscribe(id, prices.teamMonthlyYen, 2);
  });

  // Two plans; the card of the smaller one fails.
  const second = now - 20 * hour;
  at(firstDayFor(second), async () => {
    const id = await customer('several', 'Twin Oaks Group', 'accounts@twinoaks.example', 'pm_card_visa');
    const { id: smaller } = await subscribe(id, prices.starterMonthly);
    at(now - 33 * day, () => subscribe(id, prices.teamMonthly, 8));
    at(second - 3 * day, async () => {
      const failing = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer: id });
      await stripe.subscriptions.update(smaller, { default_payment_method: failing.id });
    });
  });
}

/** When a monthly subscription must begin to renew at `renewal`: two months before, or three where that month is too short. */
function firstDayFor(renewal: number): number {
  const seconds = Math.floor(renewal / 1000);
  const start = [-2, -3]
    .map((months) => addInterval(seconds, 'month', months))
    .find((moment) => dayOf(moment) === dayOf(seconds));
  return (start ?? seconds - 60 * daySeconds) * 1000;
}

const dayOf = (seconds: number): number => new Date(seconds * 1000).getUTCDate();
