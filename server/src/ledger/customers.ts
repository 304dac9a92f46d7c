/** The ledger’s contract on customers: links, tickets, and claim → fetch → apply. */

import type { ConfirmedBy } from '@billhook/widget/contract';
import type { CustomerFacts } from '../billing/facts.ts';
import type { AccessNow } from './access-told.ts';
import type { OutboxEntry } from './outbox.ts';
import type { PreviewRecord } from './previews.ts';
import type { AccountRef } from './account.ts';

/** A customer's row: the link, the counters, and the facts with their age. */
export interface CustomerRecord extends AccountRef {
  readonly customer: string;
  readonly ticket: number;
  readonly syncedTicket: number;
  /** Since when it has been stale; `null` while it is fresh. */
  readonly staleSince: number | null;
  readonly facts: CustomerFacts | null;
  /** When the fetch of these facts *began*: they are at least this fresh. */
  readonly fetchedAt: number | null;
  /** Raised whenever the facts' content changes. */
  readonly revision: number;
  readonly confirmedBy: ConfirmedBy | null;
  readonly nextChangeAt: number | null;
  readonly failure: { readonly code: string; readonly at: number; readonly attempts: number } | null;
  readonly preview: PreviewRecord;
}

/** Not a tombstone. */
export function isLiving(record: CustomerRecord | null): record is CustomerRecord {
  return record !== null && record.facts?.deleted !== true;
}

/** Facts were fetched, and cannot be read by this program. */
export const hasIllegibleFacts = ({ facts, fetchedAt }: Pick<CustomerRecord, 'facts' | 'fetchedAt'>): boolean =>
  facts === null && fetchedAt !== null;

export interface Claim extends AccountRef {
  readonly customer: string;
  /** The ticket at the moment of the claim, before any fetch. */
  readonly ticket: number;
  readonly claim: number;
  readonly claimedAt: number;
  readonly cause: ConfirmedBy;
  /** It is prioritized. */
  readonly prioritized: boolean;
  readonly attempts: number;
  /** The facts that the fetch may replace, and when their fetch began. */
  readonly facts: CustomerFacts | null;
  readonly fetchedAt: number | null;
  readonly linkedAt: number;
  /** Since when it has been stale. */
  readonly staleSince: number;
}

export interface ClaimOptions {
  /**
   * Milliseconds for which a customer without priority is left alone after its last fetch began, so that a storm of
   * events costs one fetch. Default: 0.
   */
  readonly restMs?: number;
  /** `true`: watched and prioritized ones only. `false`: by the time of waiting alone. Default: both, in this order. */
  readonly prioritized?: boolean;
  /** Customers that went first often enough: neither watched nor prioritized now. Default: none. */
  readonly resting?: readonly string[];
  /** Customers that a poll of this process is held for: they count as prioritized, and go before all others. Default: none. */
  readonly watched?: readonly string[];
}

/** The result of a claim's fetch. Times are Unix milliseconds. */
export interface Fetched {
  readonly facts: CustomerFacts;
  /** When the fetch began. */
  readonly fetchedAt: number;
  /** When time alone will ask for the next fetch; `null`: never. */
  readonly nextChangeAt: number | null;
  readonly now: number;
  /** Default: none. */
  readonly notices?: readonly OutboxEntry[];
  /** Told, after the notices, if it is not what was told last. Default: nothing is known of it. */
  readonly access?: AccessNow | null;
}

/** As time alone has changed it, of facts that were fetched at `fetchedAt`. */
export interface DueAccess extends AccessNow {
  readonly fetchedAt: number | null;
}

export interface Applied {
  /** `false`: another look was written since the claim was given, or its ticket is synced; nothing was written. */
  readonly applied: boolean;
  /** The content differs from the known one. */
  readonly changed: boolean;
  /** How many notices are new in the outbox. */
  readonly noticesWritten: number;
}

export type LinkOutcome = 'linked' | 'alreadyLinked' | 'customerTaken' | 'accountTaken' | 'customerDeleted';

/** Links, tickets, and claim → fetch → apply. */
export interface CustomerStore {
  /** The account's customer: the living one, else the last tombstone, else `null`. */
  findAccount(ref: AccountRef): Promise<CustomerRecord | null>;

  /** The facts as they were at `revision`; `null` when there were none, or when others replaced them too long ago. */
  factsAt(customer: string, revision: number): Promise<CustomerFacts | null>;

  /** The last facts of the account's customers that are deleted; those that cannot be read are left out. */
  formerFacts(ref: AccountRef): Promise<readonly CustomerFacts[]>;

