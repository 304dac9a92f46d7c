/** A reconciliation's turn, with a clock of the test's own: continued, begun anew, kept while it waits. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reconcile, type ReconcileParts } from '../../../server/src/background/reconcile.ts';
import type { BillingStore } from '../../../server/src/ledger/ledger.ts';
import { openSqliteStore } from '../../../server/src/ledger/sqlite/ledger.ts';
import { factsWith } from '../../contract/harness.ts';
import { hour, minute, noon } from '../fixtures/facts.ts';

const leaseMs = 30_000;

let now: number;
let store: BillingStore;
let pages: (string | null)[];

beforeEach(() => {
  now = noon;
  store = openSqliteStore(':memory:');
  pages = [];
});
afterEach(() => store.close());

const parts = (change: Partial<ReconcileParts> = {}): ReconcileParts => ({
  store,
  gateway: {
    liveSubscriptions: async (after) => {
      pages.push(after);
      return { rows: [], next: null };
    },
  },
  whenAvailable: async () => undefined,
  now: () => now,
  wakeWorker: () => undefined,
  ...change,
});

async function turn(change: Partial<ReconcileParts> = {}, signal = new AbortController().signal) {
  const lease = await store.acquireJob('reconcile', 0, leaseMs, now);
  if (!lease) throw new Error('it is not its turn');
  return await reconcile(parts(change), lease, { leaseMs, pollMs: 0, signal });
}

/** A process that ends after the first page of Stripe's list. */
async function leaveAfterOnePage(): Promise<void> {
  const stopping = new AbortController();
  const gateway: ReconcileParts['gateway'] = {
    liveSubscriptions: async () => ({ rows: [], next: 'sub_100' }),
  };
  const stopsAfterwards: BillingStore['renewJob'] = async (...kept) => {
    const isKept = await store.renewJob(...kept);
    stopping.abort();
    return isKept;
  };
  expect(await turn({ gateway, store: { ...store, renewJob: stopsAfterwards } }, stopping.signal)).toBeNull();
}

describe('a turn that was left', () => {
  it('is continued at its page within six hours', async () => {
    await leaveAfterOnePage();
    now += 6 * hour - 1;
    expect(await turn()).toMatchObject({ since: noon });
    expect(pages).toEqual(['sub_100']);
  });

  it('is begun anew after six hours: its first looks say too little of now', async () => {
    await leaveAfterOnePage();
    now += 6 * hour;
    expect(await turn()).toMatchObject({ since: now });
    expect(pages).toEqual([null]);
  });
});

describe('a customer', () => {
  const fetched = async (at: number) => {
    await store.link({ host: 'acme', account: 'team_1' }, 'cus_1', at);
    const [claim] = await store.claim(at, 1_000, 1);
    if (!claim) throw new Error('it is not stale');
    await store.apply(claim, { facts: factsWith(), fetchedAt: at, nextChangeAt: null, now: at });
  };
  const listed: ReconcileParts['gateway'] = {
    liveSubscriptions: async () => ({ rows: [{ customer: 'cus_1' }], next: null }),
  };
  const look = async () => {
    const [claim] = await store.claim(now, 1_000, 1);
    if (claim) await store.apply(claim, { facts: factsWith(), fetchedAt: now, nextChangeAt: null, now });
  };
  const looksAtOnce = (): Pick<ReconcileParts, 'gateway' | 'wakeWorker'> => ({
    gateway: listed,
    wakeWorker: () => void look(),
  });
  const ticket = async () => (await store.customersAmong(['cus_1']))[0]?.ticket;

  it('without a subscription is looked at all the same, while its fetch fails', async () => {
    await fetched(noon - hour);
    now += hour;
    await store.raiseTicket('cus_1', 'webhook', noon);
    const [claim] = await store.claim(noon, 1_000, 1);
    if (!claim) throw new Error('it is not stale');
    await store.fail(claim, 'stripe_unauthorized', now + hour, noon);
    expect(await turn()).toMatchObject({ idle: 0, unseen: [{ customer: 'cus_1', code: 'stripe_unauthorized' }] });
  });

  it('that was fetched before the clock was set back is fetched again, also once the clock has caught up', async () => {
    await fetched(noon + hour);
    const { gateway, wakeWorker } = looksAtOnce();
    const takesHours: ReconcileParts['gateway'] = {
      liveSubscriptions: async () => {
        now += 2 * hour;
        return { rows: [{ customer: 'cus_1' }], next: null };
      },
    };
    expect(await turn({ gateway, wakeWorker })).toMatchObject({ unseen: [] });
    const once = await ticket();
    expect(once, 'while it is behind').toBeGreaterThan(1);

    await store.raiseTicket('cus_1', 'webhook', noon + hour);
    const [claim] = await store.claim(noon + hour, 1_000, 1);
    if (!claim) throw new Error('it is not stale');
    await store.apply(claim, { facts: factsWith(), fetchedAt: noon + hour, nextChangeAt: null, now: noon + hour });
    expect(await turn({ gateway: takesHours, wakeWorker })).toMatchObject({ unseen: [] });
    expect(await ticket(), 'when it has caught up').toBeGreaterThan(claim.ticket);
  });

  it('that was fetched at the moment of the beginning is not fetched again', async () => {
    await fetched(noon);
    expect(await turn({ gateway: listed })).toMatchObject({ looked: 1, unseen: [] });
    expect(await ticket()).toBe(1);
  });

  it('that was fetched before is', async () => {
    await fetched(noon - 1);
    const stopping = new AbortController();
    const wakeWorker = () => stopping.abort();
    expect(await turn({ gateway: listed, wakeWorker }, stopping.signal)).toBeNull();
    expect(await ticket()).toBe(2);
  });
});

it('a lease is renewed well before its end, however long there is no room in the budget', async () => {
  await store.link({ host: 'acme', account: 'team_1' }, 'cus_1', noon - minute);
  const kept: number[] = [noon];
  const stopping = new AbortController();
  const renewJob: BillingStore['renewJob'] = async (...args) => {
    if (kept.push(args[3]) === 6) stopping.abort();
    return await store.renewJob(...args);
  };
  const whenAvailable: ReconcileParts['whenAvailable'] = (_, signal) =>
    new Promise((_room, refuse) => signal.addEventListener('abort', () => refuse(new Error('stopped'))));
  // Each look at the clock is a second later.
  const lookedAt = () => (now += 1_000);
  expect(await turn({ store: { ...store, renewJob }, whenAvailable, now: lookedAt }, stopping.signal)).toBeNull();
  const pauses = kept.slice(1).map((at, index) => at - (kept[index] ?? 0));
  expect(Math.max(...pauses)).toBeLessThan(leaseMs / 2);
});
