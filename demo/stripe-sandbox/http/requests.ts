/** Reads a request: its parameters, its key (HTTP-6). */

import type { Context } from 'hono';
import qs from 'qs';
import { invalidRequest } from '../errors.ts';
import { masked, type Keys } from './keys.ts';
import { isRecord } from './params.ts';

const maxBodyBytes = 1024 * 1024;

export async function readParams(c: Context, method: string): Promise<Record<string, unknown>> {
  const query = new URL(c.req.url).search.slice(1);
  const body = method === 'POST' ? await c.req.text() : '';
  if (body.length > maxBodyBytes) throw invalidRequest('Request body too large', { status: 413 });
  const type = c.req.header('content-type') ?? '';
  if (body && !type.startsWith('application/x-www-form-urlencoded')) {
    throw invalidRequest(
      `Invalid request (check that your POST content type is application/x-www-form-urlencoded). If you have any questions, we can help at https://support.stripe.com/.`,
    );
  }
  const parsed: unknown = qs.parse([query, body].filter(Boolean).join('&'), {
    arrayLimit: 200,
    depth: 10,
    parameterLimit: 5000,
  });
  return isRecord(parsed) ? parsed : {};
}

export const keyOf = (c: Context): string | undefined => {
  const given = c.req.header('authorization')?.replace(/^Bearer /, '');
  if (!given?.startsWith('Basic ')) return given;
  return Buffer.from(given.slice('Basic '.length), 'base64').toString().replace(/:$/, '');
};

/** HTTP-6: 401 comes without `Stripe-Version` and `Request-Id`. */
export function authenticate(c: Context, keys: Keys): Response | null {
  const given = keyOf(c);
  if (given !== undefined && keys.holds(given)) return null;
  const message = given
    ? `Invalid API Key provided: ${masked(given)}`
    : `You did not provide an API key. You need to provide your API key in the Authorization header, using Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY').`;
  return Response.json(
    { error: { message, type: 'invalid_request_error' } },
    { status: 401, headers: { 'www-authenticate': 'Bearer realm="Stripe"' } },
  );
}
