import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Stripe } from 'stripe';
import { dayMs, hourMs, monthlyPrice, startSandbox, subscribed, type Harness } from './harness.ts';
import { submit, visit } from './visit.ts';

let harness: Harness;
let stripe: Stripe;
beforeEach(async () => {
  harness = await startSandbox();
  stripe = harness.stripe;
  harness.sandbox.savePortalSettings();
});
afterEach(() => harness.close());

const open = async (customer: string, extra: Partial<Stripe.BillingPortal.SessionCreateParams> = {}): Promise<string> =>
  (await stripe.billingPortal.sessions.create({ customer, return_url: 'https://host.example/billing', ...extra })).url;

async function failedRenewal(): Promise<{ customer: string; subscription: string; invoice: string; page: string }> {
  const { customer, subscription } = await subscribed(stripe);
  harness.sandbox.state.nextCharges.push('failsOnCharge');
  await harness.sandbox.clock.advance(31 * dayMs + hourMs);
  const { latest_invoice: latest } = await stripe.subscriptions.retrieve(subscription.id, {
    expand: ['latest_invoice'],
  });
  const invoice = latest as Stripe.Invoice;
  return {
    customer: customer.id,
    subscription: subscription.id,
    invoice: invoice.id ?? '',
    page: invoice.hosted_invoice_url ?? '',
  };
}

