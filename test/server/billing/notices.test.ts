import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CustomerFacts, SubscriptionFacts } from '../../../server/src/billing/facts.ts';
import { isLeaving } from '../../../server/src/billing/judge/subscription.ts';
import { nextNoticeAt, noticesBetween } from '../../../server/src/billing/notices.ts';
import { anyCustomer, moment, seeded } from '../fixtures/arbitrary-facts.ts';
import {
  canceled,
  catalogue,
  customer,
  day,
  hour,
  invoice,
  iso,
  item,
  minute,
  noon,
  open,
  paid,
  pastDue,
  subscription,
  trialing,
} from '../fixtures/facts.ts';
import { anyLife, live } from '../fixtures/lives.ts';
import type { NoticeDraft } from '../../../server/src/billing/notice-types.ts';

type Looks = Parameters<typeof noticesBetween>[2];

const anHourLater: Looks = { before: noon - hour, after: noon };
const between = (
  before: CustomerFacts | null,
  after: CustomerFacts,
  at = anHourLater,
  policy?: { plans: 'all' | [] },
) => noticesBetween(before, after, at, (id) => catalogue.productName(id), { plans: 'all', graceDays: 7, ...policy });
const starter = item({ price: 'price_starter', product: 'prod_starter', unitAmount: 900 });
const recovered = subscription({ latestInvoice: paid(), openInvoices: [] });
const usd = (amount: number) => ({ amount, currency: 'usd' });
const team = { name: 'Team', price: usd(2900), interval: 'month', quantity: 1 };

interface Row {
  readonly rule: string;
  readonly before: SubscriptionFacts | null;
  readonly after: SubscriptionFacts;
  readonly at?: Looks;
  /** Types, and what they must say at least. */
  readonly told: readonly (readonly [NoticeDraft['type'], object?])[];
}

