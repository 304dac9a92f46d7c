/** The banks' refusals, as the card networks word them (HTTP-3). */

import type { ErrorBody } from '../errors.ts';
import type { CardBehaviour } from '../state/wire.ts';

type Decline = readonly [code: string, declineCode: string | null, message: string, network: string];

const generic: Decline = ['card_declined', 'generic_decline', 'Your card was declined.', '01'];

/** `null` for behaviours that are no refusal. */
const declines: Readonly<Record<CardBehaviour, Decline | null>> = {
  works: null,
  disputed: null,
  notReceived: null,
  inquired: null,
  availableAtOnce: null,
  needsAuthentication: null,
  settlesLater: null,
  bouncesLater: null,
  failsOnCharge: generic,
  declined: generic,
  insufficientFunds: ['card_declined', 'insufficient_funds', 'Your card has insufficient funds.', '51'],
  expiredCard: ['expired_card', null, 'Your card has expired.', '54'],
  incorrectCvc: ['incorrect_cvc', null, "Your card's security code is incorrect.", '82'],
  processingError: [
    'processing_error',
    null,
    'An error occurred while processing your card. Try again in a little bit.',
    '96',
  ],
  lostCard: ['card_declined', 'lost_card', 'Your card was declined.', '41'],
  stolenCard: ['card_declined', 'stolen_card', 'Your card was declined.', '43'],
};

export const isDecline = (behaviour: CardBehaviour): boolean => declines[behaviour] !== null;

/** The body of the refusal. */
export function declineOf(behaviour: CardBehaviour): Omit<ErrorBody, 'type'> {
  const [code, declineCode, message, network] = declines[behaviour] ?? generic;
  return {
    advice_code: 'try_again_later',
    code,
    ...(declineCode === null ? {} : { decline_code: declineCode }),
    message,
    network_decline_code: network,
  };
}
