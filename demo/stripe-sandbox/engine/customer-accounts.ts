/** Accounts v2 (OBJ-6): a customer is an account too, which objects name beside it, and requests instead of it. */

import { invalidRequest } from '../errors.ts';
import type { State } from '../state/state.ts';

/** Objects with a customer that may be left out where its account is named; a subscription always names both. */
const nullable: readonly unknown[] = [
  'checkout.session',
  'invoice',
  'payment_intent',
  'payment_method',
  'setup_intent',
  'subscription_schedule',
];

/** Names the account of each customer in a value. Changes `value`: hand over a copy. */
export function nameAccounts<T>(state: State, value: T): T {
  if (Array.isArray(value)) for (const entry of value) nameAccounts(state, entry);
  else if (typeof value === 'object' && value !== null) {
    const row = value as Record<string, unknown>;
    const customer = typeof row['customer'] === 'string' ? state.customers.get(row['customer']) : undefined;
    if (customer?.customer_account && 'customer_account' in row) {
      row['customer_account'] = customer.customer_account;
      if (state.settings.accountsV2 === 'instead' && nullable.includes(row['object'])) row['customer'] = null;
    }
    for (const entry of Object.values(row)) nameAccounts(state, entry);
  }
  return value;
}

/** The parameters with the customer that `customer_account` names. */
export function withCustomer(state: State, params: Record<string, unknown>): Record<string, unknown> {
  const { customer_account: account, ...rest } = params;
  if (account === undefined) return params;
  if (rest['customer'] !== undefined)
    throw invalidRequest('You may only specify one of these parameters: customer, customer_account.');
  const [customer] = state.customers.list((row) => row.customer_account === account);
  if (customer) return { ...rest, customer: customer.id };
  throw invalidRequest(`No such account: '${String(account)}'`, {
    code: 'resource_missing',
    param: 'customer_account',
  });
}
