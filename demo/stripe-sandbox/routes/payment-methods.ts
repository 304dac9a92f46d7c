/** Payment methods: made of Stripe's test cards and accounts, listed, attached and detached. */

import { createBankDebit, testDebitNamed, testDebitNumbered } from '../engine/bank-debits.ts';
import { attach, createCard, resolvePaymentMethod, testCardNamed, testCardNumbered } from '../engine/cards.ts';
import { detach, requireCustomer, requireListed } from '../engine/customers.ts';
import { cardError, invalidRequest, missingParam, noSuch } from '../errors.ts';
import type { Api } from '../http/api.ts';
import { emailAddress, integerFrom } from '../http/bounds.ts';
import { page, pageParams } from '../http/paging.ts';
import { emptyable, hash, integer, metadata, only, required, text, union, type Read } from '../http/params.ts';
import type { State } from '../state/state.ts';
import type { PaymentMethod } from '../state/wire.ts';
import { address, fullAddress } from './address.ts';
import { freshMetadata, patchMetadata } from './metadata.ts';

const cardFields = {
  number: text,
  token: text,
  exp_month: integerFrom({ min: 1, max: 12 }),
  exp_year: integer,
  cvc: text,
};
const billingDetails = hash({
  address: emptyable(address),
  email: emptyable(emailAddress),
  name: emptyable(text),
  phone: emptyable(text),
});

const createFields = {
  type: required(only('card', 'sepa_debit')),
  card: hash(cardFields),
  sepa_debit: hash({ iban: required(text) }),
  billing_details: billingDetails,
  metadata,
};

const listMethods = {
  ...pageParams,
  type: union<PaymentMethod['type']>(),
  allow_redisplay: text,
};

export function paymentMethodRoutes(api: Api): void {
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
  api.post('/v1/payment_methods', createFields, ({ state, params }) => createMethod(state, params));
  api.get('/v1/payment_methods', { ...listMethods, customer: text, customer_account: text }, ({ state, params }) => {
    requireListed(state, params.customer);
    return page(
      state.paymentMethods.list(
        (row) => row.customer !== null && (params.customer === undefined || row.customer === params.customer),
      ),
      params,
      '/v1/payment_methods',
      'PaymentMethod',
    );
  });
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
  api.post(
    '/v1/payment_methods/:id/attach',
    { customer: required(text), customer_account: text },
    ({ state, params, id }) => {
      const customer = requireCustomer(state, params.customer, 'customer');
      const method = attachable(state, id());
      attach(state, method, customer.id);
      return method;
    },
  );
  api.post('/v1/payment_methods/:id/detach', {}, ({ state, id }) => {
    const method = state.paymentMethods.get(id());
    if (!method) throw noSuch('PaymentMethod', id(), 'id');
    detach(state, method);
    return method;
  });
}

function createMethod(state: State, params: Read<typeof createFields>): PaymentMethod {
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
    params.card?.token !== undefined ? testCardNamed(params.card.token) : testCardNumbered(params.card?.number ?? '');
  if (!card) {
    if (params.card?.token !== undefined) throw noSuch('token', params.card.token, 'card[token]');
    throw invalidRequest('Your card number is incorrect.', {
      code: 'incorrect_number',
      param: 'card[number]',
      status: 402,
    });
  }
  refuseExpired(state, params.card ?? {});
  return createCard(state, card, {
    ...details,
    ...(params.card?.exp_month === undefined ? {} : { expMonth: params.card.exp_month }),
    ...(params.card?.exp_year === undefined ? {} : { expYear: params.card.exp_year }),
  });
}

function refuseExpired(state: State, { number, exp_month: month, exp_year: year }: Read<typeof cardFields>): void {
  if (number === undefined) return;
  if (month === undefined) throw missingParam('card[exp_month]');
  if (year === undefined) throw missingParam('card[exp_year]');
  const now = new Date(state.clock.now());
  const months = (year < 100 ? 2000 + year : year) * 12 + month;
  if (months >= now.getUTCFullYear() * 12 + now.getUTCMonth() + 1) return;
  throw cardError({
    code: 'invalid_expiry_year',
    message: 'Your card’s expiration year is invalid.',
    param: 'exp_year',
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
