/**
 * Messages between processes: `pg_notify` inside the transaction of the change, so that it arrives after the commit or
 * never; and a connection that only listens. Notifications are lost while it is away, so every new connection begins
 * with "something may have been missed".
 */

import { Client } from 'pg';
import type { PostgresAddress } from './address.ts';
import { connectionOf } from './database.ts';
import type { HeardChanges } from './heard-changes.ts';
import type { HeardCommits, LedgerChange } from '../feed.ts';
import { text, type Row } from '../rows.ts';
import type { Session } from './session.ts';
import type { AccountRef } from '../account.ts';

/** PostgreSQL takes payloads of less than 8,000 bytes. */
const payloadBytes = 7_999;

/** Stripe's ids have some twenty characters; should these be longer, all processes look at everything. */
const customersPerPayload = 200;

/** An unresolved event, or a notice. */
export const queuedChange = payloadOf({ kind: 'raised', customers: [] });
export const raisedChange = (customer: string): string => payloadOf({ kind: 'raised', customers: [customer] });

/** As few payloads as tell all of them, and one where there is none. */
export function raisedChanges(customers: readonly string[]): readonly string[] {
  const payloads: string[] = [];
  let named = 0;
  do {
    const some = customers.slice(named, named + customersPerPayload);
    payloads.push(payloadOf({ kind: 'raised', customers: some }));
    named += customersPerPayload;
  } while (named < customers.length);
  return payloads;
}
export const catalogueChange = payloadOf({ kind: 'catalogue' });
export const syncedChange = ({ host, account, customer }: AccountRef & { readonly customer?: string }): string =>
  payloadOf({ kind: 'looked', host, account, ...(customer === undefined ? {} : { customer }) });

function payloadOf(commit: LedgerChange): string {
  const payload = JSON.stringify(commit);
  return Buffer.byteLength(payload) <= payloadBytes
    ? payload
    : JSON.stringify({ kind: 'missed' } satisfies LedgerChange);
}

/**
 * An expression that tells the news: for a `RETURNING` or a `SELECT`, with `@news` bound. What is bound under that name, and
 * under `@payloads` below, is heard by this process too when its transaction has ended (`database.ts`).
 */
export const notify = `pg_notify(current_schema()::text, @news)`;

/** The same for several payloads, with `@payloads` bound. */
export const notifyAll = `SELECT pg_notify(current_schema()::text, payload) FROM unnest(@payloads::text[]) AS payload`;

/** Of customers with the longest ids, and no payload is too long. */
const raisedPerPayload = 25;

/**
 * An expression, and its `FROM`, that tells of the tickets of all customers in a table; of NULL: an unresolved event came. In a
 * statement that cannot be told what it will find.
 */
export const notifyRaised = (table: string): string => `pg_notify(current_schema()::text, json_build_object(
    'kind', 'raised', 'customers', coalesce(json_agg(customer) FILTER (WHERE customer IS NOT NULL), '[]'))::text)::text
  FROM (SELECT customer, (row_number() OVER () - 1) / ${raisedPerPayload} AS part FROM ${table}) AS parts GROUP BY part`;

/** Tells that what is read of these accounts differs, of rows with `host` and `account`. */
export async function tellAccounts(tx: Session, rows: readonly Row[]): Promise<void> {
  const payloads = rows.map((row) => syncedChange({ host: text(row['host']), account: text(row['account']) }));
  if (payloads.length > 0) await tx.run(notifyAll, { payloads });
}

/** How often a connection that hears nothing is asked whether it still stands. */
const heartbeatMs = 30_000;
const longestPauseMs = 30_000;

/**
 * An answer on the connection that listens comes after all messages of commits that were over when it was asked. For so
 * long, from the asking, is it taken that none was missed; and so long before that is over it is asked again, if anything
 * is read. Milliseconds.
 */
const provenForMs = 1_000;
const askAgainMs = 500;

