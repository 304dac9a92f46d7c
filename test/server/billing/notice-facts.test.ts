/** How a notice names its fact: by that the ledger drops what was told before, and each kind says whether it is told once. */

import { describe, expect, test } from 'vitest';
import type { SubscriptionFacts } from '../../../server/src/billing/facts.ts';
import type { NoticeType } from '../../../server/src/billing/notice-types.ts';
import { noticesBetween } from '../../../server/src/billing/notices.ts';
import {
  canceled,
  catalogue,
  customer,
  day,
  hour,
  invoice,
  item,
  minute,
  noon,
  paid,
  pastDue,
  subscription,
  trialing,
} from '../fixtures/facts.ts';

const told = (
  before: readonly SubscriptionFacts[] | null,
  after: readonly SubscriptionFacts[],
  at = { before: (noon - hour) as number | null, after: noon },
) =>
  noticesBetween(before && customer(before), customer(after), at, (id) => catalogue.productName(id)).map(
    ({ type, fact, once, data }) => ({ type, fact, once, data }),
  );
const failed = invoice({ id: 'in_9' });
const paused = { pause: { resumesAt: noon + day } };

test.each<[NoticeType, string, boolean, SubscriptionFacts[], SubscriptionFacts[]]>([
  ['subscription.started', 'started sub_1', true, [], [subscription()]],
  ['subscription.ended', 'ended sub_1', true, [subscription()], [canceled()]],
  ['plan.changed', 'plan sub_1', false, [subscription()], [subscription({ items: [item({ quantity: 2 })] })]],
  ['subscription.ending', 'ending sub_1', false, [subscription()], [subscription({ cancelAtPeriodEnd: true })]],
  ['subscription.kept', 'kept sub_1', false, [subscription({ cancelAtPeriodEnd: true })], [subscription()]],
  ['subscription.paused', 'paused sub_1', false, [subscription()], [subscription(paused)]],
  ['subscription.resumed', 'resumed sub_1', false, [subscription(paused)], [subscription()]],
  ['trial.ending', `trial sub_1 ${noon + 2 * day}`, true, [], [trialing({ created: 0, trialEnd: noon + 2 * day })]],
  ['payment.failed', 'failed sub_1 in_9', true, [subscription()], [pastDue({ openInvoices: [failed] })]],
  ['payment.recovered', 'recovered sub_1', false, [pastDue()], [subscription({ latestInvoice: paid() })]],
])('%s is the fact "%s", told once: %s', (type, fact, once, before, after) => {
  expect(told(before, after)).toContainEqual({ type, fact, once, data: expect.anything() });
});

test('customer.deleted is told once, after the ends that it brings', () => {
  const all = [subscription(), canceled({ id: 'sub_2' }), subscription({ id: 'sub_3', status: 'incomplete' })];
  const at = { before: noon - hour, after: noon };
  const news = noticesBetween(customer(all), customer([], { deleted: true }), at, () => null);
  expect(news.map(({ fact, once }) => [fact, once])).toEqual([
    ['ended sub_1', true],
    ['deleted', true],
  ]);
  expect(news[0]?.data).toMatchObject({ endedAt: new Date(noon).toISOString(), reason: 'customerDeleted' });
  expect(noticesBetween(null, customer([], { deleted: true }), at, () => null).map(({ fact }) => fact)).toEqual([
    'deleted',
  ]);
});

describe('an end tells its day and its reason', () => {
  test.each([
    ['cancellation_requested', 'requested'],
    ['payment_failed', 'paymentFailed'],
    ['payment_disputed', 'paymentDisputed'],
    ['a_reason_of_the_future', 'other'],
    [null, 'other'],
  ])('%s: %s', (cancellationReason, reason) => {
    expect(told([subscription()], [canceled({ cancellationReason })])[0]?.data).toMatchObject({ reason });
  });

  test('where only the cancellation has a day, that one', () => {
    const [end] = told([subscription()], [canceled({ endedAt: null, canceledAt: noon - day })]);
    expect(end?.data).toMatchObject({ endedAt: new Date(noon - day).toISOString() });
  });
});

