import { describe, expect, test } from 'vitest';
import type { SubscriptionFacts } from '../../../server/src/billing/facts.ts';
import {
  canceled,
  day,
  invoice,
  item,
  noon,
  offers,
  open,
  pastDue,
  portalWith,
  snapshotOf,
  spelled,
  subscription,
  trialing,
  type Story,
} from '../fixtures/facts.ts';

const updateCard = 'updateCard:portal:payment_method_update';

interface Row {
  readonly rule: string;
  readonly of: readonly SubscriptionFacts[];
  readonly story?: Story;
  readonly state: string;
  readonly access: string;
  readonly actions: readonly string[];
}

// One row for each row of the table of states, and for each way into it.
const table: readonly Row[] = [
  {
    rule: 'M13 nothing bought: an offer, no portal button',
    of: [],
    story: { policy: { offers } },
    state: 'none',
    access: 'none',
    actions: ['subscribe:checkout:team'],
  },
  {
    rule: 'M13 nothing bought, no offers: the host’s page',
    of: [],
    story: { policy: { upgradeUrl: 'https://a.example/plans' } },
    state: 'none',
    access: 'none',
    actions: ['upgrade:link:https://a.example/plans'],
  },
  {
    rule: 'nothing bought: the free plan’s access',
    of: [],
    story: { policy: { freePlan: { name: 'Free', access: 'readOnly' } } },
    state: 'none',
    access: 'readOnly',
    actions: [],
  },
  { rule: 'M18 canceled: over', of: [canceled()], state: 'ended', access: 'none', actions: ['manage:portal'] },
  {
    rule: 'M13 ended: subscribe again, to the same plan',
    of: [canceled({ items: [item({ price: 'price_starter' })] })],
    story: { policy: { offers } },
    state: 'ended',
    access: 'none',
    actions: ['subscribeAgain:checkout:starter', 'manage:portal'],
  },
  {
    rule: 'ended without offers: the host’s page',
    of: [canceled()],
    story: { policy: { upgradeUrl: 'https://a.example/plans' } },
    state: 'ended',
    access: 'none',
    actions: ['subscribeAgain:link:https://a.example/plans', 'manage:portal'],
  },
  {
    rule: 'M13 a purchase that was never paid says nothing of the plan that was had',
    of: [
      canceled({ items: [item({ price: 'price_starter' })] }),
      subscription({ id: 'sub_2', status: 'incomplete_expired', endedAt: noon - day }),
    ],
    story: { policy: { offers } },
    state: 'ended',
    access: 'none',
    actions: ['subscribeAgain:checkout:starter', 'manage:portal'],
  },
  {
    rule: 'SUB-3 expired first payment: over',
    of: [subscription({ status: 'incomplete_expired' })],
    state: 'ended',
    access: 'none',
    actions: ['manage:portal'],
  },
  { rule: 'active', of: [subscription()], state: 'active', access: 'full', actions: ['manage:portal'] },
  { rule: 'trialing with a card', of: [trialing()], state: 'trialing', access: 'full', actions: ['manage:portal'] },
  {
    rule: 'trialing without a card: add one',
    of: [trialing({ methodOnFile: false, methodDigest: null })],
    state: 'trialing',
    access: 'full',
    actions: ['addCard:portal:payment_method_update', 'manage:portal'],
  },
  {
    rule: 'L6 ending by cancel_at_period_end',
    of: [subscription({ cancelAtPeriodEnd: true })],
    state: 'ending',
    access: 'full',
    actions: ['keepPlan:portal'],
  },
  {
    rule: 'L6 SUB-13 ending by cancel_at alone',
    of: [subscription({ cancelAt: noon + 20 * day })],
    state: 'ending',
    access: 'full',
    actions: ['keepPlan:portal'],
  },
  {
    rule: 'ending while trialing',
    of: [trialing({ cancelAt: noon + 5 * day })],
    state: 'ending',
    access: 'full',
    actions: ['keepPlan:portal'],
  },
  {
    rule: 'SUB-15 L37 pause_collection: full while it is paid; the host resumes',
    of: [subscription({ pause: { resumesAt: null } })],
    story: { policy: { resumeUrl: 'https://a.example/resume' } },
    state: 'paused',
    access: 'full',
    actions: ['resume:link:https://a.example/resume', 'manage:portal'],
  },
  {
    rule: 'SUB-15 L37 pause_collection, in a period whose invoice was voided',
    of: [subscription({ pause: { resumesAt: null }, latestInvoice: invoice({ status: 'void' }) })],
    story: { policy: { resumeUrl: 'https://a.example/resume' } },
    state: 'paused',
    access: 'readOnly',
    actions: ['resume:link:https://a.example/resume', 'manage:portal'],
  },
  {
    rule: 'SUB-19 pause_collection for free, or billed later: the service goes on',
    of: [
      subscription({
        pause: { resumesAt: null, keepsService: true },
        latestInvoice: invoice({ status: 'uncollectible' }),
      }),
    ],
    story: { policy: { pausedAccess: 'none' } },
    state: 'paused',
    access: 'full',
    actions: ['manage:portal'],
  },
  {
    rule: 'SUB-15 paused by request: the portal resumes',
    of: [subscription({ status: 'paused', pausedBecause: 'request' })],
    story: { policy: { portal: portalWith({ pause: true }) } },
    state: 'paused',
    access: 'readOnly',
    actions: ['resume:portal'],
  },
  {
    rule: 'SUB-15 paused by request, where the portal pauses no more: the host resumes',
    of: [subscription({ status: 'paused', pausedBecause: 'request' })],
    story: { policy: { resumeUrl: 'https://a.example/resume' } },
    state: 'paused',
    access: 'readOnly',
    actions: ['resume:link:https://a.example/resume', 'manage:portal'],
  },
  {
    rule: 'SUB-15 … and the host says nothing of resuming',
    of: [subscription({ status: 'paused', pausedBecause: 'request' })],
    state: 'paused',
    access: 'readOnly',
    actions: ['manage:portal'],
  },
  {
    rule: 'SUB-15 pause_collection is the host’s, also where the portal pauses',
    of: [subscription({ pause: { resumesAt: null } })],
    story: { policy: { resumeUrl: 'https://a.example/resume', portal: portalWith({ pause: true }) } },
    state: 'paused',
    access: 'full',
    actions: ['resume:link:https://a.example/resume', 'manage:portal'],
  },
  {
    rule: 'paused: access by policy',
    of: [subscription({ pause: { resumesAt: null }, latestInvoice: invoice({ status: 'draft' }) })],
    story: { policy: { pausedAccess: 'none' } },
    state: 'paused',
    access: 'none',
    actions: ['manage:portal'],
  },
  {
    rule: 'M13 first payment unfinished',
    of: [subscription({ status: 'incomplete', ...open({ billingReason: 'subscription_create' }) })],
    state: 'incomplete',
    access: 'none',
    actions: ['finishPayment:invoice', 'manage:portal'],
  },
  {
    rule: 'first payment waits for the bank: the same page finishes it',
    of: [subscription({ status: 'incomplete', ...open({ payment: 'actionRequired' }) })],
    state: 'incomplete',
    access: 'none',
    actions: ['finishPayment:invoice', 'manage:portal'],
  },
  {
    rule: 'SUB-4 a trial that ended without a card',
    of: [
      subscription({ status: 'paused', pausedBecause: 'trialWithoutMethod', methodOnFile: false, methodDigest: null }),
    ],
    state: 'incomplete',
    access: 'none',
    actions: ['addCard:portal:payment_method_update', 'manage:portal'],
  },
  {
    rule: 'H7 … and has one by now, and the host says nothing of resuming: the portal',
    of: [subscription({ status: 'paused', pausedBecause: 'trialWithoutMethod' })],
    state: 'incomplete',
    access: 'none',
    actions: ['resume:portal'],
  },
  {
    rule: 'SUB-4 … and has one by now: what is missing is to go on',
    of: [subscription({ status: 'paused', pausedBecause: 'trialWithoutMethod' })],
    story: { policy: { resumeUrl: 'https://a.example/resume' } },
    state: 'incomplete',
    access: 'none',
    actions: ['resume:link:https://a.example/resume', 'manage:portal'],
  },
  {
    rule: 'M16 L9 past due within grace: no instant lock-out',
    of: [pastDue()],
    state: 'pastDue',
    access: 'full',
    actions: [updateCard, 'payNow:invoice', 'manage:portal'],
  },
  {
    rule: 'M17 grace over',
    of: [pastDue(open({ firstFailedAt: noon - 7 * day }))],
    state: 'restricted',
    access: 'readOnly',
    actions: [updateCard, 'payNow:invoice', 'manage:portal'],
  },
  {
    rule: 'M17 grace over, access by policy',
    of: [pastDue(open({ firstFailedAt: noon - 8 * day }))],
    story: { policy: { afterGrace: 'none' } },
    state: 'restricted',
    access: 'none',
    actions: [updateCard, 'payNow:invoice', 'manage:portal'],
  },
  {
    rule: 'M17 grace configurable',
    of: [pastDue(open({ firstFailedAt: noon - 8 * day }))],
    story: { policy: { graceDays: 14 } },
    state: 'pastDue',
    access: 'full',
    actions: [updateCard, 'payNow:invoice', 'manage:portal'],
  },
  {
    rule: 'SUB-6 unpaid after grace',
    of: [pastDue({ status: 'unpaid', ...open({ firstFailedAt: noon - 21 * day }) })],
    state: 'restricted',
    access: 'readOnly',
    actions: [updateCard, 'payNow:invoice', 'manage:portal'],
  },
  {
    rule: 'M17 unpaid keeps the grace that was promised',
    of: [pastDue({ status: 'unpaid' })],
    state: 'pastDue',
    access: 'full',
    actions: [updateCard, 'payNow:invoice', 'manage:portal'],
  },
  {
    rule: 'unpaid with nothing to count a grace from',
    of: [subscription({ status: 'unpaid' })],
    state: 'restricted',
    access: 'readOnly',
    actions: [updateCard, 'manage:portal'],
  },
  {
    rule: 'L25 paused by a failed payment: dunning, not pause',
    of: [pastDue({ status: 'paused', pausedBecause: 'paymentFailed' })],
    state: 'restricted',
    access: 'readOnly',
    actions: [updateCard, 'payNow:invoice', 'manage:portal'],
  },
  {
    rule: 'L11 the card was replaced, the invoice is open',
    of: [pastDue({ methodDigest: 'card-2' })],
    state: 'pastDue',
    access: 'full',
    actions: ['payNow:invoice', updateCard, 'manage:portal'],
  },
  {
    rule: 'past due without any card',
    of: [pastDue({ methodOnFile: false, methodDigest: null })],
    state: 'pastDue',
    access: 'full',
    actions: ['addCard:portal:payment_method_update', 'payNow:invoice', 'manage:portal'],
  },
  {
    rule: 'past due where the portal changes no cards',
    of: [pastDue()],
    story: { policy: { portal: portalWith({ paymentMethod: false }) } },
    state: 'pastDue',
    access: 'full',
    actions: ['payNow:invoice', 'manage:portal'],
  },
  {
    rule: 'past due by an invoice that was sent',
    of: [
      pastDue({
        collectionMethod: 'send_invoice',
        ...open({ collectionMethod: 'send_invoice', dueDate: noon - day, payment: 'none', firstFailedAt: null }),
      }),
    ],
    state: 'pastDue',
    access: 'full',
    actions: ['payNow:invoice', 'manage:portal'],
  },
  {
    rule: 'the bank asks for confirmation, within grace',
    of: [pastDue(open({ payment: 'actionRequired' }))],
    state: 'actionRequired',
    access: 'full',
    actions: ['confirmPayment:invoice', 'manage:portal'],
  },
  {
    rule: 'the bank asks for confirmation, grace over',
    of: [pastDue(open({ payment: 'actionRequired', firstFailedAt: noon - 9 * day }))],
    state: 'restricted',
    access: 'readOnly',
    actions: ['confirmPayment:invoice', updateCard, 'manage:portal'],
  },
  {
    rule: 'the bank asks about an upgrade while active',
    of: [subscription(open({ payment: 'actionRequired', billingReason: 'subscription_update' }))],
    state: 'actionRequired',
    access: 'full',
    actions: ['confirmPayment:invoice', 'manage:portal'],
  },
  {
    rule: 'an upgrade that could not be charged, while active',
    of: [subscription(open({ billingReason: 'subscription_update' }))],
    state: 'active',
    access: 'full',
    actions: ['payNow:invoice', 'manage:portal'],
  },
  {
    rule: 'L21 a bank debit in flight: nothing to do',
    of: [subscription(open({ payment: 'processing' }))],
    state: 'processing',
    access: 'full',
    actions: ['manage:portal'],
  },
  {
    rule: 'L21 … of a plan that ends: it can be kept all the same',
    of: [subscription({ cancelAtPeriodEnd: true, ...open({ payment: 'processing' }) })],
    state: 'processing',
    access: 'full',
    actions: ['keepPlan:portal'],
  },
  {
    rule: 'L21 … after grace: nobody is told to pay twice',
    of: [pastDue(open({ payment: 'processing', firstFailedAt: noon - 9 * day }))],
    state: 'processing',
    access: 'readOnly',
    actions: ['manage:portal'],
  },
  {
    rule: 'L21 … of a first payment: no second purchase',
    of: [subscription({ status: 'incomplete', ...open({ payment: 'processing' }) })],
    story: { policy: { offers } },
    state: 'processing',
    access: 'none',
    actions: ['manage:portal'],
  },
  {
    rule: 'a status of the future: nothing sold, nobody refused',
    of: [subscription({ status: 'hibernating' })],
    story: { policy: { offers } },
    state: 'unknown',
    access: 'unknown',
    actions: ['manage:portal'],
  },
];

