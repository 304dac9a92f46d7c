import { describe, expect, test } from 'vitest';
import { judge } from '../../server/src/judge.ts';
import { defaultPolicy } from '../../server/src/judge.ts';
import type { SubscriptionFacts } from '../../server/src/facts.ts';
import {
  catalogue,
  customer,
  day,
  hour,
  invoice,
  iso,
  item,
  judged,
  minute,
  noon,
  paid,
  pastDue,
  snapshotOf,
  spelled,
  subscription,
} from './fixtures/facts.ts';
import type { Story } from './fixtures/facts.ts';

const updateCard = 'updateCard:portal:payment_method_update';
const canceled = (own: Partial<SubscriptionFacts> = {}) =>
  subscription({ status: 'canceled', endedAt: noon - 3 * day, canceledAt: noon - 20 * day, ...own });
const trialing = (own: Partial<SubscriptionFacts> = {}) =>
  subscription({ status: 'trialing', trialEnd: noon + 5 * day, currentPeriodEnd: noon + 5 * day, ...own });
const open = (own: Parameters<typeof invoice>[0] = {}) => {
  const one = invoice(own);
  return { latestInvoice: one, openInvoices: [one] };
};
const offers = [
  { id: 'team', price: 'team_monthly' },
  { id: 'starter', price: 'price_starter' },
];

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
    actions: ['keepPlan:portal', 'manage:portal'],
  },
  {
    rule: 'L6 SUB-13 ending by cancel_at alone',
    of: [subscription({ cancelAt: noon + 20 * day })],
    state: 'ending',
    access: 'full',
    actions: ['keepPlan:portal', 'manage:portal'],
  },
  {
    rule: 'ending while trialing',
    of: [trialing({ cancelAt: noon + 5 * day })],
    state: 'ending',
    access: 'full',
    actions: ['keepPlan:portal', 'manage:portal'],
  },
  {
    rule: 'SUB-15 pause_collection: the host resumes',
    of: [subscription({ pause: { resumesAt: null } })],
    story: { policy: { resumeUrl: 'https://a.example/resume' } },
    state: 'paused',
    access: 'readOnly',
    actions: ['resume:link:https://a.example/resume', 'manage:portal'],
  },
  {
    rule: 'SUB-15 paused by request: the portal resumes',
    of: [subscription({ status: 'paused', pausedBecause: 'request' })],
    story: { policy: { portal: { ...defaultPolicy.portal, pause: true } } },
    state: 'paused',
    access: 'readOnly',
    actions: ['resume:portal', 'manage:portal'],
  },
  {
    rule: 'paused: access by policy',
    of: [subscription({ pause: { resumesAt: null } })],
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
    story: { policy: { portal: { ...defaultPolicy.portal, paymentMethod: false } } },
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

  test('linked, never fetched: unknown, nobody refused, nothing sold', () => {
    const snapshot = snapshotOf([], { policy: { offers }, standing: { facts: null, fetchedAt: null } });
    expect(snapshot).toMatchObject({
      state: 'unknown',
      asOf: null,
      actions: [],
      offers: [],
      access: { level: 'unknown', reason: 'unknown' },
    });
  });

  test('M30 never linked: none to buy from, but never told "no"', () => {
    const story = { policy: { offers }, standing: { linked: false, facts: null, fetchedAt: null } };
    const snapshot = snapshotOf([], story);
    expect(snapshot).toMatchObject({ state: 'none', access: { level: 'unknown', reason: 'none' } });
    expect(spelled(snapshot)).toEqual(['subscribe:checkout:team']);
    const free = { policy: { freePlan: { name: 'Free', access: 'full' as const } }, standing: story.standing };
    expect(snapshotOf([], free)).toMatchObject({ freePlanName: 'Free', access: { level: 'full', reason: 'none' } });
  });

  test('M28 who may not manage sees everything and can press nothing', () => {
    const snapshot = snapshotOf([pastDue()], { mayManage: false });
    expect(snapshot).toMatchObject({ state: 'pastDue', mayManage: false, actions: [] });
  });

  test('a deleted customer has nothing live, and no portal', () => {
    const snapshot = snapshotOf([subscription()], { customer: { deleted: true }, policy: { offers } });
    expect(snapshot).toMatchObject({ state: 'ended', access: { level: 'none' } });
    expect(spelled(snapshot)).toEqual(['subscribeAgain:checkout:team']);
  });

  test('the free plan is the floor for whoever has nothing running, not a way out of a debt', () => {
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

describe('grace', () => {
  const graceEnd = (of: SubscriptionFacts) => snapshotOf([of]).graceEndsAt;

  test('L9 counts from the first failed charge', () => {
    expect(graceEnd(pastDue())).toBe(iso(noon + 6 * day));
    expect(snapshotOf([pastDue()]).access.until).toBe(iso(noon + 6 * day));
  });

  test('counts from the finalization where no failed charge is known', () => {
    expect(graceEnd(pastDue(open({ firstFailedAt: null })))).toBe(iso(noon - 2 * day + hour + 7 * day));
  });

  test('counts from the due date of an invoice that was sent', () => {
    const sent = open({
      collectionMethod: 'send_invoice',
      dueDate: noon - 3 * day,
      firstFailedAt: null,
      payment: 'none',
    });
    expect(graceEnd(pastDue({ collectionMethod: 'send_invoice', ...sent }))).toBe(iso(noon + 4 * day));
  });

  test('L28 a renewal on top does not start it again', () => {
    const old = invoice({ id: 'in_old', created: noon - 31 * day, firstFailedAt: noon - 30 * day });
    const renewal = invoice({ id: 'in_new', firstFailedAt: noon - hour });
    const snapshot = snapshotOf([pastDue({ latestInvoice: renewal, openInvoices: [old, renewal] })]);
    expect(snapshot).toMatchObject({ state: 'restricted', graceEndsAt: iso(noon - 23 * day) });
  });

  test('M17 a payment clears it', () => {
    expect(snapshotOf([subscription({ latestInvoice: paid() })])).toMatchObject({ state: 'active', graceEndsAt: null });
  });

  test('an earlier end of the subscription bounds the access', () => {
    expect(snapshotOf([pastDue({ cancelAt: noon + 2 * day })]).access.until).toBe(iso(noon + 2 * day));
  });
});

describe('access is narrowed only on facts fetched after the moment of narrowing', () => {
  const graceEnd = noon + 6 * day;
  const at = (now: number, of: SubscriptionFacts, fetchedAt = noon) => judged([of], { now, standing: { fetchedAt } });

  test('before the moment it is said, and asked for', () => {
    const { snapshot, nextChangeAt } = at(graceEnd - 1, pastDue());
    expect(snapshot).toMatchObject({ state: 'pastDue', stale: false });
    expect(nextChangeAt).toBe(graceEnd);
  });

  test('older facts: the access stands, stale, up to the limit', () => {
    const { snapshot, nextChangeAt } = at(graceEnd, pastDue());
    expect(snapshot).toMatchObject({ state: 'pastDue', stale: true, access: { level: 'full' } });
    expect(nextChangeAt).toBe(graceEnd + 72 * hour);
    expect(at(graceEnd + 72 * hour - 1, pastDue()).snapshot.access.level).toBe('full');
    expect(at(graceEnd + 72 * hour, pastDue()).snapshot).toMatchObject({
      state: 'restricted',
      stale: true,
      access: { level: 'readOnly' },
    });
  });

  test('facts of the moment itself decide', () => {
    expect(at(graceEnd, pastDue(), graceEnd).snapshot).toMatchObject({ state: 'restricted', stale: false });
  });

  test('M18 a cancellation: full until then, and over only when Stripe says so or the limit has passed', () => {
    const ending = subscription({ cancelAt: noon + day });
    expect(snapshotOf([ending]).access).toEqual({ level: 'full', reason: 'ending', until: iso(noon + day) });
    expect(at(noon + day, ending).snapshot).toMatchObject({ state: 'ending', stale: true, access: { level: 'full' } });
    expect(at(noon + 4 * day, ending).snapshot).toMatchObject({
      state: 'ended',
      endedAt: iso(noon + day),
      access: { level: 'none' },
    });
  });

  test('Stripe is late with a cancellation: its word stands, and it is asked again ever more rarely', () => {
    const ending = subscription({ cancelAt: noon });
    const { snapshot, nextChangeAt } = judged([ending], { now: noon + 10 * minute });
    expect(snapshot).toMatchObject({ state: 'ending', stale: false, access: { level: 'full' } });
    expect(nextChangeAt).toBe(noon + 20 * minute);
  });

  test('a trial without a card: none after the limit; with one: unknown', () => {
    const bare = trialing({ methodOnFile: false });
    expect(snapshotOf([bare]).access.until).toBe(iso(noon + 5 * day));
    expect(at(noon + 5 * day, bare).snapshot).toMatchObject({
      state: 'trialing',
      stale: true,
      access: { level: 'full' },
    });
    expect(at(noon + 8 * day, bare).snapshot).toMatchObject({ state: 'incomplete', access: { level: 'none' } });
    expect(snapshotOf([trialing()]).access.until).toBeNull();
    expect(at(noon + 8 * day, trialing()).snapshot).toMatchObject({ state: 'trialing', access: { level: 'unknown' } });
  });

  test('a renewal nobody could look at locks nobody out', () => {
    const { snapshot } = at(noon + 200 * day, subscription());
    expect(snapshot).toMatchObject({ state: 'active', stale: true, access: { level: 'full' } });
  });

  test('a resumption is awaited, not assumed', () => {
    const paused = subscription({ pause: { resumesAt: noon + day } });
    expect(judged([paused]).nextChangeAt).toBe(noon + day);
    expect(at(noon + day, paused).snapshot).toMatchObject({ state: 'paused', stale: true, resumesAt: iso(noon + day) });
  });
});

describe('stale', () => {
  test('a ticket may wait for 30 seconds', () => {
    const waiting = (staleSince: number) => judged([subscription()], { standing: { staleSince } });
    expect(waiting(noon - 29_999)).toMatchObject({ snapshot: { stale: false }, nextChangeAt: noon + 1 });
    expect(waiting(noon - 30_000).snapshot.stale).toBe(true);
  });
});

describe('dates', () => {
  test('M15 renews at the end of the period', () => {
    expect(snapshotOf([subscription()])).toMatchObject({ renewsAt: iso(noon + 20 * day), endsAt: null });
    expect(judged([subscription()]).nextChangeAt).toBe(noon + 20 * day);
  });

  // Stripe moves the period on, and charges about an hour later.
  const renewing = { currentPeriodStart: noon - 30 * minute, currentPeriodEnd: noon + 30 * day };
  const renewal = { created: noon - 29 * minute, firstFailedAt: null, attempted: false, payment: 'none' } as const;

  test('L8 the renewal date does not jump before it is paid', () => {
    const draft = subscription({ ...renewing, latestInvoice: invoice({ status: 'draft', ...renewal }) });
    expect(snapshotOf([draft])).toMatchObject({ state: 'active', renewsAt: iso(noon - 30 * minute) });
    expect(judged([draft]).nextChangeAt).toBe(noon + 90 * minute);
  });

  test('L8 … nor between the period and its draft', () => {
    const early = subscription({ ...renewing, latestInvoice: paid({ created: noon - 31 * day }) });
    expect(snapshotOf([early]).renewsAt).toBe(iso(noon - 30 * minute));
  });

  test('L8 … nor while its payment is on its way', () => {
    const debit = subscription({ ...renewing, ...open({ ...renewal, payment: 'processing' }) });
    expect(snapshotOf([debit])).toMatchObject({ state: 'processing', renewsAt: iso(noon - 30 * minute) });
  });

  test('L8 and moves on once it is', () => {
    const done = subscription({ ...renewing, latestInvoice: paid({ created: noon - 29 * minute }) });
    expect(snapshotOf([done]).renewsAt).toBe(iso(noon + 30 * day));
  });

  test('L8 an open upgrade is no unpaid renewal', () => {
    const upgrade = subscription(open({ billingReason: 'subscription_update', payment: 'actionRequired' }));
    expect(snapshotOf([upgrade]).renewsAt).toBe(iso(noon + 20 * day));
  });

  test('billed in advance: a missing invoice is believed for 73 hours', () => {
    const prebilled = { currentPeriodStart: noon - 4 * day, latestInvoice: paid({ created: noon - 200 * day }) };
    expect(snapshotOf([subscription(prebilled)]).renewsAt).toBe(iso(noon + 20 * day));
  });

  test('who is sent invoices renews by the period', () => {
    const sent = open({ ...renewal, collectionMethod: 'send_invoice', dueDate: noon + 30 * day });
    const snapshot = snapshotOf([subscription({ ...renewing, collectionMethod: 'send_invoice', ...sent })]);
    expect(snapshot).toMatchObject({
      state: 'active',
      renewsAt: iso(noon + 30 * day),
      payment: { due: { amount: 2900 }, problem: null },
    });
  });

  test('a cancelled plan ends and does not renew; a contract renews until its last day', () => {
    expect(snapshotOf([subscription({ cancelAtPeriodEnd: true })])).toMatchObject({
      endsAt: iso(noon + 20 * day),
      renewsAt: null,
    });
    const contract = snapshotOf([subscription({ cancelAt: noon + 200 * day })]);
    expect(contract).toMatchObject({ state: 'ending', endsAt: iso(noon + 200 * day), renewsAt: iso(noon + 20 * day) });
  });

  test('past due promises no renewal', () => {
    expect(snapshotOf([pastDue()]).renewsAt).toBeNull();
  });

  test('a trial of the past is not mentioned', () => {
    expect(snapshotOf([subscription({ trialEnd: noon - 50 * day })]).trialEndsAt).toBeNull();
    expect(snapshotOf([trialing()])).toMatchObject({ trialEndsAt: iso(noon + 5 * day), renewsAt: null });
  });

  test('L3 ended is ended: nothing in it waits for the clock', () => {
    const { snapshot, nextChangeAt } = judged([canceled({ cancelAt: noon + day, trialEnd: noon + day })]);
    expect(snapshot).toMatchObject({
      endedAt: iso(noon - 3 * day),
      endsAt: null,
      trialEndsAt: null,
      graceEndsAt: null,
    });
    expect(nextChangeAt).toBeNull();
  });

  test('a date that no calendar holds costs the date, not the document', () => {
    expect(snapshotOf([subscription({ currentPeriodEnd: 1e300 })])).toMatchObject({ state: 'active', renewsAt: null });
  });
});

describe('payment', () => {
  const payment = (of: SubscriptionFacts) => snapshotOf([of]).payment;

  test('open over all invoices', () => {
    const two = [invoice({ id: 'in_1' }), invoice({ id: 'in_2', amountRemaining: 100 })];
    expect(payment(pastDue({ openInvoices: two }))).toMatchObject({
      due: { amount: 3000, currency: 'usd' },
      otherCurrencies: false,
    });
  });

  test('several currencies are not added', () => {
    const two = [invoice({ id: 'in_1' }), invoice({ id: 'in_2', amountRemaining: 5000, currency: 'eur' })];
    expect(payment(pastDue({ openInvoices: two }))).toMatchObject({
      due: { amount: 5000, currency: 'eur' },
      otherCurrencies: true,
    });
  });

  test('the next attempt is a promise only while it is ahead', () => {
    const retried = pastDue(open({ nextAttemptAt: noon + hour }));
    expect(payment(retried).nextAttemptAt).toBe(iso(noon + hour));
    const later = judged([retried], { now: noon + hour, standing: { fetchedAt: noon } }).snapshot;
    expect(later).toMatchObject({ stale: true, payment: { nextAttemptAt: null } });
  });

  test.each([
    ['failed', pastDue()],
    ['methodMissing', pastDue({ methodOnFile: false })],
    ['confirmationRequired', pastDue(open({ payment: 'actionRequired' }))],
    [
      'overdue',
      pastDue({
        collectionMethod: 'send_invoice',
        ...open({ collectionMethod: 'send_invoice', dueDate: noon - day, payment: 'none' }),
      }),
    ],
    [null, subscription()],
    [null, pastDue(open({ payment: 'processing' }))],
  ])('what is wrong: %s', (problem, of) => {
    expect(payment(of).problem).toBe(problem);
  });

  test('bank transfer instructions of a sent invoice are no confirmation', () => {
    const sent = open({ collectionMethod: 'send_invoice', dueDate: noon + 9 * day, payment: 'actionRequired' });
    expect(snapshotOf([subscription({ collectionMethod: 'send_invoice', ...sent })]).state).toBe('active');
  });

  test('L11 a replaced card is told from the one that failed', () => {
    expect(payment(pastDue()).methodReplaced).toBe(false);
    expect(payment(pastDue({ methodDigest: 'card-2' })).methodReplaced).toBe(true);
    expect(payment(pastDue({ methodDigest: 'card-2', ...open({ triedMethodDigest: null }) })).methodReplaced).toBe(
      false,
    );
  });

  test('SUB-7 the invoice to pay is the latest, or the one the bank asks about', () => {
    const [old, latest] = [invoice({ id: 'in_old' }), invoice({ id: 'in_new' })];
    const both = { latestInvoice: latest, openInvoices: [old, latest] };
    expect(judged([pastDue(both)]).invoiceToPay).toBe('in_new');
    const asked = { ...old, payment: 'actionRequired' as const };
    const waiting = { ...latest, payment: 'none' as const };
    expect(judged([subscription({ latestInvoice: waiting, openInvoices: [asked, waiting] })]).invoiceToPay).toBe(
      'in_old',
    );
    expect(judged([subscription()]).invoiceToPay).toBeNull();
  });
});

describe('the plan', () => {
  const plan = (own: Partial<SubscriptionFacts>, story?: Story) => snapshotOf([subscription(own)], story).plan;

  test('M15 name, list price × quantity, interval', () => {
    expect(plan({ items: [item({ quantity: 3 })] })).toEqual({
      name: 'Team',
      price: { amount: 8700, currency: 'usd' },
      interval: 'month',
      intervalCount: 1,
      quantity: 3,
      discounted: false,
      taxExcluded: false,
      metered: false,
      otherItems: 0,
    });
  });

  test('M22 an unknown product has no name, and is never called free', () => {
    const snapshot = snapshotOf([subscription({ items: [item({ product: 'prod_new' })] })], {
      policy: { freePlan: { name: 'Free', access: 'full' } },
    });
    expect(snapshot).toMatchObject({ plan: { name: null }, freePlanName: null });
  });

  test('L22 minor units pass through: ¥2,900 stays 2900', () => {
    expect(plan({ items: [item({ currency: 'jpy' })] })?.price).toEqual({ amount: 2900, currency: 'jpy' });
  });

  test('fractions of a cent count once multiplied', () => {
    expect(plan({ items: [item({ unitAmount: 0.5, quantity: 1000 })] })?.price).toEqual({
      amount: 500,
      currency: 'usd',
    });
  });

  test('flags: discount, tax, metered usage beside a fixed price', () => {
    const items = [
      item({ price: 'price_use', metered: true, quantity: null, unitAmount: 1 }),
      item({ taxExcluded: true }),
    ];
    expect(plan({ items, discounted: true })).toMatchObject({
      price: { amount: 2900 },
      discounted: true,
      taxExcluded: true,
      metered: true,
      otherItems: 1,
    });
    expect(plan({ items: [item({ metered: true, quantity: null })] })).toMatchObject({ price: null, metered: true });
  });

  test('SUB-10 a scheduled change is named by the catalogue', () => {
    const next = {
      at: noon + 20 * day,
      items: [item({ price: 'price_starter', product: '', unitAmount: null, quantity: 2 })],
    };
    expect(snapshotOf([subscription({ next })]).next).toMatchObject({
      at: iso(noon + 20 * day),
      plan: { name: 'Starter', price: { amount: 1800, currency: 'usd' }, quantity: 2 },
    });
  });

  test('a phase that repeats the plan is no news', () => {
    expect(snapshotOf([subscription({ next: { at: noon + day, items: [item()] } })]).next).toBeNull();
  });
});

describe('several subscriptions', () => {
  const support = (own: Partial<SubscriptionFacts> = {}) =>
    subscription({
      id: 'sub_2',
      items: [item({ price: 'price_support', product: 'prod_support', lookupKey: null })],
      ...own,
    });
  const plans = [{ lookupKey: 'team_monthly' }];

  test('the worst speaks, the best gives access', () => {
    const snapshot = snapshotOf([subscription(), pastDue({ id: 'sub_2', ...open({ firstFailedAt: noon - 9 * day }) })]);
    expect(snapshot).toMatchObject({ state: 'restricted', access: { level: 'full', reason: 'active' } });
    expect(snapshot.subscriptions.map(({ state }) => state)).toEqual(['restricted', 'active']);
  });

  test('an old ended one never hides a live one', () => {
    const snapshot = snapshotOf([canceled({ id: 'sub_0' }), subscription()]);
    expect(snapshot).toMatchObject({ state: 'active', access: { level: 'full' } });
    expect(snapshot.subscriptions).toHaveLength(1);
  });

  test('of several ended ones, the last speaks', () => {
    const two = [canceled({ endedAt: noon - 2 * day }), canceled({ id: 'sub_2', endedAt: noon - 90 * day })];
    expect(snapshotOf(two).endedAt).toBe(iso(noon - 2 * day));
  });

  test('L10 nothing is sold beside anything that lives', () => {
    for (const status of ['active', 'trialing', 'past_due', 'unpaid', 'paused', 'incomplete', 'hibernating']) {
      expect(snapshotOf([subscription({ status })], { policy: { offers } }).offers).toEqual([]);
    }
    expect(snapshotOf([canceled()], { policy: { offers } }).offers.map(({ id }) => id)).toEqual(['team', 'starter']);
  });

  test('L20 other products are listed, but are no plan and give no access', () => {
    const snapshot = snapshotOf([support()], {
      policy: { plans, freePlan: { name: 'Free', access: 'readOnly' }, offers },
    });
    expect(snapshot).toMatchObject({
      plan: null,
      freePlanName: null,
      offers: [],
      access: { level: 'readOnly', reason: 'none' },
    });
    expect(snapshot.subscriptions.map((each) => each.plan?.name)).toEqual(['Support']);
  });

  test('L20 another product that ended is no end of this plan', () => {
    expect(snapshotOf([{ ...canceled(), items: support().items }], { policy: { plans } }).state).toBe('none');
  });

  test('another product’s failure is not hidden, and takes no access', () => {
    const failing = { ...pastDue({ id: 'sub_2', ...open({ firstFailedAt: noon - 9 * day }) }), items: support().items };
    const snapshot = snapshotOf([subscription(), failing], { policy: { plans } });
    expect(snapshot).toMatchObject({ state: 'restricted', plan: null, access: { level: 'full', reason: 'active' } });
  });

  test.each([
    ['by price', { price: 'price_team' }, true],
    ['by product', { product: 'prod_team' }, true],
    ['by lookup key', { lookupKey: 'team_monthly' }, true],
    ['every given field must match', { product: 'prod_team', lookupKey: 'other' }, false],
    ['a rule without fields matches nothing', {}, false],
  ])('M22 plans %s', (_, rule, own) => {
    expect(snapshotOf([subscription()], { policy: { plans: [rule] } }).plan !== null).toBe(own);
  });

  test('keys are stable and are no ids of Stripe', () => {
    const [first, second] = snapshotOf([subscription(), subscription({ id: 'sub_2' })]).subscriptions;
    expect(first?.key).not.toBe(second?.key);
    expect(JSON.stringify(snapshotOf([subscription(), pastDue({ id: 'sub_2' })]))).not.toMatch(/sub_|in_|price_|prod_/);
  });
});

test('an offer is named and priced by the catalogue, or not made', () => {
  const snapshot = snapshotOf([], {
    policy: {
      offers: [
        { id: 'lost', price: 'price_unknown' },
        { id: 'seats', price: 'team_monthly', quantity: 5 },
      ],
    },
  });
  expect(snapshot.offers).toEqual([
    { id: 'seats', plan: expect.objectContaining({ name: 'Team', price: { amount: 14500, currency: 'usd' } }) },
  ]);
});

test('the document says what it was judged from', () => {
  const { snapshot } = judge(
    {
      linked: true,
      facts: customer([subscription()]),
      fetchedAt: noon - hour,
      revision: 'e.7',
      confirmedBy: 'return',
      staleSince: null,
    },
    defaultPolicy,
    catalogue,
    { mayManage: true },
    noon,
  );
  expect(snapshot).toMatchObject({ revision: 'e.7', asOf: iso(noon - hour), confirmedBy: 'return', stale: false });
});
