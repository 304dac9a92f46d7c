/** Visits in SQLite: trips to Stripe's pages and back. */

import type { AccountRef, Visit, VisitStore } from '../store.ts';
import type { Row, SqliteDatabase } from './database.ts';
import { raiseTicket } from './tickets.ts';

export function sqliteVisits(db: SqliteDatabase): VisitStore {
  return {
    async openVisit(visit: Omit<Visit, 'returnTicket' | 'outcome'>): Promise<void> {
      db.transaction(() =>
        db.run(
          `INSERT INTO visits (id, host, account, customer, kind, seen, opened_at, expires_at)
           VALUES (@id, @host, @account, @customer, @kind, @seen, @openedAt, @expiresAt)`,
          { ...visit },
        ),
      );
    },

    async findVisit(id: string, ref: AccountRef, now: number): Promise<Visit | null> {
      const row = db.read(
        `SELECT * FROM visits WHERE id = @id AND host = @host AND account = @account AND expires_at > @now`,
        { id, host: ref.host, account: ref.account, now },
      );
      return row ? visitOf(row) : null;
    },

    async returnVisit(id: string, everyMs: number, now: number): Promise<number> {
      return db.transaction(() => {
        const visit = db.get(`SELECT customer, return_ticket, last_ticket_at FROM visits WHERE id = @id`, { id });
        if (!visit) throw new Error('a visit must be found before it can return');
        const lastTicketAt = visit['last_ticket_at'];
        if (visit['return_ticket'] !== null && Number(lastTicketAt) > now - everyMs)
          return Number(visit['return_ticket']);
        // A deleted customer raises no ticket: there is nothing left to fetch, and what is known is the answer.
        const ticket = raiseTicket(db, String(visit['customer']), 'return', now) ?? 0;
        db.run(`UPDATE customers SET lease_until = 0 WHERE customer = @customer`, {
          customer: visit['customer'] ?? null,
        });
        db.run(`UPDATE visits SET return_ticket = @ticket, last_ticket_at = @now, outcome = NULL WHERE id = @id`, {
          id,
          ticket,
          now,
        });
        return ticket;
      });
    },

    async settleVisit(id: string, outcome: 'changed' | 'unchanged', recheckAt: readonly number[]): Promise<void> {
      db.transaction(() =>
        db.run(
          `UPDATE visits SET outcome = @outcome, recheck_at = @recheckAt, recheck_later = @recheckLater
           WHERE id = @id AND (outcome IS NULL OR (outcome = 'unchanged' AND @outcome = 'changed'))`,
          { id, outcome, recheckAt: recheckAt[0] ?? null, recheckLater: recheckAt[1] ?? null },
        ),
      );
    },

    async raiseRechecks(now: number): Promise<number> {
      return db.transaction(() => {
        const due = db.all(
          `UPDATE visits SET recheck_at = recheck_later, recheck_later = NULL WHERE recheck_at <= @now RETURNING customer`,
          { now },
        );
        for (const row of due) raiseTicket(db, String(row['customer']), 'return', now);
        return due.length;
      });
    },
  };
}

function visitOf(row: Row): Visit {
  return {
    id: String(row['id']),
    host: String(row['host']),
    account: String(row['account']),
    customer: String(row['customer']),
    kind: row['kind'] as Visit['kind'],
    seen: Number(row['seen']),
    openedAt: Number(row['opened_at']),
    expiresAt: Number(row['expires_at']),
    returnTicket: row['return_ticket'] == null ? null : Number(row['return_ticket']),
    outcome: row['outcome'] as Visit['outcome'],
  };
}
