/**
 * The ledger's contract. Routes, worker and sync know this file and never an implementation.
 *
 * The counters on a customer are at once the queue, the fence and the freshness shown to people:
 *
 * - `ticket` is raised by everything that says "Stripe may have changed". The customer is **stale** while
 *   `syncedTicket < ticket`. That is the whole queue: nothing else has to survive a crash.
 * - `claim` is raised by each worker that takes the customer. The facts of a claim are written only if nothing was written
 *   since it was given: looks that are written never overlap, so an older truth cannot replace a newer one, whatever
 *   the clocks say. Where a lease ran out under a slow look, the first of the two to end is written: the newest alone
 *   would not do, for where every look outlasts its lease none would ever be written. Nor would "the one that began
 *   later": of two looks that overlap, the one that began first may have read last.
 * - A claim carries the ticket *as it was before the fetch began*. Applying sets `syncedTicket` to that ticket: a hint
 *   that came during the fetch leaves the customer stale, and it is fetched again.
 *
 * Every method is one transaction: durable when it resolves, without a trace when it rejects. (Should the connection to
 * a database server break in the very moment of a commit, a rejected call may have been written: every method may be
 * called again.) Times are Unix milliseconds and always parameters; a time further ahead than it can have been set is of
 * a clock that was wrong, and counts as over (`clocks.ts`).
 *
 * Each table has a contract file beside this one: customers, previews, links, events, outbox, purchases, visits, catalogue, budget,
 * jobs, history, feed. `sqlite/` is one process and one file, beside which a command may have the file open too; `postgres/` is
 * several processes. One suite proves both: `test/contract/`.
 */

import type { CatalogueStore } from './catalogue.ts';
import type { CustomerStore } from './customers.ts';
import type { EventStore } from './events.ts';
import type { OutboxStore } from './outbox.ts';
import type { PreviewStore } from './previews.ts';
import type { PurchaseStore } from './purchases.ts';
import type { VisitStore } from './visits.ts';
import type { BudgetStore } from './budget.ts';
import type { JobStore } from './jobs.ts';
import type { HistoryStore } from './history.ts';
import type { LinkStore } from './links.ts';
import type { FeedStore } from './feed.ts';
import type { LifeStore } from './life.ts';

/** Which Stripe account and mode this ledger belongs to. */
export interface StripeIdentity {
  readonly account: string;
  readonly livemode: boolean;
}

export interface BillingStore
  extends
    EventStore,
    CustomerStore,
    LinkStore,
    OutboxStore,
    PreviewStore,
    PurchaseStore,
    VisitStore,
    CatalogueStore,
    BudgetStore,
    JobStore,
    HistoryStore,
    FeedStore,
    LifeStore {
  /** Secret of this ledger for keyed digests of what must be compared but not kept. */
  readonly digestKey: string;

  /** Pins the ledger at the first call. @throws {LedgerPinnedError} `ledger_pinned` when another one is pinned. */
  pin(identity: StripeIdentity): Promise<void>;

  /** Answers when the database does. @throws {StoreUnavailableError} */
  ping(): Promise<void>;

  /**
   * Forgets events, syncs, visits, notices and introductions from before `before`, and the facts that were no longer true by then. An open
   * hint stays, and so do each customer's facts of now, whatever their age.
   */
  prune(before: number): Promise<void>;

  close(): Promise<void>;
}
