/** Pure: what stands between the account and being paid up, in calm words, and what it means until then. */
import type { BillingSnapshot } from '../contract.ts';
import { paragraph } from './sentences.ts';
import type { Speech, WordKey } from '../i18n/localizer.ts';

export interface Banner {
  readonly tone: 'info' | 'caution' | 'critical';
  readonly title: string;
  /** What happened, what it means, what happens next. */
  readonly text: string;
}

const DAY = 86_400_000;
/** Days as a calendar counts them: what ends in 20 hours ends tomorrow, and the date beside it says so too. */
const midnight = (at: string | number): number => new Date(at).setHours(0, 0, 0, 0);

/** @returns `null` where nothing is wrong */
export function bannerOf(
  { state, payment, access, graceEndsAt }: BillingSnapshot,
  { say, date, money, daysAhead }: Speech,
  now: number,
): Banner | null {
  const amount = payment.due && money(payment.due);
  // Said as the judge says it: a host's policy, or another subscription, may leave full access where one alone would not.
  const { until } = access;
  const accessNow =
    access.level === 'readOnly'
      ? say('readOnly')
      : access.level === 'none'
        ? say('noAccess')
        : until &&
          say('fullAccessUntil', {
            date: date(until),
            left: daysAhead(Math.max(0, Math.round((midnight(until) - midnight(now)) / DAY))),
          });
  const banner = (tone: Banner['tone'], title: WordKey, ...text: readonly (string | null | false)[]): Banner => ({
    tone,
    title: say(title),
    text: paragraph(...text),
  });

  switch (state) {
    case 'pastDue':
    case 'restricted': {
      const overdue = payment.problem === 'overdue';
      return banner(
        'critical',
        access.level === 'readOnly' ? 'banner.restricted' : overdue ? 'banner.overdue' : 'banner.pastDue',
        payment.methodReplaced
          ? say('methodReplaced')
          : amount && say(overdue || state === 'restricted' ? 'amountOpen' : 'chargeFailed', { amount }),
        accessNow,
        payment.nextAttemptAt && say('retryOn', { date: date(payment.nextAttemptAt) }),
      );
    }
    case 'actionRequired':
      return banner(
        'caution',
        'banner.actionRequired',
        amount && say('bankAsks', { amount }),
        graceEndsAt && accessNow,
      );
    case 'incomplete':
      return payment.problem === 'methodMissing'
        ? banner('caution', 'banner.methodMissing', say('trialOver'))
        : banner('caution', 'banner.incomplete', say('firstPayment'));
    case 'processing':
      return banner('info', 'banner.processing', say('paymentOnItsWay'));
    default:
      return null;
  }
}
