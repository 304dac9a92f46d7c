/** L43: a PostgreSQL is set back to a copy of earlier under a server that runs. Nobody tells it; its own last writes are gone. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Client } from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { asOperator } from '../../support/as-operator.ts';
import { logRecorder, type LogRecorder } from '../../support/log-recorder.ts';
import { sharedPostgres } from '../../support/shared-postgres.ts';
import type { TestBff } from '../support/bff.ts';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

let database: string;
let harness: BffHarness;
let log: LogRecorder;

beforeEach(async () => {
  database = await (await sharedPostgres()).createDatabase();
  log = logRecorder();
  harness = await startBffHarness({ database, log, jobs: { pollMs: 100 } });
});
afterEach(() => harness.close());

const tables = async (client: Client) => {
  const { rows } = await client.query(`SELECT tablename AS name FROM pg_tables WHERE schemaname = 'billhook'`);
  return (rows as { name: string }[]).map(({ name }) => name);
};
const copy = () =>
  asOperator(database, async (client) => {
    await client.query('CREATE SCHEMA copy');
    for (const name of await tables(client)) {
      await client.query(`CREATE TABLE copy.${name} AS TABLE billhook.${name}`);
    }
  });
/** All tables at once, as they were. */
const restore = () =>
  asOperator(database, async (client) => {
    const names = await tables(client);
    await client.query('BEGIN');
    await client.query(`TRUNCATE ${names.map((name) => `billhook.${name}`).join(', ')}`);
    for (const name of names) {
      await client.query(`INSERT INTO billhook.${name} OVERRIDING SYSTEM VALUE TABLE copy.${name}`);
    }
    await client.query('COMMIT');
  });

async function whenIts(bff: TestBff, state: string): Promise<Response> {
  for (;;) {
    const response = await bff.call('/v1/billing', harness.as('active'));
    const snapshot = (await response.clone().json()) as { state: string; stale: boolean };
    if (snapshot.state === state && !snapshot.stale) return response;
    await nextTurn();
  }
}

it('everything is fetched again, and no page’s memory of the lost life is confirmed', async () => {
  const { bff, sandbox, stripe, customers } = harness;
  await whenIts(bff, 'active');
  await copy();
  const { data } = await stripe.subscriptions.list({ customer: customers.active });
  await stripe.subscriptions.cancel(String(data[0]?.id));
  await sandbox.deliveries.settled();
  const lost = await whenIts(bff, 'ended');

  await restore();
  const { level, fields } = await log.line(({ what }) => what === 'ledger.lost_commits');
  expect({ level, fetched: Number(fields.count) > 0 }).toEqual({ level: 'error', fetched: true });
  const found = await whenIts(bff, 'ended');
  const [was, is] = [lost, found].map(({ headers }) => headers.get('etag'));
  expect(is).not.toBe(was);
  const again = await bff.call('/v1/billing', {
    ...harness.as('active'),
    headers: { 'if-none-match': String(was) },
  });
  expect(again.status).toBe(200);
});
