/**
 * Values that are bounded at Stripe: how long a text, how large a number, which addresses and currencies. The bounds are
 * those of the SDK's documentation of each parameter, and of Stripe's own refusals.
 */

import { invalidRequest } from '../errors.ts';
import { decimal, integer, text, textUpTo, type Field } from './params.ts';

export interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/** @example integerFrom({ min: 1, max: 730 }) */
export const integerFrom = (bounds: Bounds): Field<number> => ({
  read(raw, path) {
    const value = integer.read(raw, path);
    requireWithin(value, bounds, path);
    return value;
  },
});

/** A count, an amount or a time that is never below nothing. */
export const natural = integerFrom({ min: 0 });
export const positive = integerFrom({ min: 1 });

export const decimalFrom = (bounds: Bounds): Field<string> => ({
  read(raw, path) {
    const value = decimal.read(raw, path);
    requireWithin(Number(value), bounds, path);
    return value;
  },
});

function requireWithin(value: number, { min, max }: Bounds, path: string): void {
  const code = 'parameter_invalid_integer';
  if (min === 0 && value < 0) throw invalidRequest('Invalid non-negative integer', { code, param: path });
  if (min !== undefined && value < min) {
    throw invalidRequest(`This value must be greater than or equal to ${min} (it currently is '${value}').`, {
      code,
      param: path,
    });
  }
  if (max !== undefined && value > max) {
    throw invalidRequest(`This value must be less than or equal to ${max} (it currently is '${value}').`, {
      code,
      param: path,
    });
  }
}

const matching = (pattern: RegExp, message: (value: string) => string, code?: string, most = 5000): Field<string> => ({
  read(raw, path) {
    const value = textUpTo(most).read(raw, path);
    if (pattern.test(value)) return value;
    throw invalidRequest(message(value), { param: path, ...(code === undefined ? {} : { code }) });
  },
});

export const emailAddress = matching(
  /^[^\s@]+@[^\s@]+\.[^\s@]+$/,
  (value) => `Invalid email address: ${value}`,
  'email_invalid',
  512,
);

export const country = matching(
  /^[A-Za-z]{2}$/,
  (value) =>
    `Country '${value}' is unknown. Try using a 2-character alphanumeric country code instead, such as 'US', 'EG', or 'GB'. A full list of country codes is available at https://stripe.com/global.`,
  'country_code_invalid',
);

export const invoicePrefix = matching(
  /^[A-Z0-9]{3,12}$/,
  (value) => `Invalid invoice prefix: ${value}. It must be 3–12 uppercase letters or numbers.`,
);

const addressOf = (scheme: RegExp): Field<string> => ({
  read(raw, path) {
    const value = text.read(raw, path);
    if (URL.canParse(value) && scheme.test(value)) return value;
    throw invalidRequest('Not a valid URL', { code: 'url_invalid', param: path });
  },
});

/** Where a person is sent: a page, or an application's own scheme. */
export const returnAddress = addressOf(/^[a-z][a-z\d+.-]*:\/\//i);
export const webAddress = addressOf(/^https?:\/\//i);

/** https://docs.stripe.com/currencies */
const supported = new Set(
  (
    'usd aed afn all amd ang aoa ars aud awg azn bam bbd bdt bgn bhd bif bmd bnd bob brl bsd bwp byn bzd cad cdf chf clp ' +
    'cny cop crc cve czk djf dkk dop dzd egp etb eur fjd fkp gbp gel gip gmd gnf gtq gyd hkd hnl hrk htg huf idr ils inr ' +
    'isk jmd jod jpy kes kgs khr kmf krw kwd kyd kzt lak lbp lkr lrd lsl mad mdl mga mkd mmk mnt mop mur mvr mwk mxn myr ' +
    'mzn nad ngn nio nok npr nzd omr pab pen pgk php pkr pln pyg qar ron rsd rub rwf sar sbd scr sek sgd shp sle sos srd ' +
    'std szl thb tjs tnd top try ttd twd tzs uah ugx uyu uzs vnd vuv wst xaf xcd xcg xof xpf yer zar zmw'
  ).split(' '),
);

export const currencyCode: Field<string> = {
  read(raw, path) {
    const value = text.read(raw, path).toLowerCase();
    if (supported.has(value)) return value;
    throw invalidRequest(
      `Invalid currency: ${value}. Stripe currently supports these currencies: ${[...supported].join(', ')}`,
      { param: path },
    );
  },
};

/** A list of so many elements at most. */
export const upTo = <T>(most: number, list: Field<T[]>): Field<T[]> => ({
  ...list,
  read(raw, path) {
    const values = list.read(raw, path);
    if (values.length <= most) return values;
    throw invalidRequest(`Array above max size; maximum of ${most} elements`, { param: path });
  },
});

/** Refuses a time that is over, or that is too far ahead. Both in Unix seconds. */
export function requireFuture(at: number | undefined, now: number, param: string, latest = Infinity): void {
  if (at === undefined) return;
  if (at <= now) {
    throw invalidRequest('Invalid timestamp: must be an integer Unix timestamp in the future.', { param });
  }
  if (at > latest) throw invalidRequest('Invalid timestamp: it is too far in the future.', { param });
}

/** Refuses parameters that say the same thing in two ways. */
export function requireOneOf(params: object, ...names: readonly string[]): void {
  const given = names.filter((name) => (params as Record<string, unknown>)[name] !== undefined);
  if (given.length < 2) return;
  throw invalidRequest(`You may only specify one of these parameters: ${names.join(', ')}.`, {
    param: given[0] ?? '',
  });
}
