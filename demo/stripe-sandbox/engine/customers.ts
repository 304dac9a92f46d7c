/** Customers, and the methods they pay with. */

import { invalidRequest, noSuch } from '../errors.ts';
import type { State } from '../state/state.ts';
import type { Customer, PaymentMethod, Subscription, TaxId } from '../state/wire.ts';
import { endSubscription } from './cancellation.ts';
import { isTerminal } from './subscription-status.ts';

export function requireCustomer(state: State, id: string, param = 'id'): Customer {
  const customer = state.customers.get(id);
  if (!customer) throw noSuch('customer', id, param);
  return customer;
}

/** A list may name a deleted customer, and none that never was. */
export function requireListed(state: State, id: string | undefined): void {
  if (id !== undefined && !state.deletedCustomers.has(id)) requireCustomer(state, id, 'customer');
}

/** A method may only be made a default once it is attached. */
export function requireAttached(state: State, method: string, customer: string, param: string): string {
  if (state.paymentMethods.get(method)?.customer === customer) return method;
  throw invalidRequest(
    `The customer does not have a payment method with the ID ${method}. The payment method must be attached to the customer.`,
    { code: 'resource_missing', param },
  );
}

/** The method that pays this subscription: its own, else the customer's. */
export function payingMethod(
  state: State,
  subscription: Subscription | null,
  customer: Customer | undefined,
): PaymentMethod | undefined {
  const id =
    subscription?.default_payment_method ??
    customer?.invoice_settings.default_payment_method ??
    customer?.default_source;
  return id == null ? undefined : state.paymentMethods.get(id);
}

/** Takes a method away; objects that had it as their default have none afterwards. */
export function detach(state: State, method: PaymentMethod): void {
  const owner = method.customer;
  if (owner === null) {
    throw invalidRequest('The payment method you provided is not attached to a customer so detachment is impossible.', {
      param: 'payment_method',
    });
  }
  method.customer = null;
  state.usedMethods.add(method.id);
  state.emit('payment_method.detached', method);
  const customer = state.customers.get(owner);
  if (customer?.invoice_settings.default_payment_method === method.id) {
    state.update(customer, (changed) => void (changed.invoice_settings.default_payment_method = null));
  }
  if (customer?.default_source === method.id) state.update(customer, (changed) => void (changed.default_source = null));
  for (const subscription of state.subscriptions.values()) {
    if (subscription.default_payment_method !== method.id || isTerminal(subscription)) continue;
    state.update(subscription, (changed) => void (changed.default_payment_method = null));
  }
}

/** SUB-14: deleting a customer cancels its subscriptions. */
export function deleteCustomer(state: State, customer: Customer): void {
  for (const subscription of state.subscriptions.of(customer.id)) {
    if (!isTerminal(subscription)) endSubscription(state, subscription, 'cancellation_requested');
  }
  for (const method of state.paymentMethods.values()) {
    if (method.customer !== customer.id) continue;
    method.customer = null;
    state.usedMethods.add(method.id);
  }
  state.customers.delete(customer.id);
  state.deletedCustomers.add(customer.id);
  state.emit('customer.deleted', customer);
}

/** A customer with nothing said about it, not kept yet. */
export function blankCustomer(state: State, email: string | null): Customer {
  return {
    id: state.ids.next('cus'),
    object: 'customer',
    address: null,
    balance: 0,
    created: state.clock.seconds(),
    currency: null,
    customer_account: state.settings.accountsV2 === 'off' ? null : `acct_1${state.ids.token(15)}`,
    default_source: null,
    delinquent: false,
    description: null,
    discount: null,
    email,
    invoice_prefix: state.ids.token(8).toUpperCase(),
    invoice_settings: { custom_fields: null, default_payment_method: null, footer: null, rendering_options: null },
    livemode: false,
    metadata: {},
    name: null,
    next_invoice_sequence: 1,
    phone: null,
    preferred_locales: [],
    shipping: null,
    tax_exempt: 'none',
    test_clock: null,
  };
}

/** @throws {StripeError} `tax_id_invalid` */
export function checkTaxId({ type, value }: Pick<TaxId, 'type' | 'value'>, param = 'value'): void {
  if (type === 'eu_vat' && !/^[A-Z]{2}[0-9A-Z]{2,12}$/.test(value))
    throw invalidRequest('Invalid value for eu_vat.', { code: 'tax_id_invalid', param });
}

/** @throws {StripeError} `tax_id_invalid` */
export function addTaxId(state: State, customer: Customer, { type, value }: Pick<TaxId, 'type' | 'value'>): TaxId {
  checkTaxId({ type, value });
  const taxId: TaxId = {
    id: state.ids.next('txi'),
    object: 'tax_id',
    country: type === 'eu_vat' ? value.slice(0, 2) : type.slice(0, 2).toUpperCase(),
    created: state.clock.seconds(),
    customer: customer.id,
    customer_account: null,
    livemode: false,
    owner: { customer: customer.id, customer_account: null, type: 'customer' },
    type,
    value,
    verification: { status: 'verified', verified_address: null, verified_name: null },
  };
  state.taxIds.add(taxId);
  state.emit('customer.tax_id.created', taxId);
  return taxId;
}
