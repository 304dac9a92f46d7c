/** Two servers on one PostgreSQL: a page that waits at one sees the events that reach the other. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import type { BillingSnapshot } from '@billhook/widget/contract';
import { FeedListener } from '../../../server/src/ledger/postgres/feed.ts';
import { openPostgresStore } from '../../../server/src/ledger/postgres/ledger.ts';
import { openServices } from '../../../server/src/services.ts';
import { sharedPostgres } from '../../support/shared-postgres.ts';
import { startBff, type TestBff, type TestOptions } from '../support/bff.ts';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

let harness: BffHarness;
let database: string;
/** Stripe's webhooks come to `harness.bff`; this is the other one. */
let other: TestBff | null = null;
let subscription: string;

beforeAll(async () => {
  database = await (await sharedPostgres()).createDatabase();
  harness = await startBffHarness({ database });
  const { data } = await harness.stripe.subscriptions.list({ customer: harness.customers.active });
  subscription = String(data[0]?.id);
});
beforeEach(async () => {
  await cancelAtPeriodEnd(false);
  await harness.sandbox.deliveries.settled();
  expect(await whenIts(harness.bff, 'active')).toBeDefined();
});
afterEach(async () => {
  vi.restoreAllMocks();
  await other?.close();
  other = null;
});
afterAll(() => harness.close());

it('counts by the database’s clock, whatever its machine says', async () => {
  const day = 86_400_000;
  const right = Date.now();
  vi.spyOn(Date, 'now').mockImplementation(() => right + day);
  const { now: _, ...options } = harness.bff.options;
  const services = await openServices(options);
  try {
    expect(services.config.now()).toBeLessThan(right + day / 2);
    expect(services.config.now()).toBeGreaterThanOrEqual(right - 1);
  } finally {
    await services.close();
  }
});

/** It fetches nothing itself: its facts come from the others. */
const startOther = async (change: TestOptions = {}) => {
  other = await startBff(harness.options.stripe, { database, worker: { concurrency: 0 }, ...change });
  return other;
};
const cancelAtPeriodEnd = (cancel: boolean) =>
  harness.stripe.subscriptions.update(subscription, { cancel_at_period_end: cancel });
const read = async (bff: TestBff, etag: string | null, wait: number): Promise<Response> =>
  bff.call('/v1/billing', {
    ...harness.as('active'),
    headers: { ...(etag === null ? {} : { 'if-none-match': etag }), ...(wait > 0 ? { prefer: `wait=${wait}` } : {}) },
  });
async function whenIts(bff: TestBff, state: string): Promise<BillingSnapshot> {
  for (let etag: string | null = null; ;) {
    const response: Response = await read(bff, etag, 25);
    etag = response.headers.get('etag');
    if (response.status === 304) continue;
    if (response.status !== 200) throw new Error(`${response.status}: it never became ${state}`);
    const snapshot = (await response.json()) as BillingSnapshot;
    if (snapshot.state === state) return snapshot;
  }
}
/** Polls that are held at both servers, until the subscription was canceled. */
async function answersToBoth(bff: TestBff): Promise<BillingSnapshot[]> {
  const etag = (await bff.settled(harness.as('active'))).headers.get('etag');
  const held = [read(harness.bff, etag, 25), read(bff, etag, 25)];
  for (let turn = 0; turn < 50; turn += 1) await nextTurn();
  await cancelAtPeriodEnd(true);
  return await Promise.all(
    held.map(async (answer) => {
      const response = await answer;
      expect(response.status).toBe(200);
      return (await response.json()) as BillingSnapshot;
    }),
  );
}

it('wakes long polls at either of them, by the feed alone', async () => {
  // A wait that ends by itself would end after centuries.
  vi.spyOn(Math, 'random').mockReturnValue(1e9);
  const began = performance.now();
  for (const snapshot of await answersToBoth(await startOther())) expect(snapshot).toMatchObject({ state: 'ending' });
  process.stdout.write(`both answered after ${Math.round(performance.now() - began)} ms, by news\n`);
});

it('lets long polls read again in intervals, when the feed is silent', async () => {
  vi.spyOn(FeedListener.prototype, 'follow').mockReturnValue(() => undefined);
  const deaf = await startOther();
  const began = performance.now();
  for (const snapshot of await answersToBoth(deaf)) expect(snapshot).toMatchObject({ state: 'ending' });
  process.stdout.write(`both answered after ${Math.round(performance.now() - began)} ms, one of them without news\n`);
});

it('learns a product’s new name that another one fetched, without the feed', async () => {
  vi.spyOn(FeedListener.prototype, 'follow').mockReturnValue(() => undefined);
  let ahead = 0;
  const bff = await startOther({ now: () => Date.now() + ahead });
  const nameNow = async () => (await bff.snapshot(harness.as('active'))).plan?.name;
  expect(await nameNow()).toBe('Team');
  const item = (await harness.stripe.subscriptions.retrieve(subscription)).items.data[0];
  // As another process does that was told of it, and resolved the hint.
  const store = await openPostgresStore(database);
  await store.saveProducts([{ id: String(item?.price.product), name: 'Team of tomorrow' }]);
  await store.close();
  ahead = 11_000;
  while ((await nameNow()) !== 'Team of tomorrow') await nextTurn();
});
