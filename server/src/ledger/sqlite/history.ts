/** Histories of accounts, and the ledger's stats, from SQLite. */

import { statsOf } from '../rows.ts';
import { type HistoryStore } from '../history.ts';
import type { SqliteDatabase } from './database.ts';
import { timelineOf } from '../timeline.ts';

export function sqliteTrail(db: SqliteDatabase): HistoryStore {
  return {
    async timeline({ host, account }, since, limit) {
      return db.snapshot(() => {
        const bind = { host, account };
        const newest = { ...bind, since, limit };
        const mine = `(SELECT customer FROM customers WHERE host = @host AND account = @account)`;
        return timelineOf(
          {
            customers: db.all(
              `SELECT customer, linked_at, deleted_at FROM customers WHERE host = @host AND account = @account`,
              bind,
            ),
            decisions: db.all(
              `SELECT at, before, after FROM link_changes
               WHERE host = @host AND account = @account AND at >= @since ORDER BY at DESC, sequence DESC LIMIT @limit`,
              newest,
            ),
            visits: db.all(
              `SELECT customer, opened_at AS at, kind, returned_at, outcome FROM visits
               WHERE host = @host AND account = @account AND opened_at >= @since ORDER BY opened_at DESC LIMIT @limit`,
              newest,
            ),
            events: db.all(
              `SELECT customer, received_at AS at, event, type, via FROM events
               WHERE customer IN ${mine} AND received_at >= @since ORDER BY received_at DESC LIMIT @limit`,
              newest,
            ),
            syncs: db.all(
              `SELECT * FROM syncs WHERE customer IN ${mine} AND at >= @since ORDER BY at DESC LIMIT @limit`,
              newest,
            ),
            revisions: db.all(
              `SELECT found.customer, found.at, found.revision, found.confirmed_by, found.facts, earlier.facts AS before
               FROM revisions AS found
               LEFT JOIN revisions AS earlier
                 ON earlier.customer = found.customer AND earlier.revision = found.revision - 1
               WHERE found.customer IN ${mine} AND found.at >= @since ORDER BY found.at DESC LIMIT @limit`,
              newest,
            ),
            notices: db.all(
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
      return db.snapshot(() => {
        const row = db.get(
          `SELECT (SELECT count(*) FROM customers WHERE deleted_at IS NULL) AS customers,
             (SELECT count(*) FROM customers WHERE synced_ticket < ticket AND deleted_at IS NULL) AS stale,
             (SELECT min(stale_since) FROM customers WHERE synced_ticket < ticket AND deleted_at IS NULL) AS oldest_stale,
             (SELECT count(*) FROM events WHERE closed_at IS NULL) AS open_hints,
             (SELECT min(received_at) FROM events WHERE closed_at IS NULL) AS oldest_hint,
             (SELECT count(*) FROM outbox WHERE settled_at IS NULL) AS notices,
             (SELECT min(written_at) FROM outbox WHERE settled_at IS NULL) AS oldest_notice`,
          {},
        );
        const failing = db.all(
          `SELECT failure_code, count(*) AS count FROM customers
           WHERE synced_ticket < ticket AND deleted_at IS NULL AND failure_code IS NOT NULL GROUP BY failure_code`,
          {},
        );
        return statsOf(row ?? {}, failing);
      });
    },
  };
}
