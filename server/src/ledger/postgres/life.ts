/** The lives of a ledger in PostgreSQL. */

import { randomBytes } from 'node:crypto';
import { newLife, type LifeStore } from '../life.ts';
import { text } from '../rows.ts';
import type { PostgresDatabase } from './database.ts';
import { catalogueChange, notify } from './feed.ts';
import type { Session } from './session.ts';

const newEpoch = () => randomBytes(6).toString('base64url');

export async function postgresLife(db: PostgresDatabase): Promise<LifeStore> {
  const meta = async (session: Session, key: string) =>
    (await session.get(`SELECT value FROM meta WHERE key = @key`, { key }))?.['value'];
  await db.run(`INSERT INTO meta (key, value) VALUES ('epoch', @value) ON CONFLICT DO NOTHING`, { value: newEpoch() });
  let epoch = text(await meta(db, 'epoch'));
  return {
    get epoch() {
      return epoch;
    },

    async beginAnew(now, withinMs) {
      const begun = await db.transaction(async (tx) => {
        // Processes that start together come here one after another.
        await tx.run(`SELECT 1 FROM meta WHERE key = 'epoch' FOR UPDATE`);
        const at = Number((await meta(tx, 'begun_at')) ?? -Infinity);
        if (now - at < withinMs) return { epoch: text(await meta(tx, 'epoch')), count: null };
        const next = newEpoch();
        await tx.run(`UPDATE meta SET value = @next WHERE key = 'epoch'`, { next });
        await tx.run(
          `INSERT INTO meta (key, value) VALUES ('begun_at', @now) ON CONFLICT (key) DO UPDATE SET value = @now
           RETURNING ${notify}`,
          { now: String(now), news: catalogueChange },
        );
        await tx.run(`SELECT 1 FROM customers WHERE deleted_at IS NULL ORDER BY customer FOR UPDATE`);
        let count = 0;
        // oxlint-disable-next-line no-await-in-loop -- one connection
        for (const sql of newLife) count = await tx.run(sql);
        return { epoch: next, count };
      });
      epoch = begun.epoch;
      db.lastWrites.forget();
      return begun.count;
    },

    async isIntact(now) {
      const found = await Promise.all(db.lastWrites.looks(now).map(({ sql, bind }) => db.get(sql, bind)));
      if (found.includes(undefined)) return false;
      epoch = text(await meta(db, 'epoch'));
      return true;
    },
  };
}
