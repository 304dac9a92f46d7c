/** The parameters of a new Checkout session. */

import { currencyCode, emailAddress, integerFrom, positive, returnAddress } from '../http/bounds.ts';
import {
  emptyable,
  flag,
  hash,
  integer,
  list,
  metadata,
  only,
  required,
  text,
  textUpTo,
  union,
  unsupported,
  type Read,
} from '../http/params.ts';
import type { CheckoutOrder, CheckoutSession } from '../state/wire.ts';
import { address } from './address.ts';
import { linePriceData } from './inline-prices.ts';
import { automaticTax } from './subscription-fields.ts';

const notYet = {
  after_expiration: unsupported,
  custom_fields: unsupported,
  invoice_creation: hash({ enabled: unsupported }),
  optional_items: unsupported,
  return_url: unsupported,
  shipping_address_collection: unsupported,
  shipping_options: unsupported,
};

const words = emptyable(hash({ message: required(textUpTo(1200)) }));
const bound = integerFrom({ min: 0, max: 999_999 });
const methodTypes = list(only('card', 'sepa_debit'));
const paymentData = hash({
  description: text,
  metadata,
  receipt_email: emailAddress,
  setup_future_usage: union<'off_session' | 'on_session'>(),
  shipping: hash({
    address: required(address),
    carrier: text,
    name: required(text),
    phone: text,
    tracking_number: text,
  }),
  statement_descriptor: text,
  statement_descriptor_suffix: text,
});

export const checkoutFields = {
  ...notYet,
  allow_promotion_codes: flag,
  allowed_payment_method_types: methodTypes,
  automatic_tax: automaticTax,
  billing_address_collection: union<NonNullable<CheckoutSession['billing_address_collection']>>(),
  cancel_url: returnAddress,
  client_reference_id: textUpTo(200),
  consent_collection: hash({
    promotions: union<'auto' | 'none'>(),
    terms_of_service: union<'none' | 'required'>(),
  }),
  currency: currencyCode,
  custom_text: hash({ after_submit: words, submit: words, terms_of_service_acceptance: words }),
  customer: text,
  customer_account: text,
  customer_creation: union<NonNullable<CheckoutSession['customer_creation']>>(),
  customer_email: emailAddress,
  customer_update: hash({
    address: union<'auto' | 'never'>(),
    name: union<'auto' | 'never'>(),
    shipping: union<'auto' | 'never'>(),
  }),
  discounts: list(hash({ coupon: text, promotion_code: text })),
  expires_at: integer,
  line_items: list(
    hash({
      adjustable_quantity: hash({ enabled: required(flag), maximum: bound, minimum: bound }),
      metadata,
      price: text,
      price_data: linePriceData,
      quantity: positive,
      tax_rates: list(text),
    }),
  ),
  locale: union<NonNullable<CheckoutSession['locale']>>(),
  metadata,
  mode: required(union<CheckoutSession['mode']>()),
  payment_intent_data: paymentData,
  // Of older versions: `allowed_payment_method_types` is what became of it.
  payment_method_types: methodTypes,
  payment_method_collection: union<NonNullable<CheckoutSession['payment_method_collection']>>(),
  phone_number_collection: hash({ enabled: required(flag) }),
  setup_intent_data: hash({ description: text, metadata }),
  subscription_data: hash({
    billing_mode: hash({ type: required(union<'classic' | 'flexible'>()) }),
    default_tax_rates: list(text),
    description: textUpTo(500),
    metadata,
    trial_end: integer,
    trial_period_days: integerFrom({ min: 1, max: 730 }),
    trial_settings: hash({
      end_behavior: required(
        hash({ missing_payment_method: required(union<CheckoutOrder['missingPaymentMethod']>()) }),
      ),
    }),
  }),
  submit_type: union<NonNullable<CheckoutSession['submit_type']>>(),
  success_url: returnAddress,
  tax_id_collection: hash({ enabled: required(flag), required: union<'if_supported' | 'never'>() }),
  ui_mode: only('hosted_page'),
};

export type Params = Read<typeof checkoutFields>;
