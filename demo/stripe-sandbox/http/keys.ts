/** API keys: the account's secret key may everything, a restricted key the permissions that it was given (KEY-1). */

import { StripeError } from '../errors.ts';

export interface Keys {
  /** Makes a key that may do only this, such as `customer_read`; `_write` includes `_read`. */
  addRestricted(permissions: readonly string[]): string;
  /** Whether a request comes with a key of this account. */
  holds(key: string): boolean;
  /** The restricted ones with their permissions, oldest first. */
  restricted(): { key: string; permissions: string[] }[];
  /** @throws {StripeError} 403, naming the permission that is missing */
  require(key: string, method: string, path: string): void;
  /** Expanded objects are read too. @throws {StripeError} as `require` does */
  requireKinds(key: string, kinds: readonly string[]): void;
}

/**
 * Stripe's name of the permission for each collection and kind. Seen in its messages and in addresses of the Dashboard:
 * those of accounts, charges, Checkout, customers, events, invoices, payments, the portal, prices, products, subscriptions
 * and webhooks. The others are a guess.
 */
const resources: Readonly<Record<string, string>> = {
  account: 'accounts_kyc_basic',
  accounts: 'connected_account',
  active_entitlements: 'entitlement',
  balance: 'balance',
  charges: 'charge',
  coupons: 'coupon',
  credit_notes: 'credit_note',
  customers: 'customer',
  disputes: 'dispute',
  events: 'event',
  features: 'entitlement',
  invoice_payments: 'invoice',
  invoiceitems: 'invoice',
  invoices: 'invoice',
  payment_intents: 'payment_intent',
  payment_methods: 'payment_method',
  plans: 'plan',
  prices: 'plan',
  products: 'product',
  promotion_codes: 'promotion_code',
  refunds: 'charge',
  setup_intents: 'setup_intent',
  subscription_items: 'subscription',
  subscription_schedules: 'subscription',
  subscriptions: 'subscription',
  tax_rates: 'tax_rate',
  test_clocks: 'billing_clock',
  webhook_endpoints: 'webhook',
};

/** The collection of each kind that `expand` can fetch, where its permission is another's. */
const collections: Readonly<Record<string, string>> = {
  'checkout.session': 'checkout',
  'entitlements.feature': 'features',
  tax_id: 'customers',
};

/** @example permissionFor('GET', '/v1/customers/:id'); // 'customer_read' */
export function permissionFor(method: string, path: string): string {
  const [, , first = '', second = ''] = path.replace('/test_helpers/', '/').split('/');
  const right = method === 'GET' ? 'read' : 'write';
  if (first === 'checkout') return `checkout_session_${right}`;
  if (first === 'billing_portal') return `customer_portal_${right}`;
  return `${resources[first] ?? resources[second] ?? first}_${right}`;
}

export function createKeys(secretKey: string, account: string, newToken: () => string): Keys {
  const restricted = new Map<string, ReadonlySet<string>>();
  const requirePermission = (key: string, needed: string): void => {
    const allowed = restricted.get(key);
    if (!allowed || allowed.has(needed) || allowed.has(needed.replace(/_read$/, '_write'))) return;
    throw new StripeError(403, {
      type: 'invalid_request_error',
      message: `The provided key '${masked(key)}' does not have the required permissions for this endpoint on account '${account}'. Having the 'rak_${needed}' permission would allow this request to continue.`,
    });
  };
  return {
    addRestricted(permissions) {
      const key = `rk_test_${newToken()}`;
      // Stripe's messages and the Dashboard's addresses write `rak_` before each.
      restricted.set(key, new Set(permissions.map((name) => name.replace(/^rak_/, ''))));
      return key;
    },
    restricted: () => [...restricted].map(([key, permissions]) => ({ key, permissions: [...permissions] })),
    holds: (key) => key === secretKey || restricted.has(key),
    require: (key, method, path) => requirePermission(key, permissionFor(method, path)),
    requireKinds(key, kinds) {
      for (const kind of kinds) {
        const collection = collections[kind] ?? `${kind}s`;
        if (collection in resources || collection === 'checkout')
          requirePermission(key, permissionFor('GET', `/v1/${collection}`));
      }
    },
  };
}

/** A key as errors show it. */
export const masked = (key: string): string =>
  `${key.slice(0, 8)}${'*'.repeat(Math.max(3, key.length - 12))}${key.length > 12 ? key.slice(-4) : ''}`;
