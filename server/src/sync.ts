/** claim → fetch → facts → apply, for one customer. The fence is the store's: what is too late is not written. */

import type { Catalogue } from './catalogue.ts';
import type { Config } from './config.ts';
import type { CustomerFacts } from './facts.ts';
import { judge } from './judge.ts';
import { customerFacts } from './stripe-facts.ts';
import type { StripeGateway } from './stripe-gateway.ts';
import type { Applied, BillingStore, Claim } from './store/store.ts';

export interface SyncParts {
  readonly config: Config;
  readonly store: BillingStore;
  readonly gateway: StripeGateway;
  readonly catalogue: Catalogue;
  readonly digest: (text: string) => string;
}

/**
 * Fetches a claimed customer and writes what Stripe said.
 *
 * @throws {StripeFailure} Stripe did not answer; the facts stay as they are.
 */
export async function syncCustomer(
  { config, store, gateway, catalogue, digest }: SyncParts,
  claim: Claim,
): Promise<Applied> {
  // The facts are at least as fresh as the moment before the fetch. The moment after it would promise too much: access
  // is narrowed only on facts fetched after the moment of narrowing.
  const fetchedAt = config.now();
  const fetched = customerFacts(await gateway.look(claim.customer), digest);
  const facts = claim.facts === null ? fetched : keepingFirstFailures(fetched, claim.facts);
  await catalogue.learn(facts.subscriptions.flatMap(({ items, next }) => [...items, ...(next?.items ?? [])]));
  return await store.apply(
    claim,
    facts,
    fetchedAt,
    nextChangeOf(claim, facts, fetchedAt, config, catalogue),
    config.now(),
  );
}

/** When time alone will change the judgement of these facts, if their host is (still) one of ours. */
export function nextChangeOf(
  { host }: { readonly host: string },
  facts: CustomerFacts | null,
  fetchedAt: number | null,
  config: Config,
  catalogue: Catalogue,
): number | null {
  const policy = config.hosts.get(host)?.policy;
  if (!policy) return null;
  const standing = { linked: true, facts, fetchedAt, revision: '', confirmedBy: null, staleSince: null };
  return judge(standing, policy, catalogue, { mayManage: true }, config.now()).nextChangeAt;
}

/** Grace hangs on the first failed charge: once seen it is kept, should Stripe list charges differently one day. */
function keepingFirstFailures(facts: CustomerFacts, before: CustomerFacts): CustomerFacts {
  const firstFailures = new Map<string, number>();
  for (const { openInvoices } of before.subscriptions) {
    for (const { id, firstFailedAt } of openInvoices) if (firstFailedAt !== null) firstFailures.set(id, firstFailedAt);
  }
  const subscriptions = facts.subscriptions.map((subscription) => ({
    ...subscription,
    openInvoices: subscription.openInvoices.map((invoice) => {
      const kept = firstFailures.get(invoice.id) ?? Number.POSITIVE_INFINITY;
      const firstFailedAt = Math.min(kept, invoice.firstFailedAt ?? Number.POSITIVE_INFINITY);
      return { ...invoice, firstFailedAt: Number.isFinite(firstFailedAt) ? firstFailedAt : null };
    }),
  }));
  return { ...facts, subscriptions };
}
