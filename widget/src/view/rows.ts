/** Pure: the next payment, its method, and the last invoice, as rows under the plan. */
import type { Banner } from './banner.ts';
import { joined, printed, type Told } from './told.ts';

/** "Payment method", and its details. */
export interface RowView {
  readonly label: string;
  readonly text: string;
}

/** A server of before, and a token that may not manage, tell of none. */
export function rowsOf({ snapshot, term, date, money }: Told): RowView[] {
  const { nextPayment: next, paymentMethod, lastInvoice } = snapshot;
  const rows: RowView[] = [];
  // Its day is known at once, and keeps the row's place until Stripe has told the amount.
  const day = next ? next.at : snapshot.nextPaymentAwaited && (snapshot.renewsAt ?? snapshot.trialEndsAt);
  if (day) {
    const text = joined(date(day), next && money(next.amount), next?.estimated && term('plusUsage'));
    rows.push({ label: term('nextPayment'), text });
  }
  if (paymentMethod) {
    const method = printed(paymentMethod);
    const text = term('methodExpires', { method, month: paymentMethod.expires }) || method;
    rows.push({ label: term('paymentMethod'), text });
  }
  if (lastInvoice) {
    const text = joined(date(lastInvoice.at), money(lastInvoice.amount), term(`invoice.${lastInvoice.state}`));
    rows.push({ label: term('lastInvoice'), text });
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
