/** Products and prices. */

import { invalidRequest, noSuch } from '../errors.ts';
import type { Api } from '../http/api.ts';
import { inRange, page, pageParams } from '../http/paging.ts';
import {
  decimal,
  emptyable,
  flag,
  hash,
  integer,
  list,
  metadata,
  oneOf,
  required,
  text,
  timeRange,
  type Read,
} from '../http/params.ts';
import type { State } from '../state/state.ts';
import type { Price, Product } from '../state/wire.ts';
import { freshMetadata, patchMetadata } from './metadata.ts';

const interval = oneOf('day', 'week', 'month', 'year');
const taxBehavior = oneOf('exclusive', 'inclusive', 'unspecified');

const productFields = {
  active: flag,
  default_price: text,
  description: emptyable(text),
  images: emptyable(list(text)),
  marketing_features: emptyable(list(hash({ name: required(text) }))),
  metadata,
  shippable: flag,
  statement_descriptor: text,
  tax_code: emptyable(text),
  unit_label: emptyable(text),
  url: emptyable(text),
};

const recurring = hash({
  interval: required(interval),
  interval_count: integer,
  meter: text,
  trial_period_days: integer,
  usage_type: oneOf('licensed', 'metered'),
});

const priceData = {
  currency: required(text),
  recurring,
  tax_behavior: taxBehavior,
  unit_amount: integer,
  unit_amount_decimal: decimal,
  metadata,
};

const priceFields = {
  ...priceData,
  active: flag,
  billing_scheme: oneOf('per_unit'),
  lookup_key: text,
  nickname: text,
  product: text,
  product_data: hash({
    id: text,
    active: flag,
    metadata,
    name: required(text),
    statement_descriptor: text,
    tax_code: text,
    unit_label: text,
  }),
  transfer_lookup_key: flag,
};

export function catalogRoutes(api: Api): void {
  api.post(
    '/v1/products',
    { ...productFields, id: text, name: required(text), default_price_data: hash(priceData) },
    ({ state, params }) => {
      const { name, default_price_data: priceParams, id, ...rest } = params;
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
    if (params.default_price !== undefined) requirePrice(state, params.default_price, 'default_price');
    state.update(product, (changed) => {
      applyProduct(changed, params);
      if (params.name !== undefined) changed.name = params.name;
      changed.updated = state.clock.seconds();
    });
    return product;
  });

  api.post('/v1/prices', priceFields, ({ state, params }) => {
    const { product: existing, product_data: fresh, ...rest } = params;
    if ((existing === undefined) === (fresh === undefined)) {
      throw invalidRequest('You must specify either `product` or `product_data` when creating a price.', {
        param: 'product',
      });
    }
    const product = fresh
      ? createProduct(state, fresh.name, withoutName(fresh), fresh.id)
      : requireProduct(state, existing ?? '', 'product');
    return createPrice(state, product.id, rest);
  });
  api.get(
    '/v1/prices',
    {
      ...pageParams,
      active: flag,
      currency: text,
      product: text,
      type: oneOf('one_time', 'recurring'),
      lookup_keys: list(text),
      recurring: hash({ interval, usage_type: oneOf('licensed', 'metered'), meter: text }),
      created: timeRange,
    },
    ({ state, params }) =>
      page(
        state.prices.list(
          (row) =>
            (params.active === undefined || row.active === params.active) &&
            (params.currency === undefined || row.currency === params.currency) &&
            (params.product === undefined || row.product === params.product) &&
            (params.type === undefined || row.type === params.type) &&
            (params.lookup_keys === undefined || params.lookup_keys.includes(row.lookup_key ?? '')) &&
            (params.recurring?.interval === undefined || row.recurring?.interval === params.recurring.interval) &&
            (params.recurring?.usage_type === undefined || row.recurring?.usage_type === params.recurring.usage_type) &&
            inRange(row.created, params.created),
        ),
        params,
        '/v1/prices',
        'price',
      ),
  );
  api.get('/v1/prices/:id', {}, ({ state, id }) => requirePrice(state, id()));
  api.post(
    '/v1/prices/:id',
    { active: flag, lookup_key: text, metadata, nickname: text, tax_behavior: taxBehavior, transfer_lookup_key: flag },
    ({ state, params, id }) => {
      const price = requirePrice(state, id());
      if (params.lookup_key !== undefined)
        claimLookupKey(state, params.lookup_key, params.transfer_lookup_key, price.id);
      state.update(price, (changed) => {
        patchMetadata(changed, params.metadata);
        if (params.active !== undefined) changed.active = params.active;
        if (params.lookup_key !== undefined) changed.lookup_key = params.lookup_key;
        if (params.nickname !== undefined) changed.nickname = params.nickname;
        if (params.tax_behavior !== undefined) changed.tax_behavior = params.tax_behavior;
      });
      return price;
    },
  );
}

