/** The drift that a sweep or a reconciliation brought to light, counted by class. */

import type { ConfirmedBy } from '@billhook/widget/contract';
import { driftBetween, type DriftClass } from '../billing/drift.ts';
import type { BillingStore } from '../ledger/ledger.ts';
import type { CausedChange } from '../ledger/jobs.ts';

/** An account that had drifted, and the sync that put it right. */
export interface DriftedAccount {
  readonly host: string;
  readonly account: string;
  readonly customer: string;
  readonly classes: readonly DriftClass[];
  /** Unix milliseconds. */
  readonly healedAt: number;
  /** The revision since which the ledger is right. */
  readonly revision: number;
}

export interface Drift {
  /** How many findings there were. */
  readonly count: number;
  /** How many of them show this class; one may show several. */
  readonly byClass: Readonly<Partial<Record<DriftClass, number>>>;
  /** The first hundred. */
  readonly accounts: readonly DriftedAccount[];
}

const maxAccounts = 100;
const perRead = 500;

/**
 * The drift of one cause in a span of time, read in pages: the facts of thousands of customers never stand in memory at
 * once.
 *
 * @param until - up to this moment, and without it. Default: until now.
 */
export async function driftBetweenTimes(
  store: Pick<BillingStore, 'changesCausedBy'>,
  cause: ConfirmedBy,
  since: number,
  until = Number.POSITIVE_INFINITY,
): Promise<Drift> {
  const byClass: Partial<Record<DriftClass, number>> = {};
  const accounts: DriftedAccount[] = [];
  const counted = new Set<string>();
  for (let from = since; ;) {
    // oxlint-disable-next-line no-await-in-loop -- a page begins where the last one ended
    const page = await store.changesCausedBy(cause, from, perRead);
    // Pages overlap in the millisecond at which one ends and the next begins.
    const fresh = page.filter((finding) => finding.at < until && !counted.has(nameOf(finding)));
    for (const finding of fresh) {
      counted.add(nameOf(finding));
      const classes = driftBetween(finding.before, finding.after);
      for (const each of classes) byClass[each] = (byClass[each] ?? 0) + 1;
      const { host, account, customer, at: healedAt, revision } = finding;
      if (accounts.length < maxAccounts) accounts.push({ host, account, customer, classes, healedAt, revision });
    }
    if (page.length < perRead || fresh.length === 0) break;
    from = page.at(-1)?.at ?? from;
  }
  return { count: counted.size, byClass, accounts };
}

const nameOf = ({ customer, revision }: CausedChange): string => `${customer} ${revision}`;
