/**
 * The values that the SDK's own declarations allow a parameter. `declared-parameters.json` is generated from the installed
 * `stripe` package (`test/sandbox/declared-parameters.ts`, held by a test), so that no list is kept by hand and none is
 * shorter or longer than Stripe's.
 */

import { invalidRequest } from '../errors.ts';
import declared from './declared-parameters.json' with { type: 'json' };
import { isRecord } from './params.ts';

/** A parameter, as far as it has a closed list of texts in it. */
export interface Declared {
  /** The texts that it may be. */
  readonly oneOf?: readonly string[];
  /** Other values, such as numbers, may stand in their place. */
  readonly open?: true;
  /** The fields of a hash. */
  readonly parts?: Readonly<Record<string, Declared>>;
  /** The element of a list. */
  readonly element?: Declared;
}

const endpoints = declared as Readonly<Record<string, Declared>>;

/** @example endpointKey('GET', '/v1/customers/:id'); // 'GET /v1/customers/:' */
export const endpointKey = (method: string, path: string): string => `${method} ${path.replaceAll(/:\w+/g, ':')}`;

/** Refuses texts that are not in Stripe's own union (CHK-2, and every other enumeration). */
export function checkDeclared(method: string, path: string, raw: unknown): void {
  const endpoint = endpoints[endpointKey(method, path)];
  if (endpoint) check(endpoint, raw, '');
}

function check({ oneOf, open, parts, element }: Declared, raw: unknown, path: string): void {
  if (Array.isArray(raw)) raw.forEach((entry, index) => element && check(element, entry, `${path}[${index}]`));
  else if (isRecord(raw)) {
    for (const [key, value] of Object.entries(raw)) {
      const part = parts?.[key];
      if (part) check(part, value, path === '' ? key : `${path}[${key}]`);
    }
  } else if (typeof raw === 'string' && oneOf && !oneOf.includes(raw) && raw !== '' && !(open && /^-?\d/.test(raw))) {
    const names = oneOf.length > 1 ? `${oneOf.slice(0, -1).join(', ')}, or ${oneOf.at(-1)}` : oneOf[0];
    throw invalidRequest(`Invalid ${path}: must be one of ${names}`, { param: path });
  }
}
