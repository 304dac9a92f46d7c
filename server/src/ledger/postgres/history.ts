/** Histories of accounts, and the ledger's stats, from PostgreSQL. */

import { statsOf } from '../rows.ts';
import { type HistoryStore } from '../history.ts';
import type { PostgresDatabase } from './database.ts';
import { timelineOf } from '../timeline.ts';

export function postgresTrail(db: PostgresDatabase): HistoryStore {
  return {
    async timeline({ host, account }, since, limit) {
      return await db.transaction(async (tx) => {
        // One snapshot: a commit between two of these reads would show a cause without its effect.
        await tx.run(`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY`);
        const bind = { host, account };
        const newest = { ...bind, since, limit };
        const mine = `(SELECT customer FROM customers WHERE host = @host AND account = @account)`;
        return timelineOf(
          {
            customers: await tx.all(
              `SELECT customer, linked_at, deleted_at FROM customers WHERE host = @host AND account = @account`,
              bind,
            ),
            decisions: await tx.all(
              `SELECT at, before, after FROM link_changes
               WHERE host = @host AND account = @account AND at >= @since ORDER BY at DESC, sequence DESC LIMIT @limit`,
              newest,
            ),
            visits: await tx.all(
              `SELECT customer, opened_at AS at, kind, returned_at, outcome FROM visits
               WHERE host = @host AND account = @account AND opened_at >= @since ORDER BY opened_at DESC LIMIT @limit`,
              newest,
            ),
            events: await tx.all(
              `SELECT customer, received_at AS at, event, type, via FROM events
               WHERE customer IN ${mine} AND received_at >= @since ORDER BY received_at DESC LIMIT @limit`,
              newest,
            ),
            syncs: await tx.all(
              `SELECT * FROM syncs WHERE customer IN ${mine} AND at >= @since ORDER BY at DESC LIMIT @limit`,
              newest,
            ),
            revisions: await tx.all(
              `SELECT found.customer, found.at, found.revision, found.confirmed_by, found.facts, earlier.facts AS before
               FROM revisions AS found
               LEFT JOIN revisions AS earlier
                 ON earlier.customer = found.customer AND earlier.revision = found.revision - 1
               WHERE found.customer IN ${mine} AND found.at >= @since ORDER BY found.at DESC LIMIT @limit`,
              newest,
            ),
            notices: await tx.all(
              `SELECT customer, written_at AS at, type, receiver, attempts, settled_at, outcome FROM outbox
               WHERE host = @host AND account = @account AND written_at >= @since ORDER BY written_at DESC LIMIT @limit`,
              newest,
            ),
          },
          since,
          limit,
        );
      });
    },

    async stats() {
      const row = await db.get(
        `SELECT (SELECT count(*) FROM customers WHERE deleted_at IS NULL) AS customers,
           (SELECT count(*) FROM customers WHERE synced_ticket < ticket AND deleted_at IS NULL) AS stale,
           (SELECT min(stale_since) FROM customers WHERE synced_ticket < ticket AND deleted_at IS NULL) AS oldest_stale,
           (SELECT count(*) FROM events WHERE closed_at IS NULL) AS open_hints,
           (SELECT min(received_at) FROM events WHERE closed_at IS NULL) AS oldest_hint,
           (SELECT count(*) FROM outbox WHERE settled_at IS NULL) AS notices,
           (SELECT min(written_at) FROM outbox WHERE settled_at IS NULL) AS oldest_notice`,
      );
      const failing = await db.all(
        `SELECT failure_code, count(*) AS count FROM customers
         WHERE synced_ticket < ticket AND deleted_at IS NULL AND failure_code IS NOT NULL GROUP BY failure_code`,
      );
      return statsOf(row ?? {}, failing);
    },
  };
}
