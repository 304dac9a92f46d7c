/** Checkout sessions: their lines, their totals, and how they expire unused (OBJ-5). */

import { invalidRequest } from '../errors.ts';
import type { State } from '../state/state.ts';
import type { CheckoutLineItem, CheckoutOrder, CheckoutSession, Customer, Price, TaxRate } from '../state/wire.ts';
import { blankCustomer } from './customers.ts';
import { isActive, proposeDiscount, type DiscountRequest } from './discounts.ts';
import { keepPrices } from './inline-prices.ts';
import { quote } from './quote.ts';
import { hasTaxLocation } from './taxes.ts';

export interface CheckoutDraft {
  /** `null`: one is made when the session is completed, where its mode needs one. */
  readonly customer: Customer | null;
  readonly customerEmail: string | null;
  readonly mode: CheckoutSession['mode'];
  readonly currency: string;
  readonly items: {
    price: Price;
    quantity: number;
    adjustable: { minimum: number; maximum: number } | null;
    taxRates: TaxRate[];
    metadata: Record<string, string>;
  }[];
  readonly discounts: DiscountRequest[];
  readonly automaticTax: boolean;
  readonly taxIdCollection: CheckoutSession['tax_id_collection'];
  readonly billingAddressCollection: CheckoutSession['billing_address_collection'];
  readonly consentCollection: CheckoutSession['consent_collection'];
  readonly phoneNumberCollection: boolean;
  readonly customText: CheckoutSession['custom_text'];
  readonly successUrl: string;
  readonly cancelUrl: string | null;
  readonly clientReferenceId: string | null;
  readonly metadata: Record<string, string>;
  readonly locale: CheckoutSession['locale'];
  readonly allowPromotionCodes: boolean | null;
  readonly paymentMethodCollection: CheckoutSession['payment_method_collection'];
  /** `null` for those that the currency allows. */
  readonly methodTypes: readonly string[] | null;
  readonly submitType: CheckoutSession['submit_type'];
  /** Unix seconds. */
  readonly expiresAt: number;
  order: Omit<CheckoutOrder, 'items' | 'confirming' | 'collected'>;
}

type Session<Key extends keyof CheckoutSession> = Exclude<CheckoutSession[Key], undefined>;

const brandingOf = (state: State): Session<'branding_settings'> => ({
  background_color: '#ffffff',
  border_style: 'rounded',
  button_color: '#0074d4',
  display_name: state.settings.businessName,
  font_family: 'default',
  icon: null,
  logo: null,
});

const detailsOf = ({ customer, customerEmail }: CheckoutDraft): Session<'customer_details'> => ({
  address: null,
  business_name: null,
  email: customer?.email ?? customerEmail,
  individual_name: null,
  name: null,
  phone: null,
  tax_exempt: 'none',
  tax_ids: null,
});

/** Stripe can make an invoice of a payment; the sandbox makes none. */
const noInvoice = (): Session<'invoice_creation'> => ({
  enabled: false,
  invoice_data: {
    account_tax_ids: null,
    custom_fields: null,
    description: null,
    footer: null,
    issuer: null,
    metadata: {},
    rendering_options: null,
  },
});

const noSavedMethods = (): Session<'saved_payment_method_options'> => ({
  allow_redisplay_filters: ['always'],
  payment_method_remove: 'disabled',
  payment_method_save: null,
});

const taxOf = ({ automaticTax }: CheckoutDraft): Session<'automatic_tax'> =>
  automaticTax
    ? { enabled: true, liability: { type: 'self' }, provider: 'stripe', status: 'requires_location_inputs' }
    : { enabled: false, liability: null, provider: null, status: null };

/** Only a subscription's session may do without a method. */
const collectionOf = ({ mode, paymentMethodCollection }: CheckoutDraft): Session<'payment_method_collection'> =>
  mode === 'subscription' ? paymentMethodCollection : mode === 'payment' ? 'if_required' : 'always';

function orderOf(state: State, draft: CheckoutDraft): CheckoutOrder {
  return {
    ...draft.order,
    items: draft.items.map(({ price, quantity, adjustable, taxRates, metadata }) => ({
      price,
      quantity,
      adjustable,
      taxRates,
      line: lineItem(state, price, quantity, adjustable, metadata),
    })),
    confirming: null,
  };
}

