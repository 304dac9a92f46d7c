/** Stripe's test cards, by number and by the test ids that stand for them. Bank accounts are next door. */

import { cardError, invalidRequest, noSuch } from '../errors.ts';
import type { State } from '../state/state.ts';
import type { CardBehaviour, PaymentMethod } from '../state/wire.ts';
import { createBankDebit, debitBehaviour, testDebitNamed, type TestDebit } from './bank-debits.ts';
import { declineOf, isDecline } from './declines.ts';

export interface TestCard {
  readonly number: string;
  readonly brand: string;
  readonly funding: string;
  readonly behaviour: CardBehaviour;
  /** `pm_card_…` and `tok_…` share their endings. */
  readonly names: string[];
  /** As it was typed. Default: in a year. */
  readonly expires?: { month: number; year: number };
}

/** A test card or account that a hosted page accepts. */
export type TestMethod = TestCard | TestDebit;

/** A Visa with a fate of its own: refused for one reason, disputed, or paid out at once. */
function visa(number: string, behaviour: CardBehaviour, name: string): TestCard {
  return { number, brand: 'visa', funding: 'credit', behaviour, names: [name] };
}

const knownCards: readonly TestCard[] = [
  { number: '4242424242424242', brand: 'visa', funding: 'credit', behaviour: 'works', names: ['visa'] },
  { number: '4000056655665556', brand: 'visa', funding: 'debit', behaviour: 'works', names: ['visa_debit'] },
  { number: '5555555555554444', brand: 'mastercard', funding: 'credit', behaviour: 'works', names: ['mastercard'] },
  { number: '378282246310005', brand: 'amex', funding: 'credit', behaviour: 'works', names: ['amex'] },
  {
    number: '4000000000000341',
    brand: 'visa',
    funding: 'credit',
    behaviour: 'failsOnCharge',
    names: ['chargeCustomerFail'],
  },
  {
    number: '4000002500003155',
    brand: 'visa',
    funding: 'credit',
    behaviour: 'needsAuthentication',
    names: ['authenticationRequiredOnSetup'],
  },
  {
    number: '4000002760003184',
    brand: 'visa',
    funding: 'credit',
    behaviour: 'needsAuthentication',
    names: ['authenticationRequired', 'threeDSecure2Required'],
  },
  {
    number: '4000000000000002',
    brand: 'visa',
    funding: 'credit',
    behaviour: 'declined',
    names: ['chargeDeclined', 'visa_chargeDeclined'],
  },
  {
    number: '4000000000009995',
    brand: 'visa',
    funding: 'credit',
    behaviour: 'insufficientFunds',
    names: ['chargeDeclinedInsufficientFunds', 'visa_chargeDeclinedInsufficientFunds'],
  },
  visa('4000000000000069', 'expiredCard', 'chargeDeclinedExpiredCard'),
  visa('4000000000000127', 'incorrectCvc', 'chargeDeclinedIncorrectCvc'),
  visa('4000000000000119', 'processingError', 'chargeDeclinedProcessingError'),
  visa('4000000000009987', 'lostCard', 'visa_chargeDeclinedLostCard'),
  visa('4000000000009979', 'stolenCard', 'visa_chargeDeclinedStolenCard'),
  visa('4000000000000259', 'disputed', 'createDispute'),
  visa('4000000000002685', 'notReceived', 'createDisputeProductNotReceived'),
  visa('4000000000001976', 'inquired', 'createDisputeInquiry'),
  visa('4000000000000077', 'availableAtOnce', 'bypassPending'),
];

/** The card behind `pm_card_visa` or `tok_visa`. */
export function testCardNamed(id: string): TestCard | undefined {
  const name = /^(?:pm_card|tok)_(.+)$/.exec(id)?.[1];
  return knownCards.find((card) => name !== undefined && card.names.includes(name));
}

export const testCardNumbered = (number: string): TestCard | undefined =>
  knownCards.find((card) => card.number === number.replaceAll(/\D/g, ''));

