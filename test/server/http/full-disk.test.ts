/** The ledger's disk is full, or its file system read-only: the answers to pages, hosts and Stripe, and the truth after. */

import { createHash } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { BillingSnapshot } from '@billhook/widget/contract';
import { problemOf, type CallInit } from '../support/bff.ts';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

let harness: BffHarness;
/** The server's own connections: a limit of pages, and that nothing may be written, hold for a connection alone. */
const connections: Database.Database[] = [];
const { pragma } = Database.prototype;

async function start(): Promise<void> {
  connections.length = 0;
  vi.spyOn(Database.prototype, 'pragma').mockImplementation(function (this: Database.Database, ...asked) {
    if (!connections.includes(this)) connections.push(this);
    return pragma.apply(this, asked) as unknown;
  });
  // No lease ends while a test runs: the sweep that was interrupted goes on by itself.
  harness = await startBffHarness({ jobs: { pollMs: 100, leaseMs: 24 * 60 * 60_000 } });
  // Only a sweep finds what was refused: Stripe's next try may be an hour away.
  harness.sandbox.deliveries.settings.retryAfterMs = [];
}
afterEach(async () => {
  vi.restoreAllMocks();
  await harness.close();
});

const say = (what: string) => {
  for (const connection of connections) if (connection.open) pragma.call(connection, what);
};

async function whenIts(who: CallInit, state: string): Promise<BillingSnapshot> {
  for (;;) {
    const snapshot = await harness.bff.snapshot(who);
    if (snapshot.state === state && !snapshot.stale) return snapshot;
    await nextTurn();
  }
}

/** Events that change nothing at Stripe, until a hundred in a row were refused: on no page of the file is room for one. */
async function fill(): Promise<void> {
  say('max_page_count = 1');
  const [secret] = harness.options.stripe.webhookSecrets;
  const body = {
    object: 'event',
    type: 'customer.updated',
    created: 1,
    livemode: false,
    data: { object: { id: 'x' } },
  };
  for (let [event, refused] = [1, 0]; refused < 100; event++) {
    // As Stripe's ids, they belong on any page of the index.
    const id = `evt_1${createHash('sha256').update(String(event)).digest('base64url').slice(0, 12)}`;
    // oxlint-disable-next-line no-await-in-loop -- until the disk is full
    const answer = await harness.bff.deliver({ id, ...body }, secret === undefined ? {} : { secret });
    refused = answer.status === 200 ? 0 : refused + 1;
  }
}

const troubles = [
  {
    what: 'the disk is full',
    // In the pages that the file has already.
    hasRoomForVisits: true,
    begin: fill,
    end: () => say('max_page_count = 1000000'),
  },
  {
    what: 'the file system is read-only',
    hasRoomForVisits: false,
    begin: async () => say('query_only = ON'),
    end: () => say('query_only = OFF'),
  },
];

describe.each(troubles)('$what', ({ what, hasRoomForVisits, begin, end }) => {
  it('L4: what is known is served on, nothing is promised, and the truth comes when there is room', async () => {
    await start();
    const { sandbox, stripe, bff, as, customers } = harness;
    const who = as('active');
    const known = await whenIts(who, 'active');
    const { data } = await stripe.subscriptions.list({ customer: customers.active, limit: 1 });
    const subscription = String(data[0]?.id);

    await begin();
    await stripe.subscriptions.cancel(subscription);
    await sandbox.deliveries.settled();
    const [refused] = sandbox.deliveries.list({ type: 'customer.subscription.deleted' }).slice(-1);
    expect(refused, 'Stripe is not told that it is safe').toMatchObject({
      state: 'failed',
      attempts: [{ status: 503 }],
    });

    const page = await bff.snapshot(who);
    expect(page, 'the page').toMatchObject({ state: 'active', revision: known.revision, access: { level: 'full' } });
    const told = await bff.call('/v1/access', { ...who, mint: { ...who.mint, scope: ['access'] } });
    expect(told.status, 'the host').toBe(200);
    expect(await told.json()).toMatchObject({ state: 'active', level: 'full' });
    const click = await bff.call('/v1/portal-sessions', { ...who, body: { seen: null } });
    if (hasRoomForVisits) expect(click.status, 'a click').toBe(200);
    else expect(await problemOf(click), 'a click').toMatchObject({ status: 503, code: 'store_unavailable' });

    end();
    const since = performance.now();
    expect(await whenIts(who, 'ended')).toMatchObject({ access: { level: 'none' } });
    process.stdout.write(`\n  ${what}: the truth ${Math.round(performance.now() - since)} ms after there was room\n`);
    expect((await bff.call('/readyz', { token: null })).status).toBe(200);
    const again = await bff.call('/v1/portal-sessions', { ...who, body: { seen: null } });
    expect(again.status, 'a click').toBe(200);
  });
});
