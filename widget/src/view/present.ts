/** Pure: client state + words + clock → view. Elements decide nothing beyond it. */
import type { Action, BillingSnapshot, BillingState, Plan, ScheduledChange, SubscriptionSummary } from '../contract.ts';
import type { ClientState } from '../client/client-state.ts';
import { changeWords, failureText, paragraph } from './sentences.ts';
import { bannerOf, type Banner } from './banner.ts';
import { noticeOf, rowsOf, type RowView } from './rows.ts';
import { checkedAddress } from '../client/address.ts';
import type { Localizer, WordKey } from '../i18n/localizer.ts';

export type Tone = 'neutral' | 'positive' | 'info' | 'caution' | 'critical';

export interface PlanView {
  readonly name: string;
  /** "$29", "per month", "plus tax". */
  readonly price: { readonly amount: string; readonly per: string; readonly notes: string } | null;
  readonly status: { readonly label: string; readonly tone: Tone } | null;
  /** When it renews, ends, changes: one sentence each. */
  readonly lines: readonly string[];
}

export interface ActionView {
  readonly action: Action;
  readonly label: string;
  /** For a link of the host; everything else is opened by the BFF. */
  readonly href: string | null;
  readonly opening: boolean;
  /** This one or another is being opened: clicks are ignored. */
  readonly disabled: boolean;
}

export interface BannerView extends Banner {
  readonly actions: readonly ActionView[];
  /** It became true while the page was open. */
  readonly alerting: boolean;
}

export interface NoteView {
  readonly tone: Tone;
  readonly text: string;
  readonly busy: boolean;
}

export interface FailureView {
  readonly text: string;
  /** Where only support can help: it will ask for the code. */
  readonly code: string | null;
  /** Nothing is known, so this stands alone. */
  readonly alone: boolean;
}

export interface BillingView {
  readonly phase: 'hidden' | 'loading' | 'ready' | 'failed';
  readonly note: NoteView | null;
  readonly failure: FailureView | null;
  readonly banner: BannerView | null;
  /** Warnings ahead of trouble. */
  readonly notice: BannerView | null;
  readonly plan: PlanView;
  readonly rows: readonly RowView[];
  readonly subscriptions: readonly PlanView[];
  /** Without those that stand in the banner; the first is primary. */
  readonly actions: readonly ActionView[];
  readonly offers: readonly { readonly plan: PlanView; readonly action: ActionView }[];
  /** The purpose of the page behind the button, or the people to ask for it. */
  readonly hint: string | null;
  readonly stale: string | null;
}

const tones: Readonly<Record<BillingState, Tone>> = {
  unknown: 'neutral',
  none: 'neutral',
  ended: 'neutral',
  active: 'positive',
  trialing: 'info',
  ending: 'caution',
  paused: 'neutral',
  processing: 'info',
  incomplete: 'caution',
  actionRequired: 'caution',
  pastDue: 'critical',
  restricted: 'critical',
};

/** A healthy account stands in for the one that is loading, so that nothing moves when the truth arrives. Its texts are only bars. */
const placeholder = {
  state: 'active',
  plan: { name: null, price: { amount: 2900, currency: 'usd' }, interval: 'month', intervalCount: 1 },
  renewsAt: '2030-01-01',
  payment: {},
  access: {},
  actions: [{ purpose: 'manage', via: 'portal', flow: null }],
  mayManage: true,
  offers: [],
  subscriptions: [],
  paymentMethod: { name: 'Visa', last4: '4242', expires: '2030-01' },
  lastInvoice: { at: '2030-05-03', amount: { amount: 2900, currency: 'usd' }, state: 'paid' },
} as unknown as BillingSnapshot;

