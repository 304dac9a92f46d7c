/** Customers in PostgreSQL: links, tickets, claims and facts. */

import type { ConfirmedBy } from '@billhook/widget/contract';
import type { CustomerFacts } from '../../billing/facts.ts';
import { compareAccess } from '../access-told.ts';
import { changeOf } from '../fetched.ts';
import { longestPriorityMs } from '../clocks.ts';
import { factsOf, number, numberOrNull, recordOf, text, textOrNull } from '../rows.ts';
import { claimCustomers } from './claims.ts';
import type { PostgresDatabase } from './database.ts';
import { syncedChange, raisedChange, notify } from './feed.ts';
import { writeNotices } from './outbox.ts';
import { raiseTicket } from './tickets.ts';
import {
  customerSql,
  type CustomerRecord,
  type Claim,
  type Applied,
  type LinkOutcome,
  type CustomerStore,
} from '../customers.ts';
import type { Session } from './session.ts';
import type { AccountRef } from '../account.ts';

export function postgresCustomers(db: PostgresDatabase): CustomerStore {
  return {
    async findAccount({ host, account }: AccountRef): Promise<CustomerRecord | null> {
      const row = await db.get(
        `SELECT * FROM customers WHERE host = @host AND account = @account
         ORDER BY (deleted_at IS NULL) DESC, linked_at DESC LIMIT 1`,
        { host, account },
      );
      return row ? recordOf(row) : null;
    },

    async factsAt(customer: string, revision: number): Promise<CustomerFacts | null> {
      const row = await db.get(customerSql.factsAt, {
        customer,
        revision,
      });
      return row ? factsOf(row['facts']) : null;
    },

    async formerFacts({ host, account }) {
      const rows = await db.all(customerSql.formerFacts, { host, account });
      return rows.flatMap((row) => factsOf(row['facts']) ?? []);
    },

    async link({ host, account }: AccountRef, customer: string, now: number): Promise<LinkOutcome> {
      return await db.transaction(async (tx) => {
        // A transaction that is deleting the account's customer is waited for: the revision goes on from there.
        const before = await tx.all(
          `SELECT revision, linked_at, access_told FROM customers WHERE host = @host AND account = @account
           ORDER BY customer FOR UPDATE`,
          { host, account },
        );
        const changed = await tx.get(
          `SELECT coalesce(max(revision), 0) AS revision FROM link_changes WHERE host = @host AND account = @account`,
          { host, account },
        );
        const [last] = before.toSorted((a, b) => number(b['linked_at']) - number(a['linked_at']));
        const linked = await tx.run(
          // The second transaction waits at the index for the first to commit, and then writes nothing.
          `INSERT INTO customers (customer, host, account, stale_since, revision, access_told, linked_at)
           VALUES (@customer, @host, @account, @now, @revision, @told, @now) ON CONFLICT DO NOTHING RETURNING ${notify}`,
          {
            customer,
            host,
            account,
            now,
            // The account goes on: its revision never steps back, and its host knows what was told of the last customer.
            revision: Math.max(number(changed?.['revision'] ?? 0), ...before.map((row) => number(row['revision']))),
            told: textOrNull(last?.['access_told']),
            news: raisedChange(customer),
          },
        );
        if (linked > 0) {
          // The account had no customer: that is what was read of it until now.
          await tx.run(`SELECT ${notify}`, { news: syncedChange({ host, account }) });
          return 'linked';
        }
        const taken = await tx.get(customerSql.owner, {
          customer,
        });
        if (!taken) return 'accountTaken';
        if (taken['deleted_at'] !== null) return 'customerDeleted';
        return taken['host'] === host && taken['account'] === account ? 'alreadyLinked' : 'customerTaken';
      });
    },

    async raiseTicket(customer: string, cause: ConfirmedBy, now: number): Promise<number | null> {
      return await raiseTicket(db, customer, cause, now);
    },

    async prioritize(customer: string, until: number): Promise<void> {
      await db.run(
        `UPDATE customers SET wanted_until = @until
         WHERE customer = @customer AND (wanted_until < @until OR wanted_until > @until::bigint + @longestPriorityMs)`,
        {
          customer,
          until,
          longestPriorityMs,
        },
      );
    },

    async due(now: number, limit: number): Promise<CustomerRecord[]> {
      const rows = await db.all(customerSql.due, { now, limit });
      return rows.map(recordOf);
    },

    async raiseDue(customer, wasDueAt, nextChangeAt, now, access = null): Promise<number> {
      return await db.transaction(async (tx) => {
        const row = await tx.get(customerSql.moveDue, { customer, wasDueAt, nextChangeAt });
        if (!row) return 0;
        await raiseTicket(tx, customer, 'time', now);
        if (access === null || numberOrNull(row['fetched_at']) !== access.fetchedAt) return 0;
        const { told, entries } = compareAccess(textOrNull(row['access_told']), access);
        await tx.run(customerSql.noteAccessTold, { customer, told });
        const [host, account, revision] = [text(row['host']), text(row['account']), number(row['revision'])];
        return await writeNotices(tx, entries, { host, account, customer, revision, at: now, now });
      });
    },

    // Other processes hold leases too, and their holders are not known: each ends by itself.
    async releaseLeases(): Promise<void> {},

    async claim(now, leaseMs, limit, options = {}) {
      return await claimCustomers(db, now, leaseMs, limit, options);
    },

    async apply(claim, fetched): Promise<Applied> {
      const { fetchedAt, now, notices = [] } = fetched;
      const { customer, host, account } = claim;
      const applied = await db.transaction(async (tx) => {
        // The lock is the fence's: no claim, apply or ticket comes between this read and the write.
        const before = await tx.get(
          `SELECT facts, ticket, revision, access_told FROM customers
           WHERE customer = @customer AND written_claim < @claim AND synced_ticket < @ticket FOR UPDATE`,
          { customer, claim: claim.claim, ticket: claim.ticket },
        );
        if (!before) {
          await noteSync(tx, claim, 'fenced', now);
          return { applied: false, changed: false, noticesWritten: 0 };
        }

        const { content, changed, revision, entries, bind } = changeOf(before, claim, fetched);
        await tx.run(`${customerSql.writeFacts} RETURNING ${notify}`, { ...bind, news: syncedChange(claim) });
        if (changed) {
          await tx.run(customerSql.addRevision, { customer, revision, now, cause: claim.cause, content });
        }
        await noteSync(tx, claim, changed ? 'changed' : 'unchanged', now);
        const written = { host, account, customer, revision, at: fetchedAt, now };
        const noticesWritten = await writeNotices(tx, [...notices, ...entries], written);
        return { applied: true, changed, noticesWritten };
      });
      db.lastWrites.noteSync(claim);
      return applied;
    },

    async fail(claim: Claim, code: string, nextAttemptAt: number, now: number): Promise<void> {
      await db.transaction(async (tx) => {
        const { customer, ticket } = claim;
        await tx.run(`${customerSql.noteFailure} RETURNING ${notify}`, {
          customer,
          claim: claim.claim,
          ticket,
          code,
          nextAttemptAt,
          now,
          news: syncedChange(claim),
        });
        await noteSync(tx, claim, code, now);
      });
    },
  };
}

/** One line of the trail: when, why, and with which result. */
async function noteSync(tx: Session, claim: Claim, outcome: string, now: number): Promise<void> {
  const { customer, claimedAt, cause, ticket } = claim;
  await tx.run(customerSql.addSync, { customer, claimedAt, now, cause, ticket, claim: claim.claim, outcome });
}
