/** M36 A bank's reason, from where each kind of payment and each API version has it. */

import { describe, expect, test } from 'vitest';
import type { DeclineReason } from '@billhook/widget/contract';
import { declineReason } from '../../../server/src/stripe/facts/decline.ts';

const refusedAs = (code: string, decline?: string) => ({
  last_payment_error: { code, ...(decline && { decline_code: decline }) },
});

describe('a bank’s reason', () => {
  test.each<[DeclineReason | null, unknown]>([
    ['insufficientFunds', refusedAs('card_declined', 'insufficient_funds')],
    ['limitReached', refusedAs('card_declined', 'card_velocity_exceeded')],
    ['expiredCard', refusedAs('expired_card')],
    ['detailsWrong', refusedAs('incorrect_cvc')],
    ['notSupported', refusedAs('card_declined', 'currency_not_supported')],
    ['tryLater', refusedAs('processing_error')],
    ['refused', refusedAs('card_declined', 'generic_decline')],
    // Stripe asks to tell these as any other refusal: https://docs.stripe.com/declines/codes
    ['refused', refusedAs('card_declined', 'lost_card')],
    ['refused', refusedAs('card_declined', 'stolen_card')],
    ['refused', refusedAs('card_declined', 'fraudulent')],
    ['refused', refusedAs('card_declined', 'code_of_the_future')],
    ['refused', refusedAs('constructor')],
    // A charge of the days before PaymentIntents, and a bank debit.
    [
      'insufficientFunds',
      { status: 'failed', outcome: { reason: 'insufficient_funds' }, failure_code: 'card_declined' },
    ],
    ['expiredCard', { status: 'failed', failure_code: 'expired_card' }],
    ['detailsWrong', { latest_charge: { failure_code: 'account_closed' } }],
    [null, { status: 'requires_payment_method', last_payment_error: null }],
    [null, 'pi_1'],
    [null, null],
  ])('%s', (reason, payment) => expect(declineReason(payment)).toBe(reason));
});
