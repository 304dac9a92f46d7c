/** The ledger’s contract on visits: trips to Stripe’s pages, from the click to the settled return. */

import type { AccountRef } from './account.ts';

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