describe('a trial that is about to end', () => {
  const trial = (own: Partial<SubscriptionFacts> = {}) => trialing({ trialEnd: noon + 2 * day, ...own });
  const ending = (before: SubscriptionFacts[] | null, after: SubscriptionFacts, at?: Parameters<typeof told>[2]) =>
    told(before, [after], at).filter(({ type }) => type === 'trial.ending');
  const due = noon - day;

  test.each([
    ['at the very first look', null, trial(), { before: null, after: noon }, 1],
    ['at the first look after its moment', [trial()], trial(), { before: due - 1, after: due }, 1],
    ['at no look after that', [trial()], trial(), { before: due, after: noon }, 0],
    ['again where its end was moved', [trial({ trialEnd: noon + day })], trial(), { before: due, after: noon }, 1],
    ['though another trial was seen', [trial({ id: 'sub_2' })], trial(), { before: due, after: noon }, 1],
    ['not before its moment', [trial()], trial(), { before: due - 2, after: due - 1 }, 0],
    ['not at its end', [trial()], trial(), { before: due - 1, after: noon + 2 * day }, 0],
    ['not without an end', [], trial({ trialEnd: null }), { before: due - 1, after: noon }, 0],
    ['not with an end that no calendar has', [], trial({ trialEnd: 1e300 }), { before: 0, after: 1e300 - 1 }, 0],
    ['not of another status', [], subscription({ trialEnd: noon + 2 * day }), { before: due - 1, after: noon }, 0],
  ])('is told %s', (_, before, after, at, count) => expect(ending(before, after, at)).toHaveLength(count));

  test.each([
    ['nothing else', {}, null],
    ['the end of the plan, with it', { cancelAt: noon + 2 * day }, noon + 2 * day],
    ['the end of the plan, before it', { cancelAt: noon + day }, noon + day],
    ['no end of the plan that comes later', { cancelAt: noon + 2 * day + 1 }, null],
  ])('tells %s', (_, own, endsAt) => {
    const [notice] = ending([], trial(own));
    expect(notice?.data).toMatchObject({ endsAt: endsAt === null ? null : new Date(endsAt).toISOString() });
  });
});

describe('a beginning', () => {
  const started = (created: number, before: number | null) =>
    told(null, [subscription({ created })], { before, after: noon }).map(({ type }) => type);

  test('is news at a first look where it is no older than the link, give or take five minutes', () => {
    expect(started(noon - 5 * minute, noon)).toEqual(['subscription.started']);
    expect(started(noon - 5 * minute - 1, noon)).toEqual([]);
    expect(started(noon, null)).toEqual([]);
  });

  test('tells the end of a running trial only', () => {
    const data = (own: Partial<SubscriptionFacts>) =>
      told([], [subscription({ trialEnd: noon + 9 * day, ...own })])[0]?.data;
    expect(data({ status: 'trialing' })).toMatchObject({ trialEndsAt: new Date(noon + 9 * day).toISOString() });
    expect(data({})).toMatchObject({ trialEndsAt: null });
  });
});

test('a plan that has no items, before or after, tells no change', () => {
  const none = subscription({ items: [] });
  for (const [before, after] of [
    [none, subscription()],
    [subscription(), none],
    [none, none],
  ] as const)
    expect(told([before], [after])).toEqual([]);
});

test('a foreign subscription that becomes the host’s has no plan that changed', () => {
  const starter = subscription({ items: [item({ product: 'prod_starter' })] });
  const policy = { plans: [{ product: 'prod_team' }], graceDays: 7 };
  const at = { before: noon - hour, after: noon };
  expect(noticesBetween(customer([starter]), customer([subscription()]), at, () => null, policy)).toEqual([]);
});

test('a pause that is moved is told again; one of the status alone has no day', () => {
  const moved = told([subscription(paused)], [subscription({ pause: { resumesAt: null } })]);
  expect(moved).toMatchObject([{ type: 'subscription.paused', data: { resumesAt: null } }]);
  const byStatus = subscription({ status: 'paused', pausedBecause: 'request' });
  expect(told([subscription(paused)], [byStatus]), 'paused before as well').toEqual([]);
});

