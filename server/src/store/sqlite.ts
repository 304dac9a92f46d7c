/**
 * The ledger on SQLite: one process, one file, nothing to install. WAL with `synchronous = FULL`, asserted at every open:
 * the driver falls back to NORMAL on a file that is already in WAL mode, and a webhook answered 200 could be lost.
 */

import { randomBytes } from 'node:crypto';
import Database from 'better-sqlite3';
import type { ConfirmedBy } from '@billhook/widget/contract';
import type { CustomerFacts } from '../facts.ts';
import type { Hint } from '../hints.ts';
import { Batch } from './batch.ts';
import { migrations } from './sqlite-schema.ts';
import {
  LedgerPinnedError,
  StoreUnavailableError,
  type AccountRef,
  type Applied,
  type BillingStore,
  type Claim,
  type CustomerRecord,
  type LinkOutcome,
  type OpenHint,
  type Product,
  type StripeIdentity,
  type Visit,
} from './store.ts';

/** How soon after a failure a customer is tried again while somebody waits for it. */
const wantedRetryMs = 2_000;

type Row = Record<string, string | number | null>;
type Bind = Record<string, string | number | null>;

/**
 * Opens the ledger, creating or migrating it first.
 *
 * @param path A file, or `':memory:'` for a ledger that dies with the process.
 * @throws {StoreUnavailableError} `store_unavailable`: not openable, not migratable, newer than this program, or not durable.
 */
export function openSqliteStore(path: string): BillingStore {
  return new SqliteStore(path);
}

class SqliteStore implements BillingStore {
  readonly epoch: string;
  readonly digestKey: string;
  readonly #db: Database.Database;
  readonly #prepared = new Map<string, Database.Statement<[Bind], Row>>();
  readonly #hints: Batch<{ hint: Hint; now: number }, 'ticket' | 'open' | 'closed' | 'duplicate'>;

