/**
 * The wire between the widget and the backend-for-frontend, and nothing else. It imports nothing, so that a host in
 * any language can read it as the reference. Names are camelCase, times ISO 8601 in UTC, money an integer of Stripe's
 * minor units beside its currency. `/v1` only grows: a reader ignores fields, states and actions it does not know.
 */

/** An amount in Stripe's minor units: `{ amount: 2900, currency: 'usd' }` is $29.00, `{ amount: 2900, currency: 'jpy' }` is ¥2,900. */
export interface Money {
  readonly amount: number;
  /** ISO 4217, lower case, as Stripe spells it. */
  readonly currency: string;
}

/** From calm to urgent; an account shows the worst of its subscriptions' states. */
export type BillingState =
  | 'unknown'
  | 'none'
  | 'ended'
  | 'active'
  | 'trialing'
  | 'ending'
  | 'paused'
  | 'processing'
  | 'incomplete'
  | 'actionRequired'
  | 'pastDue'
  | 'restricted';

export type Interval = 'day' | 'week' | 'month' | 'year';

/** The product and its price. The price is the list price × quantity: the next invoice's amount is known only from an invoice. */
export interface Plan {
  /** The product's name at Stripe; `null` while the catalogue has not told it yet. Never "free" for an unknown price. */
  readonly name: string | null;
  readonly price: Money | null;
  readonly interval: Interval | null;
  readonly intervalCount: number;
  readonly quantity: number | null;
  /** A coupon lowers the price that is shown. */
  readonly discounted: boolean;
  /** Tax is added on top of the price that is shown. */
  readonly taxExcluded: boolean;
  /** Usage is billed afterwards, so no fixed price can be shown. */
  readonly metered: boolean;
  /** How many further items the subscription has. */
  readonly otherItems: number;
  /** The terms of the coupon. Absent where they cannot be said of one price, and from older servers. */
  readonly discount?: Discount;
  /** One of what `quantity` counts, as Stripe's catalogue names it: "seat". Absent where it does not. */
  readonly unit?: string;
  /**
   * All fixed prices of the subscription together, and what coupons make of them. Absent of a single item, where currency
   * or interval differ, where an amount is not known, and from older servers.
   */
  readonly total?: Pick<Plan, 'price' | 'discounted' | 'discount'>;
}

/** A plan’s price with a coupon, beside the list price. */
export interface Discount {
  /** The price with it; `null` where the plan has none. */
  readonly price: Money | null;
  /** 20: a fifth less. `null`: an amount, or several coupons together. */
  readonly percentOff: number | null;
  /** So much less; `null` where the plan has no price. */
  readonly amountOff: Money | null;
  /** The list price counts again from then on; `null`: no end is known. */
  readonly until: string | null;
  /** It lowers the next payment alone. */
  readonly once: boolean;
}

/** A change that is already decided and happens at `at`. */
export interface ScheduledChange {
  readonly plan: Plan;
  readonly at: string;
}

/** The open debt of the account, and the state of its payment method. */
export interface Payment {
  /** Open over all unpaid invoices of subscriptions that are not over; `null` when nothing is open. Several currencies: the largest one, and `otherCurrencies` is true. */
  readonly due: Money | null;
  readonly otherCurrencies: boolean;
  /** How many invoices are open, in whatever currency. Absent from older servers. */
  readonly openInvoices?: number;
  /**
   * What the page asks for that the snapshot's `via: 'invoice'` action opens: one invoice, where `due` may be over several.
   * `null` without such a page, absent from a subscription's own summary and from older servers.
   */
  readonly payNow?: Money | null;
  /** When Stripe tries again by itself; `null` when it will not. */
  readonly nextAttemptAt: string | null;
  /** The trouble, if there is any. */
  readonly problem: 'failed' | 'confirmationRequired' | 'methodMissing' | 'overdue' | null;
  /** A default payment method is on file. A new one does not mean that the open invoice was paid. */
  readonly methodOnFile: boolean;
  /**
   * Only of a trial: it ends in nothing, or in a failed charge, unless a payment method is added. `false` also where its
   * first charge asks for nothing. Absent from older servers.
   */
  readonly methodNeeded?: boolean;
  /** The payment method was replaced after the failure, and the invoice is still open. */
  readonly methodReplaced: boolean;
  /** The bank's reason, for tokens with `billing:manage`. Absent where none, or more than one, was given. */
  readonly declineReason?: DeclineReason;
}

/**
 * A bank's reason in the kinds that differ for the payer; `refused` is every other, among them those that Stripe asks not
 * to tell a payer.
 */