function buildSession(state: State, draft: CheckoutDraft): CheckoutSession {
  const { customer } = draft;
  // OBJ-5: the letter says what kind of session it is.
  const id = `cs_test_${draft.mode === 'setup' ? 'c' : 'a'}1${state.ids.token(56)}`;
  const { currency, mode } = draft;
  return {
    id,
    object: 'checkout.session',
    adaptive_pricing: { enabled: true },
    after_expiration: null,
    allow_promotion_codes: draft.allowPromotionCodes,
    allowed_payment_method_types: draft.methodTypes ? [...draft.methodTypes] : null,
    amount_subtotal: mode === 'setup' ? null : 0,
    amount_total: mode === 'setup' ? null : 0,
    automatic_tax: taxOf(draft),
    billing_address_collection: draft.billingAddressCollection,
    branding_settings: brandingOf(state),
    cancel_url: draft.cancelUrl,
    client_reference_id: draft.clientReferenceId,
    client_secret: null,
    collected_information: { business_name: null, individual_name: null, shipping_details: null },
    consent: null,
    consent_collection: draft.consentCollection,
    created: state.clock.seconds(),
    currency,
    currency_conversion: null,
    custom_fields: [],
    custom_text: draft.customText,
    customer: customer?.id ?? null,
    customer_account: null,
    customer_creation: customer ? null : mode === 'payment' ? 'if_required' : 'always',
    customer_details: detailsOf(draft),
    customer_email: draft.customerEmail,
    discounts: draft.discounts.map((row) => ({
      coupon: row.coupon ?? null,
      promotion_code: row.promotion_code ?? null,
    })),
    expires_at: draft.expiresAt,
    integration_identifier: null,
    invoice: null,
    invoice_creation: mode === 'payment' ? noInvoice() : null,
    livemode: false,
    locale: draft.locale,
    managed_payments: { enabled: false },
    metadata: draft.metadata,
    mode,
    origin_context: null,
    payment_intent: null,
    payment_link: null,
    payment_method_collection: collectionOf(draft),
    payment_method_configuration_details: null,
    payment_method_options: { card: { request_three_d_secure: 'automatic' } },
    payment_method_types: [...(draft.methodTypes ?? (currency === 'eur' ? ['card', 'sepa_debit'] : ['card']))],
    payment_status: draft.order.trial === null && mode !== 'setup' ? 'unpaid' : 'no_payment_required',
    permissions: null,
    phone_number_collection: { enabled: draft.phoneNumberCollection },
    recovered_from: null,
    saved_payment_method_options: noSavedMethods(),
    setup_intent: null,
    shipping_address_collection: null,
    shipping_cost: null,
    shipping_options: [],
    status: 'open',
    submit_type: draft.submitType,
    subscription: null,
    success_url: draft.successUrl,
    ...(draft.taxIdCollection ? { tax_id_collection: draft.taxIdCollection } : {}),
    total_details: { amount_discount: 0, amount_shipping: 0, amount_tax: 0 },
    ui_mode: 'hosted_page',
    url: `${state.origin()}/c/${id}`,
    wallet_options: null,
  };
}

export function createCheckout(state: State, draft: CheckoutDraft): CheckoutSession {
  keepPrices(
    state,
    draft.items.map(({ price }) => price),
  );
  const session = buildSession(state, draft);
  const order = orderOf(state, draft);
  priceCheckout(state, session, order);
  state.checkoutOrders.set(session.id, order);
  state.checkoutSessions.add(session);
  return session;
}

function lineItem(
  state: State,
  price: Price,
  quantity: number,
  adjustable: CheckoutOrder['items'][number]['adjustable'],
  metadata: Record<string, string>,
): CheckoutLineItem {
  return {
    id: state.ids.next('li'),
    object: 'item',
    adjustable_quantity: adjustable && { enabled: true, maximum: adjustable.maximum, minimum: adjustable.minimum },
    amount_discount: 0,
    amount_subtotal: 0,
    amount_tax: 0,
    amount_total: 0,
    currency: price.currency,
    description: state.products.get(price.product)?.name ?? null,
    metadata,
    price: structuredClone(price),
    quantity,
  };
}

