/** Invoices: made by hand, listed, and moved from draft to open, paid, void or uncollectible. */

import type { Stripe } from 'stripe';
import { isTestMethod } from '../engine/cards.ts';
import { payNow, payOutOfBand, settleZero, writeOff } from '../engine/collection.ts';
import { requireAttached, requireCustomer, requireListed } from '../engine/customers.ts';
import { proposeDiscount, redeem } from '../engine/discounts.ts';
import { pendingItems } from '../engine/invoice-draft.ts';
import { draftInvoice, finalizeInvoice, voidInvoice } from '../engine/invoices.ts';
import { requireTaxLocation } from '../engine/quote.ts';
import { invalidRequest, noSuch } from '../errors.ts';
import type { Api } from '../http/api.ts';
import { currencyCode, natural } from '../http/bounds.ts';
import { inRange, page, pageParams } from '../http/paging.ts';
import {
  emptyable,
  flag,
  list,
  metadata,
  required,
  text,
  textUpTo,
  timeRange,
  union,
  type Read,
} from '../http/params.ts';
import type { State } from '../state/state.ts';
import type { Customer, Discount, Invoice } from '../state/wire.ts';
import { customFields } from './customers.ts';
import { freshMetadata, patchMetadata } from './metadata.ts';
import { automaticTax, discountList } from './subscription-fields.ts';
import { requireOwned, requireSubscription } from './subscriptions.ts';
import { taxRatesOf } from './tax.ts';

const createFields = {
  auto_advance: flag,
  automatic_tax: automaticTax,
  collection_method: union<Invoice['collection_method']>(),
  currency: currencyCode,
  customer: required(text),
  customer_account: text,
  custom_fields: emptyable(customFields),
  days_until_due: natural,
  default_payment_method: text,
  default_tax_rates: list(text),
  description: text,
  discounts: discountList,
  footer: text,
  metadata,
  pending_invoice_items_behavior: union<Stripe.InvoiceCreateParams.PendingInvoiceItemsBehavior>(),
  statement_descriptor: textUpTo(22),
  subscription: text,
};

export function invoiceRoutes(api: Api): void {
  api.post('/v1/invoices', createFields, ({ state, params }) => createInvoice(state, params));
  api.get(
    '/v1/invoices',
    {
      ...pageParams,
      collection_method: union<Invoice['collection_method']>(),
      created: timeRange,
      customer: text,
      customer_account: text,
      due_date: timeRange,
      status: union<NonNullable<Invoice['status']>>(),
      subscription: text,
    },
    ({ state, params }) => {
      requireListed(state, params.customer);
      return page(
        state.invoices.listOf(
          params.customer,
          (row) =>
            (params.status === undefined || row.status === params.status) &&
            (params.collection_method === undefined || row.collection_method === params.collection_method) &&
            (params.subscription === undefined ||
              row.parent?.subscription_details?.subscription === params.subscription) &&
            (params.due_date === undefined || (row.due_date !== null && inRange(row.due_date, params.due_date))) &&
            inRange(row.created, params.created),
        ),
        params,
        '/v1/invoices',
        'invoice',
      );
    },
  );
  api.get('/v1/invoices/:id', {}, ({ state, id }) => requireInvoice(state, id()));
  api.get('/v1/invoices/:id/lines', pageParams, ({ state, params, id }) => {
    const invoice = requireInvoice(state, id());
    return page(invoice.lines.data, params, invoice.lines.url, 'line item');
  });
  api.post(
    '/v1/invoices/:id',
    {
      auto_advance: flag,
      custom_fields: emptyable(customFields),
      default_payment_method: emptyable(text),
      description: emptyable(text),
      footer: emptyable(text),
      metadata,
      statement_descriptor: emptyable(textUpTo(22)),
    },
    ({ state, params, id }) => {
      const invoice = requireInvoice(state, id());
      const { custom_fields: fields, default_payment_method: method, footer, statement_descriptor: words } = params;
      const isOfDraft = [fields, footer, words].some((value) => value !== undefined);
      if (isOfDraft && invoice.status !== 'draft')
        throw notEditable("Finalized invoices can't be updated in this way.");
      if (method != null) requireAttached(state, method, invoice.customer ?? '', 'default_payment_method');
      state.update(invoice, (changed) => {
        patchMetadata(changed, params.metadata);
        if (params.description !== undefined) changed.description = params.description;
        if (params.auto_advance !== undefined) changed.auto_advance = params.auto_advance;
        if (fields !== undefined) changed.custom_fields = fields;
        if (footer !== undefined) changed.footer = footer;
        if (words !== undefined) changed.statement_descriptor = words;
        if (method !== undefined) changed.default_payment_method = method;
      });
      return invoice;
    },
  );
  transitionRoutes(api);
}

