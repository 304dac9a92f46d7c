/**
 * A queue of many accounts' requests, in which each account has one place: one that asks a hundred times waits for its
 * hundredth turn, and another one's first request comes after one of each at most. An account without anything in the queue
 * goes before those that are being served, once: then it waits for its turn like them.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8290#section-4 RFC 8290, section 4: new and old flows, of FQ-CoDel}
 */

interface Flow<Item> {
  readonly name: string;
  readonly items: Item[];
}

export class FairQueue<Item> {
  readonly #flows = new Map<string, Flow<Item>>();
  readonly #fresh: Flow<Item>[] = [];
  readonly #served: Flow<Item>[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(name: string, item: Item): void {
    let flow = this.#flows.get(name);
    if (flow === undefined) {
      flow = { name, items: [] };
      this.#flows.set(name, flow);
      this.#fresh.push(flow);
    }
    flow.items.push(item);
    this.#size += 1;
  }

  /** Takes the next one out, in fair order; `undefined` where the queue is empty. */
  shift(): Item | undefined {
    while (this.#size > 0) {
      const flow = this.#fresh.shift() ?? this.#served.shift();
      const item = flow?.items.shift();
      if (flow === undefined) break;
      // It keeps a place behind the others though it is empty: otherwise one request at a time would always be a first one.
      if (item === undefined) this.#flows.delete(flow.name);
      else {
        this.#served.push(flow);
        this.#left();
        return item;
      }
    }
    return undefined;
  }

  /** Takes one out that is not to be served any more. */
  drop(item: Item): void {
    for (const { items } of this.#flows.values()) {
      const at = items.indexOf(item);
      if (at === -1) continue;
      items.splice(at, 1);
      this.#left();
      return;
    }
  }

  /** An empty queue remembers no account. */
  #left(): void {
    this.#size -= 1;
    if (this.#size > 0) return;
    this.#flows.clear();
    this.#fresh.length = 0;
    this.#served.length = 0;
  }
}
