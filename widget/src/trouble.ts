/** Pure: what stands between the account and being paid up, in calm words, and what it means until then. */
import type { BillingSnapshot } from './contract.ts';
import type { Speech } from './words.ts';

export interface Banner {
  readonly tone: 'info' | 'caution' | 'critical';
  readonly title: string;
  /** A sentence each: what happened, what it means, what happens next. */
  readonly text: readonly string[];
}

const DAY = 86_400_000;

/** @returns `null` where nothing is wrong */
export function bannerOf(snapshot: BillingSnapshot, speech: Speech, now: number): Banner | null {
  const { payment, access } = snapshot;
  const due = payment.due && speech.money(payment.due);
  const { say } = speech;
  switch (snapshot.state) {
    case 'pastDue': {
      const overdue = payment.problem === 'overdue';
      const until = snapshot.graceEndsAt ?? access.until;
      const failed = payment.methodReplaced
        ? say('methodReplaced')
        : due
          ? say('chargeFailed', { amount: due })
          : say('chargeFailedNoAmount');
      return {
        tone: 'critical',
        title: say(overdue ? 'banner.overdue' : 'banner.pastDue'),
        text: [
          overdue && due ? say('amountOpen', { amount: due }) : failed,
          ...(access.level === 'full' && until ? [accessUntil(until, speech, now)] : accessNow(snapshot, speech)),
          ...(payment.nextAttemptAt ? [say('retryOn', { date: speech.date(payment.nextAttemptAt) })] : []),
        ],
      };
    }
    case 'restricted':
      return {
        tone: 'critical',
        title: say(
          access.level === 'none'
            ? 'banner.suspended'
            : access.level === 'readOnly'
              ? 'banner.restricted'
              : 'banner.pastDue',
        ),
        text: [
          ...(payment.methodReplaced ? [say('methodReplaced')] : []),
          ...(due ? [say('amountOpen', { amount: due })] : []),
          ...accessNow(snapshot, speech),
        ],
      };
    case 'actionRequired':
      return {
        tone: 'caution',
        title: say('banner.actionRequired'),
        text: [
          due ? say('bankAsks', { amount: due }) : say('bankAsksNoAmount'),
          ...(snapshot.graceEndsAt && access.level === 'full' ? [accessUntil(snapshot.graceEndsAt, speech, now)] : []),
        ],
      };
    case 'incomplete': {
      const missing = payment.problem === 'methodMissing';
      return {
        tone: 'caution',
        title: say(missing ? 'banner.methodMissing' : 'banner.incomplete'),
        text: [say(missing ? 'trialOver' : 'firstPayment')],
      };
    }
    case 'processing':
      return { tone: 'info', title: say('banner.processing'), text: [say('paymentOnItsWay')] };
    default:
      return null;
  }
}

function accessUntil(until: string, speech: Speech, now: number): string {
  const date = speech.date(until);
  const days = Math.floor((Date.parse(until) - now) / DAY);
  return days < 1 ? speech.say('fullAccessToday', { date }) : speech.count('fullAccessUntil', days, { date });
}

/** Said as the judge says it: a host's policy may leave full access where another would not. */
function accessNow({ access }: BillingSnapshot, speech: Speech): string[] {
  return access.level === 'readOnly'
    ? [speech.say('readOnly')]
    : access.level === 'none'
      ? [speech.say('noAccess')]
      : [];
}
