/** A look into the ledger from beside its processes, and the truth to compare it with. */

import { createHmac } from 'node:crypto';
import { setInterval } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { Client } from 'pg';
import { isPostgresAddress } from '../../server/src/ledger/postgres/address.ts';
import { openPostgresStore } from '../../server/src/ledger/postgres/ledger.ts';
import { openSqliteStore } from '../../server/src/ledger/sqlite/ledger.ts';
import type { BillingStore } from '../../server/src/ledger/ledger.ts';
import { customerFacts } from '../../server/src/stripe/facts/customer.ts';
import { createStripeGateway } from '../../server/src/stripe/gateway.ts';
import { contentOf } from '../simulation/facts-content.ts';
import { patienceMs } from '../support/patience.ts';
import type { Payer } from './storm-customers.ts';

export const openStore = async (database: string): Promise<BillingStore> =>
  isPostgresAddress(database) ? await openPostgresStore(database) : openSqliteStore(database);

/** Links them before the first process starts, as `billhook import` does. */
export async function link(database: string, payers: readonly Payer[]): Promise<void> {
  const store = await openStore(database);
  for (const { account, customer } of payers) {
    // oxlint-disable-next-line no-await-in-loop -- one writer
    await store.link({ host: 'acme', account }, customer, Date.now());
  }
  await store.close();
}

/** Those of the events that the ledger does not have. */
export async function missing(database: string, events: ReadonlySet<string>): Promise<string[]> {
  const kept = new Set((await rows(database, 'SELECT event AS id FROM events')).map(({ id }) => id));
  return [...events].filter((event) => !kept.has(event));
}

/**
 * Resolves when no work is left, or after too long a time with the customers that are still stale and the events that are
 * still unresolved. A ledger of other processes sends no signal when its work is done, so it is polled.
 */
export async function stuck(database: string): Promise<string[]> {
  const giveUp = AbortSignal.timeout(patienceMs);
  for await (const _ of setInterval(50)) {
    const left = await rows(
      database,
      `SELECT customer AS id FROM customers WHERE synced_ticket < ticket AND deleted_at IS NULL
       UNION ALL SELECT event AS id FROM events WHERE closed_at IS NULL`,
    );
    if (left.length === 0 || giveUp.aborted) return left.map(({ id }) => id);
  }
  return [];
}

/** Customers whose stored facts differ from Stripe's answer now, which the BFF's own gateway fetches. */
export async function untrue(
  database: string,
  payers: readonly Payer[],
  stripe: string,
  key: string,
): Promise<string[]> {
  const store = await openStore(database);
  const gateway = createStripeGateway({ secretKey: key, webhookSecrets: [], apiUrl: stripe });
  const digest = (text: string) => createHmac('sha256', store.digestKey).update(text).digest('base64url').slice(0, 22);
  try {
    const wrong: string[] = [];
    for (const { account, customer } of payers) {
      // oxlint-disable-next-line no-await-in-loop -- a test has time
      const [record, look] = await Promise.all([
        store.findAccount({ host: 'acme', account }),
        gateway.fetchCustomer(customer),
      ]);
      const [known, truth] = [record?.facts, customerFacts(look, digest)].map((facts) => facts && contentOf(facts));
      if (known !== truth) wrong.push(`${customer}\n  ledger ${known}\n  Stripe ${truth}`);
    }
    return wrong;
  } finally {
    gateway.close();
    await store.close();
  }
}

async function rows(database: string, sql: string): Promise<{ id: string }[]> {
  if (!isPostgresAddress(database)) {
    const file = new Database(database, { readonly: true });
    try {
      return file.prepare<[], { id: string }>(sql).all();
    } finally {
      file.close();
    }
  }
  const client = new Client({ connectionString: database, options: '-c search_path=billhook' });
  await client.connect();
  try {
    return (await client.query<{ id: string }>(sql)).rows;
  } finally {
    await client.end();
  }
}
