/**
 * Messages between processes: `pg_notify` inside the transaction of the change, so that it arrives after the commit or
 * never; and a connection that only listens. Notifications are lost while it is away, so every new connection begins
 * with "something may have been missed".
 */

import { Client } from 'pg';
import type { PostgresAddress } from './address.ts';
import { connectionOf } from './database.ts';
import type { LedgerChange } from '../feed.ts';
import type { AccountRef } from '../account.ts';

/** PostgreSQL takes payloads of less than 8,000 bytes. */
const payloadBytes = 7_999;

/** Stripe's ids have some twenty characters; should these be longer, all processes look at everything. */
const customersPerPayload = 200;

/** An unresolved event, or a notice. */
export const queuedChange = payloadOf({ kind: 'raised', customers: [] });
export const raisedChange = (customer: string): string => payloadOf({ kind: 'raised', customers: [customer] });

/** As few payloads as tell all of them. */
export function raisedChanges(customers: readonly string[]): readonly string[] {
  const chunks: string[][] = [[]];
  for (const customer of customers) {
    if (chunks.at(-1)?.length === customersPerPayload) chunks.push([]);
    chunks.at(-1)?.push(customer);
  }
  return chunks.map((chunk) => payloadOf({ kind: 'raised', customers: chunk }));
}
export const catalogueChange = payloadOf({ kind: 'catalogue' });
export const syncedChange = ({ host, account }: AccountRef): string => payloadOf({ kind: 'looked', host, account });

function payloadOf(commit: LedgerChange): string {
  const payload = JSON.stringify(commit);
  return Buffer.byteLength(payload) <= payloadBytes
    ? payload
    : JSON.stringify({ kind: 'missed' } satisfies LedgerChange);
}

/** An expression that tells the news: for a `RETURNING` or a `SELECT`, with `@news` bound. */
export const notify = `pg_notify(current_schema()::text, @news)`;

/** The same for several payloads, with `@payloads` bound. */
export const notifyAll = `SELECT pg_notify(current_schema()::text, payload) FROM unnest(@payloads::text[]) AS payload`;

/** How often a connection that hears nothing is asked whether it still stands. */
const heartbeatMs = 30_000;
const longestPauseMs = 30_000;

export class FeedListener {
  readonly #address: PostgresAddress;
  readonly #canListen: boolean;
  readonly #listeners = new Set<(commit: LedgerChange) => void>();
  #client: Client | null = null;
  #attempts = 0;
  #timer: NodeJS.Timeout | null = null;
  #closed = false;

  /** @param canListen - not where a pooler lends sessions for a transaction alone: there the poll loops must do. */
  constructor(address: PostgresAddress, canListen: boolean) {
    this.#address = address;
    this.#canListen = canListen;
  }

  /** The first one opens the connection. */
  follow(listener: (commit: LedgerChange) => void): () => void {
    this.#listeners.add(listener);
    if (this.#canListen && !this.#client && !this.#timer && !this.#closed) void this.#listen();
    return () => void this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
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
    if (this.#timer) clearTimeout(this.#timer);
    void client.end().catch(() => undefined);
    const pauseMs = Math.min(longestPauseMs, 250 * 2 ** this.#attempts++) * (0.75 + Math.random() / 2);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      void this.#listen();
    }, pauseMs);
    this.#timer.unref();
  }

  #tell(commit: LedgerChange): void {
    for (const listener of this.#listeners) listener(commit);
  }
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
