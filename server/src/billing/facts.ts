/**
 * Stripe's answers, reduced to the parts that are judged and shown. This is all that the ledger keeps of a customer: of a card what
 * every billing page prints (brand, last four digits, expiry), no number, no address, no e-mail. Times are Unix milliseconds. Made by `stripe-facts.ts`, judged by `judge.ts`, compared by
 * `changes.ts`, stored by `store/`.
 */

import type { DeclineReason, Interval } from '@billhook/widget/contract';

/** One customer as fetched in one look. */
export interface CustomerFacts {
  /** Only `deleted: true` from Stripe sets this: a 404 is an error that keeps the facts. */
  readonly deleted: boolean;
  readonly livemode: boolean;
  /** A default payment method stands on the customer. */
  readonly methodOnFile: boolean;
  /** Keyed digest of the customer's default payment method; changes when it is replaced. `null` when there is none. */
  readonly methodDigest: string | null;
  /** Keyed digest of name, e-mail, address, phone and tax ids: tells that they changed, and no more. */
  readonly billingDetailsDigest: string | null;
  /** The one currency that Stripe bills it in. Absent where it is bound to none yet, and in facts of a former version. */
  readonly customerCurrency?: string;
  readonly subscriptions: readonly SubscriptionFacts[];
  /**
   * A trial was had that no subscription of these tells of: by a customer of the account that was deleted since, or in a
   * subscription that Stripe lists no more. Default: false.
   */
  readonly hadFormerTrial?: true;
  /** Lookup keys of Stripe's active entitlements, sorted; only where the host asks for them. */
  readonly entitlements?: readonly string[];
}

/** Stripe's `subscription.status`; a status of the future passes through as it is. */
export type StripeStatus =
  | 'incomplete'
  | 'incomplete_expired'
  | 'trialing'
  | 'active'
  | 'past_due'
  | 'canceled'
  | 'unpaid'
  | 'paused'
  | (string & {});

export interface SubscriptionFacts {
  readonly id: string;
  readonly status: StripeStatus;
  readonly created: number;
  readonly items: readonly ItemFacts[];
  /** From the subscription at older API versions, from the items since 2025-03-31; the main item's when items differ. */
  readonly currentPeriodStart: number | null;
  readonly currentPeriodEnd: number | null;
  readonly cancelAt: number | null;
  readonly cancelAtPeriodEnd: boolean;
  readonly canceledAt: number | null;
  readonly endedAt: number | null;
  /** `cancellation_details.reason`: `cancellation_requested`, `payment_failed`, `payment_disputed`, … */
  readonly cancellationReason: string | null;
  readonly trialEnd: number | null;
  /** A trial that ends without a payment method is canceled or paused, whatever it would cost. Default: false. */
  readonly trialNeedsMethod?: true;
  readonly collectionMethod: 'charge_automatically' | 'send_invoice';
  readonly discounted: boolean;
  /** Its coupons. Absent where there are none, where their terms are not known, and in facts of a former version. */
  readonly discounts?: readonly DiscountFacts[];
  readonly automaticTax: boolean;
  /** `pause_collection`: the status stays what it was. Its behaviour says whether the service goes on (SUB-19). Default: false. */
  readonly pause: { readonly resumesAt: number | null; readonly keepsService?: true } | null;
  /** Status `paused`, and why: by choice, because a trial ended without a card, or because a payment failed. */
  readonly pausedBecause: 'request' | 'trialWithoutMethod' | 'paymentFailed' | null;
  /** The subscription, or else the customer, has a default payment method. */
  readonly methodOnFile: boolean;
  /** Keyed digest of the method that pays this subscription. */
  readonly methodDigest: string | null;
  /** The same method as it is printed. `null`: nothing is known of it. Absent in facts of a former version. */
  readonly method?: MethodFacts | null;
  readonly latestInvoice: InvoiceFacts | null;
  /** All open invoices, oldest first, whatever the status and however the latest one stands (L36). */
  readonly openInvoices: readonly InvoiceFacts[];
  /**
   * Invoices that an earlier look found open, or in the making, and that are not open now: as Stripe showed each of them
   * when it was looked for by its id. Newest finding first, at most twenty. Without it nothing tells whether an invoice that
   * is gone was paid. Absent in facts of a former version, whose open invoices may be incomplete too: fetched again.
   */
  readonly earlierInvoices?: readonly EarlierInvoice[];
  /**
   * When the newest paid invoice was created, where several are open: an older one was open while the
   * subscription was in order, and is no part of the present delinquency. `null` or absent: there is nothing to tell apart.
   */
  readonly newestPaidCreated?: number | null;
  /** The next phase of an attached schedule. */
  readonly next: { readonly at: number; readonly items: readonly ItemFacts[] } | null;
}

