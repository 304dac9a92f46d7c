/**
 * The part of the ledger's contract that keeps it true when webhooks are lost, that lets several processes share it, and
 * that tells an operator what happened. As everywhere in the ledger, times are Unix milliseconds and always parameters.
 */

import type { ConfirmedBy } from '@billhook/widget/contract';
import type { CustomerFacts } from '../billing/facts.ts';
import type { NoticeType } from '../billing/notices.ts';
import type { AccountRef, CustomerRecord, Receiver, VisitKind } from './ledger.ts';

/** One budget of requests to Stripe for all processes: a bucket that fills by `perSecond` and holds one second's worth. */
export interface BudgetStore {
  /**
   * Takes `count` requests out of the budget if more than `reserve` are left, and answers 0; else takes nothing and
   * answers after how many milliseconds it is worth asking again. A negative `reserve` may overdraw: a click never waits,
   * the others wait for it. So do many at once: when Stripe asks for patience, all processes have it.
   *
   * @param count Default: 1.
   */
  spend(perSecond: number, reserve: number, now: number, count?: number): Promise<number>;
}

/** What is done by one process at a time, now and then. */
export type Job = 'sweep' | 'reconcile';

/** A process's turn at a job, until its lease ends. */
export interface Turn {
  readonly job: Job;
  /** The fence: a process whose lease ran out can no longer write. */
  readonly turn: number;
  /** When the job began; a turn taken over from a process that died keeps it. */
  readonly startedAt: number;
  /** How far the job has come; `null` at its beginning. */
  readonly progress: object | null;
}

export interface JobStore {
  /**
   * Begins a job that last began `everyMs` ago or earlier, or takes over one whose lease ended before it did. `null`
   * while another process is at it, or before it is due.
   */
  takeTurn(job: Job, everyMs: number, leaseMs: number, now: number): Promise<Turn | null>;
  /** Notes how far it has come, and keeps the lease. `false`: the turn is somebody else's now; stop. */
  keepTurn(turn: Turn, progress: object, leaseMs: number, now: number): Promise<boolean>;
  /** The job is done, and this is what came of it. */
  endTurn(turn: Turn, receipt: object, now: number): Promise<boolean>;
  /** The last job that was done. */
  lastReceipt(
    job: Job,
  ): Promise<{ readonly startedAt: number; readonly endedAt: number; readonly receipt: object } | null>;

  /** Living customers in the order of their ids, from after `customer` on. */
  customersAfter(customer: string | null, limit: number): Promise<CustomerRecord[]>;
  /** Those of these customers that are linked, tombstones included, in no order: whoever raised their tickets looks here how far it has come. */
  customersAmong(customers: readonly string[]): Promise<CustomerRecord[]>;
  /**
   * Raises the tickets of those that are linked and living, in one transaction; answers how many. Who was stale already
   * keeps its cause: what another hint brings to light was not found by this one.
   */
  raiseTickets(customers: readonly string[], cause: ConfirmedBy, now: number): Promise<number>;
  /** What a cause brought to light since then: the facts as they were and as they were found, in the order of the findings. */
  foundBy(cause: ConfirmedBy, since: number, limit: number): Promise<Finding[]>;
}

/** Facts that turned out to differ from what the ledger held. */
export interface Finding extends AccountRef {
  readonly customer: string;
  readonly at: number;
  readonly revision: number;
  readonly before: CustomerFacts | null;
  readonly after: CustomerFacts;
}

/** One thing that happened to an account, for its timeline. A sync is as old as its claim, a visit as its opening. */
export type TrailEntry = { readonly at: number; readonly customer: string } & (
  | { readonly what: 'linked' }
  | { readonly what: 'deleted' }
  | { readonly what: 'event'; readonly event: string; readonly type: string; readonly via: 'webhook' | 'sweep' }
  | {
      readonly what: 'sync';
      readonly cause: ConfirmedBy;
      readonly ticket: number;
      readonly claim: number;
      readonly endedAt: number;
      /** `fenced`: a newer claim was there first. Else the failure's code. */
      readonly outcome: 'changed' | 'unchanged' | 'fenced' | string;
    }
  | {
      readonly what: 'change';
      readonly revision: number;
      readonly confirmedBy: ConfirmedBy;
      readonly before: CustomerFacts | null;
      readonly after: CustomerFacts;
    }
  | {
      readonly what: 'visit';
      readonly kind: VisitKind;
      /** The first return. */
      readonly returnedAt: number | null;
      readonly outcome: 'changed' | 'unchanged' | null;
    }
  | {
      readonly what: 'notice';
      readonly type: NoticeType;
      readonly receiver: Receiver;
      readonly attempts: number;
      readonly settledAt: number | null;
      readonly outcome: string | null;
    }
);

/** How the ledger stands, for metrics. */
export interface Figures {
  readonly customers: number;
  readonly stale: number;
  readonly oldestStaleSince: number | null;
  /** Stale customers whose last fetch failed, by the failure's code. */
  readonly failing: Readonly<Record<string, number>>;
  readonly openHints: number;
  readonly oldestOpenHintAt: number | null;
  readonly waitingNotices: number;
  readonly oldestWaitingNoticeAt: number | null;
}

export interface TrailStore {
  /** What happened to the account since then, oldest first; at most `limit`, the newest ones. */
  timeline(ref: AccountRef, since: number, limit: number): Promise<TrailEntry[]>;
  figures(now: number): Promise<Figures>;
}

/** What another process did to the ledger. */
export type Commit =
  /** A ticket was raised, or a notice written: workers may look. */
  | { readonly kind: 'raised' }
  /** What is known of an account differs, or a look at it ended. */
  | { readonly kind: 'looked'; readonly host: string; readonly account: string }
  /** A product has another name, or a price another amount: whoever keeps the catalogue in memory reads it again. */
  | { readonly kind: 'catalogue' }
  /** Something may have been missed: everybody look. */
  | { readonly kind: 'missed' };

export interface SharedStore {
  /** Other processes may work on this ledger: whoever waits for a change must also look by himself now and then. */
  readonly shared: boolean;
  /**
   * Calls back after commits, those of other processes included, as far as they can be heard: a slow poll must stand
   * behind it. Where only one process works on a ledger it may stay silent.
   *
   * @returns Stops it.
   */
  follow(listener: (commit: Commit) => void): () => void;
}
