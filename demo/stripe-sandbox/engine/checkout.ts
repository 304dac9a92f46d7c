/** Checkout: a session from its creation to a subscription, or to its expiry (SUB-1, OBJ-5). */

import { cardError } from '../errors.ts';
import type { State } from '../state/state.ts';
import type {
  CardBehaviour,
  CheckoutLineItem,
  CheckoutOrder,
  CheckoutSession,
  Customer,
  Price,
} from '../state/wire.ts';
import { attach, createTestMethod, refuseDeclinedCard, type TestMethod } from './cards.ts';
import { declineOf } from './payments.ts';
import { DAY } from './periods.ts';
import { amountFor } from './prices.ts';
import { createSubscription, FIRST_PURCHASE_ORDER } from './subscriptions.ts';

export interface CheckoutDraft {
  customer: Customer;
  items: { price: Price; quantity: number }[];
  successUrl: string;
  cancelUrl: string | null;
  clientReferenceId: string | null;
  metadata: Record<string, string>;
  locale: string | null;
  allowPromotionCodes: boolean | null;
  paymentMethodCollection: 'always' | 'if_required';
  /** Unix seconds. */
  expiresAt: number;
  order: Pick<CheckoutOrder, 'trial' | 'missingPaymentMethod' | 'description' | 'metadata'>;
}

export function createCheckout(state: State, draft: CheckoutDraft): CheckoutSession {
  const { customer } = draft;
  const id = `cs_test_a1${state.ids.token(56)}`;
  const currency = draft.items[0]?.price.currency ?? state.settings.currency;
  const items = draft.items.map(({ price, quantity }) => ({ price, quantity, line: lineItem(state, price, quantity) }));
  // With a trial nothing is due today.
  const due = draft.order.trial === null ? items.reduce((sum, { line }) => sum + line.amount_total, 0) : 0;
  const session: CheckoutSession = {
    id,
    object: 'checkout.session',
    adaptive_pricing: { enabled: true },
    after_expiration: null,
    allow_promotion_codes: draft.allowPromotionCodes,
    allowed_payment_method_types: null,
    amount_subtotal: due,
    amount_total: due,
    automatic_tax: { enabled: false, liability: null, provider: null, status: null },
    billing_address_collection: null,
    branding_settings: {
      background_color: '#ffffff',
      border_style: 'rounded',
      button_color: '#0074d4',
      display_name: state.settings.businessName,
      font_family: 'default',
      icon: null,
      logo: null,
    },
    cancel_url: draft.cancelUrl,
    client_reference_id: draft.clientReferenceId,
    client_secret: null,
    collected_information: { business_name: null, individual_name: null, shipping_details: null },
    consent: null,
    consent_collection: null,
    created: state.clock.seconds(),
    currency,
    currency_conversion: null,
    custom_fields: [],
    custom_text: { after_submit: null, shipping_address: null, submit: null, terms_of_service_acceptance: null },
    customer: customer.id,
    customer_account: null,
    customer_creation: null,
    customer_details: {
      address: null,
      business_name: null,
      email: customer.email,
      individual_name: null,
      name: null,
      phone: null,
      tax_exempt: 'none',
      tax_ids: null,
    },
    customer_email: null,
    discounts: [],
    expires_at: draft.expiresAt,
    integration_identifier: null,
    invoice: null,
    invoice_creation: null,
    livemode: false,
    locale: draft.locale as CheckoutSession['locale'],
    managed_payments: { enabled: false },
    metadata: draft.metadata,
    mode: 'subscription',
    origin_context: null,
    payment_intent: null,
    payment_link: null,
    payment_method_collection: draft.paymentMethodCollection,
    payment_method_configuration_details: null,
    payment_method_options: { card: { request_three_d_secure: 'automatic' } },
    payment_method_types: currency === 'eur' ? ['card', 'sepa_debit'] : ['card'],
    payment_status: draft.order.trial === null ? 'unpaid' : 'no_payment_required',
    permissions: null,
    phone_number_collection: { enabled: false },
    recovered_from: null,
    saved_payment_method_options: {
      allow_redisplay_filters: ['always'],
      payment_method_remove: 'disabled',
      payment_method_save: null,
    },
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: 'open',
    submit_type: null,
    subscription: null,
    success_url: draft.successUrl,
    total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    ui_mode: 'hosted_page',
    url: `${state.origin()}/c/${id}`,
    wallet_options: null,
  };
  state.checkoutOrders.set(id, { ...draft.order, items, confirming: null });
  state.checkoutSessions.add(session);
  return session;
}

