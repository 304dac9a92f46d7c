/** Each place of a price, a subscription and a customer that a fact is read from, and what an odd or absent one reads as. */

import { describe, expect, test } from 'vitest';
import { chosenMetadata, priceFacts, type PriceSetting } from '../../../server/src/stripe/facts/price.ts';
import { decimal, idOf, list, number, text, time } from '../../../server/src/stripe/facts/json.ts';
import { methodFacts } from '../../../server/src/stripe/facts/method.ts';
import {
  card,
  factsOf,
  month,
  ms,
  price,
  start,
  stripeCustomer,
  stripeInvoice,
  stripeItem,
  stripeSubscription,
  subscriptionOf,
} from '../fixtures/stripe-objects.ts';

const read = (own: object, setting: Partial<PriceSetting> = {}) =>
  priceFacts(price({ ...own }), { currency: 'usd', quantity: 1, taxed: false, ...setting });
const subscription = (own: object = {}) => subscriptionOf(stripeSubscription('new', { ...own }));

describe('loose JSON', () => {
  test('a text is one that says something, a number one that can be counted with', () => {
    expect([text('a'), text(''), text(1), text(null)]).toEqual(['a', null, null, null]);
    expect([number(0), number(Number.NaN), number(Infinity), number('1')]).toEqual([0, null, null, null]);
    expect([time(2), time(null)]).toEqual([2000, null]);
  });

  test('a list is an array, or the data of one of Stripe’s', () => {
    expect([list([1]), list({ data: [2] }), list({ data: 3 }), list(null)]).toEqual([[1], [2], [], []]);
  });

  test('an id stands alone or in an object, and an array has none', () => {
    const array = Object.assign([], { id: 'x' });
    expect([idOf('x'), idOf({ id: 'x' }), idOf({ id: 1 }), idOf(array), idOf('')]).toEqual([
      'x',
      'x',
      null,
      null,
      null,
    ]);
  });

  test.each([
    [12, 12],
    [Number.NaN, null],
    ['0.5', 0.5],
    [' ', null],
    ['a', null],
    [null, null],
    [[1], null],
    [{ toNumber: () => 7 }, 7],
    [{ decimal: '7' }, 7],
    [{ decimal: { decimal: '7' } }, null],
    [{}, null],
  ])('the decimal %j is %s', (value, read_) => {
    expect(decimal(value)).toBe(read_);
  });

  test('a Decimal is asked as itself', () => {
    const own = {
      value: 9,
      toNumber(): number {
        return this.value;
      },
    };
    expect(decimal(own)).toBe(9);
  });
});