export type DeclineReason =
  | 'insufficientFunds'
  | 'limitReached'
  | 'expiredCard'
  | 'detailsWrong'
  | 'notSupported'
  | 'tryLater'
  | 'refused';

/** The method that pays next time, as every billing page prints it. */
export interface PaymentMethod {
  /** "Visa", "SEPA": a name, the same in every language. */
  readonly name: string;
  readonly last4: string | null;
  /** The last month in which it can be charged: `2027-10`. */
  readonly expires: string | null;
  /** It expires within 30 days (or has expired), and before it is charged next. */
  readonly expiresSoon: boolean;
  /** It was declined for all that is owed. Absent where another method, or an unknown one, was tried. */
  readonly declined?: boolean;
  /** The way to change it, where `actions` has none; `null` where the portal does not let people do that. */
  readonly update: Action | null;
}

export interface LastInvoice {
  readonly at: string;
  /** The amount that it asked for, paid or not. */
  readonly amount: Money;
  /** A written-off invoice is still open to be paid. */
  readonly state: 'open' | 'paid';
  /** The way to its page. Absent from older servers. */
  readonly view?: Action;
}

/** The next charge, as Stripe previews it: after discounts, tax and credit. */
export interface NextPayment {
  readonly at: string;
  readonly amount: Money;
  /** Usage until then is added, so that it may be more. */
  readonly estimated: boolean;
}

export type AccessLevel = 'full' | 'readOnly' | 'none' | 'unknown';

/** May this account use the product? Decided by the same judge as the snapshot. */
export interface Access {
  readonly level: AccessLevel;
  /** The state the level follows from. */
  readonly reason: BillingState;
  /** When the level will narrow by itself, as far as it is known now. */
  readonly until: string | null;
  /** The level from then on. Absent where the host's policy does not say it, and from older servers. */
  readonly after?: AccessLevel;
  /** Since when it is narrowed for a debt. Absent likewise. */
  readonly since?: string;
}

export type PortalFlow = 'payment_method_update' | 'subscription_cancel' | 'subscription_update' | 'subscription_pause';

/** The purpose of an action; the widget has words for each, and shows an unknown one as "manage". */
export type Purpose =
  | 'manage'
  | 'updateCard'
  | 'addCard'
  | 'payNow'
  | 'confirmPayment'
  | 'finishPayment'
  | 'keepPlan'
  | 'subscribe'
  | 'subscribeAgain'
  | 'upgrade'
  | 'resume'
  | 'viewInvoice';

/** One way out. Each is exactly one of: a portal flow, Checkout, an invoice page, a link of the host. The first is primary. */
export type Action = { readonly purpose: Purpose } & (
  | { readonly via: 'portal'; readonly flow: PortalFlow | null }
  | { readonly via: 'checkout'; readonly offer: string }
  /** The one that is to be paid, or the one of the `lastInvoice`. */
  | { readonly via: 'invoice'; readonly invoice?: 'last' }
  | { readonly via: 'link'; readonly url: string }
);

/** A plan that may be bought now, named and priced by Stripe's catalogue. */
export interface Offer {
  /** The host's own id for it; goes into `CheckoutSessionRequest.offer`. */
  readonly id: string;
  readonly plan: Plan;
  /** Days of trial before the first charge. Absent where there is none, as for a customer that had one. */
  readonly trialDays?: number;
  /** The host's own words for it, in the language of its pages. */
  readonly description?: string;
  /** Its contents, a few words each. */
  readonly features?: readonly string[];
  /** The host would choose this one. */
  readonly recommended?: true;
  /** So much less than the same product by the month, in whole per cent. */
  readonly savesPercent?: number;
}

/** One subscription of several under the account's headline. */
export interface SubscriptionSummary {
  /** Opaque and stable, for lists; not a Stripe id. */
  readonly key: string;
  readonly state: BillingState;
  readonly plan: Plan | null;
  readonly next: ScheduledChange | null;
  readonly renewsAt: string | null;
  readonly endsAt: string | null;
  readonly endedAt: string | null;
  readonly trialEndsAt: string | null;
  readonly resumesAt: string | null;
  readonly graceEndsAt: string | null;
  /** Of `incomplete`: Stripe gives the first payment up then. Absent from older servers. */
  readonly finishBy?: string;
  readonly payment: Payment;
}

/** The occasion on which the BFF fetched the newest facts. */
export type ConfirmedBy = 'webhook' | 'return' | 'link' | 'time' | 'check' | 'sweep' | 'reconcile';

