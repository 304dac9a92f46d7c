/**
 * The cost of a webhook until its 200: through the whole server, beside the least that anybody must do, which is to verify
 * the signature and to commit one row. Both write durably (WAL, `synchronous = FULL`).
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
    const least = leastHandler(db);
    const contenders = [
      { name: 'verify, and one commit each', run: async () => least(next()) },
      {
        name: 'Billhook',
        run: async () => {
          const response = await bff.billhook.fetch(deliveryOf(next()));
          if (response.status !== 200) throw new Error(`it answered ${response.status}`);
        },
      },
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

/** Signed, and with its length, as Stripe sends it: the time that this takes is in both contenders'. */
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

/** Signs as Stripe does, verifies, and commits. */
function leastHandler(db: Database.Database): (event: { readonly id: string }) => void {
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.exec('CREATE TABLE events (id TEXT PRIMARY KEY, body TEXT NOT NULL)');
  const insert = db.prepare<[string, string]>('INSERT INTO events VALUES (?, ?) ON CONFLICT DO NOTHING');
  const sign = (text: string) => createHmac('sha256', webhookSecret).update(text).digest();
  return (event) => {
    const body = JSON.stringify(event, null, 2);
    const signed = `${Math.floor(Date.now() / 1000)}.${body}`;
    const sent = sign(signed);
    if (!timingSafeEqual(sign(signed), sent)) throw new Error('it was signed by nobody');
    insert.run((JSON.parse(body) as { id: string }).id, body);
  };
}
