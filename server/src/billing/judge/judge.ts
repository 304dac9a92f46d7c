/**
 * The one judge of state: facts + the host's policy + a clock → the document that the widget shows and the guards obey,
 * so a button and its guard never disagree. Pure: no I/O, no clock of its own, and it never throws, whatever the facts.
 *
 * Where to look: `policy.ts`, and in `judge/`: `subscription.ts` (the table of states), `grace.ts`, `moments.ts` (access is
 * narrowed only on facts fetched after the moment of narrowing), `payment.ts`, `plan.ts`, `portal.ts`, `actions.ts`.
 */

import type {
  Access,
  AccessLevel,
  BillingSnapshot,
  BillingState,
  ConfirmedBy,
  Payment,
  SubscriptionSummary,
} from '@billhook/widget/contract';
import { actionsFor } from './actions.ts';
import { offersOf } from './offers.ts';
import { cardRows } from './card.ts';
import type { CustomerFacts } from '../facts.ts';
import { judgeSubscription, type GivenAccess, type JudgedSubscription } from './subscription.ts';
import { iso, deadlinesAt } from './deadlines.ts';
import { methodNeeded } from './method-needed.ts';
import { chargedNext, nextPaymentOf, notAsked, type PreviewStanding } from './next-payment.ts';
import { declineReason, dueOver, invoiceToPay } from './payment.ts';
import type { Catalogue } from './plan.ts';
import { choosePortal, type PortalChoice } from './portal.ts';
import { withRememberedKeys, type Policy } from '../policy.ts';

export { graceEndOf } from './grace.ts';
export { judgeSubscription } from './subscription.ts';
export type { Catalogue } from './plan.ts';
export { defaultPolicy } from '../policy.ts';
export type { OfferRule, PlanRule, Policy } from '../policy.ts';

/** The ledger's knowledge of an account. Times are Unix milliseconds. */
export interface AccountState {
  /** The account has a customer. */
  readonly linked: boolean;
  /** `null` while never fetched. */
  readonly facts: CustomerFacts | null;
  /** When the fetch of these facts began: a later change may be missing from them. */
  readonly fetchedAt: number | null;
  /** `epoch.counter` */
  readonly revision: string;
  readonly confirmedBy: ConfirmedBy | null;
  /** Since when a ticket waits to be synced; `null` when fresh. */
  readonly staleSince: number | null;
  /**
   * Host and ledger disagree about the account's customer: the other one may have paid, or may pay twice, so nothing is
   * sold and no access is said. Default: false.
   */
  readonly customerInDoubt?: boolean;
  /** Default: no preview is kept, and none is asked for. */
  readonly preview?: PreviewStanding;
}

export interface Judgement {
  readonly snapshot: BillingSnapshot;
  /**
   * The next moment, in Unix milliseconds, at which time alone changes the judgement or asks for fresh facts; until
   * then it stays the same. `null` when there is none.
   */
  readonly nextChangeAt: number | null;
  /** Stripe's id of the invoice that the snapshot's `via: 'invoice'` action opens. Never leaves the server. */
  readonly invoiceToPay: string | null;
  /** The same of the snapshot's `lastInvoice`. */
  readonly lastInvoice: string | null;
  /** Every subscription, the most urgent first, with what it gives. Never leaves the server as it is. */
  readonly subscriptions: readonly JudgedSubscription[];
  /** Stripe's id of the subscription whose next charge a manager's page shows. Never leaves the server. */
  readonly chargedNext: string | null;
  /** How the portal may be opened: the snapshot's actions follow from it, and so does their guard. Never leaves the server. */
  readonly portal: PortalChoice;
}

/**
 * From calm to urgent, as in the contract. `processing` stands above every state without a payment problem and below
 * every one with something to do, because waiting is all there is to it; `actionRequired` above `incomplete`, where only
 * a purchase waits, and below `pastDue`, where a charge has already failed and access is counted down.
 */
const urgency: Record<BillingState, number> = {
  unknown: 0,
  none: 1,
  ended: 2,
  active: 3,
  trialing: 4,
  ending: 5,
  paused: 6,
  processing: 7,
  incomplete: 8,
  actionRequired: 9,
  pastDue: 10,
  restricted: 11,
};

