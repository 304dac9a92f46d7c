import { describe, expect, test } from 'vitest';
import { customerFacts } from '../../../server/src/stripe/facts/customer.ts';
import {
  card,
  factsOf,
  failedCharge,
  intent,
  month,
  ms,
  openLook,
  start,
  stripeCustomer,
  stripeInvoice,
  stripeItem,
  stripeSubscription,
  subscriptionOf,
} from '../fixtures/stripe-objects.ts';

describe('subscriptions', () => {
  test('F7 L38 items with different periods: the main item’s end counts, as its price does', () => {
    const yearly = stripeItem('new', { current_period_start: start - 5, current_period_end: start + 12 * month });
    const usage = { id: 'price_use', object: 'price', recurring: { interval: 'month', usage_type: 'metered' } };
    const metered = stripeItem('new', { current_period_end: start + 1, price: usage });
    const periodOf = (data: unknown[]) => subscriptionOf(stripeSubscription('new', { items: { data } }));
    expect(periodOf([metered, stripeItem('new'), yearly])).toMatchObject({ currentPeriodEnd: ms(start + month) });
    expect(periodOf([yearly, stripeItem('new')])).toMatchObject({
      currentPeriodStart: ms(start - 5),
      currentPeriodEnd: ms(start + 12 * month),
    });
    expect(periodOf([metered])).toMatchObject({ currentPeriodEnd: ms(start + 1) });
  });

  test('L6 SUB-13 the portal’s cancellation has cancel_at alone', () => {
    expect(subscriptionOf(stripeSubscription('new', { cancel_at: start + month }))).toMatchObject({
      cancelAtPeriodEnd: false,
      cancelAt: ms(start + month),
    });
  });

  test.each([
    ['pause_requested', 'request'],
    ['trial_end_without_payment_method', 'trialWithoutMethod'],
    ['first_payment_failure', 'paymentFailed'],
    ['final_payment_failure', 'paymentFailed'],
    ['system', null],
    ['of_the_future', null],
  ])('L25 SUB-15 status paused because %s', (type, because) => {
    const status_details = { paused: { type: 'subscription', subscription: { type } } };
    expect(subscriptionOf(stripeSubscription('new', { status: 'paused', status_details }))).toMatchObject({
      pause: null,
      pausedBecause: because,
    });
  });

  test('status paused without details, in an older version', () => {
    const paused = (own: object) =>
      subscriptionOf(stripeSubscription('new', { status: 'paused', ...own })).pausedBecause;
    expect(paused({ trial_end: start })).toBe('trialWithoutMethod');
    expect(paused({ trial_end: start, latest_invoice: stripeInvoice('new') })).toBe('paymentFailed');
    expect(paused({})).toBeNull();
  });

  test.each([
    ['void', undefined],
    ['mark_uncollectible', true],
    ['keep_as_draft', true],
    ['of_the_future', undefined],
  ])('SUB-19 a pause of collection by %s', (behavior, keepsService) => {
    const { pause } = subscriptionOf(stripeSubscription('new', { pause_collection: { behavior, resumes_at: null } }));
    expect(pause?.keepsService).toBe(keepsService);
  });

  test('SUB-15 pause_collection leaves the status', () => {
    const pause_collection = { behavior: 'void', resumes_at: start + 99 };
    expect(subscriptionOf(stripeSubscription('new', { pause_collection }))).toMatchObject({
      status: 'active',
      pause: { resumesAt: ms(start + 99) },
      pausedBecause: null,
    });
  });

  test('a pause with a length has its date of resumption', () => {
    const schedule = {
      status: 'active',
      phases: [],
      pause_schedules: [{ key: 'p', pause: { pause_at: start }, resume: { resume_at: start + month } }],
    };
    expect(subscriptionOf(stripeSubscription('new', { status: 'paused', schedule })).pause).toEqual({
      resumesAt: ms(start + month),
    });
  });

  test('an unknown status passes through', () => {
    expect(subscriptionOf(stripeSubscription('new', { status: 'hibernating' })).status).toBe('hibernating');
  });

  test.each([
    ['the subscription', { discounts: ['di_1'] }],
    ['the subscription, formerly', { discount: { id: 'di_1' } }],
    ['an item', { items: { data: [stripeItem('new', { discounts: ['di_1'] })] } }],
  ])('discounted by %s', (_, own) => {
    expect(subscriptionOf(stripeSubscription('new', own)).discounted).toBe(true);
  });

  test('discounted by the customer', () => {
    expect(subscriptionOf(stripeSubscription('new'), [], stripeCustomer({ discount: { id: 'di_1' } })).discounted).toBe(
      true,
    );
  });

  test('a subscription that two pages repeat is one', () => {
    expect(
      factsOf({ subscriptions: [stripeSubscription('new'), stripeSubscription('new')] }).subscriptions,
    ).toHaveLength(1);
  });

  test('sorted, so that equal facts are stored equally', () => {
    const [a, b, c] = [
      ['sub_b', 2],
      ['sub_c', 1],
      ['sub_a', 2],
    ].map(([id, after]) => stripeSubscription('new', { id, created: start + Number(after) }));
    const ids = factsOf({ subscriptions: [a, b, c] }).subscriptions.map(({ id }) => id);
    expect(ids).toEqual(['sub_c', 'sub_a', 'sub_b']);
  });
});

