/** Plans: recurring prices by their older name and shape. */

import { planOf } from '../engine/prices.ts';
import { missingParam, noSuch } from '../errors.ts';
import { currencyCode, decimalFrom, integerFrom, natural, positive } from '../http/bounds.ts';
import type { Api } from '../http/api.ts';
import { page, pageParams } from '../http/paging.ts';
import { either, emptyable, flag, hash, metadata, required, text, union, type Read } from '../http/params.ts';
import { tellChange } from '../state/events.ts';
import type { State } from '../state/state.ts';
import type { Price } from '../state/wire.ts';
import { freshMetadata, patchMetadata } from './metadata.ts';
import { checkPrice, createPrice, interval } from './prices.ts';
import { createProduct, requireProduct } from './products.ts';

const createFields = {
  active: flag,
  amount: natural,
  amount_decimal: decimalFrom({ min: 0 }),
  currency: required(currencyCode),
  id: text,
  interval: required(interval),
  interval_count: positive,
  metadata,
  meter: text,
  nickname: text,
  product: either(
    text,
    hash({
      active: flag,
      id: text,
      metadata,
      name: required(text),
      statement_descriptor: text,
      tax_code: text,
      unit_label: text,
    }),
  ),
  trial_period_days: integerFrom({ min: 0, max: 730 }),
  usage_type: union<NonNullable<Price['recurring']>['usage_type']>(),
};

export function planRoutes(api: Api): void {
  api.post('/v1/plans', createFields, ({ state, params }) => planOf(create(state, params)));
  api.get('/v1/plans', { ...pageParams, active: flag, product: text }, ({ state, params }) =>
    page(
      state.prices
        .list(
          (row) =>
            row.recurring !== null &&
            (params.active === undefined || row.active === params.active) &&
            (params.product === undefined || row.product === params.product),
        )
        .map(planOf),
      params,
      '/v1/plans',
      'plan',
    ),
  );
  api.get('/v1/plans/:id', {}, ({ state, id }) => planOf(requirePlan(state, id())));
  api.post('/v1/plans/:id', { active: flag, metadata, nickname: emptyable(text) }, ({ state, params, id }) => {
    const price = requirePlan(state, id());
    const before = structuredClone(price);
    patchMetadata(price, params.metadata);
    if (params.active !== undefined) price.active = params.active;
    if (params.nickname !== undefined) price.nickname = params.nickname;
    tellChange(state.events, ['plan.updated'], planOf(before), planOf(price));
    tellChange(state.events, ['price.updated'], before, price);
    return planOf(price);
  });
  api.delete('/v1/plans/:id', {}, ({ state, id }) => {
    const price = requirePlan(state, id());
    state.prices.delete(price.id);
    state.emit('plan.deleted', planOf(price));
    state.emit('price.deleted', price);
    return { id: price.id, object: 'plan', deleted: true };
  });
}

function create(state: State, params: Read<typeof createFields>): Price {
  const { amount, amount_decimal: exact, product: given, ...rest } = params;
  if (given === undefined) throw missingParam('product');
  const priceParams = {
    currency: rest.currency,
    recurring: {
      interval: rest.interval,
      ...(rest.interval_count === undefined ? {} : { interval_count: rest.interval_count }),
      ...(rest.meter === undefined ? {} : { meter: rest.meter }),
      ...(rest.trial_period_days === undefined ? {} : { trial_period_days: rest.trial_period_days }),
      ...(rest.usage_type === undefined ? {} : { usage_type: rest.usage_type }),
    },
    ...(amount === undefined ? {} : { unit_amount: amount }),
    ...(exact === undefined ? {} : { unit_amount_decimal: exact }),
    ...(rest.active === undefined ? {} : { active: rest.active }),
    ...(rest.nickname === undefined ? {} : { nickname: rest.nickname }),
    metadata: freshMetadata(rest.metadata),
  };
  checkPrice(state, priceParams);
  const product =
    typeof given === 'string'
      ? requireProduct(state, given, 'product')
      : createProduct(state, given.name, {}, given.id);
  const price = createPrice(state, product.id, priceParams, rest.id ?? state.ids.next('plan'));
  state.emit('plan.created', planOf(price));
  return price;
}

function requirePlan(state: State, id: string): Price {
  const price = state.prices.get(id);
  if (!price?.recurring) throw noSuch('plan', id);
  return price;
}
