import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { defaultPolicy, judge } from '../../../server/src/billing/judge/judge.ts';
import { customerFacts } from '../../../server/src/stripe/facts/customer.ts';
import { catalogue } from '../fixtures/facts.ts';
import { readableDigest } from '../fixtures/stripe-objects.ts';

const evidence = new URL('../../../../shared/stripe/', import.meta.url);
const json = (path: string): unknown => JSON.parse(readFileSync(new URL(path, evidence), 'utf8'));

interface Recorded {
  readonly request: { readonly method: string; readonly path: string };
  readonly response: { readonly status: number; readonly body: Record<string, unknown> };
}

describe.skipIf(!existsSync(evidence))('recordings of real Stripe (skipped where they are not at hand)', () => {
  test('a recorded subscription of 2025-10-29', () => {
    const calls = json('recordings/test_stripe_can_create_a_subscription.json') as Recorded[];
    const body = (path: string) =>
      calls.findLast(({ request, response }) => request.path.startsWith(path) && response.status === 200)?.response
        .body;
    const facts = customerFacts(
      { customer: body('/v1/customers'), subscriptions: [body('/v1/subscriptions')], openInvoices: [] },
      readableDigest,
    );
    const [subscription] = facts.subscriptions;
    expect(facts).toMatchObject({ deleted: false, livemode: false, methodOnFile: true });
    expect(subscription).toMatchObject({
      status: 'active',
      currentPeriodStart: 1_762_799_364_000,
      currentPeriodEnd: 1_765_391_364_000,
      methodOnFile: true,
      items: [
        {
          price: 'small-monthly',
          unitAmount: 2500,
          currency: 'usd',
          interval: 'month',
          quantity: 1,
          taxExcluded: false,
        },
      ],
      latestInvoice: { status: 'paid', amountPaid: 2500, payment: 'succeeded' },
    });
    const standing = {
      linked: true,
      facts,
      fetchedAt: 1_762_799_400_000,
      revision: 'e.1',
      confirmedBy: null,
      staleSince: null,
    };
    const { snapshot } = judge(standing, defaultPolicy, catalogue, { mayManage: true }, 1_762_799_400_000);
    expect(snapshot).toMatchObject({
      state: 'active',
      renewsAt: '2025-12-10T18:29:24.000Z',
      plan: { price: { amount: 2500, currency: 'usd' } },
    });
  });

  test('events of 2020-08-27: subscription and invoice', () => {
    const subject = (type: string) =>
      (json(`events/stripe-ruby-mock/${type}.json`) as { data: { object: Record<string, unknown> } }).data.object;
    const facts = customerFacts(
      {
        customer: subject('customer.updated'),
        subscriptions: [
          { ...subject('customer.subscription.updated'), latest_invoice: subject('invoice.payment_failed') },
        ],
        openInvoices: [],
      },
      readableDigest,
    );
    expect(facts.subscriptions).toMatchObject([
      {
        status: 'active',
        currentPeriodEnd: 1_650_998_505_000,
        items: [{ unitAmount: 1500, currency: 'usd', interval: 'month', quantity: 1 }],
        openInvoices: [{ amountRemaining: 2000, attempted: true, payment: 'failed' }],
      },
    ]);
  });

  test('the official samples of every kind that is read', () => {
    const { resources } = json('fixtures/openapi-fixtures3.subset.json') as {
      resources: Record<string, Record<string, unknown>>;
    };
    const {
      customer,
      subscription,
      invoice,
      invoice_payment: payment,
      charge,
      subscription_schedule: schedule,
    } = resources;
    const look = {
      customer,
      subscriptions: [{ ...subscription, latest_invoice: invoice, schedule }],
      openInvoices: [{ invoice, payments: [payment], charges: [charge] }],
    };
    expect(customerFacts(look, readableDigest).subscriptions).toMatchObject([
      {
        cancelAtPeriodEnd: true,
        items: [{ product: 'prod_QXg1hqf4jFNsqG', unitAmount: null, currency: 'usd' }],
        latestInvoice: { payment: expect.any(String) },
      },
    ]);
  });
});
