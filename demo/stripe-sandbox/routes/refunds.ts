/** Refunds of charges. */

import { invalidRequest, missingParam, noSuch } from '../errors.ts';
import type { Api } from '../http/api.ts';
import { inRange, page, pageParams } from '../http/paging.ts';
import { integer, metadata, text, timeRange, union, type Read } from '../http/params.ts';
import { tellChange } from '../state/events.ts';
import type { State } from '../state/state.ts';
import type { Charge, Refund } from '../state/wire.ts';
import { freshMetadata, patchMetadata } from './metadata.ts';

const createFields = {
  amount: integer,
  charge: text,
  metadata,
  payment_intent: text,
  reason: union<'duplicate' | 'fraudulent' | 'requested_by_customer'>(),
};

export function refundRoutes(api: Api): void {
  api.post('/v1/refunds', createFields, ({ state, params }) => refund(state, params));
  api.get(
    '/v1/refunds',
    { ...pageParams, charge: text, created: timeRange, payment_intent: text },
    ({ state, params }) =>
      page(
        state.refunds.list(
          (row) =>
            (params.charge === undefined || row.charge === params.charge) &&
            (params.payment_intent === undefined || row.payment_intent === params.payment_intent) &&
            inRange(row.created, params.created),
        ),
        params,
        '/v1/refunds',
        'refund',
      ),
  );
  api.get('/v1/refunds/:id', {}, ({ state, id }) => requireRefund(state, id()));
  api.post('/v1/refunds/:id', { metadata }, ({ state, params, id }) => {
    const refunded = requireRefund(state, id());
    const before = structuredClone(refunded);
    patchMetadata(refunded, params.metadata);
    tellChange(state.events, ['charge.refund.updated', 'refund.updated'], before, refunded);
    return refunded;
  });
}

function requireRefund(state: State, id: string): Refund {
  const found = state.refunds.get(id);
  if (!found) throw noSuch('refund', id);
  return found;
}

function refund(state: State, params: Read<typeof createFields>): Refund {
  const charge = chargeOf(state, params);
  const left = charge.amount - charge.amount_refunded;
  const amount = params.amount ?? left;
  if (charge.status !== 'succeeded') throw invalidRequest('This charge has not succeeded.', { param: 'charge' });
  if (left === 0) {
    throw invalidRequest(`Charge ${charge.id} has already been refunded.`, { code: 'charge_already_refunded' });
  }
  if (amount <= 0 || amount > left) {
    throw invalidRequest(`Refund amount (${amount}) is greater than unrefunded amount on charge (${left})`, {
      param: 'amount',
    });
  }
  const made: Refund = {
    id: state.ids.next('re'),
    object: 'refund',
    amount,
    balance_transaction: state.ids.next('txn'),
    charge: charge.id,
    created: state.clock.seconds(),
    currency: charge.currency,
    customer: charge.customer,
    customer_account: null,
    metadata: freshMetadata(params.metadata),
    payment_intent: charge.payment_intent,
    payment_method: charge.payment_method,
    reason: params.reason ?? null,
    receipt_number: null,
    source_transfer_reversal: null,
    status: 'succeeded',
    transfer_reversal: null,
  };
  state.refunds.add(made);
  charge.amount_refunded += amount;
  charge.refunded = charge.amount_refunded === charge.amount;
  state.emit('charge.refunded', charge);
  state.emit('refund.created', made);
  return made;
}

function chargeOf(state: State, { charge, payment_intent: intent }: Read<typeof createFields>): Charge {
  if (charge === undefined && intent === undefined) throw missingParam('charge');
  if (intent !== undefined && !state.paymentIntents.get(intent))
    throw noSuch('payment_intent', intent, 'payment_intent');
  const id = charge ?? state.paymentIntents.get(intent ?? '')?.latest_charge ?? '';
  const found = state.charges.get(id);
  if (!found) throw noSuch('charge', id, 'charge');
  return found;
}
