/** Pure: payment trouble in calm words, and its consequence until it is solved. */
import type { BillingSnapshot, BillingState } from '../contract.ts';
import { paragraph } from './sentences.ts';
import type { Localizer } from '../i18n/localizer.ts';

export interface Banner {
  readonly tone: 'info' | 'caution' | 'critical';
  readonly title: string;
  /** The event, its consequence, the next step. */
  readonly text: string;
}

const day = 86_400_000;
/** Days as a calendar counts them: access that ends in 20 hours ends tomorrow, and the date beside it says so too. */
const midnight = (at: string | number): number => new Date(at).setHours(0, 0, 0, 0);

/** Said as the judge says it: a host's policy, or another subscription, may leave full access where one alone would not. */
function accessWords({ access }: BillingSnapshot, { term, date, daysAhead }: Localizer, now: number): string | null {
  const { level, until } = access;
  if (level === 'readOnly') return term('readOnly');
  if (level === 'none') return term('noAccess');
  if (!until) return null;
  const left = daysAhead(Math.max(0, Math.round((midnight(until) - midnight(now)) / day)));
  return term('fullAccessUntil', { date: date(until), left });
}

type BannerOf = (snapshot: BillingSnapshot, i18n: Localizer, now: number) => Banner;

const unpaid: BannerOf = (snapshot, i18n, now) => {
  const { state, payment, access } = snapshot;
  const { term, date, money } = i18n;
  const overdue = payment.problem === 'overdue';
  const due =
    payment.due &&
    ({
      amount: money(payment.due),
      key: overdue || state === 'restricted' ? 'amountOpen' : 'chargeFailed',
    } as const);
  return {
    tone: 'critical',
    title: term(access.level === 'readOnly' ? 'banner.restricted' : overdue ? 'banner.overdue' : 'banner.pastDue'),
    text: paragraph(
      payment.methodReplaced ? term('methodReplaced') : due && term(due.key, due),
      accessWords(snapshot, i18n, now),
      payment.nextAttemptAt && term('retryOn', { date: date(payment.nextAttemptAt) }),
    ),
  };
};

const actionRequired: BannerOf = (snapshot, i18n, now) => {
  const { due } = snapshot.payment;
  return {
    tone: 'caution',
    title: i18n.term('banner.actionRequired'),
    text: paragraph(
      due && i18n.term('bankAsks', { amount: i18n.money(due) }),
      snapshot.graceEndsAt && accessWords(snapshot, i18n, now),
    ),
  };
};

const incomplete: BannerOf = ({ payment }, { term }) =>
  payment.problem === 'methodMissing'
    ? { tone: 'caution', title: term('banner.methodMissing'), text: term('trialOver') }
    : { tone: 'caution', title: term('banner.incomplete'), text: term('firstPayment') };

const processing: BannerOf = (_, { term }) => ({
  tone: 'info',
  title: term('banner.processing'),
  text: term('paymentOnItsWay'),
});

const banners: Readonly<Record<BillingState, BannerOf | null>> = {
  unknown: null,
  none: null,
  ended: null,
  active: null,
  trialing: null,
  ending: null,
  paused: null,
  processing,
  incomplete,
  actionRequired,
  pastDue: unpaid,
  restricted: unpaid,
};

/** @returns `null` where nothing is wrong */
export const bannerOf = (snapshot: BillingSnapshot, i18n: Localizer, now: number): Banner | null =>
  banners[snapshot.state]?.(snapshot, i18n, now) ?? null;
