/** The host's decisions: the judge's rules that are not Stripe's. Checked by `config.ts`, read by `judge.ts`. */

import type { AccessLevel, Interval, BillingState } from '@billhook/widget/contract';
import type { ItemFacts, SubscriptionFacts } from './facts.ts';
import { lookupKeysOf } from './lookup-keys.ts';

export interface Policy {
  /** Days of full access after the first failed charge. Default 7. */
  readonly graceDays: number;
  /** Access once the grace is over, until the subscription ends. Default `readOnly`. */
  readonly afterGrace: 'readOnly' | 'none';
  /** Access while paused by choice. Default `readOnly`. */
  readonly pausedAccess: AccessLevel;
  /** Access while nothing is known: never fetched, or a status of the future. Default `unknown`: as before. */
  readonly unknownAccess: AccessLevel;
  /** Hours for which a passed moment leaves access as it was while Stripe cannot be asked. Default 72. */
  readonly staleLimitHours: number;
  /** Seconds a raised ticket may stay unsynced before the snapshot says `stale`. Default 30. */
  readonly staleAfterSeconds: number;
  /** The name of having no subscription, and the access it gives. Default `null`: nothing. */
  readonly freePlan: { readonly name: string; readonly access: AccessLevel } | null;
  /** The host's own page of plans, where no offer can be bought at once. */
  readonly upgradeUrl: string | null;
  /** The host's own way to resume what the portal cannot. */
  readonly resumeUrl: string | null;
  /** Which prices are this host's. Others give no access and no plan, but are listed. Default `all`. */
  readonly plans: readonly PlanRule[] | 'all';
  /** Metadata of prices and products that an access answer repeats, by name. Default none. */
  readonly metadata: readonly string[];
  /** Stripe's active entitlements are features too. Default `false`. */
  readonly entitlements: boolean;
  /** Offers for sale, first one first. Default none. */
  readonly offers: readonly OfferRule[];
  /** Which portal configuration an account gets, and the actions that each allows. */
  readonly portal: PortalPolicy;
}

/** Matches a price by `price`, `product` and `lookupKey`, every one that is given: `{ key: 'team', product: 'prod_1' }`. */
export interface PlanRule {
  /** The host's own name for it. Several rules may share one: a monthly and a yearly price of one plan. */
  readonly key?: string | undefined;
  /** The host's features that it brings. */
  readonly features?: readonly string[] | undefined;
  /** Its quantity counts seats. Default: `true`; `false` for an add-on. */
  readonly seats?: boolean | undefined;
  readonly price?: string | undefined;
  readonly product?: string | undefined;
  readonly lookupKey?: string | undefined;
  /** What is remembered of lookup keys. The catalogue's word, never the host's: {@link withRememberedKeys}. */
  readonly remembered?: RememberedKeys | undefined;
}

/** Lookup keys are moved and renamed at Stripe, and a subscription keeps the plan that was bought (H5). */
export interface RememberedKeys {
  /** Every lookup key that one of the host's rules names. */
  readonly named: ReadonlySet<string>;
  /** The product of the price that has the rule's key, where it tells the plan. */
  readonly product: string | undefined;
  /** The lookup keys that the catalogue knows a price by, now or before, the latest first. */
  keysOf(price: string): readonly string[];
}

export interface OfferRule {
  /** The host's own id; travels in the snapshot and back in the Checkout request. */
  readonly id: string;
  /** A price's id or lookup key. */
  readonly price: string;
  readonly quantity?: number | undefined;
  /** Days of trial before the first charge, for a customer that never had one. Default none. */
  readonly trialDays?: number | undefined;
  /** Checkout lets the buyer choose a quantity within these bounds. Default: it is fixed. */
  readonly adjustableQuantity?: { readonly minimum: number; readonly maximum: number } | undefined;
  /** Shown with it, as the host's own words. Default none. */
  readonly description?: string | undefined;
  readonly features?: readonly string[] | undefined;
  /** Stands out among the offers. Default `false`. */
  readonly recommended?: boolean | undefined;
  /** Its options of Checkout: the host's, with the offer's own before it. Default: nothing. */
  readonly checkout?: CheckoutSettings | undefined;
}

