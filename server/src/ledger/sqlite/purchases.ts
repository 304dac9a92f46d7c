/** First purchases in SQLite: the note before a customer is created, and the lock around an account's one Checkout. */

import { clockSkewMs } from '../clocks.ts';
import { checkoutOf, number } from '../rows.ts';
import type { SqliteDatabase } from './database.ts';
import { purchaseSql, type PurchaseStore } from '../purchases.ts';

export function sqlitePurchases(db: SqliteDatabase): PurchaseStore {
  return {
    async intendCustomer({ host, account }, now) {
      return await db.transaction(() => {
        // After a customer was deleted, the next one is another generation: the old key would give the deleted one.
        const tombstones = db.one(`SELECT count(*) AS count FROM customers WHERE host = @host AND account = @account`, {
          host,
          account,
        });
        const least = number(tombstones['count']);
        db.run(
          `INSERT INTO intents (host, account, generation, since) VALUES (@host, @account, @least, @now)
           ON CONFLICT DO UPDATE SET generation = @least, since = @now WHERE generation < @least`,
          { host, account, least, now },
        );
        const row = db.one(purchaseSql.findIntent, { host, account });
        return { generation: number(row['generation']), since: number(row['since']) };
      });
    },

    async renewIntent({ host, account }, generation, now) {
      return await db.transaction(() => {
        db.run(purchaseSql.renewIntent, { host, account, generation, now });
        return { generation: number(db.one(purchaseSql.findIntent, { host, account })['generation']) };
      });
    },

    async lockCheckout({ host, account }, lock, leaseMs, now) {
      return await db.transaction(() => {
        db.run(purchaseSql.addCheckout, {
          host,
          account,
        });
        const row = db.get(
          `UPDATE checkouts SET lock = @lock, locked_until = @now + @leaseMs
           WHERE host = @host AND account = @account
             AND (locked_until <= @now OR locked_until > @now + @leaseMs + @clockSkewMs)
           RETURNING session, offer, return_url`,
          { host, account, lock, leaseMs, clockSkewMs, now },
        );
        return row ? { last: checkoutOf(row) } : null;
      });
    },

    async keepCheckout({ host, account }, lock, { session, offer, returnUrl }) {
      await db.transaction(() => db.run(purchaseSql.keepCheckout, { host, account, lock, session, offer, returnUrl }));
    },

    async unlockCheckout({ host, account }, lock) {
      await db.transaction(() => db.run(purchaseSql.unlockCheckout, { host, account, lock }));
    },
  };
}
