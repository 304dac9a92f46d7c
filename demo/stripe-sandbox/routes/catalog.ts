/** Products; their prices are next door. */

import { invalidRequest } from '../errors.ts';
import type { Api } from '../http/api.ts';
import { positive } from '../http/bounds.ts';
import { inRange, page, pageParams } from '../http/paging.ts';
import { flag, hash, list, required, text, timeRange } from '../http/params.ts';
import { checkPrice, createPrice, interval, priceData, requirePrice } from './prices.ts';
import { applyProduct, createProduct, productFields, requireProduct } from './products.ts';

const { default_price: _later, ...newProductFields } = productFields;
/** The price that comes with a product is licensed: nothing else can be said of it. */
const firstPriceData = { ...priceData, recurring: hash({ interval: required(interval), interval_count: positive }) };

export function catalogRoutes(api: Api): void {
  api.post(
    '/v1/products',
    { ...newProductFields, id: text, name: required(text), default_price_data: hash(firstPriceData) },
    ({ state, params }) => {
      const { name, default_price_data: priceParams, id, ...rest } = params;
      if (priceParams) checkPrice(state, priceParams);
      const product = createProduct(state, name, rest, id);
      if (priceParams) {
        const price = createPrice(state, product.id, priceParams);
        state.update(product, (changed) => void (changed.default_price = price.id));
      }
      return product;
    },
  );
  api.get(
    '/v1/products',
    { ...pageParams, active: flag, ids: list(text), url: text, shippable: flag, created: timeRange },
    ({ state, params }) =>
      page(
        state.products.list(
          (row) =>
            (params.active === undefined || row.active === params.active) &&
            (params.ids === undefined || params.ids.includes(row.id)) &&
            (params.url === undefined || row.url === params.url) &&
            (params.shippable === undefined || row.shippable === params.shippable) &&
            inRange(row.created, params.created),
        ),
        params,
        '/v1/products',
        'product',
      ),
  );
  api.get('/v1/products/:id', {}, ({ state, id }) => requireProduct(state, id()));
  api.post('/v1/products/:id', { ...productFields, name: text }, ({ state, params, id }) => {
    const product = requireProduct(state, id());
    const first =
      params.default_price === undefined ? null : requirePrice(state, params.default_price, 'default_price');
    if (first && first.product !== product.id) {
      throw invalidRequest(`The price ${first.id} does not belong to the product ${product.id}.`, {
        param: 'default_price',
      });
    }
    state.update(product, (changed) => {
      applyProduct(changed, params);
      if (params.name !== undefined) changed.name = params.name;
      changed.updated = state.clock.seconds();
    });
    return product;
  });
  api.delete('/v1/products/:id', {}, ({ state, id }) => {
    const product = requireProduct(state, id());
    if (state.prices.list((row) => row.product === product.id).length > 0) {
      throw invalidRequest('This product cannot be deleted because it has one or more user-created prices.');
    }
    state.products.delete(product.id);
    state.emit('product.deleted', product);
    return { id: product.id, object: 'product', deleted: true };
  });
}