/** Works out the session's amounts, with its discounts, and with tax where the place is known. */
export function priceCheckout(state: State, session: CheckoutSession, order: CheckoutOrder): void {
  if (session.mode === 'setup') return;
  const currency = session.currency ?? state.settings.currency;
  const customer = payer(state, session);
  const { lines, sums } = quote(state, {
    items: order.items,
    discounts: requestsOf(session).map((request, index) =>
      proposeDiscount(state, request, { customer, currency }, `discounts[${index}]`),
    ),
    tax: { automatic: session.automatic_tax.enabled, customer, defaultRates: order.defaultTaxRates },
    currency,
  });
  order.items.forEach(({ line, price, quantity }, index) => {
    const { discountAmounts = [], taxes = [] } = lines[index] ?? {};
    const exclusive = taxes.filter((tax) => tax.tax_behavior === 'exclusive');
    const sum = (rows: readonly { amount: number }[]): number => rows.reduce((all, row) => all + row.amount, 0);
    line.quantity = quantity;
    line.amount_subtotal = quote(state, {
      items: [{ price, quantity }],
      discounts: [],
      tax: { automatic: false, customer, defaultRates: [] },
      currency,
    }).sums.subtotal;
    line.amount_discount = sum(discountAmounts);
    line.amount_tax = sum(taxes);
    line.amount_total = line.amount_subtotal - line.amount_discount + sum(exclusive);
  });
  // With a trial nothing is due today.
  const due = order.trial === null;
  session.amount_subtotal = due ? sums.subtotal : 0;
  session.amount_total = due ? sums.total : 0;
  session.total_details = {
    amount_discount: due ? (sums.total_discount_amounts ?? []).reduce((all, row) => all + row.amount, 0) : 0,
    amount_shipping: 0,
    amount_tax: due ? (sums.total_taxes ?? []).reduce((all, row) => all + row.amount, 0) : 0,
  };
  if (session.automatic_tax.enabled)
    session.automatic_tax.status = hasTaxLocation(customer) ? 'complete' : 'requires_location_inputs';
}

/** The customer as far as the session knows it; the address that was entered on the page goes before the stored one. */
export function payer(state: State, session: CheckoutSession): Customer {
  const known =
    state.customers.get(session.customer ?? '') ?? blankCustomer(state, session.customer_details?.email ?? null);
  const entered = session.customer_details?.address ?? null;
  return entered === null ? known : { ...known, address: entered };
}

/** The discounts that completing the session redeems. */
export const requestsOf = (session: CheckoutSession): DiscountRequest[] =>
  (session.discounts ?? []).map(({ coupon, promotion_code: code }) =>
    code === null ? { coupon: coupon ?? '' } : { promotion_code: code },
  );

/** A customer chooses another quantity, within what the session allows. */
export function chooseQuantity(
  state: State,
  session: CheckoutSession,
  order: CheckoutOrder,
  index: number,
  quantity: number,
): void {
  const item = order.items[index];
  const { minimum, maximum } = item?.adjustable ?? { minimum: 1, maximum: 0 };
  if (!item || !Number.isInteger(quantity) || quantity < minimum || quantity > maximum)
    throw invalidRequest(`Choose a quantity from ${minimum} to ${maximum}.`, {
      param: `line_items[${index}][quantity]`,
    });
  item.quantity = quantity;
  priceCheckout(state, session, order);
}

/** A customer enters a promotion code by its text; an empty one takes it away again. */
export function enterPromotionCode(state: State, session: CheckoutSession, order: CheckoutOrder, text: string): void {
  const [code] = state.promotionCodes.list(
    (row) => isActive(state, row) && row.code.toLowerCase() === text.trim().toLowerCase(),
  );
  if (text.trim() !== '' && !code) throw invalidRequest('This code is invalid.', { param: 'promotion_code' });
  const before = session.discounts;
  session.discounts = code ? [{ coupon: null, promotion_code: code.id }] : [];
  try {
    priceCheckout(state, session, order);
  } catch (cause) {
    session.discounts = before;
    throw cause;
  }
}

/** The address of a session is worth nothing from here on. */
export function expireCheckout(state: State, session: CheckoutSession): void {
  session.status = 'expired';
  session.url = null;
  state.emit('checkout.session.expired', session);
}
