/** Invoices, invoice items, invoice payments, payment and setup intents, charges. */

import type { Stripe } from 'stripe';
import { resolvePaymentMethod } from '../engine/cards.ts';
import { payNow, settleZero } from '../engine/collection.ts';
import { requireAttached, requireCustomer } from '../engine/customers.ts';
import { draftInvoice, finalizeInvoice, voidInvoice } from '../engine/invoices.ts';
import { invalidRequest, noSuch } from '../errors.ts';
import type { Api } from '../http/api.ts';
import { inRange, page, pageParams } from '../http/paging.ts';
import { flag, hash, integer, metadata, required, text, timeRange, union } from '../http/params.ts';
import type { State } from '../state/state.ts';
import type { Invoice, InvoiceItem } from '../state/wire.ts';
import { freshMetadata } from './metadata.ts';

export function invoiceRoutes(api: Api): void {
  api.post(
    '/v1/invoices',
    {
      auto_advance: flag,
      collection_method: union<Invoice['collection_method']>(),
      days_until_due: integer,
      currency: text,
      customer: required(text),
      default_payment_method: text,
      description: text,
      metadata,
      pending_invoice_items_behavior: union<Stripe.InvoiceCreateParams.PendingInvoiceItemsBehavior>(),
    },
    ({ state, params }) => {
      const customer = requireCustomer(state, params.customer, 'customer');
      const now = state.clock.seconds();
      const waiting = [...state.invoiceItems.values()].find(
        (item) => item.customer === customer.id && item.invoice === null,
      );
      return draftInvoice(state, {
        customer,
        subscription: null,
        reason: 'manual',
        currency: params.currency ?? waiting?.currency ?? customer.currency ?? state.settings.currency,
        lines: [],
        takePending: params.pending_invoice_items_behavior === 'include',
        autoAdvance: params.auto_advance ?? false,
        period: { start: now, end: now },
        description: params.description ?? null,
        metadata: freshMetadata(params.metadata),
        defaultPaymentMethod: params.default_payment_method ?? null,
      });
    },
  );
  api.get(
    '/v1/invoices',
    {
      ...pageParams,
      collection_method: union<Invoice['collection_method']>(),
      created: timeRange,
      customer: text,
      status: union<NonNullable<Invoice['status']>>(),
      subscription: text,
    },
    ({ state, params }) =>
      page(
        state.invoices.listOf(
          params.customer,
          (row) =>
            (params.status === undefined || row.status === params.status) &&
            (params.collection_method === undefined || row.collection_method === params.collection_method) &&
            (params.subscription === undefined ||
              row.parent?.subscription_details?.subscription === params.subscription) &&
            inRange(row.created, params.created),
        ),
        params,
        '/v1/invoices',
        'invoice',
      ),
  );
  api.get('/v1/invoices/:id', {}, ({ state, id }) => requireInvoice(state, id()));
  api.get('/v1/invoices/:id/lines', pageParams, ({ state, params, id }) => {
    const invoice = requireInvoice(state, id());
    return page(invoice.lines.data, params, invoice.lines.url, 'line item');
  });
  api.post('/v1/invoices/:id/finalize', { auto_advance: flag }, ({ state, params, id }) => {
    const invoice = requireInvoice(state, id());
    if (invoice.status !== 'draft')
      throw invalidRequest("This invoice is already finalized, you can't re-finalize a non-draft invoice.", {
        code: 'invoice_not_editable',
      });
    if (params.auto_advance !== undefined) invoice.auto_advance = params.auto_advance;
    finalizeInvoice(state, invoice);
    settleZero(state, invoice);
    return invoice;
  });
  api.post('/v1/invoices/:id/pay', { off_session: flag, payment_method: text }, ({ state, params, id }) => {
    const invoice = requireInvoice(state, id());
    const method = params.payment_method === undefined ? undefined : resolvePaymentMethod(state, params.payment_method);
    if (method) requireAttached(state, method.id, invoice.customer ?? '', 'payment_method');
    payNow(state, invoice, method);
    return invoice;
  });
  api.post('/v1/invoices/:id/void', {}, ({ state, id }) => {
    const invoice = requireInvoice(state, id());
    if (invoice.status !== 'open' && invoice.status !== 'uncollectible') {
      throw invalidRequest('You can only void an open or uncollectible invoice.', { code: 'invoice_not_editable' });
    }
    voidInvoice(state, invoice);
    return invoice;
  });

  api.post(
    '/v1/invoiceitems',
    {
      amount: required(integer),
      currency: required(text),
      customer: required(text),
      description: text,
      metadata,
      period: hash({ start: required(integer), end: required(integer) }),
    },
    ({ state, params }) => {
      const customer = requireCustomer(state, params.customer, 'customer');
      const now = state.clock.seconds();
      const item: InvoiceItem = {
        id: state.ids.next('ii'),
        object: 'invoiceitem',
        amount: params.amount,
        currency: params.currency.toLowerCase(),
        customer: customer.id,
        customer_account: null,
        date: now,
        description: params.description ?? null,
        discountable: true,
        discounts: [],
        invoice: null,
        livemode: false,
        metadata: freshMetadata(params.metadata),
        parent: null,
        period: params.period ?? { start: now, end: now },
        pricing: { type: 'price_details', unit_amount_decimal: String(params.amount) },
        proration: false,
        quantity: 1,
        quantity_decimal: '1',
        tax_rates: [],
        test_clock: null,
      };
      state.invoiceItems.add(item);
      state.emit('invoiceitem.created', item);
      return item;
    },
  );
  api.get('/v1/invoiceitems', { ...pageParams, customer: text, invoice: text, pending: flag }, ({ state, params }) =>
    page(
      state.invoiceItems.list(
        (row) =>
          (params.customer === undefined || row.customer === params.customer) &&
          (params.invoice === undefined || row.invoice === params.invoice) &&
          (params.pending === undefined || (row.invoice === null) === params.pending),
      ),
      params,
      '/v1/invoiceitems',
      'invoiceitem',
    ),
  );

  api.get(
    '/v1/invoice_payments',
    {
      ...pageParams,
      created: timeRange,
      invoice: text,
      payment: hash({ payment_intent: text, type: required(union<Stripe.InvoicePaymentListParams.Payment.Type>()) }),
      status: union<Stripe.InvoicePaymentListParams.Status>(),
    },
    ({ state, params }) => {
      if (params.invoice !== undefined) requireInvoice(state, params.invoice, 'invoice');
      return page(
        state.invoicePayments.listOf(
          params.invoice,
          (row) =>
            (params.status === undefined || row.status === params.status) &&
            (params.payment?.payment_intent === undefined ||
              row.payment.payment_intent === params.payment.payment_intent) &&
            inRange(row.created, params.created),
        ),
        params,
        '/v1/invoice_payments',
        'invoice payment',
      );
    },
  );
  api.get('/v1/invoice_payments/:id', {}, ({ state, id }) => {
    const payment = state.invoicePayments.get(id());
    if (!payment) throw noSuch('invoice payment', id());
    return payment;
  });

  api.get('/v1/payment_intents', { ...pageParams, created: timeRange, customer: text }, ({ state, params }) =>
    page(
      state.paymentIntents.list(
        (row) =>
          (params.customer === undefined || row.customer === params.customer) && inRange(row.created, params.created),
      ),
      params,
      '/v1/payment_intents',
      'payment_intent',
    ),
  );
  api.get('/v1/payment_intents/:id', {}, ({ state, id }) => {
    const intent = state.paymentIntents.get(id());
    if (!intent) throw noSuch('payment_intent', id(), 'intent');
    return intent;
  });

  api.get('/v1/setup_intents/:id', {}, ({ state, id }) => {
    const intent = state.setupIntents.get(id());
    if (!intent) throw noSuch('setupintent', id(), 'intent');
    return intent;
  });

  api.get(
    '/v1/charges',
    { ...pageParams, created: timeRange, customer: text, payment_intent: text },
    ({ state, params }) =>
      page(
        state.charges.list(
          (row) =>
            (params.customer === undefined || row.customer === params.customer) &&
            (params.payment_intent === undefined || row.payment_intent === params.payment_intent) &&
            inRange(row.created, params.created),
        ),
        params,
        '/v1/charges',
        'charge',
      ),
  );
  api.get('/v1/charges/:id', {}, ({ state, id }) => {
    const charge = state.charges.get(id());
    if (!charge) throw noSuch('charge', id());
    return charge;
  });
}

function requireInvoice(state: State, id: string, param = 'id'): Invoice {
  const invoice = state.invoices.get(id);
  if (!invoice) throw noSuch('invoice', id, param);
  return invoice;
}
