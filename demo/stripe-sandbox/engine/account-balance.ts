/** The account's own money: charges and refunds, by currency. Disputes have taken theirs, fees are left out. */

import type { State } from '../state/state.ts';
import type { Balance, Charge } from '../state/wire.ts';

/** Charges with a card that skips the wait are available at once (`pm_card_bypassPending`). */
const isAvailable = (state: State, { id }: Charge): boolean => state.availableCharges.has(id);

export function balanceNow(state: State): Balance {
  const sums = { available: new Map<string, number>(), pending: new Map<string, number>() };
  const add = (to: Map<string, number>, currency: string, amount: number): unknown =>
    to.set(currency, (to.get(currency) ?? 0) + amount);
  add(sums.available, 'usd', 0);
  add(sums.pending, 'usd', 0);
  for (const charge of state.charges.values()) {
    if (charge.status !== 'succeeded') continue;
    add(
      isAvailable(state, charge) ? sums.available : sums.pending,
      charge.currency,
      charge.amount - charge.amount_refunded,
    );
  }
  for (const dispute of state.disputes.values())
    for (const { net } of dispute.balance_transactions) add(sums.available, dispute.currency, net);
  const rows = (of: Map<string, number>) =>
    [...of].map(([currency, amount]) => ({ amount, currency, source_types: { card: amount } }));
  return { object: 'balance', available: rows(sums.available), livemode: false, pending: rows(sums.pending) };
}

/** `balance.available`: money that was waiting can be paid out. */
export function tellAvailable(state: State, charge: Charge): void {
  state.availableCharges.add(charge.id);
  state.events.emit('balance.available', balanceNow(state));
}
