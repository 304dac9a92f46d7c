/** The judgement of debts: one decision for the amount due, the button, its amount and the page that it opens. */

import * as fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { graceEndOf, judge } from '../../../server/src/billing/judge/judge.ts';
import { defaultPolicy } from '../../../server/src/billing/policy.ts';
import { anyPolicy, anyStanding, moment, seeded } from '../fixtures/arbitrary-facts.ts';
import {
  catalogue,
  customer,
  day,
  hour,
  invoice,
  iso,
  item,
  judged,
  noon,
  paid,
  pastDue,
  snapshotOf,
  subscription,
  trialing,
} from '../fixtures/facts.ts';

const usd = (amount: number) => ({ amount, currency: 'usd' });
const old = invoice({ id: 'in_old', created: noon - 40 * day, firstFailedAt: noon - 39 * day });
const purposes = (own: Parameters<typeof snapshotOf>[0]) => snapshotOf(own).actions.map(({ purpose }) => purpose);

describe('L36 an active subscription that owes', () => {
  const owing = subscription({ openInvoices: [old] });

  it('stays active, has the amount due, and can be paid', () => {
    expect(snapshotOf([owing])).toMatchObject({
      state: 'active',
      access: { level: 'full' },
      payment: { due: usd(2900), openInvoices: 1, payNow: usd(2900), problem: 'failed' },
    });
    expect(purposes([owing])).toEqual(['payNow', 'manage']);
    expect(judged([owing]).invoiceToPay).toBe('in_old');
  });

  it.each([
    ['ending', { cancelAtPeriodEnd: true }, ['payNow', 'keepPlan']],
    ['paused', { pause: { resumesAt: null } }, ['payNow', 'manage']],
  ])('and is %s: the same', (_, own, actions) => {
    expect(purposes([{ ...owing, ...own }])).toEqual(actions);
  });

  it.each([
    ['failed', { payment: 'failed' }, ['payNow', 'keepPlan']],
    ['late', { collectionMethod: 'send_invoice', payment: 'none', dueDate: noon - day }, ['payNow', 'keepPlan']],
    [
      'sent and not late',
      { collectionMethod: 'send_invoice', payment: 'none', dueDate: noon + day },
      ['keepPlan', 'payNow'],
    ],
    ['open, and nothing else', { payment: 'none' }, ['keepPlan', 'payNow']],
  ] as const)('pays before anything else what has failed or is late: %s', (_, own, actions) => {
    expect(purposes([subscription({ cancelAtPeriodEnd: true, openInvoices: [{ ...old, ...own }] })])).toEqual(actions);
  });

  it('beside one whose payment is on its way', () => {
    const waiting = invoice({ id: 'in_wait', payment: 'processing' });
    const both = [owing, subscription({ id: 'sub_2', latestInvoice: waiting, openInvoices: [waiting] })];
    expect(snapshotOf(both)).toMatchObject({ state: 'processing', payment: { due: usd(5800), payNow: usd(2900) } });
    expect(judged(both).invoiceToPay).toBe('in_old');
  });

  it('without drafts that Stripe is about to charge, or payments on their way (L21)', () => {
    const fresh = invoice({ attempted: false, attemptCount: 0, payment: 'none', firstFailedAt: null });
    const coming = { ...fresh, nextAttemptAt: noon + day };
    expect(purposes([subscription({ latestInvoice: coming, openInvoices: [coming] })])).toEqual(['manage']);
    expect(purposes([subscription({ latestInvoice: fresh, openInvoices: [fresh] })])).toEqual(['payNow', 'manage']);
    const soon = judged([subscription({ latestInvoice: coming, openInvoices: [coming] })]);
    expect([soon.invoiceToPay, soon.snapshot.payment.payNow]).toEqual([null, null]);
    const waiting = invoice({ payment: 'processing' });
    const processing = judged([subscription({ latestInvoice: waiting, openInvoices: [waiting] })]);
    expect(processing.invoiceToPay).toBeNull();
    expect(processing.snapshot.payment).toMatchObject({ due: usd(2900), payNow: null });
  });
});

test('F4 L38 the button has the amount of its page, the text the total and the number of invoices', () => {
  const latest = invoice({ amountRemaining: 5900 });
  const both = judged([pastDue({ latestInvoice: latest, openInvoices: [old, latest] })]);
  expect(both.snapshot.payment).toMatchObject({ due: usd(8800), openInvoices: 2, payNow: usd(5900) });
  expect(both.invoiceToPay).toBe('in_1');
});

