/** Payments without an invoice: an intent that is made and confirmed, as far as the CLI's triggers do so. */

import type { Stripe } from 'stripe';
import { resolvePaymentMethod } from '../engine/cards.ts';
import { requireCustomer } from '../engine/customers.ts';
import { cancelIntent, captureIntent, chargeIntent, createIntent } from '../engine/payments.ts';
import { invalidRequest } from '../errors.ts';
import type { Api } from '../http/api.ts';
import { currencyCode, emailAddress, integerFrom, returnAddress } from '../http/bounds.ts';
import { emptyable, flag, hash, integer, list, metadata, required, text, union, type Read } from '../http/params.ts';
import type { State } from '../state/state.ts';
import type { PaymentIntent } from '../state/wire.ts';
import { address } from './address.ts';
import { freshMetadata, patchMetadata } from './metadata.ts';

const shipping = hash({
  address: required(address),
  carrier: text,
  name: required(text),
  phone: text,
  tracking_number: text,
});

const mandateData = hash({
  customer_acceptance: required(
    hash({
      accepted_at: integer,
      offline: hash({}),
      online: hash({ ip_address: required(text), user_agent: required(text) }),
      type: required(union<'offline' | 'online'>()),
    }),
  ),
});

const createFields = {
  amount: required(integerFrom({ min: 1, max: 99_999_999 })),
  allowed_payment_method_types: list(text),
  automatic_payment_methods: hash({ allow_redirects: text, enabled: flag }),
  capture_method: union<Stripe.PaymentIntentCreateParams.CaptureMethod>(),
  confirm: flag,
  confirmation_method: union<Stripe.PaymentIntentCreateParams.ConfirmationMethod>(),
  currency: required(currencyCode),
  customer: text,
  customer_account: text,
  description: text,
  // Read for its shape: a mandate is what a bank debit needs, and the sandbox keeps none.
  mandate_data: mandateData,
  metadata,
  off_session: flag,
  payment_method: text,
  payment_method_types: list(text),
  receipt_email: emailAddress,
  return_url: returnAddress,
  setup_future_usage: union<Stripe.PaymentIntentCreateParams.SetupFutureUsage>(),
  shipping,
  statement_descriptor: text,
  statement_descriptor_suffix: text,
  transfer_group: text,
  use_stripe_sdk: flag,
};

export function paymentIntentRoutes(api: Api): void {
  api.post('/v1/payment_intents', createFields, ({ state, params }) => create(state, params));
  api.post(
    '/v1/payment_intents/:id/confirm',
    {
      mandate_data: mandateData,
      off_session: flag,
      payment_method: text,
      receipt_email: emailAddress,
      return_url: returnAddress,
    },
    ({ state, params, id }) => {
      const intent = requireIntent(state, id());
      return confirm(state, intent, params.payment_method ?? intent.payment_method);
    },
  );
  api.post(
    '/v1/payment_intents/:id',
    {
      amount: integerFrom({ min: 1, max: 99_999_999 }),
      description: text,
      metadata,
      payment_method: text,
      receipt_email: emptyable(emailAddress),
      shipping,
    },
    ({ state, params, id }) => change(state, requireIntent(state, id()), params),
  );
  api.post(
    '/v1/payment_intents/:id/cancel',
    { cancellation_reason: union<Stripe.PaymentIntentCancelParams.CancellationReason>() },
    ({ state, params, id }) => cancelIntent(state, requireIntent(state, id()), params.cancellation_reason ?? null),
  );
  api.post(
    '/v1/payment_intents/:id/capture',
    { amount_to_capture: integer, metadata, statement_descriptor: text },
    ({ state, params, id }) => {
      const intent = requireIntent(state, id());
      captureIntent(state, intent, params.amount_to_capture);
      patchMetadata(intent, params.metadata);
      return intent;
    },
  );
}

function requireIntent(state: State, id: string): PaymentIntent {
  const intent = state.paymentIntents.get(id);
  if (!intent)
    throw invalidRequest(`No such payment_intent: '${id}'`, { code: 'resource_missing', param: 'intent', status: 404 });
  return intent;
}

interface Change {
  readonly amount?: number;
  readonly description?: string;
  readonly metadata?: ReturnType<typeof metadata.read>;
  readonly payment_method?: string;
  readonly receipt_email?: string | null;
  readonly shipping?: ReturnType<typeof shipping.read>;
}

function change(state: State, intent: PaymentIntent, params: Change): PaymentIntent {
  const isOpen = ['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(intent.status);
  if ((params.amount !== undefined || params.payment_method !== undefined) && !isOpen) {
    throw invalidRequest(
      `This PaymentIntent's amount could not be updated because it has a status of ${intent.status}. You may only update the amount of a PaymentIntent with one of the following statuses: requires_payment_method, requires_confirmation, requires_action.`,
      { code: 'payment_intent_unexpected_state' },
    );
  }
  const method = params.payment_method === undefined ? null : resolvePaymentMethod(state, params.payment_method);
  if (params.amount !== undefined) intent.amount = params.amount;
  if (params.description !== undefined) intent.description = params.description;
  if (params.receipt_email !== undefined) intent.receipt_email = params.receipt_email;
  if (params.shipping) intent.shipping = shippingOf(params.shipping);
  patchMetadata(intent, params.metadata);
  if (method) {
    intent.payment_method = method.id;
    intent.status = 'requires_confirmation';
  }
  return intent;
}

function create(state: State, params: Read<typeof createFields>): PaymentIntent {
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
  const types = params.allowed_payment_method_types ?? params.payment_method_types;
  if (types) intent.payment_method_types = types;
  intent.capture_method = params.capture_method ?? 'automatic';
  intent.confirmation_method = params.confirmation_method ?? 'automatic';
  intent.receipt_email = params.receipt_email ?? null;
  intent.statement_descriptor = params.statement_descriptor ?? null;
  intent.statement_descriptor_suffix = params.statement_descriptor_suffix ?? null;
  intent.transfer_group = params.transfer_group ?? null;
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