describe('the portal', () => {
  test('shows the plan, what comes, the card and the invoices', async () => {
    const { customer } = await subscribed(stripe, 'pm_card_visa', 3);
    const { status, text } = await visit(await open(customer.id));
    expect(status).toBe(200);
    for (const words of [
      'Plan 2900',
      '€87.00 per month',
      '3 × €29.00',
      'Active',
      'Your plan renews on 1 April 2026.',
      'Visa •••• 4242',
      'Paid',
      'Return to Northwind Notes',
      'Sandbox – no real money',
    ]) {
      expect(text).toContain(words);
    }
    expect(text).not.toContain('is due');
  });

  test('says what coupons take off its list price, for as long as they run', async () => {
    const { customer, subscription } = await subscribed(stripe);
    await stripe.coupons.create({ id: 'FIFTH', percent_off: 20, duration: 'repeating', duration_in_months: 2 });
    await stripe.coupons.create({ id: 'FOUR', amount_off: 400, currency: 'eur', duration: 'forever' });
    await stripe.subscriptions.update(subscription.id, { discounts: [{ coupon: 'FIFTH' }, { coupon: 'FOUR' }] });
    const { text } = await visit(await open(customer.id));
    expect(text).toContain('20% off until 1 May 2026');
    expect(text).toContain('€4.00 off');
    await harness.sandbox.clock.advance(70 * dayMs);
    const later = await visit(await open(customer.id));
    expect(later.text).not.toContain('20% off');
    expect(later.text).toContain('€4.00 off');
  });

  test('is never framed, cached or sent as a referrer, and escapes customers’ texts', async () => {
    const customer = await stripe.customers.create({ name: '<script>alert(1)</script>' });
    const url = await open(customer.id);
    const response = await fetch(url);
    expect(await response.text()).not.toContain('<script>alert');
    expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(response.headers.get('cache-control')).toBe('no-store');
    expect(response.headers.get('referrer-policy')).toBe('no-referrer');
    expect(response.headers.get('set-cookie')).toBeNull();
  });

  test('SUB-13: canceling sets cancel_at only, in two events; keeping clears it', async () => {
    const { customer, subscription } = await subscribed(stripe);
    const url = await open(customer.id);
    const cancel = `${url}/subscriptions/${subscription.id}/cancel`;
    expect((await visit(cancel)).text).toContain('Your plan stays as it is until 1 April 2026.');
    harness.newEvents();
    const after = await submit(cancel, { feedback: 'too_expensive' });
    expect(after.text).toContain('Your plan was canceled');
    expect(after.text).toContain('Ends 1 April 2026');
    expect(harness.newEvents()).toEqual(['customer.subscription.updated', 'customer.subscription.updated']);
    const ending = await stripe.subscriptions.retrieve(subscription.id);
    expect(ending).toMatchObject({
      status: 'active',
      cancel_at: subscription.items.data[0]?.current_period_end,
      cancel_at_period_end: false,
      cancellation_details: { feedback: 'too_expensive', reason: 'cancellation_requested' },
    });
    expect(ending.canceled_at).not.toBeNull();
    const kept = await submit(`${url}/subscriptions/${subscription.id}/keep`);
    expect(kept.text).toContain('Your plan renews');
    expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ cancel_at: null, canceled_at: null });
  });

  test('SUB-8: a new card emits its events and leaves the invoice open; paying is another step', async () => {
    const { customer, subscription, invoice } = await failedRenewal();
    const url = await open(customer);
    expect((await visit(url)).text).toMatch(
      /€29\.00 is due We could not charge your Visa ending in 4242\. We will try again on 2 April 2026\./,
    );
    harness.newEvents();
    const saved = await submit(`${url}/payment-method`, { number: '5555 5555 5555 4444', expiry: '12/30', cvc: '123' });
    expect(saved.text).toContain('The open invoice is not paid yet');
    expect(saved.text).toContain('Mastercard •••• 4444');
    expect(harness.newEvents()).toEqual([
      'setup_intent.created',
      'setup_intent.succeeded',
      'payment_method.attached',
      'customer.updated',
    ]);
    const setup = harness.lastEvent('setup_intent.succeeded').data.object;
    expect(await stripe.setupIntents.retrieve(String(setup['id']))).toMatchObject({ customer, status: 'succeeded' });
    expect((await stripe.subscriptions.retrieve(subscription)).status).toBe('past_due');
    const paid = await submit(`${url}/invoices/${invoice}/pay`);
    expect(paid.text).toContain('Your payment went through');
    expect((await stripe.subscriptions.retrieve(subscription)).status).toBe('active');
  });

  test('SUB-8: the switch that pays with the new card at once', async () => {
    harness.sandbox.settings.portal.newCardPaysOpenInvoice = true;
    const { customer, subscription } = await failedRenewal();
    await submit(`${await open(customer)}/payment-method`, { testCard: '4242 4242 4242 4242' });
    expect((await stripe.subscriptions.retrieve(subscription)).status).toBe('active');
  });

  test('SUB-8: a subscription’s own card is replaced too', async () => {
    const { customer, subscription } = await subscribed(stripe);
    const own = await stripe.paymentMethods.attach('pm_card_visa', { customer: customer.id });
    await stripe.subscriptions.update(subscription.id, { default_payment_method: own.id });
    harness.newEvents();
    await submit(`${await open(customer.id)}/payment-method`, { testCard: '5555555555554444' });
    expect(harness.newEvents()).toContain('customer.subscription.updated');
    const { default_payment_method: method } = await stripe.subscriptions.retrieve(subscription.id, {
      expand: ['default_payment_method'],
    });
    expect(method).toMatchObject({ card: { last4: '4444' } });
  });

  test('a payment that fails again says so and offers the way out', async () => {
    const { customer, invoice } = await failedRenewal();
    const url = await open(customer);
    await submit(`${url}/payment-method`, { testCard: '4000 0000 0000 0341' });
    const page = await visit(`${url}/invoices/${invoice}/pay`, {});
    expect(page.status).toBe(402);
    expect(page.text).toContain('Your card was declined. You can update your payment method and try again.');
  });

  test('a refused or mistyped card is not saved', async () => {
    const { customer } = await subscribed(stripe);
    const form = `${await open(customer.id)}/payment-method`;
    expect((await visit(form, { number: '4000000000000002' })).text).toContain('Your card was declined.');
    expect((await visit(form, { number: '1234' })).text).toContain('Your card number is incorrect.');
    expect((await visit(form, { number: '' })).text).toContain('Enter a card number');
    expect((await stripe.customers.listPaymentMethods(customer.id)).data).toHaveLength(1);
  });

  test('a session gives no access to another customer’s billing', async () => {
    const mine = await failedRenewal();
    const other = await stripe.customers.create({ name: 'Other' });
    const url = await open(other.id);
    expect((await visit(`${url}/invoices/${mine.invoice}/pay`, {})).location).toBe(url);
    expect((await visit(`${url}/subscriptions/${mine.subscription}/cancel`, {})).location).toBe(url);
    expect((await stripe.subscriptions.retrieve(mine.subscription)).cancel_at).toBeNull();
    expect((await stripe.invoices.retrieve(mine.invoice)).status).toBe('open');
  });

  test('actions that the configuration does not allow are neither shown nor carried out', async () => {
    const { customer, subscription } = await subscribed(stripe);
    const { id } = await stripe.billingPortal.configurations.create({
      features: { invoice_history: { enabled: false } },
    });
    const url = await open(customer.id, { configuration: id });
    const { text } = await visit(url);
    for (const words of ['Cancel plan', 'Update', 'Invoice history']) expect(text).not.toContain(words);
    await visit(`${url}/subscriptions/${subscription.id}/cancel`, {});
    await visit(`${url}/payment-method`, { testCard: '5555555555554444' });
    expect((await stripe.subscriptions.retrieve(subscription.id)).cancel_at).toBeNull();
    expect((await stripe.customers.listPaymentMethods(customer.id)).data).toHaveLength(1);
  });
});

