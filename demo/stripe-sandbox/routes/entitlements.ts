/** Features, the products that bring them, and what customers are entitled to (ENT-1). */

import { requireCustomer } from '../engine/customers.ts';
import { invalidRequest, noSuch } from '../errors.ts';
import type { Api } from '../http/api.ts';
import { page, pageParams } from '../http/paging.ts';
import { flag, metadata, required, text } from '../http/params.ts';
import type { State } from '../state/state.ts';
import type { Feature, ProductFeature } from '../state/wire.ts';
import { freshMetadata, patchMetadata } from './metadata.ts';
import { requireProduct } from './products.ts';

export function entitlementRoutes(api: Api): void {
  featureRoutes(api);
  productFeatureRoutes(api);
  api.get('/v1/entitlements/active_entitlements', { ...pageParams, customer: required(text) }, ({ state, params }) => {
    const customer = requireCustomer(state, params.customer, 'customer');
    const rows = state.entitlements.get(customer.id) ?? [];
    return page(rows, params, '/v1/entitlements/active_entitlements', 'active entitlement');
  });
  api.get('/v1/entitlements/active_entitlements/:id', {}, ({ state, id }) => {
    const found = [...state.entitlements.values()].flat().find((row) => row.id === id());
    if (!found) throw noSuch('active entitlement', id());
    return found;
  });
}

function featureRoutes(api: Api): void {
  api.post(
    '/v1/entitlements/features',
    { lookup_key: required(text), metadata, name: required(text) },
    ({ state, params }) => {
      if (state.features.list((row) => row.lookup_key === params.lookup_key).length > 0) {
        throw invalidRequest(`A feature with the lookup_key ${params.lookup_key} already exists.`, {
          code: 'resource_already_exists',
          param: 'lookup_key',
        });
      }
      const feature: Feature = {
        id: state.ids.next('feat'),
        object: 'entitlements.feature',
        active: true,
        livemode: false,
        lookup_key: params.lookup_key,
        metadata: freshMetadata(params.metadata),
        name: params.name,
      };
      state.features.add(feature);
      return feature;
    },
  );
  api.get('/v1/entitlements/features', { ...pageParams, archived: flag, lookup_key: text }, ({ state, params }) =>
    page(
      state.features.list(
        (row) =>
          row.active === !(params.archived ?? false) &&
          (params.lookup_key === undefined || row.lookup_key === params.lookup_key),
      ),
      params,
      '/v1/entitlements/features',
      'feature',
    ),
  );
  api.get('/v1/entitlements/features/:id', {}, ({ state, id }) => requireFeature(state, id()));
  api.post('/v1/entitlements/features/:id', { active: flag, metadata, name: text }, ({ state, params, id }) => {
    const feature = requireFeature(state, id());
    patchMetadata(feature, params.metadata);
    if (params.active !== undefined) feature.active = params.active;
    if (params.name !== undefined) feature.name = params.name;
    return feature;
  });
}

function productFeatureRoutes(api: Api): void {
  api.post('/v1/products/:id/features', { entitlement_feature: required(text) }, ({ state, params, id }) => {
    const product = requireProduct(state, id());
    const feature = requireFeature(state, params.entitlement_feature, 'entitlement_feature');
    const attached = state.productFeatures.get(product.id) ?? [];
    if (attached.some((row) => row.entitlement_feature.id === feature.id)) {
      throw invalidRequest('This feature is already attached to the product.', {
        code: 'resource_already_exists',
        param: 'entitlement_feature',
      });
    }
    const row: ProductFeature = {
      id: state.ids.next('prodft'),
      object: 'product_feature',
      entitlement_feature: structuredClone(feature),
      livemode: false,
    };
    state.productFeatures.set(product.id, [row, ...attached]);
    return row;
  });
  api.get('/v1/products/:id/features', pageParams, ({ state, params, id }) => {
    const product = requireProduct(state, id());
    const rows = state.productFeatures.get(product.id) ?? [];
    return page(rows, params, `/v1/products/${product.id}/features`, 'product feature');
  });
  api.get('/v1/products/:id/features/:feature', {}, ({ state, id }) =>
    requireProductFeature(state, requireProduct(state, id()).id, id('feature')),
  );
  api.delete('/v1/products/:id/features/:feature', {}, ({ state, id }) => {
    const product = requireProduct(state, id());
    const row = requireProductFeature(state, product.id, id('feature'));
    const others = (state.productFeatures.get(product.id) ?? []).filter((other) => other !== row);
    state.productFeatures.set(product.id, others);
    return { id: row.id, object: 'product_feature', deleted: true };
  });
}

function requireFeature(state: State, id: string, param = 'id'): Feature {
  const feature = state.features.get(id);
  if (!feature) throw noSuch('feature', id, param);
  return feature;
}

function requireProductFeature(state: State, product: string, id: string): ProductFeature {
  const row = (state.productFeatures.get(product) ?? []).find((other) => other.id === id);
  if (!row) throw noSuch('product feature', id);
  return row;
}
