/** What a fetch changes of its customer's row: reckoned once, for the statement that both stores run. */

import { compareAccess } from './access-told.ts';
import type { Claim, Fetched } from './customers.ts';
import { number, textOrNull, type Row } from './rows.ts';

/**
 * @param before - the row's `facts`, `ticket`, `revision` and `access_told`, read in the transaction that writes
 * @returns `bind`: the parameters of `customerSql.writeFacts`; `entries`: the notices of access to write with it
 */
export function changeOf(before: Row, claim: Claim, { facts, fetchedAt, nextChangeAt, now, access = null }: Fetched) {
  const content = JSON.stringify(facts);
  const changed = before['facts'] !== content;
  const revision = number(before['revision']) + (changed ? 1 : 0);
  const { told, entries } = compareAccess(textOrNull(before['access_told']), access);
  const raised = number(before['ticket']);
  const bind = {
    customer: claim.customer,
    // Nothing happens to a deleted customer any more: it is not fetched again for what was raised meanwhile.
    ticket: facts.deleted ? raised : claim.ticket,
    content,
    fetchedAt,
    revision,
    changed: Number(changed),
    cause: claim.cause,
    stale: Number(!facts.deleted && raised > claim.ticket),
    nextChangeAt: facts.deleted ? null : nextChangeAt,
    deleted: Number(facts.deleted),
    told,
    now,
  };
  return { content, changed, revision, entries, bind };
}