describe('SUB-10: changing the plan follows the configuration', () => {
  const configured = async (): Promise<{
    url: string;
    form: string;
    subscription: Stripe.Subscription;
    dearer: Stripe.Price;
    price: Stripe.Price;
  }> => {
    const { customer, subscription, price } = await subscribed(stripe);
    const dearer = await monthlyPrice(stripe, 5900);
    const { id } = await stripe.billingPortal.configurations.create({
      features: {
        payment_method_update: { enabled: true },
        subscription_update: {
          enabled: true,
          default_allowed_updates: ['price', 'quantity'],
          proration_behavior: 'always_invoice',
          products: [
            { product: String(price.product), prices: [price.id] },
            {
              product: String(dearer.product),
              prices: [dearer.id],
              adjustable_quantity: { enabled: true, minimum: 2, maximum: 5 },
            },
          ],
        },
      },
    });
    const url = await open(customer.id, { configuration: id });
    return { url, form: `${url}/subscriptions/${subscription.id}/update`, subscription, dearer, price };
  };

  test('another price and quantity, charged now', async () => {
    const { url, form, subscription, dearer } = await configured();
    expect((await visit(url)).text).toContain('Change plan');
    expect((await visit(form)).text).toMatch(/charged now\..*Plan 2900.*Current.*Plan 5900/);
    expect((await submit(form, { price: dearer.id, quantity: '3' })).text).toContain('Your plan was changed.');
    const changed = await stripe.subscriptions.retrieve(subscription.id, { expand: ['latest_invoice'] });
    expect(changed.items.data[0]).toMatchObject({ price: { id: dearer.id }, quantity: 3 });
    expect(changed.latest_invoice).toMatchObject({
      billing_reason: 'subscription_update',
      total: 3 * 5900 - 2900,
      status: 'paid',
    });
  });

  test('nothing outside of what it allows', async () => {
    const { form, subscription, dearer } = await configured();
    const foreign = await monthlyPrice(stripe, 100);
    expect((await visit(form, { price: foreign.id })).text).toContain('Choose one of the plans.');
    for (const quantity of ['1', '6', '2.5', 'x']) {
      expect((await visit(form, { price: dearer.id, quantity })).text).toContain('Choose a quantity from 2 to 5.');
    }
    expect((await stripe.subscriptions.retrieve(subscription.id)).items.data[0]?.price.unit_amount).toBe(2900);
  });

  test('PORT-2: a flow begins at the form, with what is to be confirmed', async () => {
    harness.sandbox.savePortalSettings();
    const { subscription, dearer } = await configured();
    const [configuration] = (await stripe.billingPortal.configurations.list({ is_default: false })).data;
    const url = await open(String(subscription.customer), {
      configuration: configuration?.id ?? '',
      flow_data: {
        type: 'subscription_update_confirm',
        subscription_update_confirm: {
          subscription: subscription.id,
          items: [{ id: subscription.items.data[0]?.id ?? '', price: dearer.id, quantity: 4 }],
        },
      },
    });
    expect((await visit(url)).location).toBe(
      `${url}/subscriptions/${subscription.id}/update?price=${dearer.id}&quantity=4`,
    );
  });
});

describe('PORT-1: sessions end', () => {
  test('unused for five minutes', async () => {
    const { customer } = await subscribed(stripe);
    const url = await open(customer.id);
    await harness.sandbox.clock.advance(301_000);
    const page = await visit(url);
    expect(page.status).toBe(410);
    expect(page.text).toContain('This link has expired');
  });

  test('an hour after the last activity', async () => {
    const { customer } = await subscribed(stripe);
    const url = await open(customer.id);
    for (let hour = 0; hour < 3; hour += 1) {
      expect((await visit(url)).status).toBe(200);
      await harness.sandbox.clock.advance(hourMs);
    }
    await harness.sandbox.clock.advance(1000);
    expect((await visit(url)).status).toBe(410);
  });

  test('an unknown address is another page', async () => {
    const page = await visit(`${harness.url}/p/session/test_nothing`);
    expect(page.status).toBe(404);
    expect(page.text).toContain('This page does not exist');
  });
});

