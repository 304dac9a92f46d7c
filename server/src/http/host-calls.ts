/** The questions of a host's code in the same process, without a request or a token. */

import type { AccessAnswer } from '@billhook/widget/contract';
import { accessView } from '../accounts/access.ts';
import { refusalTexts } from '../accounts/link-refusal.ts';
import { BillhookError } from '../problem.ts';
import { accountMust, isAccount } from '../tokens/claims.ts';
import type { Caller } from './auth.ts';
import { readWithFirstFacts } from './read-first.ts';
import type { RouteContext } from './route-context.ts';

/** The host's own id of an account; with its host where the server has several. */
export type AccountName = string | { readonly account: string; readonly host?: string };

/** Longer than the first facts are waited for. */
const limitMs = 10_000;

const wrong = (field: string, must: string) =>
  new BillhookError('field_invalid', { field, detail: `${field} must be ${must}` });

export function hostCalls(parts: RouteContext) {
  const { config, catalogue, linking } = parts;
  return {
    async access(name: AccountName): Promise<AccessAnswer> {
      const caller = callerOf(name);
      const view = await readWithFirstFacts(parts, caller, AbortSignal.timeout(limitMs));
      return accessView(caller, view, catalogue, config.now()).answer;
    },

    async link(name: AccountName, customer: string): Promise<'linked' | 'alreadyLinked'> {
      const { host, account } = callerOf(name);
      const outcome = await linking.link({ host, account }, customer);
      if (outcome === 'linked' || outcome === 'alreadyLinked') return outcome;
      throw new BillhookError('introduction_refused', { detail: refusalTexts[outcome] });
    },
  };

  function callerOf(name: AccountName): Caller {
    const { account, host = null } = typeof name === 'string' ? { account: name } : name;
    if (!isAccount(account)) throw wrong('account', accountMust);
    const only = config.hosts.size === 1 ? [...config.hosts.values()][0] : undefined;
    const found = host === null ? only : config.hosts.get(host);
    if (found === undefined) throw wrong('host', `one of ${[...config.hosts.keys()].join(', ')}`);
    return { host: found.id, account, policy: found.policy, mayManage: false, introduces: null };
  }
}
