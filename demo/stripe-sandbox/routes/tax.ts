/** Tax rates, and the tax ids of customers. */

import { addTaxId, requireCustomer } from '../engine/customers.ts';
import { invalidRequest, noSuch } from '../errors.ts';
import type { Api } from '../http/api.ts';
import { country } from '../http/bounds.ts';
import { inRange, page, pageParams } from '../http/paging.ts';
import { decimal, flag, metadata, required, text, textUpTo, timeRange, union, type Read } from '../http/params.ts';
import type { State } from '../state/state.ts';
import type { TaxId, TaxRate } from '../state/wire.ts';
import { freshMetadata, patchMetadata } from './metadata.ts';

const rateFields = {
  active: flag,
  country,
  description: text,
  jurisdiction: text,
  metadata,
  state: text,
  tax_type: union<NonNullable<TaxRate['tax_type']>>(),
};

export function taxRoutes(api: Api): void {
  taxRateRoutes(api);
  taxIdRoutes(api);
}

function taxRateRoutes(api: Api): void {
  api.post(
    '/v1/tax_rates',
    { ...rateFields, display_name: required(textUpTo(50)), inclusive: required(flag), percentage: required(decimal) },
    ({ state, params }) => {
      const percentage = Number(params.percentage);
      if (percentage < 0 || percentage > 100)
        throw invalidRequest('Percentage must be between 0 and 100.', { param: 'percentage' });
      const rate: TaxRate = {
        id: state.ids.next('txr'),
        object: 'tax_rate',
        active: true,
        country: null,
        created: state.clock.seconds(),
        description: null,
        display_name: params.display_name,
        effective_percentage: null,
        flat_amount: null,
        inclusive: params.inclusive,
        jurisdiction: null,
        jurisdiction_level: null,
        livemode: false,
        metadata: freshMetadata(params.metadata),
        percentage,
        rate_type: 'percentage',
        state: null,
        tax_type: null,
      };
      applyRate(rate, params);
      state.taxRates.add(rate);
      state.emit('tax_rate.created', rate);
      return rate;
    },
  );
  api.get('/v1/tax_rates', { ...pageParams, active: flag, created: timeRange, inclusive: flag }, ({ state, params }) =>
    page(
      state.taxRates.list(
        (row) =>
          (params.active === undefined || row.active === params.active) &&
          (params.inclusive === undefined || row.inclusive === params.inclusive) &&
          inRange(row.created, params.created),
      ),
      params,
      '/v1/tax_rates',
      'tax rate',
    ),
  );
  api.get('/v1/tax_rates/:id', {}, ({ state, id }) => requireRate(state, id()));
  api.post('/v1/tax_rates/:id', { ...rateFields, display_name: text }, ({ state, params, id }) => {
    const rate = requireRate(state, id());
    state.update(rate, (changed) => {
      applyRate(changed, params);
      patchMetadata(changed, params.metadata);
      if (params.display_name !== undefined) changed.display_name = params.display_name;
    });
    return rate;
  });
}

function applyRate(rate: TaxRate, params: Omit<Read<typeof rateFields>, 'metadata'>): void {
  if (params.active !== undefined) rate.active = params.active;
  if (params.country !== undefined) rate.country = params.country;
  if (params.description !== undefined) rate.description = params.description;
  if (params.jurisdiction !== undefined) rate.jurisdiction = params.jurisdiction;
  if (params.state !== undefined) rate.state = params.state;
  if (params.tax_type !== undefined) rate.tax_type = params.tax_type;
}

function requireRate(state: State, id: string, param = 'id'): TaxRate {
  const rate = state.taxRates.get(id);
  if (!rate) throw noSuch('tax rate', id, param);
  return rate;
}

/** The rates with these ids, as copies: an invoice keeps them as they were. */
export const taxRatesOf = (state: State, ids: readonly string[] | null | undefined, param: string): TaxRate[] =>
  (ids ?? []).map((id, index) => structuredClone(requireRate(state, id, `${param}[${index}]`)));

function taxIdRoutes(api: Api): void {
  api.post(
    '/v1/customers/:id/tax_ids',
    { type: required(union<TaxId['type']>()), value: required(text) },
    ({ state, params, id }) => {
      const customer = requireCustomer(state, id());
      return addTaxId(state, customer, params);
    },
  );
  api.get('/v1/customers/:id/tax_ids', pageParams, ({ state, params, id }) => {
    const customer = requireCustomer(state, id());
    return page(state.taxIds.of(customer.id), params, `/v1/customers/${customer.id}/tax_ids`, 'tax id');
  });
  api.get('/v1/customers/:id/tax_ids/:taxId', {}, ({ state, id }) => requireTaxId(state, id(), id('taxId')));
  api.delete('/v1/customers/:id/tax_ids/:taxId', {}, ({ state, id }) => {
    const taxId = requireTaxId(state, id(), id('taxId'));
    state.taxIds.delete(taxId.id);
    state.emit('customer.tax_id.deleted', taxId);
    return { id: taxId.id, object: 'tax_id', deleted: true };
  });
}

function requireTaxId(state: State, customer: string, id: string): TaxId {
  const taxId = state.taxIds.get(id);
  if (taxId?.customer !== requireCustomer(state, customer).id) throw noSuch('tax id', id);
  return taxId;
}
