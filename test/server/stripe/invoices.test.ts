/** Which invoices a look asks for, how many calls that costs, and what it finds of those that are gone. */

import { describe, expect, it, test } from 'vitest';
import type { CustomerFacts, SubscriptionFacts } from '../../../server/src/billing/facts.ts';
import { withKnown } from '../../../server/src/billing/known-facts.ts';
import { customerFacts } from '../../../server/src/stripe/facts/customer.ts';
import { createStripeGateway } from '../../../server/src/stripe/gateway.ts';
import { openInvoicesAreDue } from '../../../server/src/stripe/invoices.ts';
import { createSandbox } from '../../../demo/stripe-sandbox/index.ts';
import { customer, invoice, item, noon, paid, pastDue, subscription } from '../fixtures/facts.ts';
import { stripeInvoice, stripeSubscription } from '../fixtures/stripe-objects.ts';

const known = (own: Partial<SubscriptionFacts> = {}) =>
  subscription({ latestInvoice: paid({ id: 'in_1' }), earlierInvoices: [], ...own });
const latest = (own: object = {}) => ({ latest_invoice: stripeInvoice('new', { id: 'in_1', status: 'paid', ...own }) });
const byRequest = { status: 'paused', status_details: { paused: { subscription: { type: 'pause_requested' } } } };
const byFailure = { status: 'paused', status_details: { paused: { subscription: { type: 'final_payment_failure' } } } };

describe('the open invoices of a subscription are listed', () => {
  test.each<[string, Record<string, unknown>, SubscriptionFacts | null, boolean]>([
    ['not while its latest invoice is the known one, and paid', latest(), known(), false],
    ['not while the latest one is not expanded, and known', { latest_invoice: 'in_1' }, known(), false],
    ['when the latest one is another', latest({ id: 'in_2' }), known(), true],
    ['while the latest one is open', latest({ status: 'open' }), known(), true],
    ['while an upgrade is pending', { ...latest(), pending_update: { expires_at: 1 } }, known(), true],
    ['while an older one is known to be open', latest(), known({ openInvoices: [invoice({ id: 'in_0' })] }), true],
    ['not when the only open one is the latest, and closed now', latest(), known({ openInvoices: [invoice()] }), false],
    ['while an older draft may be opened yet', latest(), known({ earlierInvoices: [draft('in_0')] }), true],
    ['when nothing is known', latest({ billing_reason: 'subscription_cycle' }), null, true],
    ['not before a second invoice', latest({ billing_reason: 'subscription_create' }), null, false],
    ['not without any invoice', { latest_invoice: null }, null, false],
    ['for facts of a former version', latest(), subscription({ latestInvoice: paid({ id: 'in_1' }) }), true],
    ['when past due', { ...latest(), status: 'past_due' }, known(), true],
    ['when unpaid', { ...latest(), status: 'unpaid' }, known(), true],
    ['when incomplete', { ...latest(), status: 'incomplete' }, known(), true],
    ['when of the future', { ...latest(), status: 'hibernating' }, known(), true],
    ['not when paused by request', { ...latest(), ...byRequest }, known(), false],
    ['when paused by a failure', { ...latest(), ...byFailure }, known(), true],
    ['not when canceled', { ...latest({ status: 'open' }), status: 'canceled' }, known(), false],
    ['not when expired', { ...latest({ status: 'open' }), status: 'incomplete_expired' }, known(), false],
  ])('%s', (_, own, then, due) => {
    expect(openInvoicesAreDue(stripeSubscription('new', own), then)).toBe(due);
  });
});

