/** `expand[]`: ids replaced by the objects they name, four levels deep at most. */

import type { State } from '../state.ts';
import { invalidRequest } from './errors.ts';
import { isRecord } from './params.ts';

/**
 * The fields that hold an id and may be expanded, by the object they stand on; a dot leads into a nested hash. Fields that
 * are always null here are named too: at Stripe, asking for them is no mistake.
 */
const EXPANDABLE: Record<string, readonly string[]> = {
  customer: ['default_source', 'invoice_settings.default_payment_method', 'test_clock'],
  product: ['default_price', 'tax_code'],
  price: ['product'],
  plan: ['product'],
  payment_method: ['customer'],
  subscription: [
    'application',
    'customer',
    'default_payment_method',
    'default_source',
    'discounts',
    'latest_invoice',
    'on_behalf_of',
    'pending_setup_intent',
    'schedule',
    'test_clock',
  ],
  subscription_item: ['discounts'],
  invoice: [
    'application',
    'customer',
    'default_payment_method',
    'default_source',
    'discounts',
    'latest_revision',
    'on_behalf_of',
    'parent.subscription_details.subscription',
    'test_clock',
  ],
  line_item: ['discounts', 'pricing.price_details.price'],
  invoice_payment: ['invoice', 'payment.payment_intent', 'payment.charge'],
  invoiceitem: ['customer', 'discounts', 'invoice', 'test_clock'],
  payment_intent: ['application', 'customer', 'latest_charge', 'on_behalf_of', 'payment_method', 'review'],
  setup_intent: ['customer', 'latest_attempt', 'mandate', 'payment_method'],
  charge: ['application', 'balance_transaction', 'customer', 'on_behalf_of', 'payment_intent', 'review'],
  'billing_portal.session': ['configuration'],
  'billing_portal.configuration': ['application'],
};

/** Fields that only appear when they are asked for. */
const INCLUDABLE: Record<string, Record<string, (state: State, object: Record<string, unknown>) => unknown>> = {
  customer: {
    subscriptions: (state, customer) => {
      const rows = state.subscriptions.list(
        (row) => row.customer === customer['id'] && row.status !== 'canceled' && row.status !== 'incomplete_expired',
      );
      return listOf(rows, `/v1/customers/${String(customer['id'])}/subscriptions`, rows.length);
    },
    tax: () => ({ automatic_tax: 'unrecognized_location', ip_address: null, location: null, provider: 'stripe' }),
    tax_ids: (_state, customer) => listOf([], `/v1/customers/${String(customer['id'])}/tax_ids`, 0),
    sources: (_state, customer) => listOf([], `/v1/customers/${String(customer['id'])}/sources`, 0),
    invoice_credit_balance: () => ({}),
  },
  invoice: {
    payments: (state, invoice) =>
      listOf(
        state.invoicePayments.list((row) => row.invoice === invoice['id']),
        '/v1/invoices/payments',
      ),
    confirmation_secret: (state, invoice) => {
      const payment = state.invoicePayments.list((row) => row.invoice === invoice['id'])[0];
      const secret = state.paymentIntents.get(payment?.payment.payment_intent ?? '')?.client_secret;
      return secret == null ? null : { client_secret: secret, type: 'payment_intent' };
    },
  },
  price: { tiers: () => [], currency_options: () => ({}) },
  charge: { refunds: (_state, charge) => listOf([], `/v1/charges/${String(charge['id'])}/refunds`, 0) },
};

const listOf = (data: unknown[], url: string, totalCount?: number): object => ({
  object: 'list',
  data: structuredClone(data),
  has_more: false,
  ...(totalCount === undefined ? {} : { total_count: totalCount }),
  url,
});

/** A copy of `answer` with every path of `expand` followed. */
export function expand(state: State, answer: object, paths: readonly string[]): object {
  const copy = structuredClone(answer);
  for (const path of paths) {
    const steps = path.split('.');
    if (steps.length > 4) {
      throw invalidRequest(`You cannot expand more than 4 levels of a property. Property: ${path}`, {
        param: 'expand',
      });
    }
    // An empty list shows nothing to check the path against.
    follow(state, copy as Record<string, unknown>, steps, path);
  }
  return copy;
}

function follow(state: State, object: Record<string, unknown>, steps: readonly string[], path: string): void {
  if (object['object'] === 'list' && steps[0] === 'data') {
    if (steps.length === 1) throw notExpandable(path);
    for (const row of object['data'] as Record<string, unknown>[]) follow(state, row, steps.slice(1), path);
    return;
  }
  const kind = String(object['object']);
  const include = INCLUDABLE[kind]?.[steps[0] ?? ''];
  if (include && steps[0] !== undefined) {
    object[steps[0]] ??= include(state, object);
    descend(state, object[steps[0]], steps.slice(1), path);
    return;
  }
  for (let length = steps.length; length > 0; length -= 1) {
    const name = steps.slice(0, length).join('.');
    if (EXPANDABLE[kind]?.includes(name))
      return expandField(state, object, steps.slice(0, length), steps.slice(length), path);
  }
  // A list or an object that is always there (`items.data.price.product`) is walked through.
  const inner = object[steps[0] ?? ''];
  if (steps.length > 1 && isRecord(inner) && 'object' in inner) return follow(state, inner, steps.slice(1), path);
  throw notExpandable(path);
}

function expandField(
  state: State,
  object: Record<string, unknown>,
  field: readonly string[],
  rest: readonly string[],
  path: string,
): void {
  let holder: Record<string, unknown> = object;
  for (const step of field.slice(0, -1)) {
    const inner = holder[step];
    if (!isRecord(inner)) return;
    holder = inner;
  }
  const last = field.at(-1) ?? '';
  const value = holder[last];
  if (typeof value === 'string') {
    const found = state.find(value);
    if (found) holder[last] = structuredClone(found);
    else if (state.deletedCustomers.has(value)) holder[last] = { id: value, object: 'customer', deleted: true };
  }
  descend(state, holder[last], rest, path);
}

function descend(state: State, value: unknown, rest: readonly string[], path: string): void {
  if (rest.length === 0 || !isRecord(value) || value['deleted'] === true) return;
  follow(state, value, rest, path);
}

const notExpandable = (path: string): Error =>
  invalidRequest(`This property cannot be expanded (${path}).`, { param: 'expand' });