/** How the stored card behaves; told by its last four digits, which are unique among the test cards. */
export function behaviourOf(method: PaymentMethod): CardBehaviour {
  if (method.sepa_debit) return debitBehaviour(method.sepa_debit.last4);
  return knownCards.find((card) => card.number.endsWith(method.card?.last4 ?? ''))?.behaviour ?? 'works';
}

const fingerprintOf = (number: string): string => Buffer.from(number).toString('base64url').slice(-16);

/** Makes a payment method of a test card, attached to no customer yet. */
export function createCard(
  state: State,
  card: TestCard,
  details: {
    billing?: Partial<PaymentMethod['billing_details']>;
    metadata?: Record<string, string>;
    expMonth?: number;
    expYear?: number;
    /** `card` for a source. Default `pm`. */
    idPrefix?: 'card' | 'pm';
  } = {},
): PaymentMethod {
  const now = new Date(state.clock.now());
  const method: PaymentMethod = {
    id: state.ids.next(details.idPrefix ?? 'pm'),
    object: 'payment_method',
    allow_redisplay: 'unspecified',
    billing_details: {
      address: { city: null, country: null, line1: null, line2: null, postal_code: null, state: null },
      email: null,
      name: null,
      phone: null,
      tax_id: null,
      ...details.billing,
    },
    card: {
      brand: card.brand,
      checks: { address_line1_check: null, address_postal_code_check: null, cvc_check: 'pass' },
      country: 'US',
      display_brand: card.brand,
      exp_month: details.expMonth ?? card.expires?.month ?? now.getUTCMonth() + 1,
      exp_year: details.expYear ?? card.expires?.year ?? now.getUTCFullYear() + 1,
      fingerprint: fingerprintOf(card.number),
      funding: card.funding,
      generated_from: null,
      last4: card.number.slice(-4),
      networks: { available: [card.brand], preferred: null },
      regulated_status: 'unregulated',
      three_d_secure_usage: { supported: true },
      wallet: null,
    },
    created: state.clock.seconds(),
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: details.metadata ?? {},
    type: 'card',
  };
  state.paymentMethods.add(method);
  return method;
}

/** Makes a payment method of a hosted page's entry, attached to no customer yet. */
export const createTestMethod = (
  state: State,
  test: TestMethod,
  details: { billing?: Partial<PaymentMethod['billing_details']> },
): PaymentMethod => ('iban' in test ? createBankDebit(state, test, details) : createCard(state, test, details));

/** HTTP-3: a card that the bank refuses is refused when it is attached. */
export function refuseDeclinedCard(behaviour: CardBehaviour): void {
  if (behaviour !== 'failsOnCharge' && isDecline(behaviour)) throw cardError({ ...declineOf(behaviour), param: '' });
}

/** Whether an id stands for a test card or account, so that reading it makes a new method. */
export const isTestMethod = (id: string): boolean =>
  testCardNamed(id) !== undefined || testDebitNamed(id) !== undefined;

/** The payment method with this id; a test id such as `pm_card_visa` makes a new one each time, as at Stripe. */
export function resolvePaymentMethod(state: State, id: string, param = 'payment_method'): PaymentMethod {
  const card = testCardNamed(id);
  if (card) return createCard(state, card);
  const debit = testDebitNamed(id);
  if (debit) return createBankDebit(state, debit);
  const method = state.paymentMethods.get(id);
  if (!method) throw noSuch('PaymentMethod', id, param);
  return method;
}

/** Attaches a method to a customer; attaching it again is no change. */
export function attach(state: State, method: PaymentMethod, customer: string): void {
  if (method.customer === customer) return;
  if (method.customer !== null)
    throw invalidRequest('The payment method you provided has already been attached to a customer.');
  if (state.usedMethods.has(method.id)) {
    throw invalidRequest(
      'This PaymentMethod was previously used without being attached to a Customer or was detached from a Customer, and may not be used again.',
    );
  }
  refuseDeclinedCard(behaviourOf(method));
  method.customer = customer;
  state.emit('payment_method.attached', method);
}
