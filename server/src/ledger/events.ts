/** The ledger’s contract on events: recorded once, and kept unresolved until their customer is found. */

import type { AccountRef } from './account.ts';

/**
 * An event from Stripe, reduced to its hint: something changed. An event is never believed, only its customer is read:
 * events come late, twice and in any order, and carry the shapes of any API version. Pure; reads snapshot events and
 * thin events.
 *
 * @see {@link https://docs.stripe.com/webhooks Stripe: webhooks}
 */

/** Something at Stripe that must be asked about before a customer is known. */
export interface Subject {
  readonly type: string;
  readonly id: string;
}

export interface StripeEvent {
  readonly event: string;
  readonly type: string;
  readonly livemode: boolean | null;
  /**
   * - `customer`: this customer may have changed.
   * - `subject`: something may have changed that belongs to a customer or to the catalogue; ask Stripe which.
   * - `foreign`: another Stripe account's event (Connect): recorded and closed.
   * - `none`: nothing that Billhook judges or shows: recorded and closed.
   */
  readonly concerns: 'customer' | 'subject' | 'foreign' | 'none';
  readonly customer: string | null;
  readonly subject: Subject | null;
}

/** A hint that names no customer yet, taken by one worker until its lease ends. */
export interface UnresolvedEvent {
  readonly event: string;
  readonly subject: Subject;
  readonly attempts: number;
}

/**
 * The outcome of recording an event: a ticket raised, left unresolved until its customer is found, ignored, or known
 * already.
 */
export type EventOutcome = 'queued' | 'unresolved' | 'ignored' | 'duplicate';

/** Webhook → ticket. */
export interface EventStore {
  /**
   * Inserts the event id and raises the customer's ticket, in one transaction; concurrent calls may share a commit.
   * A duplicate changes nothing. A customer that is not linked gets no row: linking starts with a fetch anyway.
   *
   * @param via - default: `webhook`. `sweep` for what Stripe could not deliver.
   */
  recordEvent(event: StripeEvent, now: number, via?: 'webhook' | 'sweep'): Promise<EventOutcome>;

  /** Claims events with a subject and no customer yet, for `leaseMs`. */
  claimUnresolved(now: number, leaseMs: number, limit: number): Promise<UnresolvedEvent[]>;

  /** Raises the found customer's ticket and closes the hint, in one transaction. `null`: it concerns no customer. */
  resolveEvent(event: string, customer: string | null, now: number): Promise<AccountRef | null>;

  /** Leaves the hint open, for another try at `nextAttemptAt`. */
  postponeEvent(event: string, nextAttemptAt: number): Promise<void>;
}
