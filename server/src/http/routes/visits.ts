/**
 * `POST /v1/visits/return`: the person is back. The outcome is asked of Stripe, not read from the address: a ticket is
 * raised, and the answer waits for a fetch that began after it.
 */

import { Hono } from 'hono';
import { z } from 'zod';
import type { Change, VisitReturn, VisitReturnRequest } from '@billhook/widget/contract';
import type { Authenticated } from '../auth.ts';
import { changesBetween } from '../../billing/changes.ts';
import { withRememberedKeys, type Policy } from '../../billing/policy.ts';
import { BillhookError } from '../../problem.ts';
import { waitPreference } from '../long-poll.ts';
import { idField, readBody, type RequestSchema } from '../read-body.ts';
import type { RouteContext } from '../route-context.ts';
import { readSynced } from '../read-synced.ts';
import type { CustomerRecord } from '../../ledger/customers.ts';
import type { Visit } from '../../ledger/visits.ts';

const visitReturnRequest = z.strictObject({
  visit: idField,
}) satisfies RequestSchema<VisitReturnRequest>;

/** At most one ticket a visit in this time, however often the page asks. */
const ticketEveryMs = 5_000;

/** Stripe may be slower than the person: "unchanged" is synced again after so long. */
const recheckAfterMs = [5_000, 30_000];

export function visitsRoute(parts: RouteContext) {
  const { allow, config, store, catalogue } = parts;
  return new Hono<Authenticated>().post('/return', allow('billing:read'), async (c) => {
    const { caller } = c.var;
    const body = await readBody(c, visitReturnRequest);
    // Unknown, foreign and expired are answered alike: the id must not be a way to ask about other accounts.
    const visit = await store.findVisit(body.visit, caller, config.now());
    if (!visit) throw new BillhookError('visit_not_found');

    const waitMs = waitPreference(c.req.header('prefer'));
    const ticket = await store.returnVisit(visit.id, ticketEveryMs, config.now());
    const { reading, synced } = await readSynced(parts, caller, {
      customer: visit.customer,
      ticket,
      waitMs,
      wantedMs: Math.max(waitMs, ticketEveryMs),
      signal: c.req.raw.signal,
    });
    const { snapshot, record } = reading;
    if (!synced) {
      return c.json<VisitReturn>({ outcome: 'pending', changes: [], snapshot });
    }

    const changes = await changesSince(visit, record, caller.policy);
    const outcome = changes.length > 0 ? 'changed' : 'unchanged';
    const recheckAt = outcome === 'unchanged' ? recheckAfterMs.map((after) => config.now() + after) : [];
    await store.settleVisit(visit.id, outcome, recheckAt);
    return c.json<VisitReturn>({ outcome, changes, snapshot });
  });

  async function changesSince(visit: Visit, record: CustomerRecord | null, policy: Policy): Promise<Change[]> {
    if (!record?.facts || record.revision === visit.seen) return [];
    const before = await store.factsAt(visit.customer, visit.seen);
    // Before a first purchase there was nothing; before a portal that was opened without facts, the state is unknown.
    if (before === null && visit.kind !== 'checkout') return [];
    const { plans } = withRememberedKeys(policy, catalogue);
    return changesBetween(before, record.facts, (product) => catalogue.productName(product), plans);
  }
}
