/**
 * The gallery shows no card that the judge would not give: each of its exhibits with a subscription is judged here from
 * facts, and the two cards are one and the same.
 */

import { describe, expect, it } from 'vitest';
import type { BillingSnapshot } from '@billhook/widget/contract';
import { fixtures } from '../../../demo/host/gallery/fixtures.ts';
import { shownAt } from '../../../demo/host/gallery/snapshots.ts';
import { changesBetween } from '../../../server/src/billing/changes.ts';
import type { InvoiceFacts, ItemFacts, SubscriptionFacts } from '../../../server/src/billing/facts.ts';
import { defaultPolicy, judge, type Catalogue, type Policy } from '../../../server/src/billing/judge/judge.ts';
import type { PreviewStanding } from '../../../server/src/billing/judge/next-payment.ts';
import { nothingKnown } from '../../../widget/src/client/client-state.ts';
import { createLocalizer } from '../../../widget/src/i18n/localizer.ts';
import { present } from '../../../widget/src/view/present.ts';
import { en } from '../../widget/english.ts';
import { customer, invoice, item, paid, subscription, trialing } from '../fixtures/facts.ts';

const at = (iso: string) => Date.parse(iso);
const start = at('2027-05-03T09:00:00Z');
const end = at('2027-06-03T09:00:00Z');

const visa = { brand: 'visa', last4: '4242', expMonth: 10, expYear: 2029 };
const pro = item({ price: 'price_pro', product: 'prod_pro', lookupKey: 'pro_monthly', unitAmount: 9900 });
const proYearly = {
  ...pro,
  price: 'price_pro_year',
  lookupKey: 'pro_yearly',
  unitAmount: 99_000,
  interval: 'year',
} as const;
const fiveSeats = item({ quantity: 5 });
const seats = item({ product: 'prod_seats', quantity: 5 });
const support = item({ price: 'price_support', product: 'prod_support' });

const renewal = (own: Partial<InvoiceFacts> = {}) =>
  paid({ id: 'in_0', created: start, finalizedAt: start + 60 * 60_000, ...own });
const failed = (own: Partial<InvoiceFacts> = {}) => {
  const one = invoice({ created: start, finalizedAt: start, firstFailedAt: at('2027-05-08T13:00:00Z'), ...own });
  return { latestInvoice: one, openInvoices: [one] };
};

const team = (own: Partial<SubscriptionFacts> = {}): SubscriptionFacts =>
  subscription({
    created: start - 90 * 86_400_000,
    currentPeriodStart: start,
    currentPeriodEnd: end,
    method: visa,
    latestInvoice: renewal(),
    ...own,
  });
/** @param amount - of the last invoice */
const of = (own: ItemFacts, amount: number, more: Partial<SubscriptionFacts> = {}) =>
  team({
    items: [own],
    latestInvoice: renewal({ amountDue: amount, amountPaid: amount, currency: own.currency }),
    ...more,
  });
const coupon = { percentOff: null, amountOff: null, currency: null, end: null, once: false };
const behind = (own: Partial<SubscriptionFacts> = {}) => team({ status: 'past_due', ...failed(), ...own });
const noMethod = { methodOnFile: false, methodDigest: null, method: null } as const;
const onTrial = (own: Partial<SubscriptionFacts> = {}) => {
  const ends = at('2027-05-20T09:00:00Z');
  return trialing({
    ...team(),
    status: 'trialing',
    trialEnd: ends,
    currentPeriodEnd: ends,
    latestInvoice: renewal({ amountDue: 0, amountPaid: 0, finalizedAt: start }),
    ...own,
  });
};

const names: Readonly<Record<string, string>> = {
  prod_team: 'Team',
  prod_seats: 'Team',
  prod_pro: 'Pro',
  prod_add: 'Analytics add-on',
  prod_yen: 'スタンダードプラン',
  prod_long: 'Unternehmenszusammenarbeitspaket für Bildungseinrichtungen',
  prod_api: 'API',
};
const sold = [item(), pro, proYearly];
const price = (ref: string) => sold.find((each) => each.price === ref || each.lookupKey === ref) ?? null;
const counted = ['prod_pro', 'prod_add', 'prod_seats'];
const catalogue: Catalogue = {
  productName: (id) => names[id] ?? null,
  productWords: (id) => ({ description: null, features: [], unit: counted.includes(id) ? 'seat' : null }),
  price,
  soldPrice: price,
};

const offers = [
  { id: 'team', price: 'team_monthly', description: 'Several teams in one plan.', features: ['Forecasts', 'Holidays'] },
  { id: 'pro', price: 'pro_monthly', trialDays: 14, features: ['Everything in Team', 'Single sign-on'] },
];

