/** claim → fetch → facts → apply, for one customer. The store fences: a result that is too late is not written. */

import type { Catalogue } from './catalogue.ts';
import type { Config } from '../config/config.ts';
import type { CustomerFacts } from '../billing/facts.ts';
import { withKnown } from '../billing/known-facts.ts';
import { withTrialOf } from '../billing/trials.ts';
import { namedItem } from '../billing/judge/plan.ts';
import { noticesBetween } from '../billing/notices.ts';
import { withRememberedKeys } from '../billing/policy.ts';
import { accessNow, judgeFacts } from './judged-access.ts';
import { receiversOf } from './outbox.ts';
import { customerFacts } from '../stripe/facts/customer.ts';
import type { StripeGateway } from '../stripe/gateway.ts';
import type { BillingStore } from '../ledger/ledger.ts';
import { hasIllegibleFacts, type Applied, type Claim } from '../ledger/customers.ts';
import type { OutboxEntry } from '../ledger/outbox.ts';

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
export async function syncCustomer(parts: SyncParts, claim: Claim): Promise<Applied> {
  const { config, store, gateway, catalogue, digest } = parts;
  // The facts are at least as fresh as the moment before the fetch. The moment after it would promise too much: access
  // is narrowed only on facts fetched after the moment of narrowing.
  const fetchedAt = config.now();
  const policy = config.hosts.get(claim.host)?.policy;
  const { facts: known } = claim;
  const isIllegible = hasIllegibleFacts(claim);
  if (isIllegible)
    config.log.error('facts.illegible', { host: claim.host, account: claim.account, customer: claim.customer });
  const entitlements = policy?.entitlements ?? false;
  const found = await gateway.fetchCustomer(claim.customer, { known, entitlements });
  const fetched = customerFacts(found, digest, policy?.metadata);
  await catalogue.fetchMissing(fetched.subscriptions.flatMap(({ items, next }) => [...items, ...(next?.items ?? [])]));
  const named = withCatalogueItems(fetched, catalogue);
  const facts = known === null ? withTrialOf(named, await store.formerFacts(claim)) : withKnown(named, known);
  // Nothing is news beside facts that cannot be read.
  const notices = isIllegible ? [] : noticesFor(claim, facts, fetchedAt, parts);
  const judged = judgeFacts(claim, { facts, fetchedAt }, fetchedAt, parts);
  // A first look tells of access only where it has news: the account could not be known before, and nothing has changed.
  const before = known !== null || notices.length > 0 ? { facts: known, fetchedAt: claim.fetchedAt } : null;
  // A restored ledger gives its claims' numbers a second time, and a host skips an id that it has seen.
  const fact = `access ${claim.customer} ${store.epoch} ${claim.claim}`;
  return await store.apply(claim, {
    facts,
    fetchedAt,
    nextChangeAt: judged?.nextChangeAt ?? null,
    now: config.now(),
    notices,
    access: judged && accessNow(claim, judged.access, before, fact, parts),
  });
}

/** The host's notices, for each of its receivers. */
function noticesFor(
  claim: Claim,
  facts: CustomerFacts,
  fetchedAt: number,
  { config, store, catalogue, digest }: SyncParts,
): OutboxEntry[] {
  const host = config.hosts.get(claim.host);
  const receivers = host ? receiversOf(host, config) : [];
  if (!host || receivers.length === 0) return [];
  const at = { before: claim.fetchedAt ?? claim.linkedAt, after: fetchedAt };
  const productName = (id: string) => catalogue.productName(id);
  const policy = withRememberedKeys(host.policy, catalogue);
  return noticesBetween(claim.facts, facts, at, productName, policy).flatMap(({ fact, once, type, data }) => {
    // The claim's number tells this look from every other one of this customer.
    const id = `notice_${digest(`notice ${claim.customer} ${fact}${once ? '' : ` ${store.epoch} ${claim.claim}`}`)}`;
    return receivers.map((receiver) => ({ id, receiver, type, data }));
  });
}

/** Adds the catalogue's prices of the next phase, so that a comparison of two syncs can name them too. */
function withCatalogueItems(facts: CustomerFacts, catalogue: Catalogue): CustomerFacts {
  const subscriptions = facts.subscriptions.map((subscription) => {
    const { next } = subscription;
    if (next === null) return subscription;
    const items = next.items.map((item) => namedItem(item, catalogue));
    return { ...subscription, next: { ...next, items } };
  });
  return { ...facts, subscriptions };
}
