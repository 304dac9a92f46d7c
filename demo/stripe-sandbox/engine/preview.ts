/** INV-1: the invoice that would come next, built and thrown away. */

import { invalidRequest } from '../errors.ts';
import type { State } from '../state/state.ts';
import type { Customer, Discount, Invoice, ItemChange, Subscription } from '../state/wire.ts';
import { discountsFor } from './discounts.ts';
import { buildInvoice, type InvoiceDraft } from './invoice-draft.ts';
import type { LineDraft } from './line-draft.ts';
import { periodLines } from './lines.ts';
import { advanceItem } from './renewal.ts';
import { withPlannedItems } from './schedules.ts';
import { itemsAfter, prorationsBetween, type ProrationBehavior } from './subscription-change.ts';
import { isTerminal, periodEnd, periodStart } from './subscription-status.ts';

export interface PreviewRequest {
  readonly customer: Customer;
  readonly subscription: Subscription;
  /** The changes, and their moment (Unix seconds). */
  readonly changes: ItemChange[];
  readonly proration: ProrationBehavior;
  readonly at: number;
  /** Instead of the subscription's; default: those. */
  readonly discounts: readonly Discount[] | undefined;
  readonly automaticTax: boolean | undefined;
  readonly cancels: boolean;
}

/** @throws {StripeError} `invoice_upcoming_none` where nothing will be invoiced any more */
export function previewInvoice(state: State, request: PreviewRequest): Invoice {
  const { customer, subscription, changes } = request;
  const ends = isLeaving(subscription) || request.cancels;
  if (isTerminal(subscription) || subscription.status === 'paused' || ends) throw noneUpcoming(customer);
  const changed = structuredClone(subscription);
  changed.items.data = itemsAfter(state, subscription, changes, request.at);
  const prorates = request.proration !== 'none' && subscription.status !== 'trialing';
  const prorations = prorates ? prorationsBetween(state, changed, subscription.items.data, request.at) : [];
  // A change that is invoiced at once is an invoice of its own.
  if (changes.length > 0 && request.proration === 'always_invoice' && prorates) {
    const period = { start: request.at, end: request.at };
    return unsaved(state, request, changed, {
      lines: prorations,
      reason: 'subscription_update',
      period,
      takePending: false,
    });
  }
  const period = { start: periodStart(changed), end: periodEnd(changed) };
  const lines = [...prorations, ...nextPeriod(state, changed)];
  return unsaved(state, request, changed, { lines, reason: 'subscription_cycle', period, takePending: true });
}

/** Over with the running period. A contract that ends in a later one is invoiced until then. */
function isLeaving({ cancel_at: at, cancel_at_period_end: atPeriodEnd, items }: Subscription): boolean {
  return atPeriodEnd || (at !== null && at <= Math.min(...items.data.map((item) => item.current_period_end)));
}

/** INV-1: 404, as when there is nothing of that name. */
const noneUpcoming = (customer: Customer): Error =>
  invalidRequest(`No upcoming invoices for customer: ${customer.id}`, {
    code: 'invoice_upcoming_none',
    status: 404,
  });

/** The lines of the period that begins when the earliest running one ends. */
function nextPeriod(state: State, subscription: Subscription): LineDraft[] {
  const next = withPlannedItems(state, subscription);
  const renewsAt = Math.min(...next.items.data.map((item) => item.current_period_end));
  const due = next.items.data.filter((item) => item.current_period_end === renewsAt);
  for (const item of due) advanceItem(next, item);
  const ids = new Set(due.map((item) => item.id));
  return periodLines(state, next).filter((line) => ids.has(line.subscriptionItem ?? ''));
}

function unsaved(
  state: State,
  { customer, discounts, automaticTax }: PreviewRequest,
  subscription: Subscription,
  draft: Pick<InvoiceDraft, 'lines' | 'reason' | 'period' | 'takePending'>,
): Invoice {
  const cycles = draft.reason === 'subscription_cycle';
  const at = cycles
    ? Math.min(...subscription.items.data.map((item) => item.current_period_end))
    : state.clock.seconds();
  // A coupon that is over by then lowers nothing.
  const counting = (all: readonly Discount[]) => all.filter(({ end }) => end === null || end > at);
  const invoice = buildInvoice(
    state,
    {
      ...draft,
      lines: draft.lines.map((line) => ({ ...line, discounts: counting(line.discounts) })),
      customer,
      subscription,
      currency: subscription.currency,
      autoAdvance: false,
      discounts: counting(discounts ?? discountsFor(state, customer, subscription)),
      ...(automaticTax === undefined ? {} : { automaticTax }),
    },
    `upcoming_${state.ids.next('in')}`,
  );
  // The pages of an invoice exist once it is final, and a preview never is.
  delete invoice.hosted_invoice_url;
  delete invoice.invoice_pdf;
  invoice.created = at;
  invoice.next_payment_attempt =
    subscription.collection_method === 'send_invoice' ? null : at + (cycles ? state.settings.finalizeAfterSeconds : 0);
  return invoice;
}
