/** Pure: client state + words + clock → view. Elements decide nothing beyond it. */
import type { Action, BillingSnapshot, Offer, Plan } from '../contract.ts';
import type { ClientState } from '../client/client-state.ts';
import type { Localizer, WordKey } from '../i18n/localizer.ts';
import { actionView, viewsOf, type ActionView } from './actions.ts';
import { bannerOf, type Banner } from './banner.ts';
import { freePlanView, percent, planView, type PlanView } from './plan.ts';
import { noticeOf, rowsOf, type RowView } from './rows.ts';
import { failureOf, noteOf, nothingLives, type FailureView, type NoteView } from './sentences.ts';
import { joined, type Told } from './told.ts';

export interface BannerView extends Banner {
  readonly actions: readonly ActionView[];
  /** Below the buttons. */
  readonly hint?: string | undefined;
  /** It became true while the page was open. */
  readonly alerting?: boolean;
}

export interface OfferView {
  /** "Yearly": one of the periods to choose from. Empty where all have the same one. */
  readonly period: string;
  readonly plan: PlanView;
  readonly features: readonly string[];
  /** The one that stands out. */
  readonly primary: boolean;
  readonly action: ActionView;
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
  readonly offers: readonly OfferView[];
  /** The purpose of the page behind the button, or the people to ask for it where no banner names them. */
  readonly hint: string | null;
  readonly stale: string | null;
}

/** A healthy account stands in for the one that is loading, so that nothing moves when the truth arrives. Its texts are only bars. */
const placeholder = {
  state: 'active',
  plan: { price: { amount: 2900, currency: 'usd' }, interval: 'month', intervalCount: 1 },
  renewsAt: '2030-01-01',
  payment: {},
  access: {},
  actions: [{ purpose: 'manage', via: 'portal' }],
  mayManage: true,
  offers: [],
  subscriptions: [],
  nextPaymentAwaited: true,
  paymentMethod: {
    name: 'Visa',
    last4: '4242',
    expires: '2030-01-01',
    update: { purpose: 'updateCard', via: 'portal' },
  },
  lastInvoice: {
    at: '2030-05-03',
    amount: { amount: 2900, currency: 'usd' },
    state: 'paid',
    view: { purpose: 'viewInvoice', via: 'invoice' },
  },
} as unknown as BillingSnapshot;

/** @param now - the server's clock, in milliseconds */
export function present(state: ClientState, i18n: Localizer, now: number): BillingView {
  const { visit, alerting } = state;
  const { term } = i18n;
  const known = state.snapshot?.state !== 'unknown' && state.snapshot;
  const snapshot = known || placeholder;
  const told: Told = { ...i18n, snapshot, now };
  const failure = failureOf(state, told);
  const note = noteOf(state, told);

  // Right after a payment no words ask to pay again: while the return is checked, trouble is not repeated.
  const trouble = bannerOf(told);
  const banner = visit === 'returning' ? null : trouble;
  const offers = snapshot.mayManage ? snapshot.offers : [];
  const isOnePeriod = new Set(offers.map(({ plan }) => `${plan.interval}${plan.intervalCount}`)).size < 2;
  const best = offers.find(({ recommended }) => recommended) ?? offers[0];
  // With a list of plans to choose from, one of them as a button beside it would say the same twice.
  const views = snapshot.actions
    .filter(({ via }) => !offers.length || via !== 'checkout')
    .flatMap((action) => viewsOf(action, state, told));
  // Remedies stand beside the words about the trouble.
  const isRemedy = ({ action }: ActionView) => trouble !== null && action.purpose !== 'manage';
  const actions = views.filter((view) => !isRemedy(view));
  const remedies = banner ? views.filter(isRemedy) : [];
  const notice = trouble || visit === 'returning' ? null : noticeOf(told);
  const change = snapshot.paymentMethod?.update;
  const via = offers.length ? 'checkout' : [...actions, ...remedies].find(({ href }) => href === null)?.action.via;
  const opensInvoice = remedies.some(({ action }) => action.via === 'invoice');
  return {
    phase: state.signedOut ? 'hidden' : known ? 'ready' : failure ? 'failed' : 'loading',
    note,
    failure,
    banner: banner && { ...banner, actions: remedies, hint: opensInvoice ? term('hint.invoice') : undefined, alerting },
    notice: notice && { ...notice, actions: change ? viewsOf(change, state, told) : [] },
    rows: rowsOf(told, state),
    plan:
      snapshot.freePlanName && nothingLives.test(snapshot.state)
        ? freePlanView(snapshot.freePlanName, told)
        : planView(snapshot.plan, snapshot, told),
    subscriptions:
      snapshot.subscriptions.length > 1 ? snapshot.subscriptions.map((each) => planView(each.plan, each, told)) : [],
    actions,
    offers: offers.map((offer) => offerView(offer, isOnePeriod, offer === best, state, told)),
    hint: snapshot.mayManage
      ? via
        ? term(`hint.${via}` as WordKey)
        : null
      : banner && banner.tone !== 'info'
        ? null
        : term('cannotManage'),
    stale:
      snapshot.stale && snapshot.asOf && !failure && !note
        ? term('asOf', { time: i18n.time(Date.parse(snapshot.asOf)) })
        : null,
  };
}

function offerView(
  { id, plan, trialDays, description, features = [], recommended, savesPercent }: Offer,
  isOnePeriod: boolean,
  primary: boolean,
  state: ClientState,
  told: Told,
): OfferView {
  const { term } = told;
  const view = planView(plan, null, told);
  const period = isOnePeriod ? '' : periodOf(plan, told);
  const saving = savesPercent ? term('saves', { percent: percent(savesPercent, told) }) : '';
  const lines = [
    description,
    trialDays && term('freeFor', { period: told.period('day', trialDays) }),
    // The switch says it for all of them.
    period.endsWith(`· ${saving}`) ? '' : saving,
  ].filter(Boolean) as string[];
  const action: Action = { purpose: 'subscribe', via: 'checkout', offer: id };
  return {
    period,
    plan: { ...view, lines, status: recommended ? { label: term('recommended'), tone: 'info' } : null },
    // A document that cannot be shown is found out here, and not in the middle of a render.
    features: [...features],
    primary,
    action: actionView(action, term('choose', { plan: view.name }), state),
  };
}

/** "Yearly · Saves 16%": the same for all plans of one interval. */
function periodOf({ interval, intervalCount }: Plan, told: Told): string {
  const { term, snapshot } = told;
  const savings = snapshot.offers.flatMap(({ plan, savesPercent }) =>
    plan.interval === interval && plan.intervalCount === intervalCount ? (savesPercent ?? []) : [],
  );
  const most = Math.max(...savings);
  return joined(
    (intervalCount === 1 && term(`by.${interval}` as WordKey)) || (interval && told.interval(interval, intervalCount)),
    most > 0 && term(savings.every((each) => each === most) ? 'saves' : 'savesUpTo', { percent: percent(most, told) }),
  );
}