describe('the table of states', () => {
  test.each(table)('$rule → $state, $access', ({ of, story, state, access, actions }) => {
    const snapshot = snapshotOf(of, story);
    expect({ state: snapshot.state, access: snapshot.access.level, actions: spelled(snapshot) }).toEqual({
      state,
      access,
      actions,
    });
  });

  test.each([
    ['canceled', 'ended'],
    ['hibernating', 'unknown'],
  ])('a payment on its way says nothing more of one that is %s', (status, state) => {
    for (const payment of ['processing', 'actionRequired'] as const)
      expect(snapshotOf([subscription({ status, ...open({ payment }) })]).state).toBe(state);
  });

  test('past due with nothing to count a grace from waits for Stripe', () => {
    expect(snapshotOf([subscription({ status: 'past_due' })])).toMatchObject({
      state: 'pastDue',
      access: { level: 'full', until: null },
    });
  });

  test('linked, never fetched: unknown, access not refused, nothing offered', () => {
    const snapshot = snapshotOf([], {
      policy: { offers, upgradeUrl: 'https://a.example/plans' },
      standing: { facts: null, fetchedAt: null },
    });
    expect(snapshot).toMatchObject({
      state: 'unknown',
      asOf: null,
      actions: [],
      offers: [],
      access: { level: 'unknown', reason: 'unknown' },
    });
  });

  test('M30 never linked: state none with offers, and access unknown', () => {
    const story = { policy: { offers }, standing: { linked: false, facts: null, fetchedAt: null } };
    const snapshot = snapshotOf([], story);
    expect(snapshot).toMatchObject({ state: 'none', access: { level: 'unknown', reason: 'none' } });
    expect(spelled(snapshot)).toEqual(['subscribe:checkout:team']);
    const free = { policy: { freePlan: { name: 'Free', access: 'full' as const } }, standing: story.standing };
    expect(snapshotOf([], free)).toMatchObject({ freePlanName: 'Free', access: { level: 'full', reason: 'none' } });
  });

  test('M28 a viewer gets the whole document without actions', () => {
    const snapshot = snapshotOf([pastDue()], { mayManage: false });
    expect(snapshot).toMatchObject({ state: 'pastDue', mayManage: false, actions: [] });
  });

  test('subscribe again, where the plan that ended is not on offer: the first offer', () => {
    const gone = canceled({ items: [item({ price: 'price_gone' })] });
    expect(spelled(snapshotOf([gone], { policy: { offers } }))[0]).toBe('subscribeAgain:checkout:team');
    const byKey = [...offers.slice(0, 1), { id: 'starter', price: 'starter_monthly' }];
    const had = canceled({ items: [item({ price: 'price_starter' })] });
    expect(spelled(snapshotOf([had], { policy: { offers: byKey } }))[0]).toBe('subscribeAgain:checkout:starter');
    const unsold = [{ id: 'unsold', price: 'price_gone' }, ...offers];
    expect(spelled(snapshotOf([gone], { policy: { offers: unsold } }))[0]).toBe('subscribeAgain:checkout:team');
  });

  test('a deleted customer has nothing live, and no portal', () => {
    const snapshot = snapshotOf([subscription()], { customer: { deleted: true }, policy: { offers } });
    expect(snapshot).toMatchObject({ state: 'ended', access: { level: 'none' } });
    expect(spelled(snapshot)).toEqual(['subscribeAgain:checkout:team']);
  });

  test('the free plan is for accounts without a running subscription, and none with a debt', () => {
    const policy = { freePlan: { name: 'Free', access: 'full' as const } };
    expect(snapshotOf([canceled()], { policy }).access).toMatchObject({ level: 'full', reason: 'none' });
    expect(snapshotOf([subscription({ status: 'incomplete' })], { policy }).access).toMatchObject({
      level: 'full',
      reason: 'none',
    });
    expect(snapshotOf([pastDue(open({ firstFailedAt: noon - 9 * day }))], { policy }).access).toMatchObject({
      level: 'readOnly',
      reason: 'restricted',
    });
  });
});
