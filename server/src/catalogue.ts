/**
 * What products are called. Names live beside the facts, not in them: a renamed product concerns thousands of customers
 * and must not fetch one of them.
 */

import type { Catalogue as JudgesCatalogue } from './judge.ts';
import type { StripeGateway } from './stripe-gateway.ts';
import type { BillingStore } from './store/store.ts';

/** Stripe's limit on `ids` in one list call. */
const idsPerCall = 100;

export class Catalogue implements JudgesCatalogue {
  readonly #store: BillingStore;
  readonly #gateway: StripeGateway;
  readonly #names = new Map<string, string | null>();

  constructor(store: BillingStore, gateway: StripeGateway) {
    this.#store = store;
    this.#gateway = gateway;
  }

  /** Reads the names that the ledger knows. */
  async load(): Promise<void> {
    for (const { id, name } of await this.#store.products()) this.#names.set(id, name);
  }

  productName(id: string): string | null {
    return this.#names.get(id) ?? null;
  }

  /** No offers are configured yet, so no price is looked up by its own id. */
  price(): null {
    return null;
  }

  /** Fetches the names of products that were never asked about, before facts that need them are shown. */
  async learn(ids: Iterable<string>): Promise<void> {
    await this.#fetch([...new Set(ids)].filter((id) => !this.#names.has(id)));
  }

  /** Fetches one product again, after Stripe said that it changed. */
  async refresh(id: string): Promise<void> {
    await this.#fetch([id]);
  }

  async #fetch(ids: readonly string[]): Promise<void> {
    for (let from = 0; from < ids.length; from += idsPerCall) {
      const products = await this.#gateway.products(ids.slice(from, from + idsPerCall));
      await this.#store.saveProducts(products);
      for (const { id, name } of products) this.#names.set(id, name);
    }
  }
}
