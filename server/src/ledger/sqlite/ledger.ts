/**
 * The ledger on SQLite: one process, one file, nothing to install. WAL with `synchronous = FULL`, asserted at every open:
 * the driver falls back to NORMAL on a file that is already in WAL mode, and a webhook answered 200 could be lost.
 */

import { randomBytes } from 'node:crypto';
import { concernedPrices, pricesAfter, savedPrice } from '../catalogue.ts';
import { pinOrRefuse } from '../pin.ts';
import { priceRow, pricesOf, productOf, productRow, text } from '../rows.ts';
import { sqliteBudget } from './budget.ts';
import { sqliteCustomers } from './customers.ts';
import { SqliteDatabase, type SqliteDatabaseOptions } from './database.ts';
import { sqliteEvents } from './events.ts';
import { sqliteJobs } from './jobs.ts';
import { sqliteLife } from './life.ts';
import { sqliteLinks } from './links.ts';
import { sqliteOutbox } from './outbox.ts';
import { sqlitePreviews } from './previews.ts';
import { prune } from './prune.ts';
import { sqlitePurchases } from './purchases.ts';
import { sqliteTrail } from './history.ts';
import { sqliteVisits } from './visits.ts';
import type { BillingStore } from '../ledger.ts';

/**
 * Opens the ledger, creating or migrating it first.
 *
 * @param path - a file, or `':memory:'` for a ledger that dies with the process
 * @throws {StoreUnavailableError} `store_unavailable`: not openable, not migratable, newer than this program, or not durable.
 */
export function openSqliteStore(path: string, options: SqliteDatabaseOptions = {}): BillingStore {
  const db = new SqliteDatabase(path, options);
  try {
    return storeOn(db);
  } catch (cause) {
    // A start that is tried again finds neither the file nor the lock taken.
    db.close();
    throw cause;
  }
}

function storeOn(db: SqliteDatabase): BillingStore {
  const { idle, ...events } = sqliteEvents(db);

  /** Within a transaction. */
  const metaOrNew = (key: string, value: string): string => {
    db.run(`INSERT INTO meta (key, value) VALUES (@key, @value) ON CONFLICT DO NOTHING`, { key, value });
    return text(db.one(`SELECT value FROM meta WHERE key = @key`, { key })['value']);
  };

  const life = sqliteLife(db);
  return {
    get epoch() {
      return life.epoch;
    },
    beginAnew: life.beginAnew,
    isIntact: life.isIntact,
    digestKey: db.transactionAtStart(() => metaOrNew('digest_key', randomBytes(32).toString('base64url'))),
    ...events,
    ...sqliteCustomers(db),
    ...sqliteLinks(db),
    ...sqliteOutbox(db),
    ...sqlitePreviews(db),
    ...sqlitePurchases(db),
    ...sqliteVisits(db),
    ...sqliteBudget(db),
    ...sqliteJobs(db),
    ...sqliteTrail(db),

    // One process works on this file.
    shared: false,
    sharedNow: null,
    subscribe: (listener) => db.subscribe(listener),
    changeCount: () => db.changeCount(),
    heard: null,

    async pin(identity) {
      await pinOrRefuse(identity, (wanted) => db.transaction(() => metaOrNew('stripe', wanted)));
    },

    // A write, for a file that cannot be written takes no webhook; undone, for it costs the disk nothing.
    async ping() {
      const undone = new Error('the write of a ping is never kept');
      try {
        await db.transaction(() => {
          db.run(`UPDATE meta SET value = value WHERE key = 'epoch'`, {});
          throw undone;
        });
      } catch (cause) {
        if (cause !== undone) throw cause;
      }
    },

    async products() {
      return db.readAll(`SELECT id, name, metadata, words FROM products`, {}).map(productOf);
    },

    async saveProducts(products) {
      await db.transaction(() => {
        for (const product of products) {
          db.run(
            `INSERT INTO products (id, name, metadata, words) VALUES (@id, @name, @metadata, @words)
             ON CONFLICT DO UPDATE SET name = @name, metadata = @metadata, words = @words`,
            productRow(product),
          );
        }
      });
    },

    async prices() {
      return pricesOf(db.readAll(`SELECT facts FROM prices`, {}));
    },

    async savePrices(prices) {
      await db.transaction(() => {
        for (const price of prices) {
          const { facts: _, ...named } = priceRow(price);
          const concerned = pricesOf(db.all(concernedPrices, named));
          for (const each of pricesAfter(price, concerned)) db.run(savedPrice, priceRow(each));
        }
      });
    },

    prune: (before) => prune(db, before),

    async close() {
      await idle();
      db.close();
    },
  };
}
