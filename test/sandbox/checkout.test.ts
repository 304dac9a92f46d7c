import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Stripe } from 'stripe';
import { testCardNumbered } from '../../demo/stripe-sandbox/engine/cards.ts';
import { completeCheckout } from '../../demo/stripe-sandbox/engine/checkout.ts';
import {
  customerWithCard,
  dayMs,
  hourMs,
  monthlyPrice,
  seconds,
  startAt,
  startSandbox,
  type Harness,
} from './harness.ts';
import { submit, visit } from './visit.ts';

let harness: Harness;
let stripe: Stripe;
let customer: Stripe.Customer;
let price: Stripe.Price;
beforeEach(async () => {
  harness = await startSandbox();
  stripe = harness.stripe;
  customer = await stripe.customers.create({ email: 'office@host.example', name: 'Host' });
  price = await monthlyPrice(stripe);
});
afterEach(() => harness.close());

const works = '4242 4242 4242 4242';
const cardThatAsks = '4000 0025 0000 3155';

const checkout = (extra: Partial<Stripe.Checkout.SessionCreateParams> = {}): Promise<Stripe.Checkout.Session> =>
  stripe.checkout.sessions.create({
    mode: 'subscription',
    customer: customer.id,
    line_items: [{ price: price.id, quantity: 2 }],
    success_url: 'https://host.example/back?session={CHECKOUT_SESSION_ID}',
    cancel_url: 'https://host.example/plans',
    ...extra,
  });
const subscriptions = async (): Promise<Stripe.Subscription[]> =>
  (await stripe.subscriptions.list({ customer: customer.id, status: 'all' })).data;

describe('a session', () => {
  test('OBJ-5: open for a day, with an address', async () => {
    const session = await checkout({ client_reference_id: 'team_1', metadata: { visit: 'v1' }, locale: 'de' });
    expect(session).toMatchObject({
      status: 'open',
      payment_status: 'unpaid',
      ui_mode: 'hosted_page',
      amount_total: 5800,
      currency: 'eur',
      client_reference_id: 'team_1',
      metadata: { visit: 'v1' },
      locale: 'de',
      expires_at: seconds(startAt + dayMs),
    });
    expect(session.id).toMatch(/^cs_test_a1/);
    expect(session.url).toBe(`${harness.url}/c/${session.id}`);
    expect((await stripe.checkout.sessions.retrieve(session.id)).id).toBe(session.id);
    const { line_items: lines } = await stripe.checkout.sessions.retrieve(session.id, {
      expand: ['line_items.data.price.product'],
    });
    expect(lines?.data).toMatchObject([{ description: 'Plan 2900', quantity: 2, amount_total: 5800 }]);
    expect((await stripe.checkout.sessions.listLineItems(session.id)).data).toHaveLength(1);
  });

  test('is listed by customer and status', async () => {
    const [first, second] = [await checkout(), await checkout()];
    await stripe.checkout.sessions.expire(first.id);
    const open = await stripe.checkout.sessions.list({ customer: customer.id, status: 'open' });
    expect(open.data.map(({ id }) => id)).toEqual([second.id]);
    const other = await stripe.customers.create({});
    expect((await stripe.checkout.sessions.list({ customer: other.id })).data).toEqual([]);
  });

  test('expires by request once, and then has no address', async () => {
    const session = await checkout();
    const { url } = session;
    harness.newEvents();
    expect(await stripe.checkout.sessions.expire(session.id)).toMatchObject({ status: 'expired', url: null });
    expect(harness.newEvents()).toEqual(['checkout.session.expired']);
    await expect(stripe.checkout.sessions.expire(session.id)).rejects.toMatchObject({ statusCode: 400 });
    const page = await visit(url ?? '');
    expect([page.status, page.text.includes('This checkout has expired')]).toEqual([410, true]);
    expect((await visit(url ?? '', { testCard: works })).status).toBe(410);
    expect(await subscriptions()).toEqual([]);
  });

  test('OBJ-5: expires by itself after a day, or when it was asked to', async () => {
    const [day, hour] = [await checkout(), await checkout({ expires_at: seconds(startAt + hourMs) })];
    await harness.sandbox.clock.advance(hourMs);
    expect((await stripe.checkout.sessions.retrieve(hour.id)).status).toBe('expired');
    expect((await stripe.checkout.sessions.retrieve(day.id)).status).toBe('open');
    await harness.sandbox.clock.advance(23 * hourMs);
    expect((await stripe.checkout.sessions.retrieve(day.id)).status).toBe('expired');
  });

  test.each([
    [{ expires_at: seconds(startAt + 60_000) }, 'expires_at'],
    [{ expires_at: seconds(startAt + 2 * dayMs) }, 'expires_at'],
    [{ success_url: 'nowhere' }, 'success_url'],
    [{ line_items: [{ price: 'price_x', quantity: 1 }] }, 'line_items[0][price]'],
    [{ customer: 'cus_x' }, 'customer'],
    [{ mode: 'payment' as const }, 'line_items[0]'],
    [{ discounts: [{ coupon: 'x' }] }, 'discounts[0][coupon]'],
  ])('%j is refused', async (extra, param) => {
    await expect(checkout(extra)).rejects.toMatchObject({ statusCode: 400, param });
  });
});

