/** Pure: what the client knows + words + clock → what is shown. No element decides anything that is not decided here. */
import type { Action, BillingSnapshot, Plan, ScheduledChange, SubscriptionSummary } from './contract.ts';
import type { ClientState } from './client.ts';
import { changeSentences, failureText } from './sentences.ts';
import { checkedAddress } from './visit.ts';
import { bannerOf, type Banner } from './trouble.ts';
import type { Speech, WordKey } from './words.ts';

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
  /** Another one is being opened, so this one is not. */
  readonly idle: boolean;
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
  /** Said where only support can help. */
  readonly code: string | null;
  readonly asOf: string | null;
  /** Nothing is known, so this stands alone. */
  readonly alone: boolean;
  /** Where a new tab was refused. */
  readonly link: string | null;
}

export interface BillingView {
  readonly phase: 'hidden' | 'loading' | 'ready' | 'failed';
  readonly note: NoteView | null;
  readonly failure: FailureView | null;
  readonly banner: BannerView | null;
  readonly plan: PlanView;
  readonly subscriptions: readonly (PlanView & { readonly key: string })[];
  /** Without those that stand in the banner; the first is primary. */
  readonly actions: readonly ActionView[];
  readonly offers: readonly { readonly id: string; readonly plan: PlanView; readonly action: ActionView }[];
  /** What the page behind the button is for, or who may press it. */
  readonly hint: string | null;
  readonly stale: string | null;
}

const TONES: Readonly<Record<string, Tone>> = {
  active: 'positive',
  trialing: 'info',
  processing: 'info',
  ending: 'caution',
  incomplete: 'caution',
  actionRequired: 'caution',
  pastDue: 'critical',
  restricted: 'critical',
};

/** Those that end the trouble; they stand in the banner, beside the words about it. */
const REMEDIES = /^(updateCard|addCard|payNow|confirmPayment|finishPayment)$/;

/** @param now the server's clock, in milliseconds */
export function present(state: ClientState, speech: Speech, now: number): BillingView {
  const { snapshot, visit } = state;
  const failure = failureOf(state, speech, now);
  if (state.signedOut) return { ...loadingView(speech), phase: 'hidden' };
  if (!snapshot || (snapshot.state === 'unknown' && !failure)) {
    return {
      ...loadingView(speech),
      note: noteOf(state, speech),
      failure,
      phase: failure && !snapshot ? 'failed' : 'loading',
    };
  }

  const shown = snapshot.actions.flatMap((action) => actionView(action, snapshot, state, speech));
  // Somebody who has just paid must not be told to pay: while the return is checked, trouble is not repeated.
  const banner = visit === 'returning' ? null : bannerOf(snapshot, speech, now);
  const inBanner = (view: ActionView) => banner !== null && REMEDIES.test(view.action.purpose);
  const hidden = (view: ActionView) =>
    visit === 'returning' && REMEDIES.test(view.action.purpose) && snapshot.state !== 'trialing';
  const offers = snapshot.mayManage && shown.every(({ action }) => action.via !== 'portal') ? snapshot.offers : [];
  const actions = shown.filter(
    (view) => !inBanner(view) && !hidden(view) && !(view.action.via === 'checkout' && offers.length),
  );
  const remedies = shown.filter(inBanner);
  return {
    phase: 'ready',
    note: noteOf(state, speech),
    failure,
    banner: banner && { ...banner, actions: remedies, alerting: state.alerting },
    plan: {
      ...planView(snapshot.plan, snapshot, speech),
      ...(snapshot.plan ? {} : { name: snapshot.freePlanName ?? speech.say('noPlan') }),
    },
    subscriptions:
      snapshot.subscriptions.length > 1
        ? snapshot.subscriptions.map((each) => ({ key: each.key, ...planView(each.plan, each, speech) }))
        : [],
    actions,
    offers: offers.map(({ id, plan }) => {
      const view = planView(plan, null, speech);
      const action: Action = { purpose: 'subscribe', via: 'checkout', offer: id };
      return { id, plan: view, action: openable(action, speech.say('choose', { plan: view.name }), state) };
    }),
    hint: hintOf(snapshot, [...remedies, ...actions], offers.length > 0, speech),
    stale:
      snapshot.stale && snapshot.asOf && !failure && visit === 'none'
        ? speech.say('staleSince', { time: speech.time(Date.parse(snapshot.asOf), now) })
        : null,
  };
}

/** The words of the calmest state stand in for what is not known yet, so that nothing moves when it arrives. */
function loadingView(speech: Speech): BillingView {
  const action: Action = { purpose: 'manage', via: 'portal', flow: null };
  return {
    phase: 'loading',
    note: null,
    failure: null,
    banner: null,
    plan: {
      name: speech.say('unnamedPlan'),
      price: {
        amount: speech.money({ amount: 2900, currency: 'usd' }, 'short'),
        per: speech.count('interval.month', 1),
        notes: '',
      },
      status: { label: speech.say('state.active'), tone: 'neutral' },
      lines: [speech.say('renewsOn', { date: speech.date('2030-01-01') })],
    },
    subscriptions: [],
    actions: [{ action, label: speech.say('action.manage'), href: null, opening: false, idle: true }],
    offers: [],
    hint: speech.say('hint.portal'),
    stale: null,
  };
}

function planView(plan: Plan | null, times: BillingSnapshot | SubscriptionSummary | null, speech: Speech): PlanView {
  return {
    name: plan?.name ?? speech.say('unnamedPlan'),
    price: plan && priceView(plan, speech),
    status: times && statusOf(times.state, speech),
    lines: times ? linesOf(times, speech) : [],
  };
}