describe('the invoice to pay', () => {
  const [older, latest] = [invoice({ id: 'in_old', created: noon - 40 * day }), invoice()];
  const toPay = (one: object, two: object) =>
    judged([
      pastDue({
        latestInvoice: { ...latest, ...two },
        openInvoices: [
          { ...older, ...one },
          { ...latest, ...two },
        ],
      }),
    ]).invoiceToPay;

  it.each([
    ['is the latest', {}, {}, 'in_1'],
    ['is the one that the bank asks about', { payment: 'none' }, { payment: 'actionRequired' }, 'in_1'],
    [
      'is the one that the bank asks about, also an older one',
      { payment: 'actionRequired' },
      { payment: 'none' },
      'in_old',
    ],
    ['is the latest where a confirmation alone would not help', { payment: 'actionRequired' }, {}, 'in_1'],
    ['is none whose payment is on its way', {}, { payment: 'processing' }, 'in_old'],
  ])('%s', (_, one, two, id) => expect(toPay(one, two)).toBe(id));

  it('is the newest that is open where the latest is paid', () => {
    const open = [older, { ...latest, id: 'in_newer' }];
    expect(judged([pastDue({ latestInvoice: paid({ id: 'in_paid' }), openInvoices: open })]).invoiceToPay).toBe(
      'in_newer',
    );
  });
});

describe('an invoice that was sent', () => {
  const sent = (own: object) => {
    const one = invoice({ collectionMethod: 'send_invoice', dueDate: noon + day, ...own });
    return snapshotOf([subscription({ collectionMethod: 'send_invoice', latestInvoice: one, openInvoices: [one] })]);
  };

  it.each([
    ['failed', 'active', 'failed'],
    ['processing', 'processing', null],
    ['actionRequired', 'active', null],
    ['none', 'active', null],
  ])('with its payment %s is %s', (payment, state, problem) =>
    expect(sent({ payment })).toMatchObject({ state, payment: { problem } }),
  );
});

describe('the problem of a debt', () => {
  const bare = { methodOnFile: false, methodDigest: null };
  const sentAs = (own: object) => ({ collectionMethod: 'send_invoice' as const, payment: 'none' as const, ...own });
  const owing = (own: object, facts: object = {}) => {
    const one = invoice(own);
    return subscription({ latestInvoice: one, openInvoices: [one], ...facts });
  };

  it.each([
    ['a charge failed', owing({}), 'failed'],
    ['a charge failed, and grace goes on', pastDue(), 'failed'],
    ['a charge failed, and grace is over', pastDue({ openInvoices: [old] }), 'failed'],
    ['… without any method', pastDue({ ...bare, openInvoices: [old] }), 'methodMissing'],
    ['nothing failed yet, without any method', owing({ payment: 'none' }, bare), null],
    ['nothing is open, without any method', subscription(bare), null],
    [
      'a trial ended without one',
      subscription({ ...bare, status: 'paused', pausedBecause: 'trialWithoutMethod' }),
      'methodMissing',
    ],
    ['sent, and due tomorrow', owing(sentAs({ dueDate: noon + day })), null],
    ['sent, and due now', owing(sentAs({ dueDate: noon })), 'overdue'],
    ['sent, without a due date', owing(sentAs({ dueDate: null })), null],
    [
      'sent, without a due date, and past due',
      pastDue({ ...sentAs({}), openInvoices: [invoice(sentAs({ dueDate: null }))] }),
      'overdue',
    ],
    ['charged, whatever its due date', owing({ payment: 'none', dueDate: noon - day }), null],
    [
      'sent and charged, and the sent one is late',
      subscription({
        openInvoices: [invoice({ payment: 'none' }), invoice({ id: 'in_2', ...sentAs({ dueDate: noon - day }) })],
      }),
      'overdue',
    ],
  ])('%s', (_, of, problem) => expect(snapshotOf([of]).payment.problem).toBe(problem));

  it('changes on the day that it is due', () =>
    expect(judged([owing(sentAs({ dueDate: noon + day }))]).nextChangeAt).toBe(noon + day));
});

