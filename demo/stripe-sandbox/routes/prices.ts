/** Prices: per unit, in packages, tiered, metered or chosen by the customer. */

import { invalidRequest, missingParam, noSuch } from '../errors.ts';
import { currencyCode, decimalFrom, integerFrom, natural, positive, requireOneOf, upTo } from '../http/bounds.ts';
import type { Api } from '../http/api.ts';
import { inRange, page, pageParams } from '../http/paging.ts';
import {
  either,
  flag,
  hash,
  integer,
  list,
  metadata,
  only,
  required,
  text,
  textUpTo,
  timeRange,
  union,
  type Read,
} from '../http/params.ts';
import type { State } from '../state/state.ts';
import type { Price } from '../state/wire.ts';
import { freshMetadata, patchMetadata } from './metadata.ts';
import { createProduct, requireProduct, withoutName } from './products.ts';

type Recurring = NonNullable<Price['recurring']>;
export const interval = union<Recurring['interval']>();
const usageType = union<Recurring['usage_type']>();
const taxBehavior = union<NonNullable<Price['tax_behavior']>>();

const recurring = hash({
  interval: required(interval),
  interval_count: positive,
  meter: text,
  trial_period_days: integerFrom({ min: 0, max: 730 }),
  usage_type: usageType,
});

export const priceData = {
  currency: required(currencyCode),
  recurring,
  tax_behavior: taxBehavior,
  unit_amount: natural,
  unit_amount_decimal: decimalFrom({ min: 0 }),
  metadata,
};

const priceFields = {
  ...priceData,
  active: flag,
  billing_scheme: union<Price['billing_scheme']>(),
  custom_unit_amount: hash({ enabled: required(flag), maximum: natural, minimum: natural, preset: natural }),
  lookup_key: textUpTo(200),
  nickname: text,
  product: text,
  product_data: hash({
    id: text,
    active: flag,
    metadata,
    name: required(text),
    statement_descriptor: textUpTo(22),
    tax_code: text,
    unit_label: textUpTo(12),
  }),
  tiers: list(
    hash({
      flat_amount: natural,
      flat_amount_decimal: decimalFrom({ min: 0 }),
      unit_amount: natural,
      unit_amount_decimal: decimalFrom({ min: 0 }),
      up_to: required(either(integer, only('inf'))),
    }),
  ),
  tiers_mode: union<NonNullable<Price['tiers_mode']>>(),
  transfer_lookup_key: flag,
  transform_quantity: hash({
    divide_by: required(positive),
    round: required(union<NonNullable<Price['transform_quantity']>['round']>()),
  }),
};

