/**
 * Typed readers for loose Stripe JSON. Objects arrive in the shape of whichever API version made them (2020-08-27 to
 * 2026-10-28), from the SDK, a webhook or a recording, so nothing here trusts a type: an unexpected value reads as
 * `null`, and only a missing identity is an error.
 */

import { CodedError } from '../../coded-error.ts';

export type Json = Readonly<Record<string, unknown>>;

/**
 * A Stripe object without the identity it is stored under: an answer that cannot be used, and must not be mistaken for
 * "nothing there". The sync fails, keeps the older facts and tries again.
 */
export class StripeObjectMalformed extends CodedError<'stripe_object_malformed'> {
  override readonly name = 'StripeObjectMalformed';

  /** `object` is the kind (`subscription`), `field` what is missing (`id`). Neither names a customer: safe to log. */
  constructor(object: string, field: string) {
    super('stripe_object_malformed', `Stripe answered with a ${object} that has no usable \`${field}\`.`);
  }
}

const nothing: Json = Object.freeze({});

/** An object, or an empty one, so that a chain of reads needs no question marks. */
export function object(value: unknown): Json {
  return isObject(value) ? value : nothing;
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value : null;
}

export function number(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

/** Stripe's times are Unix seconds; ours are milliseconds. */
export function time(value: unknown): number | null {
  const seconds = number(value);
  return seconds === null ? null : seconds * 1000;
}

/** An array, or the `data` of a Stripe list. */
export function list(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  const data = object(value)['data'];
  return Array.isArray(data) ? data : [];
}

/** The id of something that may be expanded or not. */
export function idOf(value: unknown): string | null {
  return text(value) ?? text(object(value)['id']);
}

/** The required id of an object that was asked for by itself. Throws `stripe_object_malformed`. */
export function requiredText(value: unknown, kind: string, field: string): string {
  const found = text(object(value)[field]);
  if (found === null) throw new StripeObjectMalformed(kind, field);
  return found;
}

/**
 * Decimals are strings on the wire, `Decimal` instances when they come through the SDK (23 and later), and plain
 * numbers in the older fields beside them.
 */
export function decimal(value: unknown): number | null {
  if (typeof value === 'number') return number(value);
  if (typeof value === 'string') return value.trim() === '' ? null : number(Number(value));
  if (!isObject(value)) return null;
  const convert = value['toNumber'];
  if (typeof convert === 'function') return number(convert.call(value));
  return 'decimal' in value && !isObject(value['decimal']) ? decimal(value['decimal']) : null;
}