const rows: readonly Row[] = [
  { rule: 'nothing', before: subscription(), after: subscription(), told: [] },
  {
    rule: 'a renewal is no news',
    before: subscription(),
    after: subscription({
      currentPeriodStart: noon,
      currentPeriodEnd: noon + 30 * day,
      latestInvoice: paid({ id: 'in_9' }),
    }),
    told: [],
  },
  {
    rule: 'another card or a new scheduled phase is no news',
    before: subscription(),
    after: subscription({ methodDigest: 'card-2', next: { at: noon + day, items: [starter] } }),
    told: [],
  },
  {
    rule: 'started',
    before: null,
    after: subscription(),
    told: [['subscription.started', { plan: team, trialEndsAt: null }]],
  },
  {
    rule: 'started as a trial',
    before: null,
    after: trialing(),
    told: [['subscription.started', { trialEndsAt: iso(noon + 5 * day) }]],
  },
  {
    rule: 'an unfinished purchase has not started',
    before: null,
    after: subscription({ status: 'incomplete' }),
    told: [],
  },
  {
    rule: 'a first payment that failed is shown where it is made',
    before: null,
    after: subscription({ status: 'incomplete', ...open() }),
    told: [],
  },
  {
    rule: 'the first payment was finished',
    before: subscription({ status: 'incomplete', ...open() }),
    after: recovered,
    told: [['subscription.started']],
  },
  {
    rule: 'the first payment was given up: nothing was had that could end',
    before: subscription({ status: 'incomplete' }),
    after: subscription({ status: 'incomplete_expired' }),
    told: [],
  },
  {
    rule: 'another plan',
    before: subscription({ items: [starter] }),
    after: subscription(),
    told: [['plan.changed', { from: { name: 'Starter', price: usd(900) }, to: team }]],
  },
  {
    rule: 'monthly to yearly',
    before: subscription(),
    after: subscription({ items: [item({ interval: 'year', unitAmount: 29_000 })] }),
    told: [['plan.changed', { from: { interval: 'month' }, to: { interval: 'year', price: usd(29_000) } }]],
  },
  {
    rule: 'quantity',
    before: subscription(),
    after: subscription({ items: [item({ quantity: 4 })] }),
    told: [['plan.changed', { from: { quantity: 1 }, to: { quantity: 4, price: usd(11_600) } }]],
  },
  {
    rule: 'another price of the same terms is no news',
    before: subscription(),
    after: subscription({ items: [item({ price: 'price_team_2' })] }),
    told: [],
  },
  {
    rule: 'L6 ending, by the portal',
    before: subscription(),
    after: subscription({ cancelAt: noon + 20 * day }),
    told: [['subscription.ending', { endsAt: iso(noon + 20 * day), plan: team }]],
  },
  {
    rule: 'L6 ending, by the period',
    before: subscription(),
    after: subscription({ cancelAtPeriodEnd: true }),
    told: [['subscription.ending', { endsAt: iso(noon + 20 * day) }]],
  },
  {
    rule: 'F9 an amount that only an invoice told is no other price',
    before: subscription({ items: [item({ unitAmount: null })] }),
    after: subscription(),
    told: [],
  },
  {
    rule: 'F25 a contract begins, with a far last day',
    before: null,
    after: subscription({ created: noon, cancelAt: noon + 1000 * day }),
    told: [['subscription.started']],
  },
  {
    rule: 'F25 a contract is renewed until then',
    before: subscription({ cancelAt: noon + 80 * day }),
    after: subscription({ cancelAt: noon + 80 * day, currentPeriodEnd: noon + 50 * day }),
    told: [],
  },
  {
    rule: 'F25 a contract comes to its last period',
    before: subscription({ cancelAt: noon + 50 * day }),
    after: subscription({ cancelAt: noon + 50 * day, currentPeriodEnd: noon + 50 * day }),
    told: [['subscription.ending', { endsAt: iso(noon + 50 * day) }]],
  },
  {
    rule: 'F25 L38 the last period is that of the plan, not of usage beside it',
    before: subscription({ currentPeriodEnd: noon + 90 * day }),
    after: subscription({
      cancelAt: noon + 60 * day,
      currentPeriodEnd: noon + 90 * day,
      items: [item({ period: { start: noon, end: noon + 20 * day } })],
    }),
    told: [],
  },
  {
    rule: 'ending on another day',
    before: subscription({ cancelAt: noon + 20 * day }),
    after: subscription({ cancelAt: noon + 9 * day }),
    told: [['subscription.ending', { endsAt: iso(noon + 9 * day) }]],
  },
  {
    rule: 'the same end, spelled otherwise, is no news',
    before: subscription({ cancelAtPeriodEnd: true }),
    after: subscription({ cancelAt: noon + 20 * day }),
    told: [],
  },
  {
    rule: 'kept',
    before: subscription({ cancelAt: noon + 20 * day }),
    after: subscription(),
    told: [['subscription.kept', { plan: team }]],
  },
  {
    rule: 'ended, and nothing else',
    before: pastDue({ cancelAt: noon }),
    after: canceled({ items: [starter], cancellationReason: 'payment_failed' }),
    told: [['subscription.ended', { endedAt: iso(noon - 3 * day), reason: 'paymentFailed' }]],
  },
  {
    rule: 'ended by request',
    before: subscription({ cancelAt: noon }),
    after: canceled({ cancellationReason: 'cancellation_requested' }),
    told: [['subscription.ended', { reason: 'requested' }]],
  },
  {
    rule: 'L3 ended stays ended, whatever is written to it',
    before: canceled(),
    after: canceled({ items: [starter], cancelAt: noon + day }),
    told: [],
  },
  { rule: 'ended before it was ever seen', before: null, after: canceled(), told: [] },
  {
    rule: 'SUB-6 payment failed',
    before: subscription(),
    after: pastDue({ openInvoices: [invoice({ nextAttemptAt: noon + 3 * day })] }),
    told: [
      [
        'payment.failed',
        {
          due: usd(2900),
          problem: 'failed',
          nextAttemptAt: iso(noon + 3 * day),
          graceEndsAt: iso(noon + 6 * day),
          plan: team,
        },
      ],
    ],
  },
  {
    rule: 'the same invoice failed again: no news',
    before: pastDue(),
    after: pastDue({ openInvoices: [invoice({ attemptCount: 2, nextAttemptAt: noon + 5 * day })] }),
    told: [],
  },
  {
    rule: 'it is being paid, and then failed again: no news',
    before: pastDue(open({ payment: 'processing' })),
    after: pastDue({ openInvoices: [invoice({ attemptCount: 2 })] }),
    told: [],
  },
  { rule: 'past due to unpaid is no news', before: pastDue(), after: pastDue({ status: 'unpaid' }), told: [] },
  {
    rule: 'another invoice failed beside it',
    before: pastDue(),
    after: pastDue({ openInvoices: [invoice(), invoice({ id: 'in_2', amountRemaining: 500 })] }),
    told: [['payment.failed', { due: usd(500) }]],
  },
  {
    rule: 'failed for want of a card',
    before: trialing(),
    after: pastDue({ methodOnFile: false, methodDigest: null }),
    told: [['payment.failed', { problem: 'methodMissing' }]],
  },
  {
    rule: 'the bank asks for a confirmation of a renewal',
    before: subscription(),
    after: pastDue(open({ payment: 'actionRequired', firstFailedAt: null })),
    told: [['payment.failed', { problem: 'confirmationRequired' }]],
  },
  {
    rule: 'the bank asks for a confirmation of an upgrade: the person is there',
    before: subscription(),
    after: subscription(open({ payment: 'actionRequired', firstFailedAt: null })),
    told: [],
  },
  {
    rule: 'an invoice that was sent is overdue',
    before: subscription({ collectionMethod: 'send_invoice' }),
    after: pastDue({
      collectionMethod: 'send_invoice',
      openInvoices: [
        invoice({ collectionMethod: 'send_invoice', payment: 'none', firstFailedAt: null, dueDate: noon - hour }),
      ],
    }),
    told: [['payment.failed', { problem: 'overdue', graceEndsAt: iso(noon - hour + 7 * day) }]],
  },
  {
    rule: 'a renewal that is on its way by bank debit is no news',
    before: subscription(),
    after: subscription(open({ payment: 'processing', firstFailedAt: null })),
    told: [],
  },
  {
    rule: 'an upgrade failed while active',
    before: subscription(),
    after: subscription(open()),
    told: [['payment.failed']],
  },
  {
    rule: 'L25 paused by a failed payment is a failed payment',
    before: subscription(),
    after: subscription({ status: 'paused', pausedBecause: 'paymentFailed', ...open() }),
    told: [['payment.failed']],
  },
  { rule: 'SUB-7 recovered', before: pastDue(), after: recovered, told: [['payment.recovered', { paid: usd(2900) }]] },
  {
    rule: 'L11 another card, and still past due: not recovered',
    before: pastDue(),
    after: pastDue({ methodDigest: 'card-2' }),
    told: [],
  },
  {
    rule: 'recovered by writing the debt off',
    before: pastDue(),
    after: subscription({ latestInvoice: invoice({ status: 'uncollectible' }) }),
    told: [['payment.recovered', { paid: null }]],
  },
  {
    rule: 'the failed upgrade was paid',
    before: subscription(open()),
    after: recovered,
    told: [['payment.recovered', { paid: usd(2900) }]],
  },
  {
    rule: 'an invoice that was not looked at may be open still',
    before: subscription({ openInvoices: [invoice({ id: 'in_old' })] }),
    after: subscription(),
    told: [],
  },
  {
    rule: 'one of two failed upgrades was paid',
    before: subscription({ openInvoices: [invoice(), invoice({ id: 'in_2' })] }),
    after: subscription({ openInvoices: [invoice({ id: 'in_2' })], latestInvoice: paid() }),
    told: [],
  },
  {
    rule: 'pausing out of a debt is not paying it',
    before: pastDue(),
    after: pastDue({ status: 'paused', pausedBecause: 'request' }),
    told: [['subscription.paused', { resumesAt: null }]],
  },
  {
    rule: 'H9 paused until a day, and until another one',
    before: subscription({ pause: { resumesAt: noon + day } }),
    after: subscription({ pause: { resumesAt: noon + 2 * day } }),
    told: [['subscription.paused', { plan: team, resumesAt: iso(noon + 2 * day) }]],
  },
  {
    rule: 'H9 a pause that stays is no news',
    before: subscription({ pause: { resumesAt: noon + day } }),
    after: subscription({ pause: { resumesAt: noon + day } }),
    told: [],
  },
  {
    rule: 'H9 started, and paused before anybody looked',
    before: null,
    after: subscription({ pause: { resumesAt: null } }),
    told: [['subscription.started'], ['subscription.paused', { resumesAt: null }]],
  },
  {
    rule: 'H9 resumed',
    before: subscription({ pause: { resumesAt: noon + day } }),
    after: subscription(),
    told: [['subscription.resumed', { plan: team }]],
  },
  {
    rule: 'a trial that is paused for want of a card is no choice: it is told as a change of access',
    before: trialing({ methodOnFile: false }),
    after: trialing({ status: 'paused', pausedBecause: 'trialWithoutMethod', methodOnFile: false }),
    told: [],
  },
  {
    rule: 'SUB-4 three days before a trial ends',
    before: trialing({ trialEnd: noon + 3 * day }),
    after: trialing({ trialEnd: noon + 3 * day, methodOnFile: false }),
    told: [['trial.ending', { trialEndsAt: iso(noon + 3 * day), methodOnFile: false, endsAt: null, plan: team }]],
  },
  {
    rule: 'a minute earlier',
    before: trialing({ trialEnd: noon + 3 * day + minute }),
    after: trialing({ trialEnd: noon + 3 * day + minute }),
    told: [],
  },
  {
    rule: 'an hour later, said by the look before',
    before: trialing({ trialEnd: noon + 3 * day - hour }),
    after: trialing({ trialEnd: noon + 3 * day - hour }),
    told: [],
  },
  {
    rule: 'at the first look after the moment was slept through',
    before: trialing({ trialEnd: noon + day }),
    after: trialing({ trialEnd: noon + day }),
    at: { before: noon - 9 * day, after: noon },
    told: [['trial.ending']],
  },
  {
    rule: 'a trial shorter than three days, at once',
    before: null,
    after: trialing({ trialEnd: noon + day }),
    told: [['subscription.started'], ['trial.ending']],
  },
  {
    rule: 'a trial that was made shorter',
    before: trialing({ trialEnd: noon + 9 * day }),
    after: trialing({ trialEnd: noon + 2 * day }),
    told: [['trial.ending']],
  },
  {
    rule: 'a trial that was made longer is told again when its time comes',
    before: trialing({ trialEnd: noon + 2 * day }),
    after: trialing({ trialEnd: noon + 9 * day }),
    told: [],
  },
  {
    rule: 'a cancelled trial will not go on',
    before: trialing({ trialEnd: noon + 2 * day }),
    after: trialing({ trialEnd: noon + 2 * day, cancelAt: noon + 2 * day }),
    at: { before: noon - 2 * day, after: noon },
    told: [
      ['subscription.ending', { endsAt: iso(noon + 2 * day) }],
      ['trial.ending', { endsAt: iso(noon + 2 * day) }],
    ],
  },
  {
    rule: 'a trial that is over ends no more',
    before: trialing({ trialEnd: noon - hour }),
    after: trialing({ trialEnd: noon - hour }),
    at: { before: noon - 9 * day, after: noon },
    told: [],
  },
];

