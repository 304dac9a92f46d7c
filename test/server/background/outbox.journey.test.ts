/** From what happens at Stripe to what a host hears, and nothing besides. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createBillhook, type Notice } from '@billhook/server';
import { hostSecret, origin, publicUrl, token } from '../support/bff.ts';
import { day } from '../fixtures/facts.ts';
import { isSignedWith, startHostReceiver, type HostReceiver } from '../support/host-receiver.ts';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`;
const heard: Notice[] = [];
let receiver: HostReceiver;
let harness: BffHarness;
/** How far the BFF's clock is ahead of Stripe's, in milliseconds. */
let ahead = 0;

beforeAll(async () => {
  receiver = await startHostReceiver();
  harness = await startBffHarness({
    hosts: [
      {
        id: 'acme',
        secrets: [hostSecret],
        origins: [origin],
        returnUrl: `${origin}/billing`,
        webhook: { url: receiver.url, secrets: [secret] },
      },
    ],
    onChange: (notice) => void heard.push(notice),
    now: () => Date.now() + ahead,
  });
});
afterAll(async () => {
  await harness.close();
  await receiver.close();
});

type Who = Parameters<BffHarness['as']>[0];

const subscriptionOf = async (who: Who) => {
  const { data } = await harness.stripe.subscriptions.list({ customer: harness.customers[who], limit: 1 });
  return data[0]?.id ?? '';
};
/** The next one that is not of access: those have a test of their own, and their order stands at the end of this one. */
const toldNext = async (): Promise<Notice> => {
  const delivery = await receiver.next();
  expect(isSignedWith(secret, delivery)).toBe(true);
  return delivery.notice.type === 'access.changed' ? await toldNext() : delivery.notice;
};

/** Resolves when Stripe has said everything, and the BFF has looked at everything; the test's own time limit is the limit. */
async function allSynced(): Promise<void> {
  await harness.sandbox.deliveries.settled();
  const stale = () =>
    (harness.bff.rows()['customers'] as { ticket: number; synced_ticket: number }[]).filter(
      ({ ticket, synced_ticket }) => synced_ticket < ticket,
    );
  while (stale().length > 0) await nextTurn();
}

