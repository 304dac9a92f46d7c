/**
 * Everything the sandbox's Stripe account holds, in memory. All changes go through `insert`, `update` and `remove`, so that
 * no change can forget its event.
 */

import type { Clock } from './clock.ts';
import type { CardBehaviour } from './engine/cards.ts';
import { createEventLog, previousAttributes, type EventLog } from './events.ts';
import { createIds, type Ids } from './ids.ts';
import type { Settings } from './settings.ts';
import type {
  Charge,
  Customer,
  EventType,
  Invoice,
  InvoiceItem,
  InvoicePayment,
  PaymentIntent,
  PaymentMethod,
  PortalConfiguration,
  PortalSession,
  Price,
  Product,
  SetupIntent,
  Subscription,
  WebhookEndpoint,
} from './wire.ts';

export interface Resource {
  id: string;
  object: string;
}

/** One kind of object, by id, remembering the order of creation. */
export class Collection<T extends Resource> {
  readonly #rows = new Map<string, T>();

  add(row: T): void {
    this.#rows.set(row.id, row);
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
  /** Newest first, as every list of Stripe's. */
  list(keep: (row: T) => boolean = () => true): T[] {
    return [...this.#rows.values()].filter(keep).toReversed();
  }
}

export interface State {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly events: EventLog;
  readonly settings: Settings;
  /** The origin that hosted pages are reached at. */
  origin(): string;

  readonly products: Collection<Product>;
  readonly prices: Collection<Price>;
  readonly customers: Collection<Customer>;
  readonly deletedCustomers: Set<string>;
  readonly paymentMethods: Collection<PaymentMethod>;
  readonly subscriptions: Collection<Subscription>;
  readonly invoices: Collection<Invoice>;
  readonly invoiceItems: Collection<InvoiceItem>;
  readonly invoicePayments: Collection<InvoicePayment>;
  readonly paymentIntents: Collection<PaymentIntent>;
  readonly setupIntents: Collection<SetupIntent>;
  readonly charges: Collection<Charge>;
  readonly portalConfigurations: Collection<PortalConfiguration>;
  readonly portalSessions: Collection<PortalSession>;
  readonly webhookEndpoints: Collection<WebhookEndpoint>;

  /** When the first automatic charge of an invoice failed (Unix seconds): the retry schedule counts from there. */
  readonly firstFailures: Map<string, number>;
  /** When each opened portal session was last used (Unix seconds). */
  readonly portalVisits: Map<string, number>;
  /** Portal sessions whose flow has been completed: from then on their address is the portal's home. */
  readonly finishedFlows: Set<string>;
  /** How the next charges go, whatever the card: the first entry decides the next charge, and is used up. */
  readonly nextCharges: CardBehaviour[];

  /** How many enabled endpoints want this type of event. */
  webhooksFor(type: EventType): number;
  /** The object with this id, of whatever kind; what `expand[]` follows. */
  find(id: string): Resource | undefined;
  /** Emits what a change made of `object`, unless nothing changed. Answers whether anything did. */
  update<T extends Resource>(object: T, change: (object: T) => void, type?: EventType): boolean;
  emit(type: EventType, object: Resource): void;
}

/** How the types of `*.updated` events begin, where that is not the object's own name. */
const EVENT_SUBJECT: Record<string, string> = {
  subscription: 'customer.subscription',
  'billing_portal.configuration': 'billing_portal.configuration',
};

/** Whether an endpoint is to be told of this type of event. */
export const wants = (endpoint: WebhookEndpoint, type: EventType): boolean =>
  endpoint.status === 'enabled' && (endpoint.enabled_events.includes('*') || endpoint.enabled_events.includes(type));

export function createState(options: { clock: Clock; seed: number; settings: Settings; origin: () => string }): State {
  const ids = createIds(options.seed);
  const events = createEventLog(options.clock, ids);
  const kinds = {
    products: new Collection<Product>(),
    prices: new Collection<Price>(),
    customers: new Collection<Customer>(),
    paymentMethods: new Collection<PaymentMethod>(),
    subscriptions: new Collection<Subscription>(),
    invoices: new Collection<Invoice>(),
    invoiceItems: new Collection<InvoiceItem>(),
    invoicePayments: new Collection<InvoicePayment>(),
    paymentIntents: new Collection<PaymentIntent>(),
    setupIntents: new Collection<SetupIntent>(),
    charges: new Collection<Charge>(),
    portalConfigurations: new Collection<PortalConfiguration>(),
    portalSessions: new Collection<PortalSession>(),
    webhookEndpoints: new Collection<WebhookEndpoint>(),
  };

  return {
    clock: options.clock,
    ids,
    events,
    settings: options.settings,
    origin: options.origin,
    deletedCustomers: new Set(),
    firstFailures: new Map(),
    portalVisits: new Map(),
    finishedFlows: new Set(),
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
      const subject = EVENT_SUBJECT[object.object] ?? object.object;
      events.emit(type ?? (`${subject}.updated` as EventType), object, changed);
      return true;
    },
    emit: (type, object) => events.emit(type, object),
  };
}
