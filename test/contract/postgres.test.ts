import { randomUUID } from 'node:crypto';
import { beforeAll } from 'vitest';
import { openPostgresStore } from '../../server/src/store/postgres.ts';
import { sharedPostgres } from '../shared-postgres.ts';
import { billingStoreContract } from './billing-store.ts';

let database: string;
beforeAll(async () => {
  database = await (await sharedPostgres()).createDatabase();
});

billingStoreContract('PostgreSQL', true, async () => {
  // A schema is a ledger of its own, and made faster than a database.
  const address = `${database}?schema=ledger_${randomUUID().replaceAll('-', '')}`;
  return { open: () => openPostgresStore(address), remove: async () => {} };
});
