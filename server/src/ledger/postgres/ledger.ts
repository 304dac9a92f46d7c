/**
 * The ledger on PostgreSQL: several processes on one database. Every webhook's commit is durable (`synchronous_commit`),
 * rows are locked in the order of their ids, workers pass each other by (`SKIP LOCKED`), and what one process commits the
 * others hear of (`LISTEN`).
 */

import { randomBytes } from 'node:crypto';
import { concernedPrices, pricesAfter, savedPrice } from '../catalogue.ts';
import { readPostgresAddress } from './address.ts';
import { postgresBudget } from './budget.ts';
import { postgresCustomers } from './customers.ts';
import { PostgresDatabase } from './database.ts';
import { postgresEvents } from './events.ts';
import { postgresJobs } from './jobs.ts';
import { catalogueChange, FeedListener, hearTold, notify } from './feed.ts';
import { HeardChanges } from './heard-changes.ts';
import { postgresLife } from './life.ts';
import { postgresLinks } from './links.ts';
import { postgresOutbox } from './outbox.ts';
import { postgresPreviews } from './previews.ts';
import { prune } from './prune.ts';
import { postgresPurchases } from './purchases.ts';
import { postgresTrail } from './history.ts';
import { postgresVisits } from './visits.ts';
import { pinOrRefuse } from '../pin.ts';
import { number, priceRow, pricesOf, productOf, productRow, text } from '../rows.ts';
import type { BillingStore } from '../ledger.ts';

/**
 * Opens the ledger, creating or migrating it first.
 *
 * @example
 * ```ts
 * const store = await openPostgresStore('postgres://billhook:…@db.internal/app?schema=billhook');
 * ```
 *
 * @param pool - connections at most; the default is the database's
 * @param looking - a look alone: the ledger is there and up to date, or it is refused
 * @param address - of the database. `schema` is the one that holds the tables; default: `billhook`.
 * @throws {StoreUnavailableError} `store_unavailable`: not reachable, not migratable, newer than this program, or not durable.
 */
export async function openPostgresStore(address: string, pool?: number, looking = false): Promise<BillingStore> {
  const read = readPostgresAddress(address);
  const changes = new HeardChanges();
  const db = await PostgresDatabase.open(read, { pool, looking, onTold: (payloads) => hearTold(changes, payloads) });
  const news = new FeedListener(read, !db.lent, changes);
  const { idle, ...events } = postgresEvents(db);

  const metaOrNew = async (key: string, make: () => string): Promise<string> => {
    await db.run(`INSERT INTO meta (key, value) VALUES (@key, @value) ON CONFLICT DO NOTHING`, { key, value: make() });
    return text((await db.get(`SELECT value FROM meta WHERE key = @key`, { key }))?.['value']);
  };
  const close = async () => {
    await idle();
    await news.close();
    await db.close();
  };

  try {
    const life = await postgresLife(db);
    return {
      get epoch() {
        return life.epoch;
      },
      beginAnew: life.beginAnew,
      isIntact: life.isIntact,
      digestKey: await metaOrNew('digest_key', () => randomBytes(32).toString('base64url')),
      ...events,
      ...postgresCustomers(db),
      ...postgresLinks(db),
      ...postgresOutbox(db),
      ...postgresPreviews(db),
      ...postgresPurchases(db),
      ...postgresVisits(db),
      ...postgresBudget(db),
      ...postgresJobs(db),
      ...postgresTrail(db),

      shared: true,
      async sharedNow() {
        const row = await db.get(`SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now`);
        return number(row?.['now']);
      },
      subscribe: (listener) => news.follow(listener),
      changeCount: () => null,
      heard: news.heard,

      async pin(identity) {
        await pinOrRefuse(identity, (wanted) => metaOrNew('stripe', () => wanted));
      },

      // A lock, which a database that only reads refuses too. An update would leave a dead row for every question.
      async ping() {
        await db.run(`SELECT 1 FROM meta WHERE key = 'epoch' FOR UPDATE`);
      },

      async products() {
        return (await db.all(`SELECT id, name, metadata, words FROM products`)).map(productOf);
      },

      async saveProducts(products) {
        await db.run(
          `INSERT INTO products (id, name, metadata, words)
           SELECT id, name, metadata, words
           FROM json_to_recordset(@rows) AS product (id text, name text, metadata text, words text)
           ORDER BY id COLLATE "C"
           ON CONFLICT (id) DO UPDATE SET name = excluded.name, metadata = excluded.metadata, words = excluded.words
           RETURNING ${notify}`,
          { rows: JSON.stringify(products.map(productRow)), news: catalogueChange },
        );
      },

      async prices() {
        return pricesOf(await db.all(`SELECT facts FROM prices`));
      },

      async savePrices(prices) {
        await db.transaction(async (tx) => {
          // Processes that start together learn the same prices: one after the other.
          await tx.run(`LOCK TABLE prices IN SHARE ROW EXCLUSIVE MODE`);
          for (const price of prices) {
            const { facts: _, ...named } = priceRow(price);
            // oxlint-disable-next-line no-await-in-loop -- one connection
            const concerned = pricesOf(await tx.all(concernedPrices, named));
            // oxlint-disable-next-line no-await-in-loop -- one connection
            for (const each of pricesAfter(price, concerned)) await tx.run(savedPrice, priceRow(each));
          }
          await tx.run(`SELECT ${notify}`, { news: catalogueChange });
        });
      },

      prune: (before) => prune(db, before),
      close,
    };
  } catch (cause) {
    await close();
    throw cause;
  }
}