describe('a price', () => {
  test.each([
    ['the exact amount', { unit_amount_decimal: '1', unit_amount: 2, amount_decimal: '3', amount: 4 }, 1],
    ['the whole one', { unit_amount_decimal: null, unit_amount: 2, amount_decimal: '3', amount: 4 }, 2],
    ['a plan’s exact one', { unit_amount_decimal: null, unit_amount: null, amount_decimal: '3', amount: 4 }, 3],
    ['a plan’s whole one', { unit_amount_decimal: null, unit_amount: null, amount: 4 }, 4],
    ['none', { unit_amount_decimal: null, unit_amount: null }, null],
    ['none, where usage is packaged', { transform_usage: { divide_by: 10 } }, null],
  ])('has %s', (_, own, unitAmount) => {
    expect(read(own)?.unitAmount).toBe(unitAmount);
  });

  test('F9 takes what was billed in the subscription’s currency only where it has no amount in it', () => {
    const billed = { unitAmount: 555, taxExcluded: null };
    expect(read({ currency: 'eur' }, { billed })?.unitAmount).toBe(555);
    expect(read({ unit_amount: null, unit_amount_decimal: null }, { billed })?.unitAmount).toBeNull();
  });

  test('in the catalogue has its own currency, and one that names none has none', () => {
    expect(read({ currency: 'eur' }, { currency: null })).toMatchObject({ currency: 'eur', unitAmount: 2900 });
    expect(read({ currency: undefined }, { currency: null })).toMatchObject({ currency: '', unitAmount: 2900 });
    expect(read({ currency: undefined })).toMatchObject({ currency: 'usd', unitAmount: 2900 });
  });

  test.each(['day', 'week', 'month', 'year'])('recurs every %s', (interval) => {
    expect(read({ recurring: { interval, interval_count: 3 } })).toMatchObject({ interval, intervalCount: 3 });
  });

  test('recurs by no interval that is not Stripe’s, and every one where no count is told', () => {
    expect(read({ recurring: { interval: 'fortnight' } })).toMatchObject({ interval: null, intervalCount: 1 });
    expect(read({ recurring: null })).toMatchObject({ interval: null, intervalCount: 1, metered: false });
  });

  test('that is known by its id alone has no product yet', () => {
    expect(priceFacts('price_9', { currency: 'usd', quantity: 2, taxed: false })).toMatchObject({
      price: 'price_9',
      product: '',
      lookupKey: null,
      quantity: 2,
    });
    expect(priceFacts(null, { currency: 'usd', quantity: 2, taxed: false })).toBeNull();
  });

  test('names its product by id or whole', () => {
    expect(read({ product: { id: 'prod_9' } })?.product).toBe('prod_9');
  });

  test.each([
    ['exclusive', null, true, true],
    ['exclusive', false, true, true],
    ['inclusive', true, true, false],
    ['unspecified', true, true, true],
    ['unspecified', false, true, false],
    ['unspecified', null, true, false],
    [null, true, true, true],
    ['exclusive', null, false, false],
  ])('F26 of tax behaviour %s, billed so: %s, taxed: %s → tax on top: %s', (tax_behavior, billed, taxed, excluded) => {
    const setting = { taxed, billed: { unitAmount: null, taxExcluded: billed } };
    expect(read({ tax_behavior }, setting)?.taxExcluded).toBe(excluded);
  });

  test('keeps of its metadata what is asked for by name, and nothing that it inherits', () => {
    const source = { metadata: { tier: 'gold', empty: '', secret: 'x' } };
    expect(chosenMetadata(source, ['tier', 'empty', 'toString', 'absent'])).toEqual({ tier: 'gold' });
    expect(chosenMetadata(source, ['absent'])).toBeNull();
    expect(read(source, { metadata: ['tier'] })?.metadata).toEqual({ tier: 'gold' });
    expect(read(source)).not.toHaveProperty('metadata');
  });
});

describe('an item', () => {
  test('without rates of its own has the subscription’s', () => {
    const taxed = (tax_rates: unknown, default_tax_rates: unknown) =>
      subscription({ items: { data: [stripeItem('new', { tax_rates })] }, default_tax_rates }).items[0]?.taxExcluded;
    expect(taxed([], [{ inclusive: false }])).toBe(true);
    expect(taxed([{ inclusive: true }], [{ inclusive: false }])).toBe(false);
    expect(taxed([{ inclusive: true }, { inclusive: false }], [])).toBe(true);
  });

  test('that has no price is none', () => {
    expect(subscription({ items: { data: [{ id: 'si_1', quantity: 1 }, stripeItem('new')] } }).items).toHaveLength(1);
  });
});

