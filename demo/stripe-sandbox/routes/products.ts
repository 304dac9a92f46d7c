/** The parameters of a product, and how one is made. */

import { invalidRequest, noSuch } from '../errors.ts';
import { upTo, webAddress } from '../http/bounds.ts';
import { emptyable, flag, hash, list, metadata, required, text, textUpTo, type Read } from '../http/params.ts';
import type { State } from '../state/state.ts';
import type { Product } from '../state/wire.ts';
import { patchMetadata } from './metadata.ts';

export const productFields = {
  active: flag,
  default_price: text,
  description: emptyable(text),
  images: emptyable(upTo(8, list(text))),
  marketing_features: emptyable(upTo(15, list(hash({ name: required(textUpTo(80)) })))),
  metadata,
  shippable: flag,
  statement_descriptor: textUpTo(22),
  tax_code: emptyable(text),
  unit_label: emptyable(textUpTo(12)),
  url: emptyable(webAddress),
};

export type ProductParams = Partial<Read<typeof productFields>>;

export const withoutName = ({
  name: _name,
  id: _id,
  ...rest
}: ProductParams & { name: string; id?: string }): ProductParams => rest;

export function createProduct(state: State, name: string, params: ProductParams, id = state.ids.next('prod')): Product {
  const product = draftProduct(state, name, params, id);
  state.products.add(product);
  state.emit('product.created', product);
  return product;
}

/** A product that is not kept yet. */
export function draftProduct(state: State, name: string, params: ProductParams, id = state.ids.next('prod')): Product {
  if (state.products.get(id)) {
    throw invalidRequest('Product already exists.', { code: 'resource_already_exists', param: 'id' });
  }
  const now = state.clock.seconds();
  const product: Product = {
    id,
    object: 'product',
    active: true,
    created: now,
    default_price: null,
    description: null,
    images: [],
    livemode: false,
    marketing_features: [],
    metadata: {},
    name,
    package_dimensions: null,
    shippable: null,
    statement_descriptor: null,
    tax_code: null,
    tax_details: null,
    type: 'service',
    unit_label: null,
    updated: now,
    url: null,
  };
  applyProduct(product, params);
  return product;
}

export function applyProduct(product: Product, params: ProductParams): void {
  patchMetadata(product, params.metadata);
  if (params.active !== undefined) product.active = params.active;
  if (params.default_price !== undefined) product.default_price = params.default_price;
  if (params.description !== undefined) product.description = params.description;
  if (params.images !== undefined) product.images = params.images ?? [];
  if (params.marketing_features !== undefined) product.marketing_features = params.marketing_features ?? [];
  if (params.shippable !== undefined) product.shippable = params.shippable;
  if (params.statement_descriptor !== undefined) product.statement_descriptor = params.statement_descriptor;
  if (params.tax_code !== undefined) product.tax_code = params.tax_code;
  if (params.unit_label !== undefined) product.unit_label = params.unit_label;
  if (params.url !== undefined) product.url = params.url;
}

export function requireProduct(state: State, id: string, param = 'id'): Product {
  const product = state.products.get(id);
  if (!product) throw noSuch('product', id, param);
  return product;
}
