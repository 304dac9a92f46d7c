import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { changesBetween } from '../../../server/src/billing/changes.ts';
import type { CustomerFacts, EarlierInvoice, SubscriptionFacts } from '../../../server/src/billing/facts.ts';
import { anyCustomer, seeded } from '../fixtures/arbitrary-facts.ts';
import {
  canceled,
  catalogue,
  customer,
  day,
  invoice,
  iso,
  item,
  noon,
  paid,
  pastDue,
  subscription,
} from '../fixtures/facts.ts';

const between = (before: CustomerFacts | null, after: CustomerFacts) =>
  changesBetween(before, after, (id) => catalogue.productName(id));
const ofOne = (before: SubscriptionFacts, after: SubscriptionFacts) => between(customer([before]), customer([after]));
const starter = item({ price: 'price_starter', product: 'prod_starter', unitAmount: 900 });
const open = { latestInvoice: invoice(), openInvoices: [invoice()] };
const recovered = subscription({ latestInvoice: paid(), openInvoices: [] });
const earlier = (own: Partial<EarlierInvoice> = {}): EarlierInvoice => ({
  id: 'in_1',
  status: 'paid',
  currency: 'usd',
  amountPaid: 2900,
  amountRemaining: 0,
  ...own,
});
const usd = (amount: number) => ({ amount, currency: 'usd' });

interface Row {
  readonly rule: string;
  readonly before: SubscriptionFacts;
  readonly after: SubscriptionFacts;
  readonly changes: readonly object[];
}

