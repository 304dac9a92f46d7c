/** Invariants of an account's invoices after any history: amounts in minor units, to the last one. */

import type { StripeSandbox } from '../../demo/stripe-sandbox/index.ts';

type State = StripeSandbox['state'];

interface Amount {
  readonly amount: number;
}

/** The amounts of an invoice, as every version since 2025-03-31 has them. */
export interface InvoiceAmounts {
  readonly id?: string | null;
  readonly status: string | null;
  readonly total: number;
  readonly subtotal: number;
  readonly amount_due: number;
  readonly amount_paid: number;
  readonly amount_remaining: number;
  readonly starting_balance: number;
  readonly ending_balance: number | null;
  readonly total_discount_amounts?: readonly Amount[] | null;
  readonly total_taxes?: readonly (Amount & { readonly tax_behavior: string })[] | null;
  readonly lines: {
    readonly has_more: boolean;
    readonly data: readonly (Amount & {
      readonly discount_amounts?: readonly Amount[] | null;
      readonly taxes?: readonly (Amount & { readonly tax_behavior: string })[] | null;
    })[];
  };
}

const sum = (rows: readonly Amount[] | null | undefined): number =>
  (rows ?? []).reduce((all, { amount }) => all + amount, 0);

/** Wrong sums in one invoice, as lines to read. */
export function faultsOf(invoice: InvoiceAmounts): string[] {
  const { lines, total, status } = invoice;
  const faults: string[] = [];
  const equal = (what: string, is: number, should: number): void => {
    if (is !== should || !Number.isInteger(is)) faults.push(`${invoice.id} ${what} is ${is}, not ${should}`);
  };
  const exclusive = (invoice.total_taxes ?? []).filter((tax) => tax.tax_behavior === 'exclusive');
  const gross = sum(lines.data);
  if (!lines.has_more) {
    equal('total', total, gross - sum(invoice.total_discount_amounts) + sum(exclusive));
    equal(
      'discounts of its lines',
      sum(lines.data.flatMap((line) => line.discount_amounts ?? [])),
      sum(invoice.total_discount_amounts),
    );
    equal('taxes of its lines', sum(lines.data.flatMap((line) => line.taxes ?? [])), sum(invoice.total_taxes));
    for (const line of lines.data)
      if (sum(line.discount_amounts) > Math.max(0, line.amount))
        faults.push(`${invoice.id}: more is taken off a line than it has`);
  }
  equal('amount_paid + amount_remaining', invoice.amount_paid + invoice.amount_remaining, invoice.amount_due);
  if (status === 'draft') return faults;
  equal('amount_due', invoice.amount_due, Math.max(0, total + invoice.starting_balance));
  if (invoice.ending_balance !== null)
    equal('what balances it', total, invoice.amount_due + invoice.ending_balance - invoice.starting_balance);
  return faults;
}

/** Wrong sums in one customer's books: credit and money are moved, never made or lost. */
export function faultsOfCustomer(state: State, customer: string): string[] {
  const invoices = state.invoices.of(customer);
  const faults = invoices.flatMap((invoice) => faultsOf(invoice));
  const moved = state.balanceTransactions.of(customer);
  const balance = state.customers.get(customer)?.balance ?? 0;
  if (balance !== sum(moved)) faults.push(`the balance is ${balance}, and its transactions come to ${sum(moved)}`);
  const applied = moved.filter(({ type }) => type === 'applied_to_invoice');
  const byInvoices = invoices
    .filter(({ status }) => status !== 'draft')
    .reduce((all, { ending_balance: end, starting_balance: start }) => all + (end ?? start) - start, 0);
  if (sum(applied) !== byInvoices) faults.push(`invoices moved ${byInvoices} of balance, transactions ${sum(applied)}`);
  const charged = [...state.charges.values()].filter(
    (each) => each.customer === customer && each.status === 'succeeded',
  );
  const paid = invoices.reduce((all, invoice) => all + invoice.amount_paid, 0);
  if (sum(charged) !== paid) faults.push(`charges come to ${sum(charged)}, paid invoices to ${paid}`);
  return faults;
}

/** Everything that was billed for a subscription's time, of invoices and of items that wait: discounts off, no taxes. */
export function billedFor(state: State, customer: string): { amount: number; lines: number } {
  const lines = state.invoices.of(customer).flatMap((invoice) => invoice.lines.data);
  const waiting = state.invoiceItems.of(customer, (item) => item.invoice === null);
  const off = sum(lines.flatMap((line) => line.discount_amounts ?? []));
  return { amount: sum(lines) - off + sum(waiting), lines: lines.length + waiting.length };
}
