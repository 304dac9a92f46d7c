/** The judgement of a customer's facts outside a request: when time changes it next, and what a host is told of it. */

import type { Catalogue } from './catalogue.ts';
import { receiversOf } from './outbox.ts';
import { accessDocument, accessSummary } from '../billing/access-document.ts';
import type { CustomerFacts } from '../billing/facts.ts';
import { judge } from '../billing/judge/judge.ts';
import { nextNoticeAt } from '../billing/notices.ts';
import type { AccessSummary } from '../billing/notice-types.ts';
import type { Config } from '../config/config.ts';
import type { AccessNow } from '../ledger/access-told.ts';
import type { AccountRef } from '../ledger/account.ts';
import { hasIllegibleFacts, type CustomerRecord, type DueAccess } from '../ledger/customers.ts';
import { describeCause } from '../log.ts';

/** Facts, and when their fetch began. */
export interface DatedFacts {
  readonly facts: CustomerFacts | null;
  readonly fetchedAt: number | null;
}

export interface JudgedFacts {
  /** When time alone will change the judgement or make news, in Unix milliseconds. */
  readonly nextChangeAt: number | null;
  readonly access: AccessSummary;
}

type Parts = { readonly config: Config; readonly catalogue: Catalogue };
type TellingParts = Parts & { readonly digest: (text: string) => string };

/** `null` where the host is not (or no longer) ours. */
export function judgeFacts(ref: AccountRef, { facts, fetchedAt }: DatedFacts, now: number, parts: Parts) {
  const { config, catalogue } = parts;
  const policy = config.hosts.get(ref.host)?.policy;
  if (!policy) return null;
  const state = { linked: true, facts, fetchedAt, revision: '', confirmedBy: null, staleSince: null };
  const { snapshot, subscriptions, nextChangeAt } = judge(state, policy, catalogue, { mayManage: true }, now);
  const { account } = ref;
  const access = accessSummary(accessDocument({ account, facts, snapshot, subscriptions }, policy, catalogue));
  const moments = [nextChangeAt, facts && nextNoticeAt(facts, now)].filter((at) => at !== null);
  return { nextChangeAt: moments.length === 0 ? null : Math.min(...moments), access } satisfies JudgedFacts;
}

/**
 * The access to be compared with what was told last.
 *
 * @param before - where nothing was told yet: the facts that it is compared with, judged as of their own fetch. `null`:
 *   with nothing, so that taking over ten thousand subscribers sends no notice.
 * @param fact - makes the notice's id
 */
export function accessNow(
  ref: AccountRef,
  summary: AccessSummary,
  before: DatedFacts | null,
  fact: string,
  parts: TellingParts,
): AccessNow | null {
  const { config, digest } = parts;
  const host = config.hosts.get(ref.host);
  if (!host) return null;
  const from = before && judgeFacts(ref, before, before.fetchedAt ?? config.now(), parts);
  return { summary, from: from?.access ?? null, id: `notice_${digest(fact)}`, receivers: receiversOf(host, config) };
}

/** A row that cannot be judged is fetched now, without a next deadline: it must not come up again in every poll. */
export function judgeDue(
  due: CustomerRecord,
  now: number,
  parts: TellingParts,
): { readonly nextChangeAt: number | null; readonly access: DueAccess | null } {
  const { host, account, customer, fetchedAt } = due;
  try {
    if (hasIllegibleFacts(due)) throw new Error('its facts cannot be read');
    const judged = judgeFacts(due, due, now, parts);
    const access =
      judged && accessNow(due, judged.access, due, `access ${customer} at ${due.nextChangeAt} ${now}`, parts);
    return { nextChangeAt: judged?.nextChangeAt ?? null, access: access && { ...access, fetchedAt } };
  } catch (cause) {
    parts.config.log.error('due.failed', { host, account, customer, cause: describeCause(cause) });
    return { nextChangeAt: null, access: null };
  }
}
