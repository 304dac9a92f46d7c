/** Answers as Stripe sends them: headers (HTTP-1) and error bodies. */

import type { StripeError } from '../errors.ts';
import { apiVersion } from '../state/events.ts';
import type { StoredAnswer } from './idempotency.ts';

/** HTTP-1: the request was carried out; sending it again would change nothing. */
export const settledHeaders = { 'stripe-should-retry': 'false' };

export function respond(
  answer: StoredAnswer,
  requestId: string,
  key: string | null,
  extra: Readonly<Record<string, string>> = {},
): Response {
  return new Response(answer.body, {
    status: answer.status,
    headers: {
      'content-type': 'application/json',
      'cache-control': 'no-cache, no-store',
      'request-id': requestId,
      'stripe-version': apiVersion,
      ...(key === null ? {} : { 'idempotency-key': key, 'original-request': requestId }),
      ...extra,
    },
  });
}

export function errorAnswer(error: StripeError, requestId: string): StoredAnswer {
  const body = { ...error.body, request_log_url: `https://dashboard.stripe.com/test/logs/${requestId}` };
  return { status: error.status, body: JSON.stringify({ error: sorted(body) }, null, 2), requestId };
}

const sorted = (body: object): object =>
  Object.fromEntries(Object.entries(body).toSorted(([a], [b]) => (a < b ? -1 : 1)));
