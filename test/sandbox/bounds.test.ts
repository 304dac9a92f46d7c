/** L39: every text, number, address and currency that Stripe bounds is bounded here, at every endpoint. */

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Field, Shape } from '../../demo/stripe-sandbox/http/params.ts';
import { sandboxEndpoints } from './declared-parameters.ts';
import { dayMs, seconds, startAt, startSandbox, subscribed, type Harness } from './harness.ts';

interface Leaf {
  readonly endpoint: string;
  readonly name: string;
  readonly path: string;
  readonly field: Field<unknown>;
}

function leavesOf(endpoint: string, shape: Shape, path = ''): Leaf[] {
  return Object.entries(shape).flatMap(([name, field]) => {
    const own = `${path} ${name}`;
    if (field.parts) return leavesOf(endpoint, field.parts, own);
    if (field.element?.parts) return leavesOf(endpoint, field.element.parts, own);
    return [{ endpoint, name, path: `${endpoint}${own}`, field: field.element ?? field }];
  });
}

const leaves = sandboxEndpoints().flatMap(({ key, shape }) => leavesOf(key, shape));
// A credit is an invoice item of a negative amount.
const credit = 'POST /v1/invoiceitems unit_amount_decimal';
const sent = leaves.filter(({ endpoint, path }) => endpoint.startsWith('POST') && path !== credit);

/** The parameters that take a value which Stripe refuses. */
const thatTake = (value: string, among: readonly Leaf[]): string[] =>
  among
    .filter(({ field, path }) => {
      try {
        field.read(value, path);
        return true;
      } catch {
        return false;
      }
    })
    .map(({ path }) => path);

describe('HTTP-9: at every endpoint', () => {
  test('no text is longer than 5,000 characters', () => {
    expect(leaves.length).toBeGreaterThan(400);
    expect(thatTake('x'.repeat(5001), leaves)).toEqual([]);
  });

  test.each([
    ['currency', /^(?:minimum_amount_)?currency$/, ['zzz', 'eu', 'euro', '1']],
    [
      'e-mail address',
      /^(?:customer_|receipt_)?email$/,
      ['nobody', 'a b@c.example', '@', `${'x'.repeat(512)}@a.example`],
    ],
    [
      'address',
      /^(?:default_)?(?:return_|success_|cancel_|privacy_policy_|terms_of_service_)?url$/,
      ['/billing', 'billing', 'javascript:alert(1)'],
    ],
    ['country', /^country$/, ['Germany', 'D', '49']],
    ['quantity', /^quantity$/, ['-1', '1.5', 'two']],
    [
      'count of days, intervals or months',
      /^(?:days_until_due|trial_period_days|interval_count|duration_in_months|iterations)$/,
      ['-1', '0.5'],
    ],
    ['amount of a price', /^(?:unit_amount|flat_amount)(?:_decimal)?$/, ['-1', 'ten']],
    ['amount that is paid or given', /^(?:amount_off|minimum_amount)$/, ['-1', '0']],
    ['share in percent', /^(?:percent_off|percentage)$/, ['ten']],
    ['month', /^exp_month$/, ['13', '0']],
  ])('a %s is one', (_, named, wrong) => {
    const found = sent.filter(({ name }) => named.test(name));
    expect(found.length).toBeGreaterThan(0);
    for (const value of wrong) expect(thatTake(value, found), value).toEqual([]);
  });
});

