/** The rows of the card: the method of the next charge, and the last invoice. Display data, for managers only. */

import type {
  Action,
  BillingSnapshot,
  LastInvoice,
  PaymentMethod,
  SubscriptionSummary,
} from '@billhook/widget/contract';
import type { InvoiceFacts, MethodFacts } from '../facts.ts';
import { iso, type Deadlines } from './deadlines.ts';
import { methodDeclined } from './payment.ts';
import { mayOpen } from './portal.ts';
import type { JudgedSubscription } from './subscription.ts';
import type { PortalFeatures } from '../policy.ts';

const day = 24 * 60 * 60_000;
/** So long before it expires a card is spoken of, if it will be charged after that (B13). */
const noticeDays = 30;

/** Names that are not their Stripe key with a capital letter. */
const brandNames: Readonly<Record<string, string>> = {
  amex: 'American Express',
  bacs_debit: 'Bacs',
  au_becs_debit: 'BECS',
  cartes_bancaires: 'Cartes Bancaires',
  diners: 'Diners Club',
  eftpos_au: 'eftpos',
  jcb: 'JCB',
  paypal: 'PayPal',
  sepa_debit: 'SEPA',
  unionpay: 'UnionPay',
  us_bank_account: 'ACH',
};

/**
 * @param actions - those that the snapshot offers already: one way to the same page is enough
 * @returns nothing where there is nothing to show; a fact of a former version is not known, which is the same
 */
export function cardRows(
  headline: JudgedSubscription | null,
  actions: readonly Action[],
  features: PortalFeatures,
  deadlines: Deadlines,
): Pick<BillingSnapshot, 'paymentMethod' | 'lastInvoice'> {
  if (headline === null) return {};
  const { facts, live, summary } = headline;
  const charges = live && facts.collectionMethod === 'charge_automatically';
  const paymentMethod = charges ? paymentMethodOf(facts.method ?? null, summary, deadlines) : null;
  const lastInvoice = lastInvoiceOf(facts.latestInvoice);
  const offersIt = actions.some((each) => each.via === 'portal' && each.flow === 'payment_method_update');
  const update: Action | null =
    mayOpen('payment_method_update', null, features) && !offersIt
      ? { purpose: 'updateCard', via: 'portal', flow: 'payment_method_update' }
      : null;
  return {
    ...(paymentMethod === null
      ? {}
      : { paymentMethod: { ...paymentMethod, ...(methodDeclined(facts) ? { declined: true } : {}), update } }),
    ...(lastInvoice === null ? {} : { lastInvoice }),
  };
}

function paymentMethodOf(
  method: MethodFacts | null,
  summary: SubscriptionSummary,
  deadlines: Deadlines,
): Omit<PaymentMethod, 'update' | 'declined'> | null {
  if (method === null) return null;
  const { brand, last4, expMonth, expYear } = method;
  const words = brand.split(/[_ ]/).map((word) => word.slice(0, 1).toUpperCase() + word.slice(1));
  // A card is good until the last day of its month.
  const end = expMonth === null || expYear === null ? Number.NaN : Date.UTC(expYear, expMonth, 1);
  const month = /^\d{4}-\d{2}/.exec(String(iso(end - day)))?.[0] ?? null;
  return {
    name: brandNames[brand] ?? words.join(' '),
    last4,
    expires: month,
    expiresSoon: expiresFirst(end, summary, deadlines),
  };
}

function expiresFirst(
  end: number,
  { state, renewsAt, trialEndsAt }: SubscriptionSummary,
  deadlines: Deadlines,
): boolean {
  const chargedAt = renewsAt ?? (state === 'trialing' ? trialEndsAt : null);
  return chargedAt !== null && end <= Date.parse(chargedAt) && !deadlines.isAhead(end - noticeDays * day);
}

/**
 * A draft is no invoice yet, for its amount may still change, a voided one is none any more, and one that was written off
 * asks for nothing. One over nothing, as of a trial's beginning, is not worth a row.
 */
function lastInvoiceOf(invoice: InvoiceFacts | null): LastInvoice | null {
  if (invoice === null || invoice.amountDue === 0) return null;
  const states: Readonly<Record<string, LastInvoice['state']>> = { open: 'open', paid: 'paid' };
  const state = states[invoice.status];
  const at = iso(invoice.finalizedAt ?? invoice.created);
  if (state === undefined || at === null) return null;
  return {
    at,
    amount: { amount: invoice.amountDue, currency: invoice.currency },
    state,
    view: { purpose: 'viewInvoice', via: 'invoice', invoice: 'last' },
  };
}
