/** The bound of each of a ledger’s tables. */

import { expect } from 'vitest';
import type { Growth, LedgerSize } from './growth.ts';

type Bound =
  /** By how long its rows are kept: as many as there is business in that time. */
  | 'age'
  /** By the customers and accounts that ever were: at most so many rows of each. */
  | { readonly each: number }
  /** By the program. */
  | { readonly rows: number };

/** A table that has no line here fails the tests. */
const bounds: Readonly<Record<string, Bound>> = {
  events: 'age',
  syncs: 'age',
  visits: 'age',
  outbox: 'age',
  introductions: 'age',
  revisions: 'age',
  customers: { each: 1 },
  intents: { each: 1 },
  checkouts: { each: 1 },
  // An operator's decisions are kept for good.
  link_changes: { each: 0.05 },
  meta: { rows: 10 },
  products: { rows: 10 },
  prices: { rows: 10 },
  budget: { rows: 1 },
  jobs: { rows: 2 },
  sqlite_sequence: { rows: 10 },
};

/** Rows that come and go by chance. */
const few = 10;

/** @param chance - the factor by which two months of so few, or so many, may differ */
export function mustBeBounded({ sizes, walBytes }: Growth, chance: number): void {
  const [half, whole] = sizes as readonly [LedgerSize, LedgerSize];
  expect(Object.keys(whole.tables).toSorted()).toEqual(Object.keys(bounds).toSorted());
  const byEver = whole.ever / half.ever;
  for (const [table, { rows, bytes }] of Object.entries(whole.tables)) {
    const bound = bounds[table] as Bound;
    const before = half.tables[table] ?? { rows: 0, bytes: 0 };
    if (bound === 'age') {
      expect(rows, `rows of ${table}`).toBeGreaterThan(0);
      expect(rows, `rows of ${table}`).toBeLessThanOrEqual(before.rows * byEver * chance + few);
      expect(bytes, `bytes of ${table}`).toBeLessThanOrEqual(before.bytes * byEver * chance + 2 ** 15);
    } else if ('each' in bound) expect(rows, `rows of ${table}`).toBeLessThanOrEqual(whole.ever * bound.each);
    else expect(rows, `rows of ${table}`).toBeLessThanOrEqual(bound.rows);
  }
  expect(whole.fileBytes / whole.ever).toBeLessThan((half.fileBytes / half.ever) * chance);
  // A checkpoint begins it anew.
  expect(walBytes).toBeLessThan(32 * 2 ** 20);
}
