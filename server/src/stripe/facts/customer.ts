/**
 * Stripe's objects, of any API version from 2020-08-27 to 2026-10-28, → the facts that are judged. Pure: no clock, no
 * I/O, no code of the `stripe` package. A value that is optional and odd reads as absent, so that one strange item never
 * stops a customer's sync; an object that is asked for by itself must have its identity, or `StripeObjectMalformed` (code
 * `stripe_object_malformed`) is thrown: a customer's `id`, a subscription's `id` and `status`, an open invoice's `id`.
 */

import type { CustomerFacts, InvoiceFacts, SubscriptionFacts } from '../../billing/facts.ts';
import { earlierInvoice } from '../../billing/known-facts.ts';
import {
  billingDetails,
  compare,
  customerMethod,
  digestOfMethods,
  subscriptionMethod,
  type Digest,
} from './digests.ts';
import { discountFacts, isDiscounted } from './discount.ts';
import { invoiceFacts, subscriptionOf, type OpenInvoiceData } from './invoice.ts';
import { idOf, isObject, list, object, requiredText, StripeObjectMalformed, text, time, type Json } from './json.ts';
import { methodFacts } from './method.ts';
import { isMetered, itemsOf, type Period } from './price.ts';
import { activeSchedule, endOf, nextPhase } from './schedule.ts';

export type { OpenInvoiceData as OpenInvoiceLook } from './invoice.ts';
export { StripeObjectMalformed } from './json.ts';
export { priceFacts } from './price.ts';

/** One look at a customer, as the gateway fetched it: raw Stripe JSON of any API version. */
export interface CustomerData {
  /** Customer or DeletedCustomer; the default payment method (and `tax_ids`) expanded where possible. */
  readonly customer: unknown;
  /** All, of any status; `default_payment_method`, `latest_invoice`, `schedule` expanded. */
  readonly subscriptions: readonly unknown[];
  /** Fetched only where `openInvoicesAreDue`. */
  readonly openInvoices: readonly OpenInvoiceData[];
  /** All active entitlements; only where the host asks for them. */
  readonly entitlements?: readonly unknown[];
  /** Invoices that were open at an earlier look and are not among those that are now, each by its id. Default: none. */
  readonly earlierInvoices?: readonly unknown[];
  /** The newest paid invoice of each subscription that has several open ones. Default: none. */
  readonly newestPaid?: readonly unknown[];
}

/**
 * Reduce one look at a customer to facts.
 *
 * @example
 * const facts = customerFacts({ customer, subscriptions: page.data, openInvoices: [] }, keyedDigest);
 *
 * @param digest - a keyed digest; its input (payment method, name, address, tax ids) is never kept
 * @param metadata - names of the prices' metadata that the host asks for; nothing else of it is kept
 * @throws `stripe_object_malformed` when a customer, subscription or open invoice has no identity
 */
export function customerFacts(data: CustomerData, digest: Digest, metadata: readonly string[] = []): CustomerFacts {
  if (idOf(data.customer) === null) throw new StripeObjectMalformed('customer', 'id');
  const customer = object(data.customer);
  const deleted = customer['deleted'] === true;
  const method = customerMethod(customer);
  const currency = text(customer['currency']);
  const methodDigest = digestOfMethods(data.subscriptions, customer, digest);
  // A page that was fetched while the list grew can repeat what the page before it ended with.
  const distinct = new Map(data.subscriptions.map((each) => [requiredText(each, 'subscription', 'id'), each]));
  const subscriptions = [...distinct.values()]
    .map((each) => subscriptionFacts(each, customer, data, methodDigest, metadata))
    .toSorted((a, b) => a.created - b.created || compare(a.id, b.id));
  return {
    deleted,
    // A DeletedCustomer says nothing about its mode; its subscriptions do.
    livemode: [customer, ...data.subscriptions].some((each) => object(each)['livemode'] === true),
    methodOnFile: method !== null,
    methodDigest: methodDigest(method),
    billingDetailsDigest: deleted || !isObject(data.customer) ? null : digest(billingDetails(customer)),
    ...(currency === null ? {} : { customerCurrency: currency }),
    subscriptions,
    ...(data.entitlements === undefined ? {} : { entitlements: lookupKeys(data.entitlements) }),
  };
}

/** Of features by their lookup keys, in an order that does not hang on when they began. */
function lookupKeys(entitlements: readonly unknown[]): string[] {
  return [...new Set(entitlements.flatMap((each) => text(object(each)['lookup_key']) ?? []))].toSorted(compare);
}

