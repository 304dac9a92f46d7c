/** One subscription, judged alone: its state, its dates, the access that it gives. */

import { createHash } from 'node:crypto';
import type { AccessLevel, BillingState, Payment, SubscriptionSummary } from '@billhook/widget/contract';
import type { SubscriptionFacts } from '../facts.ts';
import { graceEndOf } from './grace.ts';
import { iso, type Deadlines } from './deadlines.ts';
import { methodNeeded } from './method-needed.ts';
import { paidThroughPause } from './pause.ts';
import { dueOver, unpaidInvoices, paymentOf, paymentStatus, type PaymentStatus } from './payment.ts';
import { mainItem, scheduledChange, subscriptionPlan, type Catalogue } from './plan.ts';
import { isOwn, ownItems, type Policy } from '../policy.ts';

export interface GivenAccess {
  readonly level: AccessLevel;
  readonly reason: BillingState;
  /** When it narrows by itself, in Unix milliseconds. */
  readonly until: number | null;
  /** The level from then on, where the policy says it. */
  readonly after?: AccessLevel;
  /** Since when the policy has narrowed it, in Unix milliseconds. */
  readonly since?: number;
}

export interface JudgedSubscription {
  readonly facts: SubscriptionFacts;
  readonly summary: SubscriptionSummary;
  readonly access: GivenAccess;
  /** Not over. A live one forbids selling another (L10). */
  readonly live: boolean;
  /** One of the host's listed plans. */
  readonly own: boolean;
}

const hour = 60 * 60_000;
const day = 24 * hour;

/** The state by the status alone, before payments that are on their way or wait for the bank are looked at. */
interface BaseStatus extends GivenAccess {
  readonly endedAt?: number | null;
}

/**
 * Judges one subscription. Time is only asked through `moments`, which afterwards knows when this judgement changes.
 *
 * @example
 * const moments = momentsAt(now, fetchedAt, policy.staleLimitHours * 3_600_000);
 * const { summary, access } = judgeSubscription(facts, policy, catalogue, moments);
 */
export function judgeSubscription(
  given: SubscriptionFacts,
  policy: Policy,
  catalogue: Catalogue,
  deadlines: Deadlines,
): JudgedSubscription {
  const facts = inPeriodOfPlan(given, policy);
  const base = baseStatus(facts, policy, deadlines);
  const payment = paymentStatus(facts);
  const state = withPaymentStatus(base.reason, payment);
  const live = base.reason !== 'ended';
  const endsAt = live ? endOf(facts) : null;
  return {
    facts,
    live,
    own: isOwn(facts, policy.plans),
    access: base,
    summary: {
      key: keyOf(facts.id),
      state,
      plan: subscriptionPlan(facts, policy, catalogue),
      next: live && nextIsAhead(facts, deadlines) ? scheduledChange(facts, policy, catalogue) : null,
      renewsAt: iso(renewalOf(facts, base.reason, deadlines)),
      endsAt: iso(endsAt),
      endedAt: live ? null : iso(base.endedAt ?? null),
      trialEndsAt: live && facts.status === 'trialing' ? iso(facts.trialEnd) : null,
      resumesAt: base.reason === 'paused' ? iso(resumptionOf(facts, deadlines)) : null,
      graceEndsAt: live ? iso(graceEndOf(facts, policy.graceDays)) : null,
      ...finishBy(facts, live),
      payment: {
        ...paymentOf(facts, live ? problemOf(facts, base.reason, payment, deadlines) : null, deadlines),
        ...(facts.status === 'trialing' ? { methodNeeded: live && methodNeeded(facts) } : {}),
        // Nothing is asked for a subscription that is over.
        ...(live ? {} : { ...dueOver([]), nextAttemptAt: null }),
      },
    },
  };
}

/** The item that the plan is named by says the period too: not another product's beside it (F7, L38). */
export function inPeriodOfPlan(facts: SubscriptionFacts, policy: Pick<Policy, 'plans'>): SubscriptionFacts {
  const period = mainItem(ownItems(facts, policy.plans))?.period;
  return period === undefined ? facts : { ...facts, currentPeriodStart: period.start, currentPeriodEnd: period.end };
}

/** `canceled` and `incomplete_expired` are terminal: no clock, policy or invoice revives them (L3). */
export function isTerminal(facts: SubscriptionFacts): boolean {
  return facts.status === 'canceled' || facts.status === 'incomplete_expired';
}

/** When a decided cancellation takes effect: both spellings are read, because the portal writes only `cancel_at` (L6). */
export function endOf(facts: SubscriptionFacts): number | null {
  return facts.cancelAt ?? (facts.cancelAtPeriodEnd ? facts.currentPeriodEnd : null);
}

export function isEnding(facts: SubscriptionFacts): boolean {
  return facts.cancelAt !== null || facts.cancelAtPeriodEnd;
}

