/** `price_data`: a price made by the request that uses it, kept once the request is not refused any more (SUB-18). */

import { draftOf } from '../engine/inline-prices.ts';
import { invalidRequest } from '../errors.ts';
import { positive } from '../http/bounds.ts';
import { hash, list, metadata, required, text } from '../http/params.ts';
import type { State } from '../state/state.ts';
import type { Price } from '../state/wire.ts';
import { draftPrice, interval, priceData } from './prices.ts';
import { draftProduct, requireProduct, withoutName } from './products.ts';

const { metadata: _metadata, recurring: _recurring, ...amounts } = priceData;
const recurring = hash({ interval: required(interval), interval_count: positive });

/** Of an existing product. */
export const itemPriceData = hash({ ...amounts, product: required(text), recurring: required(recurring) });
/** … or of one that is made with it. */
export const linePriceData = hash({
  ...amounts,
  product: text,
  product_data: hash({
    description: text,
    images: list(text),
    metadata,
    name: required(text),
    tax_code: text,
    unit_label: text,
  }),
  recurring,
});
export const oncePriceData = hash({ ...amounts, product: required(text) });

export function inlinePrice(state: State, data: ReturnType<typeof linePriceData.read>, param: string): Price {
  const { product: existing, product_data: fresh, ...rest } = data;
  if ((existing === undefined) === (fresh === undefined))
    throw invalidRequest(`You must specify either \`product\` or \`product_data\` when using \`price_data\`.`, {
      param,
    });
  const product = fresh
    ? draftProduct(state, fresh.name, withoutName(fresh))
    : requireProduct(state, existing ?? '', `${param}[product]`);
  const price = draftPrice(state, product.id, { ...rest, active: false });
  return draftOf(price, fresh ? product : null);
}
