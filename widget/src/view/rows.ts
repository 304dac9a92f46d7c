/** Pure: the next payment, its method, and the last invoice, as rows under the plan. */
import type { Action } from '../contract.ts';
import type { ClientState } from '../client/client-state.ts';
import { viewsOf, type ActionView } from './actions.ts';
import type { Banner } from './banner.ts';
import { joined, printed, type Told } from './told.ts';

/** "Payment method", its details, and the way to change or to see it. */
export interface RowView {
  readonly label: string;
  readonly text: string;
  readonly action?: ActionView | undefined;
}

/** A server of before, and a token that may not manage, tell of none. */
export function rowsOf(told: Told, state: ClientState): RowView[] {
  const { snapshot, term, date, money } = told;
  const { nextPayment: next, paymentMethod, lastInvoice } = snapshot;
  const rows: RowView[] = [];
  const way = (action: Action | null | undefined) => (action ? viewsOf(action, state, told)[0] : undefined);
  // Its day is known at once, and keeps the row's place until Stripe has told the amount.
  const day = next ? next.at : snapshot.nextPaymentAwaited && (snapshot.renewsAt ?? snapshot.trialEndsAt);
  if (day) {
    const text = joined(date(day), next && money(next.amount), next?.estimated && term('plusUsage'));
    rows.push({ label: term('nextPayment'), text });
  }
  if (paymentMethod) {
    const method = printed(paymentMethod);
    const text = term('methodExpires', { method, month: paymentMethod.expires }) || method;
    // A notice about it has the button.
    rows.push({ label: term('paymentMethod'), text, action: way(noticeOf(told) ? null : paymentMethod.update) });
  }
  if (lastInvoice) {
    const text = joined(date(lastInvoice.at), money(lastInvoice.amount), term(`invoice.${lastInvoice.state}`));
    rows.push({ label: term('lastInvoice'), text, action: way(lastInvoice.view) });
  }
  return rows;
}

/** Said before the charge fails, and calmly: nothing is wrong yet. */
export function noticeOf({ snapshot, term }: Told): Banner | null {
  const { paymentMethod, renewsAt, trialEndsAt } = snapshot;
  const date = renewsAt ?? trialEndsAt;
  if (!paymentMethod?.expiresSoon || !paymentMethod.expires || !date) return null;
  return {
    tone: 'info',
    title: term('banner.cardExpires', { date }),
    text: term('cardExpires', { method: printed(paymentMethod), month: paymentMethod.expires }),
  };
}