/** Facts from Stripe as judged now under the host's policy: one document, all that the widget may know. */
export interface BillingSnapshot {
  /** `epoch.counter`: the counter rises with every change of the account's facts; another epoch is another ledger. */
  readonly revision: string;
  /** When the facts were fetched from Stripe; `null` while they never were. */
  readonly asOf: string | null;
  readonly confirmedBy: ConfirmedBy | null;
  /** Stripe has said that something changed, or a moment has passed, and the BFF has not been able to look yet. */
  readonly stale: boolean;
  readonly state: BillingState;
  /** The state's own plan: the one of the subscription the headline speaks about. */
  readonly plan: Plan | null;
  /** The host's name for having no subscription ("Free"). */
  readonly freePlanName: string | null;
  readonly next: ScheduledChange | null;
  readonly renewsAt: string | null;
  readonly endsAt: string | null;
  readonly endedAt: string | null;
  readonly trialEndsAt: string | null;
  readonly resumesAt: string | null;
  readonly graceEndsAt: string | null;
  /** Of `incomplete`: Stripe gives the first payment up then. Absent from older servers. */
  readonly finishBy?: string;
  readonly payment: Payment;
  readonly access: Access;
  /** Empty for a token without `billing:manage`. */
  readonly actions: readonly Action[];
  /** This token may open the portal, Checkout and invoices. */
  readonly mayManage: boolean;
  readonly offers: readonly Offer[];
  readonly subscriptions: readonly SubscriptionSummary[];
  /** Of the headline's subscription, for tokens with `billing:manage`. Absent where it is not known. */
  readonly paymentMethod?: PaymentMethod;
  /** The same. */
  readonly lastInvoice?: LastInvoice;
  /** The same. Absent where nothing is charged next, or where Stripe does not say. */
  readonly nextPayment?: NextPayment;
  /**
   * The next payment is being asked for at Stripe: a read with `Prefer: wait` is answered when it is known. A kept one may
   * stand beside it.
   */
  readonly nextPaymentAwaited?: true;
}

/** `POST /v1/portal-sessions` */
export interface PortalSessionRequest {
  readonly flow?: PortalFlow;
  /** The `key` of the subscription that the flow is about. Default: the only one there is. */
  readonly subscription?: string;
  /** Where "back" leads, on one of the host's origins. Default: the host's configured one. */
  readonly returnUrl?: string;
  /**
   * Where a completed flow leads, on one of the host's origins. Default: where "back" leads; after a card update while
   * something is to be paid, the portal's home, where it can be. Without a flow there is nothing to complete.
   */
  readonly completionUrl?: string;
  /** The page's language, as BCP 47. Default: the customer's or the browser's. */
  readonly locale?: string;
  /** The revision the page showed at the click: the baseline for "since you left". */
  readonly seen: string | null;
}

/** `POST /v1/checkout-sessions` */
export interface CheckoutSessionRequest {
  /** The id of one of the snapshot's offers. */
  readonly offer: string;
  readonly returnUrl?: string;
  /** BCP 47. Default: the browser's, as Stripe sees it. */
  readonly locale?: string;
  readonly seen: string | null;
}

/** `POST /v1/invoice-sessions` */
export interface InvoiceSessionRequest {
  /** The `lastInvoice` of the snapshot. Default: the one that is to be paid. */
  readonly invoice?: 'last';
  readonly seen: string | null;
}

/** The answer to opening the portal, Checkout or an invoice page. The address is a key: it is followed at once and never kept. */
export interface OpenedVisit {
  readonly url: string;
  /** The visit's id, for `POST /v1/visits/return`. */
  readonly visit: string;
}

/** `POST /v1/visits/return` */
export interface VisitReturnRequest {
  readonly visit: string;
}

/** One difference since the person left, in terms that a person knows. */
export type Change =
  | { readonly kind: 'plan'; readonly from: string | null; readonly to: string | null }
  | { readonly kind: 'price'; readonly from: Money | null; readonly to: Money | null }
  | { readonly kind: 'quantity'; readonly from: number; readonly to: number }
  | { readonly kind: 'started'; readonly plan: string | null }
  | { readonly kind: 'ends'; readonly at: string | null }
  | { readonly kind: 'keeps' }
  | { readonly kind: 'ended' }
  | { readonly kind: 'paused' }
  | { readonly kind: 'resumed' }
  | { readonly kind: 'scheduled'; readonly plan: string | null; readonly at: string }
  | { readonly kind: 'paid'; readonly paid: Money }
  /** At once, for what was bought or changed. */
  | { readonly kind: 'charged'; readonly paid: Money }
  | { readonly kind: 'paymentFailed' }
  | { readonly kind: 'paymentMethod' }
  | { readonly kind: 'billingDetails' };

