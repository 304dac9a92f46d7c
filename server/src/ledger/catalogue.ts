/** The ledger’s contract on the catalogue: names of products and amounts of prices. */

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
  /** A lookup key belongs to one price: the price that had it before stays without it. */
  savePrices(prices: readonly CataloguePrice[]): Promise<void>;
}
