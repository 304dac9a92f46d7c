/**
 * A storm over real processes: subscriptions change without end, webhooks come shuffled, twice, late and again, Stripe's
 * answers break, and the processes of the BFF are killed with no warning at counted moments and started again.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { mintWidgetToken } from '@billhook/server';
import { hostSecret, origin } from '../server/support/bff.ts';
import { freePort, serveProcess, type ServeProcess } from '../server/support/process.ts';
import { hangMs, patienceMs } from '../support/patience.ts';
import { link, missing, stuck, untrue } from './ledger-audit.ts';
import { seed, stormCustomers, type Payer, type StormCustomers } from './storm-customers.ts';
import { moments, startProxies, type CountingProxies, type Moment } from './counting-proxies.ts';

export interface StormOptions {
  /** How many BFF processes share the ledger. Default: 1. */
  readonly processes?: number;
  /** Where the ledger is. Default: a SQLite file of its own. */
  readonly database?: string;
}

export interface Storm extends StormCustomers {
  readonly proxies: CountingProxies;
  readonly database: string;
  /** Everything happens until the process is dead, killed in a seeded moment; then it is started again. */
  killOne(moment?: Moment): Promise<void>;
  /** So many changes, four at a time, and the deliveries of all. */
  changes(count: number): Promise<void>;
  /** Stripe comes again with what was not answered, until all is. */
  deliverAll(): Promise<void>;
  /** `GET /v1/billing` at one of the processes. */
  read(index: number, payer: Payer, headers?: Record<string, string>): Promise<Response>;
  /** Ends the storm, prints its figures and returns them. */
  verdict(name: string): Promise<{
    readonly lost: readonly string[];
    readonly stuck: readonly string[];
    readonly untrue: readonly string[];
  }>;
  close(): Promise<void>;
}

/** Up to the how-manieth a moment may be. A customer is asked about once a second at most, whatever comes. */
const range: Readonly<Record<Moment, number>> = { sent: 60, answered: 60, asked: 8, told: 8 };
/** A storm in which nothing progresses ends after so many rounds of changes. */
const patience = 300;
/** Among several processes, what a dead one had claimed comes back when its lease ends: long enough for a slow fetch. */
const sharedLeaseMs = 10_000;
/** Alone, it comes back at the next start and by nothing else. */
const loneLeaseMs = 2 * hangMs;
/** Retries come when the test says so. */
const never = 3_600_000;

export async function startStorm({ processes = 1, database: given }: StormOptions = {}): Promise<Storm> {
  const folder = await mkdtemp(join(tmpdir(), 'billhook-storm-'));
  const database = given ?? join(folder, 'ledger.db');
  const customers = await stormCustomers();
  const { sandbox, payers, random, oneOf, change } = customers;
  const proxies = await startProxies(sandbox);
  const { secret } = sandbox.deliveries.addEndpoint(proxies.webhooks);
  Object.assign(sandbox.deliveries.settings, {
    retryAfterMs: Array<number>(200).fill(never),
    timeoutMs: patienceMs,
    order: 'shuffled',
    copies: 2,
    concurrency: 8,
  });
  await link(database, payers);

  const ports = await Promise.all(Array.from({ length: processes }, freePort));
  const addresses = ports.map((port) => `http://127.0.0.1:${port}`);
  const publicUrl = String(addresses[0]);
  const start = async (port: number): Promise<ServeProcess> => {
    const server = serveProcess(
      {
        PORT: String(port),
        BILLHOOK_URL: publicUrl,
        DATABASE_URL: database,
        STRIPE_SECRET_KEY: sandbox.secretKey,
        STRIPE_WEBHOOK_SECRET: secret,
        STRIPE_API_URL: proxies.stripe,
        STRIPE_REQUESTS_PER_SECOND: '1000',
        BILLHOOK_HOST_ID: 'acme',
        BILLHOOK_HOST_SECRET: hostSecret,
        BILLHOOK_HOST_ORIGINS: origin,
        BILLHOOK_HOST_RETURN_URL: `${origin}/billing`,
        LEASE_MS: String(processes > 1 ? sharedLeaseMs : loneLeaseMs),
      },
      [resolve(import.meta.dirname, 'storm-process.ts')],
    );
    await server.listening;
    return server;
  };
  const servers = await Promise.all(ports.map(start));
  proxies.targets = addresses;

  const lost = new Set<string>();
  let kills = 0;
  const began = performance.now();

  const storm: Storm = {
    ...customers,
    proxies,
    database,
    async killOne(moment = oneOf(moments)) {
      const index = Math.floor(random() * servers.length);
      const victim = servers[index] as ServeProcess;
      proxies.at(moment, 1 + Math.floor(random() * range[moment]), () => victim.child.kill('SIGKILL'));
      const kind = oneOf(['serverError', 'reset', 'halfBody', 'html', 'lockTimeout'] as const);
      sandbox.faults.next({ kind, path: '/v1/subscriptions', method: 'GET' });
      sandbox.deliveries.next({ delayMs: never, times: 2 });
      for (let turn = 0; !victim.child.killed; turn += 1) {
        if (turn > patience) throw new Error(`the moment never comes in which a webhook, or Stripe, is ${moment}`);
        // oxlint-disable-next-line no-await-in-loop -- until the moment has come
        await storm.changes(4);
      }
      await victim.ended;
      kills += 1;
      // While it is down: its answered events must be in the ledger now, before any is delivered again.
      for (const event of await missing(database, proxies.answered)) lost.add(event);
      await storm.changes(4);
      servers[index] = await start(ports[index] as number);
      sandbox.deliveries.retryNow();
    },
    async changes(count) {
      for (let done = 0; done < count; done += 4) {
        // oxlint-disable-next-line no-await-in-loop -- four at a time
        await Promise.all(Array.from({ length: 4 }, change));
      }
      await sandbox.deliveries.settled();
    },
    async deliverAll() {
      while (sandbox.deliveries.list({ state: 'waiting' }).length > 0) {
        sandbox.deliveries.retryNow();
        // oxlint-disable-next-line no-await-in-loop -- each try after the one before
        await sandbox.deliveries.settled();
      }
    },
    async read(index, { account }, headers = {}) {
      const token = await mintWidgetToken({ secret: hostSecret, issuer: 'acme', audience: publicUrl, account });
      return await fetch(`${addresses[index]}/v1/billing`, {
        headers: { authorization: `Bearer ${token}`, ...headers },
      });
    },
    async verdict(name) {
      await storm.deliverAll();
      const waiting = await stuck(database);
      for (const event of await missing(database, proxies.answered)) lost.add(event);
      const wrong = await untrue(database, payers, proxies.stripe, sandbox.secretKey);
      const sent = sandbox.deliveries.list();
      const answers = [...proxies.statuses].map(([status, count]) => `${count} × ${status}`).join(', ');
      process.stdout.write(
        `\n  ${name}: ${kills} × kill -9, ${sent.length} events sent, ${proxies.answered.size} answered 200 ` +
          `(of all deliveries ${answers}), ${lost.size} lost, ${waiting.length} stuck, ${wrong.length} untrue ` +
          `(seed ${seed}, ${((performance.now() - began) / 1000).toFixed(1)} s)\n`,
      );
      return { lost: [...lost], stuck: waiting, untrue: wrong };
    },
    async close() {
      for (const { child, ended } of servers) {
        child.kill('SIGKILL');
        // oxlint-disable-next-line no-await-in-loop -- a handful
        await ended;
      }
      await proxies.close();
      await sandbox.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
  return storm;
}