describe('a payment', () => {
  const types = (before: SubscriptionFacts, after: SubscriptionFacts) =>
    told([before], [after]).map(({ type }) => type);
  const owes = (...openInvoices: readonly ReturnType<typeof invoice>[]) => subscription({ openInvoices });
  const second = invoice({ id: 'in_2' });

  test.each([
    [
      'of a failed invoice of an active subscription',
      owes(invoice()),
      subscription({ earlierInvoices: [closed('paid')] }),
      ['payment.recovered'],
    ],
    [
      '… that is written off',
      owes(invoice()),
      subscription({ earlierInvoices: [closed('void')] }),
      ['payment.recovered'],
    ],
    ['… of which nothing remains', owes(invoice()), owes(invoice({ amountRemaining: 0 })), ['payment.recovered']],
    ['… that is not seen any more', owes(invoice()), subscription(), []],
    ['… that is still open', owes(invoice()), owes(invoice()), []],
    [
      '… that failed once, and is being tried',
      owes(invoice({ payment: 'none' })),
      owes(invoice({ payment: 'processing' })),
      [],
    ],
    ['of one of two', owes(invoice(), second), owes(second), []],
    ['of a trial’s', pastDue(), subscription({ status: 'trialing', latestInvoice: paid() }), ['payment.recovered']],
    [
      'of a debt, and paused by hand',
      pastDue(),
      subscription({ status: 'hibernating', latestInvoice: invoice({ id: 'in_x', status: 'paid' }) }),
      [],
    ],
    ['of nothing: active again, and all is open', pastDue(), subscription({ openInvoices: [invoice()] }), []],
    [
      'in part: active again',
      pastDue(),
      subscription({ openInvoices: [invoice({ amountPaid: 900, amountRemaining: 2000 })] }),
      ['payment.recovered'],
    ],
    ['of nothing that is seen: active again, and nothing is open', pastDue(), subscription(), ['payment.recovered']],
    [
      'in part, of a trial’s',
      pastDue(),
      subscription({ status: 'trialing', openInvoices: [part()] }),
      ['payment.recovered'],
    ],
    ['dropped, and still past due', pastDue(), pastDue({ openInvoices: [], earlierInvoices: [closed('void')] }), []],
    [
      'of one of two, and the other is not seen',
      owes(invoice(), second),
      subscription({ earlierInvoices: [closed('paid')] }),
      [],
    ],
    [
      'that was last seen open',
      owes(invoice()),
      subscription({ earlierInvoices: [{ ...closed('open'), amountRemaining: 1 }] }),
      [],
    ],
    [
      'that is written off unpaid',
      owes(invoice()),
      subscription({ earlierInvoices: [{ ...closed('void'), amountRemaining: 1 }] }),
      ['payment.recovered'],
    ],
    [
      'in part: still behind',
      pastDue(),
      pastDue({ openInvoices: [invoice({ amountPaid: 900, amountRemaining: 2000 })] }),
      [],
    ],
  ])('%s', (_, before, after, expected) => expect(types(before, after)).toEqual(expected));

  test('that brings an account back tells the rest', () => {
    const part = subscription({ openInvoices: [invoice({ amountPaid: 900, amountRemaining: 2000 })] });
    expect(told([pastDue()], [part])[0]?.data).toMatchObject({
      paid: { amount: 900, currency: 'usd' },
      due: { amount: 2000, currency: 'usd' },
    });
  });

  test.each([
    ['failed while active', invoice({ firstFailedAt: null }), 'active', 1],
    ['failed before, and is being tried', invoice({ payment: 'processing' }), 'active', 1],
    ['asked about by the bank while active', invoice({ payment: 'actionRequired', firstFailedAt: null }), 'active', 0],
    [
      'asked about by the bank while past due',
      invoice({ payment: 'actionRequired', firstFailedAt: null }),
      'past_due',
      1,
    ],
    ['open while past due', invoice({ payment: 'none', firstFailedAt: null }), 'past_due', 1],
    ['failed as a first payment', invoice(), 'incomplete', 0],
    ['failed of what is over', invoice(), 'canceled', 0],
  ])('%s', (_, one, status, count) => {
    const news = told([subscription()], [subscription({ status, openInvoices: [one] })]);
    expect(news.filter(({ type }) => type === 'payment.failed')).toHaveLength(count);
  });

  test('that the bank asks about is the trouble, among several', () => {
    const plain = invoice({ id: 'in_0', payment: 'none', firstFailedAt: null });
    const asked = invoice({ id: 'in_2', payment: 'actionRequired', firstFailedAt: null });
    const news = told([subscription()], [pastDue({ openInvoices: [plain, asked] })]);
    expect(news).toMatchObject([{ fact: 'failed sub_1 in_2', data: { problem: 'confirmationRequired' } }]);
  });

  test('that failed at a first purchase is no trouble of before', () => {
    const news = told([subscription({ status: 'incomplete', openInvoices: [invoice()] })], [pastDue()]);
    expect(news.map(({ type }) => type)).toEqual(['subscription.started', 'payment.failed']);
  });
});

function part() {
  return invoice({ amountPaid: 900, amountRemaining: 2000 });
}

function closed(status: string) {
  return { id: 'in_1', status, currency: 'usd', amountPaid: 0, amountRemaining: 0 };
}
