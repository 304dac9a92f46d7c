/** Visits in SQLite: trips to Stripe's pages and back. */

import { longestRecheckMs } from '../clocks.ts';
import { numberOrNull, returnStandingOf, text, visitOf } from '../rows.ts';
import type { SqliteDatabase } from './database.ts';
import { raiseTicket } from './tickets.ts';
import {
  visitSql,
  mustNoteAsk,
  openVisitsPerAccount,
  returnTicketFor,
  type Visit,
  type VisitStore,
} from '../visits.ts';
import type { AccountRef } from '../account.ts';

export function sqliteVisits(db: SqliteDatabase): VisitStore {
  return {
    async openVisit(visit: Omit<Visit, 'returnTicket' | 'outcome'>): Promise<void> {
      const { host, account, openedAt } = visit;
      await db.transaction(() => {
        db.run(
          `INSERT INTO visits (id, host, account, customer, kind, seen, opened_at, expires_at)
           VALUES (@id, @host, @account, @customer, @kind, @seen, @openedAt, @expiresAt)`,
          { ...visit },
        );
        db.run(
          `UPDATE visits SET expires_at = @openedAt WHERE expires_at > @openedAt AND id = (
             SELECT id FROM visits WHERE host = @host AND account = @account
             ORDER BY opened_at DESC LIMIT 1 OFFSET @most)`,
          { host, account, openedAt, most: openVisitsPerAccount },
        );
      });
    },

    async findVisit(id: string, ref: AccountRef, now: number): Promise<Visit | null> {
      const row = db.read(visitSql.find, { id, host: ref.host, account: ref.account, now });
      return row ? visitOf(row) : null;
    },

    async returnVisit(id: string, everyMs: number, now: number): Promise<number> {
      return await db.transaction(() => {
        const visit = db.get(`SELECT customer, return_ticket, outcome, asked_at FROM visits WHERE id = @id`, { id });
        if (!visit) throw new Error('a visit must be found before it can return');
        const customer = text(visit['customer']);
        // A deleted customer raises no ticket: there is nothing left to fetch, and what is known is the answer.
        const row = db.get(
          `SELECT ticket, synced_ticket, claimed_ticket, return_ticket, returned_at FROM customers
           WHERE customer = @customer AND deleted_at IS NULL`,
          { customer },
        );
        const state = row ? returnStandingOf(row, visit) : null;
        let ticket = state ? returnTicketFor(state, everyMs, now) : 0;
        if (ticket === null) {
          ticket = raiseTicket(db, customer, 'return', now) ?? 0;
          db.run(visitSql.noteReturnTicket, {
            customer,
            ticket,
            now,
          });
        }
        if (ticket !== numberOrNull(visit['return_ticket']) || mustNoteAsk(numberOrNull(visit['asked_at']), now)) {
          db.run(visitSql.noteReturn, { id, ticket, now });
        }
        return ticket;
      });
    },

    async settleVisit(id: string, outcome: 'changed' | 'unchanged', recheckAt: readonly number[]): Promise<void> {
      await db.transaction(() =>
        db.run(visitSql.settle, { id, outcome, recheckAt: recheckAt[0] ?? null, recheckLater: recheckAt[1] ?? null }),
      );
    },

    async raiseRechecks(now: number): Promise<number> {
      return await db.transaction(() => {
        const due = db.all(
          `UPDATE visits SET recheck_at = recheck_later, recheck_later = NULL
           WHERE recheck_at <= @now OR recheck_at > @now + @longestRecheckMs RETURNING customer`,
          { now, longestRecheckMs },
        );
        for (const row of due) raiseTicket(db, text(row['customer']), 'return', now);
        return due.length;
      });
    },
  };
}