interface Life {
  readonly subscriptions: readonly SubscriptionFacts[];
  readonly policy?: Partial<Policy>;
  /** Of the next payment, in minor units. */
  readonly next?: number;
}

function cardOf({ subscriptions, policy = {}, next }: Life): BillingSnapshot {
  const [first] = subscriptions;
  const preview: PreviewStanding = {
    invoice:
      first === undefined || next === undefined
        ? null
        : {
            subscription: first.id,
            amountDue: next,
            currency: first.items[0]?.currency ?? '',
            at: first.currentPeriodEnd ?? 0,
          },
    isCurrent: true,
    askedAt: null,
  };
  const standing = {
    linked: true,
    facts: customer(subscriptions),
    fetchedAt: shownAt,
    revision: 'e1.1',
    confirmedBy: 'webhook',
    staleSince: null,
    preview,
  } as const;
  const host = { ...defaultPolicy, freePlan: { name: 'Free', access: 'none' }, ...policy } as const;
  return judge(standing, host, catalogue, { mayManage: true }, shownAt).snapshot;
}

const active: Life = { subscriptions: [team()], next: 2900 };
const pastDue: Life = {
  subscriptions: [behind(failed({ nextAttemptAt: at('2027-05-12T09:00:00Z'), declined: 'insufficientFunds' }))],
};
const resumeUrl = 'https://app.example/resume';
const voided = { latestInvoice: renewal({ status: 'void', amountPaid: 0 }) };

