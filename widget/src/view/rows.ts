/** Pure: the next payment's method, and the last invoice, as rows under the plan. */
import type { PaymentMethod } from '../contract.ts';
import type { Banner } from './banner.ts';
import type { Told } from './told.ts';

/** "Payment method", and its details. */
export interface RowView {
  readonly label: string;
  readonly text: string;
}

const printed = ({ name, last4 }: PaymentMethod): string => (last4 ? `${name} •••• ${last4}` : name);

/** A server of before, and a token that may not manage, tell of neither. */
export function rowsOf({ snapshot: { paymentMethod, lastInvoice }, term, date, money }: Told): RowView[] {
  const rows: RowView[] = [];
  if (paymentMethod) {
    const method = printed(paymentMethod);
    const text = term('methodExpires', { method, month: paymentMethod.expires }) || method;
    rows.push({ label: term('paymentMethod'), text });
  }
  if (lastInvoice) {
    const texts = [date(lastInvoice.at), money(lastInvoice.amount), term(`invoice.${lastInvoice.state}`)];
    rows.push({ label: term('lastInvoice'), text: texts.filter(Boolean).join(' · ') });
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
