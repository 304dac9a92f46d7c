/** Links in SQLite: introductions that were not carried out, and an operator's decisions. */

import { isDecided, linkChange, linkSql, revisionAfter, type LinkStore } from '../links.ts';
import { accountRowOf, doubtfulAccountOf, linkRowOf, number, textOrNull } from '../rows.ts';
import { lastTombstone, living } from './customers.ts';
import type { SqliteDatabase } from './database.ts';

const noted = `SELECT customer, code, since, seen_at, checked_at FROM introductions WHERE host = @host AND account = @account`;

export function sqliteLinks(db: SqliteDatabase): LinkStore {
  return {
    async readAccount({ host, account }) {
      const bind = { host, account };
      // Indexed reads; one statement for all would sort the account's rows, facts included, at every read.
      const row = db.read(living, bind) ?? db.read(lastTombstone, bind);
      const revision = row ? number(row['revision']) : number(db.readOne(linkSql.lastChange, bind)['revision']);
      return accountRowOf(row, db.read(noted, bind), revision);
    },

    async noteIntroduction({ host, account }, customer, code, checkedAt, now) {
      await db.transaction(() =>
        db.run(
          `INSERT INTO introductions (host, account, customer, code, since, seen_at, checked_at)
           VALUES (@host, @account, @customer, @code, @now, @now, @checkedAt)
           ON CONFLICT DO UPDATE SET seen_at = @now, checked_at = @checkedAt, customer = @customer, code = @code,
             since = CASE WHEN customer = @customer AND code = @code THEN since ELSE @now END`,
          { host, account, customer, code, checkedAt, now },
        ),
      );
    },

    async forgetIntroduction({ host, account }) {
      await db.transaction(() =>
        db.run(`DELETE FROM introductions WHERE host = @host AND account = @account`, { host, account }),
      );
    },

    async doubtfulAccounts(limit) {
      const doubtful = `FROM introductions WHERE code <> 'customerDeleted'`;
      const accounts = db.readAll(
        `SELECT host, account, customer AS introduced, code, (SELECT customer FROM customers
           WHERE customers.host = introductions.host AND customers.account = introductions.account
             AND deleted_at IS NULL) AS customer
         ${doubtful} ORDER BY since, host, account LIMIT @limit`,
        { limit },
      );
      const count = number(db.readOne(`SELECT count(*) AS count ${doubtful}`, {})['count']);
      return { count, accounts: accounts.map(doubtfulAccountOf) };
    },

    async changeLink({ host, account }, customer, replace, now) {
      return await db.transaction(() => {
        const ref = { host, account };
        const rows = db
          .all(
            `SELECT customer, host, account, deleted_at, revision FROM customers
             WHERE (host = @host AND account = @account) OR customer = @customer`,
            { ...ref, customer },
          )
          .map(linkRowOf);
        const changed = linkChange(rows, ref, customer, replace);
        if (!isDecided(changed)) return changed;
        const { outcome, before } = changed;
        const lastChange = number(db.one(linkSql.lastChange, ref)['revision']);
        const revision = revisionAfter(rows, lastChange, changed);
        db.run(
          `INSERT INTO link_changes (host, account, at, before, after, revision)
           VALUES (@host, @account, @now, @before, @customer, @revision)`,
          { ...ref, now, before, customer, revision },
        );
        db.run(linkSql.forgetIntroductions, { ...ref, customer, before });
        if (outcome === 'alreadyLinked') return changed;
        const told = db.get(linkSql.accessTold, { before });
        for (const table of ['customers', 'revisions', 'visits']) {
          db.run(`DELETE FROM ${table} WHERE customer = @before`, { before });
        }
        db.run(linkSql.forgetCheckout, ref);
        // The old key would give the customer that was taken away.
        db.run(linkSql.renewIntent, { ...ref, now });
        if (customer !== null) {
          db.run(
            `INSERT INTO customers (customer, host, account, stale_since, revision, access_told, linked_at)
             VALUES (@customer, @host, @account, @now, @revision, @told, @now)`,
            { ...ref, customer, now, revision, told: textOrNull(told?.['access_told']) },
          );
        }
        return changed;
      });
    },
  };
}
