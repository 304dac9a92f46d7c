/**
 * The running time of an item as it was billed. A credit gives back the unused part of such debits, each at most once, and
 * names them (OBJ-4).
 */

import type { State } from '../state/state.ts';
import type { Debit, InvoiceItem, InvoiceLineItem, Subscription, SubscriptionItem } from '../state/wire.ts';

const billedTime = ({ period, amount }: { period: Debit['period']; amount: number }, at: number): boolean =>
  amount >= 0 && period.start <= at && at < period.end;

/** The debits of an item for the time around `at` (Unix seconds) that no credit has given back. */
export function openDebits(state: State, subscription: Subscription, item: SubscriptionItem, at: number): Debit[] {
  const lines = state.invoices
    .of(subscription.customer, (invoice) => invoice.status !== 'void')
    .flatMap((invoice) => invoice.lines.data)
    .filter((line) => line.parent?.subscription_item_details?.subscription_item === item.id);
  const waiting = state.invoiceItems.of(
    subscription.customer,
    (row) => row.invoice === null && row.parent?.subscription_details?.subscription_item === item.id,
  );
  const credited = new Set(
    [...lines.map(idOf), ...waiting.map((row) => row.id)].flatMap((id) => creditedBy(state, id)),
  );
  return [
    ...waiting
      .filter((row) => billedTime(row, at))
      .map(({ id, amount, period }): Debit => ({ id, line: null, amount, period })),
    ...lines.filter((line) => billedTime(line, at)).map(debitOf),
  ].filter(({ id }) => !credited.has(id) && !state.credits.has(id));
}

const idOf = (line: InvoiceLineItem): string => line.parent?.subscription_item_details?.invoice_item ?? line.id;

const creditedBy = (state: State, id: string): string[] => (state.credits.get(id) ?? []).map((debit) => debit.id);

const debitOf = (line: InvoiceLineItem): Debit => ({
  id: idOf(line),
  line: { id: line.id, invoice: line.invoice ?? '' },
  amount: line.amount - (line.discount_amounts ?? []).reduce((sum, { amount }) => sum + amount, 0),
  period: line.period,
});

/** Remembers the debits that a line or a waiting item gives back. */
export function keepCredits(state: State, id: string | undefined, credits: readonly Debit[]): void {
  if (id !== undefined && credits.length > 0) state.credits.set(id, credits);
}

type LineCredits = NonNullable<
  NonNullable<InvoiceLineItem['parent']>['subscription_item_details']
>['proration_details'];

/** As a line names them: those of one invoice. */
export function creditedLines(credits: readonly Debit[]): NonNullable<LineCredits>['credited_items'] {
  const lines = credits.flatMap((debit) => debit.line ?? []);
  const [first] = lines;
  return first
    ? {
        invoice: first.invoice,
        invoice_line_items: lines.filter(({ invoice }) => invoice === first.invoice).map(({ id }) => id),
      }
    : null;
}

/** As an invoice item names them: a debit that waits too, or lines of an invoice. */
export function creditedItems(
  credits: readonly Debit[],
): NonNullable<InvoiceItem['proration_details']>['credited_items'] {
  const lines = creditedLines(credits);
  if (lines) return { type: 'invoice_line_items', invoice_line_item_details: lines };
  const [waiting] = credits;
  return waiting ? { type: 'invoice_item', invoice_item: waiting.id } : null;
}
