/** Changes to a customer at Stripe, by people, by banks and by time. An impossible one has no effect. */

import { cancelInPortal } from '../../demo/stripe-sandbox/engine/cancellation.ts';
import { testCardNamed } from '../../demo/stripe-sandbox/engine/cards.ts';
import { completeCheckout } from '../../demo/stripe-sandbox/engine/checkout.ts';
import { putOffChange } from '../../demo/stripe-sandbox/engine/schedules.ts';
import { StripeError } from '../../demo/stripe-sandbox/errors.ts';
import type { StripeAccount } from './stripe-account.ts';

const day = 24 * 60 * 60;

type Act = (stripe: StripeAccount, customer: string, n: number) => Promise<unknown>;

export const actions = {
  subscribe: (stripe, customer, n) =>
    stripe.call('/v1/subscriptions', {
      customer,
      'items[0][price]': n % 3 === 0 ? stripe.prices.large : n % 3 === 1 ? stripe.prices.small : stripe.prices.yearly,
      'items[0][quantity]': String(1 + (n % 4)),
    }),
  async checkout(stripe, customer, n) {
    const session = await stripe.call('/v1/checkout/sessions', {
      customer,
      mode: 'subscription',
      success_url: 'https://app.example/done',
      'line_items[0][price]': stripe.prices.large,
      'line_items[0][quantity]': '1',
      ...(n % 3 === 0 ? { 'subscription_data[trial_period_days]': '14' } : {}),
    });
    const open = session === null ? undefined : stripe.sandbox.state.checkoutSessions.get(session);
    const card = testCardNamed(n % 2 === 0 ? 'pm_card_visa' : 'pm_card_mastercard');
    if (open && card) await attempt(stripe, () => completeCheckout(stripe.sandbox.state, open, card));
  },
  trial: (stripe, customer, n) =>
    stripe.call('/v1/subscriptions', {
      customer,
      'items[0][price]': stripe.prices.small,
      trial_period_days: String(1 + (n % 10)),
      'trial_settings[end_behavior][missing_payment_method]':
        (['cancel', 'create_invoice', 'pause'] as const)[n % 3] ?? 'pause',
    }),
  plan: (stripe, customer, n) =>
    change(stripe, customer, n, (item) => ({
      'items[0][id]': item,
      'items[0][price]': n % 2 === 0 ? stripe.prices.large : stripe.prices.small,
      proration_behavior: n % 3 === 0 ? 'always_invoice' : 'create_prorations',
    })),
  quantity: (stripe, customer, n) =>
    change(stripe, customer, n, (item) => ({ 'items[0][id]': item, 'items[0][quantity]': String(1 + (n % 5)) })),
  /** The bank wants to hear from the customer before an upgrade happens. */
  async unpaidUpgrade(stripe, customer, n) {
    stripe.sandbox.state.nextCharges.push('needsAuthentication');
    await change(stripe, customer, n, (item) => ({
      'items[0][id]': item,
      'items[0][price]': stripe.prices.yearly,
      payment_behavior: 'pending_if_incomplete',
      proration_behavior: 'always_invoice',
    }));
    stripe.sandbox.state.nextCharges.length = 0;
  },
  async planLater(stripe, customer, n) {
    const subscription = living(stripe, customer, n);
    const price = stripe.sandbox.state.prices.get(stripe.prices.small);
    if (!subscription || !price || subscription.schedule !== null) return;
    await attempt(stripe, () => putOffChange(stripe.sandbox.state, subscription, price, 1 + (n % 3)));
  },
  async takeBackPlan(stripe, customer, n) {
    const schedule = living(stripe, customer, n)?.schedule;
    if (schedule != null) await stripe.call(`/v1/subscription_schedules/${schedule}/release`, {});
  },
  cancelAtEnd: (stripe, customer, n) => change(stripe, customer, n, () => ({ cancel_at_period_end: 'true' })),
  async cancelInPortal(stripe, customer, n) {
    const subscription = living(stripe, customer, n);
    if (subscription)
      await attempt(stripe, () => cancelInPortal(stripe.sandbox.state, subscription, { feedback: 'unused' }));
  },
  keep: (stripe, customer, n) => change(stripe, customer, n, () => ({ cancel_at: '' })),
  async cancelNow(stripe, customer, n) {
    const subscription = living(stripe, customer, n);
    if (subscription) await stripe.call(`/v1/subscriptions/${subscription.id}`, {}, 'DELETE');
  },
  pauseCollection: (stripe, customer, n) =>
    change(stripe, customer, n, () => ({
      'pause_collection[behavior]': 'void',
      ...(n % 2 === 0
        ? { 'pause_collection[resumes_at]': String(stripe.sandbox.clock.seconds() + (1 + n) * day) }
        : {}),
    })),
  resumeCollection: (stripe, customer, n) => change(stripe, customer, n, () => ({ pause_collection: '' })),
  async pause(stripe, customer, n) {
    const subscription = living(stripe, customer, n);
    if (subscription) await stripe.call(`/v1/subscriptions/${subscription.id}/pause`, { type: 'subscription' });
  },
  async resume(stripe, customer, n) {
    const subscription = living(stripe, customer, n);
    if (subscription) await stripe.call(`/v1/subscriptions/${subscription.id}/resume`, {});
  },
  /** Its next charges fail, whatever the card. */
  async failingCard(stripe, customer, n) {
    const cards = ['pm_card_chargeCustomerFail', 'pm_card_authenticationRequired', 'pm_card_chargeCustomerFail'];
    await payBy(stripe, customer, cards[n % 3] ?? 'pm_card_chargeCustomerFail');
  },
  workingCard: (stripe, customer, n) => payBy(stripe, customer, n % 2 === 0 ? 'pm_card_visa' : 'pm_card_mastercard'),
  async detachCard(stripe, customer) {
    const method = stripe.sandbox.state.customers.get(customer)?.invoice_settings.default_payment_method;
    if (method != null) await stripe.call(`/v1/payment_methods/${String(method)}/detach`, {});
  },
  address: (stripe, customer, n) => stripe.call(`/v1/customers/${customer}`, { 'address[city]': `City ${n % 5}` }),
  async pay(stripe, customer, n) {
    const open = stripe.sandbox.state.invoices.of(customer, ({ status }) => status === 'open');
    const invoice = open[n % open.length];
    if (invoice) await stripe.call(`/v1/invoices/${invoice.id}/pay`, {});
  },
  async void(stripe, customer, n) {
    const open = stripe.sandbox.state.invoices.of(customer, ({ status }) => status === 'open');
    const invoice = open[n % open.length];
    if (invoice) await stripe.call(`/v1/invoices/${invoice.id}/void`, {});
  },
  /** By hand, for no subscription: charged at once, or sent and left open. */
  async oneOffInvoice(stripe, customer, n) {
    await stripe.call('/v1/invoiceitems', { customer, amount: String(500 + 100 * n), currency: 'eur' });
    const sent = { collection_method: 'send_invoice', days_until_due: '14' };
    // Else the item waits for the next renewal, and the invoice is over nothing.
    const withItem = { pending_invoice_items_behavior: 'include', ...(n % 2 === 0 ? sent : {}) };
    const invoice = await stripe.call('/v1/invoices', { customer, ...withItem });
    if (invoice !== null) await stripe.call(`/v1/invoices/${invoice}/finalize`, {});
  },
  renameProduct: (stripe, _customer, n) => stripe.call(`/v1/products/${stripe.product}`, { name: `Team ${n % 4}` }),
  delete: (stripe, customer) => stripe.call(`/v1/customers/${customer}`, {}, 'DELETE'),
} satisfies Record<string, Act>;

export type ActionName = keyof typeof actions;

function living(stripe: StripeAccount, customer: string, n: number) {
  const all = stripe.sandbox.state.subscriptions.of(
    customer,
    ({ status }) => status !== 'canceled' && status !== 'incomplete_expired',
  );
  return all[n % all.length];
}

async function change(
  stripe: StripeAccount,
  customer: string,
  n: number,
  params: (item: string) => Record<string, string>,
): Promise<void> {
  const subscription = living(stripe, customer, n);
  const item = subscription?.items.data[0]?.id;
  if (subscription && item !== undefined) await stripe.call(`/v1/subscriptions/${subscription.id}`, params(item));
}

async function payBy(stripe: StripeAccount, customer: string, card: string): Promise<void> {
  const method = await stripe.call(`/v1/payment_methods/${card}/attach`, { customer });
  if (method !== null)
    await stripe.call(`/v1/customers/${customer}`, { 'invoice_settings[default_payment_method]': method });
}

/** A change that the engine itself refuses has no effect, as over the API. */
async function attempt(stripe: StripeAccount, work: () => unknown): Promise<void> {
  try {
    work();
  } catch (cause) {
    if (!(cause instanceof StripeError)) throw cause;
  }
  await stripe.note();
}
