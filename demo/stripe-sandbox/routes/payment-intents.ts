/** Payments without an invoice: an intent that is made and confirmed, as far as the CLI's triggers do so. */

import type { Stripe } from 'stripe';
import { resolvePaymentMethod } from '../engine/cards.ts';
import { requireCustomer } from '../engine/customers.ts';
import { chargeIntent, createIntent } from '../engine/payments.ts';
import { invalidRequest, noSuch } from '../errors.ts';
import type { Api } from '../http/api.ts';
import { flag, hash, integer, list, metadata, required, text, union, unsupported, type Read } from '../http/params.ts';
import type { State } from '../state/state.ts';
import type { PaymentIntent } from '../state/wire.ts';
import { freshMetadata } from './metadata.ts';

const shipping = hash({
  address: required(hash({ city: text, country: text, line1: text, line2: text, postal_code: text, state: text })),
  carrier: text,
  name: required(text),
  phone: text,
  tracking_number: text,
});

const createFields = {
  amount: required(integer),
  automatic_payment_methods: unsupported,
  capture_method: unsupported,
  confirm: flag,
  currency: required(text),
  customer: text,
  description: text,
  metadata,
  off_session: flag,
  payment_method: text,
  payment_method_types: list(text),
  setup_future_usage: union<Stripe.PaymentIntentCreateParams.SetupFutureUsage>(),
  shipping,
};

export function paymentIntentRoutes(api: Api): void {
  api.post('/v1/payment_intents', createFields, ({ state, params }) => create(state, params));
  api.post('/v1/payment_intents/:id/confirm', { payment_method: text }, ({ state, params, id }) => {
    const intent = state.paymentIntents.get(id());
    if (!intent) throw noSuch('payment_intent', id(), 'intent');
    return confirm(state, intent, params.payment_method ?? intent.payment_method);
  });
}

function create(state: State, params: Read<typeof createFields>): PaymentIntent {
  if (params.amount < 1)
    throw invalidRequest('This value must be greater than or equal to 1.', {
      code: 'parameter_invalid_integer',
      param: 'amount',
    });
  if (params.customer !== undefined) requireCustomer(state, params.customer, 'customer');
  if (params.confirm && params.payment_method === undefined) throw noMethod();
  const method = params.payment_method === undefined ? null : resolvePaymentMethod(state, params.payment_method);
  const intent = createIntent(state, {
    amount: params.amount,
    currency: params.currency,
    customer: params.customer ?? null,
    description: params.description ?? null,
    reference: '',
    later: params.setup_future_usage ?? null,
  });
  intent.metadata = freshMetadata(params.metadata);
  intent.payment_details = { customer_reference: null, order_reference: null };
  if (params.payment_method_types) intent.payment_method_types = params.payment_method_types;
  if (params.shipping) intent.shipping = shippingOf(params.shipping);
  intent.payment_method = method?.id ?? null;
  if (method) intent.status = 'requires_confirmation';
  state.emit('payment_intent.created', intent);
  return params.confirm && method ? confirm(state, intent, method.id) : intent;
}

/** @throws {StripeError} 402, with the intent as it is then */
function confirm(state: State, intent: PaymentIntent, method: string | null): PaymentIntent {
  if (method === null) throw noMethod();
  if (!['requires_confirmation', 'requires_payment_method'].includes(intent.status)) {
    throw invalidRequest(`You cannot confirm this PaymentIntent because it has a status of ${intent.status}.`, {
      code: 'payment_intent_unexpected_state',
      param: 'intent',
    });
  }
  const attempt = chargeIntent(state, intent, resolvePaymentMethod(state, method), {
    confirmed: false,
    authenticateAt: null,
  });
  if (attempt.outcome === 'failed') throw attempt.error;
  return intent;
}

const noMethod = () =>
  invalidRequest(
    'You cannot confirm this PaymentIntent because it’s missing a payment method. Update the PaymentIntent with a payment method and then confirm it again.',
    { code: 'payment_intent_unexpected_state' },
  );

const shippingOf = ({
  address,
  ...rest
}: NonNullable<ReturnType<typeof shipping.read>>): PaymentIntent['shipping'] => ({
  carrier: null,
  phone: null,
  tracking_number: null,
  ...rest,
  address: { city: null, country: null, line1: null, line2: null, postal_code: null, state: null, ...address },
});
