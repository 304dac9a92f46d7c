/** OBJ-6: customers of Accounts v2, named by their account beside the customer or instead of it. */

import { afterEach, describe, expect, it } from 'vitest';
import { createStripeGateway } from '../../../server/src/stripe/gateway.ts';
import { readEvent } from '../../../server/src/stripe/event.ts';
import { april, customerWithCard, dayMs, monthlyPrice, startSandbox, type Harness } from '../../sandbox/harness.ts';

let harness: Harness;
afterEach(() => harness.close());

/** A year's customer: bought, renewed, a second card, an invoice that failed and was paid, a Checkout, the portal. */
async function lived(accountsV2: 'beside' | 'instead'): Promise<{ customer: string; account: string }> {
  harness = await startSandbox();
  const { sandbox, stripe } = harness;
  sandbox.state.settings.accountsV2 = accountsV2;
  sandbox.savePortalSettings();
  const { id: customer, customer_account: account } = await customerWithCard(stripe);
  if (account == null) throw new Error('the customer has no account');
  const price = await monthlyPrice(stripe);
  const subscription = await stripe.subscriptions.create({
    customer_account: account,
    items: [{ price: price.id }],
  });
  sandbox.state.nextCharges.push('failsOnCharge');
  await sandbox.clock.advanceTo(april + 3 * dayMs);
  await stripe.paymentMethods.attach('pm_card_mastercard', { customer_account: account });
  await stripe.invoiceItems.create({ customer_account: account, amount: 100, currency: 'eur' });
  await stripe.billingPortal.sessions.create({ customer_account: account });
  await stripe.checkout.sessions.create({
    customer_account: account,
    mode: 'setup',
    currency: 'eur',
    success_url: 'https://host.example/',
  });
  expect((await stripe.subscriptions.list({ customer_account: account })).data).toMatchObject([
    { id: subscription.id, customer, customer_account: account },
  ]);
  return { customer, account };
}

describe.each(['beside', 'instead'] as const)('an account named %s the customer', (accountsV2) => {
  it('is followed from every event to its customer', async () => {
    const { customer } = await lived(accountsV2);
    const { sandbox, stripe, url } = harness;
    const gateway = createStripeGateway({ secretKey: sandbox.secretKey, webhookSecrets: ['whsec_1'], apiUrl: url });
    const events = await stripe.events.list({ limit: 100 }).autoPagingToArray({ limit: 500 });
    const asked = new Set<string>();
    for (const event of events) {
      const { concerns, customer: named, subject } = readEvent(event);
      if (concerns === 'customer') expect(named, event.type).toBe(customer);
      if (concerns !== 'subject' || !subject || /^(?:product|price)\./.test(event.type)) continue;
      asked.add(event.type);
      // oxlint-disable-next-line no-await-in-loop -- a few calls, one after the other
      expect(await gateway.customerOf(subject), event.type).toBe(customer);
    }
    expect(asked.has('invoice.paid')).toBe(accountsV2 === 'instead');
    const closed = events.filter((event) => readEvent(event).concerns === 'none').map(({ type }) => type);
    expect(closed.filter((type) => /^(?:customer|invoice|payment_intent|payment_method)\./.test(type))).toEqual([]);
    const { subscriptions } = await gateway.fetchCustomer(customer);
    expect(subscriptions).toHaveLength(1);
  });
});

it('refuses an account that is none, and both names at once', async () => {
  const { account, customer } = await lived('beside');
  const { stripe } = harness;
  await expect(stripe.billingPortal.sessions.create({ customer_account: 'acct_x' })).rejects.toMatchObject({
    code: 'resource_missing',
    param: 'customer_account',
  });
  await expect(stripe.billingPortal.sessions.create({ customer, customer_account: account })).rejects.toMatchObject({
    statusCode: 400,
  });
});