describe('PORT-2: flows', () => {
  test('a card update begins at the form and lands on the portal’s home', async () => {
    const { customer } = await subscribed(stripe);
    const url = await open(customer.id, { flow_data: { type: 'payment_method_update' } });
    expect((await visit(url)).location).toBe(`${url}/payment-method`);
    const done = await visit(`${url}/payment-method`, { testCard: '4242 4242 4242 4242' });
    expect(done.location).toBe(`${url}?done=card`);
    expect((await visit(url)).status).toBe(200);
  });

  test('a cancellation begins at its confirmation and can lead back to the host', async () => {
    const { customer, subscription } = await subscribed(stripe);
    const url = await open(customer.id, {
      flow_data: {
        type: 'subscription_cancel',
        subscription_cancel: { subscription: subscription.id },
        after_completion: { type: 'redirect', redirect: { return_url: 'https://host.example/bye' } },
      },
    });
    const form = (await visit(url)).location ?? '';
    expect(form).toBe(`${url}/subscriptions/${subscription.id}/cancel`);
    expect((await visit(form, {})).location).toBe('https://host.example/bye');
    await expect(
      open(customer.id, {
        flow_data: { type: 'subscription_cancel', subscription_cancel: { subscription: subscription.id } },
      }),
    ).rejects.toMatchObject({ statusCode: 400, param: undefined, code: undefined });
  });

  test('a hosted confirmation has its own words', async () => {
    const { customer } = await subscribed(stripe);
    const url = await open(customer.id, {
      flow_data: {
        type: 'payment_method_update',
        after_completion: { type: 'hosted_confirmation', hosted_confirmation: { custom_message: 'All set.' } },
      },
    });
    expect((await visit(`${url}/payment-method`, { testCard: '4242 4242 4242 4242' })).text).toContain('All set.');
  });

  test('a flow whose feature is off, or about a foreign subscription, is refused', async () => {
    const mine = await subscribed(stripe);
    const other = await stripe.customers.create({ name: 'Other' });
    await expect(
      open(other.id, {
        flow_data: { type: 'subscription_cancel', subscription_cancel: { subscription: mine.subscription.id } },
      }),
    ).rejects.toMatchObject({ code: 'resource_missing' });
    await expect(
      open(mine.customer.id, {
        flow_data: { type: 'subscription_pause', subscription_pause: { subscription: mine.subscription.id } },
      }),
    ).rejects.toMatchObject({ statusCode: 400, param: undefined, code: undefined });
    await expect(
      stripe.billingPortal.sessions.create({} as Stripe.BillingPortal.SessionCreateParams),
    ).rejects.toMatchObject({ param: 'customer' });
  });
});

describe('the hosted invoice', () => {
  test('SUB-7: is paid with the card on file', async () => {
    const { page, subscription } = await failedRenewal();
    expect((await visit(page)).text).toContain('Pay €29.00');
    const done = await submit(`${page}/pay`, { method: 'onFile' });
    expect(done.text).toContain('Your payment went through');
    expect(done.text).toContain('Paid on 1 April 2026');
    expect((await stripe.subscriptions.retrieve(subscription)).status).toBe('active');
  });

  test('is paid with another card, which then stays', async () => {
    const { page, customer } = await failedRenewal();
    await submit(`${page}/pay`, { method: 'new', number: '378282246310005' });
    const { invoice_settings: settings } = (await stripe.customers.retrieve(customer, {
      expand: ['invoice_settings.default_payment_method'],
    })) as Stripe.Customer;
    expect(settings.default_payment_method).toMatchObject({ card: { brand: 'amex' } });
    expect((await visit(page)).text).not.toContain('Pay €29.00');
  });

  test('3-D Secure: the bank asks, and may be refused', async () => {
    const { page, subscription, invoice } = await failedRenewal();
    const asked = await submit(`${page}/pay`, { method: 'new', number: '4000 0025 0000 3155' });
    expect(asked.text).toContain('Confirm with your bank');
    const { data } = await stripe.invoicePayments.list({ invoice, expand: ['data.payment.payment_intent'] });
    expect(data[0]?.payment.payment_intent).toMatchObject({
      status: 'requires_action',
      next_action: { type: 'redirect_to_url' },
    });
    const refused = await visit(`${page}/confirm`, { answer: 'refuse' });
    expect(refused.text).toContain('Your bank did not confirm the payment');
    expect((await stripe.subscriptions.retrieve(subscription)).status).toBe('past_due');
    await submit(`${page}/pay`, { method: 'onFile' });
    expect((await submit(`${page}/confirm`, { answer: 'confirm' })).text).toContain('Your payment went through');
    expect((await stripe.subscriptions.retrieve(subscription)).status).toBe('active');
  });

  test('has no other key than its address', async () => {
    const { invoice } = await failedRenewal();
    expect((await visit(`${harness.url}/i/${invoice}`)).status).toBe(404);
    expect((await visit(`${harness.url}/i/`)).status).toBe(404);
  });
});
