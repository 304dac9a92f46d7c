/** A preview of an invoice (INV-1) → `NextInvoiceFacts`. */

import type { NextInvoiceFacts } from '../../billing/facts.ts';
import { number, object, text, time } from './json.ts';

/** @returns `null` where it has no amount or no time: not to be shown */
export function nextInvoiceFacts(preview: unknown, subscription: string): NextInvoiceFacts | null {
  const source = object(preview);
  const amountDue = number(source['amount_due']);
  const currency = text(source['currency']);
  // A preview is dated at the moment at which the invoice will be made; the attempt follows about an hour later.
  const at = time(source['created']) ?? time(source['period_end']);
  return amountDue === null || currency === null || at === null ? null : { subscription, amountDue, currency, at };
}