/** The terms of a coupon: either a share of what it counts for, or an amount. */
export interface DiscountFacts {
  /** 20 is a fifth. */
  readonly percentOff: number | null;
  /** In minor units. */
  readonly amountOff: number | null;
  /** Of the amount. */
  readonly currency: string | null;
  /** No invoice from then on is lowered; `null`: no end is known. */
  readonly end: number | null;
  /** Only the next invoice is. */
  readonly once: boolean;
  /** It counts for the items with these prices alone. Absent where it counts for all. */
  readonly prices?: readonly string[];
}

/** The details of a payment method that every billing page prints. */
export interface MethodFacts {
  /** A card's brand, or the kind of another method, as Stripe spells it in lower case: `visa`, `sepa_debit`. */
  readonly brand: string;
  readonly last4: string | null;
  /** 1 to 12. */
  readonly expMonth: number | null;
  /** Four digits. */
  readonly expYear: number | null;
}

export interface ItemFacts {
  readonly price: string;
  readonly product: string;
  readonly lookupKey: string | null;
  /** The lookup keys that this price had before, the latest first: each was renamed, or moved to a newer price. */
  readonly formerLookupKeys?: readonly string[];
  /** The latest of them, in facts of a former version. */
  readonly formerLookupKey?: string;
  readonly currency: string;
  /** Minor units for one, possibly fractional; `null` for tiers. */
  readonly unitAmount: number | null;
  readonly interval: Interval | null;
  readonly intervalCount: number;
  readonly quantity: number | null;
  readonly metered: boolean;
  readonly taxExcluded: boolean;
  /** Only where it differs from the subscription's, which is another item's. */
  readonly period?: { readonly start: number | null; readonly end: number };
  /** Of the price: what the host asks for by name; only where there is any. */
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The outcome of an invoice that was open. */
export type EarlierInvoice = Pick<InvoiceFacts, 'id' | 'status' | 'currency' | 'amountPaid' | 'amountRemaining'>;

/** A price as the catalogue keeps it. */
export interface CataloguePrice extends ItemFacts {
  /** The amounts in further currencies, in their minor units; only where there are any. */
  readonly currencyOptions?: Readonly<Record<string, number>>;
  /** Stripe does not sell it any more; its subscribers keep it. */
  readonly archived?: boolean;
}

/** The words of a product in Stripe's catalogue that an offer of it may say. */
export interface ProductWords {
  readonly description: string | null;
  /** Its marketing features. */
  readonly features: readonly string[];
  /** One of them: "seat". */
  readonly unit: string | null;
}

export interface InvoiceFacts {
  readonly id: string;
  readonly status: 'draft' | 'open' | 'paid' | 'uncollectible' | 'void' | (string & {});
  readonly currency: string;
  readonly amountDue: number;
  readonly amountRemaining: number;
  readonly amountPaid: number;
  readonly created: number;
  readonly finalizedAt: number | null;
  readonly dueDate: number | null;
  readonly collectionMethod: 'charge_automatically' | 'send_invoice';
  readonly billingReason: string | null;
  readonly attempted: boolean;
  readonly attemptCount: number;
  readonly nextAttemptAt: number | null;
  /** The earliest failed charge among its payments; fetched once for an open invoice and kept. */
  readonly firstFailedAt: number | null;
  /** How its newest payment stands. */
  readonly payment: 'none' | 'failed' | 'actionRequired' | 'processing' | 'succeeded';
  /** Why it failed, as the bank said. Absent where it did not, and in facts of a former version. */
  readonly declined?: DeclineReason;
  /** Digest of the method that was charged last, to tell a replaced card from the one that failed. */
  readonly triedMethodDigest: string | null;
}

/** The next invoice as Stripe previewed it. */
export interface NextInvoiceFacts {
  /** A preview is of one subscription. */
  readonly subscription: string;
  /** What it will ask for, after discounts, tax and credit. */
  readonly amountDue: number;
  readonly currency: string;
  /** When it will be made. */
  readonly at: number;
}
