/** The total of an order: of a first invoice before it exists, and of a Checkout session. */

import { invalidRequest } from '../errors.ts';
import type { State } from '../state/state.ts';
import type { Discount, Price, TaxRate } from '../state/wire.ts';
import { noTaxLocation } from './invoices.ts';
import { amountFor } from './prices.ts';
import { hasTaxLocation, type TaxContext } from './taxes.ts';
import { addUp, type Totals } from './totals.ts';

export interface QuoteItem {
  readonly price: Price;
  readonly quantity: number;
  readonly discounts?: readonly Discount[];
  readonly taxRates?: readonly TaxRate[];
}

export interface Order {
  readonly items: readonly QuoteItem[];
  readonly discounts: readonly Discount[];
  readonly tax: TaxContext;
  readonly currency: string;
}

export function quote(state: State, { items, discounts, tax, currency }: Order): Totals {
  const lines = items.map(({ price, quantity, discounts: own = [], taxRates = [] }) => ({
    amount: amountFor(price, quantity),
    description: '',
    price,
    quantity,
    period: { start: 0, end: 0 },
    proration: false,
    subscription: null,
    subscriptionItem: null,
    invoiceItem: null,
    metadata: {},
    discountable: true,
    discounts: own,
    taxRates,
    credits: [],
  }));
  return addUp(state, { lines, discounts, tax, currency });
}

/** CHK-1: automatic tax needs to know where the customer is. */
export function requireTaxLocation({ automatic, customer }: Pick<TaxContext, 'automatic' | 'customer'>): void {
  if (!automatic || hasTaxLocation(customer)) return;
  throw invalidRequest(noTaxLocation, { code: 'customer_tax_location_invalid' });
}