/** Options of a purchase that belong to the session: Stripe's own words, in this wire's spelling. */
export interface CheckoutSettings {
  /** Stripe Tax works tax out from the buyer's address, which is kept with the customer. */
  readonly automaticTax?: boolean | undefined;
  /** Businesses may enter a VAT id; `required`: where Stripe can collect one, they must. The name is kept with it. */
  readonly taxIdCollection?: boolean | 'required' | undefined;
  readonly allowPromotionCodes?: boolean | undefined;
  readonly billingAddressCollection?: 'auto' | 'required' | undefined;
  /** `termsOfService` needs the address of the terms in the Dashboard's public details. */
  readonly consentCollection?:
    | { readonly termsOfService?: 'required' | undefined; readonly promotions?: 'auto' | undefined }
    | undefined;
  /** `ifRequired`: no card is asked for where nothing is charged today. */
  readonly paymentMethodCollection?: 'always' | 'ifRequired' | undefined;
  /** Put on the session and the subscription, beside Billhook's own. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

export const defaultPolicy: Policy = {
  graceDays: 7,
  afterGrace: 'readOnly',
  pausedAccess: 'readOnly',
  unknownAccess: 'unknown',
  staleLimitHours: 72,
  staleAfterSeconds: 30,
  freePlan: null,
  upgradeUrl: null,
  resumeUrl: null,
  plans: 'all',
  metadata: [],
  entitlements: false,
  offers: [],
  portal: {
    features: {
      standard: { cancel: true, update: false, pause: false, paymentMethod: true },
      limited: { cancel: false, update: false, pause: false, paymentMethod: true },
    },
    rules: [{ use: 'limited', when: { subscriptions: 'several' } }],
  },
};

/** The items of a subscription that are plans of this host. */
export function ownItems(subscription: Pick<SubscriptionFacts, 'items'>, plans: Policy['plans']): readonly ItemFacts[] {
  if (plans === 'all') return subscription.items;
  return subscription.items.filter((item) => plans.some((rule) => matchesPlan(rule, item)));
}

/** Is this subscription the host's own? Under `all`, even one with unreadable items. */
export function isOwn(subscription: SubscriptionFacts, plans: Policy['plans']): boolean {
  return plans === 'all' || ownItems(subscription, plans).length > 0;
}

/** A policy with rules by lookup key that know which prices had it before, and the product behind it. */
export function withRememberedKeys<Given extends Pick<Policy, 'plans'>>(
  policy: Given,
  catalogue: { price(ref: string): ItemFacts | null },
): Given {
  if (policy.plans === 'all') return policy;
  const named = new Set(policy.plans.flatMap(({ lookupKey }) => lookupKey ?? []));
  if (named.size === 0) return policy;
  const keysOf = (price: string) => lookupKeysOf(catalogue.price(price));
  const found = policy.plans.map((rule) => ({ rule, product: productBehind(rule, catalogue) }));
  const gives = ({ key, features, seats }: PlanRule) => JSON.stringify([key, features, seats]);
  const plans = found.map(({ rule, product }) => {
    if (rule.lookupKey === undefined) return rule;
    // Where several plans are prices of one product, the product does not tell which of them was bought.
    const isClear = found.every((other) => other.product !== product || gives(other.rule) === gives(rule));
    return { ...rule, remembered: { named, keysOf, product: isClear ? product : undefined } };
  });
  return { ...policy, plans };
}

const productBehind = ({ lookupKey }: PlanRule, catalogue: { price(ref: string): ItemFacts | null }) =>
  lookupKey === undefined ? undefined : catalogue.price(lookupKey)?.product;

export function matchesPlan(rule: PlanRule, item: ItemFacts): boolean {
  const { price, product, lookupKey } = rule;
  // A rule without any field would silently claim every subscription of the Stripe account.
  if (price === undefined && product === undefined && lookupKey === undefined) return false;
  return (
    (price === undefined || price === item.price) &&
    (product === undefined || product === item.product) &&
    (lookupKey === undefined || isKnownBy(lookupKey, item, rule.remembered))
  );
}

/**
 * A price is known by its lookup key; by the latest one that it had before where no rule names that, since a key that
 * is renamed or moved takes nothing from those who paid; and one that never had a key by its product.
 */
function isKnownBy(lookupKey: string, item: ItemFacts, remembered: RememberedKeys | undefined): boolean {
  const keys = [...lookupKeysOf(item), ...(remembered?.keysOf(item.price) ?? [])];
  if (keys.length > 0) return keys.find((each) => each === lookupKey || remembered?.named.has(each)) === lookupKey;
  return item.product === remembered?.product;
}

/** The deep links that a configuration leaves open. */
export interface PortalFeatures {
  readonly cancel: boolean;
  readonly update: boolean;
  readonly pause: boolean;
  readonly paymentMethod: boolean;
}

/** The conditions of a rule. All that are given must hold; those about a subscription, of one and the same. */
export interface PortalCondition {
  /** How many the account has that are not over. */
  readonly subscriptions?: 'one' | 'several' | undefined;
  /** It renews every year, month, week or day. */
  readonly interval?: Interval | undefined;
  /** It began less than this many days ago. */
  readonly withinDaysOfStart?: number | undefined;
  /** One of its prices is one of these. */
  readonly plans?: readonly PlanRule[] | undefined;
  /** ISO 4217, lower case: the nearest that the ledger can say of a country, since it keeps no address. */
  readonly currency?: string | undefined;
}

/** The argument of a rule written as a function. Times are Unix milliseconds. */
export interface PortalView {
  /** Now. A change by time alone is seen at the account's next reading, not announced before. */
  readonly now: number;
  /** Not over, worst state first. */
  readonly subscriptions: readonly {
    readonly state: BillingState;
    /** When it began. A change of plan does not begin it again. */
    readonly startedAt: number;
    readonly periodStart: number | null;
    readonly periodEnd: number | null;
    readonly items: readonly ItemFacts[];
  }[];
}

export interface PortalRule {
  /** The configuration's name. */
  readonly use: string;
  readonly when: PortalCondition | ((view: PortalView) => boolean);
}

export interface PortalPolicy {
  /** By the configuration's name; `standard` is always there. */
  readonly features: Readonly<Record<string, PortalFeatures>>;
  /** The first that matches decides; none means `standard`. */
  readonly rules: readonly PortalRule[];
}
