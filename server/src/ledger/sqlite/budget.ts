/** The one budget of requests to Stripe, in SQLite. */

import { spendFrom, type BudgetStore } from '../budget.ts';
import { number } from '../rows.ts';
import type { SqliteDatabase } from './database.ts';

export function sqliteBudget(db: SqliteDatabase): BudgetStore {
  return {
    async spend(perSecond, reserve, now, count = 1) {
      return await db.transient(() => {
        const row = db.get(`SELECT tokens, at FROM budget`, {});
        const held = row ? { tokens: number(row['tokens']), at: number(row['at']) } : null;
        const { bucket, waitMs } = spendFrom(held, perSecond, reserve, now, count);
        db.run(
          `INSERT INTO budget (one, tokens, at) VALUES (1, @tokens, @at) ON CONFLICT DO UPDATE SET tokens = @tokens, at = @at`,
          { ...bucket },
        );
        return waitMs;
      });
    },
  };
}
