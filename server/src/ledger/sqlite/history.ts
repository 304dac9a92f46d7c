/** Histories of accounts, and the ledger's stats, from SQLite. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { statsOf, type Cell } from '../rows.ts';
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

    // Not of one moment: requests come between the counts, which last as long as there are rows.
    async stats() {
      const found: Record<string, Cell> = {};
      for (const [name, sql] of Object.entries(statsSql)) {
        found[name] = db.readOne(`SELECT (${sql}) AS value`, {})['value'] ?? null;
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        await nextTurn();
      }
      return statsOf(found, db.readAll(failingSql, {}));
    },
  };
}
