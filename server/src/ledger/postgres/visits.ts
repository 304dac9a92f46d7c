/** Visits in PostgreSQL: trips to Stripe's pages and back. */

import { longestRecheckMs } from '../clocks.ts';
import { numberOrNull, returnStandingOf, text, visitOf } from '../rows.ts';
import type { PostgresDatabase } from './database.ts';
import { lockLiving, raiseTicket } from './tickets.ts';
import { visitSql, mustNoteAsk, openVisitsPerAccount, returnTicketFor, type VisitStore } from '../visits.ts';

export function postgresVisits(db: PostgresDatabase): VisitStore {
  return {
    async openVisit({ id, host, account, customer, kind, seen, openedAt, expiresAt }) {
      // The statement sees the account's visits as they were before it: the new one is not among them.
      await db.run(
        `WITH oldest AS (
           UPDATE visits SET expires_at = @openedAt WHERE expires_at > @openedAt AND id = (
             SELECT id FROM visits WHERE host = @host AND account = @account
             ORDER BY opened_at DESC LIMIT 1 OFFSET @othersAtMost))
         INSERT INTO visits (id, host, account, customer, kind, seen, opened_at, expires_at)
         VALUES (@id, @host, @account, @customer, @kind, @seen, @openedAt, @expiresAt)`,
        { id, host, account, customer, kind, seen, openedAt, expiresAt, othersAtMost: openVisitsPerAccount - 1 },
      );
    },

    async findVisit(id, { host, account }, now) {
      const row = await db.get(visitSql.find, { id, host, account, now });
      return row ? visitOf(row) : null;
    },

    async returnVisit(id, everyMs, now) {
      return await db.transaction(async (tx) => {
        // Two tabs that return at once raise one ticket: the second waits here, and then finds the first one's.
        const visit = await tx.get(
          `SELECT customer, return_ticket, outcome, asked_at FROM visits WHERE id = @id FOR UPDATE`,
          { id },
        );
        if (!visit) throw new Error('a visit must be found before it can return');
        const customer = text(visit['customer']);
        // The lock is all its visits': two that return at once raise one ticket. A deleted customer raises none: there is
        // nothing left to fetch, and what is known is the answer.
        const row = await tx.get(
          `SELECT ticket, synced_ticket, claimed_ticket, return_ticket, returned_at FROM customers
           WHERE customer = @customer AND deleted_at IS NULL FOR UPDATE`,
          { customer },
        );
        const state = row ? returnStandingOf(row, visit) : null;
        let ticket = state ? returnTicketFor(state, everyMs, now) : 0;
        if (ticket === null) {
          ticket = (await raiseTicket(tx, customer, 'return', now)) ?? 0;
          await tx.run(visitSql.noteReturnTicket, {
            customer,
            ticket,
            now,
          });
        }
        if (ticket !== numberOrNull(visit['return_ticket']) || mustNoteAsk(numberOrNull(visit['asked_at']), now)) {
          await tx.run(visitSql.noteReturn, { id, ticket, now });
        }
        return ticket;
      });
    },

    async settleVisit(id, outcome, recheckAt) {
      await db.run(visitSql.settle, {
        id,
        outcome,
        recheckAt: recheckAt[0] ?? null,
        recheckLater: recheckAt[1] ?? null,
      });
    },

    async raiseRechecks(now) {
      return await db.transaction(async (tx) => {
        const due = await tx.all(
          `WITH taken AS (SELECT id FROM visits
             WHERE recheck_at <= @now OR recheck_at > @now::bigint + @longestRecheckMs FOR UPDATE SKIP LOCKED)
           UPDATE visits SET recheck_at = recheck_later, recheck_later = NULL
           FROM taken WHERE visits.id = taken.id RETURNING customer`,
          { now, longestRecheckMs },
        );
        const customers = due.map((row) => text(row['customer']));
        if (due.length > 0) await lockLiving(tx, customers);
        for (const customer of customers) {
          // oxlint-disable-next-line no-await-in-loop -- one connection
          await raiseTicket(tx, customer, 'return', now);
        }
        return due.length;
      });
    },
  };
}
