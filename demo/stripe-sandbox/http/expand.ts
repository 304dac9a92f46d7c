/** `expand[]`: ids replaced by the objects they name, four levels deep at most. */

import { invalidRequest } from '../errors.ts';
import { hideFields } from '../state/hidden.ts';
import type { State } from '../state/state.ts';
import { isRecord } from './params.ts';

/** The target of a field: a kind of object, or a list of them (`list:…`). */
type Target = string;

/**
 * The fields that hold an id and may be expanded, by the object they stand on; dots lead into nested hashes. Fields that
 * are always null here are named too: at Stripe, asking for them is no mistake.
 */
const expandable: Record<string, Record<string, Target>> = {
  customer: {
    default_source: 'source',
    'invoice_settings.default_payment_method': 'payment_method',
    test_clock: 'test_helpers.test_clock',
  },
  discount: { customer: 'customer', promotion_code: 'promotion_code', 'source.coupon': 'coupon' },
  promotion_code: { customer: 'customer', 'promotion.coupon': 'coupon' },
  refund: { charge: 'charge', customer: 'customer', payment_intent: 'payment_intent' },
  dispute: { charge: 'charge', payment_intent: 'payment_intent' },
  tax_id: { customer: 'customer' },
  customer_balance_transaction: { customer: 'customer', invoice: 'invoice' },
  product: { default_price: 'price', tax_code: 'tax_code' },
  price: { product: 'product' },
  plan: { product: 'product' },
  payment_method: { customer: 'customer' },
  subscription: {
    application: 'application',
    customer: 'customer',
    default_payment_method: 'payment_method',
    default_source: 'source',
    discounts: 'discount',
    latest_invoice: 'invoice',
    on_behalf_of: 'account',
    pending_setup_intent: 'setup_intent',
    schedule: 'subscription_schedule',
    test_clock: 'test_helpers.test_clock',
  },
  subscription_item: { discounts: 'discount' },
  subscription_schedule: {
    application: 'application',
    customer: 'customer',
    subscription: 'subscription',
    test_clock: 'test_helpers.test_clock',
  },
  schedule_phase: { default_payment_method: 'payment_method' },
  schedule_item: { plan: 'plan', price: 'price' },
  'checkout.session': {
    customer: 'customer',
    invoice: 'invoice',
    payment_intent: 'payment_intent',
    payment_link: 'payment_link',
    setup_intent: 'setup_intent',
    subscription: 'subscription',
  },
  invoice: {
    application: 'application',
    customer: 'customer',
    default_payment_method: 'payment_method',
    default_source: 'source',
    discounts: 'discount',
    latest_revision: 'invoice',
    on_behalf_of: 'account',
    'parent.subscription_details.subscription': 'subscription',
    test_clock: 'test_helpers.test_clock',
  },
  line_item: { discounts: 'discount', 'pricing.price_details.price': 'price' },
  invoice_payment: { invoice: 'invoice', 'payment.charge': 'charge', 'payment.payment_intent': 'payment_intent' },
  invoiceitem: {
    customer: 'customer',
    discounts: 'discount',
    invoice: 'invoice',
    test_clock: 'test_helpers.test_clock',
  },
  payment_intent: {
    application: 'application',
    customer: 'customer',
    latest_charge: 'charge',
    on_behalf_of: 'account',
    payment_method: 'payment_method',
    review: 'review',
  },
  setup_intent: {
    customer: 'customer',
    latest_attempt: 'setup_attempt',
    mandate: 'mandate',
    payment_method: 'payment_method',
  },
  charge: {
    application: 'application',
    balance_transaction: 'balance_transaction',
    customer: 'customer',
    on_behalf_of: 'account',
    payment_intent: 'payment_intent',
    review: 'review',
  },
  'entitlements.active_entitlement': { feature: 'entitlements.feature' },
  'billing_portal.session': { configuration: 'billing_portal.configuration' },
  'billing_portal.configuration': { application: 'application' },
};

/** Objects that are always there in full; a path may lead through them. */
const embedded: Record<string, Record<string, Target>> = {
  subscription: { items: 'list:subscription_item' },
  subscription_item: { plan: 'plan', price: 'price' },
  subscription_schedule: { phases: 'schedule_phase' },
  schedule_phase: { items: 'schedule_item' },
  item: { price: 'price' },
  customer: { discount: 'discount' },
  invoice: { lines: 'list:line_item' },
};

type Include = (state: State, object: Record<string, unknown>) => unknown;

