/** The report of a reconciliation, for an operator to read. */

import { driftClasses, type DriftClass } from '../../billing/drift.ts';
import type { ReconcileReport, Unseen } from '../../background/reconcile-progress.ts';
import type { DriftedAccount } from '../../background/drift-report.ts';
import { spanText, timeText } from '../time-text.ts';

const classes: Record<DriftClass, string> = {
  neverFetched: 'never fetched before',
  deleted: 'deleted at Stripe',
  state: 'state of a subscription',
  pause: 'pause',
  trial: 'end of a trial',
  ends: 'ends, or keeps',
  payment: 'payment, open invoices',
  plan: 'plan',
  price: 'price',
  quantity: 'quantity',
  scheduled: 'scheduled change',
  period: 'billing period',
  paymentMethod: 'payment method',
  billingDetails: 'billing details',
  other: 'something else',
};

const reasons: Record<string, string> = {
  stripe_customer_missing: 'Stripe does not know this customer; the facts are kept as they were',
  stripe_unavailable: 'Stripe did not answer; it is tried again',
  stripe_rate_limited: 'Stripe’s rate limit was reached; it is tried again',
  stripe_unauthorized: 'Stripe refused the key',
};

/** The most lines of one kind; the rest is in the JSON, and in the log. */
const most = 20;

/** @param now - Unix milliseconds, to say how long it took */
export function reportText(report: ReconcileReport, now: number): string {
  const { since, subscriptions, unlinked, looked, idle, unseen, drift } = report;
  return [
    `Compared ${count(looked, 'customer')} with Stripe in ${spanText(now - since)}.`,
    '',
    row('living subscriptions at Stripe', subscriptions),
    ...(unlinked > 0 ? [row('  of customers that no account is linked to', unlinked)] : []),
    row('customers without a subscription, left alone', idle),
    row('customers that could not be synced', unseen.length),
    '',
    ...driftLines(drift),
    ...listed(drift.accounts, drift.count, driftedLine),
    ...(unseen.length > 0 ? ['', 'Could not be synced:', ...listed(unseen, unseen.length, unseenLine)] : []),
    '',
  ].join('\n');
}

function driftLines({ count: drifted, byClass }: ReconcileReport['drift']): string[] {
  if (drifted === 0) return ['Nothing had drifted.'];
  const found = driftClasses.filter((each) => byClass[each] !== undefined);
  return [
    `${count(drifted, 'account')} had drifted, and ${drifted === 1 ? 'is' : 'are'} right again:`,
    ...found.map((each) => row(`  ${classes[each]}`, byClass[each] ?? 0)),
    '',
  ];
}

const driftedLine = ({ host, account, customer, classes: found, healedAt, revision }: DriftedAccount) =>
  `  ${host}/${account}  ${customer}  ${found.map((each) => classes[each]).join(', ')}  fetched ${timeText(healedAt)}, revision ${revision}`;

const unseenLine = ({ host, account, customer, code }: Unseen) =>
  `  ${host}/${account}  ${customer}  ${code === null ? 'not reached in time' : `${reasons[code] ?? 'failed'} [${code}]`}`;

function listed<T>(all: readonly T[], total: number, line: (each: T) => string): string[] {
  const shown = all.slice(0, most);
  return [...shown.map(line), ...(total > shown.length ? [`  … and ${total - shown.length} more`] : [])];
}

const row = (label: string, value: number) => `${label.padEnd(46)}${String(value).padStart(8)}`;
const count = (value: number, of: string) => `${value.toLocaleString('en')} ${of}${value === 1 ? '' : 's'}`;
