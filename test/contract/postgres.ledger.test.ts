/** A ledger in PostgreSQL, where it is no other store's: its clock, starts that fail half way, and what is written by hand. */

import { Client } from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { BillingStore } from '../../server/src/ledger/ledger.ts';
import { openPostgresStore } from '../../server/src/ledger/postgres/ledger.ts';
import { sharedPostgres } from '../support/shared-postgres.ts';
import { deadlocksOf } from './databases.ts';
import { acme, factsWith, lease, t0 } from './harness.ts';

let address: string;
let operator: Client;
let store: BillingStore;
beforeEach(async () => {
  address = await (await sharedPostgres()).createDatabase();
  operator = new Client({ connectionString: address });
  await operator.connect();
  store = await openPostgresStore(address, 1);
});
afterEach(async () => {
  await store.close();
  // Answers when no session but this one is left.
  expect(await deadlocksOf(operator)).toBe(0);
  await operator.end();
});

it('tells the server’s time, in whole milliseconds', async () => {
  const before = await operator.query<{ now: string }>(
    'SELECT extract(epoch FROM clock_timestamp()) * 1000 - 1 AS now',
  );
  const told = (await store.sharedNow?.()) ?? 0;
  const after = await operator.query<{ now: string }>('SELECT extract(epoch FROM clock_timestamp()) * 1000 AS now');
  expect(Number.isInteger(told)).toBe(true);
  expect(told).toBeGreaterThanOrEqual(Number(before.rows[0]?.now));
  expect(told).toBeLessThanOrEqual(Number(after.rows[0]?.now));
});

it('lets its connections go where it can be opened and not be used', async () => {
  await operator.query(`
    CREATE FUNCTION closed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'closed'; END $$;
    CREATE TRIGGER closed BEFORE INSERT ON billhook.meta EXECUTE FUNCTION public.closed()`);
  await expect(openPostgresStore(address, 1)).rejects.toThrow('the ledger cannot be used');
});

it('has no former facts of a customer whose facts cannot be read', async () => {
  await store.link(acme, 'cus_1', t0);
  const [claim] = await store.claim(t0, lease, 1);
  if (!claim) throw new Error('it is not stale');
  const facts = factsWith({ deleted: true });
  await store.apply(claim, { facts, fetchedAt: t0, nextChangeAt: null, now: t0 });
  expect(await store.formerFacts(acme)).toEqual([facts]);
  await operator.query(`UPDATE billhook.customers SET facts = '{'`);
  expect(await store.formerFacts(acme)).toEqual([]);
});
