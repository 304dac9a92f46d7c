import { describe, expect, test } from 'vitest';
import { april, dayMs, hourMs, latestInvoice, monthlyPrice, seconds, subscribed, sandboxForEach } from './harness.ts';

const { harness, stripe } = sandboxForEach();

describe('INV-1: previews', () => {
  test('what the renewal will ask for, kept nowhere and emitted never', async () => {
    const { customer, subscription } = await subscribed(stripe);
    await stripe.invoiceItems.create({ customer: customer.id, currency: 'eur', amount: 500, description: 'Set-up' });
    harness.newEvents();
    const preview = await stripe.invoices.createPreview({ customer: customer.id, subscription: subscription.id });
    expect(preview).toMatchObject({
      amount_due: 3400,
      billing_reason: 'subscription_cycle',
      currency: 'eur',
      created: seconds(april),
      next_payment_attempt: seconds(april) + 3600,
    });
    expect(preview.id).toMatch(/^upcoming_in_/);
    expect(preview).not.toHaveProperty('hosted_invoice_url');
    expect(preview.lines.data[1]?.period.start).toBe(seconds(april));
    expect(harness.newEvents()).toEqual([]);
    expect((await stripe.invoices.list()).data).toHaveLength(1);
    await expect(stripe.invoices.retrieve(preview.id)).rejects.toMatchObject({ statusCode: 404 });
    await harness.sandbox.clock.advanceTo(april + 2 * hourMs);
    expect((await latestInvoice(stripe, subscription.id)).amount_paid).toBe(preview.amount_due);
  });

  test('what a change would cost, now and later, is what it then does cost', async () => {
    const { subscription } = await subscribed(stripe);
    const dear = await monthlyPrice(stripe, 5900);
    await harness.sandbox.clock.advance(10 * dayMs);
    const items = [{ id: subscription.items.data[0]?.id ?? '', price: dear.id, quantity: 2 }];
    const later = await stripe.invoices.createPreview({
      subscription: subscription.id,
      subscription_details: { items, proration_behavior: 'create_prorations' },
    });
    expect(later.lines.data.map((line) => Math.sign(line.amount))).toEqual([-1, 1, 1]);
    const now = await stripe.invoices.createPreview({
      subscription: subscription.id,
      subscription_details: { items, proration_behavior: 'always_invoice' },
    });
    expect((await stripe.subscriptions.retrieve(subscription.id)).items.data[0]?.price.id).not.toBe(dear.id);
    await stripe.subscriptions.update(subscription.id, { items, proration_behavior: 'always_invoice' });
    expect((await latestInvoice(stripe, subscription.id)).total).toBe(now.total);
  });

  test.each(['subscription', 'item'])(
    'without a coupon of the %s that is over by then, as it is then billed',
    async (of) => {
      const { subscription } = await subscribed(stripe);
      await stripe.coupons.create({ id: 'MONTH', percent_off: 10, duration: 'repeating', duration_in_months: 1 });
      const discounts = [{ coupon: 'MONTH' }];
      const items = [{ id: subscription.items.data[0]?.id ?? '', discounts }];
      await stripe.subscriptions.update(subscription.id, of === 'item' ? { items } : { discounts });
      const preview = await stripe.invoices.createPreview({ subscription: subscription.id });
      await harness.sandbox.clock.advanceTo(april + 2 * hourMs);
      expect([preview.total, (await latestInvoice(stripe, subscription.id)).total]).toEqual([2900, 2900]);
    },
  );

  test('with the discounts that run, or with others', async () => {
    const { subscription } = await subscribed(stripe);
    await stripe.coupons.create({ id: 'TENTH', percent_off: 10, duration: 'forever' });
    const other = await stripe.invoices.createPreview({
      subscription: subscription.id,
      discounts: [{ coupon: 'TENTH' }],
    });
    expect(other.total).toBe(2610);
    expect(await stripe.coupons.retrieve('TENTH')).toMatchObject({ times_redeemed: 0 });
    await stripe.subscriptions.update(subscription.id, { discounts: [{ coupon: 'TENTH' }] });
    expect((await stripe.invoices.createPreview({ subscription: subscription.id })).total).toBe(2610);
  });

  test('credit is used up', async () => {
    const { customer, subscription } = await subscribed(stripe);
    await stripe.customers.createBalanceTransaction(customer.id, { amount: -1000, currency: 'eur' });
    expect(await stripe.invoices.createPreview({ subscription: subscription.id })).toMatchObject({
      total: 2900,
      amount_due: 1900,
      starting_balance: -1000,
    });
    await harness.sandbox.clock.advanceTo(april + 2 * hourMs);
    const [used] = (await stripe.customers.listBalanceTransactions(customer.id)).data;
    expect(used).toMatchObject({ amount: 1000, ending_balance: 0, type: 'applied_to_invoice' });
  });

  test('of a contract that ends in a later period', async () => {
    const { subscription } = await subscribed(stripe);
    await stripe.subscriptions.update(subscription.id, { cancel_at: seconds(april) + 86_400 });
    expect((await stripe.invoices.createPreview({ subscription: subscription.id })).amount_due).toBe(2900);
    await stripe.subscriptions.update(subscription.id, { cancel_at: seconds(april) });
    const none = { statusCode: 404, code: 'invoice_upcoming_none' };
    await expect(stripe.invoices.createPreview({ subscription: subscription.id })).rejects.toMatchObject(none);
  });

  test('none for what ends, and none without a subscription', async () => {
    const { customer, subscription } = await subscribed(stripe);
    await stripe.subscriptions.update(subscription.id, { cancel_at_period_end: true });
    const none = { statusCode: 404, code: 'invoice_upcoming_none' };
    await expect(stripe.invoices.createPreview({ subscription: subscription.id })).rejects.toMatchObject(none);
    await stripe.subscriptions.cancel(subscription.id);
    await expect(stripe.invoices.createPreview({ subscription: subscription.id })).rejects.toMatchObject(none);
    await expect(stripe.invoices.createPreview({ customer: customer.id })).rejects.toMatchObject({ statusCode: 400 });
  });
});
