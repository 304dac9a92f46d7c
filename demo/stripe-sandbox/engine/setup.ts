/** A customer saves a card on a hosted page (SUB-8). */

import type { State } from '../state/state.ts';
import type { Customer, PaymentMethod, SetupIntent } from '../state/wire.ts';
import { attach, createTestMethod, refuseDeclinedCard, type TestMethod } from './cards.ts';
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
