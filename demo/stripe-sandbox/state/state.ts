/**
 * Everything the sandbox's Stripe account holds, in memory. All changes go through `insert`, `update` and `remove`, so that
 * no change can forget its event.
 */

import type { Clock } from './clock.ts';
import { createEventLog, previousAttributes, type EventLog } from './events.ts';
import { createIds, type Ids } from './ids.ts';
import type { Settings } from './settings.ts';
import type {
  ActiveEntitlement,
  BalanceTransaction,
  CardBehaviour,
  Charge,
  CheckoutOrder,
  CheckoutSession,
  Coupon,
  Customer,
  Debit,
  Discount,
  Dispute,
  EventType,
  Feature,
  Invoice,
  InvoiceItem,
  InvoicePayment,
  Meter,
  PaymentIntent,
  PaymentMethod,
  PendingChange,
  PortalConfiguration,
  PortalSession,
  Price,
  Product,
  ProductFeature,
  PromotionCode,
  Refund,
  SetupIntent,
  Subscription,
  SubscriptionSchedule,
  TaxId,
  TaxRate,
  TestClock,
  WebhookEndpoint,
} from './wire.ts';

export interface Resource {
  readonly id: string;
  readonly object: string;
}

/** One kind of object, by id, remembering the order of creation. */
export class Collection<T extends Resource> {
  readonly #rows = new Map<string, T>();
  readonly #owned = new Map<string, T[]>();
  readonly #ownerOf: (row: T) => string | null | undefined;
  #added: (row: T) => void = () => undefined;

  /** @param ownerOf - the owner of a row, which never changes: `of` finds by it without a search */
  constructor(ownerOf: (row: T) => string | null | undefined = () => undefined) {
    this.#ownerOf = ownerOf;
  }

