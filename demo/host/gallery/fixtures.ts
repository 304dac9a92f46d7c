/**
 * The gallery's exhibits: every state of the contract, and everything else that an element may have to show at one time or
 * another. The tests of looks and accessibility walk the same list. Plain data: it reaches the page as JSON.
 */

import type { Action, BillingSnapshot, Change, Money, Plan } from '@billhook/widget/contract';
import {
  active,
  lastInvoice,
  nextPayment,
  owing,
  paidUp,
  payNow,
  portal,
  pro,
  readerOf,
  several,
  snapshots,
  team,
  updateCard,
  visa,
} from './snapshots.ts';

export interface Failure {
  readonly code: string;
  /** The answer's; 0 where there is none. */
  readonly status: number;
}

/** The answers of the host and the BFF. Each one not given is as when all is well. */
export interface Fixture {
  readonly title: string;
  readonly group: Group;
  readonly snapshot: BillingSnapshot | null;
  readonly visit?: 'returning' | 'changed' | 'unchanged' | 'pending';
  readonly changes?: readonly Change[];
  /** Reading fails: at once, or where there is a snapshot, after that. */
  readonly failure?: Failure;
  readonly signedOut?: boolean;
  /** The first button is pressed. */
  readonly opening?: true;
  /** The same, and it fails. */
  readonly openFailure?: Failure;
}

export const groups = {
  calm: 'In good order',
  trouble: 'Payment trouble',
  turning: 'Beginnings and ends',
  trip: 'A trip to Stripe',
  failure: 'When something fails',
  detail: 'Long, many and unusual',
} as const;
export type Group = keyof typeof groups;

const unreachable: Failure = { code: 'unreachable', status: 0 };
/** No answer, and the browser says that it is offline. */
const offline: Failure = { code: 'offline', status: 0 };
const stripeDown: Failure = { code: 'stripe_unavailable', status: 503 };
const refused = (code: string, status: number): Failure => ({ code, status });

const yen: Plan = { ...team, name: 'スタンダードプラン', price: { amount: 29_800, currency: 'jpy' }, interval: 'year' };
const long: Plan = {
  ...team,
  name: 'Unternehmenszusammenarbeitspaket für Bildungseinrichtungen',
  price: { amount: 123_456_789, currency: 'eur' },
  intervalCount: 3,
  quantity: 1250,
};
const everything: Plan = {
  ...pro,
  quantity: 12,
  discounted: true,
  taxExcluded: true,
  metered: true,
  otherItems: 2,
  total: { price: { amount: 10_400, currency: 'usd' }, discounted: true },
};
const fiveSeats: Plan = { ...team, quantity: 5, price: { amount: 14_500, currency: 'usd' } };
const discounted = (price: Money, percentOff: number | null, until: string | null, once = false): Plan => ({
  ...fiveSeats,
  discounted: true,
  discount: { price, percentOff, amountOff: { ...price, amount: 14_500 - price.amount }, until, once },
});
const usd = (amount: number): Money => ({ amount, currency: 'usd' });
const withSupport: Plan = {
  ...fiveSeats,
  unit: 'seat',
  otherItems: 1,
  total: { price: usd(17_400), discounted: false },
};
const fifthOff = { percentOff: 20, amountOff: usd(2900), until: '2027-11-03T09:00:00Z', once: false };
const seatsOff: Plan = {
  ...withSupport,
  discounted: true,
  discount: { ...fifthOff, price: usd(11_600) },
  total: { price: usd(17_400), discounted: true, discount: { ...fifthOff, percentOff: null, price: usd(14_500) } },
};
/** @param amount - of the next payment, in minor units @param last - of the last one. Default: the same */
const paidWith = (plan: Plan, amount: number, last = amount): BillingSnapshot => {
  const { currency } = plan.price ?? nextPayment.amount;
  const { lastInvoice: _invoice, ...without } = active;
  return {
    ...without,
    plan,
    // An invoice over nothing is not told.
    ...(last > 0 && { lastInvoice: { ...lastInvoice, amount: { amount: last, currency } } }),
    nextPayment: { ...nextPayment, amount: { amount, currency }, estimated: plan.metered },
  };
};
/** What is sent by invoice has no method to show. */
const { paymentMethod: _method, ...sent } = snapshots.pastDue;
/** Of the card before. */
const { declineReason: _reason, ...replaced } = snapshots.pastDue.payment;
const { paymentMethod: _none, ...unfinished } = snapshots.incomplete;
const { finishBy: _, lastInvoice: _last, ...overTrial } = unfinished;
const inAYear = (snapshot: BillingSnapshot): BillingSnapshot => {
  const at = '2028-05-03T09:00:00Z';
  return { ...snapshot, renewsAt: at, nextPayment: { ...(snapshot.nextPayment ?? nextPayment), at } };
};
const link = (purpose: Action['purpose']): Action => ({ purpose, via: 'link', url: 'https://app.example/plans' });

