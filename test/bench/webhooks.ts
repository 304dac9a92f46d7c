/**
 * The cost of a webhook until its 200: through the whole server, beside the least handler of the same request, which reads
 * the body, verifies the signature and commits one row. Both write durably (WAL, `synchronous = FULL`).
 */

import { createHmac, timingSafeEqual } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { publicUrl, startBff, webhookSecret } from '../server/support/bff.ts';
import { sideBySide, type Measured, type MeasureOptions } from './measure.ts';

export interface Webhooks {
  readonly oneClient: readonly Measured[];
  readonly manyClients: readonly Measured[];
}

type Handler = (request: Request) => Promise<Response> | Response;

const manyClients = 64;

export async function measureWebhooks({
  rounds,
  operations = 500,
}: Pick<MeasureOptions, 'rounds' | 'operations'> = {}): Promise<Webhooks> {
  const folder = await mkdtemp(join(tmpdir(), 'billhook-bench-'));
  const bff = await startBff();
  const db = new Database(join(folder, 'least.db'));
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
    const least = leastHandler(db);
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
    db.close();
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

/** One secret, one form of the header, no limit and no error of its own. */
function leastHandler(db: Database.Database): Handler {
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.exec('CREATE TABLE events (id TEXT PRIMARY KEY, body TEXT NOT NULL)');
  const insert = db.prepare<[string, string]>('INSERT INTO events VALUES (?, ?) ON CONFLICT DO NOTHING');
  return async (request) => {
    const body = await request.text();
    const [, t = '', v1 = ''] = /^t=(\d+),v1=([\da-f]{64})$/.exec(request.headers.get('stripe-signature') ?? '') ?? [];
    const signed = createHmac('sha256', webhookSecret).update(`${t}.${body}`).digest();
    if (v1 === '' || !timingSafeEqual(signed, Buffer.from(v1, 'hex'))) return new Response(null, { status: 400 });
    insert.run((JSON.parse(body) as { id: string }).id, body);
    return Response.json({ received: true });
  };
}
