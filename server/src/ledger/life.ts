/**
 * The ledger's contract on its lives. A ledger that is restored from a backup says what was true then, and does not know
 * of anything since: it begins a new life, in which nothing of the former one counts as looked at.
 */

import type { Claim } from './customers.ts';

export interface LifeStore {
  /** Names this ledger's life: revisions, and all that is made of them, must not be compared with those of another one. */
  readonly epoch: string;

  /**
   * Begins a new life: another epoch, every living customer stale since its last look, no visits, leases or back-offs.
   * Called before work begins, and once for processes that start together: within `withinMs` of the last time it only takes
   * up the epoch that began then.
   *
   * @returns how many customers are to be fetched; `null`: another process had begun it
   */
  beginAnew(now: number, withinMs: number): Promise<number | null>;

  /**
   * Whether the last event and the last sync that this process wrote are still there. If not, the ledger was replaced by a
   * copy of earlier while the process ran, or a fail-over has lost commits. Takes up the epoch of a life that another
   * process began.
   */
  isIntact(now: number): Promise<boolean>;
}

/** Rows may be pruned after 35 days: an older write says nothing. In milliseconds. */
const toldForMs = 30 * 24 * 60 * 60_000;

interface Write {
  readonly at: number;
  readonly sql: string;
  readonly bind: Readonly<Record<string, string | number>>;
}

/** The last rows that this process has committed, to be looked for again. Memory alone: a start knows of none. */
export class LastWrites {
  #event: Write | null = null;
  #sync: Write | null = null;

  noteEvent(event: string, at: number): void {
    // The same event may come again, and is then of another moment.
    const sql = `SELECT 1 AS found FROM events WHERE event = @event AND received_at = @at`;
    this.#event = { at, sql, bind: { event, at } };
  }

  noteSync({ customer, claim, claimedAt: at }: Pick<Claim, 'customer' | 'claim' | 'claimedAt'>): void {
    const sql = `SELECT 1 AS found FROM syncs WHERE customer = @customer AND at = @at AND claim = @claim`;
    this.#sync = { at, sql, bind: { customer, claim, at } };
  }

  /** Each finds a row, if it is still there. */
  looks(now: number): readonly Pick<Write, 'sql' | 'bind'>[] {
    return [this.#event, this.#sync].filter((write) => write !== null && now - write.at < toldForMs) as Write[];
  }

  forget(): void {
    this.#event = this.#sync = null;
  }
}

/** In one transaction, after the living customers were locked. The last one touches them. */
export const newLife: readonly string[] = [
  // A visit's baseline is a revision that this life may give again, to something else.
  `DELETE FROM visits`,
  `UPDATE checkouts SET lock = NULL, locked_until = 0`,
  `UPDATE jobs SET lease_until = 0, progress = NULL`,
  `UPDATE events SET next_attempt_at = 0 WHERE closed_at IS NULL`,
  `UPDATE outbox SET next_attempt_at = 0 WHERE settled_at IS NULL`,
  `UPDATE customers SET ticket = ticket + 1, stale_since = coalesce(stale_since, fetched_at, linked_at), cause = 'reconcile',
     lease_until = 0, attempts = 0, next_attempt_at = 0, failed_at = NULL, failure_code = NULL, wanted_until = 0
   WHERE deleted_at IS NULL`,
];
