/**
 * The ledger's contract. Routes, worker and sync know this file and never an implementation.
 *
 * The counters on a customer are at once the queue, the fence and the freshness shown to people:
 *
 * - `ticket` is raised by everything that says "Stripe may have changed". The customer is **stale** while
 *   `syncedTicket < ticket`. That is the whole queue: nothing else has to survive a crash.
 * - `claim` is raised by each worker that takes the customer. Only the newest claim may write, so a worker whose lease
 *   ran out under a slow fetch cannot replace a newer truth by its older one.
 * - A claim carries the ticket *as it was before the fetch began*. Applying sets `syncedTicket` to that ticket: a hint
 *   that came during the fetch leaves the customer stale, and it is fetched again.
 *
 * Every method is one transaction: durable when it resolves, without a trace when it rejects. (Should the connection to
 * a database server break in the very moment of a commit, a rejected call may have been written: every method may be
 * called again.) Times are Unix milliseconds and always parameters.
 *
 * `upkeep.ts` holds the rest of the contract. `sqlite.ts` is one process and one file, beside which a command may have the
 * file open too; `postgres.ts` is several processes. One suite proves both: `test/contract/`.
 */

import type { ConfirmedBy } from '@billhook/widget/contract';
import type { CataloguePrice, CustomerFacts } from '../billing/facts.ts';
import type { Hint, Subject } from '../stripe/event.ts';
import type { NoticeType } from '../billing/notices.ts';
import type { BudgetStore, JobStore, SharedStore, TrailStore } from './upkeep.ts';

/** Who pays, in the host's own words. */
export interface AccountRef {
  readonly host: string;
  readonly account: string;
}

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
}

export interface Claim extends AccountRef {
  readonly customer: string;
  /** The ticket at the moment of the claim, before any fetch. */
  readonly ticket: number;
  readonly claim: number;
  readonly claimedAt: number;
  readonly cause: ConfirmedBy;
  /** Somebody waits for it. */
  readonly wanted: boolean;
  readonly attempts: number;
  /** The facts that the fetch may replace, and when their fetch began. */
  readonly facts: CustomerFacts | null;
  readonly fetchedAt: number | null;
  readonly linkedAt: number;
  /** Since when it has been stale. */
  readonly staleSince: number;
}

export interface Applied {
  /** `false`: a newer claim or ticket was there first, and nothing was written. */
  readonly applied: boolean;
  /** The content differs from what was known. */
  readonly changed: boolean;
  /** Hints came during the fetch: it must be fetched again. */
  readonly stale: boolean;
  /** How many notices are new in the outbox. */
  readonly told: number;
}

/** Who is told: the host's webhook, or `onChange` in this process. Each has its own queue, and neither waits for the other. */
export type Receiver = 'webhook' | 'process';

/** A notice as it is written. The id names the fact, so that what was told before is not told again. */
export interface OutboxEntry {
  readonly id: string;
  readonly receiver: Receiver;
  readonly type: NoticeType;
  readonly data: object;
}

/** A notice that one deliverer has until its lease ends. */
export interface NoticeClaim extends AccountRef, OutboxEntry {
  readonly revision: number;
  /** When the fetch began that found it. */
  readonly at: number;
  /** This one included. */
  readonly attempts: number;
}

export type LinkOutcome = 'linked' | 'alreadyLinked' | 'customerTaken' | 'accountTaken' | 'customerDeleted';

export type VisitKind = 'portal' | 'checkout' | 'invoice';

export interface Visit extends AccountRef {
  readonly id: string;
  readonly customer: string;
  readonly kind: VisitKind;
  /** The revision that the page showed at the click. */
  readonly seen: number;
  readonly openedAt: number;
  readonly expiresAt: number;
  /** The ticket that must be synced before this visit can be answered; `null` before the first return. */
  readonly returnTicket: number | null;
  readonly outcome: 'changed' | 'unchanged' | null;
}

/** A hint that names no customer yet, taken by one worker until its lease ends. */
export interface OpenHint {
  readonly event: string;
  readonly subject: Subject;
  readonly attempts: number;
}

export interface Product {
  readonly id: string;
  /** `null`: Stripe does not know it (any more). */
  readonly name: string | null;
}

/** Which Stripe account and mode this ledger belongs to. */
export interface StripeIdentity {
  readonly account: string;
  readonly livemode: boolean;
}

