/** Links in PostgreSQL: introductions that were not carried out, and an operator's decisions. */

import { isDecided, linkChange, linkSql, revisionAfter, type LinkStore } from '../links.ts';
import { accountRowOf, doubtfulAccountOf, linkRowOf, number, textOrNull } from '../rows.ts';
import type { PostgresDatabase } from './database.ts';
import { notify, queuedChange, syncedChange, tellAccounts } from './feed.ts';

export function postgresLinks(db: PostgresDatabase): LinkStore {
  return {
    async readAccount({ host, account }) {
      const found = await db.get(
        `SELECT customers.*, introductions.customer AS introduced, introductions.code, introductions.since,
           introductions.seen_at, introductions.checked_at,
           CASE WHEN customers.customer IS NULL THEN (SELECT max(link_changes.revision) FROM link_changes
             WHERE link_changes.host = @host AND link_changes.account = @account) END AS last_change
         FROM (SELECT 1) AS one
         LEFT JOIN introductions ON introductions.host = @host AND introductions.account = @account
         LEFT JOIN LATERAL (
           SELECT * FROM customers AS own WHERE own.host = @host AND own.account = @account
           ORDER BY (deleted_at IS NULL) DESC, linked_at DESC LIMIT 1) AS customers ON true`,
        { host, account },
      );
      const row = found?.['customer'] == null ? undefined : found;
      const noted = found?.['introduced'] == null ? undefined : { ...found, customer: found['introduced'] };
      return accountRowOf(row, noted, number((row ? row['revision'] : found?.['last_change']) ?? 0));
    },

    async noteIntroduction({ host, account }, customer, code, checkedAt, now) {
      await db.run(
        `INSERT INTO introductions (host, account, customer, code, since, seen_at, checked_at)
         VALUES (@host, @account, @customer, @code, @now, @now, @checkedAt)
         ON CONFLICT (host, account) DO UPDATE SET seen_at = excluded.seen_at, checked_at = excluded.checked_at,
           customer = excluded.customer, code = excluded.code,
           since = CASE WHEN introductions.customer = excluded.customer AND introductions.code = excluded.code
             THEN introductions.since ELSE excluded.since END
         RETURNING ${notify}`,
        { host, account, customer, code, checkedAt, now, news: syncedChange({ host, account }) },
      );
    },

    async forgetIntroduction({ host, account }) {
      await db.run(`DELETE FROM introductions WHERE host = @host AND account = @account RETURNING ${notify}`, {
        host,
        account,
        news: syncedChange({ host, account }),
      });
    },

    async doubtfulAccounts(limit) {
      const doubtful = `FROM introductions WHERE code <> 'customerDeleted'`;
      const accounts = await db.all(
        `SELECT host, account, customer AS introduced, code, (SELECT own.customer FROM customers AS own
           WHERE own.host = introductions.host AND own.account = introductions.account
             AND own.deleted_at IS NULL) AS customer
         ${doubtful} ORDER BY since, host, account LIMIT @limit`,
        { limit },
      );
      const count = number((await db.get(`SELECT count(*) AS count ${doubtful}`))?.['count']);
      return { count, accounts: accounts.map(doubtfulAccountOf) };
    },

    async changeLink({ host, account }, customer, replace, now) {
      return await db.transaction(async (tx) => {
        const ref = { host, account };
        const found = await tx.all(
          `SELECT customer, host, account, deleted_at, revision FROM customers
           WHERE (host = @host AND account = @account) OR customer = @customer ORDER BY customer FOR UPDATE`,
          { ...ref, customer },
        );
        const rows = found.map(linkRowOf);
        const changed = linkChange(rows, ref, customer, replace);
        if (!isDecided(changed)) return changed;
        const { outcome, before } = changed;
        const last = await tx.get(linkSql.lastChange, ref);
        const revision = revisionAfter(rows, number(last?.['revision'] ?? 0), changed);
        await tx.run(
          `INSERT INTO link_changes (host, account, at, before, after, revision)
           VALUES (@host, @account, @now, @before, @customer, @revision) RETURNING ${notify}`,
          { ...ref, now, before, customer, revision, news: syncedChange(ref) },
        );
        const doubted = await tx.all(`${linkSql.forgetIntroductions} RETURNING host, account`, {
          ...ref,
          customer,
          before,
        });
        await tellAccounts(tx, doubted);
        if (outcome === 'alreadyLinked') return changed;
        const told = await tx.get(linkSql.accessTold, { before });
        for (const table of ['customers', 'revisions', 'visits']) {
          // oxlint-disable-next-line no-await-in-loop -- one connection
          await tx.run(`DELETE FROM ${table} WHERE customer = @before`, { before });
        }
        await tx.run(linkSql.forgetCheckout, ref);
        // The old key would give the customer that was taken away.
        await tx.run(linkSql.renewIntent, { ...ref, now });
        if (customer !== null) {
          await tx.run(
            `INSERT INTO customers (customer, host, account, stale_since, revision, access_told, linked_at)
             VALUES (@customer, @host, @account, @now, @revision, @told, @now) RETURNING ${notify}`,
            { ...ref, customer, now, revision, told: textOrNull(told?.['access_told']), news: queuedChange },
          );
        }
        return changed;
      });
    },
  };
}