const rows: readonly Row[] = [
  { rule: 'nothing', before: subscription(), after: subscription(), changes: [] },
  {
    rule: 'a new period of the same plan is nobody’s change',
    before: subscription(),
    after: subscription({
      currentPeriodStart: noon,
      currentPeriodEnd: noon + 30 * day,
      latestInvoice: paid({ id: 'in_9' }),
    }),
    changes: [],
  },
  {
    rule: 'plan',
    before: subscription({ items: [starter] }),
    after: subscription(),
    changes: [{ kind: 'plan', from: 'Starter', to: 'Team' }],
  },
  {
    rule: 'plan, charged at once',
    before: subscription({ items: [starter] }),
    after: subscription({
      latestInvoice: paid({ id: 'in_8', billingReason: 'subscription_update', amountPaid: 2000 }),
    }),
    changes: [
      { kind: 'plan', from: 'Starter', to: 'Team' },
      { kind: 'charged', paid: usd(2000) },
    ],
  },
  {
    rule: 'plan, covered by credit',
    before: subscription({ items: [starter] }),
    after: subscription({ latestInvoice: paid({ id: 'in_8', billingReason: 'subscription_update', amountPaid: 0 }) }),
    changes: [{ kind: 'plan', from: 'Starter', to: 'Team' }],
  },
  {
    rule: 'plan, with the invoice of its change still open',
    before: subscription({ items: [starter] }),
    after: subscription({
      latestInvoice: invoice({ id: 'in_8', billingReason: 'subscription_update', payment: 'none' }),
    }),
    changes: [{ kind: 'plan', from: 'Starter', to: 'Team' }],
  },
  {
    rule: 'F9 an amount that only an invoice told is no other price',
    before: subscription({ items: [item({ unitAmount: null })] }),
    after: subscription(),
    changes: [],
  },
  {
    rule: 'F9 another price without a known amount',
    before: subscription({ items: [item({ unitAmount: null })] }),
    after: subscription({ items: [item({ price: 'price_new', unitAmount: null, interval: 'year' })] }),
    changes: [{ kind: 'price', from: null, to: null }],
  },
  {
    rule: 'plan of an unknown product',
    before: subscription(),
    after: subscription({ items: [item({ product: 'prod_new' })] }),
    changes: [{ kind: 'plan', from: 'Team', to: null }],
  },
  {
    rule: 'price: the same plan by the year',
    before: subscription(),
    after: subscription({ items: [item({ price: 'price_year', interval: 'year', unitAmount: 29000 })] }),
    changes: [{ kind: 'price', from: usd(2900), to: usd(29000) }],
  },
  {
    rule: 'another price id at the same terms is nobody’s change',
    before: subscription(),
    after: subscription({ items: [item({ price: 'price_copy' })] }),
    changes: [],
  },
  {
    rule: 'SUB-11 quantity',
    before: subscription(),
    after: subscription({ items: [item({ quantity: 4 })] }),
    changes: [{ kind: 'quantity', from: 1, to: 4 }],
  },
  {
    rule: 'plan and quantity at once',
    before: subscription({ items: [starter] }),
    after: subscription({ items: [item({ quantity: 2 })] }),
    changes: [
      { kind: 'plan', from: 'Starter', to: 'Team' },
      { kind: 'quantity', from: 1, to: 2 },
    ],
  },
  {
    rule: 'L6 ends, by the portal',
    before: subscription(),
    after: subscription({ cancelAt: noon + 20 * day }),
    changes: [{ kind: 'ends', at: iso(noon + 20 * day) }],
  },
  {
    rule: 'L6 ends, by the period',
    before: subscription(),
    after: subscription({ cancelAtPeriodEnd: true }),
    changes: [{ kind: 'ends', at: iso(noon + 20 * day) }],
  },
  {
    rule: 'ends at another time',
    before: subscription({ cancelAt: noon + 20 * day }),
    after: subscription({ cancelAt: noon + 9 * day }),
    changes: [{ kind: 'ends', at: iso(noon + 9 * day) }],
  },
  {
    rule: 'the same end, spelled otherwise',
    before: subscription({ cancelAtPeriodEnd: true }),
    after: subscription({ cancelAt: noon + 20 * day }),
    changes: [],
  },
  {
    rule: 'keeps',
    before: subscription({ cancelAt: noon + 20 * day }),
    after: subscription(),
    changes: [{ kind: 'keeps' }],
  },
  { rule: 'ended', before: subscription(), after: subscription({ status: 'canceled' }), changes: [{ kind: 'ended' }] },
  {
    rule: 'ended: the end alone is said',
    before: pastDue({ cancelAt: noon }),
    after: subscription({ status: 'canceled', items: [starter] }),
    changes: [{ kind: 'ended' }],
  },
  {
    rule: 'L3 ended stays ended, whatever is written to it',
    before: subscription({ status: 'canceled' }),
    after: subscription({ status: 'canceled', items: [starter], methodDigest: 'card-2' }),
    changes: [],
  },
  {
    rule: 'paused',
    before: subscription(),
    after: subscription({ pause: { resumesAt: null } }),
    changes: [{ kind: 'paused' }],
  },
  {
    rule: 'paused by status',
    before: subscription(),
    after: subscription({ status: 'paused', pausedBecause: 'request' }),
    changes: [{ kind: 'paused' }],
  },
  {
    rule: 'L25 paused by a failed payment is a failed payment',
    before: subscription(),
    after: subscription({ status: 'paused', pausedBecause: 'paymentFailed' }),
    changes: [{ kind: 'paymentFailed' }],
  },
  {
    rule: 'resumed',
    before: subscription({ pause: { resumesAt: null } }),
    after: subscription(),
    changes: [{ kind: 'resumed' }],
  },
  {
    rule: 'SUB-10 scheduled',
    before: subscription(),
    after: subscription({ next: { at: noon + 20 * day, items: [starter] } }),
    changes: [{ kind: 'scheduled', plan: 'Starter', at: iso(noon + 20 * day) }],
  },
  {
    rule: 'a schedule that repeats the plan',
    before: subscription(),
    after: subscription({ next: { at: noon + 20 * day, items: [item()] } }),
    changes: [],
  },
  {
    rule: 'a scheduled change was taken back',
    before: subscription({ next: { at: noon + 20 * day, items: [starter] } }),
    after: subscription(),
    changes: [{ kind: 'keeps' }],
  },
  {
    rule: 'a scheduled change has happened',
    before: subscription({ next: { at: noon, items: [starter] } }),
    after: subscription({ items: [starter] }),
    changes: [{ kind: 'plan', from: 'Team', to: 'Starter' }],
  },
  { rule: 'SUB-7 paid', before: pastDue(), after: recovered, changes: [{ kind: 'paid', paid: usd(2900) }] },
  {
    rule: 'paid: the open upgrade of an active subscription',
    before: subscription(open),
    after: recovered,
    changes: [{ kind: 'paid', paid: usd(2900) }],
  },
  {
    rule: 'paid over several invoices',
    before: pastDue({ openInvoices: [invoice({ id: 'in_0', amountRemaining: 100 }), invoice()] }),
    after: { ...recovered, earlierInvoices: [earlier({ id: 'in_0', amountPaid: 100 })] },
    changes: [{ kind: 'paid', paid: usd(3000) }],
  },
  {
    rule: 'H1 one of two is paid, the other is open',
    before: pastDue({ openInvoices: [invoice({ id: 'in_0' }), invoice()] }),
    after: { ...recovered, openInvoices: [invoice({ id: 'in_0' })] },
    changes: [{ kind: 'paid', paid: usd(2900) }],
  },
  {
    rule: 'H1 one of two is paid, the other is not shown: nothing is said of that one',
    before: pastDue({ openInvoices: [invoice({ id: 'in_0' }), invoice()] }),
    after: recovered,
    changes: [{ kind: 'paid', paid: usd(2900) }],
  },
  {
    rule: 'H2 an invoice over nothing made it active: nothing was paid',
    before: pastDue(),
    after: subscription({
      latestInvoice: paid({ id: 'in_zero', amountPaid: 0, amountDue: 0 }),
      openInvoices: [invoice()],
    }),
    changes: [],
  },
  {
    rule: 'a renewal of its own that was paid meanwhile is no payment of the debt',
    before: pastDue(),
    after: subscription({ latestInvoice: paid({ id: 'in_next' }), openInvoices: [invoice()] }),
    changes: [],
  },
  {
    rule: 'what was found paid stays known when newer invoices came',
    before: pastDue(),
    after: subscription({ latestInvoice: paid({ id: 'in_next' }), earlierInvoices: [earlier()] }),
    changes: [{ kind: 'paid', paid: usd(2900) }],
  },
  {
    rule: 'written off, after a part was paid: the part',
    before: pastDue(),
    after: subscription({
      latestInvoice: paid({ id: 'in_next' }),
      earlierInvoices: [earlier({ status: 'uncollectible', amountPaid: 900 })],
    }),
    changes: [{ kind: 'paid', paid: usd(900) }],
  },
  {
    rule: 'a draft of an unpaid subscription was finalized and paid',
    before: pastDue({ status: 'unpaid', latestInvoice: invoice({ id: 'in_2', status: 'draft' }), openInvoices: [] }),
    after: subscription({ latestInvoice: paid({ id: 'in_2' }) }),
    changes: [{ kind: 'paid', paid: usd(2900) }],
  },
  {
    rule: 'a renewal that was a draft and is paid is nobody’s payment of a debt',
    before: subscription({ latestInvoice: invoice({ id: 'in_2', status: 'draft' }) }),
    after: subscription({ latestInvoice: paid({ id: 'in_2' }) }),
    changes: [],
  },
  {
    rule: 'paid in part',
    before: pastDue(),
    after: pastDue({ openInvoices: [invoice({ amountPaid: 900, amountRemaining: 2000 })] }),
    changes: [{ kind: 'paid', paid: usd(900) }],
  },
  {
    rule: 'recovered, though no invoice had been seen: what was paid is not known',
    before: subscription({ status: 'past_due', latestInvoice: null }),
    after: recovered,
    changes: [],
  },
  {
    rule: 'voided is not paid',
    before: subscription(open),
    after: subscription({ latestInvoice: invoice({ status: 'void' }) }),
    changes: [],
  },
  {
    rule: 'an older invoice that is gone without a recovery was not surely paid',
    before: subscription({ openInvoices: [invoice({ id: 'in_old' })] }),
    after: subscription(),
    changes: [],
  },
  { rule: 'SUB-6 payment failed', before: subscription(), after: pastDue(), changes: [{ kind: 'paymentFailed' }] },
  {
    rule: 'payment failed again',
    before: pastDue(),
    after: pastDue({ openInvoices: [invoice({ attemptCount: 2 })] }),
    changes: [{ kind: 'paymentFailed' }],
  },
  {
    rule: 'past due to unpaid is no new failure',
    before: pastDue(),
    after: pastDue({ status: 'unpaid' }),
    changes: [],
  },
  {
    rule: 'an upgrade failed while active',
    before: subscription(),
    after: subscription(open),
    changes: [{ kind: 'paymentFailed' }],
  },
  {
    rule: 'L11 another card, and still past due: the card alone is said',
    before: pastDue(),
    after: pastDue({ methodDigest: 'card-2' }),
    changes: [{ kind: 'paymentMethod' }],
  },
  {
    rule: 'the first payment was finished',
    before: subscription({ status: 'incomplete', ...open }),
    after: recovered,
    changes: [
      { kind: 'started', plan: 'Team' },
      { kind: 'paid', paid: usd(2900) },
    ],
  },
  {
    rule: 'the first payment was given up: nothing was had that could end',
    before: subscription({ status: 'incomplete' }),
    after: subscription({ status: 'incomplete_expired' }),
    changes: [],
  },
];

