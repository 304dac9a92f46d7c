/**
 * Readers of accounts, again and again, with all their former answers: newer is never replaced by older, an answer that is
 * called fresh is fresh, and time alone takes nothing away from a customer that was not synced since.
 */

import type { CustomerFacts } from '../../server/src/billing/facts.ts';
import { defaultPolicy, judge } from '../../server/src/billing/judge/judge.ts';
import { contentOf } from './facts-content.ts';
import { BrokenPromise } from './broken-promise.ts';
import { iso } from '../../server/src/billing/judge/deadlines.ts';
import type { Seen } from './ledger-under-test.ts';
import type { Mail, StripeAccount } from './stripe-account.ts';

const hour = 60 * 60_000;
const fromLeast: readonly Seen['access'][] = ['none', 'readOnly', 'full'];

interface Memory {
  readonly seen: Seen;
  /** At least this version of the customer has been shown. */
  readonly version: number;
}

export class Readers {
  readonly #stripe: StripeAccount;
  readonly #aheadMs: number;
  readonly #memories = new Map<string, Memory>();
  /** By customer: the version of an event that was answered with 200. */
  readonly #acknowledged = new Map<string, number>();
  /** Looks that met Stripe in the middle of a change, so that their facts were never true at one moment. */
  torn = 0;
  reads = 0;

  /** @param aheadMs - how far a ledger's clock may be ahead: so early may it hold a deadline for over. */
  constructor(stripe: StripeAccount, aheadMs: number) {
    this.#stripe = stripe;
    this.#aheadMs = aheadMs;
  }

  /** Stripe was told that the event is safe. */
  acknowledged({ customer, version }: Pick<Mail, 'customer' | 'version'>): void {
    if (customer === null) return;
    this.#acknowledged.set(customer, Math.max(version, this.#acknowledged.get(customer) ?? -1));
  }

  /** The ledger was restored, and may say again that which was true earlier, but not as fresh. */
  beginAnew(): void {
    this.#memories.clear();
  }

  /** @throws {BrokenPromise} */
  see(account: string, seen: Seen, now: number): void {
    this.reads++;
    const before = this.#memories.get(account);
    if (before) neverBack(before.seen, seen);
    const isSame = before?.seen.customer === seen.customer;
    const version = this.#versionShown(seen, isSame && before ? before.version : -1);
    this.#freshIsFresh(seen);
    neverNarrowedUnseen(seen, now, this.#aheadMs);
    this.#memories.set(account, { seen, version });
  }

  #versionShown({ customer, facts, fetchedAt }: Seen, floor: number): number {
    if (customer === null || facts === null || fetchedAt === null) return floor;
    const content = contentOf(facts);
    const least = this.#stripe.versionAt(customer, fetchedAt);
    const same = this.#stripe
      .versions(customer)
      .flatMap((version, index) => (version.content === content ? [index] : []));
    const possible = same.filter((index) => index >= least);
    if (same.length === 0) {
      this.torn++;
      return Math.max(floor, least);
    }
    const last = possible.at(-1);
    if (last === undefined) {
      throw new BrokenPromise(`facts of version ${same.at(-1)} say that they were fetched when there was ${least}`);
    }
    if (last < floor)
      throw new BrokenPromise(`version ${last} after ${floor}: a newer truth was replaced by an older one`);
    return Math.max(floor, possible[0] ?? floor);
  }

  #freshIsFresh({ customer, facts, stale, fetchedAt }: Seen): void {
    // A tombstone is final, and no event raises anything on it.
    if (customer === null || stale || facts?.deleted === true) return;
    if (fetchedAt === null) throw new BrokenPromise('fresh, and never fetched');
    const fetched = this.#stripe.versionAt(customer, fetchedAt);
    const owed = this.#acknowledged.get(customer) ?? -1;
    if (fetched < owed) {
      throw new BrokenPromise(`fresh with version ${fetched}, when the event of ${owed} was acknowledged`);
    }
  }
}

function neverBack(before: Seen, seen: Seen): void {
  if (seen.revision < before.revision) throw new BrokenPromise(`revision ${seen.revision} after ${before.revision}`);
  if (seen.customer !== before.customer) {
    if (seen.customer === null) throw new BrokenPromise('an account lost its customer');
    return;
  }
  if ((seen.fetchedAt ?? 0) < (before.fetchedAt ?? 0)) {
    throw new BrokenPromise(`facts of ${seen.fetchedAt} after those of ${before.fetchedAt}`);
  }
  const differs = JSON.stringify(seen.facts) !== JSON.stringify(before.facts);
  if (differs && seen.revision === before.revision) throw new BrokenPromise('other facts under the same revision');
}

/** Access stays as it was at the fetch, until the first deadline is too long past to wait for a sync. */
function neverNarrowedUnseen({ facts, fetchedAt, access }: Seen, now: number, aheadMs: number): void {
  // `unknown` takes nothing away: the host leaves things as they were.
  if (facts === null || fetchedAt === null || access === 'unknown') return;
  const { snapshot, nextChangeAt } = judged(facts, fetchedAt);
  if (nextChangeAt !== null && now >= nextChangeAt + defaultPolicy.staleLimitHours * hour) return;
  if (nextChangeAt !== null && fetchedAt + aheadMs >= nextChangeAt) return;
  const known = snapshot.access.level;
  if (fromLeast.indexOf(access) < fromLeast.indexOf(known)) {
    throw new BrokenPromise(`access narrowed from ${known} to ${access} by facts of ${iso(fetchedAt)}, at ${iso(now)}`);
  }
}

/** The access that these facts give when they are fetched at that moment. */
export const accessWith = (facts: CustomerFacts, at: number): Seen['access'] => judged(facts, at).snapshot.access.level;

function judged(facts: CustomerFacts, at: number) {
  const standing = { linked: true, facts, fetchedAt: at, revision: '', confirmedBy: null, staleSince: null };
  const catalogue = { productName: () => null, price: () => null, soldPrice: () => null };
  return judge(standing, defaultPolicy, catalogue, { mayManage: true }, at);
}
