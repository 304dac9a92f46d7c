/** Tax on invoice lines: by rates that were set, or automatically by where the customer is. */

import type { State } from '../state/state.ts';
import type { Customer, InvoiceLineItem, Price, TaxRate } from '../state/wire.ts';

export type LineTax = NonNullable<InvoiceLineItem['taxes']>[number];

export interface TaxContext {
  readonly automatic: boolean;
  readonly customer: Customer;
  /** The rates of the invoice, for lines that have none of their own. */
  readonly defaultRates: readonly TaxRate[];
}

/** A line, as far as its tax depends on it. */
interface Taxable {
  readonly price: Price | null;
  readonly taxRates: readonly TaxRate[];
  /** After discounts. */
  readonly amount: number;
  readonly currency: string;
}

/** Whether automatic tax knows where the customer is (CHK-1). */
export const hasTaxLocation = (customer: Customer): boolean => (customer.address?.country ?? null) !== null;

/** The taxes of one line. Inclusive ones are part of its amount, exclusive ones come on top. */
export function taxesOf(state: State, context: TaxContext, line: Taxable): LineTax[] {
  if (context.automatic) {
    return hasTaxLocation(context.customer) ? [automaticTax(state, context.customer, line)] : [];
  }
  const rates = line.taxRates.length > 0 ? line.taxRates : context.defaultRates;
  const inclusive = rates.filter((rate) => rate.inclusive);
  const share = inclusive.reduce((sum, rate) => sum + rate.percentage, 0) / 100;
  const net = line.amount / (1 + share);
  return rates.map((rate) => lineTax(rate, net, context.customer.tax_exempt ?? 'none'));
}

function lineTax(rate: TaxRate, net: number, exempt: string, reason?: LineTax['taxability_reason']): LineTax {
  const percentage = exempt === 'none' ? (rate.effective_percentage ?? rate.percentage) : 0;
  const behavior = rate.inclusive ? 'inclusive' : 'exclusive';
  return {
    amount: Math.round((net * percentage) / 100),
    tax_behavior: behavior,
    tax_rate_details: { tax_rate: rate.id },
    taxability_reason: reason ?? reasonOf(exempt, rate),
    taxable_amount: exempt === 'none' ? Math.round(net) : 0,
    type: 'tax_rate_details',
  };
}

function reasonOf(exempt: string, rate: TaxRate): LineTax['taxability_reason'] {
  if (exempt === 'exempt') return 'customer_exempt';
  if (exempt === 'reverse') return 'reverse_charge';
  return rate.percentage === 0 ? 'zero_rated' : 'standard_rated';
}

function automaticTax(state: State, customer: Customer, line: Taxable): LineTax {
  const country = customer.address?.country ?? '';
  const registration = state.settings.tax.registrations[country];
  const abroad = country !== state.settings.country;
  const business = state.taxIds.of(customer.id, (row) => row.type === 'eu_vat').length > 0;
  const reverse = abroad && business && registration?.taxType === 'vat';
  const exempt = reverse ? 'reverse' : (customer.tax_exempt ?? 'none');
  const inclusive = isInclusive(state, line);
  const rate = automaticRate(state, country, inclusive);
  const net = inclusive && exempt === 'none' ? line.amount / (1 + rate.percentage / 100) : line.amount;
  return lineTax(rate, net, exempt, exempt === 'none' && !registration ? 'not_collecting' : undefined);
}

/** Prices that leave it open follow the Dashboard: inclusive, but for dollars. */
function isInclusive(state: State, { price, currency }: Taxable): boolean {
  const behavior = price?.tax_behavior ?? 'unspecified';
  return behavior === 'unspecified'
    ? !state.settings.tax.exclusiveCurrencies.includes(currency)
    : behavior === 'inclusive';
}

/** Stripe makes a rate of its own for each place; asked again, it is the same one. */
function automaticRate(state: State, country: string, inclusive: boolean): TaxRate {
  const registration = state.settings.tax.registrations[country];
  const percentage = registration?.percentage ?? 0;
  const [existing] = state.taxRates.list(
    (row) =>
      row.country === country &&
      row.inclusive === inclusive &&
      row.percentage === percentage &&
      row.metadata?.['sandbox'] === 'automatic',
  );
  if (existing) return existing;
  const rate: TaxRate = {
    id: state.ids.next('txr'),
    object: 'tax_rate',
    active: false,
    country,
    created: state.clock.seconds(),
    description: null,
    display_name: (registration?.taxType ?? 'vat').toUpperCase(),
    effective_percentage: percentage,
    flat_amount: null,
    inclusive,
    jurisdiction: country,
    jurisdiction_level: 'country',
    livemode: false,
    metadata: { sandbox: 'automatic' },
    percentage,
    rate_type: 'percentage',
    state: null,
    tax_type: registration?.taxType ?? 'vat',
  };
  state.taxRates.add(rate);
  return rate;
}