describe('a subscription', () => {
  test('that has its identity alone is read all the same', () => {
    expect(subscriptionOf({ id: 'sub_1', status: 'active' }, [], { id: 'cus_1' })).toEqual({
      id: 'sub_1',
      status: 'active',
      created: 0,
      items: [],
      currentPeriodStart: null,
      currentPeriodEnd: null,
      cancelAt: null,
      cancelAtPeriodEnd: false,
      canceledAt: null,
      endedAt: null,
      cancellationReason: null,
      trialEnd: null,
      collectionMethod: 'charge_automatically',
      discounted: false,
      automaticTax: false,
      pause: null,
      pausedBecause: null,
      methodOnFile: false,
      methodDigest: null,
      method: null,
      latestInvoice: null,
      openInvoices: [],
      earlierInvoices: [],
      newestPaidCreated: null,
      next: null,
    });
  });

  test('has each of its days, and the way in which it is collected', () => {
    const own = {
      collection_method: 'send_invoice',
      automatic_tax: { enabled: true },
      canceled_at: start + 1,
      ended_at: start + 2,
      trial_end: start + 3,
      cancel_at_period_end: 'true',
    };
    expect(subscription(own)).toMatchObject({
      collectionMethod: 'send_invoice',
      automaticTax: true,
      canceledAt: ms(start + 1),
      endedAt: ms(start + 2),
      trialEnd: ms(start + 3),
      cancelAtPeriodEnd: false,
    });
  });

  test.each([
    ['trialing', 'cancel', true],
    ['trialing', 'pause', true],
    ['trialing', 'create_invoice', undefined],
    ['active', 'cancel', undefined],
  ])('SUB-4 of status %s whose trial ends by %s needs a method: %s', (status, then, needed) => {
    const trial_settings = { end_behavior: { missing_payment_method: then } };
    expect(subscription({ status, trial_settings }).trialNeedsMethod).toBe(needed);
  });

  test.each([
    ['a day of its own', { current_period_end: start + 7, current_period_start: start + 6 }, start + 6, start + 7],
    ['its items’', {}, start, start + month],
  ])('L7 has the period of %s', (_, own, from, until) => {
    expect(subscription(own)).toMatchObject({ currentPeriodStart: ms(from), currentPeriodEnd: ms(until) });
  });

  test('L7 without a main item has the period of the first, and of plans as of prices', () => {
    const usage = { id: 'price_use', recurring: { usage_type: 'metered' } };
    const item = (until: number, own: object) => ({ id: `si_${until}`, current_period_end: start + until, ...own });
    const data = [item(1, { plan: { id: 'plan_1', usage_type: 'metered' } }), item(2, { plan: { id: 'plan_2' } })];
    expect(subscription({ items: { data } }).currentPeriodEnd).toBe(ms(start + 2));
    const metered = [item(3, { price: usage }), item(4, { price: usage })];
    expect(subscription({ items: { data: metered } }).currentPeriodEnd).toBe(ms(start + 3));
  });

  test.each([
    ['that is open and was tried', { status: 'open', attempted: true }, null, 'paymentFailed'],
    ['that is open and was not', { status: 'open', attempted: false }, start, 'trialWithoutMethod'],
    ['that is paid', { status: 'paid', attempted: true }, start, 'trialWithoutMethod'],
    ['that is open and was not, without a trial', { status: 'open', attempted: false }, null, null],
  ])('L25 paused with an invoice %s, in an older version', (_, own, trial_end, because) => {
    const latest_invoice = stripeInvoice('new', own);
    expect(subscription({ status: 'paused', trial_end, latest_invoice }).pausedBecause).toBe(because);
  });

  test('is paused by its status alone: a schedule of pauses says until when', () => {
    const pause = (resume: object) => ({ key: 'p', resume });
    const schedule = {
      status: 'active',
      phases: [],
      pause_schedules: [pause({ resume_at: start }), pause({ resume_at: start + 5 }), pause({})],
    };
    expect(subscription({ status: 'paused', schedule }).pause).toEqual({ resumesAt: ms(start + 5) });
    expect(subscription({ schedule }).pause).toBeNull();
    expect(subscription({ status: 'paused' }).pause).toBeNull();
    expect(subscription({ pause_collection: { behavior: 'void', resumes_at: null } }).pause).toEqual({
      resumesAt: null,
    });
  });

  describe('SUB-10 under a schedule', () => {
    const phases = [
      { start_date: start + 2 * month, items: [{ price: 'price_third' }] },
      { start_date: start, end_date: start + month, items: [{ price: 'price_1' }] },
      { start_date: start + month, end_date: start + 9 * month, items: [{ price: 'price_second', quantity: 3 }] },
    ];
    const scheduled = (own: object) =>
      subscription({ schedule: { status: 'active', current_phase: { start_date: start }, phases, ...own } });

    test('has the phase that begins next, whatever their order', () => {
      expect(scheduled({}).next).toMatchObject({
        at: ms(start + month),
        items: [{ price: 'price_second', quantity: 3 }],
      });
      expect(scheduled({ current_phase: { start_date: start + month } }).next?.at).toBe(ms(start + 2 * month));
      expect(scheduled({ current_phase: { start_date: start + 2 * month } }).next).toBeNull();
      expect(scheduled({ current_phase: null }).next?.at).toBe(ms(start));
    });

    test.each([
      ['active', true],
      ['not_started', true],
      ['released', false],
      ['completed', false],
      ['canceled', false],
    ])('of status %s: %s', (status, counts) => {
      expect(scheduled({ status }).next !== null).toBe(counts);
    });

    test('ends with its last phase where it ends by canceling, and by its own day before that', () => {
      const last = phases.toSorted((a, b) => a.start_date - b.start_date).slice(0, 2);
      const end = {
        end_behavior: 'cancel',
        phases: last.map((phase) => ({ ...phase, end_date: phase.start_date + month })),
      };
      expect(scheduled(end).cancelAt).toBe(ms(start + 2 * month));
      expect(scheduled({ ...end, end_behavior: 'release' }).cancelAt).toBeNull();
      const schedule = { status: 'active', ...end };
      expect(subscription({ cancel_at: start + 1, schedule }).cancelAt).toBe(ms(start + 1));
    });
  });

  test.each([
    ['none', {}, {}, false],
    ['an empty list', { discounts: [] }, {}, false],
    ['an id in the place of one', { discount: 'di_1' }, {}, false],
    ['the customer’s list', {}, { discounts: { data: ['di_1'] } }, true],
  ])('is discounted by %s: %s', (_, own, ofCustomer, discounted) => {
    const customer = stripeCustomer({ ...ofCustomer });
    expect(subscriptionOf(stripeSubscription('new', { ...own }), [], customer).discounted).toBe(discounted);
  });

  test('knows the open invoices and the earlier ones that are its own', () => {
    const of = (id: string, own: object = {}) => stripeInvoice('new', { id, status: 'paid', ...own });
    const others = { parent: { subscription_details: { subscription: 'sub_2' } } };
    const [facts] = factsOf({
      subscriptions: [stripeSubscription('new', { latest_invoice: of('in_9', { status: 'open' }) })],
      openInvoices: ['in_1', 'in_paid'].map((id) => ({
        invoice: of(id, { status: id === 'in_1' ? 'open' : 'paid', created: start - 9 }),
        payments: [],
        charges: [],
      })),
      earlierInvoices: [of('in_1'), of('in_2'), of('in_3', others)],
      newestPaid: [of('in_5', { ...others, created: start + 50 }), of('in_4', { created: start + 4 })],
    }).subscriptions;
    expect(facts?.openInvoices.map(({ id }) => id)).toEqual(['in_1', 'in_9']);
    expect(facts?.earlierInvoices?.map(({ id }) => id)).toEqual(['in_2']);
    expect(facts?.newestPaidCreated).toBe(ms(start + 4));
  });

  test('a separate look at the latest invoice counts more than the subscription’s', () => {
    const seen = stripeInvoice('new', { attempt_count: 1 });
    const looked = { invoice: stripeInvoice('new', { attempt_count: 2 }), payments: [], charges: [] };
    const facts = subscriptionOf(stripeSubscription('new', { latest_invoice: seen }), [looked]);
    expect(facts.latestInvoice?.attemptCount).toBe(2);
    expect(facts.openInvoices).toHaveLength(1);
  });

  test('open invoices of one second stand in the order of their ids', () => {
    const look = (id: string) => ({ invoice: stripeInvoice('new', { id }), payments: [], charges: [] });
    const of = (ids: string[]) =>
      subscriptionOf(stripeSubscription('new'), ids.map(look)).openInvoices.map(({ id }) => id);
    expect([of(['in_a', 'in_b']), of(['in_b', 'in_a'])]).toEqual([
      ['in_a', 'in_b'],
      ['in_a', 'in_b'],
    ]);
  });
});

