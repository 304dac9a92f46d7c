/** Items that go into a draft: its lines are counted again with them. */

import type { State } from '../state/state.ts';
import type { Discount, Invoice, InvoiceItem, InvoiceLineItem, TaxRate } from '../state/wire.ts';
import type { LineDraft } from './line-draft.ts';
import { lineFromPending, toLine } from './lines.ts';
import { addUp } from './totals.ts';

export function addToDraft(state: State, invoice: Invoice, item: InvoiceItem): void {
  const customer = state.customers.get(invoice.customer ?? '');
  if (!customer) return;
  const defaultRates = invoice.default_tax_rates as TaxRate[];
  const kept = invoice.lines.data;
  const drafts = [...kept.map((line) => draftOf(state, line, defaultRates)), lineFromPending(state, item)];
  const { lines, sums } = addUp(state, {
    lines: drafts,
    discounts: invoice.discounts.flatMap((id) => state.discounts.get(String(id)) ?? []),
    tax: { automatic: invoice.automatic_tax.enabled, customer, defaultRates },
    currency: invoice.currency,
  });
  item.invoice = invoice.id;
  state.update(invoice, (changed) => {
    changed.lines.data = drafts.map((draft, index) => ({
      ...toLine(state, invoice.id, invoice.currency, draft, lines[index] ?? { discountAmounts: [], taxes: [] }),
      ...(kept[index] ? { id: kept[index].id } : {}),
    }));
    Object.assign(changed.lines, { total_count: drafts.length });
    Object.assign(changed, sums);
    changed.amount_due = Math.max(0, changed.total + customer.balance);
    changed.amount_remaining = changed.amount_due;
  });
}

/** A line as it was before it belonged to its invoice. Rates that are not the invoice's are its own. */
function draftOf(state: State, line: InvoiceLineItem, defaultRates: readonly TaxRate[]): LineDraft {
  const ofItem = line.parent?.subscription_item_details;
  const ofInvoiceItem = line.parent?.invoice_item_details;
  const rates = (line.taxes ?? []).flatMap(
    (tax) => state.taxRates.get(String(tax.tax_rate_details?.tax_rate ?? '')) ?? [],
  );
  const areOwn = rates.some((rate) => defaultRates.every(({ id }) => id !== rate.id));
  const discounts = line.discounts.flatMap((id): Discount[] => {
    const discount = state.discounts.get(String(id));
    return discount ? [discount] : [];
  });
  return {
    amount: line.amount,
    description: line.description ?? '',
    price: state.prices.get(line.pricing?.price_details?.price ?? '') ?? null,
    quantity: line.quantity ?? 0,
    period: line.period,
    proration: ofItem?.proration ?? ofInvoiceItem?.proration ?? false,
    subscription: ofItem?.subscription ?? ofInvoiceItem?.subscription ?? null,
    subscriptionItem: ofItem?.subscription_item ?? null,
    invoiceItem: ofItem?.invoice_item ?? ofInvoiceItem?.invoice_item ?? null,
    metadata: line.metadata,
    discountable: line.discountable,
    discounts,
    taxRates: areOwn ? rates : [],
    credits: state.credits.get(ofItem?.invoice_item ?? line.id) ?? [],
  };
}