export function priceRoutes(api: Api): void {
  api.post('/v1/prices', priceFields, ({ state, params }) => {
    const { product: existing, product_data: fresh, ...rest } = params;
    if ((existing === undefined) === (fresh === undefined)) {
      throw invalidRequest('You must specify either `product` or `product_data` when creating a price.', {
        param: 'product',
      });
    }
    checkPrice(state, rest);
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
      currency: currencyCode,
      product: text,
      type: union<Price['type']>(),
      lookup_keys: upTo(10, list(text)),
      recurring: hash({ interval, usage_type: usageType, meter: text }),
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
    {
      active: flag,
      lookup_key: textUpTo(200),
      metadata,
      nickname: text,
      tax_behavior: taxBehavior,
      transfer_lookup_key: flag,
    },
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

export function requirePrice(state: State, id: string, param = 'id'): Price {
  const price = state.prices.get(id);
  if (!price) throw noSuch('price', id, param);
  return price;
}

type PriceParams = Omit<Read<typeof priceFields>, 'product' | 'product_data'>;

function refuseTakenKey(state: State, key: string, price: string | null): void {
  const [holder] = state.prices.list((row) => row.lookup_key === key && row.id !== price);
  if (!holder) return;
  throw invalidRequest(
    `A price (\`${holder.id}\`) already uses that lookup key. A lookup key needs to be unique. Use \`transfer_lookup_key=true\` to transfer the lookup key.`,
    { param: 'lookup_key' },
  );
}

/** A lookup key names one price at a time; it moves only when asked to. */
function claimLookupKey(state: State, key: string, transfer: boolean | undefined, price: string | null): void {
  if (!transfer) refuseTakenKey(state, key, price);
  for (const holder of state.prices.list((row) => row.lookup_key === key && row.id !== price))
    state.update(holder, (changed) => void (changed.lookup_key = null));
}

/** Three years at most. */
const longest: Readonly<Record<Recurring['interval'], number>> = { day: 1095, week: 156, month: 36, year: 3 };

function checkInterval(given: PriceParams['recurring']): void {
  const most = given && longest[given.interval];
  if (most === undefined || (given?.interval_count ?? 1) <= most) return;
  throw invalidRequest('Invalid interval_count: the maximum is three years.', { param: 'recurring[interval_count]' });
}

/** Refuses what no price can be, before anything is made (SUB-18). */
export function checkPrice(state: State, params: PriceParams): void {
  amountOf(params);
  requireOneOf(params, 'unit_amount', 'unit_amount_decimal');
  checkInterval(params.recurring);
  if (params.billing_scheme === 'tiered') tiersOf(params);
  if (params.recurring?.meter !== undefined && params.recurring.usage_type !== 'metered')
    throw invalidRequest('A meter needs `usage_type=metered`.', { param: 'recurring[meter]' });
  // Since 2025-03-31.basil usage is what a meter counts.
  if (params.recurring?.usage_type === 'metered' && params.recurring.meter === undefined)
    throw missingParam('recurring[meter]');
  const { lookup_key: key } = params;
  if (key !== undefined && !params.transfer_lookup_key) refuseTakenKey(state, key, null);
}

export function createPrice(state: State, product: string, params: PriceParams, id = state.ids.next('price')): Price {
  const price = draftPrice(state, product, params, id);
  state.prices.add(price);
  state.emit('price.created', price);
  return price;
}

/** A price that is not kept yet. */
export function draftPrice(state: State, product: string, params: PriceParams, id = state.ids.next('price')): Price {
  checkPrice(state, params);
  const amount = amountOf(params);
  const tiers = params.billing_scheme === 'tiered' ? tiersOf(params) : undefined;
  if (params.lookup_key !== undefined) claimLookupKey(state, params.lookup_key, params.transfer_lookup_key, null);
  const custom = params.custom_unit_amount;
  return {
    id,
    object: 'price',
    active: params.active ?? true,
    billing_scheme: params.billing_scheme ?? 'per_unit',
    created: state.clock.seconds(),
    currency: params.currency.toLowerCase(),
    custom_unit_amount: custom?.enabled
      ? { maximum: custom.maximum ?? null, minimum: custom.minimum ?? null, preset: custom.preset ?? null }
      : null,
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
    ...(tiers ? { tiers } : {}),
    tiers_mode: params.tiers_mode ?? null,
    transform_quantity: params.transform_quantity ?? null,
    type: params.recurring ? 'recurring' : 'one_time',
    // A fraction of a minor unit has no integer amount.
    unit_amount: amount !== null && Number.isInteger(Number(amount)) ? Number(amount) : null,
    unit_amount_decimal: amount,
  };
}

/** Exactly one way of saying what a unit costs. */
function amountOf(params: PriceParams): string | null {
  const given = params.unit_amount_decimal ?? (params.unit_amount === undefined ? null : String(params.unit_amount));
  if (params.billing_scheme === 'tiered') {
    if (given !== null)
      throw invalidRequest('`unit_amount` cannot be set when `billing_scheme=tiered`.', { param: 'unit_amount' });
    return null;
  }
  if (params.tiers !== undefined)
    throw invalidRequest('`tiers` can only be set when `billing_scheme=tiered`.', { param: 'tiers' });
  if (params.custom_unit_amount?.enabled) {
    if (params.recurring)
      throw invalidRequest('`custom_unit_amount` is not supported for recurring prices.', { param: 'recurring' });
    return null;
  }
  if (given === null) {
    throw invalidRequest('Prices require an `unit_amount` or `unit_amount_decimal` parameter to be set.', {
      param: 'unit_amount',
    });
  }
  return given;
}

/** Tiers rise, and the last one has no end. */
function tiersOf(params: PriceParams): NonNullable<Price['tiers']> {
  const tiers = params.tiers ?? [];
  if (params.tiers_mode === undefined)
    throw invalidRequest('`tiers_mode` must be set when `billing_scheme=tiered`.', { param: 'tiers_mode' });
  const ends = tiers.map(({ up_to: end }) => (end === 'inf' ? Number.POSITIVE_INFINITY : end));
  if (ends.at(-1) !== Number.POSITIVE_INFINITY)
    throw invalidRequest('The last tier must have `up_to=inf`.', { param: 'tiers' });
  if (ends.some((end, index) => end <= (ends[index - 1] ?? 0)))
    throw invalidRequest('Tiers must be in ascending order of `up_to`.', { param: 'tiers' });
  return tiers.map((tier, index) => {
    const unit = tier.unit_amount_decimal ?? (tier.unit_amount === undefined ? null : String(tier.unit_amount));
    const flat = tier.flat_amount_decimal ?? (tier.flat_amount === undefined ? null : String(tier.flat_amount));
    if (unit === null && flat === null) {
      throw invalidRequest('Each tier needs `unit_amount` or `flat_amount`.', { param: `tiers[${index}]` });
    }
    const whole = (amount: string | null): number | null =>
      amount !== null && Number.isInteger(Number(amount)) ? Number(amount) : null;
    return {
      flat_amount: whole(flat),
      flat_amount_decimal: flat,
      unit_amount: whole(unit),
      unit_amount_decimal: unit,
      up_to: tier.up_to === 'inf' ? null : tier.up_to,
    };
  });
}