describe('a payment method', () => {
  test.each([
    ['a card', card('pm_1', { display_brand: 'VISA_Debit', brand: 'visa' }), 'visa_debit'],
    ['a card without a brand for people', card(), 'visa'],
    ['a debit', { id: 'pm_2', type: 'sepa_debit', sepa_debit: { last4: '3000' } }, 'sepa_debit'],
    ['a kind whose details are missing', { id: 'pm_3', type: 'link' }, 'link'],
    ['a card of the days before', { id: 'card_1', brand: 'Visa', last4: '4242' }, 'visa'],
    ['a source with a card', { id: 'src_1', card: { brand: 'Mastercard' } }, 'mastercard'],
  ])('%s is of the brand %s', (_, method, brand) => {
    expect(methodFacts(method)?.brand).toBe(brand);
  });

  test('has its last four digits and its end, as far as they are told', () => {
    expect(methodFacts(card())).toEqual({ brand: 'visa', last4: '4242', expMonth: 11, expYear: 2030 });
    expect(methodFacts({ type: 'link' })).toEqual({ brand: 'link', last4: null, expMonth: null, expYear: null });
  });

  test('of which only the id is known is none to show', () => {
    expect([methodFacts('pm_1'), methodFacts(null), methodFacts({ id: 'pm_1' })]).toEqual([null, null, null]);
  });

  test('is the subscription’s own, then its source, then the customer’s, then the customer’s source', () => {
    const lastFour = (own: object, ofCustomer: object) => {
      const customer = stripeCustomer({ ...ofCustomer });
      return subscriptionOf(stripeSubscription('new', { ...own }), [], customer).method?.last4;
    };
    const of = (last4: string) => card(`pm_${last4}`, { last4 });
    const customer = { invoice_settings: { default_payment_method: of('3333') }, default_source: of('4444') };
    expect(lastFour({ default_payment_method: of('1111'), default_source: of('2222') }, customer)).toBe('1111');
    expect(lastFour({ default_source: of('2222') }, customer)).toBe('2222');
    expect(lastFour({}, customer)).toBe('3333');
    expect(lastFour({}, { ...customer, invoice_settings: {} })).toBe('4444');
  });

  const digestOf = (method: unknown) =>
    factsOf({ customer: stripeCustomer({ invoice_settings: { default_payment_method: method } }) }).methodDigest;

  test.each(['brand', 'fingerprint', 'last4', 'exp_month', 'exp_year', 'country'])(
    'is another when its %s is',
    (field) => {
      expect(digestOf(card('pm_1', { [field]: 'other' }))).not.toBe(digestOf(card()));
    },
  );

  test('of other kinds is compared by that kind’s details, and a bare card by its own', () => {
    const debit = (last4: string) => ({ id: 'pm_2', type: 'sepa_debit', sepa_debit: { last4 } });
    expect(digestOf(debit('1'))).not.toBe(digestOf(debit('2')));
    const bare = (last4: string) => ({ id: 'card_1', brand: 'Visa', last4 });
    expect(digestOf(bare('1'))).not.toBe(digestOf(bare('2')));
    expect(digestOf({ id: 'pm_3', type: 'link', card: { last4: '1' } })).not.toBe(
      digestOf({ id: 'pm_3', type: 'link', card: { last4: '2' } }),
    );
  });
});

