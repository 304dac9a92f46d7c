/**
 * Notices to a host about its accounts, so that it can send its own e-mails: facts before and facts now → notices, each
 * once. Pure. Renewals, retries and syncs make none: a notice is made where a fact begins, and names it by `fact`, so
 * that the ledger can drop what was told before (a list that forgot a subscription for a moment). A fact that may go to
 * and fro, such as cancelling and keeping, is a new one each time: it is not `once`.
 */

import { changesOfPause } from './changes.ts';
import type { CustomerFacts, SubscriptionFacts } from './facts.ts';
import { iso } from './judge/deadlines.ts';
import { mainItem, planOf, sameTerms } from './judge/plan.ts';
import { endOf, inPeriodOfPlan, isLeaving, isTerminal, keyOf } from './judge/subscription.ts';
import { failureNotices, recoveryNotices } from './payment-notices.ts';
import { defaultPolicy, isOwn, ownItems, type Policy } from './policy.ts';
import type { OfSubscription, NoticeData, NoticeType, NoticeDraft, SyncTimes } from './notice-types.ts';
type ProductName = (id: string) => string | null;

const day = 24 * 60 * 60_000;
/** As Stripe's `customer.subscription.trial_will_end` (SUB-4). */
const trialNoticeMs = 3 * day;
/** Stripe's clock and ours may differ, and Stripe's times are whole seconds. */
const skewMs = 5 * 60_000;

/** Ends come before beginnings, and settled problems before new ones. */
const rank: Record<NoticeType, number> = {
  'subscription.ended': 0,
  'subscription.started': 1,
  'plan.changed': 2,
  'subscription.kept': 3,
  'subscription.ending': 4,
  'trial.ending': 5,
  'subscription.resumed': 6,
  'subscription.paused': 7,
  'payment.recovered': 8,
  'payment.failed': 9,
  'customer.deleted': 10,
  // Written by the ledger itself, after all others: it knows what was told last.
  'access.changed': 11,
};

/**
 * @example
 * noticesBetween(before, after, { before: 1_800_000_000_000, after: 1_800_000_060_000 }, (id) => names.get(id) ?? null);
 * // [{ type: 'subscription.ending', fact: '…', data: { subscription: 'Xw…', plan: { name: 'Team', … }, endsAt: '2027-…' } }]
 *
 * @param before - `null` at the first look. Facts older than the link are no news then: taking over ten thousand
 *   subscribers must not send ten thousand welcomes
 * @param policy - the host's plans, and its days of grace
 * @returns in the order in which they should be told; the same facts at the same time give none
 */
export function noticesBetween(
  before: CustomerFacts | null,
  after: CustomerFacts,
  at: SyncTimes,
  productName: ProductName,
  policy: Pick<Policy, 'plans' | 'graceDays'> = defaultPolicy,
): NoticeDraft[] {
  const context: Context = { policy, at, productName };
  if (after.deleted) return before?.deleted === true ? [] : deletedNotices(before, context);
  const news = after.subscriptions.flatMap((now) => {
    if (!isOwn(now, policy.plans)) return [];
    return [...noticesOf(thenOf(before, now, at), now, context), ...trialNotices(before, now, context)];
  });
  return news.toSorted((a, b) => rank[a.type] - rank[b.type]);
}

/** When time alone makes a notice of these facts; in Unix milliseconds, later than `after`. */
export function nextNoticeAt(facts: CustomerFacts, after: number): number | null {
  const moments = facts.subscriptions.flatMap((each) => trialNoticeOf(each) ?? []).filter((moment) => moment > after);
  return facts.deleted || moments.length === 0 ? null : Math.min(...moments);
}

interface Context {
  readonly policy: Pick<Policy, 'plans' | 'graceDays'>;
  readonly at: SyncTimes;
  readonly productName: ProductName;
}

/** How it was known before: not at all (`null`) where it is new, as it is now where a first look finds it old. */
function thenOf(before: CustomerFacts | null, now: SubscriptionFacts, at: SyncTimes): SubscriptionFacts | null {
  if (before !== null) return before.subscriptions.find(({ id }) => id === now.id) ?? null;
  return at.before !== null && now.created >= at.before - skewMs ? null : now;
}

function noticesOf(then: SubscriptionFacts | null, now: SubscriptionFacts, context: Context): NoticeDraft[] {
  // Terminal is terminal (L3), and an unfinished first payment is shown on the page where it is made.
  if (then !== null && isTerminal(then)) return [];
  const had = then !== null && then.status !== 'incomplete';
  if (isTerminal(now)) return had ? [endedNotice(now, reasonOf(now), context)] : [];
  if (now.status === 'incomplete') return [];
  const of = about(now, context);
  const started: NoticeDraft = {
    type: 'subscription.started',
    fact: `started ${now.id}`,
    once: true,
    data: { ...of, trialEndsAt: now.status === 'trialing' ? iso(now.trialEnd) : null },
  };
  return [
    ...(had ? planNotices(then, now, context) : [started]),
    ...endNotices(had ? then : null, now, context),
    ...pauseNotices(had ? then : null, now, of),
    ...(had ? recoveryNotices(then, now, of) : []),
    ...failureNotices(had ? then : null, now, of, context.policy.graceDays),
  ];
}

