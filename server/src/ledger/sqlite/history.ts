/** Histories of accounts, and the ledger's stats, from SQLite. */

import { statsOf } from '../rows.ts';
import { failingSql, statsSql, timelineSql, type HistoryStore } from '../history.ts';
import type { SqliteDatabase } from './database.ts';
import { timelineOf } from '../timeline.ts';

export function sqliteTrail(db: SqliteDatabase): HistoryStore {
  return {
    async timeline({ host, account }, since, limit) {
      const bind = { host, account, since, limit };
      const read = (part: keyof typeof timelineSql) => db.all(timelineSql[part], bind);
      return db.snapshot(() =>
        timelineOf(
          {
            customers: read('customers'),
            decisions: read('decisions'),
            visits: read('visits'),
            events: read('events'),
            syncs: read('syncs'),
            revisions: read('revisions'),
            notices: read('notices'),
          },
          since,
          limit,
        ),
      );
    },

    async stats() {
      return db.snapshot(() => statsOf(db.get(statsSql, {}) ?? {}, db.all(failingSql, {})));
    },
  };
}
