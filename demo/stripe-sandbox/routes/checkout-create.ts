/** A new Checkout session, and Stripe's refusals of one. */

import { createCheckout, type CheckoutDraft } from '../engine/checkout-session.ts';
import { requireCustomer } from '../engine/customers.ts';
import { proposeDiscount } from '../engine/discounts.ts';
import { daySeconds, hourSeconds } from '../engine/periods.ts';
import { hasTaxLocation } from '../engine/taxes.ts';
import { invalidRequest, missingParam, noSuch } from '../errors.ts';
import type { State } from '../state/state.ts';
import type { CheckoutOrder, CheckoutSession, Customer, Price } from '../state/wire.ts';
import { fullAddress } from './address.ts';
import type { Params } from './checkout-fields.ts';
import { refuseOutOfMode, trialOf } from './checkout-refusals.ts';
import { inlinePrice } from './inline-prices.ts';
import { freshMetadata } from './metadata.ts';
import { recurringPrice, requireSold } from './subscriptions.ts';
import { taxRatesOf } from './tax.ts';

export function openCheckout(state: State, params: Params): CheckoutSession {
  const { mode } = params;
  if (params.success_url === undefined) throw missingParam('success_url');
  const customer = params.customer === undefined ? null : requireCustomer(state, params.customer, 'customer');
  if (customer && params.customer_email !== undefined) throw onlyOneOf('customer', 'customer_email');
  refuseOutOfMode(params);
  const items = readItems(state, params);
  const currency = currencyOf(state, params, items, customer);
  refuseTaxWithoutUpdate(params, customer);
  refuseConsent(state, params);
  const discounts = readDiscounts(state, params, customer, currency);
  const data = mode === 'subscription' ? (params.subscription_data ?? {}) : {};
  return createCheckout(state, {
    customer,
    customerEmail: params.customer_email ?? null,
    mode,
    currency,
    items,
    discounts,
    automaticTax: params.automatic_tax?.enabled ?? false,
    taxIdCollection: params.tax_id_collection && {
      enabled: params.tax_id_collection.enabled,
      required: params.tax_id_collection.required ?? 'never',
    },
    billingAddressCollection: params.billing_address_collection ?? null,
    consentCollection: params.consent_collection
      ? {
          payment_method_reuse_agreement: null,
          promotions: params.consent_collection.promotions ?? null,
          terms_of_service: params.consent_collection.terms_of_service ?? null,
        }
      : null,
    phoneNumberCollection: params.phone_number_collection?.enabled ?? false,
    customText: {
      after_submit: params.custom_text?.after_submit ?? null,
      shipping_address: null,
      submit: params.custom_text?.submit ?? null,
      terms_of_service_acceptance: params.custom_text?.terms_of_service_acceptance ?? null,
    },
    successUrl: params.success_url,
    cancelUrl: params.cancel_url ?? null,
    clientReferenceId: params.client_reference_id ?? null,
    metadata: freshMetadata(params.metadata),
    locale: params.locale ?? null,
    allowPromotionCodes: params.allow_promotion_codes ?? null,
    methodTypes: params.allowed_payment_method_types ?? params.payment_method_types ?? null,
    submitType: params.submit_type ?? null,
    paymentMethodCollection: params.payment_method_collection ?? 'always',
    expiresAt: expiry(state, params.expires_at),
    order: {
      trial: trialOf(data, state.clock.seconds()),
      missingPaymentMethod: data.trial_settings?.end_behavior.missing_payment_method ?? 'create_invoice',
      description: data.description ?? null,
      metadata: freshMetadata(data.metadata),
      defaultTaxRates: taxRatesOf(state, data.default_tax_rates, 'subscription_data[default_tax_rates]'),
      billingMode: data.billing_mode?.type ?? 'flexible',
      intent: intentOf(params),
      keeps: { address: params.customer_update?.address === 'auto', name: params.customer_update?.name === 'auto' },
    },
  });
}

/** Fields for the session's payment or set-up intent. */
function intentOf({ payment_intent_data: payment, setup_intent_data: setup }: Params): CheckoutOrder['intent'] {
  const { metadata: given, ...rest } = { ...setup, ...payment };
  const { shipping } = payment ?? {};
  return {
    ...rest,
    shipping: shipping
      ? { carrier: null, phone: null, tracking_number: null, ...shipping, address: fullAddress(shipping.address) }
      : null,
    metadata: freshMetadata(given),
  };
}

const onlyOneOf = (...names: string[]): Error =>
  invalidRequest(`You may only specify one of these parameters: ${names.join(', ')}.`);

function readItems(state: State, { mode, line_items: given = [] }: Params): CheckoutDraft['items'] {
  if (mode === 'setup') return [];
  if (given.length === 0) throw missingParam('line_items');
  const most = mode === 'payment' ? 100 : 20;
  if (given.length > most)
    throw invalidRequest(`Array above max size; maximum of ${most} elements`, { param: 'line_items' });
  return given.map((item, index) => {
    const path = `line_items[${index}]`;
    const price = linePrice(state, mode, item, path);
    if (item.quantity === undefined && price.recurring?.usage_type !== 'metered')
      throw invalidRequest(`Quantity is required. Add \`quantity\` to \`${path}\``, { param: path });
    if (item.quantity !== undefined && price.recurring?.usage_type === 'metered')
      throw invalidRequest('You cannot set the quantity of a metered price.', { param: `${path}[quantity]` });
    const { enabled = false, minimum = 1, maximum = 99 } = item.adjustable_quantity ?? {};
    if (enabled && (minimum > maximum || maximum < 1))
      throw invalidRequest('`minimum` must be at most `maximum`.', { param: `${path}[adjustable_quantity]` });
    const first = item.quantity ?? 1;
    if (enabled && (first < minimum || first > maximum))
      throw invalidRequest(`The quantity of a line item must be from ${minimum} to ${maximum}, as its bounds say.`, {
        param: `${path}[quantity]`,
      });
    return {
      price,
      quantity: item.quantity ?? 1,
      adjustable: enabled ? { minimum, maximum } : null,
      taxRates: taxRatesOf(state, item.tax_rates, `${path}[tax_rates]`),
      metadata: freshMetadata(item.metadata),
    };
  });
}