/** Fields that only appear when they are asked for. */
const includable: Record<string, Record<string, { target: Target; make: Include }>> = {
  customer: {
    subscriptions: { target: 'list:subscription', make: livingSubscriptions },
    sources: {
      target: 'list:source',
      make: (_state, customer) => emptyList(`/v1/customers/${String(customer['id'])}/sources`),
    },
    tax_ids: {
      target: 'list:tax_id',
      make: taxIdsOf,
    },
    tax: {
      target: '',
      make: () => ({ automatic_tax: 'unrecognized_location', ip_address: null, location: null, provider: 'stripe' }),
    },
    invoice_credit_balance: { target: '', make: () => ({}) },
  },
  invoice: {
    payments: { target: 'list:invoice_payment', make: paymentsOf },
    confirmation_secret: { target: '', make: confirmationSecret },
  },
  'checkout.session': { line_items: { target: 'list:item', make: lineItemsOf } },
  price: { tiers: { target: '', make: tiersOf }, currency_options: { target: '', make: () => ({}) } },
  coupon: { applies_to: { target: '', make: productsOf } },
  charge: {
    refunds: {
      target: 'list:refund',
      make: (_state, charge) => emptyList(`/v1/charges/${String(charge['id'])}/refunds`),
    },
  },
};

function livingSubscriptions(state: State, customer: Record<string, unknown>): object {
  const over = ['canceled', 'incomplete_expired'];
  const rows = state.subscriptions.of(String(customer['id']), (row) => !over.includes(row.status));
  return {
    object: 'list',
    data: structuredClone(rows),
    has_more: false,
    total_count: rows.length,
    url: `/v1/customers/${String(customer['id'])}/subscriptions`,
  };
}

function paymentsOf(state: State, invoice: Record<string, unknown>): object {
  const rows = state.invoicePayments.of(String(invoice['id']));
  return { object: 'list', data: structuredClone(rows), has_more: false, url: '/v1/invoices/payments' };
}

function tiersOf(state: State, price: Record<string, unknown>): object {
  return structuredClone(state.prices.get(String(price['id']))?.tiers ?? []);
}

function productsOf(state: State, coupon: Record<string, unknown>): object | undefined {
  return structuredClone(state.coupons.get(String(coupon['id']))?.applies_to);
}

function taxIdsOf(state: State, customer: Record<string, unknown>): object {
  const id = String(customer['id']);
  const rows = structuredClone(state.taxIds.of(id));
  return { object: 'list', data: rows, has_more: false, total_count: rows.length, url: `/v1/customers/${id}/tax_ids` };
}

function lineItemsOf(state: State, session: Record<string, unknown>): object {
  const id = String(session['id']);
  const rows = (state.checkoutOrders.get(id)?.items ?? []).map(({ line }) => line);
  return {
    object: 'list',
    data: structuredClone(rows),
    has_more: false,
    url: `/v1/checkout/sessions/${id}/line_items`,
  };
}

function confirmationSecret(state: State, invoice: Record<string, unknown>): object | null {
  const payment = state.invoicePayments.of(String(invoice['id']))[0];
  const secret = state.paymentIntents.get(payment?.payment.payment_intent ?? '')?.client_secret;
  return secret == null ? null : { client_secret: secret, type: 'payment_intent' };
}

const emptyList = (url: string): object => ({ object: 'list', data: [], has_more: false, total_count: 0, url });

/** The next stretch of a path: which field it names on this kind of object, and where that leads. */
interface Stretch {
  readonly field: readonly string[];
  readonly rest: readonly string[];
  readonly target: Target;
  readonly include?: Include;
}

function nextStretch(kind: Target, steps: readonly string[]): Stretch | null {
  const [first = ''] = steps;
  if (kind.startsWith('list:')) {
    return first === 'data' && steps.length > 1
      ? { field: ['data'], rest: steps.slice(1), target: kind.slice(5) }
      : null;
  }
  const included = includable[kind]?.[first];
  if (included) return { field: [first], rest: steps.slice(1), target: included.target, include: included.make };
  for (let length = steps.length; length > 0; length -= 1) {
    const target = expandable[kind]?.[steps.slice(0, length).join('.')];
    if (target !== undefined) return { field: steps.slice(0, length), rest: steps.slice(length), target };
  }
  const inner = embedded[kind]?.[first];
  return inner !== undefined && steps.length > 1 ? { field: [first], rest: steps.slice(1), target: inner } : null;
}

