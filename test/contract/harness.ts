/** The fixture of every part of the contract: a ledger of its own for each test, opened once a process. */

import { afterEach, beforeEach } from 'vitest';
import type { CustomerFacts } from '../../server/src/billing/facts.ts';
import type { BillingStore } from '../../server/src/ledger/ledger.ts';
import type { Claim, Applied } from '../../server/src/ledger/customers.ts';
import type { StripeEvent } from '../../server/src/ledger/events.ts';

/** One ledger for one test: `open` may be called several times, for what another process would see. */
export interface LedgerUnderTest {
  open(): Promise<BillingStore>;
  /** Every row of every table, read behind the store's back. */
  rows(): Promise<Rows>;
  /** Lets every write to a table fail, behind the store's back; the answer mends it. */
  breakWrites(table: string): Promise<() => Promise<void>>;
  remove(): Promise<void>;
}

export type Rows = Readonly<Record<string, readonly object[]>>;

export interface ContractHarness {
  /** Several processes may work on one ledger, so a start must not end the others' leases. */
  readonly sharedByProcesses: boolean;
  /** The ledger of the running test. */
  readonly store: BillingStore;
  /** The same ledger as another process has it. */
  open(): Promise<BillingStore>;
  claimOne(now: number): Promise<Claim>;
  /** Claims and applies. */
  syncOnce(facts: CustomerFacts, now: number): Promise<Applied>;
  ticketOf(): Promise<number | undefined>;
  rows(): Promise<Rows>;
  breakWrites(table: string): Promise<() => Promise<void>>;
}

export const acme = { host: 'acme', account: 'team_1' };
export const lease = 60_000;
export const t0 = 1_800_000_000_000;

export function contractHarness(
  sharedByProcesses: boolean,
  makeLedger: () => Promise<LedgerUnderTest>,
): ContractHarness {
  let ledger: LedgerUnderTest;
  let store: BillingStore;
  const opened: BillingStore[] = [];

  beforeEach(async () => {
    ledger = await makeLedger();
    store = await harness.open();
  });
  afterEach(async () => {
    await Promise.all(opened.splice(0).map((one) => one.close()));
    await ledger.remove();
  });

  const harness: ContractHarness = {
    sharedByProcesses,
    get store() {
      return store;
    },
    async open() {
      const another = await ledger.open();
      opened.push(another);
      return another;
    },
    async claimOne(now) {
      const [claim] = await store.claim(now, lease, 10);
      if (!claim) throw new Error('nothing was stale');
      return claim;
    },
    syncOnce: async (facts, now) =>
      store.apply(await harness.claimOne(now), { facts, fetchedAt: now, nextChangeAt: null, now }),
    rows: () => ledger.rows(),
    breakWrites: (table) => ledger.breakWrites(table),
    ticketOf: async () => (await store.findAccount(acme))?.ticket,
  };
  return harness;
}

export function factsWith(change: Partial<CustomerFacts> = {}): CustomerFacts {
  return {
    deleted: false,
    livemode: false,
    methodOnFile: true,
    methodDigest: 'a',
    billingDetailsDigest: 'b',
    subscriptions: [],
    ...change,
  };
}

export function eventFor(event: string, change: Partial<StripeEvent> = {}): StripeEvent {
  return {
    event,
    type: 'invoice.paid',
    livemode: false,
    concerns: 'customer',
    customer: 'cus_1',
    subject: null,
    ...change,
  };
}