  constructor(path: string) {
    try {
      this.#db = new Database(path, { timeout: 5_000 });
      this.#db.pragma('journal_mode = WAL');
      this.#db.pragma('synchronous = FULL');
      const synchronous = this.#db.pragma('synchronous', { simple: true });
      if (synchronous !== 2)
        throw new Error(`synchronous is ${String(synchronous)}, not 2 (FULL): commits would not be durable`);
      this.#db.pragma('foreign_keys = ON');
      this.#migrate();
      this.epoch = this.#metaOrNew('epoch', () => randomBytes(6).toString('base64url'));
      this.digestKey = this.#metaOrNew('digest_key', () => randomBytes(32).toString('base64url'));
    } catch (cause) {
      throw new StoreUnavailableError(`the ledger at ${path} cannot be opened`, { cause });
    }
    this.#hints = new Batch(
      (entries) => this.#transaction(() => entries.map(({ hint, now }) => this.#recordHint(hint, now))),
      // Sorted by customer, as every implementation does: rows locked in one order cannot deadlock.
      (a, b) => (a.hint.customer ?? '').localeCompare(b.hint.customer ?? ''),
    );
  }

  async pin(identity: StripeIdentity): Promise<void> {
    const wanted = `${identity.account} ${identity.livemode ? 'live' : 'test'}`;
    const pinned = this.#transaction(() => this.#metaOrNew('stripe', () => wanted));
    if (pinned !== wanted) {
      throw new LedgerPinnedError(
        `this ledger belongs to the Stripe account and mode "${pinned}", but the key in use is of "${wanted}"`,
      );
    }
  }

  async ping(): Promise<void> {
    this.#transaction(() => this.#run(`UPDATE meta SET value = value WHERE key = 'epoch'`, {}));
  }

  recordHint(hint: Hint, now: number): Promise<'ticket' | 'open' | 'closed' | 'duplicate'> {
    return this.#hints.add({ hint, now });
  }

  #recordHint(hint: Hint, now: number): 'ticket' | 'open' | 'closed' | 'duplicate' {
    const open = hint.concerns === 'subject';
    const inserted = this.#run(
      `INSERT INTO events (event, type, received_at, customer, subject_type, subject_id, closed_at)
       VALUES (@event, @type, @now, @customer, @subjectType, @subjectId, @closedAt) ON CONFLICT DO NOTHING`,
      {
        event: hint.event,
        type: hint.type,
        now,
        customer: hint.customer,
        subjectType: hint.subject?.type ?? null,
        subjectId: hint.subject?.id ?? null,
        closedAt: open ? null : now,
      },
    );
    if (inserted === 0) return 'duplicate';
    if (open) return 'open';
    if (hint.customer === null) return 'closed';
    return this.#raise(hint.customer, 'webhook', now) === null ? 'closed' : 'ticket';
  }

  async takeOpenHints(now: number, leaseMs: number, limit: number): Promise<OpenHint[]> {
    return this.#transaction(() =>
      this.#all(
        `UPDATE events SET attempts = attempts + 1, next_attempt_at = @now + @leaseMs
         WHERE event IN (SELECT event FROM events WHERE closed_at IS NULL AND next_attempt_at <= @now
                         ORDER BY next_attempt_at LIMIT @limit)
         RETURNING event, subject_type, subject_id, attempts`,
        { now, leaseMs, limit },
      ).map((row) => ({
        event: String(row['event']),
        subject: { type: String(row['subject_type']), id: String(row['subject_id']) },
        attempts: Number(row['attempts']),
      })),
    );
  }

  async closeHint(event: string, customer: string | null, now: number): Promise<AccountRef | null> {
    return this.#transaction(() => {
      const closed = this.#run(
        `UPDATE events SET closed_at = @now, customer = @customer WHERE event = @event AND closed_at IS NULL`,
        { event, customer, now },
      );
      if (closed === 0 || customer === null || this.#raise(customer, 'webhook', now) === null) return null;
      const row = this.#get(`SELECT host, account FROM customers WHERE customer = @customer`, { customer });
      return row ? { host: String(row['host']), account: String(row['account']) } : null;
    });
  }

  async postponeHint(event: string, nextAttemptAt: number): Promise<void> {
    this.#transaction(() =>
      this.#run(`UPDATE events SET next_attempt_at = @nextAttemptAt WHERE event = @event AND closed_at IS NULL`, {
        event,
        nextAttemptAt,
      }),
    );
  }

  async findAccount(ref: AccountRef): Promise<CustomerRecord | null> {
    const row = this.#read(
      `SELECT * FROM customers WHERE host = @host AND account = @account
       ORDER BY deleted_at IS NULL DESC, linked_at DESC LIMIT 1`,
      { host: ref.host, account: ref.account },
    );
    return row ? recordOf(row) : null;
  }

  async factsAt(customer: string, revision: number): Promise<CustomerFacts | null> {
    const row = this.#read(`SELECT facts FROM revisions WHERE customer = @customer AND revision = @revision`, {
      customer,
      revision,
    });
    return row ? factsOf(row['facts']) : null;
  }

  async link(ref: AccountRef, customer: string, now: number): Promise<LinkOutcome> {
    return this.#transaction(() => {
      const taken = this.#get(`SELECT host, account, deleted_at FROM customers WHERE customer = @customer`, {
        customer,
      });
      if (taken) {
        if (taken['deleted_at'] !== null) return 'customerDeleted';
        return taken['host'] === ref.host && taken['account'] === ref.account ? 'alreadyLinked' : 'customerTaken';
      }
      const { host, account } = ref;
      const before = this.#get(
        `SELECT max(revision) AS revision, sum(deleted_at IS NULL) AS living FROM customers
         WHERE host = @host AND account = @account`,
        { host, account },
      );
      if (Number(before?.['living'] ?? 0) > 0) return 'accountTaken';
      this.#run(
        `INSERT INTO customers (customer, host, account, stale_since, revision, linked_at)
         VALUES (@customer, @host, @account, @now, @revision, @now)`,
        // Readers of this account never see the revision step back, even when it gets a new customer.
        { customer, host, account, now, revision: Number(before?.['revision'] ?? 0) },
      );
      return 'linked';
    });
  }

  async raiseTicket(customer: string, cause: ConfirmedBy, now: number): Promise<number | null> {
    return this.#transaction(() => this.#raise(customer, cause, now));
  }

  #raise(customer: string, cause: ConfirmedBy, now: number): number | null {
    const row = this.#get(
      `UPDATE customers SET ticket = ticket + 1, stale_since = coalesce(stale_since, @now), cause = @cause
       WHERE customer = @customer AND deleted_at IS NULL RETURNING ticket`,
      { customer, cause, now },
    );
    return row ? Number(row['ticket']) : null;
  }

  async want(customer: string, until: number): Promise<void> {
    this.#transaction(() =>
      this.#run(`UPDATE customers SET wanted_until = @until WHERE customer = @customer AND wanted_until < @until`, {
        customer,
        until,
      }),
    );
  }

  async due(now: number, limit: number): Promise<CustomerRecord[]> {
    return this.#readAll(
      `SELECT * FROM customers WHERE next_change_at <= @now AND deleted_at IS NULL ORDER BY next_change_at LIMIT @limit`,
      { now, limit },
    ).map(recordOf);
  }

  async raiseDue(customer: string, wasDueAt: number, nextChangeAt: number | null, now: number): Promise<void> {
    this.#transaction(() => {
      const moved = this.#run(
        `UPDATE customers SET next_change_at = @nextChangeAt WHERE customer = @customer AND next_change_at = @wasDueAt`,
        { customer, wasDueAt, nextChangeAt },
      );
      if (moved > 0) this.#raise(customer, 'time', now);
    });
  }

  async resume(): Promise<void> {
    this.#transaction(() => {
      this.#run(`UPDATE customers SET lease_until = 0 WHERE lease_until > 0`, {});
      this.#run(`UPDATE events SET next_attempt_at = 0 WHERE closed_at IS NULL`, {});
    });
  }

  async claim(now: number, leaseMs: number, limit: number): Promise<Claim[]> {
    return this.#transaction(() =>
      this.#all(
        `UPDATE customers SET claim = claim + 1, lease_until = @now + @leaseMs
         WHERE customer IN (
           SELECT customer FROM customers
           WHERE synced_ticket < ticket AND deleted_at IS NULL AND lease_until <= @now
             AND (next_attempt_at <= @now OR (wanted_until > @now AND failed_at <= @now - @wantedRetryMs))
           ORDER BY wanted_until > @now DESC, stale_since LIMIT @limit)
         RETURNING customer, host, account, ticket, claim, cause, attempts, facts`,
        { now, leaseMs, limit, wantedRetryMs },
      ).map((row) => ({
        customer: String(row['customer']),
        host: String(row['host']),
        account: String(row['account']),
        ticket: Number(row['ticket']),
        claim: Number(row['claim']),
        cause: String(row['cause']) as ConfirmedBy,
        attempts: Number(row['attempts']),
        facts: factsOf(row['facts']),
      })),
    );
  }

  async apply(
    claim: Claim,
    facts: CustomerFacts,
    fetchedAt: number,
    nextChangeAt: number | null,
    now: number,
  ): Promise<Applied> {
    return this.#transaction(() => {
      const content = JSON.stringify(facts);
      const { customer } = claim;
      const before = this.#get(
        `SELECT facts, ticket, revision FROM customers
         WHERE customer = @customer AND claim = @claim AND synced_ticket < @ticket`,
        { customer, claim: claim.claim, ticket: claim.ticket },
      );
      if (!before) return { applied: false, changed: false, stale: false };

      const changed = before['facts'] !== content;
      const revision = Number(before['revision']) + (changed ? 1 : 0);
      const stale = Number(before['ticket']) > claim.ticket;
      this.#run(
        `UPDATE customers SET synced_ticket = @ticket, facts = @content, fetched_at = @fetchedAt, revision = @revision,
           confirmed_by = CASE WHEN @changed THEN @cause ELSE confirmed_by END,
           -- A hint that came during the fetch came after it began: the claim cannot be fresher than that.
           stale_since = CASE WHEN @stale THEN @fetchedAt END,
           next_change_at = @nextChangeAt, lease_until = 0, attempts = 0, next_attempt_at = 0, failed_at = NULL,
           failure_code = NULL, deleted_at = CASE WHEN @deleted THEN @now END
         WHERE customer = @customer`,
        {
          customer,
          ticket: claim.ticket,
          content,
          fetchedAt,
          revision,
          changed: Number(changed),
          cause: claim.cause,
          stale: Number(stale),
          nextChangeAt: facts.deleted ? null : nextChangeAt,
          deleted: Number(facts.deleted),
          now,
        },
      );
      if (changed) {
        this.#run(
          `INSERT INTO revisions (customer, revision, at, confirmed_by, facts) VALUES (@customer, @revision, @now, @cause, @content)`,
          { customer, revision, now, cause: claim.cause, content },
        );
      }
      return { applied: true, changed, stale: stale && !facts.deleted };
    });
  }

  async fail(claim: Claim, code: string, nextAttemptAt: number, now: number): Promise<void> {
    this.#transaction(() =>
      this.#run(
        `UPDATE customers SET lease_until = 0, attempts = attempts + 1, next_attempt_at = @nextAttemptAt, failed_at = @now,
           failure_code = @code WHERE customer = @customer AND claim = @claim`,
        { customer: claim.customer, claim: claim.claim, code, nextAttemptAt, now },
      ),
    );
  }

  async products(): Promise<Product[]> {
    return this.#readAll(`SELECT id, name FROM products`, {}).map((row) => ({
      id: String(row['id']),
      name: row['name'] === null ? null : String(row['name']),
    }));
  }

  async saveProducts(products: readonly Product[]): Promise<void> {
    this.#transaction(() => {
      for (const { id, name } of products) {
        this.#run(`INSERT INTO products (id, name) VALUES (@id, @name) ON CONFLICT DO UPDATE SET name = @name`, {
          id,
          name,
        });
      }
    });
  }

  async openVisit(visit: Omit<Visit, 'returnTicket' | 'outcome'>): Promise<void> {
    this.#transaction(() =>
      this.#run(
        `INSERT INTO visits (id, host, account, customer, kind, seen, opened_at, expires_at)
         VALUES (@id, @host, @account, @customer, @kind, @seen, @openedAt, @expiresAt)`,
        { ...visit },
      ),
    );
  }

  async findVisit(id: string, ref: AccountRef, now: number): Promise<Visit | null> {
    const row = this.#read(
      `SELECT * FROM visits WHERE id = @id AND host = @host AND account = @account AND expires_at > @now`,
      { id, host: ref.host, account: ref.account, now },
    );
    return row ? visitOf(row) : null;
  }

  async returnVisit(id: string, everyMs: number, now: number): Promise<number> {
    return this.#transaction(() => {
      const visit = this.#get(`SELECT customer, return_ticket, last_ticket_at FROM visits WHERE id = @id`, { id });
      if (!visit) throw new Error('a visit must be found before it can return');
      const lastTicketAt = visit['last_ticket_at'];
      if (visit['return_ticket'] !== null && Number(lastTicketAt) > now - everyMs)
        return Number(visit['return_ticket']);
      // A deleted customer raises no ticket: there is nothing left to fetch, and what is known is the answer.
      const ticket = this.#raise(String(visit['customer']), 'return', now) ?? 0;
      this.#run(`UPDATE customers SET lease_until = 0 WHERE customer = @customer`, {
        customer: visit['customer'] ?? null,
      });
      this.#run(`UPDATE visits SET return_ticket = @ticket, last_ticket_at = @now, outcome = NULL WHERE id = @id`, {
        id,
        ticket,
        now,
      });
      return ticket;
    });
  }

  async settleVisit(id: string, outcome: 'changed' | 'unchanged', recheckAt: readonly number[]): Promise<void> {
    this.#transaction(() =>
      this.#run(
        `UPDATE visits SET outcome = @outcome, recheck_at = @recheckAt, recheck_later = @recheckLater
         WHERE id = @id AND (outcome IS NULL OR (outcome = 'unchanged' AND @outcome = 'changed'))`,
        { id, outcome, recheckAt: recheckAt[0] ?? null, recheckLater: recheckAt[1] ?? null },
      ),
    );
  }

  async raiseRechecks(now: number): Promise<number> {
    return this.#transaction(() => {
      const due = this.#all(
        `UPDATE visits SET recheck_at = recheck_later, recheck_later = NULL WHERE recheck_at <= @now RETURNING customer`,
        { now },
      );
      for (const row of due) this.#raise(String(row['customer']), 'return', now);
      return due.length;
    });
  }

  async prune(before: number): Promise<void> {
    this.#transaction(() => {
      this.#run(`DELETE FROM events WHERE received_at < @before AND closed_at IS NOT NULL`, { before });
      this.#run(`DELETE FROM visits WHERE expires_at < @before`, { before });
      this.#run(`DELETE FROM revisions WHERE at < @before`, { before });
    });
  }

  async close(): Promise<void> {
    await this.#hints.idle();
    this.#db.close();
  }

  // One door to the database: prepared once, failures named.

  #migrate(): void {
    this.#db.transaction(() => {
      const version = Number(this.#db.pragma('user_version', { simple: true }));
      if (version > migrations.length) {
        throw new Error(`its schema is version ${version}, newer than this program’s ${migrations.length}`);
      }
      for (const sql of migrations.slice(version)) this.#db.exec(sql);
      this.#db.pragma(`user_version = ${migrations.length}`);
    })();
  }

  #metaOrNew(key: string, make: () => string): string {
    this.#run(`INSERT INTO meta (key, value) VALUES (@key, @value) ON CONFLICT DO NOTHING`, { key, value: make() });
    return String(this.#get(`SELECT value FROM meta WHERE key = @key`, { key })?.['value']);
  }

  #statement(sql: string): Database.Statement<[Bind], Row> {
    let statement = this.#prepared.get(sql);
    if (!statement) this.#prepared.set(sql, (statement = this.#db.prepare<[Bind], Row>(sql)));
    return statement;
  }

  #run(sql: string, bind: Bind): number {
    return this.#statement(sql).run(bind).changes;
  }

  #get(sql: string, bind: Bind): Row | undefined {
    return this.#statement(sql).get(bind);
  }

  #all(sql: string, bind: Bind): Row[] {
    return this.#statement(sql).all(bind);
  }

  #read(sql: string, bind: Bind): Row | undefined {
    return this.#guard(() => this.#get(sql, bind));
  }

  #readAll(sql: string, bind: Bind): Row[] {
    return this.#guard(() => this.#all(sql, bind));
  }

  /** `IMMEDIATE`: a transaction that reads first and writes later must not fail in its middle because another one wrote. */
  #transaction<T>(work: () => T): T {
    return this.#guard(() => this.#db.transaction(work).immediate());
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (cause) {
      throw cause instanceof Database.SqliteError || !this.#db.open
        ? new StoreUnavailableError('the ledger cannot be used', { cause })
        : cause;
    }
  }
}

function recordOf(row: Row): CustomerRecord {
  const number = (name: string): number | null => (row[name] == null ? null : Number(row[name]));
  return {
    customer: String(row['customer']),
    host: String(row['host']),
    account: String(row['account']),
    ticket: Number(row['ticket']),
    syncedTicket: Number(row['synced_ticket']),
    staleSince: number('stale_since'),
    facts: factsOf(row['facts']),
    fetchedAt: number('fetched_at'),
    revision: Number(row['revision']),
    confirmedBy: row['confirmed_by'] as ConfirmedBy | null,
    nextChangeAt: number('next_change_at'),
    failure:
      row['failure_code'] == null
        ? null
        : { code: String(row['failure_code']), at: Number(row['failed_at']), attempts: Number(row['attempts']) },
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

const factsOf = (text: string | number | null | undefined): CustomerFacts | null =>
  typeof text === 'string' ? (JSON.parse(text) as CustomerFacts) : null;
