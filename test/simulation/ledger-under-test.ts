/**
 * The interface between the histories and a ledger. Nothing here knows how Billhook is made: any implementation that can
 * start processes on one durable ledger like this can be put through the same histories.
 */

import type { BillingSnapshot, Change, NextPayment } from '@billhook/widget/contract';
import type { CustomerFacts } from '../../server/src/billing/facts.ts';
import type { AccessSummary } from '../../server/src/billing/notice-types.ts';

/** The machine that one process runs on. Everything that leaves the process's memory goes through it. */
export interface Machine {
  readonly name: string;
  /** Unix milliseconds by its own clock, which may be wrong, and may be set. */
  now(): number;
  /** Milliseconds by a clock that is never set. */
  monotonic(): number;
  /** The database server's time, where there is one. A step. */
  databaseNow(): Promise<number>;
  /** The right time: for observers, to say when something really was. No part of a ledger may ask. */
  truth(): number;
  /** Stripe's API. Slow, or failing, when the history says so. */
  readonly fetch: typeof globalThis.fetch;
  /**
   * One thing that happens whole or not at all, such as a transaction. It is carried out when the history comes to it; the
   * rest of the process waits for that. Steps of a dead process are never carried out.
   */
  step<T>(what: string, work: () => Promise<T>): Promise<T>;
  /** The host hears a notice. */
  tell(notice: ToldNotice): Promise<void>;
}

/** A notice as its host gets it. */
export interface ToldNotice {
  readonly id: string;
  readonly type: string;
  readonly account: string;
  /** The counter in its revision. */
  readonly revision: number;
  readonly data: object;
}

/** The answer to a reader of an account. */
export interface Seen {
  readonly customer: string | null;
  readonly facts: CustomerFacts | null;
  /** Unix milliseconds: the facts claim to be at least as fresh as this. */
  readonly fetchedAt: number | null;
  readonly revision: number;
  /** `false` promises that nothing is known to have changed since. */
  readonly stale: boolean;
  readonly access: 'full' | 'readOnly' | 'none' | 'unknown';
  /** The access of a host's backend. */
  readonly summary: AccessSummary;
  readonly snapshot: BillingSnapshot;
  /** What a page gets that has none yet. */
  readonly document: BillingSnapshot;
}

/** The answer to a page about its visit. */
export interface Returned {
  /** `gone`: the trip is unknown or over. */
  readonly outcome: 'changed' | 'unchanged' | 'pending' | 'gone';
  readonly changes: readonly Change[];
  /** The answer's facts were fetched at this moment or later; `null`: its customer is the account's no more. */
  readonly fetchedAt: number | null;
}

/** One process of the ledger. */
export interface LedgerProcess {
  /** A delivery from Stripe, signed; answers the HTTP status. */
  webhook(body: string, signature: string): Promise<number>;
  /** Makes the customer the account's, for good. */
  link(account: string, customer: string): Promise<void>;
  /** Asks Stripe what it could not deliver. `false`: it could not be done to the end. */
  sweep(): Promise<boolean>;
  /** Checks all customers that have, or had, a subscription. `false`: it could not be done to the end. */
  reconcile(): Promise<boolean>;
  /** A cron's call, for processes that do nothing between requests. Others do the same without it. */
  upkeep(): Promise<void>;
  /** A trip to Stripe's portal begins. `null`: the account has no customer to open it for. */
  open(account: string): Promise<string | null>;
  /** The page asks what came of the trip, and is answered at once. */
  return(account: string, visit: string): Promise<Returned>;
  /** The address that the invoice button opens; `null` where it opens none. */
  invoicePage(account: string): Promise<string | null>;
  /** The next payment that a page shows, once it was asked for. `null`: none is shown. */
  nextPayment(account: string): Promise<NextPayment | null>;
  /** This process's answer to a reader now. Not a step: reading changes nothing. @param mayManage - default: `true` */
  read(account: string, mayManage?: boolean): Promise<Seen>;
  /**
   * The answer to an open page. Not a step. `document`: `null` where the page has it.
   *
   * @param shown - the ETag of what it shows; `null`: nothing
   */
  page(
    account: string,
    shown: string | null,
  ): Promise<{ readonly etag: string; readonly document: BillingSnapshot | null }>;
  /** The machine is gone. Nothing may be finished. */
  abandon(): void;
}

export interface Ledger {
  /** Its processes do nothing between requests: a cron has to call them. */
  readonly needsCron: boolean;
  /** Resolves when the process takes deliveries. */
  start(machine: Machine): Promise<LedgerProcess>;
  /** Its remaining work: customers to sync, events to resolve, notices to deliver. */
  restless(): Promise<{ readonly stale: number; readonly hints: number; readonly untold: number }>;
  /** Looks that ended while their lease lasted and were not written, though no other was since they began. */
  thrownAway(): number;
  /** Copies the ledger as it is now, in the place of an earlier copy. Only where the settings ask for copies. */
  copy(): void;
  /**
   * Puts the copy in the ledger's place, as an operator does while no process runs. `false`: there is none.
   *
   * @param now - the right time
   */
  restore(now: number): Promise<boolean>;
  close(): Promise<void>;
}

export interface LedgerSettings {
  readonly stripe: { readonly secretKey: string; readonly webhookSecret: string; readonly apiUrl: string };
  readonly accounts: readonly string[];
  /** How many processes share it. */
  readonly processes: number;
  /** The history copies the ledger, and may put a copy in its place. */
  readonly keepsCopies: boolean;
}

export type OpenLedger = (settings: LedgerSettings) => Promise<Ledger>;