describe('between two syncs of a subscription', () => {
  test.each(rows)('$rule', ({ before, after, at, told }) => {
    const news = between(customer(before === null ? [] : [before]), customer([after]), at);
    expect(news.map(({ type }) => type)).toEqual(told.map(([type]) => type));
    told.forEach(([, data], index) => expect(news[index]?.data).toMatchObject(data ?? {}));
  });
});

describe('the first sync', () => {
  const firstLook = { before: noon - hour, after: noon };

  test('M30: gives no notice of anything before the link', () => {
    for (const old of [subscription(), pastDue(), canceled(), subscription({ cancelAt: noon + day })]) {
      expect(between(null, customer([old]), firstLook)).toEqual([]);
    }
  });

  test('gives a notice of a purchase since', () => {
    const bought = subscription({ created: noon - hour });
    expect(between(null, customer([bought]), firstLook).map(({ type }) => type)).toEqual(['subscription.started']);
    expect(between(null, customer([bought]), { before: null, after: noon })).toEqual([]);
  });

  test('gives a notice of a trial that is about to end', () => {
    const news = between(null, customer([trialing({ trialEnd: noon + day })]), firstLook);
    expect(news.map(({ type }) => type)).toEqual(['trial.ending']);
  });
});

describe('a customer', () => {
  test('absence from a list proves nothing; deletion ends what it had', () => {
    const had = customer([
      subscription(),
      canceled({ id: 'sub_2' }),
      subscription({ id: 'sub_3', status: 'incomplete' }),
    ]);
    expect(between(had, customer([]))).toEqual([]);
    const news = between(had, customer([], { deleted: true }));
    expect(news.map(({ type, data }) => [type, 'reason' in data ? data.reason : null])).toEqual([
      ['subscription.ended', 'customerDeleted'],
      ['customer.deleted', null],
    ]);
    expect(between(customer([], { deleted: true }), customer([], { deleted: true }))).toEqual([]);
  });

  test('a replaced subscription: the end comes before the start', () => {
    const after = customer([subscription({ id: 'sub_2', items: [starter] }), canceled()]);
    const news = between(customer([subscription()]), after);
    expect(news.map(({ type }) => type)).toEqual(['subscription.ended', 'subscription.started']);
    expect(new Set(news.map(({ data }) => 'subscription' in data && data.subscription)).size).toBe(2);
  });

  test('M22: another product of the same Stripe account gives no notice', () => {
    const after = customer([subscription({ cancelAt: noon + day }), pastDue({ id: 'sub_2' })]);
    expect(between(customer([subscription()]), after, anHourLater, { plans: [] })).toEqual([]);
    const deleted = between(customer([subscription()]), customer([], { deleted: true }), anHourLater, { plans: [] });
    expect(
      deleted.map(({ type }) => type),
      'with its customer',
    ).toEqual(['customer.deleted']);
  });
});

