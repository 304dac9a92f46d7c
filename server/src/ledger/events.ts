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
  readonly receivedAt: number;
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

  /**
   * Takes events with a subject and no customer yet, for `leaseMs`: of each subject type up to `limit`, those that are
   * busy counted in, so that a type that hangs takes no other type's places.
   *
   * @param busy - how many of each type this process has in hand. Default: none
   */
  claimUnresolved(
    now: number,
    leaseMs: number,
    limit: number,
    busy?: Readonly<Record<string, number>>,
  ): Promise<UnresolvedEvent[]>;

  /** Raises the found customer's ticket and closes the hint, in one transaction. `null`: it concerns no customer. */
  resolveEvent(event: string, customer: string | null, now: number): Promise<AccountRef | null>;

  /** Leaves the hint open, for another try at `nextAttemptAt`. */
  postponeEvent(event: string, nextAttemptAt: number): Promise<void>;
}

/** Every type of unresolved events once: a few seeks along the index, however many events there are. */
export const unresolvedTypes = `WITH RECURSIVE types(type) AS (
    SELECT min(subject_type) FROM events WHERE closed_at IS NULL
    UNION ALL
    SELECT (SELECT min(subject_type) FROM events WHERE closed_at IS NULL AND subject_type > types.type)
    FROM types WHERE types.type IS NOT NULL)`;

/** The statements that both stores run as they are. */
export const eventSql = {
  resolve: `UPDATE events SET closed_at = @now, customer = @customer WHERE event = @event AND closed_at IS NULL
    RETURNING via`,
  account: `SELECT host, account FROM customers WHERE customer = @customer`,
  postpone: `UPDATE events SET next_attempt_at = @nextAttemptAt WHERE event = @event AND closed_at IS NULL`,
} as const;
