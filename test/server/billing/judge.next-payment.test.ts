/** The next payment in the snapshot (M36): whose it is, when it may be shown, and for how long it is awaited. */

import { describe, expect, it } from 'vitest';
import type { DiscountFacts, NextInvoiceFacts, SubscriptionFacts } from '../../../server/src/billing/facts.ts';
import type { PreviewStanding } from '../../../server/src/billing/judge/next-payment.ts';
import {
  day,
  hour,
  invoice,
  iso,
  item,
  judged,
  minute,
  noon,
  pastDue,
  spelled,
  subscription,
  trialing,
} from '../fixtures/facts.ts';

const renewal = noon + 20 * day;
const second = 1000;
const next = (own: Partial<NextInvoiceFacts> = {}): NextInvoiceFacts => ({
  subscription: 'sub_1',
  amountDue: 3451,
  currency: 'usd',
  at: renewal,
  ...own,
});

const seen = (
  subscriptions: readonly SubscriptionFacts[],
  preview: Partial<PreviewStanding>,
  { now = noon, mayManage = true } = {},
) => {
  const standing = { preview: { invoice: null, isCurrent: false, askedAt: null, ...preview }, fetchedAt: noon };
  const { snapshot, nextChangeAt, chargedNext } = judged(subscriptions, { now, mayManage, standing });
  const { nextPayment, nextPaymentAwaited } = snapshot;
  return { nextPayment, awaited: nextPaymentAwaited === true, nextChangeAt, chargedNext };
};

const known = { invoice: next(), isCurrent: true } as const;

describe('the next payment', () => {
  it('is what Stripe previews, and an estimate where usage is added', () => {
    const amount = { amount: 3451, currency: 'usd' };
    expect(seen([subscription()], known)).toMatchObject({
      nextPayment: { at: iso(renewal), amount, estimated: false },
      awaited: false,
    });
    const withUsage = subscription({ items: [item(), item({ price: 'price_calls', metered: true, quantity: null })] });
    expect(seen([withUsage], known).nextPayment).toEqual({ at: iso(renewal), amount, estimated: true });
  });

  it('is that of a trial’s first charge, also when it asks for nothing', () => {
    const invoice = next({ amountDue: 0, at: noon + 5 * day });
    const { nextPayment } = seen([trialing()], { invoice, isCurrent: true });
    expect(nextPayment).toMatchObject({ amount: { amount: 0, currency: 'usd' }, at: iso(noon + 5 * day) });
  });

  it('is not that of another subscription, and over when its day has come', () => {
    expect(seen([subscription()], { invoice: next({ subscription: 'sub_2' }), isCurrent: true }).nextPayment).toBe(
      undefined,
    );
    const soon = { invoice: next({ at: noon + hour }), isCurrent: true };
    expect(seen([subscription()], soon).nextChangeAt).toBe(noon + hour);
    expect(seen([subscription()], soon, { now: noon + hour }).nextPayment).toBeUndefined();
  });

  it.each(['draft', 'open'])('is the %s of a renewal until it is charged, and no preview is asked for', (status) => {
    const chargedAt = noon + 20 * minute;
    const waiting = invoice({ status, amountDue: 2900, attempted: false, nextAttemptAt: chargedAt, payment: 'none' });
    const renewed = subscription({ latestInvoice: waiting, openInvoices: status === 'open' ? [waiting] : [] });
    // Stripe's preview is that of the period after this one.
    expect(seen([renewed], { invoice: next() })).toMatchObject({
      nextPayment: { at: iso(chargedAt), amount: { amount: 2900, currency: 'usd' }, estimated: false },
      awaited: false,
      nextChangeAt: chargedAt,
    });
    expect(seen([renewed], known, { now: chargedAt })).toMatchObject({ nextPayment: undefined, awaited: false });
  });

  it.each([
    ['paid', invoice({ status: 'paid' })],
    ['tried', invoice({ status: 'draft', attempted: true, nextAttemptAt: noon + hour })],
    ['kept as a draft', invoice({ status: 'draft', attempted: false, nextAttemptAt: null })],
    [
      'sent',
      invoice({ status: 'draft', attempted: false, nextAttemptAt: noon + hour, collectionMethod: 'send_invoice' }),
    ],
    ['void', invoice({ status: 'void', attempted: false, nextAttemptAt: noon + hour })],
  ])('is the preview where the latest invoice is %s', (_, latestInvoice) => {
    expect(seen([subscription({ latestInvoice })], known).nextPayment).toMatchObject({ at: iso(renewal) });
  });

  it.each([
    ['is canceled for the end of its period', subscription({ cancelAtPeriodEnd: true })],
    ['is a trial that was canceled', trialing({ cancelAt: noon + 5 * day })],
    ['is paused', subscription({ pause: { resumesAt: null } })],
    ['owes', pastDue()],
    ['is paid by its own terms', subscription({ collectionMethod: 'send_invoice' })],
    ['is over', subscription({ status: 'canceled', endedAt: noon - day })],
  ])('is neither shown nor asked for where the subscription %s', (_, facts) => {
    expect(seen([facts], { invoice: next() })).toMatchObject({
      nextPayment: undefined,
      awaited: false,
      chargedNext: null,
    });
  });

  it('is told with its day, or not at all', () => {
    expect(seen([subscription()], { invoice: next({ at: 1e300 }), isCurrent: true }).nextPayment).toBeUndefined();
    const draft = invoice({ status: 'draft', attempted: false, nextAttemptAt: 1e300 });
    expect(seen([subscription({ latestInvoice: draft })], known).nextPayment).toBeUndefined();
  });

  it('is the preview where there was no invoice yet', () => {
    expect(seen([subscription({ latestInvoice: null })], known).nextPayment).toBeDefined();
  });

  it('is of a contract that renews until its last day', () => {
    expect(seen([subscription({ cancelAt: noon + 400 * day })], known).nextPayment).toBeDefined();
  });

  it('is no business of a colleague who may not manage', () => {
    expect(seen([subscription()], { invoice: next() }, { mayManage: false })).toMatchObject({
      nextPayment: undefined,
      awaited: false,
      chargedNext: null,
    });
  });
});