/** The ledger belongs to another Stripe account or mode than the key in use. */
export class LedgerPinnedError extends Error {
  override readonly name = 'LedgerPinnedError';
  readonly code = 'ledger_pinned';
}

/** The database cannot do its work now: locked, full, read-only, gone. */
export class StoreUnavailableError extends Error {
  override readonly name = 'StoreUnavailableError';
  readonly code = 'store_unavailable';
}

/** What became of an event: a ticket raised, left open until its customer is found, closed without effect, or known already. */
export type HintOutcome = 'ticket' | 'open' | 'closed' | 'duplicate';

/** Webhook → ticket. */
export interface HintStore {
  /**
   * Inserts the event id and raises the customer's ticket, in one transaction; concurrent calls may share a commit.
   * A duplicate changes nothing. A customer that is not linked gets no row: linking starts with a fetch anyway.
   *
   * @param via Default: `webhook`. `sweep` for what Stripe could not deliver.
   */
  recordHint(hint: Hint, now: number, via?: 'webhook' | 'sweep'): Promise<HintOutcome>;

  /** Takes hints whose customer must still be found, for `leaseMs`. */
  takeOpenHints(now: number, leaseMs: number, limit: number): Promise<OpenHint[]>;

  /** Raises the found customer's ticket and closes the hint, in one transaction. `null`: it concerns no customer. */
  closeHint(event: string, customer: string | null, now: number): Promise<AccountRef | null>;

  /** Leaves the hint open, for another try at `nextAttemptAt`. */
  postponeHint(event: string, nextAttemptAt: number): Promise<void>;
}

/** Links, tickets, and claim → fetch → apply. */
export interface CustomerStore {
  /** The account's customer: the living one, else the last tombstone, else `null`. */
  findAccount(ref: AccountRef): Promise<CustomerRecord | null>;

  /** The facts as they were at `revision`; `null` when there were none, or when others replaced them too long ago. */
  factsAt(customer: string, revision: number): Promise<CustomerFacts | null>;

  /** Links for good, with `ticket ≥ 1` and `syncedTicket = 0`, so that events from before the link cannot matter. */
  link(ref: AccountRef, customer: string, now: number): Promise<LinkOutcome>;

  raiseTicket(customer: string, cause: ConfirmedBy, now: number): Promise<number | null>;

  /** Somebody waits for this customer until then: claim it before the others, and cut its back-off short. */
  want(customer: string, until: number): Promise<void>;

  /** Customers whose `nextChangeAt` has come. */
  due(now: number, limit: number): Promise<CustomerRecord[]>;

  /** Raises the ticket of a due customer and sets its next moment; nothing if somebody else was first. */
  raiseDue(customer: string, wasDueAt: number, nextChangeAt: number | null, now: number): Promise<void>;

  /**
   * Called once by the server's worker before its first claim, and by nobody else: a command beside a server would end
   * the server's leases. Where only one process works on a ledger, every lease is one of a process that is gone, and ends
   * here; where several do, leases end by themselves.
   */
  resume(): Promise<void>;

  /**
   * Takes up to `limit` stale customers for `leaseMs`, those with somebody waiting first.
   *
   * @param only `restMs`: a customer nobody waits for is left alone for so long after its last fetch began, so that a
   * storm of events costs one fetch. Default: 0. `wanted`: those with somebody waiting, and no others. Default: false.
   */
  claim(
    now: number,
    leaseMs: number,
    limit: number,
    only?: { readonly restMs?: number; readonly wanted?: boolean },
  ): Promise<Claim[]>;

  /**
   * Writes what a claim fetched, if the claim is still the newest and its ticket still unsynced; a difference in content
   * raises the revision and is kept in the trail. Facts with `deleted` leave a tombstone. The notices are written with
   * them or not at all, those that were told before left out.
   */
  apply(
    claim: Claim,
    facts: CustomerFacts,
    fetchedAt: number,
    nextChangeAt: number | null,
    now: number,
    notices?: readonly OutboxEntry[],
  ): Promise<Applied>;

  /** Gives the claim back after a failure, to be tried again at `nextAttemptAt`. The facts stay; fenced like `apply`. */
  fail(claim: Claim, code: string, nextAttemptAt: number, now: number): Promise<void>;
}

