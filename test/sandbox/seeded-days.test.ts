/** The seeded customers are in their situations on whichever day the sandbox is started: first, last and leap days too. */

import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createSandbox, seedDemo, type SeededCustomers, type StripeSandbox } from '../../demo/stripe-sandbox/index.ts';

const statuses: Readonly<Record<keyof SeededCustomers, readonly string[]>> = {
  active: ['active'],
  pastDue: ['past_due'],
  ending: ['active'],
  ended: ['canceled'],
  trialing: ['trialing'],
  trialingWithoutCard: ['trialing'],
  actionRequired: ['past_due'],
  restricted: ['past_due'],
  unpaid: ['unpaid'],
  paused: ['paused'],
  incomplete: ['incomplete'],
  processing: ['active'],
  several: ['active', 'past_due'],
  downgrading: ['active'],
  yen: ['active'],
  discounted: ['active'],
  taxed: ['active'],
  expiring: ['active'],
  yearly: ['active'],
};

let sandbox: StripeSandbox;
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }));
afterEach(async () => {
  vi.useRealTimers();
  await sandbox.close();
});

it.each([
  '2026-12-01T00:10:00Z',
  '2026-12-31T23:59:30Z',
  '2027-01-31T23:58:00Z',
  '2027-03-01T12:00:00Z',
  '2027-03-28T00:59:00Z',
  '2027-07-31T00:00:00Z',
  '2028-02-29T12:00:00Z',
])('at %s', async (moment) => {
  const now = Date.parse(moment);
  vi.setSystemTime(now);
  sandbox = createSandbox();
  await sandbox.listen(0);
  const customers = await seedDemo(sandbox);
  const of = (id: string) => sandbox.state.subscriptions.list(({ customer }) => customer === id);
  const found = Object.entries(customers).map(([name, id]) => [
    name,
    of(id)
      .map(({ status }) => status)
      .toSorted(),
  ]);
  expect(Object.fromEntries(found)).toEqual(statuses);

  // The card is good today, and no more when it is to be charged.
  const method = sandbox.state.customers.get(customers.expiring)?.invoice_settings.default_payment_method;
  const card = sandbox.state.paymentMethods.get(String(method))?.card;
  const expired = Date.UTC(card?.exp_year ?? 0, card?.exp_month ?? 0);
  const renewal = (of(customers.expiring)[0]?.items.data[0]?.current_period_end ?? 0) * 1000;
  expect([expired > now, expired <= renewal]).toEqual([true, true]);
});
