/** Set-up intents: a method that is confirmed without being charged. */

import { resolvePaymentMethod } from '../engine/cards.ts';
import { requireCustomer } from '../engine/customers.ts';
import { cancelSetup, confirmSetup, createSetupIntent } from '../engine/setup.ts';
import { invalidRequest } from '../errors.ts';
import type { Api } from '../http/api.ts';
import { returnAddress } from '../http/bounds.ts';
import { inRange, page, pageParams } from '../http/paging.ts';
import {
  emptyable,
  flag,
  hash,
  list,
  metadata,
  text,
  timeRange,
  union,
  unsupported,
  type Read,
} from '../http/params.ts';
import type { State } from '../state/state.ts';
import type { SetupIntent } from '../state/wire.ts';
import { freshMetadata, patchMetadata } from './metadata.ts';

const createFields = {
  allowed_payment_method_types: list(text),
  automatic_payment_methods: hash({ allow_redirects: text, enabled: flag }),
  confirm: flag,
  customer: text,
  customer_account: text,
  description: text,
  metadata,
  on_behalf_of: unsupported,
  payment_method: text,
  // Of older versions.
  payment_method_types: list(text),
  return_url: returnAddress,
  usage: union<'off_session' | 'on_session'>(),
  use_stripe_sdk: flag,
};

export function setupIntentRoutes(api: Api): void {
  api.post('/v1/setup_intents', createFields, ({ state, params }) => create(state, params));
  api.get(
    '/v1/setup_intents',
    { ...pageParams, created: timeRange, customer: text, customer_account: text, payment_method: text },
    ({ state, params }) =>
      page(
        state.setupIntents.list(
          (row) =>
            (params.customer === undefined || row.customer === params.customer) &&
            (params.payment_method === undefined || row.payment_method === params.payment_method) &&
            inRange(row.created, params.created),
        ),
        params,
        '/v1/setup_intents',
        'setupintent',
      ),
  );
  api.get('/v1/setup_intents/:id', {}, ({ state, id }) => requireSetup(state, id()));
  api.post(
    '/v1/setup_intents/:id',
    { customer: text, description: text, metadata, payment_method: emptyable(text) },
    ({ state, params, id }) => {
      const intent = requireSetup(state, id());
      if (params.customer !== undefined) intent.customer = requireCustomer(state, params.customer, 'customer').id;
      if (params.payment_method !== undefined) chooseMethod(state, intent, params.payment_method);
      if (params.description !== undefined) intent.description = params.description;
      patchMetadata(intent, params.metadata);
      return intent;
    },
  );
  api.post(
    '/v1/setup_intents/:id/confirm',
    { payment_method: text, return_url: returnAddress },
    ({ state, params, id }) => {
      const intent = requireSetup(state, id());
      const method = params.payment_method ?? intent.payment_method;
      if (method == null) throw noMethod();
      return confirmSetup(state, intent, resolvePaymentMethod(state, method));
    },
  );
  api.post(
    '/v1/setup_intents/:id/cancel',
    { cancellation_reason: union<NonNullable<SetupIntent['cancellation_reason']>>() },
    ({ state, params, id }) => cancelSetup(state, requireSetup(state, id()), params.cancellation_reason ?? null),
  );
}

function create(state: State, params: Read<typeof createFields>): SetupIntent {
  if (params.customer !== undefined) requireCustomer(state, params.customer, 'customer');
  if (params.confirm && params.payment_method === undefined) throw noMethod();
  const method = params.payment_method === undefined ? null : resolvePaymentMethod(state, params.payment_method);
  const intent = createSetupIntent(state, params.customer ?? null);
  intent.description = params.description ?? null;
  intent.metadata = freshMetadata(params.metadata);
  intent.usage = params.usage ?? 'off_session';
  const types = params.allowed_payment_method_types ?? params.payment_method_types;
  if (types) intent.payment_method_types = types;
  if (method) chooseMethod(state, intent, method.id);
  state.emit('setup_intent.created', intent);
  return params.confirm && method ? confirmSetup(state, intent, method) : intent;
}

function chooseMethod(state: State, intent: SetupIntent, method: string | null): void {
  intent.payment_method = method === null ? null : resolvePaymentMethod(state, method).id;
  intent.status = method === null ? 'requires_payment_method' : 'requires_confirmation';
}

const noMethod = () =>
  invalidRequest(
    'You cannot confirm this SetupIntent because it’s missing a payment method. Update the SetupIntent with a payment method and then confirm it again.',
    { code: 'setup_intent_unexpected_state' },
  );

function requireSetup(state: State, id: string): SetupIntent {
  const intent = state.setupIntents.get(id);
  if (!intent)
    throw invalidRequest(`No such setupintent: '${id}'`, { code: 'resource_missing', param: 'intent', status: 404 });
  return intent;
}
