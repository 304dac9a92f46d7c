/** How far a reconciliation is, as it is kept with its job, and the report that it leaves. */

import type { CustomerRecord } from '../ledger/customers.ts';
import type { JobLease } from '../ledger/jobs.ts';
import type { Drift, DriftedAccount } from './drift-report.ts';

/** A customer that could not be synced. */
export interface Unseen {
  readonly customer: string;
  readonly host: string;
  readonly account: string;
  /** Of the last failure; `null` when there was none and it was just not reached. */
  readonly code: string | null;
}

export interface ReconcileProgress {
  readonly since: number;
  /** Looks that began since then count: since the beginning, and by no clock that was set back before it. */
  readonly countedSince: number;
  readonly phase: 'stripe' | 'ledger' | 'unseen';
  /** How far the phase's list has been read. */
  readonly after: string | null;
  readonly subscriptions: number;
  readonly unlinked: number;
  /** Customers of the phase so far, whether they had to be looked at or not. */
  readonly visited: number;
  readonly looked: number;
  readonly idle: number;
  readonly unseen: readonly Unseen[];
  /** Customers that the ledger did not know before: the first hundred, and their number. */
  readonly neverFetched: { readonly count: number; readonly accounts: readonly DriftedAccount[] };
}

/** The report of a reconciliation. Times are Unix milliseconds. */
export interface ReconcileReport {
  readonly since: number;
  /** Living subscriptions at Stripe. */
  readonly subscriptions: number;
  /** Those of them with a customer that is linked to no account. They are counted, never linked by guess. */
  readonly unlinked: number;
  /** Customers that were looked at since it began. */
  readonly looked: number;
  /** Linked customers without a subscription, here and at Stripe: nothing to be wrong about. */
  readonly idle: number;
  /** Customers that could not be synced. */
  readonly unseen: readonly Unseen[];
  readonly drift: Drift;
}

/** A turn that was left longer ago is begun anew: its looks say too little of now. */
const maxResumedAgeMs = 6 * 60 * 60 * 1000;

/** The progress that another process left with the job a short while ago, or that of a beginning. */
export function progressOf(lease: JobLease, now: number): ReconcileProgress {
  const left = lease.progress as ReconcileProgress | null;
  if (left !== null && now - left.since < maxResumedAgeMs) return left;
  return {
    since: now,
    countedSince: lease.lookedUntil > now ? lease.lookedUntil + 1 : now,
    phase: 'stripe',
    after: null,
    subscriptions: 0,
    unlinked: 0,
    visited: 0,
    looked: 0,
    idle: 0,
    unseen: [],
    neverFetched: { count: 0, accounts: [] },
  };
}

/** @param found - the drift that the ledger's changes tell of; a customer that was never fetched had none to change */
export function reportOf(progress: ReconcileProgress, found: Drift): ReconcileReport {
  const { since, subscriptions, unlinked, looked, idle, unseen, neverFetched } = progress;
  const drift: Drift =
    neverFetched.count === 0
      ? found
      : {
          count: found.count + neverFetched.count,
          byClass: { neverFetched: neverFetched.count, ...found.byClass },
          accounts: [...neverFetched.accounts, ...found.accounts],
        };
  return { since, subscriptions, unlinked, looked, idle, unseen, drift };
}

export const unseenOf = ({ customer, host, account, failure }: CustomerRecord): Unseen => ({
  customer,
  host,
  account,
  code: failure?.code ?? null,
});
