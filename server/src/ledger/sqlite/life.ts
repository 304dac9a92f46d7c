/** The lives of a ledger in SQLite. */

import { randomBytes } from 'node:crypto';
import { newLife, type LifeStore } from '../life.ts';
import type { SqliteDatabase } from './database.ts';

const newEpoch = () => randomBytes(6).toString('base64url');

export function sqliteLife(db: SqliteDatabase): LifeStore {
  const meta = (key: string) => db.get(`SELECT value FROM meta WHERE key = @key`, { key })?.['value'];
  const write = (key: string, value: string) =>
    db.run(`INSERT INTO meta (key, value) VALUES (@key, @value) ON CONFLICT (key) DO UPDATE SET value = @value`, {
      key,
      value,
    });
  let epoch = db.transactionAtStart(() => {
    db.run(`INSERT INTO meta (key, value) VALUES ('epoch', @value) ON CONFLICT DO NOTHING`, { value: newEpoch() });
    return String(meta('epoch'));
  });
  return {
    get epoch() {
      return epoch;
    },

    async beginAnew(now, withinMs) {
      const begun = await db.transaction(() => {
        if (now - Number(meta('begun_at') ?? -Infinity) < withinMs)
          return { epoch: String(meta('epoch')), count: null };
        const next = newEpoch();
        write('epoch', next);
        write('begun_at', String(now));
        return { epoch: next, count: newLife.map((sql) => db.run(sql, {})).at(-1) ?? 0 };
      });
      epoch = begun.epoch;
      db.lastWrites.forget();
      return begun.count;
    },

    async isIntact(now) {
      return db.lastWrites.looks(now).every(({ sql, bind }) => db.read(sql, bind) !== undefined);
    },
  };
}
