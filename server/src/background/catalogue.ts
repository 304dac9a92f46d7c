/**
 * Names of products and amounts of prices. They live beside the facts, not in them: a renamed product concerns
 * thousands of customers and must not fetch one of them.
 */

import { isDeepStrictEqual } from 'node:util';
import type { Config } from '../config/config.ts';
import type { CataloguePrice, ItemFacts, ProductWords } from '../billing/facts.ts';
import type { Catalogue as JudgesCatalogue } from '../billing/judge/judge.ts';
import { currencyOptionsOf, isArchived, priceFacts } from '../stripe/facts/price.ts';
import { describeCause, type Log } from '../log.ts';
import type { StripeGateway } from '../stripe/gateway.ts';
import type { Product } from '../ledger/catalogue.ts';
import type { BillingStore } from '../ledger/ledger.ts';

/** Stripe's limit on `ids` in one list call. */
const idsPerCall = 100;

const minute = 60_000;
const day = 24 * 60 * minute;

export class Catalogue implements JudgesCatalogue {
  readonly #store: BillingStore;
  readonly #gateway: StripeGateway;
  readonly #log: Log;
  readonly #names = new Map<string, string | null>();
  /** By product: the metadata that hosts ask for. */
  readonly #metadata = new Map<string, Readonly<Record<string, string>>>();
  readonly #words = new Map<string, ProductWords>();
  /** By id. */
  readonly #prices = new Map<string, CataloguePrice>();
  /** A key that no price has any more stands for the one price that had it. */
  readonly #byLookupKey = new Map<string, CataloguePrice>();
  /** By id: these are sold to no new customer. */
  readonly #archived = new Set<string>();
  /** The metadata that some host asks for, by name. */
  readonly #asked: readonly string[];
  /** The prices that the hosts offer, by id or lookup key, and the lookup keys that name their plans. */
  readonly #offered: readonly string[];
  #offersDueAt = 0;
  #offersAreKnown = false;
  #version = 0;

