/** Builds an invoice from the books as they stand, without changing them. */

import type { State } from '../state/state.ts';
import type { Customer, Discount, Invoice, InvoiceItem, Subscription, TaxRate } from '../state/wire.ts';
import { discountsFor } from './discounts.ts';
import type { LineDraft } from './line-draft.ts';
import { lineFromPending, toLine } from './lines.ts';
import { hourSeconds } from './periods.ts';
import { hasTaxLocation, type TaxContext } from './taxes.ts';
import { addUp, type Bill, type LineTotals } from './totals.ts';

/** SUB-5: how long an invoice waits for endpoints that never acknowledge it. */
const maxWebhookWait = 72 * hourSeconds;

export interface InvoiceDraft {
  readonly customer: Customer;
  readonly subscription: Subscription | null;
  readonly reason: 'manual' | 'subscription_create' | 'subscription_cycle' | 'subscription_update';
  readonly currency: string;
  readonly lines: readonly LineDraft[];
  /** Whether items that wait for the customer's next invoice come in. Default: on renewals only. */
  readonly takePending?: boolean;
  /** Stripe moves it on by itself: finalizes, charges, retries. */
  readonly autoAdvance: boolean;
  readonly period: { start: number; end: number };
  readonly description?: string | null;
  readonly metadata?: Record<string, string>;
  readonly collectionMethod?: 'charge_automatically' | 'send_invoice';
  readonly defaultPaymentMethod?: string | null;
  /** Default: the subscription's, else the customer's. */
  readonly discounts?: readonly Discount[];
  /** Default: the subscription's. */
  readonly defaultTaxRates?: readonly TaxRate[];
  /** Default: as the subscription has it. */
  readonly automaticTax?: boolean;
  readonly daysUntilDue?: number | null;
  readonly customFields?: Invoice['custom_fields'];
  readonly footer?: string | null;
  readonly statementDescriptor?: string | null;
}

/** The items that wait for this customer's (and subscription's) next invoice. */
export const pendingItems = (state: State, customer: string, subscription: string | null): InvoiceItem[] =>
  state.invoiceItems
    .of(
      customer,
      (item) =>
        item.invoice === null && (item.parent?.subscription_details?.subscription ?? subscription) === subscription,
    )
    .toReversed();

/** Whether what waits for the customer's next invoice comes into this one. */
const takesPending = (draft: InvoiceDraft): boolean => draft.takePending ?? draft.reason === 'subscription_cycle';

/** The pending items that a draft takes in. */
export const pendingFor = (state: State, draft: InvoiceDraft): InvoiceItem[] =>
  takesPending(draft) ? pendingItems(state, draft.customer.id, draft.subscription?.id ?? null) : [];

/** Everything that decides the amounts. */
export function billOf(state: State, draft: InvoiceDraft): Bill {
  const { customer, subscription, currency } = draft;
  return {
    lines: [...pendingFor(state, draft).map((item) => lineFromPending(state, item)), ...draft.lines],
    discounts: draft.discounts ?? discountsFor(state, customer, subscription),
    tax: {
      automatic: draft.automaticTax ?? subscription?.automatic_tax.enabled ?? false,
      customer,
      defaultRates: draft.defaultTaxRates ?? subscription?.default_tax_rates ?? [],
    },
    currency,
  };
}

const noTotals: LineTotals = { discountAmounts: [], taxes: [] };

/** The customer as the invoice keeps it. */
const addressee = (state: State, customer: Customer) => ({
  customer_address: customer.address ?? null,
  customer_email: customer.email,
  customer_name: customer.name ?? null,
  customer_phone: customer.phone ?? null,
  customer_shipping: null,
  customer_tax_exempt: customer.tax_exempt ?? 'none',
  customer_tax_ids: state.taxIds.of(customer.id).map(({ type, value }) => ({ type, value })),
});

const parentOf = ({ id, metadata }: Subscription): Invoice['parent'] => ({
  quote_details: null,
  subscription_details: { metadata: { ...metadata }, subscription: id },
  type: 'subscription_details',
});

/** @param id - the id that the invoice is to have: of an invoice that is kept, or of a preview */
export function buildInvoice(state: State, draft: InvoiceDraft, id: string): Invoice {
  const { customer, subscription } = draft;
  const now = state.clock.seconds();
  const bill = billOf(state, draft);
  const totals = addUp(state, bill);
  const due = Math.max(0, totals.sums.total + customer.balance);
  const finalizesAt = draft.autoAdvance ? now + maxWebhookWait : null;
  const collectionMethod = draft.collectionMethod ?? subscription?.collection_method ?? 'charge_automatically';

  return {
    id,
    object: 'invoice',
    account_country: state.settings.country,
    account_name: state.settings.businessName,
    account_tax_ids: null,
    amount_due: due,
    amount_overpaid: 0,
    amount_paid: 0,
    amount_remaining: due,
    amount_shipping: 0,
    application: null,
    attempt_count: 0,
    attempted: false,
    auto_advance: draft.autoAdvance,
    automatic_tax: automaticTaxOf(bill.tax),
    automatically_finalizes_at: finalizesAt,
    billing_reason: draft.reason,
    collection_method: collectionMethod,
    created: now,
    currency: draft.currency,
    custom_fields: draft.customFields ?? null,
    customer: customer.id,
    customer_account: null,
    ...addressee(state, customer),
    default_payment_method: draft.defaultPaymentMethod ?? null,
    default_source: null,
    default_tax_rates: structuredClone([...bill.tax.defaultRates]),
    description: draft.description ?? null,
    discounts: bill.discounts.map((discount) => discount.id),
    due_date: null,
    effective_at: null,
    ending_balance: null,
    footer: draft.footer ?? null,
    from_invoice: null,
    hosted_invoice_url: null,
    invoice_pdf: null,
    issuer: { type: 'self' },
    last_finalization_error: null,
    latest_revision: null,
    lines: {
      object: 'list',
      data: bill.lines.map((line, index) => toLine(state, id, draft.currency, line, totals.lines[index] ?? noTotals)),
      has_more: false,
      total_count: bill.lines.length,
      url: `/v1/invoices/${id}/lines`,
    },
    livemode: false,
    metadata: draft.metadata ?? {},
    next_payment_attempt: collectionMethod === 'send_invoice' ? null : finalizesAt,
    number: null,
    on_behalf_of: null,
    parent: subscription ? parentOf(subscription) : null,
    payment_settings: { default_mandate: null, payment_method_options: null, payment_method_types: null },
    period_end: draft.period.end,
    period_start: draft.period.start,
    post_payment_credit_notes_amount: 0,
    pre_payment_credit_notes_amount: 0,
    receipt_number: null,
    rendering: null,
    shipping_cost: null,
    shipping_details: null,
    starting_balance: customer.balance,
    statement_descriptor: draft.statementDescriptor ?? null,
    status: 'draft',
    status_transitions: { finalized_at: null, marked_uncollectible_at: null, paid_at: null, voided_at: null },
    test_clock: null,
    webhooks_delivered_at: null,
    ...totals.sums,
  };
}

/** Finalization stops where automatic tax does not know where the customer is. */
function automaticTaxOf({ automatic, customer }: TaxContext): Invoice['automatic_tax'] {
  if (!automatic) return { disabled_reason: null, enabled: false, liability: null, provider: null, status: null };
  return {
    disabled_reason: null,
    enabled: true,
    liability: { type: 'self' },
    provider: 'stripe',
    status: hasTaxLocation(customer) ? 'complete' : 'requires_location_inputs',
  };
}
