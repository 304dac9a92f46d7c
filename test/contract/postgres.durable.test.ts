/** What a crash of PostgreSQL may lose, and what it may not, whatever the database's own default is. */

import { Client } from 'pg';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { BillingStore } from '../../server/src/ledger/ledger.ts';
import { openPostgresStore } from '../../server/src/ledger/postgres/ledger.ts';
import { sharedPostgres } from '../support/shared-postgres.ts';
import { eventFor, t0 } from './harness.ts';

let operator: Client;
let store: BillingStore;

/** The database is not durable by itself, and takes down how each row is written. */
beforeEach(async () => {
  const address = await (await sharedPostgres()).createDatabase();
  operator = new Client({ connectionString: address });
  await operator.connect();
  await (await openPostgresStore(address)).close();
  await operator.query(`
    ALTER DATABASE ${operator.database} SET synchronous_commit = off;
    CREATE TABLE seen (of text, setting text);
    CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO public.seen VALUES (TG_TABLE_NAME, current_setting('synchronous_commit')); RETURN NEW; END $$;
    CREATE TRIGGER see AFTER INSERT ON billhook.events FOR EACH ROW EXECUTE FUNCTION see();
    CREATE TRIGGER see AFTER INSERT OR UPDATE ON billhook.budget FOR EACH ROW EXECUTE FUNCTION see()`);
  store = await openPostgresStore(address, 1);
});
afterEach(async () => {
  await store.close();
  await operator.end();
});

const seen = async () => (await operator.query<object>(`SELECT DISTINCT of, setting FROM seen ORDER BY of`)).rows;

it('a webhook is waited for, and the budget of requests, which fills by itself, is not', async () => {
  await store.spend(10, 0, t0);
  await store.recordEvent(eventFor('evt_1'), t0);
  expect(await seen()).toEqual([
    { of: 'budget', setting: 'off' },
    { of: 'events', setting: 'on' },
  ]);
});
