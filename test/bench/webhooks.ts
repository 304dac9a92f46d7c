/**
 * The cost of a webhook until its 200: through the whole server, beside the least handler of the same request, which reads
 * the body, verifies the signature and commits one row. Both write durably (WAL, `synchronous = FULL`).
 */

import { createHmac, timingSafeEqual } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Pool } from 'pg';
import { publicUrl, startBff, webhookSecret } from '../server/support/bff.ts';
import { sideBySide, type Measured, type MeasureOptions } from './measure.ts';

export interface Webhooks {
  readonly oneClient: readonly Measured[];
  readonly manyClients: readonly Measured[];
}

type Handler = (request: Request) => Promise<Response> | Response;

const manyClients = 64;

interface WebhookOptions extends Pick<MeasureOptions, 'rounds' | 'operations'> {
  /** Addresses of two databases of PostgreSQL. Default: two files of SQLite */
  readonly postgres?: { readonly own: string; readonly least: string };
}

export async function measureWebhooks({ rounds, operations = 500, postgres }: WebhookOptions = {}): Promise<Webhooks> {
  const folder = await mkdtemp(join(tmpdir(), 'billhook-bench-'));
  const bff = await startBff({}, postgres === undefined ? {} : { database: postgres.own });
  const commit = postgres === undefined ? sqliteCommit(join(folder, 'least.db')) : await postgresCommit(postgres.least);
  try {
    let events = 0;
    const next = () => {
      events += 1;
      const object = { id: `in_${events}`, object: 'invoice', customer: `cus_${events}` };
      return { id: `evt_${events}`, type: 'invoice.paid', livemode: false, data: { object } };
    };
    const deliver = async (handler: Handler) => {
      const { status } = await handler(deliveryOf(next()));
      if (status !== 200) throw new Error(`it answered ${status}`);
    };
    const least = leastHandler(commit);
    const contenders = [
      { name: 'verify, and one commit each', run: () => deliver(least) },
      { name: 'Billhook', run: () => deliver((request) => bff.billhook.fetch(request)) },
    ];
    const options = { operations, ...(rounds === undefined ? {} : { rounds }) };
    return {
      oneClient: await sideBySide(contenders, options),
      manyClients: await sideBySide(contenders, { ...options, clients: manyClients }),
    };
  } finally {
    await commit.close();
    await bff.close();
    await rm(folder, { recursive: true });
  }
}

/** Signed, and with its length, as Stripe sends it. */
export function deliveryOf(event: object): Request {
  const body = JSON.stringify(event, null, 2);
  const t = Math.floor(Date.now() / 1000);
  const v1 = createHmac('sha256', webhookSecret).update(`${t}.${body}`).digest('hex');
  return new Request(`${publicUrl}/v1/webhooks/stripe`, {
    method: 'POST',
    headers: {
      'stripe-signature': `t=${t},v1=${v1}`,
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
    },
    body,
  });
}

interface Commit {
  insert(id: string, body: string): Promise<void> | void;
  close(): Promise<void> | void;
}

const table = 'CREATE TABLE events (id TEXT PRIMARY KEY, body TEXT NOT NULL)';

function sqliteCommit(path: string): Commit {
  const db = new Database(path);
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.exec(table);
  const insert = db.prepare<[string, string]>('INSERT INTO events VALUES (?, ?) ON CONFLICT DO NOTHING');
  return { insert: (id, body) => void insert.run(id, body), close: () => void db.close() };
}

async function postgresCommit(connectionString: string): Promise<Commit> {
  const pool = new Pool({ connectionString, max: 10 });
  await pool.query(table);
  return {
    async insert(id, body) {
      await pool.query('INSERT INTO events VALUES ($1, $2) ON CONFLICT DO NOTHING', [id, body]);
    },
    close: () => pool.end(),
  };
}

/** One secret, one form of the header, no limit and no error of its own. */
function leastHandler({ insert }: Commit): Handler {
  return async (request) => {
    const body = await request.text();
    const [, t = '', v1 = ''] = /^t=(\d+),v1=([\da-f]{64})$/.exec(request.headers.get('stripe-signature') ?? '') ?? [];
    const signed = createHmac('sha256', webhookSecret).update(`${t}.${body}`).digest();
    if (v1 === '' || !timingSafeEqual(signed, Buffer.from(v1, 'hex'))) return new Response(null, { status: 400 });
    await insert((JSON.parse(body) as { id: string }).id, body);
    return Response.json({ received: true });
  };
}
