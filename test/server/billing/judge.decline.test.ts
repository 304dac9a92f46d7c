/** M36 A reason of the bank: told to managers, of one debt or of several alike ones. */

import { describe, expect, test } from 'vitest';
import type { DeclineReason } from '@billhook/widget/contract';
import { invoice, open, snapshotOf, subscription } from '../fixtures/facts.ts';

describe('M36 a bank’s reason, on the card', () => {
  const failed = open({ declined: 'expiredCard' });
  const behind = subscription({ status: 'past_due', ...failed });
  const reasonOf = (own: Partial<typeof behind>, mayManage = true) =>
    snapshotOf([{ ...behind, ...own }], { mayManage }).payment.declineReason;

  test('it is told to managers alone', () => {
    expect(reasonOf({})).toBe('expiredCard');
    expect(reasonOf({}, false)).toBeUndefined();
  });

  test('it is not told of a card that was replaced, nor of several reasons as if they were one', () => {
    expect(reasonOf({ methodDigest: 'card-2' })).toBeUndefined();
    const another = (declined?: DeclineReason) => [
      ...failed.openInvoices,
      invoice({ id: 'in_2', ...(declined && { declined }) }),
    ];
    expect(reasonOf({ openInvoices: another('refused') })).toBeUndefined();
    expect(reasonOf({ openInvoices: another() })).toBeUndefined();
    expect(reasonOf({ openInvoices: another('expiredCard') })).toBe('expiredCard');
  });
});