/** The life behind each exhibit; `null` where a failure, or the first moment, has nothing judged to show. */
const lives = {
  active,
  trialing: { subscriptions: [onTrial(noMethod)], next: 2900 },
  trialWithCard: { subscriptions: [onTrial()], next: 2900 },
  scheduled: { subscriptions: [of(pro, 9900, { next: { at: end, items: [item()] } })], next: 2900 },
  cardExpires: { subscriptions: [team({ method: { ...visa, expMonth: 5, expYear: 2027 } })], next: 2900 },
  processing: {
    subscriptions: [
      team({
        method: { brand: 'sepa_debit', last4: '3000', expMonth: null, expYear: null },
        ...failed({ payment: 'processing', firstFailedAt: null }),
      }),
    ],
  },
  paused: {
    subscriptions: [team({ pause: { resumesAt: at('2027-07-01T09:00:00Z') }, ...voided })],
    policy: { resumeUrl },
  },
  pausedPaid: {
    subscriptions: [team({ pause: { resumesAt: at('2027-07-01T09:00:00Z') } })],
    policy: { resumeUrl },
  },
  pastDue,
  cardReplaced: {
    subscriptions: [behind({ ...failed({ nextAttemptAt: at('2027-05-12T09:00:00Z') }), methodDigest: 'card-2' })],
  },
  overdue: {
    subscriptions: [
      behind({
        collectionMethod: 'send_invoice',
        ...failed({
          collectionMethod: 'send_invoice',
          attempted: false,
          payment: 'none',
          firstFailedAt: null,
          dueDate: at('2027-05-08T13:00:00Z'),
        }),
      }),
    ],
  },
  restricted: {
    subscriptions: [
      behind({
        ...failed({
          firstFailedAt: at('2027-05-01T13:00:00Z'),
          created: at('2027-05-01T12:00:00Z'),
          finalizedAt: null,
          declined: 'expiredCard',
        }),
        method: { ...visa, expMonth: 4, expYear: 2027 },
      }),
    ],
  },
  actionRequired: { subscriptions: [behind(failed({ payment: 'actionRequired' }))] },
  incomplete: {
    subscriptions: [
      team({
        status: 'incomplete',
        created: at('2027-05-10T10:30:00Z'),
        ...failed({
          payment: 'actionRequired',
          firstFailedAt: null,
          billingReason: 'subscription_create',
          created: at('2027-05-10T10:30:00Z'),
          finalizedAt: null,
        }),
      }),
    ],
  },
  methodMissing: {
    subscriptions: [
      team({
        status: 'paused',
        pausedBecause: 'trialWithoutMethod',
        ...noMethod,
        latestInvoice: renewal({ amountDue: 0, amountPaid: 0 }),
      }),
    ],
  },
  none: { subscriptions: [], policy: { offers } },
  offersYearly: {
    subscriptions: [],
    policy: { offers: [...offers, { id: 'pro_yearly', price: 'pro_yearly', recommended: true }] },
  },
  upgrade: { subscriptions: [], policy: { upgradeUrl: 'https://app.example/plans' } },
  ending: { subscriptions: [team({ cancelAtPeriodEnd: true })] },
  ended: {
    subscriptions: [team({ status: 'canceled', endedAt: at('2027-05-09T09:00:00Z'), latestInvoice: renewal() })],
    policy: { offers },
  },
  opening: pastDue,
  openingPortal: active,
  updating: pastDue,
  unchanged: active,
  pending: active,
  changed: {
    subscriptions: [
      of(pro, 9900, {
        methodDigest: 'card-2',
        latestInvoice: paid({
          id: 'in_upgrade',
          billingReason: 'subscription_update',
          amountDue: 5428,
          amountPaid: 5428,
          created: start,
          finalizedAt: start,
        }),
      }),
    ],
    next: 9900,
  },
  offlineKnown: active,
  bffDownKnown: pastDue,
  stripeDown: active,
  stripeDownInTrouble: pastDue,
  frame: active,
  misconfigured: active,
  several: {
    subscriptions: [
      ...pastDue.subscriptions,
      onTrial({
        id: 'sub_2',
        ...noMethod,
        items: [item({ product: 'prod_add', quantity: 5, unitAmount: 1980, taxExcluded: true })],
      }),
    ],
  },
  items: {
    subscriptions: [of(seats, 17_400, { items: [seats, support] })],
    next: 17_400,
  },
  itemCoupon: {
    subscriptions: [
      of(seats, 14_500, {
        items: [seats, support],
        discounted: true,
        discounts: [{ ...coupon, percentOff: 20, end: at('2027-11-03T09:00:00Z'), prices: [seats.price] }],
      }),
    ],
    next: 14_500,
  },
  yen: {
    subscriptions: [
      of(item({ product: 'prod_yen', currency: 'jpy', unitAmount: 29_800, interval: 'year' }), 29_800, {
        currentPeriodEnd: at('2028-05-03T09:00:00Z'),
      }),
    ],
    next: 29_800,
  },
  everything: {
    subscriptions: [
      of({ ...pro, quantity: 12, unitAmount: 825, taxExcluded: true }, 10_420, {
        items: [
          { ...pro, quantity: 12, unitAmount: 825, taxExcluded: true },
          item({ price: 'price_use', metered: true, quantity: null, unitAmount: null }),
          item({ price: 'price_help', unitAmount: 500 }),
        ],
        discounted: true,
      }),
    ],
    next: 10_420,
  },
  long: {
    subscriptions: [
      behind({
        items: [
          item({
            product: 'prod_long',
            currency: 'eur',
            unitAmount: 123_456_789 / 1250,
            quantity: 1250,
            intervalCount: 3,
          }),
        ],
        ...failed({
          currency: 'eur',
          amountDue: 123_456_789,
          amountRemaining: 123_456_789,
          nextAttemptAt: at('2027-05-12T09:00:00Z'),
          declined: 'insufficientFunds',
        }),
      }),
    ],
  },
  discounted: {
    subscriptions: [
      of(fiveSeats, 11_600, {
        discounted: true,
        discounts: [{ ...coupon, percentOff: 20, end: at('2027-11-03T09:00:00Z') }],
      }),
    ],
    next: 11_600,
  },
  discountedOnce: {
    subscriptions: [
      of(fiveSeats, 14_500, {
        discounted: true,
        discounts: [{ ...coupon, amountOff: 1000, currency: 'usd', once: true }],
      }),
    ],
    next: 13_500,
  },
  free: {
    subscriptions: [of(fiveSeats, 0, { discounted: true, discounts: [{ ...coupon, percentOff: 100 }] })],
    next: 0,
  },
  usage: {
    subscriptions: [
      of(item({ product: 'prod_api', unitAmount: null, metered: true, quantity: null, interval: null }), 1240),
    ],
    next: 310,
  },
  unnamed: { subscriptions: [of(item({ product: 'prod_unnamed' }), 2900)], next: 2900 },
  stale: active,

  loading: null,
  offline: null,
  bffDown: null,
  tokenRefused: null,
  unsupported: null,
  signedOut: null,
} satisfies Readonly<Record<keyof typeof fixtures, Life | null>>;

const english = createLocalizer('en-US', en, 'UTC');
const shown = (snapshot: BillingSnapshot) =>
  present({ ...nothingKnown, snapshot, confirmedAt: shownAt }, english, shownAt);

describe('the gallery', () => {
  it('tells of a trip what the two looks differ in', () => {
    const { before, after } = { before: lives.active.subscriptions, after: lives.changed.subscriptions };
    const name = (id: string) => names[id] ?? null;
    expect(changesBetween(customer(before), customer(after), name)).toEqual(fixtures.changed.changes);
  });

  for (const [name, { snapshot }] of Object.entries(fixtures)) {
    const life = lives[name as keyof typeof fixtures];
    if (snapshot === null || life === null) continue;
    it(`shows “${name}” as the judge gives it`, () => {
      expect({ ...shown(snapshot), stale: null }).toEqual(shown(cardOf(life)));
    });
  }
});