function planNotices(then: SubscriptionFacts, now: SubscriptionFacts, context: Context): NoticeDraft[] {
  const itemOf = (facts: SubscriptionFacts) => mainItem(ownItems(facts, context.policy.plans));
  const [was, is] = [itemOf(then), itemOf(now)];
  const [from, to] = [about(then, context).plan, about(now, context).plan];
  if (was === null || is === null || from === null || to === null) return [];
  if (was.product === is.product && was.quantity === is.quantity && sameTerms(was, is)) return [];
  return [
    {
      type: 'plan.changed',
      fact: `plan ${now.id}`,
      once: false,
      data: { subscription: keyOf(now.id), from, to },
    },
  ];
}

/** As the state says it: a contract with a far last day is in order until its last period (F25). */
function endNotices(then: SubscriptionFacts | null, now: SubscriptionFacts, context: Context): NoticeDraft[] {
  const isEnding = (facts: SubscriptionFacts) => isLeaving(inPeriodOfPlan(facts, context.policy));
  const wasEnding = then !== null && isEnding(then);
  const of = about(now, context);
  if (!isEnding(now)) {
    return wasEnding ? [{ type: 'subscription.kept', fact: `kept ${now.id}`, once: false, data: of }] : [];
  }
  if (wasEnding && endOf(then) === endOf(now)) return [];
  const data = { ...of, endsAt: iso(endOf(now)) };
  return [{ type: 'subscription.ending', fact: `ending ${now.id}`, once: false, data }];
}

/** A failed payment and a missing card are no choice: what they take away is told as a change of access. */
function pauseNotices(then: SubscriptionFacts | null, now: SubscriptionFacts, of: OfSubscription): NoticeDraft[] {
  const change = changesOfPause(then ?? { ...now, status: 'active', pause: null }, now)[0]?.kind;
  if (change === 'resumed') return [{ type: 'subscription.resumed', fact: `resumed ${now.id}`, once: false, data: of }];
  const resumesAt = now.pause?.resumesAt ?? null;
  const isMoved = then?.pause != null && now.pause !== null && then.pause.resumesAt !== resumesAt;
  if (change !== 'paused' && !isMoved) return [];
  const data = { ...of, resumesAt: iso(resumesAt) };
  return [{ type: 'subscription.paused', fact: `paused ${now.id}`, once: false, data }];
}

function endedNotice(
  facts: SubscriptionFacts,
  reason: NoticeData['subscription.ended']['reason'],
  context: Context,
): NoticeDraft {
  const endedAt = iso(facts.endedAt ?? (reason === 'customerDeleted' ? context.at.after : facts.canceledAt));
  return {
    type: 'subscription.ended',
    fact: `ended ${facts.id}`,
    once: true,
    data: { ...about(facts, context), endedAt, reason },
  };
}

function reasonOf({ cancellationReason }: SubscriptionFacts): NoticeData['subscription.ended']['reason'] {
  switch (cancellationReason) {
    case 'cancellation_requested':
      return 'requested';
    case 'payment_failed':
      return 'paymentFailed';
    case 'payment_disputed':
      return 'paymentDisputed';
    default:
      return 'other';
  }
}

/** Decided by the two syncs alone, so a ledger that was down at the moment makes it at its next sync. */
function trialNotices(before: CustomerFacts | null, now: SubscriptionFacts, context: Context): NoticeDraft[] {
  const { trialEnd } = now;
  const [moment, trialEndsAt] = [trialNoticeOf(now), iso(trialEnd)];
  if (moment === null || trialEnd === null || trialEndsAt === null) return [];
  const { at } = context;
  if (at.after < moment || at.after >= trialEnd) return [];
  const then = before?.subscriptions.find(({ id }) => id === now.id);
  const wasSeen = then !== undefined && trialNoticeOf(then) === moment;
  // A trial that is about to end is worth a notice at the very first sync too.
  if (wasSeen && (at.before ?? 0) >= moment) return [];
  const end = endOf(now);
  const endsAt = (end ?? Infinity) <= trialEnd ? iso(end) : null;
  const data = { ...about(now, context), trialEndsAt, endsAt, methodOnFile: now.methodOnFile };
  return [{ type: 'trial.ending', fact: `trial ${now.id} ${trialEnd}`, once: true, data }];
}

function trialNoticeOf({ status, trialEnd }: SubscriptionFacts): number | null {
  return status === 'trialing' && trialEnd !== null ? trialEnd - trialNoticeMs : null;
}

/** A deleted customer takes its subscriptions along, and its last look may not list them any more (SUB-14). */
function deletedNotices(before: CustomerFacts | null, context: Context): NoticeDraft[] {
  const ended = (before?.subscriptions ?? [])
    .filter((each) => isOwn(each, context.policy.plans) && !isTerminal(each) && each.status !== 'incomplete')
    .map((each) => endedNotice(each, 'customerDeleted', context));
  return [...ended, { type: 'customer.deleted', fact: 'deleted', once: true, data: {} }];
}

function about(facts: SubscriptionFacts, { policy, productName }: Context): OfSubscription {
  const own = ownItems(facts, policy.plans);
  return {
    subscription: keyOf(facts.id),
    plan: planOf(facts.items, facts.discounted, { productName }, own),
  };
}