/** From least to most. `unknown` may well be full, so it is better than a level known to be less. */
const accessRank: Record<AccessLevel, number> = {
  none: 0,
  readOnly: 1,
  unknown: 2,
  full: 3,
};

const hour = 60 * 60_000;

/**
 * Judges an account.
 *
 * @example
 * const { snapshot, nextChangeAt } = judge(standing, policy, catalogue, { mayManage: true }, Date.now());
 *
 * @param viewer - without `mayManage` there are no actions
 * @param now - Unix milliseconds
 */
export function judge(
  standing: AccountState,
  hostPolicy: Policy,
  catalogue: Catalogue,
  viewer: { readonly mayManage: boolean },
  now: number,
): Judgement {
  const policy = withRememberedKeys(hostPolicy, catalogue);
  const { customerInDoubt = false, facts, linked, staleSince, preview = notAsked } = standing;
  const moments = deadlinesAt(now, standing.fetchedAt ?? 0, policy.staleLimitHours * hour);
  const waitsTooLong = staleSince === null ? null : staleSince + policy.staleAfterSeconds * 1000;
  // A customer deleted at Stripe has nothing live any more, whatever its subscriptions last said.
  const isDeleted = facts?.deleted === true;
  const judged = (facts?.subscriptions ?? [])
    .map((each) => judgeSubscription(isDeleted ? over(each) : each, policy, catalogue, moments))
    .toSorted(byUrgency);
  // Another product of the same Stripe account is listed, and decides nothing: no headline, offer, refusal or demand (H6).
  const live = judged.filter((each) => each.live && each.own);
  const others = judged.filter((each) => each.live && !each.own);
  const headline = live[0] ?? lastEnded(judged);
  const shown = [...(live.length > 0 || headline === null ? live : [headline]), ...others];
  const never = linked && facts === null;
  const offers = never || customerInDoubt || live.length > 0 ? [] : offersOf(policy, catalogue, facts);
  const access =
    never || customerInDoubt ? accessAt(policy.unknownAccess, 'unknown') : accessOf(judged, linked, policy);
  const ticketIsLate = waitsTooLong !== null && !moments.refetchAt(waitsTooLong);
  // The portal shows all of them, whosever they are.
  const portal = choosePortal(policy.portal, [...live, ...others], moments, now);
  const toPay = live.map((each) => invoiceToPay(each.facts)).find((invoice) => invoice !== null) ?? null;
  const charged = viewer.mayManage ? chargedNext(headline) : null;
  const nextPayment = nextPaymentOf(charged, preview, moments);
  const needsMethod =
    headline?.live === true && methodNeeded(headline.facts, preview.invoice, nextPayment.nextPaymentAwaited);
  const situation = { isUnknown: never, isDeleted, headline, toPay, offers, portal: portal.features, needsMethod };
  const actions = actionsFor(situation, policy, catalogue);
  // One decision for the button, its amount and the page that it opens.
  const opened = actions.some(({ via }) => via === 'invoice') ? toPay : null;
  const { key: _, ...words } = headline === null ? nothing : headline.summary;
  const rows = viewer.mayManage ? cardRows(headline, actions, portal.features, moments) : {};
  const reason = viewer.mayManage && headline?.live === true ? declineReason(headline.facts) : null;
  const snapshot: BillingSnapshot = {
    ...words,
    revision: standing.revision,
    asOf: iso(standing.fetchedAt),
    confirmedBy: standing.confirmedBy,
    stale: ticketIsLate || moments.missedAny(),
    state: never ? 'unknown' : words.state,
    freePlanName: live.length === 0 && !never ? (policy.freePlan?.name ?? null) : null,
    payment: {
      ...words.payment,
      ...dueOver(live.map((each) => each.facts)),
      payNow: opened === null ? null : { amount: opened.amountRemaining, currency: opened.currency },
      ...methodOf(facts, headline),
      ...(words.payment.methodNeeded === undefined ? {} : { methodNeeded: needsMethod }),
      ...(reason === null ? {} : { declineReason: reason }),
    },
    access: toldAccess(access),
    actions: viewer.mayManage ? actions : [],
    mayManage: viewer.mayManage,
    offers,
    subscriptions: shown.map((each) => each.summary),
    ...rows,
    ...nextPayment,
  };
  return {
    snapshot,
    nextChangeAt: moments.nextChangeAt(),
    invoiceToPay: opened?.id ?? null,
    lastInvoice: rows.lastInvoice === undefined ? null : (headline?.facts.latestInvoice?.id ?? null),
    chargedNext: charged?.id ?? null,
    subscriptions: judged,
    portal,
  };
}