  constructor(config: Config, store: BillingStore, gateway: StripeGateway) {
    this.#store = store;
    this.#gateway = gateway;
    this.#log = config.log;
    this.#asked = [...new Set([...config.hosts.values()].flatMap(({ policy }) => policy.metadata))];
    this.#offered = [
      ...new Set(
        [...config.hosts.values()].flatMap(({ policy }) => [
          ...policy.offers.map(({ price }) => price),
          ...(policy.plans === 'all' ? [] : policy.plans.flatMap(({ lookupKey }) => lookupKey ?? [])),
        ]),
      ),
    ];
  }

  /**
   * Reads again what the ledger knows, after another process wrote to it. A ledger that does not answer just now is read
   * at the next news; until then the names that are known serve.
   */
  async reload(): Promise<void> {
    try {
      await this.load();
    } catch (cause) {
      this.#log.warn('catalogue.failed', { code: 'store_unavailable', cause: describeCause(cause) });
    }
  }

  /** Reads what the ledger knows. */
  async load(): Promise<void> {
    for (const product of await this.#store.products()) this.#rememberProduct(product);
    await this.#loadPrices();
  }

  /** Rises when a name or a price may have changed: a judgement made with an older version is made again. */
  get version(): number {
    return this.#version;
  }

  productName(id: string): string | null {
    return this.#names.get(id) ?? null;
  }

  productMetadata(id: string): Readonly<Record<string, string>> {
    return this.#metadata.get(id) ?? {};
  }

  productWords(id: string): ProductWords | null {
    return this.#words.get(id) ?? null;
  }

  /** A price by its id or lookup key. */
  price(ref: string): CataloguePrice | null {
    return this.#prices.get(ref) ?? this.#byLookupKey.get(ref) ?? null;
  }

  soldPrice(ref: string): CataloguePrice | null {
    const price = this.price(ref);
    return price === null || this.#archived.has(price.price) ? null : price;
  }

  /** Fetches what these items name and was never asked about, before facts that need it are shown. */
  async fetchMissing(items: readonly ItemFacts[]): Promise<void> {
    // A scheduled phase names its price only.
    const priceIds = items
      .filter(({ product, price }) => product === '' && !this.#prices.has(price))
      .map(({ price }) => price);
    await this.#fetchPrices(priceIds);
    await this.#fetchProducts(this.#unnamed(items));
  }

  /** Stripe was asked for the hosts' offers. */
  get offersAreKnown(): boolean {
    return this.#offersAreKnown;
  }

  /** Once a day, and every minute while it failed. */
  offersAreDue(now: number): boolean {
    return this.#offered.length > 0 && now >= this.#offersDueAt;
  }

  /** Fetches what the hosts offer: a lookup key may have been moved to another price, and the webhook lost. */
  async refreshOffers(now: number): Promise<void> {
    this.#offersDueAt = now + minute;
    await this.#fetchPrices(this.#offered);
    this.#offersDueAt = now + day;
    this.#offersAreKnown = true;
  }

  /** Fetches one product or price again, after Stripe said that it changed. */
  async refresh(subject: { readonly type: string; readonly id: string }): Promise<void> {
    if (subject.type !== 'product') return await this.#fetchPrices([subject.id]);
    await this.#fetchProducts([subject.id]);
    // With an archived product none of its prices is sold.
    await this.#fetchPrices(this.#offered.filter((ref) => this.price(ref)?.product === subject.id));
  }

  async #fetchProducts(ids: readonly string[]): Promise<void> {
    const wanted = [...new Set(ids)];
    for (let from = 0; from < wanted.length; from += idsPerCall) {
      const found = await this.#gateway.products(wanted.slice(from, from + idsPerCall));
      const products = found.map(({ metadata, ...product }) => ({
        ...product,
        metadata: this.#chosen(metadata ?? {}),
      }));
      await this.#store.saveProducts(products);
      for (const product of products) this.#rememberProduct(product);
    }
  }

  async #fetchPrices(refs: readonly string[]): Promise<void> {
    const wanted = [...new Set(refs)];
    if (wanted.length === 0) return;
    const found = await this.#gateway.prices(wanted);
    const prices = found.flatMap((price): CataloguePrice[] => {
      const facts = priceFacts(price, { currency: null, quantity: 1, taxed: true });
      const options = currencyOptionsOf(price);
      return facts === null
        ? []
        : [{ ...facts, ...(options && { currencyOptions: options }), archived: isArchived(price) }];
    });
    // The name first: once a price is known, its plan is shown.
    const wordless = prices.map(({ product }) => product).filter((id) => id !== '' && !this.#words.has(id));
    await this.#fetchProducts([...this.#unnamed(prices), ...wordless]);
    await this.#store.savePrices(prices);
    await this.#loadPrices();
  }

  /** As the ledger has them: with the lookup keys that they had before. */
  async #loadPrices(): Promise<void> {
    for (const price of await this.#store.prices()) this.#remember(price);
    const known = [...this.#prices.values()];
    const former = known.flatMap((price) => (price.formerLookupKeys ?? []).map((key) => ({ key, price })));
    this.#byLookupKey.clear();
    for (const { key, price } of former) {
      if (former.filter((other) => other.key === key).length === 1) this.#byLookupKey.set(key, price);
    }
    for (const price of known) if (price.lookupKey !== null) this.#byLookupKey.set(price.lookupKey, price);
  }

  #unnamed(items: readonly ItemFacts[]): string[] {
    return items.map(({ product }) => product).filter((id) => id !== '' && !this.#isKnown(id));
  }

  /** A product from before a host asked for its metadata is asked for again. */
  #isKnown(id: string): boolean {
    const metadata = this.#metadata.get(id);
    return this.#names.has(id) && this.#asked.every((name) => metadata !== undefined && name in metadata);
  }

  /** A missing one is kept as empty: it was asked for. */
  #chosen(metadata: Readonly<Record<string, string>>): Record<string, string> | null {
    if (this.#asked.length === 0) return null;
    return Object.fromEntries(this.#asked.map((name) => [name, metadata[name] ?? '']));
  }

  #rememberProduct({ id, name, metadata = null, words = null }: Product): void {
    const known = [this.#names.get(id), this.#metadata.get(id) ?? null, this.#words.get(id) ?? null];
    if (!isDeepStrictEqual(known, [name, metadata, words])) this.#version += 1;
    this.#names.set(id, name);
    if (metadata === null) this.#metadata.delete(id);
    else this.#metadata.set(id, metadata);
    if (words !== null) this.#words.set(id, words);
  }

  #remember({ archived = false, ...price }: CataloguePrice): void {
    const known = [this.#prices.get(price.price), this.#archived.has(price.price)];
    if (!isDeepStrictEqual(known, [price, archived])) this.#version += 1;
    if (archived) this.#archived.add(price.price);
    else this.#archived.delete(price.price);
    this.#prices.set(price.price, price);
  }
}