describe('between two syncs of a subscription', () => {
  test.each(rows)('$rule', ({ before, after, changes }) => {
    expect(ofOne(before, after)).toEqual(changes);
  });
});

describe('between two syncs of a customer', () => {
  test('started', () => {
    expect(between(customer([]), customer([subscription()]))).toEqual([{ kind: 'started', plan: 'Team' }]);
    expect(between(null, customer([subscription({ status: 'trialing' })]))).toEqual([
      { kind: 'started', plan: 'Team' },
    ]);
  });

  test('an unfinished or ended one has not started', () => {
    expect(
      between(
        null,
        customer([subscription({ status: 'incomplete' }), subscription({ id: 'sub_2', status: 'canceled' })]),
      ),
    ).toEqual([]);
    expect(between(null, customer([subscription({ status: 'incomplete', ...open })]))).toEqual([
      { kind: 'paymentFailed' },
    ]);
  });

  test('one replaced by another', () => {
    const after = customer([subscription({ status: 'canceled' }), subscription({ id: 'sub_2', items: [starter] })]);
    expect(between(customer([subscription()]), after)).toEqual([
      { kind: 'started', plan: 'Starter' },
      { kind: 'ended' },
    ]);
  });

  test('absence from a list proves nothing; a deleted customer does', () => {
    expect(between(customer([subscription()]), customer([]))).toEqual([]);
    expect(between(customer([subscription()]), customer([], { deleted: true, methodDigest: null }))).toEqual([
      { kind: 'ended' },
    ]);
  });

  test.each([
    ['amount', { unitAmount: 3900 }, true],
    ['currency', { currency: 'eur' }, true],
    ['interval', { interval: 'year' }, true],
    ['rhythm', { intervalCount: 3 }, true],
    ['lookup key', { lookupKey: 'team_2027' }, false],
  ] as const)('another %s of the same plan is another price: %s', (_, own, isNews) => {
    const kinds = ofOne(subscription(), subscription({ items: [item(own)] })).map(({ kind }) => kind);
    expect(kinds).toEqual(isNews ? ['price'] : []);
  });

  test('a quantity that is known on one side alone is no change of it', () => {
    const of = (quantity: number | null) => subscription({ items: [item({ quantity })] });
    expect(ofOne(of(1), of(2))).toEqual([{ kind: 'quantity', from: 1, to: 2 }]);
    expect([ofOne(of(null), of(2)), ofOne(of(1), of(null)), ofOne(of(null), of(null))]).toEqual([[], [], []]);
  });

  test('a charge is told where it was made at once, is paid, and was not owed before', () => {
    const charge = (own: object, before: Partial<SubscriptionFacts> = {}) =>
      ofOne(
        subscription(before),
        subscription({ latestInvoice: paid({ id: 'in_8', billingReason: 'subscription_update', ...own }) }),
      ).map(({ kind }) => kind);
    const owed = { openInvoices: [invoice({ id: 'in_8' })] };
    expect(charge({})).toEqual(['charged']);
    expect(charge({ status: 'open', amountPaid: 900, payment: 'none' })).toEqual([]);
    expect(charge({ amountPaid: 0 })).toEqual([]);
    expect(charge({ billingReason: 'subscription_cycle' })).toEqual([]);
    expect(charge({ billingReason: null })).toEqual([]);
    expect(charge({}, owed)).toEqual(['paid']);
    expect(charge({}, { latestInvoice: invoice({ id: 'in_8', status: 'draft' }) })).toEqual([]);
    const created = paid({ billingReason: 'subscription_create' });
    expect(between(customer([]), customer([subscription({ latestInvoice: created })])).map(({ kind }) => kind)).toEqual(
      ['started', 'charged'],
    );
  });

  test('a payment is by how much more is paid of what was owed, and none of what is not seen any more', () => {
    const owed = subscription({
      latestInvoice: null,
      openInvoices: [invoice({ amountPaid: 900, amountRemaining: 2000 })],
    });
    expect(ofOne(owed, subscription({ earlierInvoices: [earlier()] }))).toEqual([{ kind: 'paid', paid: usd(2000) }]);
    expect(ofOne(owed, subscription({ latestInvoice: null }))).toEqual([]);
  });

  test('a foreign subscription that begins is named by its own item', () => {
    const begun = customer([subscription({ items: [item({ product: 'prod_support' })] })]);
    const name = (id: string) => catalogue.productName(id);
    expect(changesBetween(null, begun, name, [{ product: 'prod_team' }])).toEqual([
      { kind: 'started', plan: 'Support' },
    ]);
  });

  test('a planned change that is moved to another day is told again, and none without a day', () => {
    const next = (at: number) => subscription({ next: { at, items: [starter] } });
    expect(ofOne(next(noon + day), next(noon + 2 * day))).toMatchObject([{ kind: 'scheduled', plan: 'Starter' }]);
    expect(ofOne(next(noon + day), next(noon + day))).toEqual([]);
    expect(ofOne(subscription(), next(1e300))).toEqual([]);
  });

  test('a failure is told of what is owed newly, or failed again', () => {
    const owes = (own: object = {}, more: Partial<SubscriptionFacts> = {}) =>
      subscription({ latestInvoice: null, openInvoices: [invoice(own)], ...more });
    const kinds = (then: SubscriptionFacts, now: SubscriptionFacts) => ofOne(then, now).map(({ kind }) => kind);
    const failed = ['paymentFailed'];
    expect(kinds(subscription(), owes())).toEqual(failed);
    expect(kinds(owes({ payment: 'none' }), owes())).toEqual(failed);
    expect(kinds(owes({ attemptCount: 1 }), owes({ attemptCount: 2 }))).toEqual(failed);
    expect(kinds(owes({ attemptCount: 2 }), owes({ attemptCount: 2 }))).toEqual([]);
    expect(kinds(owes(), owes({ payment: 'processing', attemptCount: 9 }))).toEqual([]);
    expect(kinds(pastDue({ openInvoices: [] }), pastDue())).toEqual([]);
    expect(kinds(subscription({ latestInvoice: null }), owes({ payment: 'none' }))).toEqual([]);
    expect(kinds(owes({ payment: 'none' }), owes({}, { status: 'canceled' }))).toEqual(['ended']);
  });

  test('a first payment that failed is told where it is made', () => {
    const first = (latestInvoice: ReturnType<typeof invoice> | null) =>
      between(null, customer([subscription({ status: 'incomplete', latestInvoice })]));
    expect(first(invoice())).toEqual([{ kind: 'paymentFailed' }]);
    expect([first(invoice({ payment: 'none' })), first(null)]).toEqual([[], []]);
    expect(between(null, customer([pastDue()])).map(({ kind }) => kind)).toEqual(['paymentFailed', 'started']);
  });

  test.each([
    ['that ran, and is not listed any more', [subscription()], [], true],
    ['that ran, beside one that had ended', [canceled(), subscription({ id: 'sub_2' })], [], true],
    ['that had ended', [canceled()], [], false],
    ['that was never paid', [subscription({ status: 'incomplete' })], [], false],
    ['that is still listed', [subscription()], [subscription()], false],
  ])('a deleted customer ends a subscription %s: %s', (_, before, after, ends) => {
    const changes = between(customer(before), customer(after, { deleted: true }));
    expect(changes).toEqual(ends ? [{ kind: 'ended' }] : []);
    expect(between(customer(before), customer([]))).toEqual([]);
    expect(between(customer(before, { deleted: true }), customer([], { deleted: true }))).toEqual([]);
  });

  test('the customer’s own method, and details that are not known any more', () => {
    expect(between(customer([]), customer([], { methodDigest: 'card-2' }))).toEqual([{ kind: 'paymentMethod' }]);
    expect(between(customer([]), customer([], { billingDetailsDigest: null }))).toEqual([]);
  });

  test('payment method: replaced, added, removed; one change each', () => {
    const [one, two, none] = ['card-1', 'card-2', null].map((methodDigest) =>
      customer([subscription({ methodDigest })], { methodDigest }),
    );
    for (const [before, after] of [
      [one, two],
      [none, one],
      [one, none],
    ] as const) {
      expect(between(before as CustomerFacts, after as CustomerFacts)).toEqual([{ kind: 'paymentMethod' }]);
    }
  });

  test('SUB-8 the subscription’s own method counts too', () => {
    expect(between(customer([subscription()]), customer([subscription({ methodDigest: 'card-9' })]))).toEqual([
      { kind: 'paymentMethod' },
    ]);
  });

  test('billing details', () => {
    expect(between(customer([]), customer([], { billingDetailsDigest: 'details-2' }))).toEqual([
      { kind: 'billingDetails' },
    ]);
    expect(between(customer([], { billingDetailsDigest: null }), customer([]))).toEqual([]);
  });

  describe('L38 beside the plan stands another product’s item', () => {
    const support = item({ price: 'price_support', product: 'prod_support', lookupKey: null });
    const plans = [
      { key: 'team', product: 'prod_team' },
      { key: 'starter', product: 'prod_starter' },
    ];
    const of = (...items: (typeof support)[]) => customer([subscription({ items })]);
    const told = (before: CustomerFacts | null, after: CustomerFacts) =>
      changesBetween(before, after, (id) => catalogue.productName(id), plans);

    test.each([
      ['bought', null, of(support, item()), [{ kind: 'started', plan: 'Team' }]],
      ['alone is gone', of(support, item()), of(item()), []],
      ['comes', of(item()), of(support, item()), []],
      ['more seats', of(support, item()), of(support, item({ quantity: 4 })), [{ kind: 'quantity', from: 1, to: 4 }]],
      ['plan', of(support, starter), of(support, item()), [{ kind: 'plan', from: 'Starter', to: 'Team' }]],
      ['the plan is gone', of(item(), support), of(support), [{ kind: 'ended' }]],
      ['the plan is back', of(support), of(support, item()), [{ kind: 'started', plan: 'Team' }]],
    ])('%s', (_, before, after, changes) => expect(told(before, after)).toEqual(changes));

    test('a change that is scheduled', () => {
      const next = { at: noon + day, items: [support, starter] };
      const after = customer([subscription({ items: [support, item()], next })]);
      expect(told(of(support, item()), after)).toEqual([{ kind: 'scheduled', plan: 'Starter', at: iso(next.at) }]);
    });
  });

  test('changes that need an action come first', () => {
    const after = customer(
      [pastDue({ items: [item({ quantity: 2 })], cancelAt: noon + day, methodDigest: 'card-2' })],
      { billingDetailsDigest: 'details-2' },
    );
    expect(between(customer([subscription()]), after).map(({ kind }) => kind)).toEqual([
      'paymentFailed',
      'quantity',
      'ends',
      'paymentMethod',
      'billingDetails',
    ]);
  });
});

describe(`for any facts (seed ${seeded.seed})`, () => {
  test('the same facts give no change', () => {
    fc.assert(
      fc.property(anyCustomer, (facts) => {
        expect(between(facts, structuredClone(facts))).toEqual([]);
      }),
      seeded,
    );
  });

  test('never throws, repeats no change, and does not depend on the order of subscriptions', () => {
    fc.assert(
      fc.property(fc.option(anyCustomer, { nil: null }), anyCustomer, (before, after) => {
        const changes = between(before, after);
        const spelled = changes.map((change) => JSON.stringify(change));
        expect(new Set(spelled).size).toBe(spelled.length);
        const reversed = between(before, { ...after, subscriptions: after.subscriptions.toReversed() });
        expect(reversed.map((change) => JSON.stringify(change)).toSorted()).toEqual(spelled.toSorted());
        expect(JSON.parse(JSON.stringify(changes))).toEqual(changes);
      }),
      seeded,
    );
  });
});