  onAdd(listener: (row: T) => void): void {
    this.#added = listener;
  }
  add(row: T): void {
    this.#rows.set(row.id, row);
    const owner = this.#ownerOf(row);
    if (owner != null) {
      const others = this.#owned.get(owner);
      if (others) others.push(row);
      else this.#owned.set(owner, [row]);
    }
    this.#added(row);
  }
  get(id: string): T | undefined {
    return this.#rows.get(id);
  }
  delete(id: string): void {
    this.#rows.delete(id);
  }
  values(): IterableIterator<T> {
    return this.#rows.values();
  }
  /** The rows of `owner`, newest first. */
  of(owner: string | null, keep: (row: T) => boolean = () => true): T[] {
    return (owner === null ? [] : (this.#owned.get(owner) ?? []))
      .filter((row) => this.#rows.has(row.id) && keep(row))
      .toReversed();
  }
  /** As `list`, of one owner where one is given. */
  listOf(owner: string | undefined, keep: (row: T) => boolean): T[] {
    return owner === undefined ? this.list(keep) : this.of(owner, keep);
  }
  /** Newest first, as every list of Stripe's. */
  list(keep: (row: T) => boolean = () => true): T[] {
    return [...this.#rows.values()].filter(keep).toReversed();
  }
}

export interface State {
  readonly clock: Clock;
  readonly ids: Ids;
  /** The id of the account whose books these are. */
  readonly account: string;
  readonly events: EventLog;
  readonly settings: Settings;
  /** The origin that hosted pages are reached at. */
  origin(): string;

  readonly products: Collection<Product>;
  readonly prices: Collection<Price>;
  readonly customers: Collection<Customer>;
  readonly deletedCustomers: Set<string>;
  /** Methods that were detached, and so belong to no customer any more. */
  readonly usedMethods: Set<string>;
  readonly paymentMethods: Collection<PaymentMethod>;
  readonly subscriptions: Collection<Subscription>;
  readonly schedules: Collection<SubscriptionSchedule>;
  readonly checkoutSessions: Collection<CheckoutSession>;
  readonly invoices: Collection<Invoice>;
  readonly invoiceItems: Collection<InvoiceItem>;
  readonly invoicePayments: Collection<InvoicePayment>;
  readonly paymentIntents: Collection<PaymentIntent>;
  readonly setupIntents: Collection<SetupIntent>;
  readonly charges: Collection<Charge>;
  readonly portalConfigurations: Collection<PortalConfiguration>;
  readonly portalSessions: Collection<PortalSession>;
  readonly webhookEndpoints: Collection<WebhookEndpoint>;
  readonly coupons: Collection<Coupon>;
  readonly promotionCodes: Collection<PromotionCode>;
  readonly discounts: Collection<Discount>;
  readonly taxRates: Collection<TaxRate>;
  readonly taxIds: Collection<TaxId>;
  readonly balanceTransactions: Collection<BalanceTransaction>;
  readonly features: Collection<Feature>;
  readonly meters: Collection<Meter>;
  readonly refunds: Collection<Refund>;
  readonly disputes: Collection<Dispute>;
  readonly testClocks: Collection<TestClock>;
  /** The reported usage of each meter, oldest first. */
  readonly usage: Map<string, { customer: string; value: number; at: number }[]>;
  /** The features that each product brings. */
  readonly productFeatures: Map<string, ProductFeature[]>;
  /** ENT-1: each customer's entitlements now, newest first. */
  readonly entitlements: Map<string, readonly ActiveEntitlement[]>;

  /** When the first automatic charge of an invoice failed (Unix seconds): the retry schedule counts from there. */
  readonly firstFailures: Map<string, number>;
  /** Sent invoices that were not paid by their day. */
  readonly overdue: Set<string>;
  /** Days until each sent invoice is due, counted from its finalization. */
  readonly daysUntilDue: Map<string, number | null>;
  /** When each opened portal session was last used (Unix seconds). */
  readonly portalVisits: Map<string, number>;
  /** Portal sessions with a completed flow: from then on their address is the portal's home. */
  readonly finishedFlows: Set<string>;
  /** When bank debits under way are decided (Unix seconds), and whether they bounce; by payment intent. */
  readonly debitsUnderWay: Map<string, { decidedAt: number; bounces: boolean }>;
  /** When each payment that was made is told as paid (Unix seconds). */
  readonly paymentsSettling: Map<string, number>;
  /** Changes that wait for their invoice to be paid (SUB-16), by subscription. */
  readonly pendingChanges: Map<string, PendingChange>;
  /** Invoices that resume a paused subscription once they are paid (`resume_on_payment_success`), by subscription. */
  readonly resumptions: Map<string, string>;
  /** The debits that each line and waiting item gives back, by its id. */
  readonly credits: Map<string, readonly Debit[]>;
  /** The orders of Checkout sessions, by session. */
  readonly checkoutOrders: Map<string, CheckoutOrder>;
  /** Charges with their money paid out at once. */
  readonly availableCharges: Set<string>;
  /** How the next charges go, with any card: the first entry decides the next charge, and is used up. */
  readonly nextCharges: CardBehaviour[];

  /** How many enabled endpoints want this type of event. */
  webhooksFor(type: EventType): number;
  /** The object with this id, of any kind: `expand[]` follows it. */
  find(id: string): Resource | undefined;
  /** Emits the changed `object`, unless nothing changed. Answers whether anything did. */
  update<T extends Resource>(object: T, change: (object: T) => void, type?: EventType): boolean;
  emit(type: EventType, object: Resource): void;
  /** Says that an object was changed without an event, in a way that may move deadlines. */
  touch(object: Resource): void;
  /** Hears of every object that was added, changed, told of or touched. */
  onTouch(listener: (object: Resource) => void): void;
  /** Hears of every invoice that was paid, after its subscription has recovered. */
  onInvoicePaid(listener: (invoice: Invoice) => void): void;
  tellInvoicePaid(invoice: Invoice): void;
}

/** How the types of `*.updated` events begin, where that is not the object's own name. */
const eventSubjects: Record<string, string> = {
  subscription: 'customer.subscription',
  'billing_portal.configuration': 'billing_portal.configuration',
};

/** Whether an endpoint is to be told of this type of event. */
export const wants = (endpoint: WebhookEndpoint, type: EventType): boolean =>
  endpoint.status === 'enabled' && (endpoint.enabled_events.includes('*') || endpoint.enabled_events.includes(type));

/** A collection for each kind of object, with the owner that its rows are looked up by. */
const emptyKinds = () => ({
  products: new Collection<Product>(),
  prices: new Collection<Price>(),
  customers: new Collection<Customer>(),
  paymentMethods: new Collection<PaymentMethod>(),
  subscriptions: new Collection<Subscription>((row) => row.customer),
  schedules: new Collection<SubscriptionSchedule>((row) => row.customer),
  checkoutSessions: new Collection<CheckoutSession>((row) => row.customer),
  invoices: new Collection<Invoice>((row) => row.customer),
  invoiceItems: new Collection<InvoiceItem>((row) => row.customer),
  invoicePayments: new Collection<InvoicePayment>((row) => row.invoice),
  paymentIntents: new Collection<PaymentIntent>(),
  setupIntents: new Collection<SetupIntent>(),
  charges: new Collection<Charge>(),
  portalConfigurations: new Collection<PortalConfiguration>(),
  portalSessions: new Collection<PortalSession>(),
  webhookEndpoints: new Collection<WebhookEndpoint>(),
  coupons: new Collection<Coupon>(),
  promotionCodes: new Collection<PromotionCode>(),
  discounts: new Collection<Discount>((row) => row.customer),
  taxRates: new Collection<TaxRate>(),
  taxIds: new Collection<TaxId>((row) => row.customer),
  balanceTransactions: new Collection<BalanceTransaction>((row) => row.customer),
  features: new Collection<Feature>(),
  meters: new Collection<Meter>(),
  refunds: new Collection<Refund>((row) => row.charge),
  disputes: new Collection<Dispute>((row) => row.charge),
  testClocks: new Collection<TestClock>(),
});

export function createState(options: {
  clock: Clock;
  seed: number;
  account: string;
  settings: Settings;
  origin: () => string;
}): State {
  const ids = createIds(options.seed);
  const events = createEventLog(options.clock, ids);
  const kinds = emptyKinds();

  const listeners: ((object: Resource) => void)[] = [];
  const paidListeners: ((invoice: Invoice) => void)[] = [];
  const touch = (object: Resource): void => {
    for (const listener of listeners) listener(object);
  };
  for (const kind of Object.values(kinds)) kind.onAdd(touch);

  return {
    clock: options.clock,
    ids,
    account: options.account,
    events,
    settings: options.settings,
    origin: options.origin,
    deletedCustomers: new Set(),
    usedMethods: new Set(),
    productFeatures: new Map(),
    usage: new Map(),
    entitlements: new Map(),
    firstFailures: new Map(),
    overdue: new Set(),
    daysUntilDue: new Map(),
    portalVisits: new Map(),
    finishedFlows: new Set(),
    debitsUnderWay: new Map(),
    paymentsSettling: new Map(),
    pendingChanges: new Map(),
    resumptions: new Map(),
    credits: new Map(),
    checkoutOrders: new Map(),
    availableCharges: new Set(),
    nextCharges: [],
    ...kinds,
    webhooksFor: (type) => [...kinds.webhookEndpoints.values()].filter((endpoint) => wants(endpoint, type)).length,
    find(id) {
      for (const kind of Object.values(kinds)) {
        const found = kind.get(id);
        if (found) return found;
      }
      return undefined;
    },
    update(object, change, type) {
      const before = structuredClone(object);
      change(object);
      const changed = previousAttributes(before, object);
      if (Object.keys(changed).length === 0) return false;
      const subject = eventSubjects[object.object] ?? object.object;
      events.emit(type ?? (`${subject}.updated` as EventType), object, changed);
      touch(object);
      return true;
    },
    emit(type, object) {
      events.emit(type, object);
      touch(object);
    },
    touch,
    onTouch: (listener) => void listeners.push(listener),
    onInvoicePaid: (listener) => void paidListeners.push(listener),
    tellInvoicePaid(invoice) {
      for (const listener of paidListeners) listener(invoice);
    },
  };
}