  /** Links for good, with `ticket ≥ 1` and `syncedTicket = 0`, so that events from before the link cannot matter. */
  link(ref: AccountRef, customer: string, now: number): Promise<LinkOutcome>;

  raiseTicket(customer: string, cause: ConfirmedBy, now: number): Promise<number | null>;

  /** Prioritizes this customer until then: it is claimed before the others, and its back-off cut short. */
  prioritize(customer: string, until: number): Promise<void>;

  /** Customers with a `nextChangeAt` that has come. */
  due(now: number, limit: number): Promise<CustomerRecord[]>;

  /**
   * Raises the ticket of a due customer and sets its next moment; nothing if another process was first. Access that time
   * has changed without a fetch is told in the same transaction, unless its facts were replaced meanwhile.
   *
   * @returns how many notices are new in the outbox
   */
  raiseDue(
    customer: string,
    wasDueAt: number,
    nextChangeAt: number | null,
    now: number,
    access?: DueAccess | null,
  ): Promise<number>;

  /**
   * Called once by the server's worker before its first claim, and nowhere else: a command beside a server would end
   * the server's leases. Where only one process works on a ledger, every lease is one of a process that is gone, and
   * ends here; where several do, leases end by themselves.
   */
  releaseLeases(): Promise<void>;

  /**
   * Takes up to `limit` stale customers for `leaseMs`: those that are watched, then the prioritized ones, then the longest
   * stale. Its cost does not grow with the queue (`queue.ts`).
   */
  claim(now: number, leaseMs: number, limit: number, options?: ClaimOptions): Promise<Claim[]>;

  /**
   * Writes what a claim fetched, if nothing was written since the claim was given and its ticket is still unsynced: of
   * several looks that overlap, because a lease ran out under one of them, the first to end is written, and a look that
   * began before it ended never. A difference in content raises the revision and is kept in the trail. Facts with `deleted` leave a
   * tombstone, which waits for nothing. The notices are written with them or not at all, those that were told before left out.
   */
  apply(claim: Claim, fetched: Fetched): Promise<Applied>;

  /**
   * Gives the claim back after a failure, to be tried again at `nextAttemptAt`. The facts stay. Only the newest claim may:
   * the lease is that one's.
   */
  fail(claim: Claim, code: string, nextAttemptAt: number, now: number): Promise<void>;
}

/** The statements that both stores run as they are. */
export const customerSql = {
  factsAt: `SELECT facts FROM revisions WHERE customer = @customer AND revision = @revision`,
  formerFacts: `SELECT facts FROM customers WHERE host = @host AND account = @account AND deleted_at IS NOT NULL`,
  owner: `SELECT host, account, deleted_at FROM customers WHERE customer = @customer`,
  due: `SELECT * FROM customers WHERE next_change_at <= @now AND deleted_at IS NULL ORDER BY next_change_at LIMIT @limit`,
  moveDue: `UPDATE customers SET next_change_at = @nextChangeAt WHERE customer = @customer AND next_change_at = @wasDueAt
    RETURNING host, account, revision, fetched_at, access_told`,
  noteAccessTold: `UPDATE customers SET access_told = @told WHERE customer = @customer`,
  /** Facts that were fetched, and the end of their claim. `@changed`, `@stale` and `@deleted` are 0 or 1. */
  writeFacts: `UPDATE customers SET synced_ticket = @ticket, written_claim = claim, facts = @content, fetched_at = @fetchedAt,
      revision = @revision, confirmed_by = CASE WHEN @changed = 1 THEN @cause ELSE confirmed_by END,
      -- A hint that came during the fetch came after it began: the claim cannot be fresher than that.
      stale_since = CASE WHEN @stale = 1 THEN CAST(@fetchedAt AS bigint) END,
      next_change_at = @nextChangeAt, lease_until = 0, attempts = 0, next_attempt_at = 0, failed_at = NULL,
      failure_code = NULL, access_told = @told, deleted_at = CASE WHEN @deleted = 1 THEN CAST(@now AS bigint) END
    WHERE customer = @customer`,
  noteFailure: `UPDATE customers SET lease_until = 0, claimed_ticket = synced_ticket, attempts = attempts + 1,
      next_attempt_at = @nextAttemptAt, failed_at = @now, failure_code = @code
    WHERE customer = @customer AND claim = @claim AND synced_ticket < @ticket`,
  addRevision: `INSERT INTO revisions (customer, revision, at, confirmed_by, facts) VALUES (@customer, @revision, @now, @cause, @content)`,
  addSync: `INSERT INTO syncs (customer, at, ended_at, cause, ticket, claim, outcome)
    VALUES (@customer, @claimedAt, @now, @cause, @ticket, @claim, @outcome)`,
} as const;
