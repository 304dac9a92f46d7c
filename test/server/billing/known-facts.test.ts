/** Facts that Stripe does not say again, and a look takes over from the one before. */

import { describe, expect, test } from 'vitest';
import type { CustomerFacts, EarlierInvoice, SubscriptionFacts } from '../../../server/src/billing/facts.ts';
import { earlierInvoice, withKnown } from '../../../server/src/billing/known-facts.ts';
import { canceled, customer, day, invoice, item, noon, paid, pastDue, subscription } from '../fixtures/facts.ts';

const known = (now: SubscriptionFacts, ...then: readonly SubscriptionFacts[]) =>
  withKnown(customer([now]), customer(then)).subscriptions[0];

test('nothing is taken over for a subscription that is new, nor from another one', () => {
  const now = subscription({ items: [item({ unitAmount: null })], openInvoices: [invoice({ firstFailedAt: null })] });
  expect(known(now)).toEqual(now);
  expect(known(now, subscription({ id: 'sub_2' }))).toEqual(now);
});

describe('a trial that was had (F8)', () => {
  const tried = subscription({ id: 'sub_tried', trialEnd: noon - day });
  const kept = (now: CustomerFacts, then: CustomerFacts) => withKnown(now, then).hadFormerTrial;

  test('is kept where Stripe lists its subscription no more, as of a deleted customer', () => {
    const once = withKnown(customer([], { deleted: true }), customer([tried]));
    expect(once.hadFormerTrial).toBe(true);
    expect(kept(customer([]), once)).toBe(true);
  });

  test('is said by its subscription while Stripe lists it', () =>
    expect(kept(customer([tried]), customer([tried]))).toBeUndefined());

  test('is none of a purchase that was never paid', () =>
    expect(kept(customer([]), customer([{ ...tried, status: 'incomplete_expired' }]))).toBeUndefined());

  test('is none where there was none', () => expect(kept(customer([]), customer([subscription()]))).toBeUndefined());
});

describe('the first failure of an open invoice', () => {
  const kept = (then: number | null, now: number | null, own: Partial<SubscriptionFacts> = {}) =>
    known(
      pastDue({ openInvoices: [invoice({ firstFailedAt: now })], ...own }),
      pastDue({ openInvoices: [invoice({ id: 'in_0', firstFailedAt: 1 }), invoice({ firstFailedAt: then })] }),
    )?.openInvoices[0]?.firstFailedAt;

  test.each([
    ['is the earliest that was seen', noon - day, noon, noon - day],
    ['is the earliest that is seen', noon, noon - day, noon - day],
    ['is kept where it is not said any more', noon - day, null, noon - day],
    ['is what is said where none was known', null, noon, noon],
    ['is none where none is known', null, null, null],
  ])('%s', (_, then, now, at) => expect(kept(then, now)).toBe(at));

  test('is what is said of an invoice that is new', () => {
    const now = pastDue({ openInvoices: [invoice({ id: 'in_new', firstFailedAt: noon })] });
    expect(known(now, pastDue())?.openInvoices[0]?.firstFailedAt).toBe(noon);
  });

  test('is as Stripe shows it where the subscription is over', () =>
    expect(kept(noon - day, null, { status: 'canceled' })).toBeNull());
});

describe('the amount of a price that only an invoice told', () => {
  const amount = (now: object, then: object) =>
    known(subscription({ items: [item({ unitAmount: null, ...now })] }), subscription({ items: [item(then)] }))
      ?.items[0]?.unitAmount;

  test.each([
    ['is kept', {}, {}, 2900],
    ['is that of the invoice of now', { unitAmount: 3900 }, {}, 3900],
    ['is not that of another price', {}, { price: 'price_other' }, null],
    ['is not that in another currency', {}, { currency: 'eur' }, null],
  ])('%s', (_, now, then, expected) => expect(amount(now, then)).toBe(expected));
});

test('a price keeps the lookup keys that it had', () => {
  const renamed = item({ lookupKey: 'team_2027' });
  const then = subscription({ items: [item({ price: 'price_other', lookupKey: 'other' }), item()] });
  expect(known(subscription({ items: [renamed] }), then)?.items[0]?.formerLookupKeys).toEqual(['team_monthly']);
});

describe('invoices that were owed', () => {
  const closed = (own: Partial<EarlierInvoice> = {}): EarlierInvoice => ({ ...earlierInvoice(paid()), ...own });
  const kept = (now: Partial<SubscriptionFacts>, then: Partial<SubscriptionFacts> = {}) =>
    known(
      subscription({ latestInvoice: null, earlierInvoices: [], ...now }),
      subscription({ openInvoices: [invoice()], ...then }),
    )?.earlierInvoices?.map(({ id, status }) => `${id} ${status}`);
  const old = closed({ id: 'in_old' });

  test.each([
    ['are kept with what became of them', { earlierInvoices: [closed()] }, {}, ['in_1 paid']],
    ['are kept where the subscription itself shows it', { latestInvoice: paid() }, {}, ['in_1 paid']],
    ['are none that were not owed', { latestInvoice: paid({ id: 'in_2' }) }, {}, []],
    ['are none that are open', { openInvoices: [invoice()], earlierInvoices: [closed()] }, {}, []],
    ['are none of a renewal that was a draft', { earlierInvoices: [closed({ id: 'in_2' })] }, {}, []],
    ['are drafts while they are', { earlierInvoices: [closed({ id: 'in_2', status: 'draft' })] }, {}, ['in_2 draft']],
    [
      'are drafts of what was past due',
      { earlierInvoices: [closed({ id: 'in_2' })] },
      { status: 'past_due' },
      ['in_2 paid'],
    ],
    [
      'are drafts of what was unpaid',
      { earlierInvoices: [closed({ id: 'in_2' })] },
      { status: 'unpaid' },
      ['in_2 paid'],
    ],
    [
      'are those of earlier looks too',
      { earlierInvoices: [closed()] },
      { earlierInvoices: [old] },
      ['in_1 paid', 'in_old paid'],
    ],
    ['are no drafts of earlier looks', {}, { earlierInvoices: [{ ...old, status: 'draft' }] }, []],
    [
      'are the latest word of each',
      { earlierInvoices: [closed()] },
      { earlierInvoices: [closed({ status: 'void' })] },
      ['in_1 paid'],
    ],
  ])('%s', (_, now, then, expected) => expect(kept(now, then)).toEqual(expected));

  test('are twenty, the newest first', () => {
    const many = Array.from({ length: 25 }, (__, i) => closed({ id: `in_${i}` }));
    expect(kept({}, { earlierInvoices: many })).toEqual(many.slice(0, 20).map(({ id }) => `${id} paid`));
  });

  test('are not known of facts of a former version', () => {
    const { earlierInvoices: _, ...former } = subscription();
    expect(known(former, subscription({ earlierInvoices: [old] }))).not.toHaveProperty('earlierInvoices');
  });

  test('keep their amounts, and nothing else', () =>
    expect(earlierInvoice(paid())).toEqual({
      id: 'in_1',
      status: 'paid',
      currency: 'usd',
      amountPaid: 2900,
      amountRemaining: 0,
    }));
});

test('the customer is as it is seen now', () => {
  const facts = withKnown(customer([canceled()], { methodOnFile: false }), customer([subscription()]));
  expect(facts).toMatchObject({ methodOnFile: false, subscriptions: [{ status: 'canceled' }] });
});