it.each([
  [
    'beside an invoice that was not tried yet',
    [invoice({ id: 'in_0', payment: 'none', triedMethodDigest: null })],
    true,
  ],
  ['unless it was tried as well', [invoice({ id: 'in_0', triedMethodDigest: 'card-2' })], false],
  ['unless it is not known what was tried', [invoice({ id: 'in_0', triedMethodDigest: null })], false],
])('L11 a card was replaced after a failure, %s', (_, others, replaced) => {
  const of = pastDue({ methodDigest: 'card-2', openInvoices: [...others, invoice()] });
  expect(snapshotOf([of]).payment.methodReplaced).toBe(replaced);
});

test('of several currencies the largest amount is told, and that there are others', () => {
  const euros = invoice({ id: 'in_eur', currency: 'eur', amountRemaining: 5800 });
  for (const openInvoices of [
    [invoice(), euros],
    [euros, invoice()],
  ]) {
    expect(snapshotOf([pastDue({ openInvoices })]).payment).toMatchObject({
      due: { amount: 5800, currency: 'eur' },
      otherCurrencies: true,
    });
  }
});

test('the next attempt is the first of those that are known', () => {
  const at = (...attempts: readonly (number | null)[]) =>
    snapshotOf([
      pastDue({ openInvoices: attempts.map((nextAttemptAt, i) => invoice({ id: `in_${i}`, nextAttemptAt })) }),
    ]).payment.nextAttemptAt;
  expect(at(noon + 2 * day, null, noon + day)).toBe(iso(noon + day));
  expect([at(null), at(), at(noon)]).toEqual([null, null, null]);
});

test('an ended subscription needs no payment', () => {
  const over = subscription({ status: 'canceled', endedAt: noon - day, openInvoices: [old] });
  const { snapshot, invoiceToPay } = judged([over]);
  expect(snapshot.payment).toMatchObject({ due: null, openInvoices: 0, payNow: null });
  expect(snapshot.subscriptions[0]?.payment.due).toBeNull();
  expect(invoiceToPay).toBeNull();
});

test(`button, amount, page and due are one decision, for any facts (seed ${seeded.seed})`, () => {
  fc.assert(
    fc.property(anyStanding, anyPolicy, moment, (standing, policy, now) => {
      const { snapshot, invoiceToPay } = judge(standing, policy, catalogue, { mayManage: true }, now);
      const { due, otherCurrencies, openInvoices, payNow } = snapshot.payment;
      const opens = snapshot.actions.some(({ via }) => via === 'invoice');
      expect(opens).toBe(invoiceToPay !== null);
      expect(opens).toBe(payNow !== null && payNow !== undefined);
      expect(due === null).toBe(openInvoices === 0);
      const open = (standing.facts?.subscriptions ?? []).flatMap((each) => each.openInvoices);
      if (invoiceToPay !== null) {
        expect(open.some(({ id, amountRemaining }) => id === invoiceToPay && amountRemaining === payNow?.amount)).toBe(
          true,
        );
        if (!otherCurrencies) expect(payNow?.amount).toBeLessThanOrEqual(due?.amount ?? 0);
      }
      // A viewer reads the same sums.
      expect(judge(standing, policy, catalogue, { mayManage: false }, now).snapshot.payment).toEqual(snapshot.payment);
    }),
    seeded,
  );
});

describe('grace', () => {
  const failing = invoice({ created: noon - day, firstFailedAt: noon - day });
  it('H3 counts from the present delinquency, without invoices older than the newest paid one', () => {
    const again = pastDue({ latestInvoice: failing, openInvoices: [old, failing], newestPaidCreated: noon - 10 * day });
    expect(graceEndOf(again, 7)).toBe(noon + 6 * day);
    expect(snapshotOf([again])).toMatchObject({
      state: 'pastDue',
      access: { level: 'full' },
      payment: { due: usd(5800) },
    });
  });

  it('L28 counts from the oldest open invoice while none was paid since', () => {
    const since = (newestPaidCreated: number | null) =>
      graceEndOf(pastDue({ latestInvoice: failing, openInvoices: [old, failing], newestPaidCreated }), 7);
    expect(since(noon - 60 * day)).toBe(noon - 32 * day);
    expect(since(null)).toBe(noon - 32 * day);
    // Behind, and all that is open is older than what was paid: Stripe's word, and the oldest again.
    expect(since(noon)).toBe(noon - 32 * day);
  });
});