function subscriptionFacts(
  subscription: unknown,
  customer: Json,
  data: CustomerData,
  methodDigest: (method: unknown) => string | null,
  metadata: readonly string[],
): SubscriptionFacts {
  const id = requiredText(subscription, 'subscription', 'id');
  const status = requiredText(subscription, 'subscription', 'status');
  const source = object(subscription);
  const ownPeriod = period(source);
  const items = itemsOf(source, ownPeriod, metadata);
  const schedule = activeSchedule(source);
  const method = subscriptionMethod(source) ?? customerMethod(customer);
  const invoices = invoicesOf(id, source, data, methodDigest);
  const discounts = discountFacts(source, customer);
  return {
    id,
    status,
    created: time(source['created']) ?? 0,
    items,
    ...ownPeriod,
    cancelAt: time(source['cancel_at']) ?? endOf(schedule),
    cancelAtPeriodEnd: source['cancel_at_period_end'] === true,
    canceledAt: time(source['canceled_at']),
    endedAt: time(source['ended_at']),
    cancellationReason: text(object(source['cancellation_details'])['reason']),
    trialEnd: time(source['trial_end']),
    ...(needsMethod(source) ? { trialNeedsMethod: true } : {}),
    collectionMethod: source['collection_method'] === 'send_invoice' ? 'send_invoice' : 'charge_automatically',
    discounted: isDiscounted(source, customer),
    ...(discounts === null ? {} : { discounts }),
    automaticTax: object(source['automatic_tax'])['enabled'] === true,
    pause: pauseOf(source, schedule),
    pausedBecause: pausedBecause(source),
    methodOnFile: method !== null,
    methodDigest: methodDigest(method),
    method: methodFacts(method),
    ...invoices,
    next: nextPhase(schedule, source, items),
  };
}

/**
 * On the subscription until 2025-03-31, on its items since (L7). Items may differ: the first speaks, as it does for the
 * plan and its price, and never one with usage beside it (L38). The judge knows which one is the host's own.
 */
function period(source: Json): Period {
  const own = time(source['current_period_end']);
  if (own !== null) return { currentPeriodStart: time(source['current_period_start']), currentPeriodEnd: own };
  const items = list(source['items'])
    .map(object)
    .filter((item) => time(item['current_period_end']) !== null);
  const main = items.find((item) => !isMetered(item['price'] ?? item['plan'])) ?? items[0] ?? source;
  return {
    currentPeriodStart: time(main['current_period_start']),
    currentPeriodEnd: time(main['current_period_end']),
  };
}

function invoicesOf(
  id: string,
  source: Json,
  data: CustomerData,
  methodDigest: (method: unknown) => string | null,
): Pick<SubscriptionFacts, 'latestInvoice' | 'openInvoices' | 'earlierInvoices' | 'newestPaidCreated'> {
  const open = new Map<string, InvoiceFacts>();
  for (const each of data.openInvoices) {
    const facts = invoiceFacts(each.invoice, methodDigest, each);
    if (subscriptionOf(each.invoice) === id && facts.status === 'open') open.set(facts.id, facts);
  }
  const latest = source['latest_invoice'];
  let latestInvoice: InvoiceFacts | null = null;
  if (idOf(object(latest)) !== null) {
    const seen = invoiceFacts(latest, methodDigest);
    // The separate look knows its payments; the subscription only says which one is the latest.
    latestInvoice = open.get(seen.id) ?? seen;
    if (latestInvoice.status === 'open') open.set(latestInvoice.id, latestInvoice);
  }
  const openInvoices = [...open.values()].toSorted((a, b) => a.created - b.created || compare(a.id, b.id));
  const ofThis = (invoices: readonly unknown[] = []) => invoices.filter((invoice) => subscriptionOf(invoice) === id);
  const earlierInvoices = ofThis(data.earlierInvoices)
    .map((invoice) => earlierInvoice(invoiceFacts(invoice, methodDigest)))
    .filter((invoice) => !open.has(invoice.id));
  const newestPaidCreated = time(object(ofThis(data.newestPaid)[0])['created']);
  return { latestInvoice, openInvoices, earlierInvoices, newestPaidCreated };
}

/**
 * Why a subscription has the status `paused`: `status_details` says so since 2026-09-30. Before, only a trial that
 * ended without a card could pause one; a failed payment must not look like a choice (L25).
 */
export function pausedBecause(source: Json): SubscriptionFacts['pausedBecause'] {
  if (source['status'] !== 'paused') return null;
  const paused = object(object(source['status_details'])['paused']);
  switch (text(object(paused['subscription'])['type'])) {
    case 'pause_requested':
      return 'request';
    case 'trial_end_without_payment_method':
      return 'trialWithoutMethod';
    case 'first_payment_failure':
    case 'final_payment_failure':
      return 'paymentFailed';
    case null: {
      const latest = object(source['latest_invoice']);
      if (latest['status'] === 'open' && latest['attempted'] === true) return 'paymentFailed';
      return time(source['trial_end']) === null ? null : 'trialWithoutMethod';
    }
    default:
      return null;
  }
}

function pauseOf(source: Json, schedule: Json | null): SubscriptionFacts['pause'] {
  const pause = source['pause_collection'];
  if (isObject(pause)) {
    // SUB-19: for free, or billed later.
    const keepsService = pause['behavior'] === 'mark_uncollectible' || pause['behavior'] === 'keep_as_draft';
    return { resumesAt: time(pause['resumes_at']), ...(keepsService ? { keepsService } : {}) };
  }
  if (source['status'] !== 'paused') return null;
  // A pause of the portal with a chosen length is a schedule that knows when it resumes.
  const resumes = list(schedule?.['pause_schedules']).map((each) => time(object(object(each)['resume'])['resume_at']));
  const resumesAt = resumes.filter((at) => at !== null).at(-1);
  return resumesAt === undefined ? null : { resumesAt };
}

/** SUB-4: `missing_payment_method` of a running trial. */
function needsMethod(source: Json): boolean {
  const { missing_payment_method: then } = object(object(source['trial_settings'])['end_behavior']);
  return source['status'] === 'trialing' && (then === 'cancel' || then === 'pause');
}
