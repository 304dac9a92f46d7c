/**
 * A storm: five events for each of many customers, as fast as they are taken. Stripe answers after 100 ms, everybody alike; pages
 * wait for customers of the storm, and others read. Server, Stripe, deliveries and pages are processes of their own: what is
 * measured is the server's, and the part that the others take of its processors.
 */

import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { origin, token } from '../server/support/bff.ts';
import { startBffHarness, type BffHarness } from '../server/support/with-sandbox.ts';
import { serving, type Serving } from './processes.ts';
import { deliver } from './storm-delivery.ts';

export interface StormFigures {
  readonly customers: number;
  /** For the five events. */
  readonly fetchesACustomer: number;
  /** For the events of the pages' own besides, also of all customers. */
  readonly withOwnEvents: number;
  /** Milliseconds beyond Stripe's own time until a held poll was answered, the longest of the storm. */
  readonly heldMs: number;
  /** How many held polls were answered. */
  readonly held: number;
  /** Of a read, the 95th percentile. */
  readonly readMs: number;
  readonly peakMegabytes: number;
  readonly megabytesBefore: number;
  /** Until all events were taken. */
  readonly deliveredSeconds: number;
  /** Until every customer was fetched. */
  readonly seconds: number;
}

const stripeMs = 100;
const eventsEach = 5;
const pages = 4;

export async function measureStorm(customers: number): Promise<StormFigures> {
  const source = await startBffHarness();
  const folder = await mkdtemp(join(tmpdir(), 'billhook-storm-bench-'));
  const { stripe } = source.options;
  const twin = program('storm-stripe.ts', String(stripe.apiUrl), source.customers.active, String(stripeMs));
  const [apiUrl] = (await once(twin, 'message')) as [string];
  const database = join(folder, 'ledger.db');
  let server: Serving | undefined;
  try {
    await source.bff.settled(source.as('active'));
    fillFrom(source, database, customers);
    server = await serving({ ...stripe, apiUrl }, database, { STRIPE_REQUESTS_PER_SECOND: '10000' });
    return await new Storm(server, apiUrl, { database, customers, secret: stripe.webhookSecrets[0] ?? '' }).over();
  } finally {
    server?.process.child.kill('SIGKILL');
    await server?.process.ended;
    twin.kill();
    await source.close();
    await rm(folder, { recursive: true });
  }
}

