/** First purchases in PostgreSQL: the note before a customer is created, and the lock around an account's one Checkout. */

import { clockSkewMs } from '../clocks.ts';
import { checkoutOf, number } from '../rows.ts';
import type { PostgresDatabase } from './database.ts';
import { purchaseSql, type PurchaseStore } from '../purchases.ts';

export function postgresPurchases(db: PostgresDatabase): PurchaseStore {
  return {
    async intendCustomer({ host, account }, now) {
      return await db.transaction(async (tx) => {
        // After a customer was deleted, the next one is another generation: the old key would give the deleted one.
        await tx.run(
          `INSERT INTO intents (host, account, generation, since)
           VALUES (@host, @account, (SELECT count(*) FROM customers WHERE host = @host AND account = @account), @now)
           ON CONFLICT (host, account) DO UPDATE SET generation = excluded.generation, since = excluded.since
           WHERE intents.generation < excluded.generation`,
          { host, account, now },
        );
        const row = await tx.get(purchaseSql.findIntent, {
          host,
          account,
        });
        return { generation: number(row?.['generation']), since: number(row?.['since']) };
      });
    },

    async renewIntent({ host, account }, generation, now) {
      return await db.transaction(async (tx) => {
        // The second transaction waits for the first, and then finds another generation.
        await tx.run(purchaseSql.renewIntent, { host, account, generation, now });
        const row = await tx.get(purchaseSql.findIntent, {
          host,
          account,
        });
        return { generation: number(row?.['generation'] ?? 0) };
      });
    },

    async lockCheckout({ host, account }, lock, leaseMs, now) {
      return await db.transaction(async (tx) => {
        await tx.run(purchaseSql.addCheckout, {
          host,
          account,
        });
        const row = await tx.get(
          `UPDATE checkouts SET lock = @lock, locked_until = @now::bigint + @leaseMs
           WHERE host = @host AND account = @account
             AND (locked_until <= @now OR locked_until > @now::bigint + @leaseMs + @clockSkewMs)
           RETURNING session, offer, return_url`,
          { host, account, lock, leaseMs, clockSkewMs, now },
        );
        return row ? { last: checkoutOf(row) } : null;
      });
    },

    async keepCheckout({ host, account }, lock, { session, offer, returnUrl }) {
      await db.run(purchaseSql.keepCheckout, { host, account, lock, session, offer, returnUrl });
    },

    async unlockCheckout({ host, account }, lock) {
      await db.run(purchaseSql.unlockCheckout, { host, account, lock });
    },
  };
}
