/** Completing a Checkout session: a subscription, a payment, or a saved card comes of it (SUB-1). */

import { cardError, invalidRequest } from '../errors.ts';
import type { State } from '../state/state.ts';
import type {
  CardBehaviour,
  CheckoutOrder,
  CheckoutSession,
  Collected,
  Customer,
  PaymentMethod,
} from '../state/wire.ts';
import { attach, createTestMethod, refuseDeclinedCard, type TestMethod } from './cards.ts';
import { payer, priceCheckout, requestsOf } from './checkout-session.ts';
import { addTaxId, blankCustomer } from './customers.ts';
import { declineOf, isDecline } from './declines.ts';
import { redeem } from './discounts.ts';
import { chargeIntent, createIntent } from './payments.ts';
import { daySeconds } from './periods.ts';
import { createSetupIntent } from './setup.ts';
import { createSubscription, firstPurchaseOrder } from './subscriptions.ts';

/** Whether anything is charged today. */
const charges = (session: CheckoutSession): boolean => (session.amount_total ?? 0) > 0;

/** How the card will fare: as it was told to by the control room, else as its number says. */
const prospect = (state: State, session: CheckoutSession, method: TestMethod): CardBehaviour =>
  (charges(session) ? state.nextCharges[0] : undefined) ?? method.behaviour;

/** Whether the bank wants to hear from the customer first. */
export const needsConfirmation = (state: State, session: CheckoutSession, method: TestMethod): boolean =>
  'number' in method && prospect(state, session, method) === 'needsAuthentication';

/**
 * Pays, and makes the subscription. A card that is refused leaves the session open, with nothing made: Stripe's documents
 * do not tell whether it keeps anything of such an attempt.
 *
 * @param method - `null` where nothing has to be collected (a trial with `payment_method_collection: if_required`)
 * @param confirmed - the customer has confirmed with their bank
 * @throws {StripeError} `card_declined`
 */
export function completeCheckout(
  state: State,
  session: CheckoutSession,
  method: TestMethod | null,
  confirmed = false,
  collected: Collected = {},
): void {
  const order = state.checkoutOrders.get(session.id);
  // One session pays once, however often its form is sent.
  if (session.status !== 'open' || !order) return;
  collect(state, session, order, collected);
  if (method) refuseIfDeclined(state, session, method);
  // WH-4: events of hosted Checkout have a key, and no request.
  const cause = { id: null, idempotency_key: state.ids.uuid() };
  state.events.causedBy(cause, () =>
    state.events.inSendOrder(firstPurchaseOrder, () => fulfil(state, session, order, method, confirmed, collected)),
  );
}

function refuseIfDeclined(state: State, session: CheckoutSession, method: TestMethod): void {
  refuseDeclinedCard(method.behaviour);
  const next = prospect(state, session, method);
  if (!charges(session) || !isDecline(next)) return;
  state.nextCharges.shift();
  throw cardError({ ...declineOf(next), param: '' });
}

/** Notes the entries, and refuses missing ones. */
function collect(state: State, session: CheckoutSession, order: CheckoutOrder, entered: Collected): void {
  const details = session.customer_details;
  if (session.consent_collection?.terms_of_service === 'required' && !entered.acceptsTerms)
    throw invalidRequest('Accept the terms of service to go on.', { param: 'terms_of_service' });
  if (details && entered.address) details.address = entered.address;
  const needsAddress = session.automatic_tax.enabled || session.billing_address_collection === 'required';
  const known = payer(state, session).address ?? null;
  if (needsAddress && (known === null || (session.billing_address_collection === 'required' && !details?.address)))
    throw invalidRequest('Enter your billing address.', { param: 'address' });
  if (session.tax_id_collection?.required === 'if_supported' && !entered.taxId)
    throw invalidRequest('Enter your tax ID.', { param: 'tax_id' });
  if (session.consent_collection) {
    session.consent = {
      promotions:
        session.consent_collection.promotions === 'auto' ? (entered.wantsPromotions ? 'opt_in' : 'opt_out') : null,
      terms_of_service: session.consent_collection.terms_of_service === 'required' ? 'accepted' : null,
    };
  }
  if (entered.businessName && session.collected_information)
    session.collected_information.business_name = entered.businessName;
  priceCheckout(state, session, order);
}

