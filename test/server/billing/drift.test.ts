import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { driftBetween, driftClasses, type DriftClass } from '../../../server/src/billing/drift.ts';
import type { CustomerFacts, SubscriptionFacts } from '../../../server/src/billing/facts.ts';
import { anyCustomer, seeded } from '../fixtures/arbitrary-facts.ts';
import { customer, day, invoice, item, noon, subscription } from '../fixtures/facts.ts';

const held = subscription();
const differing = (own: Partial<SubscriptionFacts>) => driftBetween(customer([held]), customer([{ ...held, ...own }]));

describe('driftBetween', () => {
  it.each<[string, Partial<SubscriptionFacts>, DriftClass[]]>([
    ['nothing', {}, []],
    ['a failed renewal', { status: 'past_due', openInvoices: [invoice()] }, ['state', 'payment']],
    ['the end', { status: 'canceled', endedAt: noon, cancelAt: noon }, ['state']],
    ['a pause for another reason', { pausedBecause: 'request' }, ['state']],
    ['the day of an end', { endedAt: noon }, ['state']],
    ['another beginning of the period', { currentPeriodStart: noon }, ['period']],
    ['a method where there was none', { methodOnFile: false }, ['paymentMethod']],
    ['a pause', { pause: { resumesAt: null } }, ['pause']],
    ['a longer trial', { trialEnd: noon + 30 * day }, ['trial']],
    ['a cancellation', { cancelAt: noon + day }, ['ends']],
    ['a cancellation, spelt as by the API', { cancelAtPeriodEnd: true }, ['ends']],
    ['an invoice paid', { latestInvoice: invoice({ status: 'paid' }) }, ['payment']],
    ['another plan', { items: [item({ product: 'prod_other', price: 'price_other' })] }, ['plan']],
    ['one more item', { items: [item(), item({ price: 'price_more' })] }, ['plan']],
    ['another price', { items: [item({ unitAmount: 3900 })] }, ['price']],
    ['more seats', { items: [item({ quantity: 5 })] }, ['quantity']],
    ['a change decided', { next: { at: noon + day, items: [item({ quantity: 2 })] } }, ['scheduled']],
    ['a renewal', { currentPeriodEnd: noon + 60 * day }, ['period']],
    ['another card', { methodDigest: 'card-2' }, ['paymentMethod']],
    ['the print of a card, which the facts of a former version lack', { method: null }, []],
    ['what has no class', { discounted: !held.discounted }, ['other']],
  ])('%s', (_, own, classes) => {
    expect(differing(own)).toEqual(classes);
  });

  it.each<[string, Partial<SubscriptionFacts>, Partial<SubscriptionFacts>, DriftClass[]]>([
    ['another day', { cancelAt: noon + day }, { cancelAt: noon + 2 * day }, ['ends']],
    ['the same day, spelt otherwise', { cancelAt: held.currentPeriodEnd }, { cancelAtPeriodEnd: true }, ['other']],
    ['none any more', { cancelAt: noon + day }, {}, ['ends']],
  ])('of a cancellation: %s', (_, then, now, classes) => {
    expect(driftBetween(customer([{ ...held, ...then }]), customer([{ ...held, ...now }]))).toEqual(classes);
  });

  it('of several subscriptions, each with itself', () => {
    const other = subscription({ id: 'sub_2', status: 'past_due' });
    expect(driftBetween(customer([held, other]), customer([other, { ...held, trialEnd: noon }]))).toEqual(['trial']);
  });

  it('of a whole customer', () => {
    expect(driftBetween(customer([held]), customer([held], { methodDigest: 'card-2' }))).toEqual(['paymentMethod']);
    expect(driftBetween(customer([held]), customer([held], { methodOnFile: false }))).toEqual(['paymentMethod']);
    expect(driftBetween(null, customer([held]))).toEqual(['neverFetched']);
    expect(driftBetween(customer([held]), customer([], { deleted: true }))).toEqual(['deleted']);
    expect(driftBetween(customer([]), customer([held])), 'a subscription nobody knew').toEqual(['state']);
    expect(driftBetween(customer([held]), customer([held], { billingDetailsDigest: 'moved' }))).toEqual([
      'billingDetails',
    ]);
  });

  it('equal facts show none, different ones at least one, always in the same order', () => {
    const differ = (a: CustomerFacts, b: CustomerFacts) => JSON.stringify(a) !== JSON.stringify(b);
    fc.assert(
      fc.property(anyCustomer, anyCustomer, (before, after) => {
        const classes = driftBetween(before, after);
        expect(classes.length > 0).toBe(differ(before, after));
        expect(classes).toEqual(driftClasses.filter((each) => classes.includes(each)));
        expect(driftBetween(before, before)).toEqual([]);
      }),
      { ...seeded, numRuns: Math.ceil(seeded.numRuns / 3) },
    );
  });
});
