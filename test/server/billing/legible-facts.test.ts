/** Stored facts that can be read: each part that is relied on, and none that is not. */

import { describe, expect, it } from 'vitest';
import { legibleFacts } from '../../../server/src/billing/legible-facts.ts';
import { customer, day, invoice, item, noon, subscription } from '../fixtures/facts.ts';

type Parts = Record<string, unknown>;
const rich = subscription({
  openInvoices: [invoice()],
  pause: { resumesAt: null },
  next: { at: noon + day, items: [item()] },
});
const isRead = (facts: unknown) => legibleFacts(facts) === facts;
const ofSubscription = (own: Parts) => isRead({ ...customer([]), subscriptions: [rich, { ...rich, ...own }] });

const places: Readonly<Record<string, (own: Parts) => boolean>> = {
  'a subscription': ofSubscription,
  'an item': (own) => ofSubscription({ items: [item(), { ...item(), ...own }] }),
  'the latest invoice': (own) => ofSubscription({ latestInvoice: { ...invoice(), ...own } }),
  'an open invoice': (own) => ofSubscription({ openInvoices: [invoice(), { ...invoice(), ...own }] }),
  'the next phase': (own) => ofSubscription({ next: { ...rich.next, ...own } }),
  'an item of the next phase': (own) => ofSubscription({ next: { at: noon, items: [{ ...item(), ...own }] } }),
};

/** Of each place: texts, numbers, lists and objects; with those that may be null. */
const parts: readonly (readonly [place: string, part: string, right: unknown, mayBeNull: boolean])[] = [
  ...['id', 'status'].map((part) => ['a subscription', part, 'text', false] as const),
  ['a subscription', 'created', 1, false],
  ...['currentPeriodEnd', 'cancelAt', 'trialEnd'].map((part) => ['a subscription', part, 1, true] as const),
  ...['items', 'openInvoices'].map((part) => ['a subscription', part, [], false] as const),
  ['a subscription', 'pause', {}, true],
  ['a subscription', 'latestInvoice', invoice(), true],
  ['a subscription', 'next', { at: noon, items: [] }, true],
  ...['an item', 'an item of the next phase'].flatMap((place) => [
    ...['price', 'product', 'currency'].map((part) => [place, part, '', false] as const),
    [place, 'lookupKey', 'text', true] as const,
  ]),
  ...['the latest invoice', 'an open invoice'].flatMap((place) => [
    ...['id', 'status', 'currency'].map((part) => [place, part, '', false] as const),
    ...['amountRemaining', 'created'].map((part) => [place, part, 0, false] as const),
  ]),
  ['the next phase', 'at', noon, false],
  ['the next phase', 'items', [item()], false],
];

describe('facts', () => {
  it.each(parts)('of %s have its %s', (place, part, right, mayBeNull) => {
    const read = places[place] ?? (() => false);
    expect(read({ [part]: right })).toBe(true);
    expect(read({ [part]: null })).toBe(mayBeNull);
    const wrong = [undefined, true, [7], 'text', 7, {}].filter(
      (each) => typeof each !== typeof right || Array.isArray(right) !== Array.isArray(each),
    );
    for (const each of wrong) expect(read({ [part]: each }), JSON.stringify(each)).toBe(false);
  });

  it('may have more, and parts that nothing relies on in any form', () =>
    expect(ofSubscription({ methodDigest: 7, of: 'the future' })).toBe(true));

  it.each([[null], [undefined], ['text'], [7], [[]], [{}], [{ subscriptions: {} }], [{ subscriptions: [null] }]])(
    'are not %j',
    (stored) => expect(legibleFacts(stored)).toBeNull(),
  );

  it('are given as they are', () => {
    const facts = customer([rich]);
    expect(legibleFacts(facts)).toBe(facts);
    expect(isRead(customer([]))).toBe(true);
  });
});
