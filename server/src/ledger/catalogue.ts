/** The ledger’s contract on the catalogue: what products are called and what prices cost. */

import type { CataloguePrice } from '../billing/facts.ts';

export interface Product {
  readonly id: string;
  /** `null`: Stripe does not know it (any more). */
  readonly name: string | null;
  /** Of its metadata, what some host asks for; `null`: it was never asked for. Default: `null`. */
  readonly metadata?: Readonly<Record<string, string>> | null;
}

export interface CatalogueStore {
  products(): Promise<Product[]>;
  saveProducts(products: readonly Product[]): Promise<void>;

  prices(): Promise<CataloguePrice[]>;
  /** A lookup key belongs to one price: whoever had it before keeps its price without it. */
  savePrices(prices: readonly CataloguePrice[]): Promise<void>;
}