describe('a customer', () => {
  const detailsOf = (own: object) => factsOf({ customer: stripeCustomer({ ...own }) }).billingDetailsDigest;
  const address = stripeCustomer()['address'] as object;

  test.each(['name', 'individual_name', 'business_name', 'email', 'phone'])(
    'has other details with another %s',
    (field) => {
      expect(detailsOf({ [field]: 'other' })).not.toBe(detailsOf({}));
    },
  );

  test.each(['line1', 'line2', 'city', 'state', 'postal_code', 'country'])(
    'has other details with another %s of the address',
    (field) => {
      expect(detailsOf({ address: { ...address, [field]: 'other' } })).not.toBe(detailsOf({}));
    },
  );

  test.each(['type', 'value'])('has other details with another %s of a tax id', (field) => {
    const id = { type: 'eu_vat', value: 'DE1' };
    expect(detailsOf({ tax_ids: { data: [{ ...id, [field]: 'other' }] } })).not.toBe(
      detailsOf({ tax_ids: { data: [id] } }),
    );
  });

  test('of which only the id is known has no details, and nor has a deleted one', () => {
    expect(factsOf({ customer: 'cus_1' })).toMatchObject({ deleted: false, billingDetailsDigest: null });
    expect(factsOf({ customer: stripeCustomer({ deleted: 'true' }) }).deleted).toBe(false);
    expect(factsOf({ customer: stripeCustomer({ deleted: true }) }).billingDetailsDigest).toBeNull();
  });

  test('is live where it says so itself', () => {
    expect(factsOf({ customer: stripeCustomer({ livemode: true }) }).livemode).toBe(true);
    expect(factsOf({ customer: stripeCustomer({ livemode: 'true' }) }).livemode).toBe(false);
  });

  test('has each entitlement once, in one order, and none to speak of where they are not asked for', () => {
    const entitlements = ['b', 'a', 'b', null].map((lookup_key) => ({ lookup_key }));
    expect(factsOf({ entitlements }).entitlements).toEqual(['a', 'b']);
    expect(factsOf({})).not.toHaveProperty('entitlements');
  });
});
