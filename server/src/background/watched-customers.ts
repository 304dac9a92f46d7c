/**
 * The customers that held polls of this process wait for, and which of them are stale: the worker fetches these first,
 * at once after their ticket was raised. This is memory alone, for a poll ends with its process; the queue itself
 * is the ledger. A raised ticket is told by the ledger's feed, and where that word was lost, by the poll that looks again.
 */

interface Watched {
  polls: number;
  /** Counts its raised tickets, so that a look from before one of them cannot say that the customer is fresh. */
  raises: number;
}

/** One held poll's interest in one customer. */
export interface Watch {
  /** How often the customer's ticket was raised, as far as this process has heard. */
  readonly raises: number;
  /** A look at the ledger that began at `raises` found the customer stale, or fresh. */
  saw(isStale: boolean, raises: number): void;
  /** Must be called once. */
  release(): void;
}

export class WatchedCustomers {
  readonly #watched = new Map<string, Watched>();
  /** In the order in which they became stale. */
  readonly #stale = new Set<string>();

  watch(customer: string): Watch {
    const watched = this.#watched.get(customer) ?? { polls: 0, raises: 0 };
    this.#watched.set(customer, watched);
    watched.polls += 1;
    return {
      get raises() {
        return watched.raises;
      },
      saw: (isStale, raises) => {
        if (isStale) this.#stale.add(customer);
        else if (watched.raises === raises) this.#stale.delete(customer);
      },
      release: () => {
        watched.polls -= 1;
        if (watched.polls > 0) return;
        this.#watched.delete(customer);
        this.#stale.delete(customer);
      },
    };
  }

  /** Tickets of these customers were raised. @returns whether one of them is watched */
  raised(customers: readonly string[]): boolean {
    let isWatched = false;
    for (const customer of customers) {
      const watched = this.#watched.get(customer);
      if (watched === undefined) continue;
      watched.raises += 1;
      this.#stale.add(customer);
      isWatched = true;
    }
    return isWatched;
  }

  /** Up to `limit` that are to be claimed. Those that could not be claimed are behind the others the next time. */
  next(limit: number): readonly string[] {
    const next = [...this.#stale].slice(0, limit);
    for (const customer of next) {
      this.#stale.delete(customer);
      this.#stale.add(customer);
    }
    return next;
  }

  /** Their fetch begins; a ticket that is raised from now on asks for another one. */
  claimed(customers: readonly string[]): void {
    for (const customer of customers) this.#stale.delete(customer);
  }
}