describe('the next deadline of a notice', () => {
  test('is three days before the next trial’s end', () => {
    const facts = customer([
      trialing({ trialEnd: noon + 9 * day }),
      trialing({ id: 'sub_2', trialEnd: noon + 5 * day }),
      subscription({ id: 'sub_3', trialEnd: noon + 4 * day }),
    ]);
    expect(nextNoticeAt(facts, noon)).toBe(noon + 2 * day);
    expect(nextNoticeAt(facts, noon + 2 * day)).toBe(noon + 6 * day);
    expect(nextNoticeAt(facts, noon + 6 * day)).toBeNull();
  });

  test('is exact: no notice is due before it, and one is at it', () => {
    const facts = customer([trialing({ trialEnd: noon + 9 * day })]);
    const at = nextNoticeAt(facts, noon) ?? 0;
    expect(between(facts, facts, { before: noon, after: at - 1 })).toEqual([]);
    expect(between(facts, facts, { before: at - 1, after: at })).toHaveLength(1);
    expect(between(facts, facts, { before: at, after: at + 1 })).toEqual([]);
  });
});

describe(`for any facts (seed ${seeded.seed})`, () => {
  test('the same facts at the same time give none', () => {
    fc.assert(
      fc.property(anyCustomer, moment, (facts, at) => {
        expect(between(facts, structuredClone(facts), { before: at, after: at })).toEqual([]);
      }),
      seeded,
    );
  });

  test('never throws, repeats no fact, and contains no id of Stripe’s', () => {
    fc.assert(
      fc.property(fc.option(anyCustomer, { nil: null }), anyCustomer, moment, (before, after, at) => {
        const news = between(before, after, { before: at, after: noon });
        expect(new Set(news.map(({ fact }) => fact)).size).toBe(news.length);
        const said = JSON.stringify(news.map(({ type, data }) => ({ type, data })));
        expect(said).not.toMatch(/\b(?:sub|in|price|prod|cus|card|details)[_-]\w/);
        expect(JSON.parse(said)).toEqual(news.map(({ type, data }) => ({ type, data })));
      }),
      seeded,
    );
  });
});

