/**
 * Which invoices a look has to ask for, and the calls that ask. A healthy customer with the known invoice as its latest one
 * costs none. Open invoices are listed, never inferred; one that was open and is not any more is asked for by its id.
 */

import type { Stripe } from 'stripe';
import type { CustomerFacts, SubscriptionFacts } from '../billing/facts.ts';
import { orNothing } from './absent.ts';
import { pausedBecause, type CustomerData, type OpenInvoiceLook } from './facts/customer.ts';
import { subscriptionOf } from './facts/invoice.ts';
import { idOf, isObject, object, text } from './facts/json.ts';

/** Of so many open invoices of a look the payments are asked for: the oldest, and the newest of the others. */
const detailedInvoices = 20;
/** So many invoices that are gone are asked for by their ids in one look. */
const soughtInvoices = 100;

/**
 * Must the open invoices of this subscription be listed? Yes while money is owed or unclear, while an invoice is known to
 * be open or in the making, and when the latest invoice is another than the known one, for others may lie between them.
 *
 * @param known - the subscription as an earlier look found it; `null` when there was none
 */
export function openInvoicesAreDue(subscription: unknown, known: SubscriptionFacts | null): boolean {
  const source = object(subscription);
  const latest = object(source['latest_invoice']);
  switch (text(source['status'])) {
    case 'canceled':
    case 'incomplete_expired':
      return false;
    case 'active':
    case 'trialing':
      break;
    case 'paused':
      if (pausedBecause(source) !== 'request') return true;
      break;
    default:
      return true;
  }
  // An unpaid upgrade, or a renewal with its bank debit on the way.
  if (latest['status'] === 'open' || isObject(source['pending_update'])) return true;
  const latestId = idOf(source['latest_invoice']);
  // Nothing lies before the first invoice of a subscription. Facts of a former version did not list what is open.
  if (known?.earlierInvoices === undefined)
    return latestId !== null && latest['billing_reason'] !== 'subscription_create';
  return latestId !== (known.latestInvoice?.id ?? null) || unsettledOf(known).some((id) => id !== latestId);
}

/** The ids of invoices that were open at an earlier look, or drafts that may be opened yet. */
function unsettledOf({ openInvoices, latestInvoice, earlierInvoices = [] }: SubscriptionFacts): string[] {
  const drafts = [...earlierInvoices, latestInvoice].filter((invoice) => invoice?.status === 'draft');
  return [...new Set([...openInvoices, ...drafts].flatMap((invoice) => invoice?.id ?? []))];
}

type Invoices = Required<Pick<CustomerData, 'openInvoices' | 'earlierInvoices' | 'newestPaid'>>;

/** The calls of one look that are about invoices. */
export function invoiceCalls(stripe: Stripe) {
  async function openInvoice(invoice: Stripe.Invoice): Promise<OpenInvoiceLook> {
    const looks = (invoice.payments?.data ?? []).map(async (payment) => {
      const intent = payment.payment.payment_intent;
      const id = typeof intent === 'string' ? intent : intent?.id;
      if (id === undefined) return { payment, charges: [] };
      const [paymentIntent, charges] = await Promise.all([
        stripe.paymentIntents.retrieve(id, { expand: ['latest_charge'] }),
        stripe.charges.list({ payment_intent: id, limit: 100 }).autoPagingToArray({ limit: 300 }),
      ]);
      return { payment: { ...payment, payment: { ...payment.payment, payment_intent: paymentIntent } }, charges };
    });
    const seen = await Promise.all(looks);
    return { invoice, payments: seen.map(({ payment }) => payment), charges: seen.flatMap(({ charges }) => charges) };
  }

  /** All of them, however many one-off invoices are newer (a page is not the whole). Oldest first. */
  async function listOpen(customer: string, due: ReadonlySet<string>): Promise<Stripe.Invoice[]> {
    const [first] = due;
    if (first === undefined) return [];
    const whose = due.size === 1 ? { subscription: first } : { customer };
    const open = await stripe.invoices
      .list({ ...whose, status: 'open', limit: 100, expand: ['data.payments'] })
      .autoPagingToArray({ limit: 10_000 });
    return open
      .filter((invoice) => due.has(subscriptionOf(invoice) ?? ''))
      .toSorted((a, b) => a.created - b.created || (a.id < b.id ? -1 : 1));
  }

  async function newestPaid(subscription: string): Promise<Stripe.Invoice[]> {
    return (await stripe.invoices.list({ subscription, status: 'paid', limit: 1 })).data;
  }

  return {
    /** @param known - the customer as an earlier look found it; `null` when there was none */
    async invoicesOf(
      customer: string,
      subscriptions: readonly Stripe.Subscription[],
      known: CustomerFacts | null,
    ): Promise<Invoices> {
      const knownOf = (id: string) => known?.subscriptions.find((each) => each.id === id) ?? null;
      const due = subscriptions.filter((each) => openInvoicesAreDue(each, knownOf(each.id)));
      const open = await listOpen(customer, new Set(due.map(({ id }) => id)));
      const isListed = new Set(open.map(({ id }) => id));
      const sought = subscriptions.flatMap((each) => {
        const latest = idOf(each.latest_invoice);
        const then = knownOf(each.id);
        // A subscription that is over was settled for us by its end (L3).
        if (then === null || isOver(then.status)) return [];
        return unsettledOf(then).filter((id) => id !== latest && !isListed.has(id));
      });
      const owing = due.filter(
        ({ id, status }) => isBehind(status) && open.filter((each) => subscriptionOf(each) === id).length > 1,
      );
      const [looks, gone, paid] = await Promise.all([
        Promise.all(open.map((invoice, at) => (isDetailed(at, open.length) ? openInvoice(invoice) : bare(invoice)))),
        Promise.all(sought.slice(0, soughtInvoices).map((id) => orNothing(stripe.invoices.retrieve(id)))),
        Promise.all(owing.map(({ id }) => newestPaid(id))),
      ]);
      return { openInvoices: looks, earlierInvoices: gone.flat(), newestPaid: paid.flat() };
    },
  };
}

const isDetailed = (at: number, of: number): boolean => at === 0 || at > of - detailedInvoices;
const bare = (invoice: Stripe.Invoice): OpenInvoiceLook => ({ invoice, payments: [], charges: [] });
const isBehind = (status: string): boolean => status === 'past_due' || status === 'unpaid';
const isOver = (status: string): boolean => status === 'canceled' || status === 'incomplete_expired';