describe('notices to a host', () => {
  it('M27: none for a debt from before the link, one for its payment', async () => {
    const { revision } = await harness.bff.snapshot(harness.as('pastDue'));
    const customer = harness.customers.pastDue;
    const card = await harness.stripe.paymentMethods.attach('pm_card_visa', { customer });
    await harness.stripe.customers.update(customer, { invoice_settings: { default_payment_method: card.id } });
    const { data } = await harness.stripe.invoices.list({ customer, status: 'open' });
    await harness.stripe.invoices.pay(data[0]?.id ?? '');

    const notice = await toldNext();
    expect(notice).toMatchObject({
      type: 'payment.recovered',
      host: 'acme',
      account: 'team_pastDue',
      data: { paid: { amount: 14_500, currency: 'eur' }, plan: { name: 'Team' } },
    });
    expect(notice.revision).not.toBe(revision);
  });

  it('M27: cancelling, and keeping it after all', async () => {
    await harness.bff.snapshot(harness.as('active'));
    const subscription = await subscriptionOf('active');
    await harness.stripe.subscriptions.update(subscription, { cancel_at_period_end: true });
    const ending = await toldNext();
    const { endsAt, revision } = await harness.bff.snapshot(harness.as('active'));
    expect(ending).toMatchObject({ type: 'subscription.ending', account: 'team_active', revision, data: { endsAt } });

    await harness.stripe.subscriptions.update(subscription, { cancel_at_period_end: false });
    expect(await toldNext()).toMatchObject({ type: 'subscription.kept', account: 'team_active' });

    // To and fro is news each time.
    await harness.stripe.subscriptions.update(subscription, { cancel_at_period_end: true });
    expect(await toldNext()).toMatchObject({ type: 'subscription.ending' });
    await harness.stripe.subscriptions.update(subscription, { cancel_at_period_end: false });
    expect(await toldNext()).toMatchObject({ type: 'subscription.kept' });
  });

  it('M27: an upgrade, and its failed payment once over all retries', async () => {
    const customer = harness.customers.active;
    const [id, bad] = [await subscriptionOf('active'), 'pm_card_chargeCustomerFail'];
    const card = await harness.stripe.paymentMethods.attach(bad, { customer });
    await harness.stripe.customers.update(customer, { invoice_settings: { default_payment_method: card.id } });
    const { items } = await harness.stripe.subscriptions.retrieve(id);
    const [item] = items.data;
    await harness.stripe.subscriptions.update(id, {
      items: [{ id: item?.id ?? '', quantity: (item?.quantity ?? 0) + 2 }],
      proration_behavior: 'always_invoice',
    });
    expect(await toldNext()).toMatchObject({
      type: 'plan.changed',
      data: { from: { quantity: item?.quantity }, to: { quantity: (item?.quantity ?? 0) + 2 } },
    });
    expect(await toldNext()).toMatchObject({
      type: 'payment.failed',
      account: 'team_active',
      data: { problem: 'failed', due: { currency: 'eur' } },
    });

    const { data } = await harness.stripe.invoices.list({ customer, status: 'open' });
    await expect(harness.stripe.invoices.pay(data[0]?.id ?? '')).rejects.toThrow();
    const good = await harness.stripe.paymentMethods.attach('pm_card_visa', { customer });
    await allSynced();
    await harness.stripe.invoices.pay(data[0]?.id ?? '', { payment_method: good.id });
    expect(await toldNext()).toMatchObject({ type: 'payment.recovered', account: 'team_active' });
  });

  it('M27: the end', async () => {
    await harness.bff.snapshot(harness.as('ending'));
    await harness.stripe.subscriptions.cancel(await subscriptionOf('ending'));
    expect(await toldNext()).toMatchObject({
      type: 'subscription.ended',
      account: 'team_ending',
      data: { reason: 'requested' },
    });
  });

  it('SUB-4: a trial’s end three days ahead, though nothing happens at Stripe', async () => {
    await harness.bff.snapshot(harness.as('trialing'));
    ahead = 6 * day;
    expect(await toldNext()).toMatchObject({
      type: 'trial.ending',
      account: 'team_trialing',
      data: { methodOnFile: true, endsAt: null },
    });
  });

  it('are these, once each, and the same in the process', async () => {
    await allSynced();
    await harness.bff.billhook.close();
    const told = receiver.deliveries.map(({ notice }) => notice);
    const states = told.flatMap((notice) =>
      notice.type === 'access.changed' ? `${notice.account} ${notice.data.from.state} → ${notice.data.to.state}` : [],
    );
    expect(states).toEqual([
      'team_pastDue pastDue → active',
      'team_active active → ending',
      'team_active ending → active',
      'team_active active → ending',
      'team_active ending → active',
      'team_active active → pastDue',
      'team_active pastDue → active',
      'team_ending ending → ended',
    ]);
    expect(told.map(({ type }) => type).filter((type) => type !== 'access.changed')).toEqual([
      'payment.recovered',
      'subscription.ending',
      'subscription.kept',
      'subscription.ending',
      'subscription.kept',
      'plan.changed',
      'payment.failed',
      'payment.recovered',
      'subscription.ended',
      'trial.ending',
    ]);
    const byId = (a: Notice, b: Notice) => (a.id < b.id ? -1 : 1);
    // Access is as it is at each delivery, and has Stripe's ids in it: it is for a host's backend, and for no page.
    const facts = (notices: readonly Notice[]) => notices.toSorted(byId).map(({ access: _access, ...rest }) => rest);
    expect(facts(heard)).toEqual(facts(told));
    const said = JSON.stringify(facts(told));
    expect(said).not.toMatch(/\b(?:cus|sub|in|price|prod|pm)_\w|@/);
    expect(told.every(({ id }) => /^notice_[\w-]{22}$/.test(id))).toBe(true);
  });
});

describe('a purchase just before the account was linked', () => {
  it('gives a notice at once, without waiting for the next poll of the table', async () => {
    const { sandbox, stripe } = harness;
    const { id: customer } = await stripe.customers.create({ payment_method: 'pm_card_visa' });
    const { data: prices } = await stripe.prices.list({ lookup_keys: ['team_monthly'] });
    await stripe.subscriptions.create({
      customer,
      items: [{ price: prices[0]?.id ?? '' }],
      default_payment_method: (await stripe.customers.listPaymentMethods(customer)).data[0]?.id ?? '',
    });
    let hear: (notice: Notice) => void = () => undefined;
    const told = new Promise<Notice>((resolve) => (hear = resolve));
    const billhook = await createBillhook(
      {
        publicUrl,
        database: ':memory:',
        stripe: {
          secretKey: sandbox.secretKey,
          webhookSecrets: ['whsec_1'],
          apiUrl: `http://127.0.0.1:${sandbox.stripeClientOptions().port}`,
        },
        hosts: [{ id: 'acme', secrets: [hostSecret], origins: [origin], returnUrl: `${origin}/billing` }],
        onChange: (notice) => hear(notice),
      },
      { pollMs: 2 ** 30 },
    );
    try {
      const authorization = `Bearer ${await token({ account: 'team_new', customer })}`;
      await billhook.fetch(new Request(`${publicUrl}/v1/billing`, { headers: { authorization } }));
      expect(await told).toMatchObject({
        type: 'subscription.started',
        account: 'team_new',
        data: { plan: { name: 'Team' }, trialEndsAt: null },
      });
    } finally {
      await billhook.close();
    }
  });
});