describe('the page', () => {
  test('shows the lines, the amounts and the customer', async () => {
    const { url } = await checkout();
    const { status, text } = await visit(url ?? '');
    expect(status).toBe(200);
    for (const words of [
      'Subscribe to Plan 2900',
      '€58.00',
      '2 × €29.00 per month',
      'Due today',
      'office@host.example',
    ])
      expect(text).toContain(words);
    expect(text).toContain('Back');
  });

  test('SUB-1: paying makes the subscription, in the order that was observed', async () => {
    const session = await checkout({ subscription_data: { metadata: { account: 'team_1' }, description: 'First' } });
    harness.newEvents();
    const { location } = await visit(session.url ?? '', { testCard: works });
    expect(location).toBe(`https://host.example/back?session=${session.id}`);
    expect(harness.newEvents()).toEqual([
      'charge.succeeded',
      'payment_method.attached',
      'checkout.session.completed',
      'customer.updated',
      'customer.subscription.created',
      'payment_intent.succeeded',
      'payment_intent.created',
      'invoice.created',
      'invoice.finalized',
      'invoice.paid',
      'invoice.payment_succeeded',
      'invoice_payment.paid',
    ]);
    const [subscription] = await subscriptions();
    expect(subscription).toMatchObject({
      status: 'active',
      quantity: 2,
      metadata: { account: 'team_1' },
      description: 'First',
      default_payment_method: expect.stringMatching(/^pm_/),
    });
    const after = await stripe.checkout.sessions.retrieve(session.id, {
      expand: ['subscription.latest_invoice', 'invoice', 'customer'],
    });
    expect(after).toMatchObject({ status: 'complete', payment_status: 'paid', url: null });
    expect((after.subscription as Stripe.Subscription).id).toBe(subscription?.id);
  });

  test('WH-4: events of Checkout have a key, and no request', async () => {
    await visit((await checkout()).url ?? '', { testCard: works });
    const { data } = await stripe.events.list({ type: 'customer.subscription.created' });
    expect(data[0]?.request).toEqual({ id: null, idempotency_key: expect.stringMatching(/^[0-9a-f-]{36}$/) });
  });

  test('one session pays once', async () => {
    const { url } = await checkout();
    await Promise.all([visit(url ?? '', { testCard: works }), visit(url ?? '', { testCard: works })]);
    const again = await visit(url ?? '', { testCard: works });
    expect(again.text).toContain('Nothing is charged a second time.');
    expect(await subscriptions()).toHaveLength(1);
    expect(harness.sandbox.state.charges.list()).toHaveLength(1);
    // Also where two forms are read at the same moment, each before the other has paid.
    const session = harness.sandbox.state.checkoutSessions.list()[0];
    const card = testCardNumbered(works);
    if (!session || !card) throw new Error('no session, or no card');
    completeCheckout(harness.sandbox.state, session, card);
    expect(await subscriptions()).toHaveLength(1);
  });

  test.each([
    ['4000 0000 0000 0002', 'Your card was declined.'],
    ['4000 0000 0000 0341', 'Your card was declined.'],
    ['4000 0000 0000 9995', 'Your card has insufficient funds.'],
    ['1234', 'Your card number is incorrect.'],
    ['', 'Enter a card number'],
  ])('a card that is refused (%s) is said so, and nothing is made', async (number, words) => {
    const session = await checkout();
    const page = await visit(session.url ?? '', { number });
    expect([page.status, page.text]).toEqual([402, expect.stringContaining(words)]);
    expect(await subscriptions()).toEqual([]);
    expect((await stripe.checkout.sessions.retrieve(session.id)).status).toBe('open');
    expect((await visit(session.url ?? '', { number: works })).status).toBe(303);
  });

  test('a charge that was told to fail fails here too, once', async () => {
    const { url } = await checkout();
    harness.sandbox.state.nextCharges.push('failsOnCharge');
    expect((await visit(url ?? '', { testCard: works })).status).toBe(402);
    expect((await visit(url ?? '', { testCard: works })).status).toBe(303);
  });

  test('3-D Secure: the bank asks first; refusing leads back, confirming pays', async () => {
    const { url } = await checkout();
    expect((await visit(url ?? '', { testCard: cardThatAsks })).text).toContain('Confirm with your bank');
    expect(await subscriptions()).toEqual([]);
    const refused = await visit(`${url}/confirm`, { answer: 'refuse' });
    expect([refused.status, refused.text]).toEqual([402, expect.stringContaining('did not confirm')]);
    await visit(url ?? '', { testCard: cardThatAsks });
    const confirmed = await visit(`${url}/confirm`, { answer: 'confirm' });
    expect(confirmed.location).toMatch(/^https:\/\/host\.example\/back/);
    expect(await subscriptions()).toMatchObject([{ status: 'active' }]);
    expect(await submit(`${url}/confirm`, { answer: 'confirm' })).toMatchObject({ status: 200 });
    expect(await subscriptions()).toHaveLength(1);
  });

  test('a confirmation that was not asked for is refused', async () => {
    const { url } = await checkout();
    expect((await visit(`${url}/confirm`, { answer: 'confirm' })).location).toBe(url);
    expect(await subscriptions()).toEqual([]);
  });

  test('an unknown session is told apart from an expired one', async () => {
    const page = await visit(`${harness.url}/c/cs_test_a1x`);
    expect([page.status, page.text]).toEqual([404, expect.stringContaining('This page does not exist')]);
  });
});

