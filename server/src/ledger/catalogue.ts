/** The ledger’s contract on the catalogue: names of products and amounts of prices. */

import type { CataloguePrice, ProductWords } from '../billing/facts.ts';
import { withFormerKeys } from '../billing/lookup-keys.ts';

export interface Product {
  readonly id: string;
  /** `null`: Stripe does not know it (any more). */
  readonly name: string | null;
  /** Of its metadata, what some host asks for; `null`: it was never asked for. Default: `null`. */
  readonly metadata?: Readonly<Record<string, string>> | null;
  /** `null`: they were never asked for. Default: `null`. */
  readonly words?: ProductWords | null;
}

export interface CatalogueStore {
  products(): Promise<Product[]>;
  saveProducts(products: readonly Product[]): Promise<void>;

  prices(): Promise<CataloguePrice[]>;
  /**
   * A lookup key belongs to one price: the price that had it before stays without it. Each price remembers the keys that
   * it had (`formerLookupKeys`).
   */
  savePrices(prices: readonly CataloguePrice[]): Promise<void>;
}

/** The prices that saving one concerns: itself as it was, and the one that has its lookup key. */
export const concernedPrices = `SELECT facts FROM prices WHERE id = @id OR lookup_key = @lookupKey`;

export const savedPrice = `INSERT INTO prices (id, lookup_key, facts) VALUES (@id, @lookupKey, @facts)
  ON CONFLICT (id) DO UPDATE SET lookup_key = excluded.lookup_key, facts = excluded.facts`;

/** @returns What is to be written, in this order: a lookup key is free before it is given away. */
export function pricesAfter(price: CataloguePrice, concerned: readonly CataloguePrice[]): CataloguePrice[] {
  const losing = concerned.filter(({ price: id }) => id !== price.price);
  const before = concerned.find(({ price: id }) => id === price.price);
  return [...losing.map((each) => withFormerKeys({ ...each, lookupKey: null }, each)), withFormerKeys(price, before)];
}
