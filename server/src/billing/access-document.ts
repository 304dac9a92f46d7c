/**
 * The answer to a host's backend: may the account use the product, and which plans did it buy. Pure, and made of the same
 * judgement that the widget shows, so a guard and a page never disagree. It names things by keys that no renaming at Stripe
 * can move: the host's own.
 */

import type { AccessAnswer, AccessItem, AccessPlan } from '@billhook/widget/contract';
import type { CustomerFacts, ItemFacts } from './facts.ts';
import { lookupKeysOf } from './lookup-keys.ts';
import { iso } from './judge/deadlines.ts';
import type { Judgement } from './judge/judge.ts';
import { mainItem, planItem, type Catalogue } from './judge/plan.ts';
import type { JudgedSubscription } from './judge/subscription.ts';
import type { AccessSummary } from './notice-types.ts';
import { matchesPlan, ownItems, withRememberedKeys, type PlanRule, type Policy } from './policy.ts';

/** The catalogue's knowledge of products beyond their names. */
export interface ProductMetadata extends Pick<Catalogue, 'price'> {
  /** Of the metadata that hosts ask for; empty where there is none. */
  productMetadata(product: string): Readonly<Record<string, string>>;
}

/** A judged account. */
export interface JudgedAccount extends Pick<Judgement, 'snapshot' | 'subscriptions'> {
  readonly account: string;
  readonly facts: CustomerFacts | null;
}

/**
 * @example
 * accessDocument({ account: 'team_1', facts, ...judge(state, policy, catalogue, viewer, now) }, policy, catalogue);
 * // { level: 'full', plans: [{ items: [{ plan: 'team', … }], … }], features: ['export'], seats: 5, … }
 */
export function accessDocument(
  { account, facts, snapshot, subscriptions }: JudgedAccount,
  hostPolicy: Policy,
  catalogue: ProductMetadata,
): AccessAnswer {
  const policy = withRememberedKeys(hostPolicy, catalogue);
  const { access, state, revision, asOf, stale, confirmedBy } = snapshot;
  const living = subscriptions.filter(({ live }) => live);
  const giving = living.filter((each) => each.own && each.access.level !== 'none');
  const entitlements = policy.entitlements && giving.length > 0 ? (facts?.entitlements ?? []) : [];
  return {
    account,
    ...access,
    state,
    revision,
    asOf,
    stale,
    confirmedBy,
    plans: living.map((each) => planOf(each, policy, catalogue)),
    features: [...new Set([...giving.flatMap((each) => featuresOf(each, policy)), ...entitlements])].toSorted(),
    seats: seatsOf(giving, policy),
  };
}

/** The parts of the answer whose change gives a notice. */
export function accessSummary({ level, reason, until, state, features, seats, plans }: AccessAnswer): AccessSummary {
  const told = plans
    .filter(({ listed }) => listed)
    .toSorted((a, b) => (a.key < b.key ? -1 : 1))
    .map((plan) => ({
      subscription: plan.key,
      state: plan.state,
      access: plan.access.level,
      items: plan.items.map((item) => ({ plan: item.plan, quantity: item.quantity })),
    }));
  return { level, reason, until, state, features, seats, plans: told };
}

function planOf({ facts, own, access, summary }: JudgedSubscription, policy: Policy, catalogue: ProductMetadata) {
  const owned = ownItems(facts, policy.plans);
  const plan: AccessPlan = {
    key: summary.key,
    state: summary.state,
    listed: own,
    // Another product of the same Stripe account opens nothing here.
    access: own
      ? { level: access.level, reason: access.reason, until: iso(access.until) }
      : { level: 'none', reason: access.reason, until: null },
    quantity: planItem(facts.items, owned)?.quantity ?? null,
    items: facts.items.map((item) => itemOf(item, policy, catalogue)),
    startedAt: iso(facts.created) ?? '',
    renewsAt: summary.renewsAt,
    endsAt: summary.endsAt,
    trialEndsAt: summary.trialEndsAt,
    resumesAt: summary.resumesAt,
    graceEndsAt: summary.graceEndsAt,
  };
  return plan;
}

function itemOf(item: ItemFacts, policy: Policy, catalogue: ProductMetadata): AccessItem {
  const { product, price, lookupKey, quantity } = item;
  const known = { ...catalogue.productMetadata(product), ...item.metadata };
  return {
    plan: hostsName(rulesFor(item, policy)) ?? lookupKeysOf(item)[0] ?? lookupKeysOf(catalogue.price(price))[0] ?? null,
    product,
    price,
    lookupKey,
    quantity,
    metadata: Object.fromEntries(
      Object.entries(known).filter(([name, value]) => value !== '' && policy.metadata.includes(name)),
    ),
  };
}

/** As the host's rules name it, though the price has another lookup key by now. */
const hostsName = (rules: readonly PlanRule[]): string | undefined =>
  rules.find(({ key }) => key !== undefined)?.key ?? rules.find(({ lookupKey }) => lookupKey !== undefined)?.lookupKey;

const rulesFor = (item: ItemFacts, { plans }: Policy): readonly PlanRule[] =>
  plans === 'all' ? [] : plans.filter((rule) => matchesPlan(rule, item));

const featuresOf = ({ facts }: JudgedSubscription, policy: Policy): readonly string[] =>
  facts.items.flatMap((item) => rulesFor(item, policy).flatMap(({ features }) => features ?? []));

/** Without a list of plans nothing tells a seat from an add-on: then the item that names the plan counts. */
function seatsOf(giving: readonly JudgedSubscription[], policy: Policy): number | null {
  const counting = giving.flatMap(({ facts }) => {
    if (policy.plans === 'all') return [mainItem(facts.items)].filter((item) => item !== null);
    return facts.items.filter(
      (item) => rulesFor(item, policy)[0]?.seats !== false && rulesFor(item, policy).length > 0,
    );
  });
  const counts = counting.flatMap(({ quantity }) => quantity ?? []);
  return counts.length === 0 ? null : counts.reduce((sum, each) => sum + each, 0);
}
