/** Cards by the older way: a token becomes a source of the customer, which pays where no payment method is the default. */

import { invalidRequest, noSuch } from '../errors.ts';
import type { State } from '../state/state.ts';
import type { CardSource, Customer, PaymentMethod } from '../state/wire.ts';
import { attach, createCard, testCardNamed } from './cards.ts';
import { collect, methodFor } from './collection.ts';

/** The card behind a token such as `tok_visa`, attached to no customer yet. */
export function cardOfToken(state: State, token: string, param = 'source'): PaymentMethod {
  const card = token.startsWith('tok_') ? testCardNamed(token) : undefined;
  if (!card) throw noSuch('token', token, param);
  return createCard(state, card, { idPrefix: 'card' });
}

/** Attaches a source, and makes it the default where it is asked for or the first. */
export function addSource(state: State, customer: Customer, source: PaymentMethod, isDefault: boolean): void {
  attach(state, source, customer.id);
  state.emit('customer.source.created', sourceOf(source));
  if (isDefault || customer.default_source === null) customer.default_source = source.id;
}

/** SUB-7, the exception: a new source tries the invoices again that are past due. */
export function retryPastDue(state: State, customer: Customer): void {
  for (const subscription of state.subscriptions.of(customer.id, (row) => row.status === 'past_due')) {
    const invoice = state.invoices.get(subscription.latest_invoice ?? '');
    const method = invoice && methodFor(state, invoice);
    if (invoice?.status === 'open' && method) collect(state, invoice, 'automatic');
  }
}

export function requireSource(state: State, customer: Customer, id: string): PaymentMethod {
  const source = state.paymentMethods.get(id);
  if (source?.customer === customer.id && source.card) return source;
  throw invalidRequest(`No such source: '${id}'`, { code: 'resource_missing', param: 'id', status: 404 });
}

const brands: Readonly<Record<string, string>> = { amex: 'American Express', mastercard: 'MasterCard', visa: 'Visa' };

/** A payment method as the source that it also is. */
export function sourceOf({ id, card, customer, billing_details: billing, metadata }: PaymentMethod): CardSource {
  const { address } = billing;
  const hasLine = address?.line1 != null;
  return {
    id,
    object: 'card',
    address_city: address?.city ?? null,
    address_country: address?.country ?? null,
    address_line1: address?.line1 ?? null,
    address_line1_check: hasLine ? 'pass' : null,
    address_line2: address?.line2 ?? null,
    address_state: address?.state ?? null,
    address_zip: address?.postal_code ?? null,
    address_zip_check: address?.postal_code == null ? null : 'pass',
    allow_redisplay: 'unspecified',
    brand: brands[card?.brand ?? ''] ?? 'Unknown',
    country: card?.country ?? null,
    customer,
    cvc_check: 'pass',
    dynamic_last4: null,
    exp_month: card?.exp_month ?? 1,
    exp_year: card?.exp_year ?? 2030,
    fingerprint: card?.fingerprint ?? null,
    funding: card?.funding ?? 'unknown',
    last4: card?.last4 ?? '',
    metadata: { ...metadata },
    name: billing.name,
    regulated_status: 'unregulated',
    tokenization_method: null,
  };
}
