/** The earliest due object, found without a search: a heap, and a note of the current entries in it. */

export interface DueIndex {
  /** Files `id` under a time, in Unix seconds, replacing what it had; `null` takes it out. */
  set(id: string, at: number | null): void;
  /** The earliest; among equals, the one that was filed first ever. */
  first(): { id: string; at: number } | null;
}

interface Entry {
  readonly id: string;
  readonly at: number;
  /** When `id` was filed for the first time: among things due at one moment, the older goes first, run after run. */
  readonly rank: number;
}

export function createDueIndex(): DueIndex {
  const heap: Entry[] = [];
  const current = new Map<string, number>();
  const ranks = new Map<string, number>();

  const before = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.rank < b.rank);
  const swap = (a: number, b: number): void => {
    [heap[a], heap[b]] = [heap[b] as Entry, heap[a] as Entry];
  };

  const rise = (index: number): void => {
    for (let child = index; child > 0;) {
      const parent = (child - 1) >> 1;
      if (!before(heap[child] as Entry, heap[parent] as Entry)) return;
      swap(child, parent);
      child = parent;
    }
  };
  const sink = (): void => {
    for (let parent = 0; ;) {
      const left = 2 * parent + 1;
      if (left >= heap.length) return;
      const right = left + 1;
      const least = right < heap.length && before(heap[right] as Entry, heap[left] as Entry) ? right : left;
      if (!before(heap[least] as Entry, heap[parent] as Entry)) return;
      swap(least, parent);
      parent = least;
    }
  };
  const dropFirst = (): void => {
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    sink();
  };

  return {
    set(id, at) {
      if (at === null) {
        current.delete(id);
        return;
      }
      if (current.get(id) === at) return;
      current.set(id, at);
      const rank = ranks.get(id) ?? ranks.size;
      ranks.set(id, rank);
      heap.push({ id, at, rank });
      rise(heap.length - 1);
    },
    first() {
      for (;;) {
        const [top] = heap;
        if (top === undefined) return null;
        // Entries that were replaced stay in the heap until they come up: cheaper than searching for them.
        if (current.get(top.id) === top.at) return { id: top.id, at: top.at };
        dropFirst();
      }
    },
  };
}
