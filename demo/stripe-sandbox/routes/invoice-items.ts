/** Invoice items, which wait for a customer's next invoice, or go into a draft. */

import { requireCustomer, requireListed } from '../engine/customers.ts';
import { proposeDiscount, redeem } from '../engine/discounts.ts';
import { addToDraft } from '../engine/draft-items.ts';
import { keepPrices } from '../engine/inline-prices.ts';
import { usageAmount } from '../engine/prices.ts';
import { invalidRequest, missingParam, noSuch } from '../errors.ts';
import type { Api } from '../http/api.ts';
import { currencyCode, natural } from '../http/bounds.ts';
import { page, pageParams } from '../http/paging.ts';
import { decimal, emptyable, flag, hash, integer, list, metadata, required, text, type Read } from '../http/params.ts';
import type { State } from '../state/state.ts';
import type { Invoice, InvoiceItem, Price } from '../state/wire.ts';
import { inlinePrice, oncePriceData } from './inline-prices.ts';
import { requireInvoice } from './invoices.ts';
import { freshMetadata, patchMetadata } from './metadata.ts';
import { requirePrice } from './prices.ts';
import { discountList } from './subscription-fields.ts';
import { requireOwned, requireSubscription } from './subscriptions.ts';
import { taxRatesOf } from './tax.ts';

const createFields = {
  amount: integer,
  currency: currencyCode,
  customer: required(text),
  customer_account: text,
  description: text,
  discountable: flag,
  discounts: discountList,
  invoice: text,
  metadata,
  period: hash({ start: required(integer), end: required(integer) }),
  price_data: oncePriceData,
  pricing: hash({ price: text }),
  quantity: natural,
  subscription: text,
  tax_rates: list(text),
  unit_amount_decimal: decimal,
};

export function invoiceItemRoutes(api: Api): void {
  api.post('/v1/invoiceitems', createFields, ({ state, params }) => createItem(state, params));
  api.get(
    '/v1/invoiceitems',
    { ...pageParams, customer: text, customer_account: text, invoice: text, pending: flag },
    ({ state, params }) => {
      requireListed(state, params.customer);
      return page(
        state.invoiceItems.list(
          (row) =>
            (params.customer === undefined || row.customer === params.customer) &&
            (params.invoice === undefined || row.invoice === params.invoice) &&
            (params.pending === undefined || (row.invoice === null) === params.pending),
        ),
        params,
        '/v1/invoiceitems',
        'invoiceitem',
      );
    },
  );
  api.get('/v1/invoiceitems/:id', {}, ({ state, id }) => requireItem(state, id()));
  api.post(
    '/v1/invoiceitems/:id',
    { amount: integer, description: text, discountable: flag, metadata, tax_rates: emptyable(list(text)) },
    ({ state, params, id }) => {
      const item = requireWaiting(state, id());
      const rates = taxRatesOf(state, params.tax_rates, 'tax_rates');
      patchMetadata(item, params.metadata);
      if (params.amount !== undefined) item.amount = params.amount;
      if (params.description !== undefined) item.description = params.description;
      if (params.discountable !== undefined) item.discountable = params.discountable;
      if (params.tax_rates !== undefined) item.tax_rates = rates;
      return item;
    },
  );
  api.delete('/v1/invoiceitems/:id', {}, ({ state, id }) => {
    const item = requireWaiting(state, id());
    state.invoiceItems.delete(item.id);
    state.emit('invoiceitem.deleted', item);
    return { id: item.id, object: 'invoiceitem', deleted: true };
  });
}

