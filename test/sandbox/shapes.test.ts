import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { seedDemo } from '../../demo/stripe-sandbox/index.ts';
import { dayMs, startSandbox, subscribed, type Harness } from './harness.ts';
import { violations } from './stripe-validator.ts';

let harness: Harness;
beforeEach(async () => {
  harness = await startSandbox();
});
afterEach(() => harness.close());

describe('every answer has the shape that the SDK declares', () => {
  test('the whole API, with everything expanded', { timeout: 120_000 }, async () => {
    const { stripe, sandbox } = harness;
    const customers = await seedDemo(sandbox);
    await stripe.accounts.retrieveCurrent();
    const products = await stripe.products.list({ limit: 2 });
    expect(products.has_more).toBe(true);
    await stripe.products.update(products.data[0]?.id ?? '', { description: 'Changed', metadata: { tier: '1' } });
    await stripe.prices.list({ lookup_keys: ['team_monthly'], expand: ['data.product'] });
    for (const [situation, customer] of Object.entries(customers)) {
      await stripe.customers.retrieve(customer, {
        expand: ['subscriptions', 'tax', 'invoice_settings.default_payment_method'],
      });
      await stripe.customers.listPaymentMethods(customer);
      const subscriptions = await stripe.subscriptions.list({
        customer,
        status: 'all',
        limit: 100,
        expand: [
          'data.customer.invoice_settings.default_payment_method',
          'data.default_payment_method',
          'data.latest_invoice.payments',
          'data.latest_invoice.confirmation_secret',
          'data.schedule',
        ],
      });
      expect(subscriptions.data).toHaveLength(situation === 'several' ? 2 : 1);
      for (const invoice of (await stripe.invoices.list({ customer, expand: ['data.customer', 'data.payments'] }))
        .data) {
        await stripe.invoicePayments.list({
          invoice: invoice.id ?? '',
          expand: ['data.payment.payment_intent.latest_charge'],
        });
      }
      for (const charge of (
        await stripe.charges.list({ customer, expand: ['data.customer', 'data.payment_intent.payment_method'] })
      ).data) {
        await stripe.paymentIntents.retrieve(String((charge.payment_intent as { id: string } | null)?.id));
      }
      await stripe.billingPortal.sessions.create({
        customer,
        return_url: 'https://host.example/billing',
        expand: ['configuration'],
      });
    }
    await stripe.billingPortal.configurations.list();
    const endpoint = await stripe.webhookEndpoints.create({
      url: 'https://host.example/hooks',
      enabled_events: ['account.updated'],
    });
    expect(endpoint.secret).toMatch(/^whsec_/);
    expect((await stripe.webhookEndpoints.list()).data[0]).not.toHaveProperty('secret');
    await stripe.webhookEndpoints.update(endpoint.id, { disabled: true });
    await stripe.webhookEndpoints.del(endpoint.id);
    const events = await stripe.events.list({ limit: 100 });
    await stripe.events.retrieve(events.data[0]?.id ?? '');
  });

  test('through a year of renewals, failures and changes', async () => {
    const { stripe, sandbox } = harness;
    const { subscription } = await subscribed(stripe);
    sandbox.state.nextCharges.push('failsOnCharge', 'needsAuthentication', 'works');
    await sandbox.clock.advance(365 * dayMs);
    expect((await stripe.subscriptions.retrieve(subscription.id)).status).toBe('active');
    expect((await stripe.invoices.list({ subscription: subscription.id, limit: 100 })).data.length).toBeGreaterThan(11);
  });

  test('the validator would say so', () => {
    expect(violations({ id: 'cus_1', object: 'customer' })[0]).toMatch(/required/);
    expect(violations({ id: 'cus_1', object: 'customer', deleted: true, name: 'x' })).not.toEqual([]);
    expect(violations({ id: 'cus_1', object: 'customer', deleted: true })).toEqual([]);
    expect(violations({ object: 'list', data: [], has_more: false, url: '/v1/x', total: 1 })).not.toEqual([]);
  });
});
