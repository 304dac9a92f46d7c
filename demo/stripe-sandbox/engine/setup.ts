/** A customer saves a card on a hosted page (SUB-8). */

import { cardError, invalidRequest } from '../errors.ts';
import type { State } from '../state/state.ts';
import type { Customer, PaymentMethod, SetupIntent } from '../state/wire.ts';
import { attach, behaviourOf, createTestMethod, refuseDeclinedCard, type TestMethod } from './cards.ts';
import { declineOf, isDecline } from './declines.ts';
import { isTerminal } from './subscription-status.ts';

/**
 * Saves a card (or an account) and makes it the one that pays: for the customer, and for each subscription that had one of its own.
 * An open invoice stays open; paying it is another step.
 */
export function saveCard(state: State, customer: Customer, card: TestMethod): PaymentMethod {
  refuseDeclinedCard(card.behaviour);
  const method = createTestMethod(state, card, { billing: { email: customer.email, name: customer.name ?? null } });
  const intent = createSetupIntent(state, customer.id);
  state.emit('setup_intent.created', intent);
  intent.payment_method = method.id;
  intent.status = 'succeeded';
  state.emit('setup_intent.succeeded', intent);
  attach(state, method, customer.id);
  state.update(customer, (changed) => void (changed.invoice_settings.default_payment_method = method.id));
  for (const subscription of state.subscriptions.of(customer.id)) {
    if (isTerminal(subscription) || subscription.default_payment_method === null) continue;
    state.update(subscription, (changed) => void (changed.default_payment_method = method.id));
  }
  return method;
}

/** @throws {StripeError} 402, with the intent as it is then */
export function confirmSetup(state: State, intent: SetupIntent, method: PaymentMethod): SetupIntent {
  if (!['requires_confirmation', 'requires_payment_method', 'requires_action'].includes(intent.status))
    throw unexpected(intent, 'confirm');
  const behaviour = behaviourOf(method);
  if (behaviour === 'needsAuthentication' && intent.status !== 'requires_action') {
    intent.payment_method = method.id;
    intent.status = 'requires_action';
    intent.next_action = { type: 'use_stripe_sdk', use_stripe_sdk: {} };
    state.emit('setup_intent.requires_action', intent);
    return intent;
  }
  intent.next_action = null;
  if (behaviour !== 'failsOnCharge' && isDecline(behaviour)) {
    const error = cardError({ ...declineOf(behaviour), param: '' });
    const { payment_intent: _none, ...stored } = error.body;
    intent.status = 'requires_payment_method';
    intent.payment_method = null;
    intent.last_setup_error = { ...stored, payment_method: structuredClone(method) } as SetupIntent['last_setup_error'];
    state.emit('setup_intent.setup_failed', intent);
    error.body.setup_intent = structuredClone(intent);
    throw error;
  }
  intent.payment_method = method.id;
  intent.status = 'succeeded';
  intent.last_setup_error = null;
  if (intent.customer !== null) attach(state, method, intent.customer);
  state.emit('setup_intent.succeeded', intent);
  return intent;
}

export function cancelSetup(
  state: State,
  intent: SetupIntent,
  reason: SetupIntent['cancellation_reason'],
): SetupIntent {
  if (!['requires_payment_method', 'requires_confirmation', 'requires_action'].includes(intent.status))
    throw unexpected(intent, 'cancel');
  intent.status = 'canceled';
  intent.cancellation_reason = reason;
  intent.next_action = null;
  state.emit('setup_intent.canceled', intent);
  return intent;
}

const unexpected = ({ status }: SetupIntent, verb: string): Error =>
  invalidRequest(`You cannot ${verb} this SetupIntent because it has a status of ${status}.`, {
    code: 'setup_intent_unexpected_state',
    param: 'intent',
  });

export function createSetupIntent(state: State, customer: string | null): SetupIntent {
  const id = state.ids.next('seti');
  const intent: SetupIntent = {
    id,
    object: 'setup_intent',
    allowed_payment_method_types: null,
    application: null,
    automatic_payment_methods: null,
    cancellation_reason: null,
    client_secret: `${id}_secret_${state.ids.token(24)}`,
    created: state.clock.seconds(),
    customer,
    customer_account: null,
    description: null,
    excluded_payment_method_types: null,
    flow_directions: null,
    last_setup_error: null,
    latest_attempt: null,
    livemode: false,
    mandate: null,
    metadata: {},
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: null,
    payment_method_types: ['card'],
    single_use_mandate: null,
    status: 'requires_payment_method',
    usage: 'off_session',
  };
  state.setupIntents.add(intent);
  return intent;
}