/** In its last period. A contract with a far last day renews until then, and is no cancellation (F25). */
export function isLeaving(facts: SubscriptionFacts): boolean {
  const { cancelAt, cancelAtPeriodEnd, currentPeriodEnd } = facts;
  return cancelAtPeriodEnd || (cancelAt !== null && cancelAt <= (currentPeriodEnd ?? Infinity));
}

function baseStatus(facts: SubscriptionFacts, policy: Policy, deadlines: Deadlines): BaseStatus {
  if (isTerminal(facts)) return ended(facts.endedAt ?? facts.canceledAt);
  const end = endOf(facts);
  if (deadlines.status(end) === 'overdue') return ended(end);
  // Stripe may still call it live after its own date: then Stripe is late, and its word stands until it says otherwise.
  deadlines.recheckLate(end);
  return liveStatus(facts, policy, deadlines, end);
}

function liveStatus(facts: SubscriptionFacts, policy: Policy, deadlines: Deadlines, end: number | null): BaseStatus {
  const full = (reason: BillingState): BaseStatus => ({ level: 'full', reason, until: end });
  const paused: BaseStatus = { level: policy.pausedAccess, reason: 'paused', until: end };
  switch (facts.status) {
    case 'active':
      if (facts.pause !== null) return pausedCollection(facts, policy, deadlines, end);
      return full(isLeaving(facts) ? 'ending' : 'active');
    case 'trialing':
      return trialStatus(facts, policy, deadlines, end);
    case 'past_due':
    case 'unpaid':
      return graceStatus(facts, policy, deadlines, end);
    case 'paused':
      // A failed payment and a missing card are no choice: they need the way out of a debt, not of a pause (L25).
      if (facts.pausedBecause === 'paymentFailed')
        return { level: policy.afterGrace, reason: 'restricted', until: end };
      return facts.pausedBecause === 'trialWithoutMethod'
        ? { level: 'none', reason: 'incomplete', until: null }
        : paused;
    case 'incomplete':
      deadlines.refetchAt(givenUpAt(facts));
      return { level: 'none', reason: 'incomplete', until: null };
    default:
      // A status of the future: nothing is sold, and nothing is refused.
      return { level: policy.unknownAccess, reason: 'unknown', until: null };
  }
}

/**
 * How a trial ends depends on the first charge. Without a card it ends in nothing (or in a failed charge), so access is
 * known to narrow; with one, it only becomes unknown when Stripe could not be asked for longer than the limit.
 */
function trialStatus(facts: SubscriptionFacts, policy: Policy, deadlines: Deadlines, end: number | null): BaseStatus {
  const { trialEnd } = facts;
  if (facts.pause !== null) {
    deadlines.recheckLate(trialEnd);
    return pausedCollection(facts, policy, deadlines, end);
  }
  const paysItself = !methodNeeded(facts);
  if (deadlines.status(trialEnd) === 'overdue') {
    return paysItself
      ? { level: policy.unknownAccess, reason: 'trialing', until: null }
      : { level: 'none', reason: 'incomplete', until: null };
  }
  deadlines.recheckLate(trialEnd);
  const until = earliest(end, paysItself ? null : trialEnd);
  return { level: 'full', reason: isLeaving(facts) ? 'ending' : 'trialing', until };
}

function pausedCollection(
  facts: SubscriptionFacts,
  policy: Policy,
  deadlines: Deadlines,
  end: number | null,
): BaseStatus {
  if (facts.pause?.keepsService === true) return { level: 'full', reason: 'paused', until: end };
  const paid = paidThroughPause(facts, policy, deadlines);
  if (paid === null) return { level: policy.pausedAccess, reason: 'paused', until: end };
  // It resumes before the paid time is over: nothing narrows.
  const resumes = resumptionOf(facts, deadlines);
  if (resumes !== null && resumes <= paid) return { level: 'full', reason: 'paused', until: end };
  return { level: 'full', reason: 'paused', ...narrowing(end, paid, policy.pausedAccess) };
}

/**
 * `unpaid` keeps the rest of its grace: the banner has promised a date, and a host whose retries give up after three
 * days must not break it. Without a grace to count (nothing open), `past_due` waits for Stripe and `unpaid` is over.
 */
function graceStatus(facts: SubscriptionFacts, policy: Policy, deadlines: Deadlines, end: number | null): BaseStatus {
  const restricted: BaseStatus = { level: policy.afterGrace, reason: 'restricted', until: end };
  const graceEnd = graceEndOf(facts, policy.graceDays);
  if (graceEnd === null && facts.status === 'unpaid') return restricted;
  const status = deadlines.status(graceEnd);
  if (graceEnd !== null && (status === 'seen' || status === 'overdue')) return { ...restricted, since: graceEnd };
  return { level: 'full', reason: 'pastDue', ...narrowing(end, graceEnd, policy.afterGrace) };
}

/**
 * Payments on top of the status. A confirmation the bank asks for outranks everything but a lost access, whose banner
 * says more; a payment on its way outranks even that, because a person told to pay again pays twice (L21). An unfinished
 * first payment keeps its own state when it needs confirmation: its way out is the same page.
 */
