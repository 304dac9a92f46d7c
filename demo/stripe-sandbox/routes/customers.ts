/** Customers. */

import { attach, resolvePaymentMethod } from '../engine/cards.ts';
import {
  addTaxId,
  blankCustomer,
  checkTaxId,
  deleteCustomer,
  detach,
  requireAttached,
  requireCustomer,
} from '../engine/customers.ts';
import { checkDiscount, discountCustomer, discountTargetOf } from '../engine/discounts.ts';
import { addSource, cardOfToken, requireSource, retryPastDue, sourceOf } from '../engine/sources.ts';
import { invalidRequest } from '../errors.ts';
import type { Api } from '../http/api.ts';
import { emailAddress, integerFrom, invoicePrefix, positive, upTo } from '../http/bounds.ts';
import { inRange, page, pageParams } from '../http/paging.ts';
import {
  emptyable,
  hash,
  integer,
  list,
  metadata,
  required,
  text,
  textUpTo,
  timeRange,
  union,
  type Read,
} from '../http/params.ts';
import { readSearch } from '../http/search.ts';
import { tellChange } from '../state/events.ts';
import type { State } from '../state/state.ts';
import type { Customer, TaxId } from '../state/wire.ts';
import { address, fullAddress } from './address.ts';
import { freshMetadata, patchMetadata } from './metadata.ts';
import { requireClock } from './test-clocks.ts';

export const customFields = upTo(4, list(hash({ name: required(textUpTo(40)), value: required(textUpTo(140)) })));

const customerFields = {
  address: emptyable(address),
  balance: integer,
  // Of older versions, as `promotion_code` is.
  coupon: emptyable(text),
  description: emptyable(text),
  email: emptyable(emailAddress),
  invoice_prefix: invoicePrefix,
  invoice_settings: hash({
    custom_fields: emptyable(customFields),
    default_payment_method: emptyable(text),
    footer: text,
  }),
  metadata,
  name: emptyable(textUpTo(256)),
  next_invoice_sequence: positive,
  phone: emptyable(textUpTo(20)),
  preferred_locales: list(text),
  promotion_code: text,
  shipping: emptyable(hash({ address: required(address), name: required(text), phone: text })),
  source: text,
  tax_exempt: emptyable(union<NonNullable<Customer['tax_exempt']>>()),
};

export function customerRoutes(api: Api): void {
  api.post(
    '/v1/customers',
    {
      ...customerFields,
      payment_method: text,
      tax_id_data: list(hash({ type: required(union<TaxId['type']>()), value: required(text) })),
      test_clock: text,
    },
    ({ state, params }) => createCustomer(state, params),
  );
  api.get('/v1/customers', { ...pageParams, email: textUpTo(512), created: timeRange }, ({ state, params }) =>
    page(
      state.customers.list(
        (row) => (params.email === undefined || row.email === params.email) && inRange(row.created, params.created),
      ),
      params,
      '/v1/customers',
      'customer',
    ),
  );
  // Before `/:id`, which would take "search" for one.
  api.get('/v1/customers/search', { limit: integer, page: text, query: required(text) }, ({ state, params }) => {
    const fits = readSearch(params.query);
    const known = state.clock.seconds() - state.settings.searchLagSeconds;
    const found = state.customers.list((row) => row.created <= known && fits(row));
    const { data } = page(found, { limit: params.limit ?? 10 }, '/v1/customers/search', 'customer');
    return {
      object: 'search_result',
      data,
      has_more: found.length > data.length,
      next_page: null,
      url: '/v1/customers/search',
    };
  });
  api.get('/v1/customers/:id', {}, ({ state, id }) =>
    state.deletedCustomers.has(id()) ? { id: id(), object: 'customer', deleted: true } : requireCustomer(state, id()),
  );
  api.post('/v1/customers/:id', customerFields, ({ state, params, id }) => {
    const customer = requireCustomer(state, id());
    const method = params.invoice_settings?.default_payment_method;
    if (method != null) requireAttached(state, method, customer.id, 'invoice_settings[default_payment_method]');
    const request = discountOf(state, customer, params);
    const source = params.source === undefined ? null : cardOfToken(state, params.source);
    if (source) attach(state, source, customer.id);
    state.update(customer, (changed) => {
      applyCustomer(changed, params);
      if (request !== undefined) discountCustomer(state, changed, request);
      if (source) addSource(state, changed, source, true);
    });
    if (source) retryPastDue(state, customer);
    return customer;
  });
  api.delete('/v1/customers/:id', {}, ({ state, id }) => {
    deleteCustomer(state, requireCustomer(state, id()));
    return { id: id(), object: 'customer', deleted: true };
  });
  sourceRoutes(api);
}

