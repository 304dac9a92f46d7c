/**
 * Which portal configuration an account gets, and which ways into the portal that leaves open. The snapshot's actions and
 * the guard of `POST /v1/portal-sessions` both ask here, so no button leads to a refusal.
 */

import type { BillingState, Interval, PortalFlow } from '@billhook/widget/contract';
import type { ItemFacts, SubscriptionFacts } from '../facts.ts';
import { matchesPlan } from '../policy.ts';
import type { PlanRule } from '../policy.ts';
import type { Moments } from './deadlines.ts';
import { isEnding } from './subscription.ts';
import type { JudgedSubscription } from './subscription.ts';

/** The deep links that a configuration leaves open. */
export interface PortalFeatures {
  readonly cancel: boolean;
  readonly update: boolean;
  readonly pause: boolean;
  readonly paymentMethod: boolean;
}

/** What a rule may ask by name. Everything given must hold; what is about a subscription, of one and the same. */
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

/** What a rule written as a function is shown. Times are Unix milliseconds. */
export interface PortalView {
  /** Now. What time alone changes is seen at the account's next reading, not announced before. */
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

export interface PortalChoice {
  readonly configuration: string;
  readonly features: PortalFeatures;
  /** What flows may be about, by the keys of the snapshot. With Stripe's ids, so it never leaves the server. */
  readonly subscriptions: readonly { readonly key: string; readonly facts: SubscriptionFacts }[];
  /** What a rule's function threw; `null` when all went well. */
  readonly ruleFailure: { readonly use: string; readonly cause: unknown } | null;
}

const day = 24 * 60 * 60_000;
const noFeatures: PortalFeatures = { cancel: false, update: false, pause: false, paymentMethod: false };

/** @param live What is not over, worst first. */
export function choosePortal(
  { features, rules }: PortalPolicy,
  live: readonly JudgedSubscription[],
  moments: Moments,
  now: number,
): PortalChoice {
  let ruleFailure: PortalChoice['ruleFailure'] = null;
  const holds = ({ use, when }: PortalRule): boolean => {
    if (typeof when !== 'function') return conditionHolds(when, live, moments);
    try {
      return when(viewOf(live, now));
    } catch (cause) {
      // Rules mostly hold something back, and one that cannot answer must not let it through, nor cost the document.
      ruleFailure ??= { use, cause };
      return true;
    }
  };
  const configuration = rules.find(holds)?.use ?? 'standard';
  return {
    configuration,
    features: features[configuration] ?? noFeatures,
    subscriptions: live.map(({ summary: { key }, facts }) => ({ key, facts })),
    ruleFailure,
  };
}

function conditionHolds(
  { subscriptions, interval, withinDaysOfStart, plans, currency }: PortalCondition,
  live: readonly JudgedSubscription[],
  moments: Moments,
): boolean {
  if (subscriptions === 'one' && live.length !== 1) return false;
  if (subscriptions === 'several' && live.length < 2) return false;
  if ([interval, withinDaysOfStart, plans, currency].every((asked) => asked === undefined)) return true;
  return live.some(
    ({ facts: { items, created } }) =>
      (interval === undefined || items.some((item) => item.interval === interval)) &&
      (plans === undefined || items.some((item) => plans.some((rule) => matchesPlan(rule, item)))) &&
      (currency === undefined || items.some((item) => item.currency === currency)) &&
      // Asked last, so that only a day that decides something is one that the document changes on.
      (withinDaysOfStart === undefined || moments.isAhead(created + withinDaysOfStart * day)),
  );
}

/**
 * May this way be opened? Features say what the configuration has; the rest is what Stripe's portal is known to refuse.
 * What it refuses beyond that comes back from Stripe as the same answer.
 *
 * @param about The subscription that it is about; `null` for a flow that is about none.
 */
export function mayOpen(flow: PortalFlow, about: SubscriptionFacts | null, features: PortalFeatures): boolean {
  switch (flow) {
    case 'payment_method_update':
      return features.paymentMethod;
    case 'subscription_cancel':
      return features.cancel && about !== null && !isEnding(about);
    case 'subscription_update':
      return features.update && takesChanges(about) && about.items.length === 1 && about.items[0]?.metered === false;
    case 'subscription_pause':
      return features.pause && takesChanges(about) && about.pause === null && about.next === null;
  }
}

/** Who owes, has paused or is leaving is shown another way out by the portal. */
function takesChanges(about: SubscriptionFacts | null): about is SubscriptionFacts {
  return about !== null && (about.status === 'active' || about.status === 'trialing') && !isEnding(about);
}

function viewOf(live: readonly JudgedSubscription[], now: number): PortalView {
  return {
    now,
    subscriptions: live.map(({ summary, facts }) => ({
      state: summary.state,
      startedAt: facts.created,
      periodStart: facts.currentPeriodStart,
      periodEnd: facts.currentPeriodEnd,
      items: facts.items,
    })),
  };
}
