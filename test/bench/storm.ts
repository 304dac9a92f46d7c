/**
 * A storm: five events for each of many customers within two seconds. Stripe answers after 100 ms, whoever asks; one page waits
 * for a customer of the storm, and others read.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createAdaptorServer } from '@hono/node-server';
import Database from 'better-sqlite3';
import { startBff, token, type TestBff } from '../server/support/bff.ts';
import { startBffHarness, type BffHarness } from '../server/support/with-sandbox.ts';
import { listening } from '../support/listening.ts';

export interface StormFigures {
  readonly customers: number;
  readonly fetchesACustomer: number;
  /** Milliseconds beyond Stripe's own time until a held poll was answered, the longest of the storm. */
  readonly heldMs: number;
  /** Of a read, the 95th percentile. */
  readonly readMs: number;
  readonly peakMegabytes: number;
  readonly megabytesBefore: number;
  readonly seconds: number;
}

const stripeMs = 100;
const eventsEach = 5;

export async function measureStorm(customers: number): Promise<StormFigures> {
  const source = await startBffHarness();
  const folder = await mkdtemp(join(tmpdir(), 'billhook-storm-bench-'));
  const twin = new StripeOfMany(source);
  const { url, close } = await listening(createAdaptorServer({ fetch: (request) => twin.answer(request) }) as Server);
  const database = join(folder, 'ledger.db');
  let bff: TestBff | undefined;
  try {
    await source.bff.settled(source.as('active'));
    fillFrom(source, database, customers);
    bff = await startBff({ apiUrl: url, secretKey: source.sandbox.secretKey, requestsPerSecond: 10_000 }, { database });
    return await stormOver(bff, twin, customers);
  } finally {
    await bff?.close();
    await close();
    await source.close();
    await rm(folder, { recursive: true });
  }
}

/** Any customer is the sandbox's active one under another name. */
class StripeOfMany {
  readonly #source: BffHarness;
  readonly #answers = new Map<string, string>();
  readonly #cards = new Map<string, number>();
  fetches = 0;

  constructor(source: BffHarness) {
    this.#source = source;
  }

  changeCard(customer: string): void {
    this.#cards.set(customer, 1000 + this.#cards.size);
  }

  async answer(request: Request): Promise<Response> {
    const url = new URL(request.url);
    const named = /cus_many_\d+/.exec(url.pathname + url.search)?.[0];
    const isFetch = url.pathname === '/v1/subscriptions';
    if (isFetch) this.fetches += 1;
    await pause(stripeMs);
    if (named === undefined || request.method !== 'GET') return await this.#ask(request, url);
    const { active } = this.#source.customers;
    const of = (url.pathname + url.search).replaceAll(named, active);
    let text = this.#answers.get(of);
    if (text === undefined) {
      text = await (await this.#ask(request, new URL(of, url))).text();
      this.#answers.set(of, text);
    }
    const card = this.#cards.get(named);
    const own = card === undefined ? text : text.replaceAll(/("last4":\s*)"\d+"/g, `$1"${card}"`);
    return new Response(own.replaceAll(active, named), { headers: { 'content-type': 'application/json' } });
  }

  async #ask(request: Request, url: URL): Promise<Response> {
    const body = request.method === 'GET' ? {} : { body: await request.text() };
    const { method, headers } = request;
    return await this.#source.sandbox.app.request(url.href, { method, headers, ...body });
  }
}

/** Customers that were fetched already, all with the same facts. */
function fillFrom({ bff }: BffHarness, database: string, customers: number): void {
  const from = new Database(bff.database, { readonly: true });
  from.exec(`VACUUM INTO '${database}'`);
  from.close();
  const to = new Database(database);
  const columns = to
    .prepare<[], { name: string }>(
      `SELECT name FROM pragma_table_info('customers') WHERE name NOT IN ('customer', 'account')`,
    )
    .all()
    .map(({ name }) => name)
    .join(', ');
  to.exec(`
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < ${customers - 1})
    INSERT INTO customers (customer, account, ${columns})
      SELECT 'cus_many_' || i, 'many_' || i, ${columns} FROM n, customers WHERE account = 'team_active';
    DELETE FROM customers WHERE customer NOT LIKE 'cus_many_%'`);
  to.close();
}

async function stormOver(bff: TestBff, twin: StripeOfMany, customers: number): Promise<StormFigures> {
  const reads: number[] = [];
  const held: number[] = [];
  const over = new AbortController();
  const before = process.memoryUsage().rss;
  let peak = before;
  const began = performance.now();
  const deliveries = (async () => {
    for (let event = 0; event < eventsEach; event += 1) {
      for (let at = 0; at < customers; at += 64) {
        const some = Array.from({ length: Math.min(64, customers - at) }, (_, index) => `${at + index}`);
        // oxlint-disable-next-line no-await-in-loop -- sixty-four at a time, as Stripe may
        await Promise.all(some.map((index) => deliver(bff, `${event}_${index}`, `cus_many_${index}`)));
      }
    }
  })();
  const reader = (async () => {
    for (let index = 0; !over.signal.aborted; index += 1) {
      const at = performance.now();
      // oxlint-disable-next-line no-await-in-loop -- as people read
      await bff.snapshot({ account: `many_${(index * 37) % customers}` });
      reads.push(performance.now() - at);
      peak = Math.max(peak, process.memoryUsage().rss);
      // oxlint-disable-next-line no-await-in-loop -- as above
      await pause(20);
    }
  })();
  const page = (async () => {
    for (let index = 0; !over.signal.aborted; index += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one poll after the other
      held.push(await changedWhileHeld(bff, twin, (index * 61 + 1) % customers, `held_${index}`));
    }
  })();
  await deliveries;
  const ledger = new Database(bff.database, { readonly: true });
  const stale = ledger.prepare<[], number>('SELECT count(*) FROM customers WHERE synced_ticket < ticket').pluck();
  // oxlint-disable-next-line no-await-in-loop -- until the queue is empty
  while ((stale.get() ?? 0) > 0) await pause(100);
  ledger.close();
  over.abort();
  await Promise.all([reader, page]);
  reads.sort((a, b) => a - b);
  return {
    customers,
    fetchesACustomer: twin.fetches / customers,
    heldMs: Math.max(...held) - stripeMs,
    readMs: reads[Math.floor(0.95 * reads.length)] ?? Number.NaN,
    peakMegabytes: peak / 2 ** 20,
    megabytesBefore: before / 2 ** 20,
    seconds: (performance.now() - began) / 1_000,
  };
}

async function deliver(bff: TestBff, event: string, customer: string): Promise<void> {
  const object = { id: `in_${event}`, object: 'invoice', customer };
  const answer = await bff.deliver({ id: `evt_${event}`, type: 'invoice.paid', livemode: false, data: { object } });
  if (answer.status !== 200) throw new Error(`a webhook was answered ${answer.status}`);
}

/** Milliseconds from the 200 of an event to the answer of the poll that waits for its customer. */
async function changedWhileHeld(bff: TestBff, twin: StripeOfMany, index: number, event: string): Promise<number> {
  const [customer, bearer] = [`cus_many_${index}`, await token({ account: `many_${index}` })];
  const first = await bff.call('/v1/billing', { token: bearer });
  const headers = { 'if-none-match': first.headers.get('etag') ?? '', prefer: 'wait=25' };
  const poll = bff.call('/v1/billing', { token: bearer, headers });
  twin.changeCard(customer);
  await deliver(bff, event, customer);
  const began = performance.now();
  await poll;
  return performance.now() - began;
}
