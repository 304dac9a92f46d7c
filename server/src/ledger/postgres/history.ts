/** Histories of accounts, and the ledger's stats, from PostgreSQL. */

import { statsOf } from '../rows.ts';
import { failingSql, statsSql, timelineSql, type HistoryStore } from '../history.ts';
import type { PostgresDatabase } from './database.ts';
import { timelineOf } from '../timeline.ts';

const inOneRow = `SELECT ${Object.entries(statsSql)
  .map(([name, sql]) => `(${sql}) AS ${name}`)
  .join(', ')}`;

export function postgresTrail(db: PostgresDatabase): HistoryStore {
  return {
    async timeline({ host, account }, since, limit) {
      const bind = { host, account, since, limit };
      return await db.transaction(async (tx) => {
        // One snapshot: a commit between two of these reads would show a cause without its effect.
        await tx.run(`SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY`);
        const read = async (part: keyof typeof timelineSql) => await tx.all(timelineSql[part], bind);
        return timelineOf(
          {
            customers: await read('customers'),
            decisions: await read('decisions'),
            visits: await read('visits'),
            events: await read('events'),
            syncs: await read('syncs'),
            revisions: await read('revisions'),
            notices: await read('notices'),
          },
          since,
          limit,
        );
      });
    },

    async stats() {
      return statsOf((await db.get(inOneRow)) ?? {}, await db.all(failingSql));
    },
  };
}
