/**
 * Two servers on one PostgreSQL: an unchanged read asks the database for nothing, a commit of its own server is in the next read,
 * and one of the other server in those after its message. A guard's question asks the database each time.
 */

import { AsyncLocalStorage } from 'node:async_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, expect, it, vi } from 'vitest';
import { PostgresDatabase } from '../../../server/src/ledger/postgres/database.ts';
import { sharedPostgres } from '../../support/shared-postgres.ts';
import { startBff, token, type TestBff } from '../support/bff.ts';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

let harness: BffHarness;
let other: TestBff;
let bearer: string;
/** The request under way, and the rows of accounts that the database was asked for meanwhile: by it, and by nothing beside it. */
const underWay = new AsyncLocalStorage<{ asked: number }>();

async function counted<T>(work: () => Promise<T>): Promise<{ readonly answer: T; readonly asked: number }> {
  const count = { asked: 0 };
  return { answer: await underWay.run(count, work), ...count };
}

beforeAll(async () => {
  const database = await (await sharedPostgres()).createDatabase();
  harness = await startBffHarness({ database });
  other = await startBff(harness.options.stripe, { database, worker: { concurrency: 0 } });
  const { get } = PostgresDatabase.prototype;
  vi.spyOn(PostgresDatabase.prototype, 'get').mockImplementation(function (this: PostgresDatabase, sql, bind) {
    const count = underWay.getStore();
    if (count !== undefined && sql.includes('introductions.customer AS introduced')) count.asked += 1;
    return get.call(this, sql, bind);
  });
  bearer = await token(harness.as('active'));
  await Promise.all([harness.bff, other].map((bff) => bff.settled(harness.as('active'))));
});
afterAll(async () => {
  vi.restoreAllMocks();
  await other.close();
  await harness.close();
});

async function read(bff: TestBff, seen?: string) {
  const headers = seen === undefined ? {} : { 'if-none-match': seen };
  const { answer, asked } = await counted(() => bff.call('/v1/billing', { token: bearer, headers }));
  return {
    status: answer.status,
    body: await answer.text(),
    etag: answer.headers.get('etag') ?? '',
    asked,
  };
}

/** Reads until the row is kept: messages are known to arrive, and none is on its way that this account's row changes. */
async function readKept(bff: TestBff) {
  for (;;) {
    const answer = await read(bff);
    if (answer.asked === 0) return answer;
  }
}

beforeEach(async () => {
  await readKept(harness.bff);
  await readKept(other);
});

it('an unchanged read does not ask the database: 200 and 304', async () => {
  const known = await readKept(other);
  expect(await read(other)).toEqual({ ...known, asked: 0 });
  expect(await read(other, known.etag)).toEqual({ status: 304, body: '', etag: known.etag, asked: 0 });
});

it('a client that has something else asks the database, and so does a guard', async () => {
  const known = await readKept(other);
  expect(await read(other, '"of another server"')).toEqual({ ...known, asked: 1 });
  const { account } = harness.as('active');
  for (let time = 0; time < 2; time += 1) {
    const guard = await counted(() => other.call('/v1/access', { account, mint: { scope: ['access'] } }));
    expect(guard.answer.status).toBe(200);
    expect(guard.asked).toBe(1);
  }
});

it('a commit is in the next read of its own server, and in those of the other one when its message has come', async () => {
  await readKept(other);
  const event = {
    id: 'evt_heard',
    type: 'invoice.paid',
    livemode: false,
    data: { object: { id: 'in_1', object: 'invoice', customer: harness.customers.active } },
  };
  // To the server that fetches nothing by itself: it commits the ticket alone.
  expect((await other.deliver(event, { secret: String(harness.options.stripe.webhookSecrets[0]) })).status).toBe(200);
  expect((await read(other)).asked, 'the row was read again').toBe(1);
  await harness.stripe.subscriptions
    .list({ customer: harness.customers.active })
    .then(({ data }) => harness.stripe.subscriptions.update(String(data[0]?.id), { cancel_at_period_end: true }));
  let answer = await read(other);
  while (!answer.body.includes('"state":"ending"')) {
    await nextTurn();
    answer = await read(other);
  }
  // It wrote them itself.
  expect((await read(harness.bff)).body).toContain('"state":"ending"');
});