describe('HTTP-9: requests that Stripe refuses', () => {
  let harness: Harness;
  const known: Record<string, string> = {};
  beforeAll(async () => {
    harness = await startSandbox();
    const { stripe, sandbox } = harness;
    sandbox.savePortalSettings();
    const { customer, price, subscription } = await subscribed(stripe);
    const other = await subscribed(stripe);
    const [card] = (await stripe.customers.listPaymentMethods(other.customer.id)).data;
    const detached = await stripe.paymentMethods.attach('pm_card_mastercard', { customer: customer.id });
    await stripe.paymentMethods.detach(detached.id);
    const product = String(price.product);
    const monthly = { product, unit_amount: 100, recurring: { interval: 'month' } } as const;
    const once = await stripe.prices.create({ product, currency: 'eur', unit_amount: 100 });
    const gone = await stripe.prices.create({ product, currency: 'eur', unit_amount: 100, active: false });
    const dollars = await stripe.prices.create({ ...monthly, currency: 'usd' });
    const yearly = await stripe.prices.create({ ...monthly, currency: 'eur', recurring: { interval: 'year' } });
    const meter = await stripe.billing.meters.create({
      display_name: 'Calls',
      event_name: 'calls',
      default_aggregation: { formula: 'sum' },
    });
    const recurring = { interval: 'month', usage_type: 'metered', meter: meter.id } as const;
    const used = await stripe.prices.create({ ...monthly, currency: 'eur', recurring });
    Object.assign(known, {
      $customer: customer.id,
      $price: price.id,
      $subscription: subscription.id,
      $item: subscription.items.data[0]?.id,
      $otherSubscription: other.subscription.id,
      $otherCard: card?.id,
      $detached: detached.id,
      $product: product,
      $otherProduct: String(other.price.product),
      $once: once.id,
      $gone: gone.id,
      $dollars: dollars.id,
      $yearly: yearly.id,
      $used: used.id,
    });
  });
  afterAll(() => harness.close());

  const past = seconds(startAt - dayMs);
  const soon = seconds(startAt + dayMs);
  const inThreeYears = seconds(startAt + 3 * 366 * dayMs);
  const checkout = { mode: 'subscription', success_url: 'https://a.example/' };
  const line = { line_items: [{ price: '$price', quantity: 1 }] };
  const subscribe = { customer: '$customer', items: [{ price: '$price' }] };
  const price = { product: '$product', currency: 'eur', unit_amount: 100, recurring: { interval: 'month' } };

  test.for<[name: string, path: string, params: object, param?: string]>([
    [
      'Checkout: no quantity',
      'checkout/sessions',
      { ...checkout, line_items: [{ price: '$price', quantity: 0 }] },
      'line_items[0][quantity]',
    ],
    [
      'Checkout: a quantity of what is metered',
      'checkout/sessions',
      { ...checkout, line_items: [{ price: '$used', quantity: 2 }] },
      'line_items[0][quantity]',
    ],
    [
      'Checkout: a price that is sold no more',
      'checkout/sessions',
      { ...checkout, mode: 'payment', line_items: [{ price: '$gone', quantity: 1 }] },
      'line_items[0][price]',
    ],
    [
      'Checkout: no days of trial',
      'checkout/sessions',
      { ...checkout, ...line, subscription_data: { trial_period_days: 0 } },
    ],
    [
      'Checkout: three years of trial',
      'checkout/sessions',
      { ...checkout, ...line, subscription_data: { trial_period_days: 1096 } },
    ],
    [
      'Checkout: a trial that is over',
      'checkout/sessions',
      { ...checkout, ...line, subscription_data: { trial_end: past } },
    ],
    [
      'Checkout: a trial of a day',
      'checkout/sessions',
      { ...checkout, ...line, subscription_data: { trial_end: soon } },
    ],
    [
      'Checkout: an end of no trial',
      'checkout/sessions',
      {
        ...checkout,
        ...line,
        subscription_data: { trial_settings: { end_behavior: { missing_payment_method: 'pause' } } },
      },
    ],
    [
      'Checkout: a customer made by a subscription',
      'checkout/sessions',
      { ...checkout, ...line, customer_creation: 'always' },
      'customer_creation',
    ],
    [
      'Checkout: a customer made beside one',
      'checkout/sessions',
      {
        ...checkout,
        mode: 'payment',
        customer: '$customer',
        customer_creation: 'always',
        line_items: [{ price: '$once', quantity: 1 }],
      },
    ],
    [
      'Checkout: a payment without a method',
      'checkout/sessions',
      {
        ...checkout,
        mode: 'payment',
        payment_method_collection: 'if_required',
        line_items: [{ price: '$once', quantity: 1 }],
      },
      'payment_method_collection',
    ],
    [
      'Checkout: codes for a card',
      'checkout/sessions',
      { ...checkout, mode: 'setup', currency: 'eur', allow_promotion_codes: true },
      'allow_promotion_codes',
    ],
    ['Checkout: a card of no currency', 'checkout/sessions', { ...checkout, mode: 'setup' }, 'currency'],
    [
      'Checkout: more than twenty lines',
      'checkout/sessions',
      { ...checkout, line_items: Array.from({ length: 21 }, () => ({ price: '$price', quantity: 1 })) },
      'line_items',
    ],
    [
      'Checkout: a reference of 201 characters',
      'checkout/sessions',
      { ...checkout, ...line, client_reference_id: 'x'.repeat(201) },
      'client_reference_id',
    ],
    [
      'Checkout: a text of 1,201 characters',
      'checkout/sessions',
      { ...checkout, ...line, custom_text: { submit: { message: 'x'.repeat(1201) } } },
    ],
    ['a subscription in another currency', 'subscriptions', { ...subscribe, currency: 'usd' }, 'items[0][price]'],
    [
      'a subscription to one price twice',
      'subscriptions',
      { ...subscribe, items: [{ price: '$price' }, { price: '$price' }] },
      'items',
    ],
    [
      'a subscription to a quantity of what is metered',
      'subscriptions',
      { ...subscribe, items: [{ price: '$used', quantity: 2 }] },
    ],
    [
      'a classic subscription of two intervals',
      'subscriptions',
      { ...subscribe, billing_mode: { type: 'classic' }, items: [{ price: '$price' }, { price: '$yearly' }] },
      'items',
    ],
    ['a subscription with a trial that is over', 'subscriptions', { ...subscribe, trial_end: past }, 'trial_end'],
    [
      'a subscription with a trial of three years',
      'subscriptions',
      { ...subscribe, trial_end: inThreeYears },
      'trial_end',
    ],
    ['a subscription with two trials', 'subscriptions', { ...subscribe, trial_end: soon, trial_period_days: 3 }],
    ['a subscription that is over', 'subscriptions', { ...subscribe, cancel_at: past }, 'cancel_at'],
    [
      'a subscription that ends in two ways',
      'subscriptions',
      { ...subscribe, cancel_at: soon, cancel_at_period_end: true },
      'cancel_at',
    ],
    ['a change to yesterday’s end', 'subscriptions/$subscription', { cancel_at: past }, 'cancel_at'],
    [
      'a change that counts from outside the period',
      'subscriptions/$subscription',
      { items: [{ id: '$item', quantity: 2 }], proration_date: past },
      'proration_date',
    ],
    [
      'a preview that counts from outside the period',
      'invoices/create_preview',
      { subscription: '$subscription', subscription_details: { proration_date: past } },
      'proration_date',
    ],
    [
      'a pause that is over',
      'subscriptions/$subscription',
      { pause_collection: { behavior: 'void', resumes_at: past } },
      'pause_collection[resumes_at]',
    ],
    [
      'a change of one item in two ways',
      'subscriptions/$subscription',
      {
        items: [
          { id: '$item', quantity: 2 },
          { id: '$item', quantity: 3 },
        ],
      },
      'items',
    ],
    ['an item in another currency', 'subscriptions/$subscription', { items: [{ price: '$dollars' }] }],
    ['days to pay what is charged', 'subscriptions/$subscription', { days_until_due: 3 }, 'days_until_due'],
    ['an amount beyond all numbers', 'prices', { ...price, unit_amount: '99999999999999999999' }, 'unit_amount'],
    ['a promotion of no coupon', 'promotion_codes', { promotion: { type: 'coupon' } }, 'promotion[coupon]'],
    [
      'a price of four years',
      'prices',
      { ...price, recurring: { interval: 'year', interval_count: 4 } },
      'recurring[interval_count]',
    ],
    [
      'a price of 37 months',
      'prices',
      { ...price, recurring: { interval: 'month', interval_count: 37 } },
      'recurring[interval_count]',
    ],
    ['a price of two amounts', 'prices', { ...price, unit_amount_decimal: '99.5' }],
    [
      'a metered price without a meter',
      'prices',
      { ...price, recurring: { interval: 'month', usage_type: 'metered' } },
      'recurring[meter]',
    ],
    ['a key of 201 characters', 'prices', { ...price, lookup_key: 'x'.repeat(201) }, 'lookup_key'],
    ['a coupon that is over', 'coupons', { percent_off: 10, redeem_by: past }, 'redeem_by'],
    [
      'a coupon for months, once',
      'coupons',
      { percent_off: 10, duration: 'once', duration_in_months: 3 },
      'duration_in_months',
    ],
    [
      'a coupon for no product',
      'coupons',
      { percent_off: 10, applies_to: { products: ['prod_nope'] } },
      'applies_to[products][0]',
    ],
    [
      'a portal’s headline of 61 characters',
      'billing_portal/configurations',
      { business_profile: { headline: 'x'.repeat(61) }, features: { invoice_history: { enabled: true } } },
      'business_profile[headline]',
    ],
    [
      'a portal that credits what runs out',
      'billing_portal/configurations',
      {
        features: {
          subscription_cancel: { enabled: true, mode: 'at_period_end', proration_behavior: 'create_prorations' },
        },
      },
    ],
    [
      'a portal that leads nowhere',
      'billing_portal/sessions',
      { customer: '$customer', return_url: 'billing' },
      'return_url',
    ],
    ['a name of 257 characters', 'customers', { name: 'x'.repeat(257) }, 'name'],
    [
      'an invoice for another’s subscription',
      'invoices',
      { customer: '$customer', subscription: '$otherSubscription' },
      'subscription',
    ],
    [
      'days to pay an invoice that is charged',
      'invoices',
      { customer: '$customer', days_until_due: 3 },
      'days_until_due',
    ],
    [
      'an item for another’s subscription',
      'invoiceitems',
      { customer: '$customer', subscription: '$otherSubscription', amount: 100, currency: 'eur' },
      'subscription',
    ],
    ['another’s card', 'payment_methods/$otherCard/attach', { customer: '$customer' }],
    ['a card that was taken away', 'payment_methods/$detached/attach', { customer: '$customer' }],
    ['another product’s price', 'products/$otherProduct', { default_price: '$price' }, 'default_price'],
    ['an endpoint at no address', 'webhook_endpoints', { url: 'ftp://a.example/', enabled_events: ['*'] }, 'url'],
  ])('%s', async ([, path, given, param]) => {
    const filled = (text: string): string => text.replaceAll(/\$\w+/g, (name) => known[name] ?? name);
    const params = JSON.parse(filled(JSON.stringify(given))) as Record<string, unknown>;
    const refused = harness.stripe.rawRequest('POST', `/v1/${filled(path)}`, params);
    await expect(refused).rejects.toMatchObject({ statusCode: 400, ...(param === undefined ? {} : { param }) });
  });

  test('a card whose year is over', async () => {
    const card = { number: '4242424242424242', exp_month: 1, exp_year: 2026 };
    await expect(harness.stripe.paymentMethods.create({ type: 'card', card })).rejects.toMatchObject({
      statusCode: 402,
      code: 'invalid_expiry_year',
    });
  });

  test.each([
    'subscriptions',
    'invoices',
    'checkout/sessions',
    'invoiceitems',
    'payment_methods',
    'subscription_schedules',
  ])('a list of %s of a customer that never was', async (kind) => {
    const asked = harness.stripe.rawRequest('GET', `/v1/${kind}?customer=cus_nope`);
    await expect(asked).rejects.toMatchObject({ code: 'resource_missing', param: 'customer' });
  });

  test('HTTP-8: a key of 256 characters', async () => {
    await expect(
      harness.stripe.customers.create({ name: 'Ada' }, { idempotencyKey: 'x'.repeat(256) }),
    ).rejects.toMatchObject({ statusCode: 400 });
  });

  test('SUB-3: other items before the first payment', async () => {
    const { stripe } = harness;
    const { subscription } = await subscribed(stripe, 'pm_card_threeDSecure2Required');
    const items = [{ id: subscription.items.data[0]?.id ?? '', quantity: 2 }];
    await expect(stripe.subscriptions.update(subscription.id, { items })).rejects.toMatchObject({ param: 'items' });
  });
});
