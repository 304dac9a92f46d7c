/**
 * Calls that come in the same turn of the event loop share one commit: under a webhook storm the disk is asked once for
 * many deliveries instead of once for each.
 */

type Waiting<In, Out> = { readonly entry: In; resolve(out: Out): void; reject(cause: unknown): void };

export class Batch<In, Out> {
  readonly #commit: (entries: readonly In[]) => Promise<Out[]>;
  #waiting: Waiting<In, Out>[] = [];
  #flushing: Promise<void> | null = null;

  /** @param commit - writes all entries in one transaction, or rejects without a trace */
  constructor(commit: (entries: readonly In[]) => Promise<Out[]>) {
    this.#commit = commit;
  }

  /** Resolves after the commit that holds the entry. */
  add(entry: In): Promise<Out> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ entry, resolve, reject });
      this.#flushing ??= new Promise<void>((done) => setImmediate(done)).then(() => this.#flush());
    });
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#flushing) await this.#flushing;
  }

  async #flush(): Promise<void> {
    const taken = this.#waiting;
    this.#waiting = [];
    await this.#write(taken);
    this.#flushing = this.#waiting.length > 0 ? Promise.resolve().then(() => this.#flush()) : null;
  }

  async #write(taken: readonly Waiting<In, Out>[]): Promise<void> {
    try {
      const results = await this.#commit(taken.map(({ entry }) => entry));
      taken.forEach((one, index) => one.resolve(results[index] as Out));
    } catch (cause) {
      // One by one, so that one bad row fails alone.
      if (taken.length > 1) for (const one of taken) await this.#write([one]);
      else taken[0]?.reject(cause);
    }
  }
}
