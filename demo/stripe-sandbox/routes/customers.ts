/** Customers. */

import { attach, resolvePaymentMethod } from '../engine/cards.ts';
import { blankCustomer, deleteCustomer, requireAttached, requireCustomer } from '../engine/customers.ts';
import type { Api } from '../http/api.ts';
import { inRange, page, pageParams } from '../http/paging.ts';
import {
  emptyable,
  hash,
  integer,
  list,
  metadata,
  required,
  text,
  timeRange,
  union,
  type Read,
} from '../http/params.ts';
import { readSearch } from '../http/search.ts';
import type { State } from '../state/state.ts';
import type { Customer } from '../state/wire.ts';
import { address, fullAddress } from './address.ts';
import { patchMetadata } from './metadata.ts';

const customerFields = {
  address: emptyable(address),
  balance: integer,
  description: emptyable(text),
  email: emptyable(text),
  invoice_settings: hash({ default_payment_method: emptyable(text), footer: text }),
  metadata,
  name: emptyable(text),
  phone: emptyable(text),
  preferred_locales: list(text),
  tax_exempt: emptyable(union<NonNullable<Customer['tax_exempt']>>()),
};

export function customerRoutes(api: Api): void {
  api.post(
    '/v1/customers',
    { ...customerFields, payment_method: text, invoice_prefix: text, next_invoice_sequence: integer },
    ({ state, params }) => createCustomer(state, params),
  );
  api.get('/v1/customers', { ...pageParams, email: text, created: timeRange }, ({ state, params }) =>
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
    state.update(customer, (changed) => applyCustomer(changed, params));
    return customer;
  });
  api.delete('/v1/customers/:id', {}, ({ state, id }) => {
    deleteCustomer(state, requireCustomer(state, id()));
    return { id: id(), object: 'customer', deleted: true };
  });
}

type CustomerParams = Read<typeof customerFields>;

function createCustomer(
  state: State,
  params: CustomerParams & { payment_method?: string; invoice_prefix?: string; next_invoice_sequence?: number },
): Customer {
  const { invoice_settings: invoiceSettings, ...rest } = params;
  const customer = blankCustomer(state, null);
  if (params.invoice_prefix !== undefined) customer.invoice_prefix = params.invoice_prefix;
  if (params.next_invoice_sequence !== undefined) customer.next_invoice_sequence = params.next_invoice_sequence;
  applyCustomer(customer, rest);
  // A card that is refused refuses the whole request, so it is attached before anything is kept.
  const method = params.payment_method === undefined ? null : resolvePaymentMethod(state, params.payment_method);
  const chosen = invoiceSettings?.default_payment_method;
  if (chosen != null && chosen !== params.payment_method && chosen !== method?.id)
    requireAttached(state, chosen, customer.id, 'invoice_settings[default_payment_method]');
  state.events.inSendOrder(['payment_method.attached', 'customer.created'], () => {
    if (method) attach(state, method, customer.id);
    if (chosen != null && method) customer.invoice_settings.default_payment_method = method.id;
    if (invoiceSettings?.footer !== undefined) customer.invoice_settings.footer = invoiceSettings.footer;
    state.customers.add(customer);
    state.emit('customer.created', customer);
  });
  return customer;
}

function applyCustomer(customer: Customer, params: CustomerParams): void {
  patchMetadata(customer, params.metadata);
  if (params.address !== undefined) customer.address = params.address === null ? null : fullAddress(params.address);
  if (params.balance !== undefined) customer.balance = params.balance;
  if (params.description !== undefined) customer.description = params.description;
  if (params.email !== undefined) customer.email = params.email;
  if (params.name !== undefined) customer.name = params.name;
  if (params.phone !== undefined) customer.phone = params.phone;
  if (params.preferred_locales !== undefined) customer.preferred_locales = params.preferred_locales;
  if (params.tax_exempt !== undefined) customer.tax_exempt = params.tax_exempt;
  const settings = params.invoice_settings;
  if (settings?.default_payment_method !== undefined)
    customer.invoice_settings.default_payment_method = settings.default_payment_method;
  if (settings?.footer !== undefined) customer.invoice_settings.footer = settings.footer;
}