function transitionRoutes(api: Api): void {
  api.post('/v1/invoices/:id/finalize', { auto_advance: flag }, ({ state, params, id }) => {
    const invoice = requireInvoice(state, id());
    if (invoice.status !== 'draft')
      throw notEditable("This invoice is already finalized, you can't re-finalize a non-draft invoice.");
    if (params.auto_advance !== undefined) invoice.auto_advance = params.auto_advance;
    finalizeInvoice(state, invoice);
    settleZero(state, invoice);
    return invoice;
  });
  api.post(
    '/v1/invoices/:id/pay',
    { off_session: flag, paid_out_of_band: flag, payment_method: text },
    ({ state, params, id }) => {
      const invoice = requireInvoice(state, id());
      if (params.paid_out_of_band) {
        payOutOfBand(state, invoice);
        return invoice;
      }
      const { payment_method: given } = params;
      if (given !== undefined) {
        if (!isTestMethod(given) && !state.paymentMethods.get(given))
          throw noSuch('PaymentMethod', given, 'payment_method');
        requireAttached(state, given, invoice.customer ?? '', 'payment_method');
      }
      payNow(state, invoice, given === undefined ? undefined : state.paymentMethods.get(given));
      return invoice;
    },
  );
  api.post('/v1/invoices/:id/send', {}, ({ state, id }) => {
    const invoice = requireInvoice(state, id());
    if (invoice.collection_method !== 'send_invoice')
      throw invalidRequest('You can only manually send an invoice whose `collection_method` is `send_invoice`.');
    finalizeInvoice(state, invoice);
    state.emit('invoice.sent', invoice);
    return invoice;
  });
  api.post('/v1/invoices/:id/void', {}, ({ state, id }) => {
    const invoice = requireInvoice(state, id());
    if (invoice.status !== 'open' && invoice.status !== 'uncollectible')
      throw notEditable('You can only void an open or uncollectible invoice.');
    voidInvoice(state, invoice);
    return invoice;
  });
  api.post('/v1/invoices/:id/mark_uncollectible', {}, ({ state, id }) => {
    const invoice = requireInvoice(state, id());
    if (invoice.status !== 'open') throw notEditable('You can only mark an open invoice as uncollectible.');
    writeOff(state, invoice);
    return invoice;
  });
  api.delete('/v1/invoices/:id', {}, ({ state, id }) => {
    const invoice = requireInvoice(state, id());
    if (invoice.status !== 'draft') throw notEditable('You can only delete draft invoices.');
    if (invoice.parent?.subscription_details) throw notEditable("You can't delete invoices created by subscriptions.");
    state.invoices.delete(invoice.id);
    for (const item of state.invoiceItems.of(invoice.customer, (row) => row.invoice === invoice.id))
      item.invoice = null;
    state.emit('invoice.deleted', invoice);
    return { id: invoice.id, object: 'invoice', deleted: true };
  });
}

const notEditable = (message: string): Error => invalidRequest(message, { code: 'invoice_not_editable' });

function createInvoice(state: State, params: Read<typeof createFields>): Invoice {
  const customer = requireCustomer(state, params.customer, 'customer');
  const subscription =
    params.subscription === undefined ? null : requireSubscription(state, params.subscription, 'subscription');
  if (subscription) requireOwned(subscription, customer);
  const [waiting] = pendingItems(state, customer.id, subscription?.id ?? null);
  const currency = params.currency ?? waiting?.currency ?? customer.currency ?? state.settings.currency;
  if (params.default_payment_method !== undefined)
    requireAttached(state, params.default_payment_method, customer.id, 'default_payment_method');
  if (params.automatic_tax) requireTaxLocation({ automatic: params.automatic_tax.enabled, customer });
  if (params.collection_method === 'send_invoice' && params.days_until_due === undefined) {
    throw invalidRequest("You must pass `days_until_due` when `collection_method` is 'send_invoice'.", {
      param: 'days_until_due',
    });
  }
  if (params.collection_method !== 'send_invoice' && params.days_until_due !== undefined) {
    throw invalidRequest("`days_until_due` can only be set when `collection_method` is 'send_invoice'.", {
      param: 'days_until_due',
    });
  }
  const rates = taxRatesOf(state, params.default_tax_rates, 'default_tax_rates');
  const discounts = redeemFor(state, customer, currency, params.discounts);
  const now = state.clock.seconds();
  return draftInvoice(state, {
    customer,
    subscription,
    reason: 'manual',
    currency,
    lines: [],
    // An invoice of a subscription is of what waits for it.
    takePending: params.pending_invoice_items_behavior === 'include' || subscription !== null,
    autoAdvance: params.auto_advance ?? false,
    period: { start: now, end: now },
    description: params.description ?? null,
    metadata: freshMetadata(params.metadata),
    defaultPaymentMethod: params.default_payment_method ?? null,
    collectionMethod: params.collection_method ?? 'charge_automatically',
    daysUntilDue: params.days_until_due ?? null,
    defaultTaxRates: rates,
    automaticTax: params.automatic_tax?.enabled ?? false,
    ...(discounts ? { discounts } : {}),
    customFields: params.custom_fields ?? null,
    footer: params.footer ?? null,
    statementDescriptor: params.statement_descriptor ?? null,
  });
}

/** Checks all before it redeems any (SUB-18). An empty text means none; nothing said means the customer's own. */
function redeemFor(
  state: State,
  customer: Customer,
  currency: string,
  requests: Read<typeof createFields>['discounts'],
): Discount[] | undefined {
  if (requests === undefined) return undefined;
  const target = { customer, currency };
  const each = (requests ?? []).map((request, index) => ({ request, path: `discounts[${index}]` }));
  for (const { request, path } of each) proposeDiscount(state, request, target, path);
  return each.map(({ request, path }) => redeem(state, request, target, path));
}

export function requireInvoice(state: State, id: string, param = 'id'): Invoice {
  const invoice = state.invoices.get(id);
  if (!invoice) throw noSuch('invoice', id, param);
  return invoice;
}
