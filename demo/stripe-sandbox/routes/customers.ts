/** Customers and their payment methods. */

import { createBankDebit, testDebitNamed, testDebitNumbered } from '../engine/bank-debits.ts';
import { attach, createCard, resolvePaymentMethod, testCardNamed, testCardNumbered } from '../engine/cards.ts';
import { blankCustomer, deleteCustomer, detach, requireAttached, requireCustomer } from '../engine/customers.ts';
import { invalidRequest, noSuch } from '../errors.ts';
import type { Api } from '../http/api.ts';
import { inRange, page, pageParams } from '../http/paging.ts';
import {
  emptyable,
  hash,
  integer,
  list,
  metadata,
  only,
  required,
  text,
  timeRange,
  union,
  type Read,
} from '../http/params.ts';
import { readSearch } from '../http/search.ts';
import type { State } from '../state/state.ts';
import type { Customer, PaymentMethod } from '../state/wire.ts';
import { freshMetadata, patchMetadata } from './metadata.ts';

const addressFields = { city: text, country: text, line1: text, line2: text, postal_code: text, state: text };
const address = hash(addressFields);

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

const cardFields = { number: text, token: text, exp_month: integer, exp_year: integer, cvc: text };
const billingDetails = hash({
  address: emptyable(address),
  email: emptyable(text),
  name: emptyable(text),
  phone: emptyable(text),
});

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
  const listMethods = {
    ...pageParams,
    type: union<PaymentMethod['type']>(),
    allow_redisplay: text,
  };
  api.get('/v1/customers/:id/payment_methods', listMethods, ({ state, params, id }) => {
    const customer = requireCustomer(state, id());
    return page(
      state.paymentMethods.list(
        (row) => row.customer === customer.id && (params.type === undefined || row.type === params.type),
      ),
      params,
      `/v1/customers/${customer.id}/payment_methods`,
      'PaymentMethod',
    );
  });
  api.get('/v1/customers/:id/payment_methods/:method', {}, ({ state, id }) => {
    const method = state.paymentMethods.get(id('method'));
    if (!method || method.customer !== requireCustomer(state, id()).id) throw noSuch('PaymentMethod', id('method'));
    return method;
  });

  api.post(
    '/v1/payment_methods',
    {
      type: required(only('card', 'sepa_debit')),
      card: hash(cardFields),
      sepa_debit: hash({ iban: required(text) }),
      billing_details: billingDetails,
      metadata,
    },
    ({ state, params }) => {
      const details = {
        billing: {
          ...emptyBilling(),
          ...params.billing_details,
          address: fullAddress(params.billing_details?.address),
        },
        metadata: freshMetadata(params.metadata),
      };
      if (params.type === 'sepa_debit') {
        const debit = testDebitNumbered(params.sepa_debit?.iban ?? '');
        if (debit) return createBankDebit(state, debit, details);
        throw invalidRequest('The bank account number provided is invalid.', {
          code: 'invalid_bank_account_iban',
          param: 'sepa_debit[iban]',
        });
      }
      const card =
        params.card?.token !== undefined
          ? testCardNamed(params.card.token)
          : testCardNumbered(params.card?.number ?? '');
      if (!card) {
        if (params.card?.token !== undefined) throw noSuch('token', params.card.token, 'card[token]');
        throw invalidRequest('Your card number is incorrect.', {
          code: 'incorrect_number',
          param: 'card[number]',
          status: 402,
        });
      }
      return createCard(state, card, {
        ...details,
        ...(params.card?.exp_month === undefined ? {} : { expMonth: params.card.exp_month }),
        ...(params.card?.exp_year === undefined ? {} : { expYear: params.card.exp_year }),
      });
    },
  );
  api.get('/v1/payment_methods', { ...listMethods, customer: text }, ({ state, params }) =>
    page(
      state.paymentMethods.list(
        (row) => row.customer !== null && (params.customer === undefined || row.customer === params.customer),
      ),
      params,
      '/v1/payment_methods',
      'PaymentMethod',
    ),
  );
  api.get('/v1/payment_methods/:id', {}, ({ state, id }) => resolvePaymentMethod(state, id(), 'id'));
  api.post(
    '/v1/payment_methods/:id',
    {
      billing_details: billingDetails,
      metadata,
      allow_redisplay: union<NonNullable<PaymentMethod['allow_redisplay']>>(),
    },
    ({ state, params, id }) => {
      const method = resolvePaymentMethod(state, id(), 'id');
      state.update(method, (changed) => {
        patchMetadata(changed, params.metadata);
        if (params.allow_redisplay !== undefined) changed.allow_redisplay = params.allow_redisplay;
        const { address: given, ...rest } = params.billing_details ?? {};
        Object.assign(changed.billing_details, rest);
        if (given !== undefined) changed.billing_details.address = fullAddress(given);
      });
      return method;
    },
  );
  api.post('/v1/payment_methods/:id/attach', { customer: required(text) }, ({ state, params, id }) => {
    const customer = requireCustomer(state, params.customer, 'customer');
    const method = attachable(state, id());
    attach(state, method, customer.id);
    return method;
  });
  api.post('/v1/payment_methods/:id/detach', {}, ({ state, id }) => {
    const method = state.paymentMethods.get(id());
    if (!method) throw noSuch('PaymentMethod', id(), 'id');
    detach(state, method);
    return method;
  });
}

/** HTTP-2: a method missing in the path is a 404 that names `payment_method`. */
function attachable(state: State, id: string): ReturnType<typeof resolvePaymentMethod> {
  if (!testCardNamed(id) && !testDebitNamed(id) && !state.paymentMethods.get(id)) {
    throw invalidRequest(`No such PaymentMethod: '${id}'`, {
      code: 'resource_missing',
      param: 'payment_method',
      status: 404,
    });
  }
  return resolvePaymentMethod(state, id);
}

const emptyBilling = (): { email: null; name: null; phone: null; tax_id: null } => ({
  email: null,
  name: null,
  phone: null,
  tax_id: null,
});

type AddressParams = Read<typeof addressFields> | null | undefined;

const fullAddress = (given: AddressParams): NonNullable<Customer['address']> => ({
  city: null,
  country: null,
  line1: null,
  line2: null,
  postal_code: null,
  state: null,
  ...given,
});

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
