/** `/v1/checkout/sessions`: the first purchase, on a hosted page. */

import { createCheckout, expireCheckout } from '../engine/checkout.ts';
import { requireCustomer } from '../engine/customers.ts';
import { DAY, HOUR } from '../engine/periods.ts';
import { invalidRequest, missingParam, noSuch } from '../errors.ts';
import type { Api } from '../http/api.ts';
import { inRange, page, pageParams } from '../http/paging.ts';
import {
  flag,
  hash,
  integer,
  list,
  metadata,
  oneOf,
  required,
  text,
  timeRange,
  unsupported,
  type Read,
} from '../http/params.ts';
import type { State } from '../state/state.ts';
import type { CheckoutSession } from '../state/wire.ts';
import { freshMetadata } from './metadata.ts';
import { recurringPrice } from './subscriptions.ts';

const notYet = {
  after_expiration: unsupported,
  automatic_tax: hash({ enabled: unsupported }),
  consent_collection: unsupported,
  custom_fields: unsupported,
  custom_text: unsupported,
  customer_creation: unsupported,
  customer_email: unsupported,
  discounts: unsupported,
  optional_items: unsupported,
  payment_intent_data: unsupported,
  return_url: unsupported,
  setup_intent_data: unsupported,
  shipping_address_collection: unsupported,
  shipping_options: unsupported,
};

const createFields = {
  ...notYet,
  allow_promotion_codes: flag,
  billing_address_collection: oneOf('auto', 'required'),
  cancel_url: text,
  client_reference_id: text,
  currency: text,
  customer: text,
  customer_update: hash({ address: oneOf('auto', 'never'), name: oneOf('auto', 'never') }),
  expires_at: integer,
  line_items: required(list(hash({ price: required(text), quantity: integer }))),
  locale: text,
  metadata,
  mode: required(oneOf('payment', 'setup', 'subscription')),
  payment_method_collection: oneOf('always', 'if_required'),
  subscription_data: hash({
    billing_mode: hash({ type: required(oneOf('flexible')) }),
    description: text,
    metadata,
    trial_end: integer,
    trial_period_days: integer,
    trial_settings: hash({
      end_behavior: required(hash({ missing_payment_method: required(oneOf('cancel', 'create_invoice', 'pause')) })),
    }),
  }),
  success_url: text,
  tax_id_collection: hash({ enabled: unsupported }),
  ui_mode: oneOf('hosted_page'),
};

export function checkoutRoutes(api: Api): void {
  api.post('/v1/checkout/sessions', createFields, ({ state, params }) => create(state, params));
  api.get(
    '/v1/checkout/sessions',
    {
      ...pageParams,
      created: timeRange,
      customer: text,
      customer_details: hash({ email: required(text) }),
      payment_intent: text,
      status: oneOf('complete', 'expired', 'open'),
      subscription: text,
    },
    ({ state, params }) =>
      page(
        state.checkoutSessions.listOf(
          params.customer,
          (row) =>
            (params.status === undefined || row.status === params.status) &&
            (params.subscription === undefined || row.subscription === params.subscription) &&
            (params.payment_intent === undefined || row.payment_intent === params.payment_intent) &&
            (params.customer_details === undefined || row.customer_details?.email === params.customer_details.email) &&
            inRange(row.created, params.created),
        ),
        params,
        '/v1/checkout/sessions',
        'checkout session',
      ),
  );
  api.get('/v1/checkout/sessions/:id', {}, ({ state, id }) => requireSession(state, id()));
  api.get('/v1/checkout/sessions/:id/line_items', pageParams, ({ state, params, id }) => {
    const session = requireSession(state, id());
    const lines = (state.checkoutOrders.get(session.id)?.items ?? []).map(({ line }) => line);
    return page(lines, params, `/v1/checkout/sessions/${session.id}/line_items`, 'item');
  });
  api.post('/v1/checkout/sessions/:id/expire', {}, ({ state, id }) => {
    const session = requireSession(state, id());
    if (session.status !== 'open') {
      throw invalidRequest(
        `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of ${session.status}.`,
      );
    }
    expireCheckout(state, session);
    return session;
  });
}

function requireSession(state: State, id: string): CheckoutSession {
  const session = state.checkoutSessions.get(id);
  if (!session) throw noSuch('checkout.session', id);
  return session;
}

function create(state: State, params: Read<typeof createFields>): CheckoutSession {
  if (params.mode !== 'subscription') {
    throw invalidRequest(`The sandbox's Checkout sells subscriptions only: 'mode' is '${params.mode}'.`, {
      code: 'sandbox_unsupported',
      param: 'mode',
    });
  }
  if (params.customer === undefined) {
    throw invalidRequest("The sandbox's Checkout needs a 'customer'.", {
      code: 'sandbox_unsupported',
      param: 'customer',
    });
  }
  if (params.success_url === undefined) throw missingParam('success_url');
  const customer = requireCustomer(state, params.customer, 'customer');
  if (params.line_items.length === 0) throw missingParam('line_items');
  const items = params.line_items.map((item, index) => {
    const price = recurringPrice(state, item.price, `line_items[${index}][price]`);
    if (item.quantity === undefined && price.recurring?.usage_type !== 'metered') {
      throw invalidRequest('Quantity is required. Add `quantity` to `line_items[0]`', { param: 'line_items[0]' });
    }
    return { price, quantity: item.quantity ?? 1 };
  });
  const data = params.subscription_data ?? {};
  if (data.trial_end !== undefined && data.trial_period_days !== undefined) {
    throw invalidRequest('You may only specify one of these parameters: trial_end, trial_period_days.', {
      param: 'subscription_data',
    });
  }
  return createCheckout(state, {
    customer,
    items,
    successUrl: absolute(params.success_url, 'success_url'),
    cancelUrl: params.cancel_url === undefined ? null : absolute(params.cancel_url, 'cancel_url'),
    clientReferenceId: params.client_reference_id ?? null,
    metadata: freshMetadata(params.metadata),
    locale: params.locale ?? null,
    allowPromotionCodes: params.allow_promotion_codes ?? null,
    paymentMethodCollection: params.payment_method_collection ?? 'always',
    expiresAt: expiry(state, params.expires_at),
    order: {
      trial:
        data.trial_end !== undefined
          ? { end: data.trial_end }
          : data.trial_period_days !== undefined
            ? { days: data.trial_period_days }
            : null,
      missingPaymentMethod: data.trial_settings?.end_behavior.missing_payment_method ?? 'create_invoice',
      description: data.description ?? null,
      metadata: freshMetadata(data.metadata),
    },
  });
}

function absolute(url: string, param: string): string {
  if (URL.canParse(url)) return url;
  throw invalidRequest('Not a valid URL', { code: 'url_invalid', param });
}

/** OBJ-5: a day by default; from half an hour to a day by request. */
function expiry(state: State, given: number | undefined): number {
  const now = state.clock.seconds();
  const at = given ?? now + DAY;
  if (at < now + HOUR / 2) {
    throw invalidRequest('The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.', {
      param: 'expires_at',
    });
  }
  if (at > now + DAY) {
    throw invalidRequest('The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.', {
      param: 'expires_at',
    });
  }
  return at;
}