/** Cards by the older way. */
function sourceRoutes(api: Api): void {
  const path = '/v1/customers/:id/sources';
  api.post(path, { metadata, source: required(text) }, ({ state, params, id }) => {
    const customer = requireCustomer(state, id());
    const source = cardOfToken(state, params.source);
    source.metadata = freshMetadata(params.metadata);
    attach(state, source, customer.id);
    state.update(customer, (changed) => addSource(state, changed, source, false));
    return sourceOf(source);
  });
  api.get(path, { ...pageParams, object: text }, ({ state, params, id }) => {
    const customer = requireCustomer(state, id());
    const cards = state.paymentMethods.list((row) => row.customer === customer.id && row.id.startsWith('card_'));
    return page(cards.map(sourceOf), params, `/v1/customers/${customer.id}/sources`, 'source');
  });
  api.get(`${path}/:source`, {}, ({ state, id }) =>
    sourceOf(requireSource(state, requireCustomer(state, id()), id('source'))),
  );
  api.post(
    `${path}/:source`,
    { exp_month: integerFrom({ min: 1, max: 12 }), exp_year: text, metadata, name: text },
    ({ state, params, id }) => {
      const source = requireSource(state, requireCustomer(state, id()), id('source'));
      const before = sourceOf(source);
      patchMetadata(source, params.metadata);
      if (params.name !== undefined) source.billing_details.name = params.name;
      if (source.card && params.exp_month !== undefined) source.card.exp_month = params.exp_month;
      if (source.card && params.exp_year !== undefined) source.card.exp_year = Number(params.exp_year);
      tellChange(state.events, ['customer.source.updated'], before, sourceOf(source));
      return sourceOf(source);
    },
  );
  api.delete(`${path}/:source`, {}, ({ state, id }) => {
    const source = requireSource(state, requireCustomer(state, id()), id('source'));
    detach(state, source);
    state.emit('customer.source.deleted', sourceOf(source));
    return { id: source.id, object: 'card', deleted: true };
  });
}

type CustomerParams = Read<typeof customerFields>;

/** A discount for the customer itself, checked; `null` takes one away. */
function discountOf(
  state: State,
  customer: Customer,
  { coupon, promotion_code: code }: CustomerParams,
): { coupon?: string; promotion_code?: string } | null | undefined {
  if (coupon === undefined && code === undefined) return undefined;
  if (coupon === null) return null;
  if (coupon !== undefined && code !== undefined)
    throw invalidRequest('You may only specify one of these parameters: coupon, promotion_code.');
  const request = code === undefined ? { coupon: coupon ?? '' } : { promotion_code: code };
  checkDiscount(state, request, discountTargetOf(state, customer, request), '');
  return request;
}

interface FirstParams {
  readonly payment_method?: string;
  readonly tax_id_data?: readonly Pick<TaxId, 'type' | 'value'>[];
  readonly test_clock?: string;
}

function createCustomer(state: State, params: CustomerParams & FirstParams): Customer {
  const { invoice_settings: invoiceSettings, ...rest } = params;
  const customer = blankCustomer(state, null);
  applyCustomer(customer, rest);
  if (params.test_clock !== undefined) customer.test_clock = requireClock(state, params.test_clock, 'test_clock').id;
  params.tax_id_data?.forEach((taxId, index) => checkTaxId(taxId, `tax_id_data[${index}][value]`));
  const request = discountOf(state, customer, params);
  const source = params.source === undefined ? null : cardOfToken(state, params.source);
  // A card that is refused refuses the whole request, so it is attached before anything is kept.
  const method = params.payment_method === undefined ? null : resolvePaymentMethod(state, params.payment_method);
  const chosen = invoiceSettings?.default_payment_method;
  if (chosen != null && chosen !== params.payment_method && chosen !== method?.id)
    requireAttached(state, chosen, customer.id, 'invoice_settings[default_payment_method]');
  state.events.inSendOrder(['payment_method.attached', 'customer.created'], () => {
    if (method) attach(state, method, customer.id);
    if (chosen != null && method) customer.invoice_settings.default_payment_method = method.id;
    if (invoiceSettings?.footer !== undefined) customer.invoice_settings.footer = invoiceSettings.footer;
    if (source) addSource(state, customer, source, true);
    state.customers.add(customer);
    if (request) discountCustomer(state, customer, request);
    state.emit('customer.created', customer);
    for (const taxId of params.tax_id_data ?? []) addTaxId(state, customer, taxId);
  });
  return customer;
}

function applyCustomer(customer: Customer, params: CustomerParams): void {
  patchMetadata(customer, params.metadata);
  if (params.address !== undefined) customer.address = params.address === null ? null : fullAddress(params.address);
  if (params.balance !== undefined) customer.balance = params.balance;
  if (params.description !== undefined) customer.description = params.description;
  if (params.email !== undefined) customer.email = params.email;
  if (params.invoice_prefix !== undefined) customer.invoice_prefix = params.invoice_prefix;
  if (params.next_invoice_sequence !== undefined) customer.next_invoice_sequence = params.next_invoice_sequence;
  if (params.shipping !== undefined)
    customer.shipping = params.shipping && {
      address: fullAddress(params.shipping.address),
      name: params.shipping.name,
      phone: params.shipping.phone ?? null,
    };
  if (params.name !== undefined) customer.name = params.name;
  if (params.phone !== undefined) customer.phone = params.phone;
  if (params.preferred_locales !== undefined) customer.preferred_locales = params.preferred_locales;
  if (params.tax_exempt !== undefined) customer.tax_exempt = params.tax_exempt;
  const settings = params.invoice_settings;
  if (settings?.custom_fields !== undefined) customer.invoice_settings.custom_fields = settings.custom_fields;
  if (settings?.default_payment_method !== undefined)
    customer.invoice_settings.default_payment_method = settings.default_payment_method;
  if (settings?.footer !== undefined) customer.invoice_settings.footer = settings.footer;
}