function withPaymentStatus(base: BillingState, payment: PaymentStatus): BillingState {
  if (base === 'ended' || base === 'unknown') return base;
  if (payment === 'processing') return 'processing';
  if (payment === 'actionRequired' && base !== 'restricted' && base !== 'incomplete') return 'actionRequired';
  return base;
}

function problemOf(
  facts: SubscriptionFacts,
  base: BillingState,
  payment: PaymentStatus,
  deadlines: Deadlines,
): Payment['problem'] {
  if (payment === 'processing') return null;
  if (payment === 'actionRequired') return 'confirmationRequired';
  const behind = base === 'pastDue' || base === 'restricted';
  const sent = unpaidInvoices(facts).filter((invoice) => invoice.collectionMethod === 'send_invoice');
  const late = sent.filter(({ dueDate }) => dueDate !== null && !deadlines.refetchAt(dueDate));
  if (late.length > 0 || (behind && facts.collectionMethod === 'send_invoice')) return 'overdue';
  if (!facts.methodOnFile && (behind || facts.pausedBecause === 'trialWithoutMethod')) return 'methodMissing';
  return behind || payment === 'failed' ? 'failed' : null;
}

/**
 * When it renews, said only of a paid subscription (L8). Stripe moves the period on about an hour before it charges, so during
 * that hour the renewal is still the one that is due now, and the date does not jump until the invoice is paid.
 */
function renewalOf(facts: SubscriptionFacts, base: BillingState, deadlines: Deadlines): number | null {
  if (base !== 'active') return null;
  const { currentPeriodStart: start, currentPeriodEnd: end } = facts;
  deadlines.refetchAt(end);
  deadlines.recheckLate(end);
  if (start === null || !renewalIsUnpaid(facts, start, deadlines)) return end;
  // A bank debit may take days: after one, a date that lies behind says nothing any more.
  return deadlines.refetchAt(start + day) ? start : null;
}

function renewalIsUnpaid(facts: SubscriptionFacts, start: number, deadlines: Deadlines): boolean {
  // Invoices that are sent are paid by their own terms, long after the period began.
  if (facts.collectionMethod === 'send_invoice') return false;
  const latest = facts.latestInvoice;
  const renewals = [...facts.openInvoices, ...(latest === null ? [] : [latest])];
  // Stripe charges after 72 hours at the latest (SUB-5). A draft that is one even then is not charged by itself, such as
  // one that was kept during a pause.
  const mayBeCharged = () => deadlines.status(start + 73 * hour) !== 'seen';
  const waits = renewals.some(
    ({ billingReason, status }) =>
      billingReason === 'subscription_cycle' && (status === 'open' || (status === 'draft' && mayBeCharged())),
  );
  // Between the new period and its draft, the latest invoice is still the last period's; a subscription without a new
  // invoice after that time is billed in some other way, such as in advance.
  const lacks = latest !== null && latest.created < start - hour && mayBeCharged();
  // Charged about an hour after the period began: the one look that tells, should the webhook be lost.
  if (waits || lacks) deadlines.refetchAt(start + 2 * hour);
  return waits || lacks;
}

/** After 23 hours Stripe gives the first payment up (SUB-3). */
const givenUpAt = ({ created }: SubscriptionFacts): number => created + 23 * hour;

function finishBy(facts: SubscriptionFacts, live: boolean): Pick<SubscriptionSummary, 'finishBy'> {
  const at = live && facts.status === 'incomplete' ? iso(givenUpAt(facts)) : null;
  return at === null ? {} : { finishBy: at };
}

/** Resuming widens access, so nothing is assumed of it: it is only worth a look. */
function resumptionOf(facts: SubscriptionFacts, deadlines: Deadlines): number | null {
  const at = facts.pause?.resumesAt ?? null;
  deadlines.refetchAt(at);
  return at;
}

/** A phase whose day has come is not upcoming any more; until Stripe could be asked, it stays what was said. */
function nextIsAhead(facts: SubscriptionFacts, deadlines: Deadlines): boolean {
  const status = deadlines.status(facts.next?.at ?? null);
  return status === 'ahead' || status === 'unseen';
}

/** The policy's level follows at its own moment, unless the subscription ends before. */
function narrowing(end: number | null, at: number | null, level: AccessLevel): Pick<GivenAccess, 'until' | 'after'> {
  const isPolicys = at !== null && (end === null || at < end);
  return { until: earliest(end, at), ...(isPolicys ? { after: level } : {}) };
}

function ended(at: number | null): BaseStatus {
  return { level: 'none', reason: 'ended', until: null, endedAt: at };
}

function earliest(...deadlines: readonly (number | null)[]): number | null {
  const first = Math.min(...deadlines.map((at) => at ?? Infinity));
  return first === Infinity ? null : first;
}

/** Opaque and stable; ids of Stripe never leave. They are random enough that a plain hash cannot be turned around. */
export function keyOf(id: string): string {
  return createHash('sha256').update(id).digest('base64url').slice(0, 16);
}
