/** A payment method of any API version → the few things that every billing page prints of it. */

import type { MethodFacts } from '../../billing/facts.ts';
import { isObject, number, object, text } from './json.ts';

/** @returns `null` where nothing is known of it but its id, or there is none */
export function methodFacts(method: unknown): MethodFacts | null {
  if (!isObject(method)) return null;
  const type = text(method['type']);
  // A PaymentMethod has its kind's details under the kind's name; a card of the days before is a card itself.
  const details = object((type === null ? null : method[type]) ?? method['card'] ?? method);
  const brand = text(details['display_brand']) ?? text(details['brand']) ?? type;
  if (brand === null) return null;
  return {
    brand: brand.toLowerCase(),
    last4: text(details['last4']),
    expMonth: number(details['exp_month']),
    expYear: number(details['exp_year']),
  };
}
