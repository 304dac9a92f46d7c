/** A coupon on the card (L38), beside what Stripe will ask for; and offers in the customer's own currency (F9). */

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Stripe } from 'stripe';
import type { BillingSnapshot } from '@billhook/widget/contract';
import { neededPermissions } from '../../../server/src/stripe/permissions.ts';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

type Situation = keyof BffHarness['customers'];
const offers = [
  { id: 'euros', price: 'team_monthly' },
  { id: 'yen', price: 'team_monthly_jpy' },
];
const euros = (amount: number) => ({ amount, currency: 'eur' });
const yen = (amount: number) => ({ amount, currency: 'jpy' });

let harness: BffHarness;
beforeAll(async () => {
  harness = await startBffHarness({ host: { offers } });
});
afterAll(() => harness.close());

async function give(situation: Situation, coupon: Stripe.CouponCreateParams, { stripe, customers } = harness) {
  const { id } = await stripe.coupons.create(coupon);
  const { data } = await stripe.subscriptions.list({ customer: customers[situation] });
  return await stripe.subscriptions.update(data[0]?.id ?? '', { discounts: [{ coupon: id }] });
}

describe('L38 the price with a coupon', () => {
  it.each<[Situation, Stripe.CouponCreateParams, object]>([
    [
      'active',
      { percent_off: 20, duration: 'repeating', duration_in_months: 3 },
      { price: euros(6960), percentOff: 20, amountOff: euros(1740), once: false, until: expect.any(String) },
    ],
    [
      'yen',
      { amount_off: 1000, currency: 'jpy', duration: 'forever' },
      { price: yen(8000), percentOff: null, amountOff: yen(1000), once: false, until: null },
    ],
    [
      'trialing',
      { percent_off: 100, duration: 'forever' },
      { price: euros(0), percentOff: 100, amountOff: euros(5800), once: false, until: null },
    ],
  ])('of %s is what the next invoice asks for', async (situation, coupon, discount) => {
    await give(situation, coupon);
    const answer = await harness.bff.settled(harness.as(situation));
    const { plan, nextPayment } = (await answer.json()) as BillingSnapshot;
    expect(plan?.discount).toEqual(discount);
    expect(nextPayment?.amount).toEqual(plan?.discount?.price);
  });

  it.each<[string, Stripe.CouponCreateParams, 'items' | 'products', number]>([
    ['of one item', { percent_off: 50, duration: 'forever' }, 'items', 5250],
    ['for one product', { amount_off: 900, currency: 'eur', duration: 'forever' }, 'products', 8700],
  ])('%s is the next invoice’s as well, and its terms are asked for once', async (_, terms, of, asked) => {
    const { bff, customers, sandbox, stripe } = await startBffHarness();
    const { data } = await stripe.subscriptions.list({ customer: customers.active });
    const { id, items } = data[0] as Stripe.Subscription;
    const starter = await stripe.prices.list({ lookup_keys: ['starter_monthly'] });
    const second = await stripe.subscriptionItems.create({
      subscription: id,
      price: starter.data[0]?.id ?? '',
      proration_behavior: 'none',
    });
    const products = [String(second.price.product)];
    const coupon = await stripe.coupons.create(of === 'products' ? { ...terms, applies_to: { products } } : terms);
    const discounts = [{ coupon: coupon.id }];
    const first = items.data[0]?.id ?? '';
    await stripe.subscriptions.update(
      id,
      of === 'products' ? { discounts } : { items: [{ id: first, discounts }], proration_behavior: 'none' },
    );
    await sandbox.deliveries.settled();
    sandbox.requests.clear();
    for (let look = 0; look < 2; look += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one look after the other
      const answer = await bff.settled({ account: 'team_active', mint: { customer: customers.active } });
      // oxlint-disable-next-line no-await-in-loop -- as above
      const { plan, nextPayment } = (await answer.json()) as BillingSnapshot;
      expect(plan?.total).toMatchObject({ price: euros(9600), discount: { price: euros(asked) } });
      expect(nextPayment?.amount).toEqual(euros(asked));
      expect(plan?.discounted).toBe(of === 'items');
      // oxlint-disable-next-line no-await-in-loop -- as above
      await stripe.customers.update(customers.active, { phone: `+49 30 ${look}` });
      // oxlint-disable-next-line no-await-in-loop -- as above
      await sandbox.deliveries.settled();
    }
    expect(sandbox.requests.list({ path: `/v1/coupons/${coupon.id}` })).toHaveLength(1);
  });

  it('KEY-1 is left out for a key that may not read coupons, which is refused once', async () => {
    const permissions = neededPermissions.map(({ name }) => name);
    const restricted = await startBffHarness({}, (sandbox) => sandbox.addRestrictedKey(permissions));
    await give('active', { percent_off: 20, duration: 'forever' }, restricted);
    await give('yen', { percent_off: 20, duration: 'forever' }, restricted);
    restricted.sandbox.requests.clear();
    const first = await restricted.bff.snapshot(restricted.as('active'));
    const second = await restricted.bff.snapshot(restricted.as('yen'));
    for (const { plan } of [first, second]) {
      expect(plan).toMatchObject({ discounted: true });
      expect(plan).not.toHaveProperty('discount');
    }
    const statuses = (path: RegExp) => restricted.sandbox.requests.list({ path }).map(({ status }) => status);
    expect(statuses(/^.v1.subscriptions$/)).toEqual([200, 200]);
    expect(statuses(/coupons/)).toEqual([403]);
    await restricted.close();
  });
});

describe('F9 a customer that paid in yen', () => {
  it('is offered what has a price in yen, and Stripe sells it', async () => {
    const { stripe, customers, bff } = harness;
    const { data } = await stripe.subscriptions.list({ customer: customers.ended, status: 'all' });
    expect(data.map(({ currency }) => currency)).toEqual(['eur']);
    const offered = async (situation: Situation) => (await bff.snapshot(harness.as(situation))).offers;
    expect((await offered('ended')).map(({ id }) => id)).toEqual(['euros']);

    const paying = await stripe.subscriptions.list({ customer: customers.yen });
    await bff.snapshot(harness.as('yen'));
    await stripe.subscriptions.cancel(paying.data[0]?.id ?? '');
    await harness.sandbox.deliveries.settled();
    const init = { ...harness.as('yen'), body: { offer: 'yen', seen: null } };
    expect((await bff.call('/v1/checkout-sessions', init)).status).toBe(200);
    expect((await offered('yen')).map(({ id, plan }) => [id, plan.price])).toEqual([
      ['yen', { amount: 4500, currency: 'jpy' }],
    ]);
    const other = await bff.call('/v1/checkout-sessions', { ...init, body: { offer: 'euros', seen: null } });
    expect(other.status).toBe(409);
  });
});
