/** Payments: invoice payments, payment and setup intents, charges. */

import type { Stripe } from 'stripe';
import { noSuch } from '../errors.ts';
import type { Api } from '../http/api.ts';
import { inRange, page, pageParams } from '../http/paging.ts';
import { hash, required, text, timeRange, union } from '../http/params.ts';
import { requireInvoice } from './invoices.ts';

export function paymentRoutes(api: Api): void {
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

  api.get(
    '/v1/payment_intents',
    { ...pageParams, created: timeRange, customer: text, customer_account: text },
    ({ state, params }) =>
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
