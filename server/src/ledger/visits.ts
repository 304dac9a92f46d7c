/** The ledger’s contract on visits: trips to Stripe’s pages, from the click to the settled return. */

import type { AccountRef } from './account.ts';
import { clockSkewMs } from './clocks.ts';

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

/** The state of a visit, and of its customer, at a return. */
export interface ReturnStanding {
  readonly ticket: number;
  readonly syncedTicket: number;
  /** The ticket of the newest claim; the synced ticket where that claim has failed. */
  readonly claimedTicket: number;
  /** The last ticket that a return of this customer raised, and when. */
  readonly lastReturnTicket: number;
  readonly lastReturnAt: number | null;
  /** The visit's own. */
  readonly ownTicket: number | null;
  readonly isSettled: boolean;
  /** When its page last asked. */
  readonly askedAt: number | null;
}

/** A page that is waiting asks again within this time, in milliseconds: longer than a poll is held. */
const keepsAskingMs = 40_000;

/** A page that asks every second need not be noted every time; in milliseconds. */
const askNotedMs = 5_000;

/**
 * The ticket that answers a return, or `null` where one must be raised.
 *
 * - A visit keeps its ticket until the page has its answer: one that moved on while its look goes on would never be
 *   reached by a page that asks faster than Stripe answers.
 * - A ticket that is raised and not yet claimed serves every visit: its look will begin after this return.
 * - A visit that has its answer and returns again shares the customer's last return for `everyMs`.
 * - A first return shares no look that is under way or over: what was done on that trip may be later. So does a page that
 *   comes back after a silence, for it may have been at Stripe again.
 */
export function returnTicketFor(state: ReturnStanding, everyMs: number, now: number): number | null {
  const { ticket, syncedTicket, claimedTicket, ownTicket, isSettled, askedAt } = state;
  const known = isWithin(askedAt, keepsAskingMs, now) ? ownTicket : null;
  if (known !== null && (known > syncedTicket || !isSettled)) return known;
  if (ticket > Math.max(syncedTicket, claimedTicket)) return ticket;
  if (known !== null && isWithin(state.lastReturnAt, everyMs, now)) return state.lastReturnTicket;
  return null;
}

/** Whether an ask must be noted, for {@link returnTicketFor} to know that the page is still there. */
export const mustNoteAsk = (askedAt: number | null, now: number): boolean => !isWithin(askedAt, askNotedMs, now);

/** A time ahead of now was written by a clock that was wrong. */
const isWithin = (at: number | null, ms: number, now: number): boolean =>
  at !== null && at > now - ms && at <= now + clockSkewMs;

/** Open visits of an account: one more, and the oldest is over. A person has a handful, a script as many as it clicks. */
export const openVisitsPerAccount = 60;

/** Trips to Stripe's pages, from the click to the settled return. */
export interface VisitStore {
  /** Begins a visit. The account's oldest one expires where there are more than {@link openVisitsPerAccount}. */
  openVisit(visit: Omit<Visit, 'returnTicket' | 'outcome'>): Promise<void>;

  findVisit(id: string, ref: AccountRef, now: number): Promise<Visit | null>;

  /**
   * Answers the ticket that this return waits for, and raises one where none will do ({@link returnTicketFor}): at most
   * one of a customer is queued, and a return never ends a look that is under way. A ticket that is new to the visit
   * unsettles it.
   */
  returnVisit(id: string, everyMs: number, now: number): Promise<number>;

  /** Keeps the outcome; `unchanged` may still become `changed`. The customer is looked at again at each of `recheckAt` (two at most). */
  settleVisit(id: string, outcome: 'changed' | 'unchanged', recheckAt: readonly number[]): Promise<void>;

  /** Raises the tickets of settled visits that are to be looked at again. */
  raiseRechecks(now: number): Promise<number>;
}

/** The statements that both stores run as they are. */
export const visitSql = {
  find: `SELECT * FROM visits WHERE id = @id AND host = @host AND account = @account AND expires_at > @now`,
  noteReturnTicket: `UPDATE customers SET return_ticket = @ticket, returned_at = @now WHERE customer = @customer`,
  noteReturn: `UPDATE visits SET asked_at = @now, outcome = CASE WHEN return_ticket = @ticket THEN outcome END,
    return_ticket = @ticket, returned_at = coalesce(returned_at, @now) WHERE id = @id`,
  settle: `UPDATE visits SET outcome = @outcome, recheck_at = @recheckAt, recheck_later = @recheckLater
    WHERE id = @id AND (outcome IS NULL OR (outcome = 'unchanged' AND @outcome = 'changed'))`,
} as const;