function fulfil(
  state: State,
  session: CheckoutSession,
  order: CheckoutOrder,
  test: TestMethod | null,
  confirmed: boolean,
  collected: Collected,
): void {
  const customer = customerOf(state, session);
  if (customer) keepDetails(state, session, order, customer, collected);
  const billing = { email: session.customer_details?.email ?? null, name: customer?.name ?? null };
  const method = test && createTestMethod(state, test, { billing });
  if (method && customer && session.mode !== 'payment') attach(state, method, customer.id);
  if (session.mode === 'subscription' && customer) subscribe(state, session, customer, order, method, confirmed);
  if (session.mode === 'payment' && method) pay(state, session, order, method, confirmed);
  if (session.mode === 'setup' && method) {
    const intent = createSetupIntent(state, customer?.id ?? null);
    intent.description = order.intent.description ?? null;
    intent.metadata = { ...order.intent.metadata };
    intent.payment_method = method.id;
    intent.status = 'succeeded';
    state.emit('setup_intent.succeeded', intent);
    session.setup_intent = intent.id;
  }
  session.status = 'complete';
  session.url = null;
  if (session.customer_details && customer) {
    session.customer_details.name = customer.name ?? null;
    session.customer_details.tax_ids = state.taxIds.of(customer.id).map(({ type, value }) => ({ type, value }));
  }
  state.emit('checkout.session.completed', session);
}

/** The session's customer; one is made where the session was opened without, unless it takes a payment only. */
function customerOf(state: State, session: CheckoutSession): Customer | null {
  const known = state.customers.get(session.customer ?? '');
  if (known || session.mode === 'payment') return known ?? null;
  const customer = blankCustomer(state, session.customer_details?.email ?? null);
  state.customers.add(customer);
  state.emit('customer.created', customer);
  session.customer = customer.id;
  return customer;
}

/** `customer_update`: entries are kept on the customer where the session says so. A new tax id always is. */
function keepDetails(
  state: State,
  session: CheckoutSession,
  { keeps }: CheckoutOrder,
  customer: Customer,
  collected: Collected,
): void {
  const address = session.customer_details?.address ?? null;
  const name = collected.businessName ?? collected.name;
  state.update(customer, (changed) => {
    if (keeps.address && address !== null) changed.address = address;
    if (keeps.name && name) changed.name = name;
  });
  if (collected.taxId) addTaxId(state, customer, collected.taxId);
}

function subscribe(
  state: State,
  session: CheckoutSession,
  customer: Customer,
  order: CheckoutOrder,
  method: PaymentMethod | null,
  confirmed: boolean,
): void {
  const now = state.clock.seconds();
  const { trial } = order;
  const target = { customer, currency: session.currency ?? '', checkoutSession: session.id };
  const redeemed = requestsOf(session).map((request, index) => redeem(state, request, target, `discounts[${index}]`));
  const subscription = createSubscription(state, {
    customer,
    items: order.items.map(({ price, quantity, taxRates }) => ({ price, quantity, taxRates, metadata: {} })),
    paymentBehavior: 'allow_incomplete',
    // Checkout's card is the subscription's own; the customer's default stays what it was.
    defaultPaymentMethod: method?.id ?? null,
    metadata: { ...order.metadata },
    description: order.description,
    trialEnd: trial === null ? null : 'days' in trial ? now + trial.days * daySeconds : trial.end,
    missingPaymentMethod: order.missingPaymentMethod,
    saveDefaultPaymentMethod: 'off',
    confirmed,
    redeemed,
    defaultTaxRates: order.defaultTaxRates,
    automaticTax: session.automatic_tax.enabled,
    billingMode: order.billingMode,
  });
  const invoice = state.invoices.get(subscription.latest_invoice ?? '');
  session.subscription = subscription.id;
  session.invoice = invoice?.id ?? null;
  if (charges(session)) session.payment_status = invoice?.status === 'paid' ? 'paid' : 'unpaid';
}

/** A one-time payment, without an invoice. */
function pay(
  state: State,
  session: CheckoutSession,
  order: CheckoutOrder,
  method: PaymentMethod,
  confirmed: boolean,
): void {
  const intent = createIntent(state, {
    amount: session.amount_total ?? 0,
    currency: session.currency ?? state.settings.currency,
    customer: session.customer,
    description: null,
    reference: session.id,
    later: null,
  });
  Object.assign(intent, structuredClone(order.intent));
  if (intent.setup_future_usage !== null && session.customer !== null) attach(state, method, session.customer);
  session.payment_intent = intent.id;
  const { outcome } = chargeIntent(state, intent, method, { confirmed, authenticateAt: session.url });
  session.payment_status = outcome === 'succeeded' ? 'paid' : 'unpaid';
}
