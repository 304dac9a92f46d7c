/**
 * The requests of one priority that wait, in fair order: the next is of the account that had the least of late, whatever
 * the others ask for. Two accounts with as much are served in the order in which they came.
 *
 * @see {@link https://dl.acm.org/doi/10.1145/35043.35047 Kay and Lauder, A fair share scheduler: usage that decays}
 */

/**
 * Milliseconds after which half of what an account had is forgotten: longer than the turns of a crowd take, and shorter than
 * the time until a person does the next thing.
 */
const halfLifeMs = 2_000;
/** Less than this of a request is none. */
const forgotten = 1 / 8;
/** So many accounts are remembered before those that had hardly anything are looked for. */
const mostRemembered = 1_000;

interface Used {
  readonly requests: number;
  readonly at: number;
}

/** How many requests each account had of late. Memory of one process, bounded by the budget. */
export class AccountUsage {
  readonly #used = new Map<string, Used>();
  #mostRemembered = mostRemembered;

  /** How many accounts are remembered. */
  get size(): number {
    return this.#used.size;
  }

  /** Requests for no account in particular are each the first of theirs. */
  of(account: string | null, now: number): number {
    const used = account === null ? undefined : this.#used.get(account);
    // A clock that is set back forgets nothing, and remembers nothing for longer.
    return used === undefined ? 0 : used.requests * 2 ** (-Math.abs(now - used.at) / halfLifeMs);
  }

  add(account: string | null, now: number): void {
    if (account === null) return;
    this.#used.set(account, { requests: this.of(account, now) + 1, at: now });
    if (this.#used.size <= this.#mostRemembered) return;
    for (const name of this.#used.keys()) if (this.of(name, now) < forgotten) this.#used.delete(name);
    this.#mostRemembered = Math.max(mostRemembered, 2 * this.#used.size);
  }
}

export class FairQueue<Item> {
  readonly #usage: AccountUsage;
  /** The requests of each account that waits, in the order in which they came. */
  readonly #waiting = new Map<string | null, Item[]>();
  #size = 0;

  constructor(usage: AccountUsage) {
    this.#usage = usage;
  }

  get size(): number {
    return this.#size;
  }

  push(account: string | null, item: Item): void {
    const items = this.#waiting.get(account);
    if (items === undefined) this.#waiting.set(account, [item]);
    else items.push(item);
    this.#size += 1;
  }

  /** How much the account had of which the next request is; infinitely much where none waits. */
  usageOfNext(now: number): number {
    return this.#next(now).had;
  }

  /** Takes the next one out; `undefined` where none waits. */
  shift(now: number): { readonly account: string | null; readonly item: Item } | undefined {
    const { account } = this.#next(now);
    const item = this.#waiting.get(account)?.[0];
    if (item === undefined) return undefined;
    this.#remove(account, 0);
    return { account, item };
  }

  /** Takes one out that is not to be served any more. */
  drop(account: string | null, item: Item): void {
    const at = this.#waiting.get(account)?.indexOf(item) ?? -1;
    if (at !== -1) this.#remove(account, at);
  }

  #next(now: number): { readonly account: string | null; readonly had: number } {
    let next: { account: string | null; had: number } = { account: null, had: Number.POSITIVE_INFINITY };
    for (const account of this.#waiting.keys()) {
      const had = this.#usage.of(account, now);
      if (had < next.had) next = { account, had };
    }
    return next;
  }

  #remove(account: string | null, at: number): void {
    const items = this.#waiting.get(account) ?? [];
    items.splice(at, 1);
    this.#size -= 1;
    if (items.length === 0) this.#waiting.delete(account);
  }
}