describe('payment methods and billing details', () => {
  test('the subscription’s own method comes before the customer’s', () => {
    expect(
      subscriptionOf(stripeSubscription('new', { default_payment_method: card('pm_own') })).methodDigest,
    ).toContain('pm_own');
    expect(subscriptionOf(stripeSubscription('old', { default_source: 'card_old' })).methodDigest).toContain(
      'card_old',
    );
  });

  test('no method anywhere', () => {
    const bare = stripeCustomer({ invoice_settings: { default_payment_method: null } });
    expect(factsOf({ customer: bare, subscriptions: [stripeSubscription('new')] })).toMatchObject({
      methodOnFile: false,
      methodDigest: null,
      subscriptions: [{ methodOnFile: false, methodDigest: null }],
    });
  });

  test('a legacy source', () => {
    expect(factsOf({ customer: stripeCustomer({ invoice_settings: {}, default_source: 'card_1' }) }).methodOnFile).toBe(
      true,
    );
  });

  test('the digest changes with the card, also when the network renews it, and with nothing else', () => {
    const of = (method: unknown) =>
      factsOf({ customer: stripeCustomer({ invoice_settings: { default_payment_method: method } }) }).methodDigest;
    expect(of({ ...card(), created: 5, metadata: { seen: 'x' } })).toBe(of(card()));
    expect(of(card('pm_2'))).not.toBe(of(card()));
    expect(of(card('pm_1', { exp_year: 2031 }))).not.toBe(of(card()));
  });

  test('L11 a charge names its card by id only, and it is the same card', () => {
    const bySummary = intent({ last_payment_error: { code: 'card_declined' }, latest_charge: failedCharge(start) });
    const subscription = stripeSubscription('new', { status: 'past_due' });
    const facts = subscriptionOf(subscription, [openLook('new', bySummary)]);
    expect(facts.openInvoices[0]?.triedMethodDigest).toBe(facts.methodDigest);
    const failedWith = (payment_method: unknown) =>
      intent({ last_payment_error: { payment_method }, latest_charge: null });
    const tried = (method: unknown) =>
      subscriptionOf(subscription, [openLook('new', failedWith(method))]).openInvoices[0]?.triedMethodDigest;
    expect(tried(card())).toBe(facts.methodDigest);
    expect(tried(card('pm_gone'))).toContain('pm_gone');
    const other = intent({
      last_payment_error: null,
      latest_charge: failedCharge(start, { payment_method: 'pm_gone' }),
    });
    expect(subscriptionOf(subscription, [openLook('new', other)]).openInvoices[0]?.triedMethodDigest).not.toBe(
      facts.methodDigest,
    );
  });

  test('billing details change with name, e-mail, address, phone and tax ids, and with nothing else', () => {
    const of = (own: object) => factsOf({ customer: stripeCustomer({ ...own }) }).billingDetailsDigest;
    const changed = [
      { name: 'Bea' },
      { email: 'b@example.org' },
      { phone: '1' },
      { address: null },
      { tax_ids: { data: [{ type: 'eu_vat', value: 'DE1' }] } },
    ];
    expect(new Set([of({}), ...changed.map(of)]).size).toBe(changed.length + 1);
    expect(of({ balance: 5, metadata: { a: 'b' }, phone: '', tax_ids: { data: [] } })).toBe(of({}));
  });

  test('the order of tax ids is no change', () => {
    const ids = [
      { type: 'eu_vat', value: 'DE1' },
      { type: 'gb_vat', value: 'GB2' },
    ];
    const of = (data: unknown) => factsOf({ customer: stripeCustomer({ tax_ids: { data } }) }).billingDetailsDigest;
    expect(of(ids)).toBe(of(ids.toReversed()));
  });

  test('no personal data is kept but as a digest', () => {
    const facts = customerFacts(
      { customer: stripeCustomer(), subscriptions: [stripeSubscription('new')], openInvoices: [openLook('new')] },
      () => 'digest',
    );
    // Of a card, what every billing page prints of it.
    const kept = { ...facts, subscriptions: facts.subscriptions.map((each) => ({ ...each, method: null })) };
    expect(JSON.stringify(kept)).not.toMatch(/Ada|example\.org|High Street|4242|fp_|pm_/);
  });
});

test('a deleted customer', () => {
  expect(factsOf({ customer: { id: 'cus_1', object: 'customer', deleted: true } })).toEqual({
    deleted: true,
    livemode: false,
    methodOnFile: false,
    methodDigest: null,
    billingDetailsDigest: null,
    subscriptions: [],
  });
});

test('live mode is known by any live object', () => {
  expect(factsOf({ subscriptions: [stripeSubscription('new', { livemode: true })] }).livemode).toBe(true);
});
