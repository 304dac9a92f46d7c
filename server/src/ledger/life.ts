/**
 * The ledger's contract on its lives. A ledger that is restored from a backup says what was true then, and does not know
 * of anything since: it begins a new life, in which nothing of the former one counts as looked at.
 */

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
