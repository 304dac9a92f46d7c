/** Pure: the next payment's method, and the last invoice, as rows under the plan. */
import type { BillingSnapshot, PaymentMethod } from '../contract.ts';
import type { Localizer } from '../i18n/localizer.ts';
import type { Banner } from './banner.ts';

/** "Payment method", and its details. */
export interface RowView {
  readonly label: string;
  readonly text: string;
}

const printed = ({ name, last4 }: PaymentMethod): string => (last4 ? `${name} •••• ${last4}` : name);

/** A server of before, and a token that may not manage, tell of neither. */
export function rowsOf(
  { paymentMethod, lastInvoice }: BillingSnapshot,
  { term, date, month, money }: Localizer,
): RowView[] {
  const rows: RowView[] = [];
  if (paymentMethod) {
    const { expires } = paymentMethod;
    const method = printed(paymentMethod);
    const text = expires ? term('methodExpires', { method, month: month(expires) }) : method;
    rows.push({ label: term('paymentMethod'), text });
  }
  if (lastInvoice) {
    const texts = [date(lastInvoice.at), money(lastInvoice.amount), term(`invoice.${lastInvoice.state}`)];
    rows.push({ label: term('lastInvoice'), text: texts.filter(Boolean).join(' · ') });
  }
  return rows;
}

/** Said before the charge fails, and calmly: nothing is wrong yet. */
export function noticeOf(
  { paymentMethod, renewsAt, trialEndsAt }: BillingSnapshot,
  { term, date, month }: Localizer,
): Banner | null {
  const at = renewsAt ?? trialEndsAt;
  if (!paymentMethod?.expiresSoon || !paymentMethod.expires || !at) return null;
  return {
    tone: 'info',
    title: term('banner.cardExpires', { date: date(at) }),
    text: term('cardExpires', { method: printed(paymentMethod), month: month(paymentMethod.expires) }),
  };
}
