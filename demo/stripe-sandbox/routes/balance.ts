/** The customer's credit balance, transaction by transaction. */

import { changeBalance } from '../engine/balance.ts';
import { requireCustomer } from '../engine/customers.ts';
import { invalidRequest, noSuch } from '../errors.ts';
import type { Api } from '../http/api.ts';
import { currencyCode } from '../http/bounds.ts';
import { page, pageParams } from '../http/paging.ts';
import { integer, metadata, required, text } from '../http/params.ts';
import { freshMetadata } from './metadata.ts';

export function balanceRoutes(api: Api): void {
  api.post(
    '/v1/customers/:id/balance_transactions',
    { amount: required(integer), currency: required(currencyCode), description: text, metadata },
    ({ state, params, id }) => {
      const customer = requireCustomer(state, id());
      const currency = params.currency;
      if (customer.currency != null && customer.currency !== currency) {
        throw invalidRequest(
          `You cannot combine currencies on a single customer. This customer has a balance in ${customer.currency}.`,
          { param: 'currency' },
        );
      }
      const made = changeBalance(state, customer, {
        amount: params.amount,
        currency,
        type: 'adjustment',
        description: params.description ?? null,
        metadata: freshMetadata(params.metadata),
      });
      if (!made) throw invalidRequest('Amount must be non-zero.', { param: 'amount' });
      state.update(customer, (changed) => void (changed.currency ??= currency));
      return made;
    },
  );
  api.get('/v1/customers/:id/balance_transactions', pageParams, ({ state, params, id }) => {
    const customer = requireCustomer(state, id());
    return page(
      state.balanceTransactions.of(customer.id),
      params,
      `/v1/customers/${customer.id}/balance_transactions`,
      'balance transaction',
    );
  });
  api.get('/v1/customers/:id/balance_transactions/:transaction', {}, ({ state, id }) => {
    const found = state.balanceTransactions.get(id('transaction'));
    if (found?.customer !== requireCustomer(state, id()).id) throw noSuch('balance transaction', id('transaction'));
    return found;
  });
}
