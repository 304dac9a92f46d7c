/** A line of an invoice that does not exist yet. */

import type { Debit, Discount, Price, TaxRate } from '../state/wire.ts';

/** A line before it belongs to an invoice. */
export interface LineDraft {
  readonly amount: number;
  readonly description: string;
  readonly price: Price | null;
  readonly quantity: number;
  readonly period: { readonly start: number; readonly end: number };
  readonly proration: boolean;
  readonly subscription: string | null;
  readonly subscriptionItem: string | null;
  readonly invoiceItem: string | null;
  readonly metadata: Record<string, string>;
  /** Whether the invoice's discounts count for it too. */
  readonly discountable: boolean;
  /** Its own, before those of the invoice. */
  readonly discounts: readonly Discount[];
  /** Its own, instead of the invoice's. */
  readonly taxRates: readonly TaxRate[];
  /** The debits that it gives back. */
  readonly credits: readonly Debit[];
}
