/** F8: an account has an offer's trial once, whatever became of the customer that had it. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { BillingSnapshot, OpenedVisit } from '@billhook/widget/contract';
import { visit } from '../../sandbox/visit.ts';
import { sharedPostgres } from '../../support/shared-postgres.ts';
import type { CallInit } from '../support/bff.ts';
import { billingWhen, startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

const ledgers = [
  ['SQLite', async () => ({})],
  ['PostgreSQL', async () => ({ database: await (await sharedPostgres()).createDatabase() })],
] as const;

describe.each(ledgers)('a trial, with a ledger in %s', (_, ledger) => {
  let harness: BffHarness;
  beforeEach(async () => {
    const offers = [{ id: 'trial', price: 'team_monthly', trialDays: 14 }];
    harness = await startBffHarness({ ...(await ledger()), host: { offers } });
  });
  afterEach(() => harness.close());

  const buyer = { account: 'team_new' };

  /** The document as soon as it is of this state, with the offer. */
  const billing = (state: string, init: CallInit = buyer) =>
    billingWhen(
      harness,
      init,
      (snapshot) => snapshot.state === state && (snapshot.offers.length > 0 || state === 'trialing'),
    );
  const trialOf = ({ offers }: BillingSnapshot) => offers[0]?.trialDays;

  async function open(): Promise<string> {
    const response = await harness.bff.call('/v1/checkout-sessions', {
      ...buyer,
      body: { offer: 'trial', seen: null },
    });
    expect(response.status, await response.clone().text()).toBe(200);
    return ((await response.json()) as OpenedVisit).url;
  }
  const customers = () =>
    harness.sandbox.state.customers.list().filter(({ metadata }) => metadata['billhook_account'] === buyer.account);

  async function haveTrial(): Promise<string> {
    expect(trialOf(await billing('none'))).toBe(14);
    const page = await visit(await open(), { testCard: '4242 4242 4242 4242' });
    expect(page.status, page.text).toBe(303);
    await billing('trialing');
    return String(customers()[0]?.id);
  }

  it('is not given again to the account’s next customer, nor to the one after it', async () => {
    const first = await haveTrial();
    await harness.stripe.customers.del(first);
    expect(trialOf(await billing('ended'))).toBeUndefined();

    for (let next = 0; next < 2; next += 1) {
      // The purchase is left: the new customer has bought nothing.
      await open();
      expect(trialOf(await billing('none'))).toBeUndefined();
      await open();
      const asked = harness.sandbox.requests.list({ method: 'POST', path: '/v1/checkout/sessions' }).at(-1)?.params;
      expect(asked).not.toHaveProperty('subscription_data.trial_period_days');
      const [{ id } = { id: '' }] = customers();
      await harness.stripe.customers.del(id);
    }
  });

  it('is not given again to a customer that the host introduces in place of a deleted one', async () => {
    await harness.stripe.customers.del(await haveTrial());
    await billing('ended');
    const { id } = await harness.stripe.customers.create({ name: 'Ada' });
    expect(trialOf(await billing('none', { ...buyer, mint: { customer: id } }))).toBeUndefined();
  });

  it('is given where the deleted customer had none', async () => {
    await billing('none');
    await open();
    const [{ id } = { id: '' }] = customers();
    await billing('none');
    await harness.stripe.customers.del(id);
    const { id: next } = await harness.stripe.customers.create({ name: 'Ada' });
    expect(trialOf(await billing('none', { ...buyer, mint: { customer: next } }))).toBe(14);
  });
});
