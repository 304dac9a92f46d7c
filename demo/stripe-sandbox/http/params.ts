/**
 * The parameters of a request. Each endpoint declares its parameters; everything else is refused (HTTP-6), because a twin that
 * ignores what it does not know lets mistakes through that the real API would have caught.
 *
 * Form bodies carry only text, so each field also says how its text is read.
 */

import { invalidRequest, missingParam, unknownParam } from '../errors.ts';

export interface Field<T> {
  /** Reads what was sent under `path`. */
  read(raw: unknown, path: string): T;
  readonly required?: true;
  /** The fields of a hash, and the element of a list: `declared-parameters.json` is made by walking them. */
  readonly parts?: Shape;
  readonly element?: Field<unknown>;
}

// oxlint-disable-next-line typescript/no-explicit-any -- a shape's fields are of any type; `Read` recovers each
export type Shape = Record<string, Field<any>>;
type Value<F> = F extends Field<infer T> ? T : never;
type RequiredKeys<S> = { [K in keyof S]: S[K] extends { required: true } ? K : never }[keyof S];

/** The values of a shape, once read. */
export type Read<S extends Shape> = { [K in RequiredKeys<S>]: Value<S[K]> } & {
  [K in Exclude<keyof S, RequiredKeys<S>>]?: Value<S[K]>;
};

/** @param most - how many characters; 5,000 where Stripe's documentation says nothing else */
export const textUpTo = (most: number): Field<string> => ({
  read(raw, path) {
    if (typeof raw !== 'string') throw invalidRequest('Invalid string', { param: path });
    if (raw === '') {
      throw invalidRequest(
        `You passed an empty string for '${path}'. We assume empty values are an attempt to unset a parameter; however '${path}' cannot be unset. You should remove '${path}' from your request or supply a non-empty value.`,
        { code: 'parameter_invalid_empty', param: path },
      );
    }
    if (raw.length <= most) return raw;
    throw invalidRequest(
      `Invalid string: ${raw.slice(0, 10)}...${raw.slice(-10)}; must be at most ${most} characters`,
      {
        param: path,
      },
    );
  },
});

export const text = textUpTo(5000);

export const integer: Field<number> = {
  read(raw, path) {
    if (typeof raw !== 'string' || !/^-?\d{1,15}$/.test(raw)) {
      throw invalidRequest(`Invalid integer: ${String(raw)}`, { code: 'parameter_invalid_integer', param: path });
    }
    return Number(raw);
  },
};

export const decimal: Field<string> = {
  read(raw, path) {
    if (typeof raw !== 'string' || !/^-?\d+(\.\d{1,12})?$/.test(raw)) {
      throw invalidRequest(`Invalid decimal: ${String(raw)}`, { param: path });
    }
    return raw;
  },
};

export const flag: Field<boolean> = {
  read(raw, path) {
    if (raw === 'true' || raw === '1') return true;
    if (raw === 'false' || raw === '0') return false;
    throw invalidRequest(`Invalid boolean: ${String(raw)}`, { param: path });
  },
};

/** The sandbox carries out only some of what Stripe's union declares: said plainly, rather than ignored. */
export function only<const T extends string>(...carriedOut: readonly T[]): Field<T> {
  return {
    read(raw, path) {
      const found = carriedOut.find((value) => value === raw);
      if (found !== undefined) return found;
      throw invalidRequest(`The sandbox carries out '${path}' only as ${carriedOut.join(', ')}.`, {
        code: 'sandbox_unsupported',
        param: path,
      });
    },
  };
}

/**
 * One of the texts that the SDK's own union declares; `declared.ts` holds the request to them, so none is listed here.
 *
 * @example union<Stripe.Checkout.SessionCreateParams.Locale>()
 */
export const union = <T extends string>(): Field<Known<T>> => text as Field<string> as Field<Known<T>>;

/** The texts of a union without the SDK's opening for those of the future. */
export type Known<T extends string> = T extends string
  ? Record<never, never> extends Record<T, 1>
    ? never
    : T
  : never;

export function list<T>(of: Field<T>): Field<T[]> {
  return {
    element: of,
    read(raw, path) {
      // `items[0][price]` arrives as an array, an index above qs's limit as an object with number keys.
      const values = isRecord(raw) && Object.keys(raw).every((key) => /^\d+$/.test(key)) ? Object.values(raw) : raw;
      if (!Array.isArray(values)) throw invalidRequest('Invalid array', { param: path });
      return values.map((value, index) => of.read(value, `${path}[${index}]`));
    },
  };
}

export function hash<S extends Shape>(shape: S): Field<Read<S>> {
  return { parts: shape, read: (raw, path) => readShape(shape, raw, path) };
}

/** An empty text unsets the field. */
export function emptyable<T>(field: Field<T>): Field<T | null> {
  return { ...field, read: (raw, path) => (raw === '' ? null : field.read(raw, path)) };
}

export function required<T>(field: Field<T>): Field<T> & { required: true } {
  return { ...field, required: true };
}

/** A parameter of Stripe's that the sandbox does not carry out: said plainly, rather than ignored. */
export const unsupported: Field<undefined> = {
  read(raw, path) {
    if (raw === 'false' || raw === '') return undefined;
    throw invalidRequest(`The sandbox does not carry out '${path}' yet.`, { code: 'sandbox_unsupported', param: path });
  },
};

/** Either of two readings; the first that takes the value wins. */
export function either<A, B>(first: Field<A>, second: Field<B>): Field<A | B> {
  return {
    read(raw, path) {
      try {
        return first.read(raw, path);
      } catch {
        return second.read(raw, path);
      }
    },
  };
}

/** Metadata as a patch: an empty value removes its key, an empty whole removes all. */
export const metadata: Field<Record<string, string> | null> = emptyable({
  read(raw, path) {
    if (!isRecord(raw)) throw invalidRequest('Invalid hash', { param: path });
    const entries = Object.entries(raw);
    if (entries.length > 50) throw invalidRequest('Metadata can have up to 50 keys.', { param: path });
    return Object.fromEntries(
      entries.map(([key, value]) => {
        if (typeof value !== 'string')
          throw invalidRequest('Metadata values must be strings', { param: `${path}[${key}]` });
        if (key.length > 40 || value.length > 500) {
          throw invalidRequest('Metadata keys can have up to 40 characters, values up to 500.', {
            param: `${path}[${key}]`,
          });
        }
        return [key, value];
      }),
    );
  },
});

/** A time, or a range of them (`created[gte]=…`). */
export const timeRange: Field<{ gt?: number; gte?: number; lt?: number; lte?: number }> = {
  read(raw, path) {
    if (typeof raw === 'string') {
      const at = integer.read(raw, path);
      return { gte: at, lte: at };
    }
    return readShape({ gt: integer, gte: integer, lt: integer, lte: integer }, raw, path);
  },
};

/** Reads a whole request (or a hash in it), refusing what the shape does not name. */
export function readShape<S extends Shape>(shape: S, raw: unknown, path = ''): Read<S> {
  if (!isRecord(raw)) throw invalidRequest('Invalid hash', { param: path });
  const at = (key: string): string => (path ? `${path}[${key}]` : key);
  for (const key of Object.keys(raw)) if (!Object.hasOwn(shape, key)) throw unknownParam(at(key));
  const values: Record<string, unknown> = {};
  for (const [key, field] of Object.entries(shape)) {
    if (raw[key] !== undefined) values[key] = field.read(raw[key], at(key));
    else if (field.required) throw missingParam(at(key));
  }
  return values as Read<S>;
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