/**
 * Refuses paths that this kind of answer cannot have. Before the call is carried out: a mistake in `expand` must not
 * leave a subscription behind.
 *
 * @returns the kinds of the objects that the paths fetch
 */
export function checkExpand(kind: Target, paths: readonly string[]): Target[] {
  const fetched: Target[] = [];
  for (const path of paths) {
    let steps: readonly string[] = path.split('.');
    if (steps.length > 4) {
      throw invalidRequest(`You cannot expand more than 4 levels of a property. Property: ${path}`, {
        param: 'expand',
      });
    }
    let at = kind;
    while (steps.length > 0) {
      const stretch = nextStretch(at, steps);
      if (!stretch) throw invalidRequest(`This property cannot be expanded (${path}).`, { param: 'expand' });
      at = stretch.target;
      steps = stretch.rest;
      fetched.push(at.replace(/^list:/, ''));
    }
  }
  return fetched;
}

/** A copy of `answer` with every (checked) path followed. */
export function expand(state: State, kind: Target, answer: object, paths: readonly string[]): object {
  const copy = hideFields(structuredClone(answer));
  for (const path of paths) follow(state, kind, copy as Record<string, unknown>, path.split('.'));
  return copy;
}

function follow(state: State, kind: Target, object: Record<string, unknown>, steps: readonly string[]): void {
  const stretch = nextStretch(kind, steps);
  if (!stretch || object['deleted'] === true) return;
  const { field, rest, target, include } = stretch;
  const holder = field
    .slice(0, -1)
    .reduce<unknown>((inner, step) => (isRecord(inner) ? inner[step] : undefined), object);
  const last = field.at(-1) ?? '';
  if (!isRecord(holder)) return;
  if (include) holder[last] ??= include(state, object);
  const value = holder[last];
  const resolved = (entry: unknown): unknown => (typeof entry === 'string' ? lookUp(state, entry) : entry);
  holder[last] = Array.isArray(value) ? value.map(resolved) : resolved(value);
  for (const inner of Array.isArray(holder[last]) ? (holder[last] as unknown[]) : [holder[last]]) {
    if (rest.length > 0 && isRecord(inner)) follow(state, target, inner, rest);
  }
}

function lookUp(state: State, id: string): unknown {
  const found = state.find(id);
  if (found) return structuredClone(found);
  return state.deletedCustomers.has(id) ? { id, object: 'customer', deleted: true } : id;
}

/** The kind of object in each collection of the API. */
const kindByCollection: Record<string, string> = {
  account: 'account',
  accounts: 'account',
  products: 'product',
  entitlements_features: 'entitlements.feature',
  active_entitlements: 'entitlements.active_entitlement',
  features: 'product_feature',
  plans: 'plan',
  sources: 'card',
  prices: 'price',
  customers: 'customer',
  payment_methods: 'payment_method',
  subscriptions: 'subscription',
  invoices: 'invoice',
  lines: 'line_item',
  invoiceitems: 'invoiceitem',
  invoice_payments: 'invoice_payment',
  payment_intents: 'payment_intent',
  setup_intents: 'setup_intent',
  subscription_items: 'subscription_item',
  subscription_schedules: 'subscription_schedule',
  line_items: 'item',
  charges: 'charge',
  configurations: 'billing_portal.configuration',
  sessions: 'billing_portal.session',
  checkout_sessions: 'checkout.session',
  webhook_endpoints: 'webhook_endpoint',
  events: 'event',
  coupons: 'coupon',
  meters: 'billing.meter',
  meter_events: 'billing.meter_event',
  event_summaries: 'billing.meter_event_summary',
  refunds: 'refund',
  disputes: 'dispute',
  balance: 'balance',
  test_clocks: 'test_helpers.test_clock',
  promotion_codes: 'promotion_code',
  discount: 'discount',
  tax_rates: 'tax_rate',
  tax_ids: 'tax_id',
  balance_transactions: 'customer_balance_transaction',
  create_preview: 'invoice',
};

/** @example answerKind('GET', '/v1/customers/:id/payment_methods'); // 'list:payment_method' */
export function answerKind(method: string, path: string): Target {
  const segments = path
    .replace('/checkout/sessions', '/checkout_sessions')
    .replace('/entitlements/features', '/entitlements_features')
    .split('/');
  const collection = segments.findLast((segment) => segment in kindByCollection) ?? '';
  const kind = kindByCollection[collection] ?? '';
  return method === 'GET' && segments.at(-1) === collection && !['account', 'balance'].includes(collection)
    ? `list:${kind}`
    : kind;
}
