import type { Stripe } from 'stripe';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { customerWithCard, latestInvoice, startSandbox, type Harness } from './harness.ts';

let harness: Harness;
let stripe: Stripe;

beforeEach(async () => {
  harness = await startSandbox();
  ({ stripe } = harness);
});
afterEach(() => harness.close());

const priceOf = (amount: number, behavior: 'inclusive' | 'exclusive' | 'unspecified', currency = 'eur') =>
  stripe.prices.create({
    currency,
    unit_amount: amount,
    recurring: { interval: 'month' },
    product_data: { name: 'Plan' },
    tax_behavior: behavior,
  });

async function inCountry(country: string): Promise<Stripe.Customer> {
  const customer = await customerWithCard(stripe);
  return stripe.customers.update(customer.id, { address: { country, line1: '1 High Street' } });
}

async function firstInvoice(customer: string, price: string, more: Partial<Stripe.SubscriptionCreateParams> = {}) {
  const { id } = await stripe.subscriptions.create({ customer, items: [{ price }], ...more });
  return latestInvoice(stripe, id);
}

describe('tax', () => {
  test('automatic, on top of an exclusive price and inside an inclusive one', async () => {
    const { id } = await inCountry('DE');
    const automatic = { automatic_tax: { enabled: true } };
    const exclusive = await firstInvoice(id, (await priceOf(1000, 'exclusive')).id, automatic);
    expect(exclusive).toMatchObject({ subtotal: 1000, total: 1190, total_excluding_tax: 1000, amount_paid: 1190 });
    expect(exclusive.total_taxes).toMatchObject([{ amount: 190, tax_behavior: 'exclusive', taxable_amount: 1000 }]);
    expect(exclusive.automatic_tax).toMatchObject({ enabled: true, status: 'complete' });
    const inclusive = await firstInvoice(id, (await priceOf(1190, 'inclusive')).id, automatic);
    expect(inclusive).toMatchObject({
      subtotal: 1190,
      subtotal_excluding_tax: 1000,
      total: 1190,
      total_excluding_tax: 1000,
    });
  });

  test('CHK-1: automatic tax without a place is refused, and nothing is made', async () => {
    const { id } = await customerWithCard(stripe);
    const price = await priceOf(1000, 'exclusive');
    await expect(firstInvoice(id, price.id, { automatic_tax: { enabled: true } })).rejects.toMatchObject({
      statusCode: 400,
      code: 'customer_tax_location_invalid',
    });
    expect((await stripe.subscriptions.list({ status: 'all' })).data).toEqual([]);
  });

  test('reverse charge for a business abroad, none where nothing is collected, none for the exempt', async () => {
    const price = await priceOf(1000, 'exclusive');
    const automatic = { automatic_tax: { enabled: true } };
    const business = await inCountry('FR');
    await stripe.customers.createTaxId(business.id, { type: 'eu_vat', value: 'FR12345678901' });
    const reversed = await firstInvoice(business.id, price.id, automatic);
    expect(reversed.total_taxes).toMatchObject([{ amount: 0, taxability_reason: 'reverse_charge' }]);
    expect(reversed.customer_tax_ids).toEqual([{ type: 'eu_vat', value: 'FR12345678901' }]);
    const elsewhere = await firstInvoice((await inCountry('JP')).id, price.id, automatic);
    expect(elsewhere.total_taxes).toMatchObject([{ amount: 0, taxability_reason: 'not_collecting' }]);
    const exempt = await inCountry('DE');
    await stripe.customers.update(exempt.id, { tax_exempt: 'exempt' });
    expect((await firstInvoice(exempt.id, price.id, automatic)).total).toBe(1000);
  });

  test('rates: of the subscription, or an item’s own instead', async () => {
    const { id } = await inCountry('DE');
    const full = await stripe.taxRates.create({ display_name: 'VAT', inclusive: false, percentage: 20 });
    const reduced = await stripe.taxRates.create({ display_name: 'VAT', inclusive: true, percentage: 7 });
    const { id: subscription } = await stripe.subscriptions.create({
      customer: id,
      items: [
        { price: (await priceOf(1000, 'unspecified')).id },
        { price: (await priceOf(1070, 'unspecified')).id, tax_rates: [reduced.id] },
      ],
      default_tax_rates: [full.id],
    });
    const invoice = await latestInvoice(stripe, subscription);
    expect(invoice).toMatchObject({ subtotal: 2070, total: 2270, subtotal_excluding_tax: 2000 });
    expect(invoice.lines.data.map((line) => line.taxes?.[0]?.tax_rate_details?.tax_rate)).toEqual([
      full.id,
      reduced.id,
    ]);
  });

  test('a discount comes off before the tax', async () => {
    const { id } = await inCountry('GB');
    await stripe.coupons.create({ id: 'HALF', percent_off: 50, duration: 'forever' });
    const invoice = await firstInvoice(id, (await priceOf(1000, 'exclusive')).id, {
      automatic_tax: { enabled: true },
      discounts: [{ coupon: 'HALF' }],
    });
    expect(invoice).toMatchObject({ subtotal: 1000, total: 600, total_excluding_tax: 500 });
  });

  test('a currency without decimals', async () => {
    const { id } = await inCountry('DE');
    const invoice = await firstInvoice(id, (await priceOf(4501, 'exclusive', 'jpy')).id, {
      automatic_tax: { enabled: true },
    });
    expect(invoice.total).toBe(4501 + 855);
  });

  test('an id that cannot be one is refused', async () => {
    const { id } = await inCountry('DE');
    await expect(stripe.customers.createTaxId(id, { type: 'eu_vat', value: '12' })).rejects.toMatchObject({
      code: 'tax_id_invalid',
    });
    const made = await stripe.customers.createTaxId(id, { type: 'eu_vat', value: 'DE123456789' });
    await stripe.customers.deleteTaxId(id, made.id);
    expect((await stripe.customers.listTaxIds(id)).data).toEqual([]);
  });
});
