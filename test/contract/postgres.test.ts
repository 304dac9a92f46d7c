import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterAll, beforeAll, expect } from 'vitest';
import { openPostgresStore } from '../../server/src/store/postgres.ts';
import { sharedPostgres } from '../shared-postgres.ts';
import { billingStoreContract } from './billing-store.ts';

let database: string;
beforeAll(async () => {
  database = await (await sharedPostgres()).createDatabase();
});

// Who waits for somebody who waits for him is thrown out by the server after a second; no order of ours may lead there.
afterAll(async () => {
  const client = new Client({ connectionString: database });
  await client.connect();
  const { rows } = await client.query(`SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()`);
  await client.end();
  expect(rows).toEqual([{ deadlocks: '0' }]);
});

billingStoreContract('PostgreSQL', true, async () => {
  // A schema is a ledger of its own, and made faster than a database.
  const address = `${database}?schema=ledger_${randomUUID().replaceAll('-', '')}`;
  return { open: () => openPostgresStore(address), remove: async () => {} };
});
