/** Looks at Stripe: which of them ended for nothing, and when they really began, whatever the clock said. */

import type { Claim, CustomerRecord } from '../../server/src/ledger/customers.ts';
import type { BillingStore } from '../../server/src/ledger/ledger.ts';
import type { Machine } from './ledger-under-test.ts';

interface Given {
  readonly until: number;
  readonly writes: number;
  /** When it was, and how far the clock was off. */
  readonly at: number;
  readonly offMs: number;
}

/** A clock that is off by so much more than at the claim was set meanwhile, in milliseconds. */
const setMs = 1_000;

export class Looks {
  /** By customer: how often its facts were written. */
  readonly #writes = new Map<string, number>();
  readonly #given = new WeakMap<Claim, Given>();
  /** By customer and the time that is kept: the right time. */
  readonly #began = new Map<string, number>();
  readonly #isShared: boolean;
  thrownAway = 0;

  /** @param isShared - its processes count by one clock, so the times that they keep must be right ones */
  constructor(isShared: boolean) {
    this.#isShared = isShared;
  }

  /** When the fetch of these facts really began; of a shared ledger, when it says so. */
  fetchedAt(record: CustomerRecord | null): number | null {
    if (record === null || record.fetchedAt === null) return null;
    if (this.#isShared) return record.fetchedAt;
    return this.#began.get(`${record.customer} ${record.fetchedAt}`) ?? record.fetchedAt;
  }

  /** Around the store that all share: also what a process writes with its last breath is known. */
  below(store: BillingStore): BillingStore {
    return replacing(store, {
      apply: async (claim, fetched) => {
        const applied = await store.apply(claim, fetched);
        if (applied.applied) this.#writes.set(claim.customer, this.#writesOf(claim.customer) + 1);
        return applied;
      },
    });
  }

  /** Wraps the store of one process. A sync is no loss if another that began before it was written meanwhile. */
  above(store: BillingStore, now: () => number, machine: Pick<Machine, 'truth'>): BillingStore {
    const truth = () => machine.truth();
    const off = () => now() - truth();
    return replacing(store, {
      claim: async (at, lease, ...rest) => {
        const claims = await store.claim(at, lease, ...rest);
        for (const claim of claims) {
          const writes = this.#writesOf(claim.customer);
          this.#given.set(claim, { until: at + lease, writes, at: truth(), offMs: off() });
        }
        return claims;
      },
      apply: async (claim, fetched) => {
        const given = this.#given.get(claim);
        if (given) {
          const isSteady = Math.abs(off() - given.offMs) < setMs;
          const began = isSteady ? fetched.fetchedAt - given.offMs : given.at;
          this.#began.set(`${claim.customer} ${fetched.fetchedAt}`, began);
        }
        const applied = await store.apply(claim, fetched);
        const isInTime = given !== undefined && now() < given.until && this.#writesOf(claim.customer) === given.writes;
        if (!applied.applied && isInTime) this.thrownAway++;
        return applied;
      },
    });
  }

  #writesOf(customer: string): number {
    return this.#writes.get(customer) ?? 0;
  }
}

function replacing(store: BillingStore, methods: Partial<BillingStore>): BillingStore {
  return new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(methods, name) ?? Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}
