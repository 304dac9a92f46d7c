/**
 * Stripe's own types, as the sandbox keeps them: what the SDK declares as `string | Customer` is stored as the id, and
 * only expanded when a request asks for it. The compiler so holds every object here to the shape of the real one.
 */

import type { Stripe } from 'stripe';

type Decimal = NonNullable<Stripe.Price['unit_amount_decimal']>;

/** A field that may be an id or an object is kept as the id. */
type StoredField<F> = [Extract<F, string>] extends [never]
  ? Stored<F>
  : [Extract<F, { object: string }>] extends [never]
    ? Stored<F>
    : Exclude<F, { object: string }>;

/** `T` as it travels: ids instead of expandable objects, decimals as strings. */
export type Stored<T> = T extends Decimal
  ? string
  : T extends string
    ? T
    : T extends readonly (infer E)[]
      ? StoredField<E>[]
      : T extends object
        ? { [K in keyof T]: StoredField<T[K]> }
        : T;

export type Customer = Stored<Stripe.Customer>;
export type Product = Stored<Stripe.Product>;
export type Price = Stored<Stripe.Price>;
export type Plan = Stored<Stripe.Plan>;
export type PaymentMethod = Stored<Stripe.PaymentMethod>;
export type SubscriptionItem = Stored<Stripe.SubscriptionItem>;
/** OBJ-2: Stripe still answers `plan` and `quantity` at the top of a subscription with one item. */
export type Subscription = Stored<Stripe.Subscription> & { plan: Plan | null; quantity: number | null };
export type SubscriptionSchedule = Stored<Stripe.SubscriptionSchedule>;
export type CheckoutSession = Stored<Stripe.Checkout.Session>;
export type CheckoutLineItem = Stored<Stripe.LineItem>;
export type InvoiceItem = Stored<Stripe.InvoiceItem>;
/** The SDK still declares `subscription` on a line; no recorded answer has it (OBJ-1), so neither has ours. */
export type InvoiceLineItem = Omit<Stored<Stripe.InvoiceLineItem>, 'subscription'>;
export type Invoice = Omit<Stored<Stripe.Invoice>, 'lines'> & { lines: List<InvoiceLineItem> };
export type InvoicePayment = Stored<Stripe.InvoicePayment>;
export type PaymentIntent = Stored<Stripe.PaymentIntent>;
export type SetupIntent = Stored<Stripe.SetupIntent>;
export type Charge = Stored<Stripe.Charge>;
export type PortalConfiguration = Stored<Stripe.BillingPortal.Configuration>;
export type PortalSession = Stored<Stripe.BillingPortal.Session>;
export type WebhookEndpoint = Stored<Stripe.WebhookEndpoint>;
export type Coupon = Stored<Stripe.Coupon>;
export type PromotionCode = Stored<Stripe.PromotionCode>;
export type Discount = Stored<Stripe.Discount>;
export type TaxRate = Stored<Stripe.TaxRate>;
export type TaxId = Stored<Stripe.TaxId>;
export type BalanceTransaction = Stored<Stripe.CustomerBalanceTransaction>;
export type Feature = Stored<Stripe.Entitlements.Feature>;
export type ProductFeature = Stored<Stripe.ProductFeature>;
export type ActiveEntitlement = Stored<Stripe.Entitlements.ActiveEntitlement>;
export type Meter = Stored<Stripe.Billing.Meter>;
export type Dispute = Omit<Stored<Stripe.Dispute>, 'balance_transactions'> & {
  balance_transactions: BankTransaction[];
};
/** A movement of the account's own money. */
export type BankTransaction = Stored<Stripe.BalanceTransaction>;
export type Balance = Stored<Stripe.Balance>;
export type Refund = Stored<Stripe.Refund>;
export type TestClock = Stored<Stripe.TestHelpers.TestClock>;
export type CardSource = Stored<Stripe.Card>;
export type EventType = Stripe.Event.Type;

/** An event as stored: the object it carries is a copy of the moment it happened. */
export interface SandboxEvent {
  readonly id: string;
  readonly object: 'event';
  readonly api_version: string;
  readonly created: number;
  data: { object: Record<string, unknown>; previous_attributes?: Record<string, unknown> };
  readonly livemode: false;
  pending_webhooks: number;
  readonly request: { id: string | null; idempotency_key: string | null };
  type: EventType;
}

export interface List<T> {
  readonly object: 'list';
  data: T[];
  readonly has_more: boolean;
  readonly url: string;
  readonly total_count?: number;
}

/** The behaviour of a card or bank account when it is attached and when it is charged. */
export type CardBehaviour =
  | 'works'
  | 'failsOnCharge'
  | 'needsAuthentication'
  | 'declined'
  | 'insufficientFunds'
  | 'expiredCard'
  | 'incorrectCvc'
  | 'processingError'
  | 'lostCard'
  | 'stolenCard'
  | 'disputed'
  | 'notReceived'
  | 'inquired'
  | 'availableAtOnce'
  | 'settlesLater'
  | 'bouncesLater';

/** The customer's entries beside a card. */
export interface Collected {
  readonly address?: Customer['address'];
  readonly businessName?: string;
  readonly name?: string;
  readonly taxId?: Pick<TaxId, 'type' | 'value'>;
  readonly acceptsTerms?: boolean;
  readonly wantsPromotions?: boolean;
}

/** The order of a session; kept beside it, because Stripe shows only some of it, and that only when asked. */
export interface CheckoutOrder {
  readonly items: {
    price: Price;
    quantity: number;
    line: CheckoutLineItem;
    /** Within which the customer may choose; `null` where the quantity is fixed. */
    adjustable: { minimum: number; maximum: number } | null;
    taxRates: TaxRate[];
  }[];
  readonly defaultTaxRates: TaxRate[];
  readonly billingMode: 'classic' | 'flexible';
  /** The entries that are kept on the customer (`customer_update`). */
  readonly keeps: { address: boolean; name: boolean };
  readonly trial: { days: number } | { end: number } | null;
  readonly missingPaymentMethod: 'create_invoice' | 'cancel' | 'pause';
  readonly description: string | null;
  readonly metadata: Record<string, string>;
  /** Fields that the session's payment or set-up intent is given. */
  readonly intent: Partial<
    Pick<
      PaymentIntent,
      | 'description'
      | 'receipt_email'
      | 'setup_future_usage'
      | 'shipping'
      | 'statement_descriptor'
      | 'statement_descriptor_suffix'
    >
  > & { readonly metadata: Record<string, string> };
  /** The card that waits for its bank, by number. */
  confirming: string | null;
  /** The entries made before the bank was asked. */
  collected?: Collected;
}

/** One item's change: an `id` that is there already, or a new item's price. */
export interface ItemChange {
  readonly id?: string;
  readonly price?: Price;
  readonly quantity?: number;
  deleted?: boolean;
  readonly metadata?: Record<string, string>;
}

/** A change that waits for the payment of an invoice (SUB-16). */
export interface PendingChange {
  readonly invoice: string;
  changes: ItemChange[];
}

/** An item's time as it was billed: on a line of an invoice, or on an item that waits for one. */
export interface Debit {
  /** Of the invoice item where there is one, else of the line. */
  readonly id: string;
  /** `null` while it waits. */
  readonly line: { readonly id: string; readonly invoice: string } | null;
  /** After discounts. */
  readonly amount: number;
  readonly period: { readonly start: number; readonly end: number };
}