describe('it is awaited', () => {
  it('until it is known for these facts, beside a former one too', () => {
    expect(seen([subscription()], {})).toMatchObject({ awaited: true, chargedNext: 'sub_1' });
    expect(seen([subscription()], { invoice: next() })).toMatchObject({ awaited: true, nextPayment: {} });
    expect(seen([subscription()], known).awaited).toBe(false);
  });

  it('for 15 seconds, then not before it may be asked for again', () => {
    const at = (after: number) => seen([subscription()], { askedAt: noon }, { now: noon + after });
    expect(at(second)).toMatchObject({ awaited: true, nextChangeAt: noon + 15 * second });
    expect(at(15 * second)).toMatchObject({ awaited: false, nextChangeAt: noon + minute });
    expect(at(minute)).toMatchObject({ awaited: true });
  });
});

describe('F11: a trial without a payment method', () => {
  const without = (own: Partial<SubscriptionFacts> = {}) =>
    trialing({ methodOnFile: false, methodDigest: null, ...own });
  const free = { items: [item({ unitAmount: 0 })] };
  const coupon = (terms: Partial<DiscountFacts>) =>
    without({
      discounted: true,
      discounts: [{ percentOff: null, amountOff: null, currency: null, end: null, once: false, ...terms }],
    });
  const nothing = { invoice: next({ amountDue: 0 }), isCurrent: true };
  const several = (facts: SubscriptionFacts) => ({ ...facts, items: [item({ quantity: 3 })] });
  const seats = item({ price: 'price_support' });
  const two = (facts: SubscriptionFacts) => ({ ...facts, items: [item(), seats] });

  it.each([
    ['that costs something', without(), {}, true],
    ['with a first charge over nothing', without({ discounted: true }), nothing, false],
    ['at a price of zero', without(free), {}, false],
    [
      'at a price of zero, with usage beside it',
      without({ items: [item({ unitAmount: 0, metered: true })] }),
      {},
      true,
    ],
    ['that Stripe ends without one, whatever it costs', without({ ...free, trialNeedsMethod: true }), nothing, true],
    ['with a discount that leaves something to pay', without({ discounted: true }), known, true],
    ['with a discount, while its amount is on its way', without({ discounted: true }), { isCurrent: false }, false],
    ['with a discount of which Stripe says nothing', without({ discounted: true }), { isCurrent: true }, true],
    ['with a coupon that takes all', coupon({ percentOff: 100 }), { isCurrent: true }, false],
    ['with one that takes all, once', coupon({ percentOff: 100, once: true }), { isCurrent: true }, true],
    ['with one that takes all until the trial ends', coupon({ percentOff: 100, end: noon }), { isCurrent: true }, true],
    ['with an amount off that is the price', coupon({ amountOff: 2900, currency: 'usd' }), { isCurrent: true }, false],
    ['with an amount off that is less', coupon({ amountOff: 2899, currency: 'usd' }), { isCurrent: true }, true],
    ['of nothing', without({ items: [item({ quantity: 0 })] }), {}, false],
    [
      'at a price that usage decides, whatever is known of it',
      without({ items: [item({ unitAmount: null })] }),
      {},
      true,
    ],
    ['at a price without a quantity', without({ items: [item({ quantity: null })] }), {}, true],
    ['of nothing that is known', without({ items: [] }), {}, true],
    ['with a discount whose terms are not known', without({ discounted: true, discounts: [] }), {}, true],
    ['with one that takes all until after it', coupon({ percentOff: 100, end: noon + 5 * day + 1 }), {}, false],
    ['with one that takes all until its very end', coupon({ percentOff: 100, end: noon + 5 * day }), {}, true],
    [
      'with one that takes all of a trial without an end',
      { ...coupon({ percentOff: 100, end: noon }), trialEnd: null },
      {},
      false,
    ],
    [
      'with an amount off that is one of several prices',
      several(coupon({ amountOff: 2900, currency: 'usd' })),
      {},
      true,
    ],
    ['with an amount off that is all of them', several(coupon({ amountOff: 8700, currency: 'usd' })), {}, false],
    [
      'with one that takes all of each price',
      two(coupon({ percentOff: 100, prices: ['price_team', 'price_support'] })),
      {},
      false,
    ],
    ['with one that takes all of one price', two(coupon({ percentOff: 100, prices: ['price_team'] })), {}, true],
    ['with an amount off in another currency', coupon({ amountOff: 2900, currency: 'eur' }), {}, true],
    ['with an amount off in no currency', coupon({ amountOff: 2900 }), {}, true],
    [
      'with an amount off a price that usage decides',
      { ...coupon({ amountOff: 2900, currency: 'usd' }), items: [item({ metered: true })] },
      {},
      true,
    ],
  ])('%s', (_, facts, preview, needed) => {
    const standing = { preview: { invoice: null, isCurrent: true, askedAt: null, ...preview }, fetchedAt: noon };
    const { snapshot } = judged([facts], { standing });
    expect(snapshot.payment.methodNeeded).toBe(needed);
    const asks = spelled(snapshot).includes('addCard:portal:payment_method_update');
    expect(asks).toBe(needed);
  });

  it('is not asked for one where it has one, and no other state speaks of it', () => {
    expect(judged([trialing()]).snapshot.payment.methodNeeded).toBe(false);
    expect(judged([subscription()]).snapshot.payment).not.toHaveProperty('methodNeeded');
  });

  it('at a price of zero keeps access when it ends', () => {
    expect(judged([without(free)]).snapshot.access.until).toBeNull();
    expect(judged([without()]).snapshot.access.until).toBe(iso(noon + 5 * day));
  });
});