export function requireProduct(state: State, id: string, param = 'id'): Product {
  const product = state.products.get(id);
  if (!product) throw noSuch('product', id, param);
  return product;
}

export function requirePrice(state: State, id: string, param = 'id'): Price {
  const price = state.prices.get(id);
  if (!price) throw noSuch('price', id, param);
  return price;
}

type ProductParams = Partial<Read<typeof productFields>>;

const withoutName = ({ name: _name, id: _id, ...rest }: ProductParams & { name: string; id?: string }): ProductParams =>
  rest;

function createProduct(state: State, name: string, params: ProductParams, id = state.ids.next('prod')): Product {
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
  state.products.add(product);
  state.emit('product.created', product);
  return product;
}

function applyProduct(product: Product, params: ProductParams): void {
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

type PriceParams = Omit<Read<typeof priceFields>, 'product' | 'product_data'>;

/** A lookup key names one price at a time; it moves only when asked to. */
function claimLookupKey(state: State, key: string, transfer: boolean | undefined, price: string | null): void {
  for (const holder of state.prices.values()) {
    if (holder.lookup_key !== key || holder.id === price) continue;
    if (!transfer) {
      throw invalidRequest(
        `A price (\`${holder.id}\`) already uses that lookup key. A lookup key needs to be unique. Use \`transfer_lookup_key=true\` to transfer the lookup key.`,
        { param: 'lookup_key' },
      );
    }
    state.update(holder, (changed) => void (changed.lookup_key = null));
  }
}

function createPrice(state: State, product: string, params: PriceParams): Price {
  if (params.unit_amount === undefined && params.unit_amount_decimal === undefined) {
    throw invalidRequest('Prices require an `unit_amount` or `unit_amount_decimal` parameter to be set.', {
      param: 'unit_amount',
    });
  }
  if (params.lookup_key !== undefined) claimLookupKey(state, params.lookup_key, params.transfer_lookup_key, null);
  const amount = params.unit_amount_decimal ?? String(params.unit_amount);
  const price: Price = {
    id: state.ids.next('price'),
    object: 'price',
    active: params.active ?? true,
    billing_scheme: 'per_unit',
    created: state.clock.seconds(),
    currency: params.currency.toLowerCase(),
    custom_unit_amount: null,
    livemode: false,
    lookup_key: params.lookup_key ?? null,
    metadata: freshMetadata(params.metadata),
    nickname: params.nickname ?? null,
    product,
    recurring: params.recurring
      ? {
          interval: params.recurring.interval,
          interval_count: params.recurring.interval_count ?? 1,
          meter: params.recurring.meter ?? null,
          trial_period_days: params.recurring.trial_period_days ?? null,
          usage_type: params.recurring.usage_type ?? 'licensed',
        }
      : null,
    tax_behavior: params.tax_behavior ?? 'unspecified',
    tiers_mode: null,
    transform_quantity: null,
    type: params.recurring ? 'recurring' : 'one_time',
    // A fraction of a minor unit has no integer amount.
    unit_amount: Number.isInteger(Number(amount)) ? Number(amount) : null,
    unit_amount_decimal: amount,
  };
  state.prices.add(price);
  state.emit('price.created', price);
  return price;
}