function priceView(plan: Plan, speech: Speech): PlanView['price'] {
  const notes = [
    plan.quantity !== null && plan.quantity > 1 ? speech.count('quantity', plan.quantity) : '',
    plan.discounted ? speech.say('beforeDiscount') : '',
    plan.taxExcluded ? speech.say('plusTax') : '',
    plan.metered && plan.price ? speech.say('plusUsage') : '',
    plan.otherItems > 0 ? speech.count('otherItems', plan.otherItems) : '',
  ].filter(Boolean);
  if (plan.price) {
    const per = plan.interval ? speech.count(`interval.${plan.interval}`, plan.intervalCount) : '';
    return { amount: speech.money(plan.price, 'short'), per, notes: speech.list(notes) };
  }
  return plan.metered || notes.length
    ? { amount: '', per: plan.metered ? speech.say('usage') : '', notes: speech.list(notes) }
    : null;
}

/** A state of the future has no label; its plan and "manage" are shown. */
function statusOf(state: string, speech: Speech): PlanView['status'] {
  const label = wordOf(`state.${state}`, speech);
  return label === null ? null : { label, tone: TONES[state] ?? 'neutral' };
}

function linesOf(of: BillingSnapshot | SubscriptionSummary, speech: Speech): string[] {
  const on = (key: WordKey, at: string | null) => (at === null ? [] : [speech.say(key, { date: speech.date(at) })]);
  switch (of.state) {
    case 'ended':
      return on('endedOn', of.endedAt);
    case 'ending':
      return of.endsAt === null ? [] : [`${on('endsOn', of.endsAt)[0]}. ${speech.say('accessUntilThen')}`];
    case 'trialing':
      return [
        ...on('trialEndsOn', of.trialEndsAt),
        ...(of.payment.methodOnFile ? nextLines(of.next, speech) : [speech.say('trialNeedsMethod')]),
      ];
    case 'paused':
      return of.resumesAt === null ? [speech.say('pausedNow')] : on('resumesOn', of.resumesAt);
    case 'active':
    case 'processing':
      return [...on('renewsOn', of.renewsAt), ...nextLines(of.next, speech)];
    default:
      return [];
  }
}

function nextLines(next: ScheduledChange | null, speech: Speech): string[] {
  if (!next) return [];
  const { name, price, interval, intervalCount } = next.plan;
  const cost =
    price && interval
      ? ` (${speech.money(price, 'short')} ${speech.count(`interval.${interval}`, intervalCount)})`
      : '';
  return [speech.say('changesTo', { plan: (name ?? speech.say('unnamedPlan')) + cost, date: speech.date(next.at) })];
}

function actionView(action: Action, snapshot: BillingSnapshot, state: ClientState, speech: Speech): ActionView[] {
  const label =
    action.purpose === 'payNow' && snapshot.payment.due && !snapshot.payment.otherCurrencies
      ? speech.say('payAmount', { amount: speech.money(snapshot.payment.due) })
      : (wordOf(`action.${action.purpose}`, speech) ?? speech.say('action.manage'));
  if (action.via !== 'link') return [openable(action, label, state)];
  try {
    return [{ action, label, href: checkedAddress(action.url), opening: false, idle: false }];
  } catch {
    return []; // an address that is not followed gets no button
  }
}

function openable(action: Action, label: string, { opening }: ClientState): ActionView {
  const mine = opening !== null && JSON.stringify(opening) === JSON.stringify(action);
  return { action, label, href: null, opening: mine, idle: opening !== null && !mine };
}

function hintOf(
  snapshot: BillingSnapshot,
  actions: readonly ActionView[],
  offers: boolean,
  speech: Speech,
): string | null {
  if (!snapshot.mayManage) return snapshot.state === 'none' ? null : speech.say('cannotManage');
  const via = offers ? 'checkout' : actions.find(({ action }) => action.via !== 'link')?.action.via;
  return via ? speech.say(`hint.${via as 'portal' | 'checkout' | 'invoice'}`) : null;
}

function noteOf({ visit, changes, failure }: ClientState, speech: Speech): NoteView | null {
  if (visit === 'returning') return failure ? null : { tone: 'info', text: speech.say('updating'), busy: true };
  if (visit === 'pending') return { tone: 'info', text: speech.say('pending'), busy: true };
  if (visit === 'unchanged') return { tone: 'neutral', text: speech.say('unchanged'), busy: false };
  if (visit !== 'changed') return null;
  const sentences = changeSentences(changes, speech);
  const bad = changes.some(({ kind }) => kind === 'paymentFailed');
  return { tone: bad ? 'caution' : 'positive', text: sentences.join(' ') || speech.say('changed'), busy: false };
}

function failureOf(
  { failure, failures, openFailure, blocked, snapshot, confirmedAt, opening }: ClientState,
  speech: Speech,
  now: number,
): FailureView | null {
  if (blocked !== null) return { text: '', code: null, asOf: null, alone: false, link: blocked };
  // One slow answer behind a good page is no news; it is asked again before anybody would have read about it.
  const reading =
    failure && (!snapshot || failures > 1 || failure.code === 'offline' || !failure.transient) ? failure : null;
  const error = openFailure ?? reading;
  if (!error || opening) return null;
  const { text, support } = failureText(error.code, speech);
  return {
    text,
    code: support ? speech.say('failureCode', { code: error.code }) : null,
    asOf: error === reading && snapshot ? speech.say('asOf', { time: speech.time(confirmedAt, now) }) : null,
    alone: !snapshot,
    link: null,
  };
}

/** A word that may not exist, because its key comes from the wire. */
const wordOf = (key: string, speech: Speech): string | null => speech.say(key as WordKey) || null;