describe('facts that a sync carries over', () => {
  const facts = (own: Partial<SubscriptionFacts>) => customer([subscription({ earlierInvoices: [], ...own })]);
  const merged = (then: Partial<SubscriptionFacts>, now: Partial<SubscriptionFacts>) =>
    withKnown(facts(now), facts(then)).subscriptions[0];

  it('an invoice that was open and is settled, also when a newer one is the latest', () => {
    const first = merged(pastDue(), { latestInvoice: paid(), openInvoices: [] });
    expect(first?.earlierInvoices).toMatchObject([{ id: 'in_1', status: 'paid', amountPaid: 2900 }]);
    const second = merged(first ?? {}, { latestInvoice: paid({ id: 'in_2' }) });
    expect(second?.earlierInvoices).toMatchObject([{ id: 'in_1', status: 'paid' }]);
  });

  it('not a renewal that was never open, nor an invoice that is open again', () => {
    const was = { latestInvoice: invoice({ id: 'in_2', status: 'draft' }) };
    expect(merged(was, { latestInvoice: paid({ id: 'in_2' }) })?.earlierInvoices).toEqual([]);
    expect(merged({ earlierInvoices: [draft('in_1')] }, pastDue())?.earlierInvoices).toEqual([]);
  });

  it('at most twenty of a subscription, the newest findings first', () => {
    const many = Array.from({ length: 20 }, (_, n) => ({ ...draft(`in_old${n}`), status: 'paid' }));
    const now = merged({ ...pastDue(), earlierInvoices: many }, { latestInvoice: paid(), openInvoices: [] });
    expect(now?.earlierInvoices?.map(({ id }) => id).slice(0, 2)).toEqual(['in_1', 'in_old0']);
    expect(now?.earlierInvoices).toHaveLength(20);
  });

  it('no failure of a subscription that is over: a look without memory would call that a difference', () => {
    const over = (firstFailedAt: number | null): Partial<SubscriptionFacts> => ({
      ...pastDue({ openInvoices: [invoice({ firstFailedAt })] }),
      status: 'canceled',
    });
    expect(merged(over(noon), over(null))?.openInvoices[0]?.firstFailedAt).toBeNull();
  });

  it('the earliest failure of an open invoice, whatever later lists have', () => {
    const failed = (firstFailedAt: number | null) => pastDue({ openInvoices: [invoice({ firstFailedAt })] });
    const first = (then: number | null, now: number | null) =>
      merged(failed(then), failed(now))?.openInvoices[0]?.firstFailedAt;
    expect([
      first(noon, noon + 1),
      first(noon + 1, noon),
      first(noon, null),
      first(null, noon),
      first(null, null),
    ]).toEqual([noon, noon, noon, noon, null]);
  });

  it('H5 the former lookup keys of a price', () => {
    const had = { items: [item()] };
    const lost = merged(had, { items: [item({ lookupKey: null })] });
    expect(lost?.items[0]).toMatchObject({ lookupKey: null, formerLookupKeys: ['team_monthly'] });
    expect(merged(lost ?? {}, { items: [item({ lookupKey: null })] })?.items[0]?.formerLookupKeys).toEqual([
      'team_monthly',
    ]);
    expect(merged(had, { items: [item({ price: 'price_other', lookupKey: null })] })?.items[0]?.formerLookupKeys).toBe(
      undefined,
    );
  });
});

