/** The customer's credit balance: below zero is credit, above is debt; every change is a transaction. */

import type { State } from '../state/state.ts';
import type { BalanceTransaction, Customer } from '../state/wire.ts';

interface Change extends Pick<BalanceTransaction, 'amount' | 'currency' | 'type'> {
  readonly invoice?: string;
  readonly description?: string | null;
  readonly metadata?: Record<string, string>;
}

/** Changes the balance by an amount; nothing, where that is 0. */
export function changeBalance(state: State, customer: Customer, change: Change): BalanceTransaction | null {
  if (change.amount === 0) return null;
  const transaction: BalanceTransaction = {
    id: state.ids.next('cbtxn'),
    object: 'customer_balance_transaction',
    amount: change.amount,
    checkout_session: null,
    created: state.clock.seconds(),
    credit_note: null,
    currency: change.currency,
    customer: customer.id,
    customer_account: null,
    description: change.description ?? null,
    ending_balance: customer.balance + change.amount,
    invoice: change.invoice ?? null,
    livemode: false,
    metadata: change.metadata ?? {},
    type: change.type,
  };
  state.balanceTransactions.add(transaction);
  state.update(customer, (changed) => void (changed.balance += change.amount));
  return transaction;
}