/** @param now - the server's clock, in milliseconds */
export function present(state: ClientState, i18n: Localizer, now: number): BillingView {
  const { visit } = state;
  const { term } = i18n;
  const failure = failureOf(state, i18n);
  const note = noteOf(state, i18n);
  const known = state.snapshot?.state !== 'unknown' && state.snapshot;
  const snapshot = known || placeholder;

  // Right after a payment no words ask to pay again: while the return is checked, trouble is not repeated.
  const trouble = bannerOf(snapshot, i18n, now);
  const banner = visit === 'returning' ? null : trouble;
  const offers = snapshot.mayManage ? snapshot.offers : [];
  // With a list of plans to choose from, one of them as a button beside it would say the same twice.
  const views = snapshot.actions
    .filter(({ via }) => !offers.length || via !== 'checkout')
    .flatMap((action) => viewsOf(action, snapshot, state, i18n));
  // Remedies stand beside the words about the trouble.
  const isRemedy = ({ action }: ActionView) => trouble !== null && action.purpose !== 'manage';
  const actions = views.filter((view) => !isRemedy(view));
  const remedies = banner ? views.filter(isRemedy) : [];
  const notice = trouble || visit === 'returning' ? null : noticeOf(snapshot, i18n);
  const change = snapshot.paymentMethod?.update;
  const via = offers.length ? 'checkout' : [...actions, ...remedies].find(({ href }) => href === null)?.action.via;
  return {
    phase: state.signedOut ? 'hidden' : known ? 'ready' : failure ? 'failed' : 'loading',
    note,
    failure,
    banner: banner && { ...banner, actions: remedies, alerting: state.alerting },
    notice: notice && { ...notice, actions: change ? viewsOf(change, snapshot, state, i18n) : [], alerting: false },
    rows: rowsOf(snapshot, i18n),
    plan: planView(snapshot.plan, snapshot, i18n, snapshot.freePlanName ?? term('noPlan')),
    subscriptions:
      snapshot.subscriptions.length > 1 ? snapshot.subscriptions.map((each) => planView(each.plan, each, i18n)) : [],
    actions,
    offers: offers.map(({ id, plan }) => {
      const view = planView(plan, null, i18n);
      const action: Action = { purpose: 'subscribe', via: 'checkout', offer: id };
      return { plan: view, action: actionView(action, term('choose', { plan: view.name }), state) };
    }),
    hint: !snapshot.mayManage ? term('cannotManage') : via ? term(`hint.${via}` as WordKey) : null,
    stale:
      snapshot.stale && snapshot.asOf && !failure && !note
        ? term('asOf', { time: i18n.time(Date.parse(snapshot.asOf)) })
        : null,
  };
}

function planView(
  plan: Plan | null,
  of: BillingSnapshot | SubscriptionSummary | null,
  i18n: Localizer,
  noName = i18n.term('unnamedPlan'),
): PlanView {
  // A state of the future has no label; its plan and "manage" are shown.
  const label = of && i18n.term(`state.${of.state}` as WordKey);
  return {
    name: plan ? (plan.name ?? i18n.term('unnamedPlan')) : noName,
    price: plan && priceView(plan, i18n),
    status: of && label ? { label, tone: tones[of.state] ?? 'neutral' } : null,
    lines: of ? linesOf(of, i18n) : [],
  };
}

function priceView(
  { price, interval, intervalCount, quantity, discounted, taxExcluded, metered, otherItems }: Plan,
  i18n: Localizer,
): PlanView['price'] {
  const { term } = i18n;
  const notes = [
    quantity !== null && quantity > 1 && term('quantity', { count: quantity }),
    discounted && term('beforeDiscount'),
    taxExcluded && term('plusTax'),
    metered && price && term('plusUsage'),
    otherItems > 0 && term('otherItems', { count: otherItems }),
  ];
  return {
    amount: price ? i18n.money(price, 'short') : '',
    per: price ? (interval ? i18n.interval(interval, intervalCount) : '') : metered ? term('usage') : '',
    // A dot needs no words: commas and their spaces differ by language.
    notes: notes.filter(Boolean).join(' · '),
  };
}

type Subscribed = BillingSnapshot | SubscriptionSummary;
type Line = (of: Subscribed, i18n: Localizer) => string | null;

const dated =
  (key: WordKey, field: 'endedAt' | 'endsAt' | 'renewsAt' | 'resumesAt' | 'trialEndsAt'): Line =>
  ({ [field]: at }, { term, date }) =>
    at && term(key, { date: date(at) });
