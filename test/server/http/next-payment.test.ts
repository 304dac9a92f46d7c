/** The next payment (M36): asked for at Stripe where a page is open, once a sync, and never shown beside newer facts. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BillingSnapshot } from '@billhook/widget/contract';
import { neededPermissions } from '../../../server/src/stripe/permissions.ts';
import { startBff, type CallInit, type TestBff } from '../support/bff.ts';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

let harness: BffHarness;
beforeEach(async () => {
  harness = await startBffHarness();
});
afterEach(() => harness.close());

const preview = { path: '/v1/invoices/create_preview' };
const asked = () => harness.sandbox.requests.count(preview);
const colleague = (init: CallInit): CallInit => ({ ...init, mint: { ...init.mint, scope: ['billing:read'] } });
const euros = (amount: number) => ({ amount, currency: 'eur' });

/** As the widget reads: at once, then held for as long as something is awaited. */
async function watch(isSeen: (snapshot: BillingSnapshot) => boolean = () => true, bff: TestBff = harness.bff) {
  const init = harness.as('active');
  let answer = await bff.settled(init);
  for (;;) {
    if (answer.status !== 200) throw new Error(`the poll was answered ${answer.status}`);
    // oxlint-disable-next-line no-await-in-loop -- one poll after the other
    const snapshot = (await answer.json()) as BillingSnapshot;
    if (snapshot.nextPaymentAwaited !== true && isSeen(snapshot)) return snapshot;
    const headers = { 'if-none-match': answer.headers.get('etag') ?? '', prefer: 'wait=25' };
    // oxlint-disable-next-line no-await-in-loop -- one poll after the other
    answer = await bff.call('/v1/billing', { ...init, headers });
  }
}

const subscriptionOf = async (situation: keyof BffHarness['customers']) => {
  const { data } = await harness.stripe.subscriptions.list({ customer: harness.customers[situation] });
  const [subscription] = data;
  if (!subscription) throw new Error(`${situation} has no subscription`);
  return subscription;
};

/** Seats of the active customer, from its next invoice on. */
const setSeats = async (quantity: number) => {
  const { id, items } = await subscriptionOf('active');
  await harness.stripe.subscriptions.update(id, {
    items: [{ id: items.data[0]?.id ?? '', quantity }],
    proration_behavior: 'none',
  });
};

describe('a page that is open', () => {
  it('is answered first, and told the next payment when Stripe has said it', async () => {
    // The facts are known, so that the first answer has nothing else to wait for.
    await harness.bff.snapshot(colleague(harness.as('active')));
    harness.sandbox.faults.latencyMs = 200;
    const first = await harness.bff.snapshot(harness.as('active'));
    expect(harness.sandbox.requests.list(preview).filter(({ status }) => status !== null)).toEqual([]);
    expect(first).toMatchObject({ state: 'active', nextPaymentAwaited: true });
    expect(first).not.toHaveProperty('nextPayment');

    const { nextPayment, renewsAt } = await watch();
    expect(nextPayment).toEqual({ at: renewsAt, amount: euros(8700), estimated: false });
    expect(asked()).toBe(1);
  });

  it('costs two calls a look, however many read it, and none while nothing changes', async () => {
    await watch();
    const { requests } = harness.sandbox;
    requests.clear();
    await Promise.all(Array.from({ length: 5 }, () => watch()));
    expect(requests.count()).toBe(0);

    const name = { name: 'Alder & Sons' };
    const before = (await harness.bff.snapshot(harness.as('active'))).revision;
    await harness.stripe.customers.update(harness.customers.active, name);
    requests.clear();
    await Promise.all(Array.from({ length: 5 }, () => watch(({ revision }) => revision !== before)));
    expect(requests.list().map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /v1/subscriptions',
      'POST /v1/invoices/create_preview',
    ]);
  });

  it('shows no amount beside facts that are newer than it', async () => {
    await watch();
    const told: BillingSnapshot[] = [];
    await setSeats(5);
    const last = await watch((snapshot) => {
      told.push(snapshot);
      return snapshot.plan?.quantity === 5;
    });
    expect(last.nextPayment?.amount).toEqual(euros(14_500));
    const amounts = new Set(told.map(({ plan, nextPayment }) => `${plan?.quantity}: ${nextPayment?.amount.amount}`));
    for (const amount of amounts) expect(['3: 8700', '5: undefined', '5: 14500']).toContain(amount);
  });

  it('is told of a credit that changes the amount and none of the facts', async () => {
    const { revision } = await watch();
    const { active: customer } = harness.customers;
    await harness.stripe.invoiceItems.create({ customer, ...euros(-700), description: 'Thank you' });
    const last = await watch(({ nextPayment }) => nextPayment?.amount.amount === 8000);
    expect(last.revision).toBe(revision);
  });

  it('keeps it through a restart of the server, without a call', async () => {
    const { nextPayment } = await watch();
    await harness.bff.billhook.close();
    const other = await startBff(harness.options.stripe, { database: harness.bff.database });
    try {
      const before = asked();
      expect((await other.snapshot(harness.as('active'))).nextPayment).toEqual(nextPayment);
      expect(asked()).toBe(before);
    } finally {
      await other.close();
    }
  });

  it('F25: of a contract is told its next payment, for it renews until its last day', async () => {
    const { id } = await subscriptionOf('active');
    const far = Math.floor(harness.sandbox.clock.now() / 1000) + 400 * 86_400;
    await harness.stripe.subscriptions.update(id, { cancel_at: far });
    const contract = await watch(({ endsAt }) => endsAt !== null);
    expect(contract).toMatchObject({ state: 'active', nextPayment: { at: contract.renewsAt, amount: euros(8700) } });
  });
});

