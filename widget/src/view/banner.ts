/** Pure: payment trouble in calm words, and its consequence until it is solved. */
import type { BillingState, Payment } from '../contract.ts';
import type { WordKey } from '../i18n/localizer.ts';
import { daysUntil, nameOf, paragraph, printed, type Told } from './told.ts';

export interface Banner {
  readonly tone: 'info' | 'caution' | 'critical';
  readonly title: string;
  /** The event, its consequence, the next step. */
  readonly text: string;
}

/** Said as the judge says it: a host's policy, or another subscription, may leave full access where one alone would not. */
export function accessWords(told: Told): string | null {
  const { term } = told;
  const { level, until, after, since } = told.snapshot.access;
  const limited = level === 'readOnly' ? term('readOnly') : level === 'none' && term('noAccess');
  if (limited) return paragraph(limited, term('limitedSince', { date: since }));
  if (!until || after === 'full') return null;
  return paragraph(
    term('fullAccessUntil', { date: until, left: daysUntil(until, told) }),
    after && term(`then.${after}` as WordKey),
  );
}

type BannerOf = (told: Told) => Banner;

const unpaid: BannerOf = (told) => {
  const { term, snapshot } = told;
  const { state, payment, access, plan, subscriptions, paymentMethod: method, mayManage } = snapshot;
  const { problem, due, nextAttemptAt, declineReason } = payment;
  const overdue = problem === 'overdue';
  return {
    tone: 'critical',
    title: term(access.level === 'readOnly' ? 'banner.restricted' : overdue ? 'banner.overdue' : 'banner.pastDue'),
    text: paragraph(
      mayManage &&
        ((payment.methodReplaced
          ? term('methodReplaced')
          : overdue || state === 'restricted'
            ? term('amountOpen', { amount: due })
            : // Several subscriptions may owe: the one that the headline speaks about is named, with its own debt.
              term(method?.declined ? 'declined' : 'chargeFailed', {
                amount: subscriptions[0]?.payment.due ?? due,
                plan: nameOf(plan, told),
                method: method && printed(method),
              })) ||
          // Without an amount: no page asks for it any more.
          term('noInvoice')),
      mayManage && declineReason && term(`because.${declineReason}` as WordKey),
      accessWords(told),
      nextAttemptAt && retryWords(nextAttemptAt, told),
    ),
  };
};

/** "Today" and "tomorrow" need no date. */
const retryWords = (date: string, told: Told): string =>
  Date.parse(date) - told.now < 86_400_000
    ? told.term('retrySoon', { when: daysUntil(date, told) })
    : told.term('retryOn', { date });

/** The button's page asks for one invoice, where several may be due. An older server did not tell which. */
const asked = ({ payNow, due }: Payment) => payNow ?? due;

const actionRequired: BannerOf = (told) => {
  const { payment, graceEndsAt } = told.snapshot;
  return {
    tone: 'caution',
    title: told.term('banner.actionRequired'),
    text: paragraph(told.term('bankAsks', { amount: asked(payment) }), graceEndsAt && accessWords(told)),
  };
};

const incomplete: BannerOf = (told) => {
  const { term, snapshot } = told;
  const { finishBy, payment, plan } = snapshot;
  const amount = asked(payment);
  const values = { amount, plan: nameOf(plan, told), time: finishBy && told.time(Date.parse(finishBy)) };
  const lacksMethod = payment.problem === 'methodMissing';
  return {
    tone: 'caution',
    title: term(lacksMethod ? 'banner.methodMissing' : 'banner.incomplete'),
    // With a card by now, a trial that was over without one only has to go on: nothing is open.
    text: lacksMethod || !amount ? term('trialOver') : term('firstPaymentBy', values) || term('firstPayment', values),
  };
};

const processing: BannerOf = ({ term }) => ({
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

/** @returns `null` where nothing is wrong, or no words can be had: the ways out are shown all the same */
export function bannerOf(told: Told): Banner | null {
  const { term, snapshot } = told;
  const banner = banners[snapshot.state]?.(told) ?? null;
  if (!banner?.title) return null;
  if (snapshot.mayManage || banner.tone === 'info') return banner;
  // A colleague did not cause it and cannot mend it: no blame and no amount, but the people to ask.
  const isTrialOver = snapshot.state === 'incomplete' && !snapshot.payment.due;
  return {
    ...banner,
    ...(!isTrialOver && snapshot.access.level !== 'readOnly' && { title: term('banner.reader') }),
    text: paragraph(!isTrialOver && accessWords(told), term('askToPay')),
  };
}