/**
 * How a visit ended. `unchanged` is provisional: the BFF looks again after 5 s and 30 s, and the same request answers
 * `changed` if something turned up within 10 minutes. `pending` is honest: Stripe has not been reached yet.
 */
export interface VisitReturn {
  readonly outcome: 'changed' | 'unchanged' | 'pending';
  readonly changes: readonly Change[];
  readonly snapshot: BillingSnapshot;
}

/** One thing that a subscription pays for, as a host's backend reads it. */
export interface AccessItem {
  /** The host's own key for it, from its `plans`: stable under any renaming. Else the price's lookup key; else `null`. */
  readonly plan: string | null;
  /** Stripe's id of the product. */
  readonly product: string;
  /** Stripe's id of the price. */
  readonly price: string;
  readonly lookupKey: string | null;
  /** `null` where usage is metered. */
  readonly quantity: number | null;
  /** The entries that the host asked for by name (`metadata`): the price's word stands before its product's. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A subscription that is not over, as a host's backend reads it. */
export interface AccessPlan {
  /** Opaque and stable: the snapshot's `subscriptions[].key`. */
  readonly key: string;
  readonly state: BillingState;
  /** One of the host's plans. Any other is listed, gives no access, no feature and no seat. */
  readonly listed: boolean;
  /** The access that this subscription alone gives. */
  readonly access: Access;
  /** Of the item that the plan is named by. */
  readonly quantity: number | null;
  readonly items: readonly AccessItem[];
  readonly startedAt: string;
  readonly renewsAt: string | null;
  readonly endsAt: string | null;
  readonly trialEndsAt: string | null;
  readonly resumesAt: string | null;
  readonly graceEndsAt: string | null;
}

/** `POST /v1/upkeep`, for the cron of a server without a background of its own. */
export interface UpkeepAnswer {
  /** No customer waits for a look; `false`: the time was up, or another process was frozen in its middle. The next call goes on. */
  readonly done: boolean;
  /** Customers that wait for a look, those that are tried again later included. */
  readonly stale: number;
  /** Notices that the host has not taken yet. */
  readonly notices: number;
}

/**
 * `GET /v1/access`, for host backends: may the account use the product, what did it buy, and how fresh is that. Only a token
 * of the scope `access` reads it: it holds ids of Stripe's, which no page sees.
 */
export interface AccessAnswer extends Access {
  readonly account: string;
  readonly state: BillingState;
  readonly revision: string;
  readonly asOf: string | null;
  readonly stale: boolean;
  readonly confirmedBy: ConfirmedBy | null;
  /** Every subscription that is not over, the most urgent first. */
  readonly plans: readonly AccessPlan[];
  /** Of the listed plans whose access is not `none`: the host's own, and Stripe's entitlements where it asked for them. Sorted. */
  readonly features: readonly string[];
  /** Paid for by the same plans; `null` where nothing counts seats. */
  readonly seats: number | null;
}

/** Every error's `code`. Stable: branch on it, never on `title` or `detail`. */
export type ProblemCode =
  | 'token_missing'
  | 'token_malformed'
  | 'token_invalid'
  | 'token_expired'
  | 'token_issuer_unknown'
  | 'token_audience_wrong'
  | 'token_keys_unavailable'
  | 'scope_missing'
  | 'origin_not_allowed'
  | 'return_url_not_allowed'
  | 'body_too_large'
  | 'body_malformed'
  | 'body_consumed'
  | 'field_invalid'
  | 'no_customer'
  | 'no_open_invoice'
  | 'subscription_exists'
  | 'checkout_busy'
  | 'offer_unavailable'
  | 'visit_not_found'
  | 'introduction_refused'
  | 'portal_not_configured'
  | 'portal_flow_unavailable'
  | 'stripe_customer_missing'
  | 'stripe_unavailable'
  | 'stripe_rate_limited'
  | 'stripe_rejected'
  | 'webhook_signature_invalid'
  | 'webhook_livemode_mismatch'
  | 'store_unavailable'
  | 'rate_limited'
  | 'not_found'
  | 'method_not_allowed'
  | 'stopping'
  | 'internal';

/** RFC 9457, `application/problem+json`. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ProblemCode;
  /** Which field of the request is meant, for `field_invalid`. */
  readonly field?: string;
}