/** The best among the host's own plans (M22: others count for nothing here). */
function accessOf(judged: readonly JudgedSubscription[], linked: boolean, policy: Policy): GivenAccess {
  const own = judged.filter((each) => each.own);
  const [paid] = own.map((each) => each.access).toSorted(byAccess);
  // Never asked Stripe about: an account that was a subscriber long before Billhook must not be told "no" (M30).
  const without = accessAt(policy.freePlan?.access ?? 'none', 'none');
  if (!linked) return [without, accessAt(policy.unknownAccess, 'none')].toSorted(byAccess)[0] ?? without;
  if (paid === undefined) return without;
  // The free plan is the floor where nothing is running: a cancelled or never finished purchase must not leave
  // an account with less than never having bought. A debt or a pause is not lifted by it.
  const nothingRuns = paid.reason === 'ended' || paid.reason === 'incomplete';
  return nothingRuns && byAccess(without, paid) < 0 ? without : paid;
}

/** The most first: by level, then by how long it lasts. */
function byAccess(a: GivenAccess, b: GivenAccess): number {
  return (
    accessRank[b.level] - accessRank[a.level] ||
    Math.sign((b.until ?? Number.MAX_VALUE) - (a.until ?? Number.MAX_VALUE))
  );
}

function accessAt(level: AccessLevel, reason: BillingState): GivenAccess {
  return { level, reason, until: null };
}

function toldAccess({ level, reason, until, after, since }: GivenAccess): Access {
  const sinceWhen = iso(since ?? null);
  return {
    level,
    reason,
    until: iso(until),
    ...(after === undefined ? {} : { after }),
    ...(sinceWhen === null ? {} : { since: sinceWhen }),
  };
}

/** Worst first; among equals the newest. */
function byUrgency(a: JudgedSubscription, b: JudgedSubscription): number {
  const rank = (each: JudgedSubscription) => urgency[each.summary.state];
  return rank(b) - rank(a) || b.facts.created - a.facts.created;
}

/**
 * With nothing live, the subscription that ended last speaks (among equals the newest: the order that they have); rather one
 * that was had than a purchase that was never paid. Another product's end is no news here.
 */
function lastEnded(judged: readonly JudgedSubscription[]): JudgedSubscription | null {
  const wasHad = ({ facts }: JudgedSubscription) => Number(facts.status !== 'incomplete_expired');
  const when = ({ summary: { endedAt } }: JudgedSubscription) => (endedAt === null ? 0 : Date.parse(endedAt));
  const byEnd = (a: JudgedSubscription, b: JudgedSubscription) => wasHad(b) - wasHad(a) || when(b) - when(a);
  return judged.filter((each) => each.own).toSorted(byEnd)[0] ?? null;
}

function over<T extends { readonly status: string }>(subscription: T): T {
  return { ...subscription, status: 'canceled' };
}

function methodOf(facts: CustomerFacts | null, headline: JudgedSubscription | null): Pick<Payment, 'methodOnFile'> {
  return { methodOnFile: headline?.live === true ? headline.facts.methodOnFile : (facts?.methodOnFile ?? false) };
}

const nothing: SubscriptionSummary = {
  key: '',
  state: 'none',
  plan: null,
  next: null,
  renewsAt: null,
  endsAt: null,
  endedAt: null,
  trialEndsAt: null,
  resumesAt: null,
  graceEndsAt: null,
  payment: {
    due: null,
    otherCurrencies: false,
    openInvoices: 0,
    nextAttemptAt: null,
    problem: null,
    methodOnFile: false,
    methodReplaced: false,
  },
};
