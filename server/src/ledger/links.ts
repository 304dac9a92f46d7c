/** The ledger’s contract on doubts about a link: introductions that were not carried out, and what an operator decided. */

import type { AccountRef } from './account.ts';
import type { CustomerRecord } from './customers.ts';

/** Why an introduction was not carried out. */
export type IntroductionCode =
  /** The account has another customer. */
  | 'accountTaken'
  /** The customer pays for another account. */
  | 'customerTaken'
  | 'customerDeleted'
  | 'livemode_mismatch'
  | 'host_mismatch'
  | 'account_mismatch'
  | 'stripe_customer_missing';

/** The last customer that a host introduced for an account and that is not its customer. */
export interface NotedIntroduction {
  readonly customer: string;
  readonly code: IntroductionCode;
  /** Since when the host introduces it. */
  readonly since: number;
  /** When the host did so last; at most a minute behind. */
  readonly seenAt: number;
  /** When the code was last found. */
  readonly checkedAt: number;
}

/** Host and ledger disagree about the account's customer. A deleted one can neither be paid by nor sold to. */
export const isDoubtful = (introduced: NotedIntroduction | null): boolean =>
  introduced !== null && introduced.code !== 'customerDeleted';

/** An account as it is read at every request. */
export interface AccountRow {
  /** The living customer, else the last tombstone, else `null`. */
  readonly record: CustomerRecord | null;
  readonly introduced: NotedIntroduction | null;
  /** The account's, also after its customer was taken from it. */
  readonly revision: number;
}

export interface DoubtfulAccount extends AccountRef {
  /** The account's own, if it has one. */
  readonly customer: string | null;
  readonly introduced: string;
  readonly code: IntroductionCode;
}

export interface LinkChanged {
  readonly outcome:
    | 'linked'
    | 'replaced'
    | 'unlinked'
    /** The link is as it was asked for. */
    | 'alreadyLinked'
    | 'notLinked'
    | 'accountTaken'
    | 'customerTaken'
    | 'customerDeleted';
  /** The account's customer until now. */
  readonly before: string | null;
  /** The account that the customer is, or was, linked to. */
  readonly owner: AccountRef | null;
}

export interface LinkStore {
  readAccount(ref: AccountRef): Promise<AccountRow>;

  /** Notes what was found about an introduced customer; the last one is kept, and since when it is the same. */
  noteIntroduction(
    ref: AccountRef,
    customer: string,
    code: IntroductionCode,
    checkedAt: number,
    now: number,
  ): Promise<void>;
  /** The introduction that was noted is over: host and ledger agree. */
  forgetIntroduction(ref: AccountRef): Promise<void>;
  /** Accounts of which host and ledger disagree: how many, and the first of them. */
  doubtfulAccounts(limit: number): Promise<{ readonly count: number; readonly accounts: readonly DoubtfulAccount[] }>;

  /**
   * An operator's decision: links the account to `customer`, or with `null` takes its customer from it, and keeps that in
   * the account's history. Doubts about either end with it, and the account's last Checkout is forgotten.
   *
   * @param replace - in place of the customer that the account has
   */
  changeLink(ref: AccountRef, customer: string | null, replace: boolean, now: number): Promise<LinkChanged>;
}

/** A row of an account or a customer, as far as a change of the link depends on it. */
export interface LinkRow extends AccountRef {
  readonly customer: string;
  readonly deleted: boolean;
  readonly revision: number;
}

/** The outcome of a change, by the rows that the account and the customer have. The same in every store. */
export function linkChange(
  rows: readonly LinkRow[],
  ref: AccountRef,
  customer: string | null,
  replace: boolean,
): LinkChanged {
  const isOwn = (row: LinkRow) => row.host === ref.host && row.account === ref.account;
  const before = rows.find((row) => isOwn(row) && !row.deleted)?.customer ?? null;
  const taken = rows.find((row) => row.customer === customer);
  const owner = taken === undefined ? null : { host: taken.host, account: taken.account };
  const outcome = (): LinkChanged['outcome'] => {
    if (customer === null) return before === null ? 'notLinked' : 'unlinked';
    if (taken?.deleted === true) return 'customerDeleted';
    if (taken !== undefined) return isOwn(taken) ? 'alreadyLinked' : 'customerTaken';
    if (before === null) return 'linked';
    return replace ? 'replaced' : 'accountTaken';
  };
  return { outcome: outcome(), before, owner };
}

/** Outcomes that an operator's decision stands behind, and that are kept in the history. */
export const isDecided = ({ outcome }: LinkChanged): boolean =>
  outcome === 'linked' || outcome === 'replaced' || outcome === 'unlinked' || outcome === 'alreadyLinked';

/**
 * The account's revision after a decided change, of which all rows are the account's own: a customer of another account is
 * refused. Readers of the account never see it step back.
 */
export const revisionAfter = (rows: readonly LinkRow[], lastChange: number, { outcome }: LinkChanged): number =>
  Math.max(lastChange, ...rows.map(({ revision }) => revision)) + (outcome === 'alreadyLinked' ? 0 : 1);

/** The statements that both stores run as they are. */
export const linkSql = {
  lastChange: `SELECT coalesce(max(revision), 0) AS revision FROM link_changes WHERE host = @host AND account = @account`,
  forgetIntroductions: `DELETE FROM introductions
    WHERE (host = @host AND account = @account) OR customer = @customer OR customer = @before`,
  accessTold: `SELECT access_told FROM customers WHERE customer = @before`,
  forgetCheckout: `UPDATE checkouts SET session = NULL, offer = NULL, return_url = NULL WHERE host = @host AND account = @account`,
  renewIntent: `UPDATE intents SET generation = generation + 1, since = @now WHERE host = @host AND account = @account`,
} as const;