/** By the name that a link to it has: `/gallery?state=pastDue`. */
export const fixtures = {
  active: { title: 'Active', group: 'calm', snapshot: active },
  trialing: { title: 'On trial, no card', group: 'calm', snapshot: snapshots.trialing },
  trialWithCard: {
    title: 'On trial, card on file',
    group: 'calm',
    snapshot: { ...snapshots.trialing, payment: paidUp, actions: [portal], paymentMethod: visa },
  },
  scheduled: {
    title: 'A change is scheduled',
    group: 'calm',
    snapshot: { ...paidWith(pro, 2900, 9900), next: { plan: team, at: '2027-06-03T09:00:00Z' } },
  },
  cardExpires: {
    title: 'The card expires before it is charged',
    group: 'calm',
    snapshot: { ...active, paymentMethod: { ...visa, expires: '2027-05', expiresSoon: true } },
  },
  processing: { title: 'A bank debit is on its way', group: 'calm', snapshot: snapshots.processing },
  paused: { title: 'Paused by choice', group: 'calm', snapshot: snapshots.paused },
  pausedPaid: {
    title: 'Paused, in a paid month',
    group: 'calm',
    snapshot: {
      ...snapshots.paused,
      access: { level: 'full', reason: 'paused', until: '2027-06-03T09:00:00Z', after: 'readOnly' },
      lastInvoice,
    },
  },

  pastDue: { title: 'Payment failed, in grace', group: 'trouble', snapshot: snapshots.pastDue },
  cardReplaced: {
    title: 'New card, invoice still open',
    group: 'trouble',
    snapshot: {
      ...snapshots.pastDue,
      payment: { ...replaced, methodReplaced: true },
      paymentMethod: { ...visa, update: null },
      actions: [payNow, updateCard, portal],
    },
  },
  overdue: {
    title: 'An invoice is overdue',
    group: 'trouble',
    snapshot: { ...sent, payment: { ...owing, problem: 'overdue' }, actions: [payNow, portal] },
  },
  restricted: { title: 'Grace is over', group: 'trouble', snapshot: snapshots.restricted },
  actionRequired: { title: 'The bank asks', group: 'trouble', snapshot: snapshots.actionRequired },
  incomplete: { title: 'First payment unfinished', group: 'trouble', snapshot: snapshots.incomplete },
  methodMissing: {
    title: 'Trial over, no card',
    group: 'trouble',
    snapshot: {
      ...overTrial,
      payment: { ...paidUp, problem: 'methodMissing', methodOnFile: false },
      actions: [{ purpose: 'addCard', via: 'portal', flow: 'payment_method_update' }, portal],
    },
  },

  none: { title: 'No subscription, plans to choose', group: 'turning', snapshot: snapshots.none },
  offersYearly: {
    title: 'Plans by the month and by the year',
    group: 'turning',
    snapshot: {
      ...snapshots.none,
      offers: [
        ...snapshots.none.offers,
        {
          id: 'pro_yearly',
          plan: { ...pro, interval: 'year', price: { amount: 99_000, currency: 'usd' } },
          recommended: true,
          savesPercent: 16,
        },
      ],
    },
  },
  upgrade: {
    title: 'No subscription, the host sells',
    group: 'turning',
    snapshot: { ...snapshots.none, offers: [], actions: [link('upgrade')] },
  },
  ending: { title: 'Ends at the period’s end', group: 'turning', snapshot: snapshots.ending },
  ended: { title: 'Ended', group: 'turning', snapshot: snapshots.ended },

  loading: { title: 'Loading, or never fetched', group: 'turning', snapshot: snapshots.unknown },
  opening: { title: 'Opening Stripe', group: 'trip', snapshot: snapshots.pastDue, opening: true },
  openingPortal: { title: 'Opening the portal', group: 'trip', snapshot: active, opening: true },
  updating: { title: 'Back, being checked', group: 'trip', snapshot: snapshots.pastDue, visit: 'returning' },
  unchanged: { title: 'Back, nothing changed', group: 'trip', snapshot: active, visit: 'unchanged' },
  pending: { title: 'Back, not yet confirmed', group: 'trip', snapshot: active, visit: 'pending' },
  changed: {
    title: 'Back, changed',
    group: 'trip',
    snapshot: paidWith(pro, 9900, 5428),
    visit: 'changed',
    changes: [
      { kind: 'plan', from: 'Team', to: 'Pro' },
      { kind: 'charged', paid: { amount: 5428, currency: 'usd' } },
      { kind: 'paymentMethod' },
    ],
  },

  offline: { title: 'Offline, nothing known', group: 'failure', snapshot: null, failure: offline },
  offlineKnown: { title: 'Offline, last known', group: 'failure', snapshot: active, failure: offline },
  bffDown: { title: 'The BFF is down', group: 'failure', snapshot: null, failure: unreachable },
  bffDownKnown: {
    title: 'The BFF is down, last known',
    group: 'failure',
    snapshot: snapshots.pastDue,
    failure: unreachable,
  },
  stripeDown: { title: 'Stripe is down at the click', group: 'failure', snapshot: active, openFailure: stripeDown },
  stripeDownInTrouble: {
    title: 'Stripe is down, payment failed',
    group: 'failure',
    snapshot: snapshots.pastDue,
    openFailure: stripeDown,
  },
  frame: {
    title: 'Inside a closed frame',
    group: 'failure',
    snapshot: active,
    openFailure: refused('unsupported_frame', 400),
  },
  misconfigured: {
    title: 'The portal is not set up',
    group: 'failure',
    snapshot: active,
    openFailure: refused('portal_not_configured', 409),
  },
  tokenRefused: {
    title: 'The token is refused',
    group: 'failure',
    snapshot: null,
    failure: refused('token_invalid', 401),
  },
  unsupported: {
    title: 'Only the host can help',
    group: 'failure',
    snapshot: null,
    failure: refused('introduction_refused', 403),
  },
  signedOut: { title: 'Signed out: shows nothing', group: 'failure', snapshot: null, signedOut: true },
  stale: {
    title: 'Last updated earlier',
    group: 'failure',
    snapshot: { ...active, stale: true, asOf: '2027-05-10T09:30:00Z' },
  },

  several: { title: 'Several subscriptions', group: 'detail', snapshot: several },
  items: { title: 'Two items, one sum', group: 'detail', snapshot: paidWith(withSupport, 17_400) },
  itemCoupon: { title: 'A coupon on one of two items', group: 'detail', snapshot: paidWith(seatsOff, 14_500) },
  yen: { title: 'Yen, a year', group: 'detail', snapshot: inAYear(paidWith(yen, 29_800)) },
  everything: { title: 'All that a price can say', group: 'detail', snapshot: paidWith(everything, 10_420) },
  long: {
    title: 'A long name, a large price',
    group: 'detail',
    snapshot: {
      ...snapshots.pastDue,
      plan: long,
      payment: { ...snapshots.pastDue.payment, due: long.price },
      lastInvoice: { ...lastInvoice, amount: long.price ?? lastInvoice.amount, state: 'open' },
    },
  },
  discounted: {
    title: 'A coupon, until a day',
    group: 'detail',
    snapshot: paidWith(discounted({ amount: 11_600, currency: 'usd' }, 20, '2027-11-03T09:00:00Z'), 11_600),
  },
  discountedOnce: {
    title: 'A coupon for the next payment',
    group: 'detail',
    snapshot: paidWith(discounted({ amount: 13_500, currency: 'usd' }, null, null, true), 13_500, 14_500),
  },
  free: {
    title: 'A coupon over everything',
    group: 'detail',
    snapshot: paidWith(discounted({ amount: 0, currency: 'usd' }, 100, null), 0),
  },
  usage: {
    title: 'Billed by usage',
    group: 'detail',
    snapshot: paidWith({ ...team, name: 'API', price: null, interval: null, quantity: null, metered: true }, 310, 1240),
  },
  unnamed: {
    title: 'The catalogue has no name',
    group: 'detail',
    snapshot: { ...active, plan: { ...team, name: null } },
  },
} satisfies Readonly<Record<string, Fixture>>;

export type FixtureName = keyof typeof fixtures;

/** For a colleague with read access only. */
export const readOnly = (fixture: Fixture): Fixture => ({
  ...fixture,
  snapshot: fixture.snapshot && readerOf(fixture.snapshot),
});