/** What hosts are told: at least once, and each account's notices in their order. */
export interface OutboxStore {
  /**
   * Takes up to `limit` notices for `leaseMs`, oldest first, at most one an account: the next one waits until it is
   * delivered or given up. A deliverer that dies leaves its notice to the next when the lease ends.
   */
  claimNotices(
    to: { readonly host: string; readonly receiver: Receiver },
    now: number,
    leaseMs: number,
    limit: number,
  ): Promise<NoticeClaim[]>;

  noticeDelivered(claim: NoticeClaim, now: number): Promise<void>;

  /** Gives the notice back, to be tried again at `nextAttemptAt`; `null` gives it up. A newer claim is left alone. */
  noticeFailed(claim: NoticeClaim, code: string, nextAttemptAt: number | null, now: number): Promise<void>;
}

/** An account's last Checkout, as it was asked for. */
export interface CheckoutRecord {
  readonly session: string;
  readonly offer: string;
  readonly returnUrl: string;
}

/** Before a first purchase: creating the customer once, and one open Checkout an account. */
export interface PurchaseStore {
  /** Notes that a customer is about to be created for the account, or answers the note that is there. */
  intendCustomer(ref: AccountRef, now: number): Promise<{ readonly generation: number; readonly since: number }>;
  /**
   * The note of this generation is too old to rely on, and becomes one of the next. Of two that renew the same one both get
   * the same next: they must not create two customers.
   */
  renewIntent(ref: AccountRef, generation: number, now: number): Promise<{ readonly generation: number }>;

  /** Takes the account's lock for `leaseMs`, and answers its last Checkout; `null` while somebody else has the lock. */
  lockCheckout(
    ref: AccountRef,
    lock: string,
    leaseMs: number,
    now: number,
  ): Promise<{ readonly last: CheckoutRecord | null } | null>;
  /** Writes the Checkout down, while the lock is still ours. */
  keepCheckout(ref: AccountRef, lock: string, checkout: CheckoutRecord): Promise<void>;
  unlockCheckout(ref: AccountRef, lock: string): Promise<void>;
}

/** Trips to Stripe's pages, from the click to the settled return. */
export interface VisitStore {
  openVisit(visit: Omit<Visit, 'returnTicket' | 'outcome'>): Promise<void>;

  findVisit(id: string, ref: AccountRef, now: number): Promise<Visit | null>;

  /**
   * Raises a ticket for a return, at most one a visit in `everyMs`, and answers the ticket to wait for. A new ticket
   * unsettles the visit, and ends the lease of a fetch under way: that one began too early to answer this return, and the
   * person should not wait for it to end. Its claim is fenced by the next.
   */
  returnVisit(id: string, everyMs: number, now: number): Promise<number>;

  /** Keeps the outcome; `unchanged` may still become `changed`. The customer is looked at again at each of `recheckAt` (two at most). */
  settleVisit(id: string, outcome: 'changed' | 'unchanged', recheckAt: readonly number[]): Promise<void>;

  /** Raises the tickets of settled visits that are to be looked at again. */
  raiseRechecks(now: number): Promise<number>;
}

export interface BillingStore
  extends
    HintStore,
    CustomerStore,
    OutboxStore,
    PurchaseStore,
    VisitStore,
    BudgetStore,
    JobStore,
    TrailStore,
    SharedStore {
  /** Names this ledger for good: revisions of different ledgers must not be compared. */
  readonly epoch: string;
  /** Secret of this ledger for keyed digests of what must be compared but not kept. */
  readonly digestKey: string;

  /** Pins the ledger at the first call. @throws {LedgerPinnedError} `ledger_pinned` when another one is pinned. */
  pin(identity: StripeIdentity): Promise<void>;

  /** Answers when the database does. @throws {StoreUnavailableError} */
  ping(): Promise<void>;

  products(): Promise<Product[]>;
  saveProducts(products: readonly Product[]): Promise<void>;

  prices(): Promise<CataloguePrice[]>;
  /** A lookup key belongs to one price: whoever had it before keeps its price without it. */
  savePrices(prices: readonly CataloguePrice[]): Promise<void>;

  /**
   * Forgets events, syncs, visits and notices from before `before`, and the facts that were no longer true by then. An open
   * hint stays, and so do each customer's facts of now, whatever their age.
   */
  prune(before: number): Promise<void>;

  close(): Promise<void>;
}
