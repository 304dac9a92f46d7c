/**
 * How often a customer was fetched before the others. It goes first some times in a row, and once a second on and on: a
 * script that returns from visits ten times a second is fetched like a page that a person looks at, and then like all
 * others. This is memory of one process, and bounded.
 */

/** How often in a row a customer goes first: a renewal is told by up to eight events. */
const inARow = 10;
/** Milliseconds after which it may go first once more. */
const againAfterMs = 1_000;

export class FirstTurns {
  /** When a customer has its whole row again. */
  readonly #restoredAt = new Map<string, number>();

  /** They go first now. */
  took(customers: readonly string[], now: number): void {
    this.#forget(now);
    for (const customer of customers) {
      this.#restoredAt.set(customer, Math.max(now, this.#restoredAt.get(customer) ?? now) + againAfterMs);
    }
  }

  /** The customers that went first so often that they do not now. */
  resting(now: number): readonly string[] {
    this.#forget(now);
    const most = (inARow - 1) * againAfterMs;
    return [...this.#restoredAt].filter(([, restoredAt]) => restoredAt - now > most).map(([customer]) => customer);
  }

  /** Those that have it, and those of a clock that was wrong. */
  #forget(now: number): void {
    for (const [customer, restoredAt] of this.#restoredAt) {
      if (restoredAt <= now || restoredAt - now > inARow * againAfterMs) this.#restoredAt.delete(customer);
    }
  }
}