const program = (name: string, ...args: readonly string[]): ChildProcess =>
  fork(resolve(import.meta.dirname, name), args, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });

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
    DELETE FROM customers WHERE customer NOT LIKE 'cus_many_%';
    -- A page waited for the first one: no page waits for these.
    UPDATE customers SET wanted_until = 0`);
  to.close();
}

interface StormOf {
  readonly database: string;
  readonly customers: number;
  readonly secret: string;
}

class Storm {
  readonly #server: Serving;
  readonly #stripe: string;
  readonly #of: StormOf;
  readonly #reads: number[] = [];
  readonly #held: number[] = [];
  readonly #over = new AbortController();

  /** @param stripe - its address */
  constructor(server: Serving, stripe: string, of: StormOf) {
    this.#server = server;
    this.#stripe = stripe;
    this.#of = of;
  }

  async over(): Promise<StormFigures> {
    const { customers, secret } = this.#of;
    const { url } = this.#server;
    const megabytesBefore = await this.#megabytes('VmRSS');
    const before = await this.#stripeSays('fetches');
    const began = performance.now();
    const deliveries = program('storm-deliveries.ts', url, secret, String(customers), String(eventsEach));
    const watchers = [this.#read(), ...Array.from({ length: pages }, (_, page) => this.#watch(page))];
    const [[deliveredSeconds, seconds]] = await Promise.all([this.#passed(deliveries, began), ...watchers]);
    this.#reads.sort((a, b) => a - b);
    const fetches = (await this.#stripeSays('fetches')) - before;
    return {
      customers,
      fetchesACustomer: (fetches - this.#held.length) / customers,
      withOwnEvents: fetches / customers,
      heldMs: Math.max(...this.#held) - stripeMs,
      held: this.#held.length,
      readMs: this.#reads[Math.floor(0.95 * this.#reads.length)] ?? Number.NaN,
      peakMegabytes: await this.#megabytes('VmHWM'),
      megabytesBefore,
      deliveredSeconds,
      seconds,
    };
  }

  /** Seconds until all was delivered, and until all was fetched. Then those who watch may stop. */
  async #passed(deliveries: ChildProcess, began: number): Promise<readonly [delivered: number, fetched: number]> {
    const ended = once(deliveries, 'exit').then(([code]) =>
      Promise.reject(new Error(`the deliveries ended with ${code}`)),
    );
    const [delivered] = (await Promise.race([once(deliveries, 'message'), ended])) as [number];
    await this.#quiet();
    this.#over.abort();
    return [delivered, (performance.now() - began) / 1_000];
  }

  async #stripeSays(path: string): Promise<number> {
    return (await (await fetch(`${this.#stripe}/storm/${path}`)).json()) as number;
  }

  /** Until no customer waits to be fetched but those of the pages, which have events of their own. */
  async #quiet(): Promise<void> {
    const ledger = new Database(this.#of.database, { readonly: true });
    const stale = ledger
      .prepare<[number], number>(
        `SELECT count(*) FROM (SELECT 1 FROM customers WHERE synced_ticket < ticket AND deleted_at IS NULL LIMIT ?)`,
      )
      .pluck();
    // oxlint-disable-next-line no-await-in-loop -- until the queue is empty
    while ((stale.get(pages + 1) ?? 0) > pages) await pause(100);
    ledger.close();
  }

  async #read(): Promise<void> {
    for (let index = 0; !this.#over.signal.aborted; index += 1) {
      // oxlint-disable-next-line no-await-in-loop -- as people read
      const bearer = await token({ account: `many_${(index * 37) % this.#of.customers}` });
      const at = performance.now();
      // oxlint-disable-next-line no-await-in-loop -- as above
      await this.#billing(bearer);
      this.#reads.push(performance.now() - at);
      // oxlint-disable-next-line no-await-in-loop -- as above
      await pause(20);
    }
  }

  /** One poll after the other, each of another customer. */
  async #watch(page: number): Promise<void> {
    for (let index = 0; !this.#over.signal.aborted; index += 1) {
      const customer = ((index * pages + page) * 61 + 1) % this.#of.customers;
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      this.#held.push(await this.#changedWhileHeld(customer, `held_${page}_${index}`));
    }
  }

  /** Milliseconds from the 200 of an event to the answer of the poll that waits for its customer. */
  async #changedWhileHeld(index: number, event: string): Promise<number> {
    const [customer, bearer] = [`cus_many_${index}`, await token({ account: `many_${index}` })];
    const first = await this.#billing(bearer);
    let answeredAt = 0;
    const poll = this.#billing(bearer, { 'if-none-match': first.headers.get('etag') ?? '', prefer: 'wait=25' });
    const answered = poll.then(() => (answeredAt = performance.now()));
    await this.#stripeSays(`card/${customer}`);
    await deliver(this.#server.url, this.#of.secret, event, customer);
    const began = performance.now();
    await answered;
    return Math.max(0, answeredAt - began);
  }

  async #billing(bearer: string, headers: Record<string, string> = {}): Promise<Response> {
    const answer = await fetch(`${this.#server.url}/v1/billing`, {
      headers: { origin, authorization: `Bearer ${bearer}`, ...headers },
    });
    await answer.text();
    // A poll that was not answered ends with its time, and the time says so.
    if (answer.status !== 200 && answer.status !== 304) throw new Error(`a read was answered ${answer.status}`);
    return answer;
  }

  async #megabytes(what: 'VmRSS' | 'VmHWM'): Promise<number> {
    const status = await readFile(`/proc/${this.#server.process.child.pid}/status`, 'utf8');
    return Number(new RegExp(`${what}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
  }
}
