/** `/v1/checkout/sessions`: the first purchase, on a hosted page. */

import { expireCheckout } from '../engine/checkout-session.ts';
import { requireListed } from '../engine/customers.ts';
import { invalidRequest, noSuch } from '../errors.ts';
import type { Api } from '../http/api.ts';
import { inRange, page, pageParams } from '../http/paging.ts';
import { hash, required, text, timeRange, union } from '../http/params.ts';
import type { State } from '../state/state.ts';
import type { CheckoutSession } from '../state/wire.ts';
import { openCheckout } from './checkout-create.ts';
import { checkoutFields } from './checkout-fields.ts';

export function checkoutRoutes(api: Api): void {
  api.post('/v1/checkout/sessions', checkoutFields, ({ state, params }) => openCheckout(state, params));
  api.get(
    '/v1/checkout/sessions',
    {
      ...pageParams,
      created: timeRange,
      customer: text,
      customer_account: text,
      customer_details: hash({ email: required(text) }),
      payment_intent: text,
      status: union<NonNullable<CheckoutSession['status']>>(),
      subscription: text,
    },
    ({ state, params }) => {
      requireListed(state, params.customer);
      return page(
        state.checkoutSessions.listOf(
          params.customer,
          (row) =>
            (params.status === undefined || row.status === params.status) &&
            (params.subscription === undefined || row.subscription === params.subscription) &&
            (params.payment_intent === undefined || row.payment_intent === params.payment_intent) &&
            (params.customer_details === undefined || row.customer_details?.email === params.customer_details.email) &&
            inRange(row.created, params.created),
        ),
        params,
        '/v1/checkout/sessions',
        'checkout session',
      );
    },
  );
  api.get('/v1/checkout/sessions/:id', {}, ({ state, id }) => requireSession(state, id()));
  api.get('/v1/checkout/sessions/:id/line_items', pageParams, ({ state, params, id }) => {
    const session = requireSession(state, id());
    const lines = (state.checkoutOrders.get(session.id)?.items ?? []).map(({ line }) => line);
    return page(lines, params, `/v1/checkout/sessions/${session.id}/line_items`, 'item');
  });
  api.post('/v1/checkout/sessions/:id/expire', {}, ({ state, id }) => {
    const session = requireSession(state, id());
    if (session.status !== 'open') {
      throw invalidRequest(
        `Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of ${session.status}.`,
      );
    }
    expireCheckout(state, session);
    return session;
  });
}

function requireSession(state: State, id: string): CheckoutSession {
  const session = state.checkoutSessions.get(id);
  if (!session) throw noSuch('checkout.session', id);
  return session;
}
