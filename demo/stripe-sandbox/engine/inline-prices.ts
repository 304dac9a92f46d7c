/** Prices that come with the request that uses them. */

import type { State } from '../state/state.ts';
import type { Price, Product } from '../state/wire.ts';

/** The product that is made with a price, if one is. */
const freshProducts = new WeakMap<Price, Product>();

/** A price that is not kept yet. */
export function draftOf(price: Price, product: Product | null): Price {
  if (product) freshProducts.set(price, product);
  return price;
}

/** Keeps those of the prices that came with the request. */
export function keepPrices(state: State, prices: readonly Price[]): void {
  for (const price of prices) {
    if (state.prices.get(price.id)) continue;
    const product = freshProducts.get(price);
    if (product && !state.products.get(product.id)) {
      state.products.add(product);
      state.emit('product.created', product);
    }
    state.prices.add(price);
    state.emit('price.created', price);
  }
}
