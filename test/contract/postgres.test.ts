/** The contract of every store, on PostgreSQL. */

import { Client } from 'pg';
import { afterAll, beforeAll, expect } from 'vitest';
import { sharedPostgres } from '../support/shared-postgres.ts';
import { billingStoreContract } from './billing-store.ts';
import { deadlocksOf, postgresLedger } from './databases.ts';

let database: string;
let operator: Client;
beforeAll(async () => {
  database = await (await sharedPostgres()).createDatabase();
  operator = new Client({ connectionString: database });
  await operator.connect();
});

afterAll(async () => {
  const deadlocks = await deadlocksOf(operator);
  await operator.end();
  expect(deadlocks).toBe(0);
});

billingStoreContract('PostgreSQL', true, () => postgresLedger(database, operator));
