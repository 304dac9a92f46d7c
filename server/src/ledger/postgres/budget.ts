/** The one budget of requests to Stripe, in PostgreSQL. */

import { spendFrom, type BudgetStore } from '../budget.ts';
import { number } from '../rows.ts';
import type { PostgresDatabase } from './database.ts';

export function postgresBudget(db: PostgresDatabase): BudgetStore {
  return {
    async spend(perSecond, reserve, now, count = 1) {
      return await db.transaction(async (tx) => {
        // A crash may lose it, and it is refilled within a second: no waiting for the disk here.
        await tx.run(`SET LOCAL synchronous_commit = off`);
        await tx.run(`INSERT INTO budget (one, tokens, at) VALUES (1, @perSecond, @now) ON CONFLICT DO NOTHING`, {
          perSecond: Math.max(1, perSecond),
          now,
        });
        const row = await tx.get(`SELECT tokens, at FROM budget FOR UPDATE`);
        const held = { tokens: number(row?.['tokens']), at: number(row?.['at']) };
        const { bucket, waitMs } = spendFrom(held, perSecond, reserve, now, count);
        await tx.run(`UPDATE budget SET tokens = @tokens, at = @at`, { ...bucket });
        return waitMs;
      });
    },
  };
}
