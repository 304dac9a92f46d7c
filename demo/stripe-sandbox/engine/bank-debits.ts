/**
 * Bank debits: accounts that are asked for money and answer days later. Stripe's documentation lists test accounts that
 * work and that bounce; how many days pass is the banks' affair, so it is a setting (`bankDebitDays`).
 */

import type { State } from '../state/state.ts';
import type { CardBehaviour, PaymentMethod } from '../state/wire.ts';

export interface TestDebit {
  readonly iban: string;
  readonly behaviour: Extract<CardBehaviour, 'settlesLater' | 'bouncesLater'>;
  /** `pm_…` ids that stand for it. */
  readonly names: string[];
}

/** Of the accounts that Stripe documents, those that differ in nothing but when they answer behave alike here. */
const knownDebits: readonly TestDebit[] = [
  { iban: 'DE89370400440532013000', behaviour: 'settlesLater', names: ['pm_sepaDebit', 'pm_success_de'] },
  { iban: 'DE08370400440532013003', behaviour: 'settlesLater', names: [] },
  { iban: 'DE62370400440532013001', behaviour: 'bouncesLater', names: ['pm_sepaDebit_fail', 'pm_failed_de'] },
  { iban: 'DE78370400440532013004', behaviour: 'bouncesLater', names: [] },
  { iban: 'AT611904300234573201', behaviour: 'settlesLater', names: [] },
  { iban: 'AT321904300235473204', behaviour: 'settlesLater', names: [] },
  { iban: 'AT861904300235473202', behaviour: 'bouncesLater', names: [] },
  { iban: 'AT051904300235473205', behaviour: 'bouncesLater', names: [] },
];

export const testDebitNamed = (id: string): TestDebit | undefined =>
  knownDebits.find((debit) => debit.names.includes(id));

export const testDebitNumbered = (iban: string): TestDebit | undefined =>
  knownDebits.find((debit) => debit.iban === iban.replaceAll(/\s/g, '').toUpperCase());

/** How a stored account behaves; told by its last four digits, as with cards. */
export const debitBehaviour = (last4: string | null | undefined): TestDebit['behaviour'] =>
  knownDebits.find((debit) => debit.iban.endsWith(last4 ?? '–'))?.behaviour ?? 'settlesLater';

/** Makes a payment method of a test account, attached to no customer yet. */
export function createBankDebit(
  state: State,
  debit: TestDebit,
  details: { billing?: Partial<PaymentMethod['billing_details']>; metadata?: Record<string, string> } = {},
): PaymentMethod {
  const method: PaymentMethod = {
    id: state.ids.next('pm'),
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
    created: state.clock.seconds(),
    customer: null,
    customer_account: null,
    livemode: false,
    metadata: details.metadata ?? {},
    sepa_debit: {
      bank_code: debit.iban.slice(4, 12),
      branch_code: '',
      country: debit.iban.slice(0, 2),
      fingerprint: Buffer.from(debit.iban).toString('base64url').slice(-16),
      generated_from: { charge: null, setup_attempt: null },
      last4: debit.iban.slice(-4),
    },
    type: 'sepa_debit',
  };
  state.paymentMethods.add(method);
  return method;
}