function lineItem(state: State, price: Price, quantity: number): CheckoutLineItem {
  const amount = amountFor(price, quantity);
  return {
    id: state.ids.next('li'),
    object: 'item',
    adjustable_quantity: null,
    amount_discount: 0,
    amount_subtotal: amount,
    amount_tax: 0,
    amount_total: amount,
    currency: price.currency,
    description: state.products.get(price.product)?.name ?? null,
    metadata: {},
    price: structuredClone(price),
    quantity,
  };
}

/** Whether anything is charged today. */
const charges = (session: CheckoutSession): boolean => (session.amount_total ?? 0) > 0;

/** How the card will fare: as it was told to by the control room, else as its number says. */
const prospect = (state: State, session: CheckoutSession, method: TestMethod): CardBehaviour =>
  (charges(session) ? state.nextCharges[0] : undefined) ?? method.behaviour;

/** Whether the bank wants to hear from the customer first. */
export const needsConfirmation = (state: State, session: CheckoutSession, method: TestMethod): boolean =>
  'number' in method && prospect(state, session, method) === 'needsAuthentication';

/**
 * Pays, and makes the subscription. A card that is refused leaves the session open, with nothing made: what Stripe keeps
 * of such an attempt is not written anywhere.
 *
 * @param method `null` where nothing has to be collected (a trial with `payment_method_collection: if_required`)
 * @param confirmed the customer has confirmed with their bank
 * @throws {StripeError} `card_declined`
 */
export function completeCheckout(
  state: State,
  session: CheckoutSession,
  method: TestMethod | null,
  confirmed = false,
): void {
  const customer = state.customers.get(session.customer ?? '');
  const order = state.checkoutOrders.get(session.id);
  // One session pays once, however often its form is sent.
  if (session.status !== 'open' || !customer || !order) return;
  if (method) refuseIfDeclined(state, session, method);
  // WH-4: what hosted Checkout does has a key, and no request.
  const cause = { id: null, idempotency_key: state.ids.uuid() };
  state.events.causedBy(cause, () =>
    state.events.inSendOrder(FIRST_PURCHASE_ORDER, () => fulfil(state, session, customer, order, method, confirmed)),
  );
}

function refuseIfDeclined(state: State, session: CheckoutSession, method: TestMethod): void {
  refuseDeclinedCard(method.behaviour);
  const next = prospect(state, session, method);
  if (!charges(session) || !['failsOnCharge', 'declined', 'insufficientFunds'].includes(next)) return;
  state.nextCharges.shift();
  throw cardError({ ...declineOf(next), param: '' });
}

function fulfil(
  state: State,
  session: CheckoutSession,
  customer: Customer,
  order: CheckoutOrder,
  test: TestMethod | null,
  confirmed: boolean,
): void {
  const now = state.clock.seconds();
  const billing = { email: customer.email, name: customer.name ?? null };
  const method = test && createTestMethod(state, test, { billing });
  if (method) attach(state, method, customer.id);
  const { trial } = order;
  const subscription = createSubscription(state, {
    customer,
    items: order.items.map(({ price, quantity }) => ({ price, quantity, metadata: {} })),
    paymentBehavior: 'allow_incomplete',
    // Checkout's card is the subscription's own; the customer's default stays what it was.
    defaultPaymentMethod: method?.id ?? null,
    metadata: { ...order.metadata },
    description: order.description,
    trialEnd: trial === null ? null : 'days' in trial ? now + trial.days * DAY : trial.end,
    missingPaymentMethod: order.missingPaymentMethod,
    saveDefaultPaymentMethod: 'off',
    confirmed,
  });
  const invoice = state.invoices.get(subscription.latest_invoice ?? '');
  session.status = 'complete';
  session.url = null;
  session.subscription = subscription.id;
  session.invoice = invoice?.id ?? null;
  if (charges(session)) session.payment_status = invoice?.status === 'paid' ? 'paid' : 'unpaid';
  if (session.customer_details) {
    session.customer_details.name = customer.name ?? null;
    session.customer_details.tax_ids = [];
  }
  state.emit('checkout.session.completed', session);
}

/** The address of a session is worth nothing from here on. */
export function expireCheckout(state: State, session: CheckoutSession): void {
  session.status = 'expired';
  session.url = null;
  state.emit('checkout.session.expired', session);
}