export class FeedListener {
  readonly #address: PostgresAddress;
  readonly #canListen: boolean;
  readonly #listeners = new Set<(commit: LedgerChange) => void>();
  #client: Client | null = null;
  #isListening = false;
  #attempts = 0;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;
  readonly #changes: HeardChanges;
  /** When the last question was asked that was answered. One of the clocks stands while a machine sleeps, and one may be set. */
  #proven: Instant | null = null;
  #isAsked = false;
  readonly heard: HeardCommits = {
    lateAtMostMs: provenForMs,
    moment: () => (this.#isProven() ? this.#changes.count : null),
    isSameSince: (moment, account, customer) => this.#changes.isSameSince(moment, account, customer),
  };

  /**
   * @param canListen - not where a pooler lends sessions for a transaction alone: there the poll loops must do.
   * @param changes - is told what is heard
   */
  constructor(address: PostgresAddress, canListen: boolean, changes: HeardChanges) {
    this.#address = address;
    this.#canListen = canListen;
    this.#changes = changes;
  }

  /** The first one opens the connection. */
  follow(listener: (commit: LedgerChange) => void): () => void {
    this.#listeners.add(listener);
    if (this.#canListen && !this.#client && !this.#timer && !this.#closed) void this.#listen();
    return () => void this.#listeners.delete(listener);
  }

  #isProven(): boolean {
    const client = this.#client;
    if (client === null || !this.#isListening) return false;
    const ageMs = this.#proven === null ? Number.POSITIVE_INFINITY : ageOf(this.#proven);
    if (ageMs >= askAgainMs && !this.#isAsked) void this.#prove(client);
    return ageMs < provenForMs;
  }

  async #prove(client: Client): Promise<void> {
    const asked = instant();
    this.#isAsked = true;
    try {
      await client.query('SELECT 1');
      if (this.#client === client) this.#proven = asked;
    } catch {
      this.#lost(client);
    }
    this.#isAsked = false;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = null;
    // A connection that is just being made, or just broke, cannot say goodbye; it is gone all the same.
    await client?.end().catch(() => undefined);
  }

  async #listen(): Promise<void> {
    // Not of the pool: a listener keeps its connection, and a pooler must not give it to others.
    const client = new Client(connectionOf(this.#address));
    this.#client = client;
    client.on('error', () => this.#lost(client));
    client.on('end', () => this.#lost(client));
    client.on('notification', ({ payload }) => this.#tell(commitOf(payload)));
    try {
      await client.connect();
      await client.query(`LISTEN "${this.#address.schema}"`);
    } catch {
      this.#lost(client);
      return;
    }
    if (this.#client !== client) return;
    this.#attempts = 0;
    this.#isListening = true;
    this.#tell({ kind: 'missed' });
    this.#beat(client);
  }

  /** A connection can be cut without a word: then only a question finds out. */
  #beat(client: Client): void {
    this.#timer = setTimeout(() => {
      client.query('SELECT 1').then(
        () => this.#client === client && this.#beat(client),
        () => this.#lost(client),
      );
    }, heartbeatMs).unref();
  }

  /** Tries again after 0.25, 0.5, 1 … 30 s, each give or take a quarter. Until then the others' slow poll must do. */
  #lost(client: Client): void {
    if (this.#client !== client || this.#closed) return;
    this.#client = null;
    this.#isListening = false;
    this.#proven = null;
    this.#isAsked = false;
    clearTimeout(this.#timer);
    void client.end().catch(() => undefined);
    const pauseMs = Math.min(longestPauseMs, 250 * 2 ** this.#attempts++) * (0.75 + Math.random() / 2);
    this.#timer = setTimeout(() => void this.#listen(), pauseMs).unref();
  }

  #tell(commit: LedgerChange): void {
    this.#changes.hear(commit);
    for (const listener of this.#listeners) listener(commit);
  }
}

/** What a transaction of this process has told, or may have. */
export function hearTold(changes: HeardChanges, payloads: readonly string[]): void {
  for (const payload of payloads) changes.hear(commitOf(payload));
}

interface Instant {
  /** Of a clock that no one sets. */
  readonly monotonic: number;
  readonly wall: number;
}

const instant = (): Instant => ({ monotonic: performance.now(), wall: Date.now() });

/** By the clock that says more; of a clock that was set back nothing is known. Milliseconds. */
function ageOf({ monotonic, wall }: Instant): number {
  const wallMs = Date.now() - wall;
  return wallMs < 0 ? Number.POSITIVE_INFINITY : Math.max(performance.now() - monotonic, wallMs);
}

/** Another program may use the channel: a foreign message is still a reason to poll. */
function commitOf(payload: string | undefined): LedgerChange {
  try {
    const commit = JSON.parse(payload ?? '') as LedgerChange;
    if (commit.kind === 'raised' && !Array.isArray(commit.customers)) return { kind: 'missed' };
    if (['raised', 'looked', 'catalogue'].includes(commit.kind)) return commit;
  } catch {
    // Falls through: not ours.
  }
  return { kind: 'missed' };
}
