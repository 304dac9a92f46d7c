/** A failed payment of any API version → the bank's reason, in the kinds that differ for the payer. */

import type { DeclineReason } from '@billhook/widget/contract';
import { object, text } from './json.ts';

/**
 * By decline code, error code or failure code: https://docs.stripe.com/declines/codes. Those of a lost or stolen card and of
 * suspected fraud are missing on purpose: Stripe asks to tell them as any other refusal.
 */
const reasons: Readonly<Record<string, DeclineReason>> = {
  insufficient_funds: 'insufficientFunds',
  card_velocity_exceeded: 'limitReached',
  withdrawal_count_limit_exceeded: 'limitReached',
  expired_card: 'expiredCard',
  account_closed: 'detailsWrong',
  bank_account_restricted: 'notSupported',
  card_not_supported: 'notSupported',
  currency_not_supported: 'notSupported',
  debit_not_authorized: 'notSupported',
  incorrect_address: 'detailsWrong',
  incorrect_cvc: 'detailsWrong',
  incorrect_number: 'detailsWrong',
  incorrect_zip: 'detailsWrong',
  invalid_account: 'detailsWrong',
  invalid_amount: 'notSupported',
  invalid_cvc: 'detailsWrong',
  invalid_expiry_month: 'detailsWrong',
  invalid_expiry_year: 'detailsWrong',
  invalid_number: 'detailsWrong',
  issuer_not_available: 'tryLater',
  new_account_information_available: 'detailsWrong',
  no_account: 'detailsWrong',
  processing_error: 'tryLater',
  reenter_transaction: 'tryLater',
  try_again_later: 'tryLater',
};

/**
 * @param payment - the PaymentIntent or charge of the attempt
 * @returns `null` where no reason was given
 */
export function declineReason(payment: unknown): DeclineReason | null {
  const source = object(payment);
  const error = object(source['last_payment_error']);
  const charges = [source, object(source['latest_charge'])];
  const codes = [
    error['decline_code'],
    error['code'],
    ...charges.flatMap((charge) => [object(charge['outcome'])['reason'], charge['failure_code']]),
  ].flatMap((code) => text(code) ?? []);
  if (codes.length === 0) return null;
  return (
    codes.map((code) => (Object.hasOwn(reasons, code) ? reasons[code] : null)).find((reason) => reason) ?? 'refused'
  );
}
