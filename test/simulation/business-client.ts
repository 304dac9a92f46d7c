/** A customer of a business, and what Stripe and the judge say of it. */

import type { CustomerFacts } from '../../server/src/billing/facts.ts';
import type { AccessSummary } from '../../server/src/billing/notice-types.ts';
import * as stripe from '../server/fixtures/facts.ts';

const { day, hour } = stripe;

export type Status = 'active' | 'pastDue' | 'canceled' | 'deleted';

/** A customer as it is at Stripe. */
export interface Client {
  readonly customer: string;
  readonly account: string;
  /** Days into the month at which it renews. */
  readonly renewsOn: number;
  status: Status;
  seats: number;
  renewals: number;
  periodStart: number;
}

const standings: Readonly<Record<Status, Pick<AccessSummary, 'level' | 'state'>>> = {
  active: { level: 'full', state: 'active' },
  pastDue: { level: 'readOnly', state: 'pastDue' },
  canceled: { level: 'none', state: 'ended' },
  deleted: { level: 'none', state: 'ended' },
};

export function factsOf({ customer, status, seats, renewals, periodStart }: Client): CustomerFacts {
  if (status === 'deleted') return stripe.customer([], { deleted: true });
  const id = `sub_${customer}`;
  const invoice = { id: `in_${customer}_${renewals}`, created: periodStart, finalizedAt: periodStart + hour };
  const amount = { amountDue: 2900 * seats, amountRemaining: 2900 * seats };
  const period = { currentPeriodStart: periodStart, currentPeriodEnd: periodStart + 30 * day };
  const items = [stripe.item({ quantity: seats })];
  const own = { id, items, ...period };
  if (status === 'canceled') return stripe.customer([stripe.canceled(own)]);
  if (status === 'active')
    return stripe.customer([stripe.subscription({ ...own, latestInvoice: stripe.paid(invoice) })]);
  return stripe.customer([stripe.pastDue({ ...own, ...stripe.open({ ...invoice, ...amount }) })]);
}

export function summaryOf({ status, seats }: Client): AccessSummary {
  const features = ['export', 'sso'];
  const { level, state } = standings[status];
  return { level, reason: state, until: null, state, features, seats, plans: [] };
}