describe('Stripe is not asked', () => {
  it('for a customer with a closed page, a colleague’s page, or a host that asks for access', async () => {
    await harness.bff.snapshot(colleague(harness.as('active')));
    await setSeats(4);
    await harness.sandbox.deliveries.settled();
    let reading = await harness.bff.call('/v1/billing', colleague(harness.as('active')));
    while (((await reading.clone().json()) as BillingSnapshot).plan?.quantity !== 4) {
      const headers = { 'if-none-match': reading.headers.get('etag') ?? '', prefer: 'wait=25' };
      // oxlint-disable-next-line no-await-in-loop -- one poll after the other
      reading = await harness.bff.call('/v1/billing', { ...colleague(harness.as('active')), headers });
    }
    const snapshot = (await reading.json()) as BillingSnapshot;
    expect(snapshot).not.toHaveProperty('nextPayment');
    expect(snapshot).not.toHaveProperty('nextPaymentAwaited');
    await harness.bff.call('/v1/access', { ...harness.as('active'), mint: { scope: ['access'] } });
    expect(asked()).toBe(0);
  });

  it.each(['pastDue', 'ending', 'ended', 'paused', 'unpaid', 'incomplete'] as const)(
    'about a customer that is %s: nothing is charged next, or a debt has its own words',
    async (situation) => {
      const snapshot = await harness.bff.snapshot(harness.as(situation));
      expect(snapshot).not.toHaveProperty('nextPaymentAwaited');
      expect(asked()).toBe(0);
    },
  );
});

it('a trial is told its first charge', async () => {
  const told = (await (await harness.bff.settled(harness.as('trialing'))).json()) as BillingSnapshot;
  expect(told.nextPayment).toEqual({ at: told.trialEndsAt, amount: told.plan?.price, estimated: false });
});

it.each([
  ['pays nothing', 100, 'create_invoice', { methodNeeded: false, amount: 0 }],
  ['pays half', 50, 'create_invoice', { methodNeeded: true, amount: 1450 }],
  ['would be paused', 100, 'pause', { methodNeeded: true, amount: 0 }],
] as const)('F11: a trial without a card, that %s when it ends', async (_, percent, then, { methodNeeded, amount }) => {
  const { stripe, bff } = harness;
  const [price] = (await stripe.prices.list({ lookup_keys: ['team_monthly'] })).data;
  const coupon = await stripe.coupons.create({ percent_off: percent, duration: 'forever' });
  const { id } = await stripe.customers.create({ name: 'Thyme' });
  await stripe.subscriptions.create({
    customer: id,
    items: [{ price: String(price?.id) }],
    trial_period_days: 14,
    trial_settings: { end_behavior: { missing_payment_method: then } },
    discounts: [{ coupon: coupon.id }],
  });
  const answer = await bff.settled({ account: 'team_thyme', mint: { customer: id } });
  const { actions, nextPayment, payment } = (await answer.json()) as BillingSnapshot;
  expect(nextPayment?.amount).toEqual(euros(amount));
  expect(payment).toMatchObject({ methodOnFile: false, methodNeeded });
  expect(actions.some(({ purpose }) => purpose === 'addCard')).toBe(methodNeeded);
});

it('KEY-1: a key that may not ask leaves the row out, and the page is as it was', async () => {
  const secretKey = harness.sandbox.addRestrictedKey(neededPermissions.map(({ name }) => name));
  const bff = await startBff({ ...harness.options.stripe, secretKey });
  try {
    const snapshot = await watch(undefined, bff);
    expect(snapshot.state).toBe('active');
    expect(snapshot).not.toHaveProperty('nextPayment');
    expect(harness.sandbox.requests.list(preview).map(({ status }) => status)).toEqual([403]);
  } finally {
    await bff.close();
  }
});