const renews = dated('renewsOn', 'renewsAt');
const next: Line = (of, i18n) => nextLine(of.next, i18n);

const lines: Readonly<Record<BillingState, readonly Line[]>> = {
  unknown: [],
  none: [],
  ended: [dated('endedOn', 'endedAt')],
  // A contract with a last day renews until then.
  active: [renews, dated('endsOn', 'endsAt'), next],
  trialing: [
    dated('trialEndsOn', 'trialEndsAt'),
    (of, i18n) => (of.payment.methodOnFile ? next(of, i18n) : i18n.term('trialNeedsMethod')),
  ],
  ending: [dated('endsOn', 'endsAt'), ({ endsAt }, { term }) => endsAt && term('accessUntilThen')],
  paused: [dated('resumesOn', 'resumesAt')],
  processing: [renews],
  incomplete: [],
  actionRequired: [],
  pastDue: [],
  restricted: [],
};

/** A state of a later version has no lines. */
const linesOf = (of: Subscribed, i18n: Localizer): string[] =>
  (lines[of.state] ?? []).flatMap((line) => line(of, i18n) || []);

function nextLine(next: ScheduledChange | null, i18n: Localizer): string {
  if (!next) return '';
  const { name, price } = planView(next.plan, null, i18n);
  const cost = price?.amount ? ` (${price.amount} ${price.per})` : '';
  return i18n.term('changesTo', { plan: name + cost, date: i18n.date(next.at) });
}

function viewsOf(
  action: Action,
  { payment }: BillingSnapshot,
  state: ClientState,
  { term, money }: Localizer,
): ActionView[] {
  // The page asks for one invoice, and the button for the same. An older server did not tell which.
  const { due, otherCurrencies, payNow = otherCurrencies ? null : due } = payment;
  const label =
    action.purpose === 'payNow' && payNow
      ? term('payAmount', { amount: money(payNow) })
      : term(`action.${action.purpose}`) || term('action.manage');
  try {
    // A way out that this widget does not know, or an address that is not followed, gets no button rather than one that fails.
    return /^(portal|checkout|invoice|link)$/.test(action.via) ? [actionView(action, label, state)] : [];
  } catch {
    return [];
  }
}

function actionView(action: Action, label: string, { opening }: ClientState): ActionView {
  return {
    action,
    label,
    href: action.via === 'link' ? checkedAddress(action.url) : null,
    opening: opening !== null && JSON.stringify(opening) === JSON.stringify(action),
    disabled: opening !== null,
  };
}

function noteOf({ visit, changes, failure }: ClientState, i18n: Localizer): NoteView | null {
  const { term } = i18n;
  if (visit === 'none' || (visit === 'returning' && failure)) return null;
  // The banner is about the failed payment; "up to date" above it would be an irony.
  if (visit === 'changed' && changes.length && changes.every(({ kind }) => kind === 'paymentFailed')) return null;
  if (visit !== 'changed') {
    return {
      tone: visit === 'unchanged' ? 'neutral' : 'info',
      text: term(visit === 'returning' ? 'updating' : visit),
      busy: visit !== 'unchanged',
    };
  }
  return { tone: 'positive', text: changeWords(changes, i18n) || term('changed'), busy: false };
}

function failureOf(
  { failure, failures, openFailure, snapshot, confirmedAt, opening }: ClientState,
  i18n: Localizer,
): FailureView | null {
  // One slow answer behind a good page is no news; the next one comes before its words would have been read.
  const reading =
    failure && (!snapshot || failures > 1 || failure.code === 'offline' || !failure.transient) ? failure : null;
  const error = openFailure ?? reading;
  if (!error || opening) return null;
  const { text, support } = failureText(error, i18n);
  const old = error === reading && snapshot;
  return {
    text: paragraph(text, old && i18n.term('asOf', { time: i18n.time(confirmedAt) })),
    code: support ? error.code : null,
    alone: !snapshot,
  };
}