function createItem(state: State, params: Read<typeof createFields>): InvoiceItem {
  const customer = requireCustomer(state, params.customer, 'customer');
  const price = priceOf(state, params);
  const subscription =
    params.subscription === undefined ? null : requireSubscription(state, params.subscription, 'subscription');
  if (subscription) requireOwned(subscription, customer);
  if (params.period && params.period.end < params.period.start)
    throw invalidRequest('`period[end]` must be at or after `period[start]`.', { param: 'period[end]' });
  const { amount, currency, quantity } = priced(params, price);
  const rates = taxRatesOf(state, params.tax_rates, 'tax_rates');
  const draft = params.invoice === undefined ? null : requireDraft(state, params.invoice, customer.id, currency);
  const target = { customer, currency };
  params.discounts?.forEach((request, index) => proposeDiscount(state, request, target, `discounts[${index}]`));
  if (price) keepPrices(state, [price]);
  const now = state.clock.seconds();
  const id = state.ids.next('ii');
  const item: InvoiceItem = {
    id,
    object: 'invoiceitem',
    amount,
    currency,
    customer: customer.id,
    customer_account: null,
    date: now,
    description: params.description ?? (price ? (state.products.get(price.product)?.name ?? null) : null),
    discountable: params.discountable ?? true,
    discounts: (params.discounts ?? []).map(
      (request, index) => redeem(state, request, { ...target, invoiceItem: id }, `discounts[${index}]`).id,
    ),
    invoice: null,
    livemode: false,
    metadata: freshMetadata(params.metadata),
    parent: subscription
      ? { subscription_details: { subscription: subscription.id }, type: 'subscription_details' }
      : null,
    period: params.period ?? { start: now, end: now },
    pricing: price
      ? {
          price_details: { price: price.id, product: price.product },
          type: 'price_details',
          unit_amount_decimal: price.unit_amount_decimal,
        }
      : { type: 'price_details', unit_amount_decimal: String(amount) },
    proration: false,
    quantity,
    quantity_decimal: String(quantity),
    tax_rates: rates,
    test_clock: null,
  };
  state.invoiceItems.add(item);
  if (draft) addToDraft(state, draft, item);
  state.emit('invoiceitem.created', item);
  return item;
}

/** A price by its id, or one that comes with the request. */
function priceOf(state: State, { pricing, price_data: data }: Read<typeof createFields>): Price | null {
  if (pricing?.price !== undefined && data)
    throw invalidRequest('You may only specify one of these parameters: pricing, price_data.');
  if (data) return inlinePrice(state, data, 'price_data');
  return pricing?.price === undefined ? null : requirePrice(state, pricing.price, 'pricing[price]');
}

function requireDraft(state: State, id: string, customer: string, currency: string): Invoice {
  const invoice = requireInvoice(state, id, 'invoice');
  if (invoice.customer !== customer)
    throw invalidRequest(`The invoice ${id} belongs to another customer.`, { param: 'invoice' });
  if (invoice.status !== 'draft') {
    throw invalidRequest('You can only add invoice items to a draft invoice.', {
      code: 'invoice_not_editable',
      param: 'invoice',
    });
  }
  if (invoice.currency !== currency)
    throw invalidRequest(`The invoice ${id} is in ${invoice.currency}.`, { param: 'currency' });
  return invoice;
}

/** An amount, or a price and a quantity of it: never both. */
function priced(
  { amount, currency, quantity = 1, unit_amount_decimal: unit }: Read<typeof createFields>,
  price: Price | null,
): { amount: number; currency: string; quantity: number } {
  if (price && amount !== undefined)
    throw invalidRequest('You may only specify one of these parameters: amount, pricing.');
  if (price?.recurring) throw invalidRequest('The price specified must be one-time.', { param: 'pricing[price]' });
  if (price) return { amount: usageAmount(price, quantity), currency: price.currency, quantity };
  if (unit !== undefined) {
    if (amount !== undefined)
      throw invalidRequest('You may only specify one of these parameters: amount, unit_amount_decimal.');
    if (currency === undefined) throw missingParam('currency');
    return { amount: Math.round(Number(unit) * quantity), currency: currency.toLowerCase(), quantity };
  }
  if (amount === undefined) throw missingParam('amount');
  if (currency === undefined) throw missingParam('currency');
  return { amount, currency: currency.toLowerCase(), quantity: 1 };
}

function requireItem(state: State, id: string): InvoiceItem {
  const item = state.invoiceItems.get(id);
  if (!item) throw noSuch('invoiceitem', id);
  return item;
}

function requireWaiting(state: State, id: string): InvoiceItem {
  const item = requireItem(state, id);
  if (item.invoice === null) return item;
  throw invalidRequest('This invoice item is attached to an invoice and can no longer be changed.', {
    code: 'invoice_not_editable',
  });
}