describe('L37 a pause narrows no access that is paid for', () => {
  const pause = { resumesAt: noon + 90 * day };
  it('F5 full until the paid period ends, then by the policy; with both dates', () => {
    expect(snapshotOf([subscription({ pause })])).toMatchObject({
      state: 'paused',
      resumesAt: iso(noon + 90 * day),
      access: { level: 'full', reason: 'paused', until: iso(noon + 20 * day) },
    });
    // The period went on; its invoice was voided.
    const next = subscription({
      pause,
      currentPeriodStart: noon - day,
      currentPeriodEnd: noon + 29 * day,
    });
    expect(snapshotOf([next]).access).toEqual({ level: 'readOnly', reason: 'paused', until: null });
  });

  it('F5 an upgrade that is not paid takes nothing from the period that is', () => {
    const upgrade = invoice({ status: 'open', billingReason: 'subscription_update' });
    expect(snapshotOf([subscription({ pause, latestInvoice: upgrade })]).access).toMatchObject({
      level: 'full',
      until: iso(noon + 20 * day),
    });
    // Usage that reached its limit, billed within the period, and voided by the pause.
    const usage = invoice({ status: 'void', billingReason: 'subscription_threshold' });
    expect(snapshotOf([subscription({ pause, latestInvoice: usage })]).access.level).toBe('full');
    const renewal = invoice({ status: 'open', billingReason: 'subscription_cycle' });
    expect(snapshotOf([subscription({ pause, latestInvoice: renewal })]).access.level).toBe('readOnly');
  });

  it('F5 a pause that is over before the period is narrows nothing', () => {
    const short = { resumesAt: noon + 10 * day };
    expect(snapshotOf([subscription({ pause: short })])).toMatchObject({
      state: 'paused',
      resumesAt: iso(noon + 10 * day),
      access: { level: 'full', reason: 'paused', until: null },
    });
    expect(snapshotOf([trialing({ pause: { resumesAt: noon + day } })]).access).toMatchObject({ until: null });
    const late = { now: noon + 11 * day, standing: { fetchedAt: noon } };
    expect(snapshotOf([subscription({ pause: short })], late)).toMatchObject({
      stale: true,
      access: { level: 'full' },
    });
  });

  it('no access is narrowed before a fetch, but it is at the stale limit without one', () => {
    const at = (hours: number) =>
      snapshotOf([subscription({ pause })], { now: noon + 20 * day + hours * hour, standing: { fetchedAt: noon } })
        .access.level;
    expect([at(-1), at(1), at(71), at(73)]).toEqual(['full', 'full', 'full', 'readOnly']);
  });

  it('a trial goes on until its end, and what follows is told', () => {
    expect(snapshotOf([trialing({ pause })]).access).toEqual({
      level: 'full',
      reason: 'paused',
      until: iso(noon + 5 * day),
      after: 'readOnly',
    });
    // Nothing is narrowed before a fetch: this one began after the end.
    const over = { now: noon + 6 * day, standing: { fetchedAt: noon + 6 * day } };
    expect(snapshotOf([trialing({ pause })], over).access.level).toBe('readOnly');
  });

  it('a pause with full access has no such date, and an end that comes first is the date', () => {
    const full = { policy: { pausedAccess: 'full' as const } };
    expect(snapshotOf([subscription({ pause })], full).access).toMatchObject({ level: 'full', until: null });
    const ending = subscription({ pause, cancelAt: noon + 3 * day });
    expect(snapshotOf([ending]).access.until).toBe(iso(noon + 3 * day));
  });
});

test('H6 amount due, headline and refusal are of the host’s own plans; the others are listed', () => {
  const foreign = { ...pastDue({ id: 'sub_2' }), items: [item({ product: 'prod_support', lookupKey: null })] };
  const plans = [{ product: 'prod_team' }];
  const facts = customer([foreign, subscription({ latestInvoice: paid() })]);
  const standing = { linked: true, facts, fetchedAt: noon, revision: 'e.1', confirmedBy: null, staleSince: null };
  const { snapshot, invoiceToPay } = judge(standing, { ...defaultPolicy, plans }, catalogue, { mayManage: true }, noon);
  expect(snapshot).toMatchObject({ state: 'active', payment: { due: null, problem: null } });
  expect(invoiceToPay).toBeNull();
  expect(snapshot.subscriptions).toHaveLength(2);
});