/** A price by its id, or one that comes with the request. */
function linePrice(
  state: State,
  mode: Params['mode'],
  { price, price_data: data }: NonNullable<Params['line_items']>[number],
  path: string,
): Price {
  if (data && price !== undefined) throw onlyOneOf('price', 'price_data');
  if (data) {
    if (mode === 'subscription' && !data.recurring) throw missingParam(`${path}[price_data][recurring]`);
    if (mode === 'payment' && data.recurring) throw recurringInPayment(path);
    return inlinePrice(state, data, `${path}[price_data]`);
  }
  if (price === undefined) throw missingParam(`${path}[price]`);
  return mode === 'payment' ? oneTimePrice(state, price, path) : recurringPrice(state, price, `${path}[price]`);
}

const recurringInPayment = (path: string): Error =>
  invalidRequest(
    'You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use only one-time prices.',
    { param: path },
  );

function oneTimePrice(state: State, id: string, path: string): Price {
  const price = state.prices.get(id);
  if (!price) throw noSuch('price', id, `${path}[price]`);
  if (price.recurring) throw recurringInPayment(path);
  requireSold(state, price, `${path}[price]`);
  return price;
}

/** CHK-2: a customer that pays in one currency cannot be sold another. */
function currencyOf(
  state: State,
  { mode, currency }: Params,
  items: CheckoutDraft['items'],
  customer: Customer | null,
): string {
  const currencies = new Set(items.map(({ price }) => price.currency));
  if (currencies.size > 1) throw invalidRequest('All line items must have the same currency.', { param: 'line_items' });
  const [sold = currency?.toLowerCase() ?? state.settings.currency] = currencies;
  if (currency !== undefined && currency.toLowerCase() !== sold) {
    throw invalidRequest(
      `The price specified only supports \`${sold}\`. This doesn't match the expected currency: \`${currency}\`.`,
      {
        param: 'currency',
      },
    );
  }
  if (mode === 'subscription' && customer?.currency && customer.currency !== sold) {
    throw invalidRequest(
      `You cannot combine currencies on a single customer. This customer has an active subscription, subscription schedule, discount, quote, or invoice item with currency ${customer.currency}.`,
    );
  }
  return sold;
}

/** CHK-1: the address that tax needs is either there, or will be kept when the customer enters it. */
function refuseTaxWithoutUpdate(params: Params, customer: Customer | null): void {
  if (params.customer_update && !customer) {
    throw invalidRequest('`customer_update` can only be used with `customer`.', { param: 'customer_update' });
  }
  if (!customer) return;
  const { address, shipping, name } = params.customer_update ?? {};
  if (params.automatic_tax?.enabled && !hasTaxLocation(customer) && address !== 'auto' && shipping !== 'auto') {
    throw invalidRequest(
      "Automatic tax calculation in Checkout requires a valid address on the Customer. Add a valid address to the Customer or set either `customer_update[address]` to 'auto' or `customer_update[shipping]` to 'auto' to save the address entered in Checkout to the Customer.",
      { code: 'customer_tax_location_invalid' },
    );
  }
  if (params.tax_id_collection?.enabled && name !== 'auto') {
    throw invalidRequest(
      'Tax ID collection requires updating business name on the customer. To enable tax ID collection for an existing customer, please set `customer_update[name]` to `auto`.',
      { param: 'customer_update[name]' },
    );
  }
}

function refuseConsent(state: State, { consent_collection: consent }: Params): void {
  if (consent?.terms_of_service !== 'required' || state.settings.termsOfServiceUrl !== null) return;
  throw invalidRequest(
    'You cannot collect consent to your terms of service unless a URL is set in the Stripe Dashboard. Update your public business information in the Dashboard https://dashboard.stripe.com/settings/public to collect terms of service consent.',
    { param: 'consent_collection[terms_of_service]' },
  );
}

function readDiscounts(
  state: State,
  params: Params,
  customer: Customer | null,
  currency: string,
): CheckoutDraft['discounts'] {
  const discounts = params.discounts ?? [];
  if (discounts.length > 0 && params.allow_promotion_codes !== undefined)
    throw onlyOneOf('allow_promotion_codes', 'discounts');
  if (discounts.length > 1) throw invalidRequest('You can only pass one discount.', { param: 'discounts' });
  for (const [index, request] of discounts.entries()) {
    proposeDiscount(state, request, { customer: customer ?? { id: '' }, currency }, `discounts[${index}]`);
  }
  return discounts;
}

/** OBJ-5: a day by default; from half an hour to a day by request. */
function expiry(state: State, given: number | undefined): number {
  const now = state.clock.seconds();
  const at = given ?? now + daySeconds;
  if (at < now + hourSeconds / 2) {
    throw invalidRequest('The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.', {
      param: 'expires_at',
    });
  }
  if (at > now + daySeconds) {
    throw invalidRequest('The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.', {
      param: 'expires_at',
    });
  }
  return at;
}
