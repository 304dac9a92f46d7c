/** `/v1/disputes`, and the account's balance. */

import { balanceNow } from '../engine/account-balance.ts';
import { closeDispute, submitEvidence } from '../engine/disputes.ts';
import { noSuch } from '../errors.ts';
import type { Api } from '../http/api.ts';
import { inRange, page, pageParams } from '../http/paging.ts';
import { flag, hash, metadata, text, timeRange } from '../http/params.ts';
import type { State } from '../state/state.ts';
import type { Dispute } from '../state/wire.ts';
import { freshMetadata } from './metadata.ts';

const updateFields = { evidence: hash({ uncategorized_text: text }), metadata, submit: flag };

export function disputeRoutes(api: Api): void {
  api.get('/v1/balance', {}, ({ state }) => balanceNow(state));
  api.get(
    '/v1/disputes',
    { ...pageParams, charge: text, created: timeRange, payment_intent: text },
    ({ state, params }) =>
      page(
        state.disputes.list(
          (row) =>
            (params.charge === undefined || row.charge === params.charge) &&
            (params.payment_intent === undefined || row.payment_intent === params.payment_intent) &&
            inRange(row.created, params.created),
        ),
        params,
        '/v1/disputes',
        'dispute',
      ),
  );
  api.get('/v1/disputes/:id', {}, ({ state, id }) => requireDispute(state, id()));
  api.post('/v1/disputes/:id', updateFields, ({ state, params, id }) => {
    const dispute = requireDispute(state, id());
    const said = params.evidence?.uncategorized_text;
    submitEvidence(state, dispute, {
      ...(params.metadata === undefined ? {} : { metadata: freshMetadata(params.metadata) }),
      ...(said === undefined ? {} : { text: said }),
      // Evidence is submitted unless it is said to be a draft.
      submit: params.submit ?? said !== undefined,
    });
    return dispute;
  });
  api.post('/v1/disputes/:id/close', {}, ({ state, id }) => {
    const dispute = requireDispute(state, id());
    closeDispute(state, dispute);
    return dispute;
  });
}

function requireDispute(state: State, id: string): Dispute {
  const dispute = state.disputes.get(id);
  if (!dispute) throw noSuch('dispute', id);
  return dispute;
}
