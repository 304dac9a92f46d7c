/** Customers in SQLite: links, tickets, claims and facts. */

import type { ConfirmedBy } from '@billhook/widget/contract';
import type { CustomerFacts } from '../../billing/facts.ts';
import { compareAccess } from '../access-told.ts';
import { Batch } from '../batch.ts';
import { changeOf } from '../fetched.ts';
import { longestPriorityMs } from '../clocks.ts';
import { factsOf, number, numberOrNull, recordOf, text, textOrNull } from '../rows.ts';
import { claimCustomers } from './claims.ts';
import type { SqliteDatabase } from './database.ts';
import { writeNotices } from './outbox.ts';
import { raiseTicket } from './tickets.ts';
import {
  customerSql,
  type CustomerRecord,
  type Claim,
  type Applied,
  type LinkOutcome,
  type CustomerStore,
  type Fetched,
} from '../customers.ts';
import type { AccountRef } from '../account.ts';

export const living = `SELECT * FROM customers WHERE host = @host AND account = @account AND deleted_at IS NULL`;
export const lastTombstone = `SELECT * FROM customers WHERE host = @host AND account = @account ORDER BY linked_at DESC LIMIT 1`;

export function sqliteCustomers(db: SqliteDatabase): CustomerStore {
  // Fetches that end in one turn of the event loop share a commit.
  const applying = new Batch<Applying, Applied>((entries) =>
    db.transaction(() => entries.map((entry) => applyOne(db, entry))),
  );
  return {
    async findAccount(ref: AccountRef): Promise<CustomerRecord | null> {
      const { host, account } = ref;
      // Two indexed reads; one statement for both would sort the account's rows, facts included, at every read.
      const row = db.read(living, { host, account }) ?? db.read(lastTombstone, { host, account });
      return row ? recordOf(row) : null;
    },

    async factsAt(customer: string, revision: number): Promise<CustomerFacts | null> {
      const row = db.read(customerSql.factsAt, {
        customer,
        revision,
      });
      return row ? factsOf(row['facts']) : null;
    },

    async formerFacts({ host, account }) {
      return db.readAll(customerSql.formerFacts, { host, account }).flatMap((row) => factsOf(row['facts']) ?? []);
    },

    async link(ref: AccountRef, customer: string, now: number): Promise<LinkOutcome> {
      return await db.transaction(() => {
        const taken = db.get(customerSql.owner, {
          customer,
        });
        if (taken) {
          if (taken['deleted_at'] !== null) return 'customerDeleted';
          return taken['host'] === ref.host && taken['account'] === ref.account ? 'alreadyLinked' : 'customerTaken';
        }
        const { host, account } = ref;
        const before = db.one(
          `SELECT count(*) FILTER (WHERE deleted_at IS NULL) AS living, max(coalesce(max(revision), 0), (
             SELECT coalesce(max(revision), 0) FROM link_changes WHERE host = @host AND account = @account)) AS revision
           FROM customers WHERE host = @host AND account = @account`,
          { host, account },
        );
        if (number(before['living']) > 0) return 'accountTaken';
        db.run(
          `INSERT INTO customers (customer, host, account, stale_since, revision, access_told, linked_at)
           VALUES (@customer, @host, @account, @now, @revision, @told, @now)`,
          // The account goes on: its revision never steps back, and its host knows what was told of the last customer.
          {
            customer,
            host,
            account,
            now,
            revision: number(before['revision']),
            told: textOrNull(db.get(lastTombstone, { host, account })?.['access_told']),
          },
        );
        return 'linked';
      });
    },

    async raiseTicket(customer: string, cause: ConfirmedBy, now: number): Promise<number | null> {
      return await db.transaction(() => raiseTicket(db, customer, cause, now));
    },

    async prioritize(customer: string, until: number): Promise<void> {
      // A page that still waits after a power failure asks again.
      await db.transient(() =>
        db.run(
          `UPDATE customers SET wanted_until = @until
         WHERE customer = @customer AND (wanted_until < @until OR wanted_until > @until + @longestPriorityMs)`,
          {
            customer,
            until,
            longestPriorityMs,
          },
        ),
      );
    },

    async due(now: number, limit: number): Promise<CustomerRecord[]> {
      return db.readAll(customerSql.due, { now, limit }).map(recordOf);
    },

    async raiseDue(customer, wasDueAt, nextChangeAt, now, access = null): Promise<number> {
      return await db.transaction(() => {
        const row = db.get(customerSql.moveDue, { customer, wasDueAt, nextChangeAt });
        if (!row) return 0;
        raiseTicket(db, customer, 'time', now);
        if (access === null || numberOrNull(row['fetched_at']) !== access.fetchedAt) return 0;
        const { told, entries } = compareAccess(textOrNull(row['access_told']), access);
        db.run(customerSql.noteAccessTold, { customer, told });
        const [host, account, revision] = [text(row['host']), text(row['account']), number(row['revision'])];
        return writeNotices(db, entries, { host, account, customer, revision, at: now, now });
      });
    },

    async releaseLeases(): Promise<void> {
      await db.transaction(() => {
        db.run(
          `UPDATE customers SET lease_until = 0 WHERE synced_ticket < ticket AND deleted_at IS NULL AND lease_until > 0`,
          {},
        );
        db.run(`UPDATE events SET next_attempt_at = 0 WHERE closed_at IS NULL`, {});
        db.run(`UPDATE outbox SET next_attempt_at = 0 WHERE settled_at IS NULL`, {});
      });
    },

    async claim(now, leaseMs, limit, options = {}) {
      return claimCustomers(db, now, leaseMs, limit, options);
    },

    async apply(claim, fetched): Promise<Applied> {
      const applied = await applying.add({ claim, fetched });
      db.lastWrites.noteSync(claim);
      return applied;
    },

    async fail(claim: Claim, code: string, nextAttemptAt: number, now: number): Promise<void> {
      await db.transaction(() => {
        const { customer, ticket } = claim;
        db.run(customerSql.noteFailure, { customer, claim: claim.claim, ticket, code, nextAttemptAt, now });
        noteSync(db, claim, code, now);
      });
    },
  };
}

interface Applying {
  readonly claim: Claim;
  readonly fetched: Fetched;
}

/** Within a transaction. */
function applyOne(db: SqliteDatabase, { claim, fetched }: Applying): Applied {
  const { fetchedAt, now, notices = [] } = fetched;
  const { customer, host, account } = claim;
  const before = db.get(
    `SELECT facts, ticket, revision, access_told FROM customers
     WHERE customer = @customer AND written_claim < @claim AND synced_ticket < @ticket`,
    { customer, claim: claim.claim, ticket: claim.ticket },
  );
  if (!before) {
    noteSync(db, claim, 'fenced', now);
    return { applied: false, changed: false, noticesWritten: 0 };
  }
  const { content, changed, revision, entries, bind } = changeOf(before, claim, fetched);
  db.run(customerSql.writeFacts, bind);
  if (changed) {
    db.run(customerSql.addRevision, { customer, revision, now, cause: claim.cause, content });
  }
  noteSync(db, claim, changed ? 'changed' : 'unchanged', now);
  const written = { host, account, customer, revision, at: fetchedAt, now };
  const noticesWritten = writeNotices(db, [...notices, ...entries], written);
  return { applied: true, changed, noticesWritten };
}

/** One line of the trail: when, why, and with which result. */
function noteSync(db: SqliteDatabase, claim: Claim, outcome: string, now: number): void {
  const { customer, claimedAt, cause, ticket } = claim;
  db.run(customerSql.addSync, { customer, claimedAt, now, cause, ticket, claim: claim.claim, outcome });
}
