/** Does Stripe send its events here, and all that matter? */

import { isIP } from 'node:net';
import type { Config } from '../../config/config.ts';
import type { EventDestination } from '../../stripe/events.ts';
import { fail, ok, warn, type Diagnosis } from './diagnosis.ts';

/** Without these all pages are wrong until the next reconciliation. */
const essential = [
  'customer.subscription.created',
  'customer.subscription.updated',
  'customer.subscription.deleted',
  'invoice.paid',
  'invoice.payment_failed',
];

/** Everything that can change what is judged or shown (M21). */
export const wantedEvents: readonly string[] = [
  ...essential,
  'checkout.session.completed',
  'checkout.session.async_payment_succeeded',
  'checkout.session.async_payment_failed',
  'checkout.session.expired',
  'customer.subscription.paused',
  'customer.subscription.resumed',
  'customer.subscription.pending_update_applied',
  'customer.subscription.pending_update_expired',
  'customer.subscription.trial_will_end',
  'invoice.payment_succeeded',
  'invoice.payment_action_required',
  'invoice.finalized',
  'invoice.finalization_failed',
  'invoice.voided',
  'invoice.marked_uncollectible',
  'invoice.overdue',
  'invoice.updated',
  'customer.updated',
  'customer.deleted',
  'customer.discount.created',
  'customer.discount.updated',
  'customer.discount.deleted',
  'customer.tax_id.created',
  'customer.tax_id.updated',
  'customer.tax_id.deleted',
  'payment_intent.processing',
  'invoice_payment.paid',
  'invoiceitem.created',
  'invoiceitem.deleted',
  'payment_method.attached',
  'payment_method.detached',
  'payment_method.updated',
  'payment_method.automatically_updated',
  'subscription_schedule.created',
  'subscription_schedule.updated',
  'subscription_schedule.released',
  'subscription_schedule.canceled',
  'product.updated',
  'price.updated',
];

/** Wanted where a host's features are Stripe's entitlements (`"entitlements": true`). */
export const entitlementEvents: readonly string[] = ['entitlements.active_entitlement_summary.updated'];

/** The oldest payloads that are read. */
const oldestVersion = '2020-08-27';

const check = 'webhooks';

/** @param destinations - every webhook endpoint of the Stripe account */
export function diagnoseWebhooks(
  { publicUrl, livemode, hosts }: Pick<Config, 'publicUrl' | 'livemode' | 'hosts'>,
  destinations: readonly EventDestination[],
): Diagnosis[] {
  const url = `${publicUrl.replace(/\/+$/, '')}/v1/webhooks/stripe`;
  const own = destinations.filter((each) => each.url.replace(/\/+$/, '') === url);
  const enabled = own.filter((each) => each.enabled);
  if (own.length === 0) return [absent(url, livemode)];
  if (enabled.length === 0) {
    return [
      fail(
        check,
        `Stripe has switched off the endpoint ${url}`,
        'Enable it in the Dashboard, under Developers, Webhooks.',
      ),
    ];
  }
  const events = new Set(enabled.flatMap((each) => each.events));
  const entitled = [...hosts.values()].some(({ policy }) => policy.entitlements);
  const wanted = entitled ? [...wantedEvents, ...entitlementEvents] : wantedEvents;
  return [eventsOf(url, events, wanted), ...enabled.flatMap(versionOf)];
}

function absent(url: string, livemode: boolean): Diagnosis {
  const what = `Stripe has no webhook endpoint for ${url}`;
  if (!livemode && isLocal(url)) {
    return warn(
      check,
      what,
      `While you develop: stripe listen --forward-to ${url}, with its secret in STRIPE_WEBHOOK_SECRET.`,
    );
  }
  return fail(
    check,
    what,
    'Add one in the Dashboard, under Developers, Webhooks, and put its secret in STRIPE_WEBHOOK_SECRET.',
  );
}

function eventsOf(url: string, events: ReadonlySet<string>, wanted: readonly string[]): Diagnosis {
  if (events.has('*')) return ok(check, `Stripe sends all its events to ${url}`);
  const missing = wanted.filter((each) => !events.has(each));
  if (missing.length === 0) return ok(check, `Stripe sends every event that matters to ${url}`);
  const lost = missing.filter((each) => essential.includes(each));
  const fix = `Enable for ${url}: ${missing.join(', ')}.`;
  return lost.length > 0
    ? fail(check, `Stripe does not send ${lost.join(', ')}`, fix)
    : warn(check, `Stripe does not send ${missing.length} of the events that Billhook reads`, fix);
}

function versionOf({ id, apiVersion }: EventDestination): Diagnosis[] {
  if (apiVersion === null) return [ok(check, `${id} writes events in the account’s default API version`)];
  if (apiVersion >= oldestVersion) return [ok(check, `${id} writes events in API version ${apiVersion}`)];
  return [
    warn(
      check,
      `${id} writes events in API version ${apiVersion}, older than ${oldestVersion}`,
      'Make a new endpoint with a newer version; of an event only its customer is read, but there it may be missing.',
    ),
  ];
}

export function isLocal(url: string): boolean {
  const { hostname } = new URL(url);
  if (hostname === 'localhost' || hostname.endsWith('.localhost') || hostname === '[::1]') return true;
  return isIP(hostname) === 4 && hostname.startsWith('127.');
}