describe('at the sandbox', () => {
  /** The charge comes an hour after the period. */
  const month = (31 * 24 + 2) * 3_600_000;

  async function startHarness() {
    const sandbox = createSandbox({ startAt: Date.UTC(2026, 2, 1, 12) });
    sandbox.settings.dunning.finally = 'leavePastDue';
    const calls: string[] = [];
    const gateway = createStripeGateway({
      secretKey: sandbox.secretKey,
      webhookSecrets: [],
      apiUrl: 'http://stripe.localhost',
      fetch: async (url, init) => {
        calls.push(new URL(String(url)).pathname);
        return sandbox.app.request(String(url), init);
      },
    });
    const post = async (path: string, params: Record<string, string>) => {
      const response = await sandbox.app.request(`http://stripe.localhost${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${sandbox.secretKey}`, 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams(params).toString(),
      });
      const body = (await response.json()) as { id: string };
      if (response.status !== 200) throw new Error(JSON.stringify(body));
      return body.id;
    };
    const product = await post('/v1/products', { name: 'Team' });
    const price = await post('/v1/prices', {
      product,
      currency: 'eur',
      unit_amount: '14500',
      'recurring[interval]': 'month',
    });
    const card = 'pm_card_visa';
    const cus = await post('/v1/customers', {
      payment_method: card,
      'invoice_settings[default_payment_method]': card,
    });
    const sub = await post('/v1/subscriptions', { customer: cus, 'items[0][price]': price });
    const useCard = async (name: string) => {
      const method = await post(`/v1/payment_methods/${name}/attach`, { customer: cus });
      await post(`/v1/customers/${cus}`, { 'invoice_settings[default_payment_method]': method });
    };
    const look = async (before: CustomerFacts | null): Promise<CustomerFacts> => {
      calls.length = 0;
      const facts = customerFacts(await gateway.fetchCustomer(cus, { known: before }), (text) => text);
      return before === null ? facts : withKnown(facts, before);
    };
    return { sandbox, calls, post, cus, sub, useCard, look, advance: (ms: number) => sandbox.clock.advance(ms) };
  }

  const amounts = (facts: CustomerFacts) => facts.subscriptions[0]?.openInvoices.map((each) => each.amountRemaining);

  it('a healthy customer costs one call; a new invoice one more', async () => {
    const { look, calls, advance } = await startHarness();
    const first = await look(null);
    expect(calls).toEqual(['/v1/subscriptions']);
    await look(first);
    expect(calls).toEqual(['/v1/subscriptions']);
    await advance(month);
    const renewed = await look(first);
    expect(calls).toEqual(['/v1/subscriptions', '/v1/invoices']);
    await look(renewed);
    expect(calls).toEqual(['/v1/subscriptions']);
    await look(null);
    expect(calls).toEqual(['/v1/subscriptions', '/v1/invoices']);
  });

  it('H1 two are open, the latest is paid: the other is found open, though the subscription is active', async () => {
    const { look, calls, advance, useCard, post, sub } = await startHarness();
    const healthy = await look(null);
    await useCard('pm_card_chargeCustomerFail');
    await advance(2 * month);
    const owing = await look(healthy);
    expect(owing.subscriptions[0]?.status).toBe('past_due');
    expect(amounts(owing)).toEqual([14500, 14500]);
    await useCard('pm_card_visa');
    await post(`/v1/invoices/${owing.subscriptions[0]?.latestInvoice?.id}/pay`, {});
    const after = await look(owing);
    expect(after.subscriptions[0]).toMatchObject({ id: sub, status: 'active' });
    expect(amounts(after)).toEqual([14500]);
    expect(after.subscriptions[0]?.earlierInvoices).toMatchObject([{ status: 'paid', amountPaid: 14500 }]);
    // The old one is voided: it is asked for by its id, and the debt is gone without a payment.
    const [old] = after.subscriptions[0]?.openInvoices ?? [];
    await post(`/v1/invoices/${old?.id}/void`, {});
    const voided = await look(after);
    expect(amounts(voided)).toEqual([]);
    expect(calls).toEqual(['/v1/subscriptions', '/v1/invoices', `/v1/invoices/${old?.id}`]);
    expect(voided.subscriptions[0]?.earlierInvoices?.[0]).toMatchObject({ id: old?.id, status: 'void', amountPaid: 0 });
  });

  it('H12 twenty-five newer one-off invoices do not hide the subscription’s own', async () => {
    const { look, calls, advance, useCard, post, cus } = await startHarness();
    await useCard('pm_card_chargeCustomerFail');
    await advance(month);
    for (let n = 0; n < 25; n++) {
      // oxlint-disable-next-line no-await-in-loop -- each is newer than the one before
      await post('/v1/invoiceitems', { customer: cus, currency: 'eur', amount: '100' });
      // oxlint-disable-next-line no-await-in-loop -- as above
      const one = await post('/v1/invoices', { customer: cus, pending_invoice_items_behavior: 'include' });
      // oxlint-disable-next-line no-await-in-loop -- as above
      await post(`/v1/invoices/${one}/finalize`, {});
    }
    expect(amounts(await look(null))).toEqual([14500]);
    expect(calls.filter((path) => path === '/v1/invoices')).toHaveLength(1);
  });

  it('H3 an invoice left open while newer ones were paid is no part of the next delinquency', async () => {
    const { look, advance, useCard, post } = await startHarness();
    await useCard('pm_card_chargeCustomerFail');
    await advance(2 * month);
    const owing = await look(null);
    await useCard('pm_card_visa');
    const latestOwed = owing.subscriptions[0]?.latestInvoice;
    await post(`/v1/invoices/${latestOwed?.id}/pay`, {});
    await useCard('pm_card_chargeCustomerFail');
    await advance(month);
    const again = await look(await look(null));
    expect(again.subscriptions[0]?.status).toBe('past_due');
    expect(amounts(again)).toEqual([14500, 14500]);
    expect(again.subscriptions[0]?.newestPaidCreated).toBe(latestOwed?.created);
  });
});

function draft(id: string) {
  return { id, status: 'draft', currency: 'usd', amountPaid: 0, amountRemaining: 2900 };
}
