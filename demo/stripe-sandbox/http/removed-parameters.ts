/**
 * Parameters that newer versions have no more (OBJ-6). A call that names a version is held to it; one that names none is
 * of an account whose default version may be any.
 */

import { releases, type Release } from '../engine/versions.ts';
import { unknownParam } from '../errors.ts';
import { endpointKey } from './declared.ts';
import { isRecord } from './params.ts';

/** By endpoint: each parameter, with the last release that had it. */
export const removedParameters: Readonly<Record<string, Readonly<Record<string, Release>>>> = {
  'POST /v1/checkout/sessions': { payment_method_types: 'dahlia' },
  'POST /v1/customers': { coupon: 'acacia', promotion_code: 'acacia' },
  'POST /v1/customers/:': { coupon: 'acacia', promotion_code: 'acacia' },
  'POST /v1/payment_intents': { payment_method_types: 'dahlia' },
  'POST /v1/promotion_codes': { coupon: 'acacia' },
  'POST /v1/setup_intents': { payment_method_types: 'dahlia' },
  'POST /v1/subscription_schedules': { 'phases[].iterations': 'acacia' },
  'POST /v1/subscription_schedules/:': { 'phases[].iterations': 'acacia' },
  'POST /v1/subscriptions': { coupon: 'acacia', promotion_code: 'acacia' },
  'POST /v1/subscriptions/:': { coupon: 'acacia', promotion_code: 'acacia' },
};

/** @throws {StripeError} `parameter_unknown` */
export function refuseRemoved(
  method: string,
  path: string,
  raw: Readonly<Record<string, unknown>>,
  asked: Release,
): void {
  for (const [name, last] of Object.entries(removedParameters[endpointKey(method, path)] ?? {}))
    if (isGiven(raw, name.split('[].')) && releases.indexOf(asked) > releases.indexOf(last)) throw unknownParam(name);
}

/** `['phases', 'iterations']`: in an element of that list. */
function isGiven(raw: unknown, [name = '', ...inner]: readonly string[]): boolean {
  if (!isRecord(raw)) return false;
  if (inner.length === 0) return name in raw;
  return Object.values(raw[name] ?? {}).some((element) => isGiven(element, inner));
}
