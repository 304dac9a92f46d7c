/** A small business with four customers, each in another situation. Made by living through it: the clock starts months ago. */

import { Stripe } from 'stripe';
import type { StripeSandbox } from './index.ts';
import { cancelInPortal } from './engine/cancellation.ts';
import { addInterval, DAY } from './engine/periods.ts';

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
}

const day = DAY * 1000;
const hour = 3_600_000;

/**
 * Fills an empty sandbox that listens, and lets its clock flow in real time from now on.
 *
 * @example
 * const sandbox = createSandbox();
 * await sandbox.listen(4242);
 * const customers = await seedDemo(sandbox); // { active: 'cus_…', pastDue: 'cus_…', … }
 */
export async function seedDemo(sandbox: StripeSandbox): Promise<SeededCustomers> {
  const stripe = new Stripe(sandbox.secretKey, { ...sandbox.stripeClientOptions(), telemetry: false });
  const now = Date.now();
  sandbox.clock.standAt(now - 105 * day);

  const prices = await createCatalog(stripe);
  await allowPlanChange(stripe, sandbox.savePortalSettings().id, prices);

  const customer = async (name: string, email: string, card: string): Promise<string> => {
    const created = await stripe.customers.create({
      name,
      email,
      payment_method: card,
      invoice_settings: { default_payment_method: card },
    });
    return created.id;
  };
  const subscribe = (id: string, price: string, quantity = 1): Promise<Stripe.Subscription> =>
    stripe.subscriptions.create({ customer: id, items: [{ price, quantity }] });

  await sandbox.clock.advanceTo(now - 99 * day);
  const ended = await customer('Elm Street Press', 'office@elmstreet.example', 'pm_card_visa');
  const endedSubscription = await subscribe(ended, prices.starterMonthly);

  // So that a renewal falls on the day before yesterday, its first attempt an hour later.
  await sandbox.clock.advanceTo(firstDayFor(now - 2 * day - 2 * hour));
  const pastDue = await customer('Harbour Studio', 'billing@harbour.example', 'pm_card_visa');
  await subscribe(pastDue, prices.teamMonthly, 5);
  await sandbox.clock.advanceTo(now - 45 * day);
  const active = await customer('Lantern Books', 'accounts@lantern.example', 'pm_card_visa');
  await subscribe(active, prices.teamMonthly, 3);
  await sandbox.clock.advanceTo(now - 38 * day);
  const ending = await customer('Blue Door Bakery', 'hello@bluedoor.example', 'pm_card_mastercard');
  const endingSubscription = await subscribe(ending, prices.starterMonthly);

  await sandbox.clock.advanceTo(now - 30 * day);
  await stripe.subscriptions.cancel(endedSubscription.id, { cancellation_details: { feedback: 'unused' } });

  // Its card is replaced by one that attaches and then fails when it is charged.
  const failing = await stripe.paymentMethods.attach('pm_card_chargeCustomerFail', { customer: pastDue });
  await stripe.customers.update(pastDue, { invoice_settings: { default_payment_method: failing.id } });

  await sandbox.clock.advanceTo(now - 3 * day);
  const leaving = sandbox.state.subscriptions.get(endingSubscription.id);
  if (leaving) cancelInPortal(sandbox.state, leaving, { feedback: 'too_expensive', comment: null });

  await sandbox.clock.advanceTo(now);
  sandbox.clock.run();
  return { active, pastDue, ending, ended };
}

/** What the Dashboard's portal settings say about changing plans. */
async function allowPlanChange(stripe: Stripe, configuration: string, prices: Prices): Promise<void> {
  const product = async (...ids: string[]): Promise<{ product: string; prices: string[] }> => ({
    product: String((await stripe.prices.retrieve(ids[0] ?? '')).product),
    prices: ids,
  });
  await stripe.billingPortal.configurations.update(configuration, {
    features: {
      subscription_update: {
        enabled: true,
        default_allowed_updates: ['price', 'quantity'],
        proration_behavior: 'always_invoice',
        products: [
          await product(prices.starterMonthly, prices.starterYearly),
          { ...(await product(prices.teamMonthly)), adjustable_quantity: { enabled: true, minimum: 1, maximum: 50 } },
          await product(prices.businessYearly),
        ],
      },
    },
  });
}

interface Prices {
  starterMonthly: string;
  starterYearly: string;
  teamMonthly: string;
  businessYearly: string;
}

async function createCatalog(stripe: Stripe): Promise<Prices> {
  const starter = await stripe.products.create({
    name: 'Starter',
    description: 'For one person: notes, tags and search.',
  });
  const team = await stripe.products.create({
    name: 'Team',
    description: 'Shared notebooks and comments.',
    unit_label: 'seat',
  });
  const business = await stripe.products.create({
    name: 'Business',
    description: 'Single sign-on, audit log and priority support.',
  });
  const price = async (product: string, amount: number, interval: 'month' | 'year', key: string): Promise<string> => {
    const created = await stripe.prices.create({
      product,
      currency: 'eur',
      unit_amount: amount,
      recurring: { interval },
      lookup_key: key,
      tax_behavior: 'inclusive',
    });
    return created.id;
  };
  return {
    starterMonthly: await price(starter.id, 900, 'month', 'starter_monthly'),
    starterYearly: await price(starter.id, 9000, 'year', 'starter_yearly'),
    teamMonthly: await price(team.id, 2900, 'month', 'team_monthly'),
    businessYearly: await price(business.id, 29000, 'year', 'business_yearly'),
  };
}

/** When a monthly subscription must begin to renew at `renewal`: two months before, or three where that month is too short. */
function firstDayFor(renewal: number): number {
  const seconds = Math.floor(renewal / 1000);
  const start = [-2, -3]
    .map((months) => addInterval(seconds, 'month', months))
    .find((at) => dayOf(at) === dayOf(seconds));
  return (start ?? seconds - 60 * DAY) * 1000;
}

const dayOf = (seconds: number): number => new Date(seconds * 1000).getUTCDate();
