/** Keyed digests of payment methods and billing details: a change is seen, and nothing of them is kept. */

import { idOf, isObject, list, number, object, text, type Json } from './json.ts';

export type Digest = (text: string) => string;

export function subscriptionMethod(source: Json): unknown {
  return source['default_payment_method'] ?? source['default_source'] ?? null;
}

export function customerMethod(customer: Json): unknown {
  return object(customer['invoice_settings'])['default_payment_method'] ?? customer['default_source'] ?? null;
}

/**
 * Digests of payment methods that can be compared with each other: a charge names its method by id only, a default one
 * is expanded, and the two must not look like different cards (every page would say "you replaced your card").
 */
export function digestOfMethods(
  subscriptions: readonly unknown[],
  customer: Json,
  digest: Digest,
): (method: unknown) => string | null {
  const known = new Map<string, Json>();
  for (const holder of [customerMethod(customer), ...subscriptions.map((each) => subscriptionMethod(object(each)))]) {
    const id = idOf(holder);
    if (id !== null && isObject(holder)) known.set(id, holder);
  }
  return (method) => {
    const id = idOf(method);
    return id === null ? null : digest(methodText(id, known.get(id) ?? object(method)));
  };
}

/** Id and the details printed on the method: a card that the network renewed (same id, later expiry) is a change too. */
function methodText(id: string, method: Json): string {
  const type = text(method['type']);
  const details = type !== null && isObject(method[type]) ? method[type] : (method['card'] ?? method);
  const fields = ['brand', 'fingerprint', 'last4', 'exp_month', 'exp_year', 'country'];
  return canonical([id, type, ...fields.map((field) => scalar(object(details)[field]))]);
}

export function billingDetails(customer: Json): string {
  const address = object(customer['address']);
  const lines = ['line1', 'line2', 'city', 'state', 'postal_code', 'country'];
  const names = ['name', 'individual_name', 'business_name', 'email', 'phone'];
  const taxIds = list(customer['tax_ids']).map((each) => [scalar(object(each)['type']), scalar(object(each)['value'])]);
  return canonical([
    names.map((field) => scalar(customer[field])),
    lines.map((field) => scalar(address[field])),
    taxIds.map((each) => canonical(each)).toSorted(compare),
  ]);
}

/** Absent, `null` and empty are one thing to a person, and differ between API versions. */
function scalar(value: unknown): string | number | null {
  return text(value) ?? number(value);
}

function canonical(value: unknown): string {
  return JSON.stringify(value);
}

/** By code unit: a locale's order would differ between machines, and with it the stored facts. */
export function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