describe(`for any life of a subscription, looked at whenever (seed ${seeded.seed})`, () => {
  test('no notice is repeated, and together they give the final state', () => {
    fc.assert(
      fc.property(anyLife, (life) => {
        const told = new Set<string>();
        let before: { facts: CustomerFacts; at: number } = { facts: customer([]), at: noon - hour };
        const heard = {
          started: false,
          ended: false,
          ending: null as string | null,
          failing: false,
          quantity: 0 as number | null,
          plan: null as string | null,
        };
        for (const { facts, at } of live(life)) {
          for (const { type, fact, once, data } of between(before.facts, facts, { before: before.at, after: at })) {
            if (once) expect(told, `${fact} again`).not.toContain(fact);
            told.add(fact);
            // A change to and fro gives a notice only where it differs from the last one.
            if (type === 'subscription.kept') expect(heard.ending).not.toBeNull();
            if (type === 'payment.recovered') expect(heard.failing).toBe(true);
            if (type === 'subscription.ending') expect(data.endsAt).not.toBe(heard.ending);
            if (type === 'plan.changed')
              expect([data.from.name, data.from.quantity]).toEqual([heard.plan, heard.quantity]);
            if (type === 'subscription.started') heard.started = true;
            if (type === 'subscription.ended') heard.ended = true;
            if (type === 'subscription.ending') heard.ending = data.endsAt;
            if (type === 'subscription.kept') heard.ending = null;
            if (type === 'payment.failed') heard.failing = true;
            if (type === 'payment.recovered') heard.failing = false;
            const plan = type === 'plan.changed' ? data.to : type === 'subscription.started' ? data.plan : null;
            if (plan) Object.assign(heard, { plan: plan.name, quantity: plan.quantity });
          }
          before = { facts, at };
          const [now] = facts.subscriptions;
          if (!now) throw new Error('a life has a subscription');
          const isOver = now.status === 'canceled';
          expect(heard.ended).toBe(isOver && heard.started);
          if (isOver) continue;
          expect(heard).toEqual({
            started: true,
            ended: false,
            ending: isLeaving(now) ? iso(now.cancelAt ?? 0) : null,
            failing: now.status === 'past_due' || now.status === 'unpaid',
            plan: catalogue.productName(now.items[0]?.product ?? ''),
            quantity: now.items[0]?.quantity,
          });
        }
      }),
      seeded,
    );
  });
});