describe('trials', () => {
  test('SUB-4: nothing is due, and the card is saved for the end', async () => {
    const session = await checkout({ subscription_data: { trial_period_days: 14 } });
    expect(session).toMatchObject({ amount_total: 0, payment_status: 'no_payment_required' });
    expect((await visit(session.url ?? '')).text).toMatch(/14 days free.+Then €58\.00 per month.+€0\.00/);
    await visit(session.url ?? '', { testCard: works });
    const [subscription] = await subscriptions();
    expect(subscription).toMatchObject({ status: 'trialing', trial_end: seconds(startAt + 14 * dayMs) });
    await harness.sandbox.clock.advance(14 * dayMs + hourMs);
    expect(await subscriptions()).toMatchObject([{ status: 'active' }]);
  });

  test('a card that fails later can be saved', async () => {
    const { url } = await checkout({ subscription_data: { trial_period_days: 14 } });
    expect((await visit(url ?? '', { testCard: '4000 0000 0000 0341' })).status).toBe(303);
    await harness.sandbox.clock.advance(14 * dayMs + hourMs);
    expect(await subscriptions()).toMatchObject([{ status: 'past_due' }]);
  });

  test('without a card where none is required', async () => {
    const { url } = await checkout({
      payment_method_collection: 'if_required',
      subscription_data: {
        trial_period_days: 14,
        trial_settings: { end_behavior: { missing_payment_method: 'pause' } },
      },
    });
    expect((await visit(url ?? '')).text).toContain('No card is needed');
    expect((await visit(url ?? '', {})).status).toBe(303);
    expect(await subscriptions()).toMatchObject([{ status: 'trialing', default_payment_method: null }]);
    await harness.sandbox.clock.advance(14 * dayMs);
    expect(await subscriptions()).toMatchObject([{ status: 'paused' }]);
  });
});

describe('a bank debit', () => {
  test('completes the session unpaid, and succeeds days later', async () => {
    const session = await checkout();
    await visit(session.url ?? '', { testCard: 'DE89 3704 0044 0532 0130 00' });
    expect(await stripe.checkout.sessions.retrieve(session.id)).toMatchObject({
      status: 'complete',
      payment_status: 'unpaid',
    });
    expect(await subscriptions()).toMatchObject([{ status: 'active' }]);
    harness.newEvents();
    await harness.sandbox.clock.advance(5 * dayMs);
    expect(harness.newEvents()).toContain('checkout.session.async_payment_succeeded');
    expect((await stripe.checkout.sessions.retrieve(session.id)).payment_status).toBe('paid');
  });

  test('or bounces', async () => {
    const session = await checkout();
    await visit(session.url ?? '', { number: 'DE62370400440532013001' });
    await harness.sandbox.clock.advance(5 * dayMs);
    expect(harness.newEvents()).toContain('checkout.session.async_payment_failed');
    expect(await subscriptions()).toMatchObject([{ status: 'past_due' }]);
  });
});

test('the customer’s own card stays what it was', async () => {
  customer = await customerWithCard(stripe);
  const before = customer.invoice_settings.default_payment_method;
  await visit((await checkout()).url ?? '', { testCard: '5555 5555 5555 4444' });
  const after = (await stripe.customers.retrieve(customer.id)) as Stripe.Customer;
  expect(after.invoice_settings.default_payment_method).toBe(before);
});
