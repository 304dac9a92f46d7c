/** Late payments end the Checkout session that they began in. */

import type { State } from '../state/state.ts';
import type { Invoice } from '../state/wire.ts';

/** A bank has answered: the session is told, if the invoice came from one. */
export function asyncPaymentOf(state: State, invoice: Invoice, succeeded: boolean): void {
  const [session] = state.checkoutSessions.of(invoice.customer, (row) => row.invoice === invoice.id);
  if (!session) return;
  if (succeeded) session.payment_status = 'paid';
  state.emit(succeeded ? 'checkout.session.async_payment_succeeded' : 'checkout.session.async_payment_failed', session);
}
