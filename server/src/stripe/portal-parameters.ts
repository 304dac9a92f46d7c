/**
 * A portal configuration in Stripe's words. Pure, and with nothing of Stripe's package: that the words are right is
 * checked where `stripe-gateway.ts` hands them over.
 */

import { createHash } from 'node:crypto';
import type { ItemFacts } from '../billing/facts.ts';
import type { PlanSwitching, PortalSettings } from '../config/portal.ts';

/** Stripe takes ten products in a configuration. */
const mostProducts = 10;

/** A price that a plan was resolved to; `null` where Stripe knows none of that name. */
export interface ResolvedPlan {
  /** As the host wrote it: a price's id or lookup key. */
  readonly ref: string;
  readonly price: (ItemFacts & { readonly active: boolean }) | null;
  readonly quantity?: { readonly minimum: number; readonly maximum?: number | undefined } | false | undefined;
}

export interface SwitchableProduct {
  readonly product: string;
  readonly prices: readonly [string, ...string[]] | readonly string[];
  readonly adjustable_quantity: { readonly enabled: boolean; readonly minimum?: number; readonly maximum?: number };
}

export interface LeftOut {
  readonly ref: string;
  /** `unknown` to Stripe, `archived` there, `metered`, bought only `once`, or of one product too `many`. */
  readonly because: 'unknown' | 'archived' | 'metered' | 'once' | 'many';
}

/** The plans that people may switch to, by product; and those left out because the portal could not switch to them. */
export function switchableProducts(
  plans: readonly ResolvedPlan[],
  changes: PlanSwitching['changes'],
): { readonly products: readonly SwitchableProduct[]; readonly leftOut: readonly LeftOut[] } {
  const products = new Map<string, { prices: string[]; quantity: ResolvedPlan['quantity'] }>();
  const leftOut: LeftOut[] = [];
  for (const { ref, price, quantity } of plans) {
    const because = reasonAgainst(price);
    if (because !== null || price === null) leftOut.push({ ref, because: because ?? 'unknown' });
    else {
      const known = products.get(price.product);
      if (known === undefined && products.size === mostProducts) leftOut.push({ ref, because: 'many' });
      else {
        const prices = [...new Set([...(known?.prices ?? []), price.price])];
        products.set(price.product, { prices, quantity: known?.quantity || quantity });
      }
    }
  }
  const rows = [...products].map(([product, { prices, quantity }]) => ({
    product,
    prices,
    adjustable_quantity:
      changes.includes('quantity') && quantity !== false
        ? { enabled: true, minimum: quantity?.minimum ?? 1, ...maximumOf(quantity?.maximum) }
        : { enabled: false },
  }));
  return { products: rows, leftOut };
}

function reasonAgainst(price: ResolvedPlan['price']): LeftOut['because'] | null {
  if (price === null) return 'unknown';
  if (!price.active) return 'archived';
  if (price.metered) return 'metered';
  return price.interval === null ? 'once' : null;
}

const maximumOf = (maximum: number | undefined) => (maximum === undefined ? {} : { maximum });

export type PortalParameters = ReturnType<typeof portalParameters>;

/**
 * The parameters of a configuration, complete, so that an update leaves nothing of what was there before. An empty text
 * clears what it names.
 *
 * @param owner - the configuration's owner: `<host>:<name>`. By this it is found again.
 */
export function portalParameters(owner: string, settings: PortalSettings, products: readonly SwitchableProduct[]) {
  const parameters = {
    name: `Billhook ${owner}`,
    business_profile: {
      headline: settings.headline ?? '',
      privacy_policy_url: settings.privacyUrl ?? '',
      terms_of_service_url: settings.termsUrl ?? '',
    },
    default_return_url: settings.returnUrl,
    features: {
      customer_update:
        settings.customerUpdates.length > 0
          ? { enabled: true, allowed_updates: [...settings.customerUpdates] }
          : { enabled: false },
      invoice_history: { enabled: settings.invoiceHistory },
      payment_method_update: { enabled: settings.paymentMethodUpdate },
      subscription_cancel: cancelFeature(settings.cancellation),
      subscription_pause: pauseFeature(settings.pause),
      subscription_update: updateFeature(settings.planSwitching, products),
    },
    // Stripe's own login by e-mail would open what the host has closed: people come through the host's page.
    login_page: { enabled: false },
  };
  return { ...parameters, metadata: { billhook: owner, billhook_digest: digestOf(parameters) } };
}

function cancelFeature(cancellation: PortalSettings['cancellation']) {
  if (cancellation === false) return { enabled: false };
  const { when, proration, reasons } = cancellation;
  return {
    enabled: true,
    mode: when === 'immediately' ? 'immediately' : 'at_period_end',
    proration_behavior: proration,
    cancellation_reason: { enabled: reasons.length > 0, options: reasons.length > 0 ? [...reasons] : ('' as const) },
  };
}

function pauseFeature(pause: PortalSettings['pause']) {
  if (pause === false) return { enabled: false };
  const { durations } = pause;
  return {
    enabled: true,
    duration:
      durations === 'indefinite'
        ? { type: 'indefinite' }
        : {
            type: 'interval_options',
            interval_options: durations.map(({ interval, count }) => ({ interval, interval_count: count })),
          },
  };
}

function updateFeature(switching: PortalSettings['planSwitching'], products: readonly SwitchableProduct[]) {
  // Stripe takes no switching without anything to switch to.
  if (switching === false || products.length === 0) return { enabled: false };
  return {
    enabled: true,
    default_allowed_updates: [...switching.changes],
    products: products.map((row) => ({ ...row, prices: [...row.prices] })),
    proration_behavior: switching.proration,
    schedule_at_period_end: { conditions: switching.atPeriodEnd.map((type) => ({ type })) },
    trial_update_behavior: switching.trial,
  };
}

function digestOf(parameters: object): string {
  return createHash('sha256').update(JSON.stringify(parameters)).digest('base64url').slice(0, 22);
}
