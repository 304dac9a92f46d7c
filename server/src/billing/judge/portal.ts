/**
 * Which portal configuration an account gets, and which ways into the portal that leaves open. The snapshot's actions and
 * the guard of `POST /v1/portal-sessions` both ask here, so no button leads to a refusal.
 */

import type { PortalFlow } from '@billhook/widget/contract';
import type { ItemFacts, SubscriptionFacts } from '../facts.ts';
import {
  matchesPlan,
  type PortalFeatures,
  type PortalCondition,
  type PortalView,
  type PortalRule,
  type PortalPolicy,
} from '../policy.ts';
import type { Deadlines } from './deadlines.ts';
import { isEnding, type JudgedSubscription } from './subscription.ts';

export interface PortalChoice {
  readonly configuration: string;
  readonly features: PortalFeatures;
  /**
   * The subscriptions that flows may be about, by the keys of the snapshot. With Stripe's ids, so it never leaves the
   * server.
   */
  readonly subscriptions: readonly { readonly key: string; readonly facts: SubscriptionFacts }[];
  /** The failure of a rule's function; `null` when all went well. */
  readonly ruleFailure: { readonly use: string; readonly cause: unknown } | null;
}

const day = 24 * 60 * 60_000;
const noFeatures: PortalFeatures = { cancel: false, update: false, pause: false, paymentMethod: false };

/** @param live - what is not over, worst first */
export function choosePortal(
  { features, rules }: PortalPolicy,
  live: readonly JudgedSubscription[],
  deadlines: Deadlines,
  now: number,
): PortalChoice {
  let ruleFailure: PortalChoice['ruleFailure'] = null;
  const holds = ({ use, when }: PortalRule): boolean => {
    if (typeof when !== 'function') return conditionHolds(when, live, deadlines);
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
  deadlines: Deadlines,
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
      (withinDaysOfStart === undefined || deadlines.isAhead(created + withinDaysOfStart * day)),
  );
}

/**
 * May this way be opened? Features say what the configuration has; the rest is what Stripe's portal is known to refuse.
 * Its further refusals come back from Stripe as the same answer.
 *
 * @param about - the subscription that it is about; `null` for a flow that is about none
 */
export function mayOpen(flow: PortalFlow, about: SubscriptionFacts | null, features: PortalFeatures): boolean {
  switch (flow) {
    case 'payment_method_update':
      return features.paymentMethod;
    case 'subscription_cancel':
      return features.cancel && about !== null && !isEnding(about);
    case 'subscription_update':
      return features.update && takesChanges(about) && isOneFixedPrice(about.items);
    case 'subscription_pause':
      return features.pause && takesChanges(about) && about.pause === null && about.next === null;
  }
}

const isOneFixedPrice = ([item, ...others]: readonly ItemFacts[]): boolean =>
  item?.metered === false && others.length === 0;

/** An account that owes, has paused or is leaving is shown another way out by the portal. */
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
