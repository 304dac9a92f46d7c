/** The connection between a process and Stripe, with its faults, and Stripe's answers about its own deliveries. */

import type { Fault } from './history.ts';
import type { Transport } from './interleaving.ts';
import type { StripeAccount } from './stripe-account.ts';

/**
 * @param takeFault - what is to go wrong with the next request; `null` for nothing.
 * @param tally - where requests are counted.
 */
export function stripeTransport(
  stripe: StripeAccount,
  takeFault: () => Fault | null,
  tally: { requests: number },
): Transport {
  return async (input, init) => {
    tally.requests++;
    const url = new URL(String(input));
    const answer = async () => {
      // Here the history is the postman: the sandbox would say that everything arrived.
      if (url.searchParams.get('delivery_success') === 'false') return undelivered(stripe);
      return stripe.sandbox.app.request(url.href, init);
    };
    const fault = takeFault();
    switch (fault) {
      case null:
        return answer();
      case 'rateLimited':
        return failure(429, { type: 'invalid_request_error', code: 'rate_limit', message: 'Too many requests.' });
      case 'serverError':
        return failure(500, { type: 'api_error', message: 'An unknown error occurred.' });
      case 'missing':
        // For a subject it would be believed: a deleted subject has an owner, and the owner's own events tell the rest.
        if (!/^\/v1\/(?:subscriptions$|customers\/)/.test(url.pathname)) return answer();
        // As for the key of another account: nothing is known of the customer, and that says nothing about it.
        return failure(404, {
          type: 'invalid_request_error',
          code: 'resource_missing',
          param: 'customer',
          message: 'No such customer.',
        });
      case 'html':
        return new Response('<html>502 Bad Gateway</html>', { status: 502, headers: { 'content-type': 'text/html' } });
      case 'halfBody': {
        const body = await (await answer()).text();
        return new Response(body.slice(0, body.length / 2), { headers: { 'content-type': 'application/json' } });
      }
      case 'reset':
        throw new TypeError('fetch failed');
      case 'timeout':
        return null;
    }
  };
}

function undelivered({ mail, sandbox }: StripeAccount): Response {
  const ids = new Set(mail.flatMap(({ id, state }) => (state === 'arrived' || state === 'vanished' ? [] : [id])));
  const data = sandbox.state.events.list().filter(({ id }) => ids.has(id));
  return Response.json({ object: 'list', url: '/v1/events', has_more: false, data });
}

const failure = (status: number, error: object): Response => Response.json({ error }, { status });
