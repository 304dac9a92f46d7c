/** Carries a fault out: the answers that go wrong, and the connections that break. */

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { setTimeout } from 'node:timers/promises';
import { RESPONSE_ALREADY_SENT } from '@hono/node-server/utils/response';
import type { Context } from 'hono';
import { StripeError } from '../errors.ts';
import type { Fault } from './faults.ts';

/** Whether the call is carried out, and only its answer goes wrong. */
export const executes = (fault: Fault): boolean => fault.executed === true || fault.kind === 'halfBody';

/** HTTP-7. */
export const rateLimited = (): StripeError =>
  new StripeError(429, {
    type: 'invalid_request_error',
    code: 'rate_limit',
    message:
      'Testmode request rate limit exceeded, the rate limits in testmode are lower than livemode. You can learn more about rate limits here https://stripe.com/docs/rate-limits.',
  });

export const limitHeader = (error: StripeError): Record<string, string> =>
  error.body.code === 'rate_limit' ? { 'stripe-rate-limited-reason': 'global-rate' } : {};

/** @param body - the answer of a call that was carried out */
export async function goWrong(
  c: Context,
  fault: Fault,
  body: string | null,
  closing: AbortSignal,
): Promise<Response | StripeError> {
  switch (fault.kind) {
    case 'rateLimited':
      return rateLimited();
    case 'lockTimeout':
      return new StripeError(429, {
        type: 'invalid_request_error',
        code: 'lock_timeout',
        message:
          'This object cannot be accessed right now because another API request or Stripe process is currently accessing it.',
      });
    case 'serverError':
      return new StripeError(500, { type: 'api_error', message: 'An unknown error occurred' });
    case 'html':
      return new Response('<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>', {
        status: 502,
        headers: { 'content-type': 'text/html' },
      });
    case 'timeout':
      // No answer: the connection stays open until the client, or the sandbox, gives up.
      await once(AbortSignal.any([c.req.raw.signal, closing]), 'abort');
      return new Response(null, { status: 504 });
    case 'halfBody':
      return cutOff(c, body ?? '');
    case 'reset':
      return cutOff(c, null);
  }
}

/** Sends the first half of the body, or nothing at all, and breaks the connection. */
function cutOff(c: Context, body: string | null): Response {
  const { outgoing } = c.env as { outgoing?: ServerResponse };
  // Without a server (`app.request`) there is no connection to break; half a body is the nearest.
  if (!outgoing) return new Response(body?.slice(0, body.length / 2) ?? null);
  if (body === null) {
    outgoing.destroy();
    return RESPONSE_ALREADY_SENT;
  }
  outgoing.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) });
  outgoing.write(body.slice(0, body.length / 2), () => outgoing.destroy());
  return RESPONSE_ALREADY_SENT;
}

/** Waits, or stops waiting when the sandbox closes. */
export const sleep = (ms: number, closing: AbortSignal): Promise<void> =>
  setTimeout(ms, undefined, { signal: closing }).catch(() => undefined);
