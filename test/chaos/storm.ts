/**
 * A storm over real processes: subscriptions change without end, webhooks come shuffled, twice, late and again, Stripe's
 * answers break, and the processes of the BFF are killed with no warning at counted moments and started again.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { mintWidgetToken, type BillhookOptions } from '@billhook/server';
import type { UpkeepAnswer } from '@billhook/widget/contract';
import { hostSecret, origin } from '../server/support/bff.ts';
import { serveProcess, type ServeProcess } from '../server/support/process.ts';
import { freePort } from '../support/free-port.ts';
import { frozenProcess, thawedByRequests } from '../support/frozen-processes.ts';
import { hangMs, patienceMs } from '../support/patience.ts';
import { link, missing, stuck, untrue } from './ledger-audit.ts';
import { seed, stormCustomers, type Payer, type StormCustomers } from './storm-customers.ts';
import { moments, startProxies, type CountingProxies, type Moment } from './counting-proxies.ts';

export interface StormOptions {
  /** How many BFF processes share the ledger. Default: 1. */
  readonly processes?: number;
  /** Where the ledger is. Default: a SQLite file of its own. */
  readonly database?: string;
  /** The same ledger as the processes reach it, through a pooler. */
  readonly through?: (database: string) => string;
  /** Functions, which are frozen between requests and called by a cron: nothing else makes them go on. Default: servers. */
  readonly frozen?: boolean;
}

const support = (file: string) => resolve(import.meta.dirname, '../server/support', file);

/** The same settings, as an operator would set them. */
function environmentOf({ publicUrl, database, stripe }: BillhookOptions): Record<string, string> {
  return {
    BILLHOOK_URL: publicUrl,
    DATABASE_URL: database,
    STRIPE_SECRET_KEY: stripe.secretKey,
    STRIPE_WEBHOOK_SECRET: stripe.webhookSecrets.join(','),
    STRIPE_API_URL: String(stripe.apiUrl),
    STRIPE_REQUESTS_PER_SECOND: String(stripe.requestsPerSecond),
    BILLHOOK_HOST_ID: 'acme',
    BILLHOOK_HOST_SECRET: hostSecret,
    BILLHOOK_HOST_ORIGINS: origin,
    BILLHOOK_HOST_RETURN_URL: `${origin}/billing`,
  };
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

const cron = { secret: 'the-secret-of-the-cron', seconds: 20 };

export async function startStorm(options: StormOptions = {}): Promise<Storm> {
  const { processes = 1, database: given, through = (address) => address, frozen = false } = options;
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
  const settings: BillhookOptions = {
    publicUrl,
    database: through(database),
    stripe: {
      secretKey: sandbox.secretKey,
      webhookSecrets: [secret],
      apiUrl: proxies.stripe,
      requestsPerSecond: 1_000,
    },
    hosts: [{ id: 'acme', secrets: [hostSecret], origins: [origin], returnUrl: `${origin}/billing` }],
  };
  const start = async (port: number): Promise<ServeProcess> => {
    const leaseMs = processes > 1 ? sharedLeaseMs : loneLeaseMs;
    const own = { PORT: String(port), LEASE_MS: String(leaseMs) };
    if (frozen) {
      const OPTIONS = JSON.stringify({ ...settings, background: 'none', upkeep: cron });
      return await frozenProcess({ ...own, OPTIONS }, [support('function-process.ts')]);
    }
    const server = serveProcess({ ...own, ...environmentOf(settings) }, [
      resolve(import.meta.dirname, 'storm-process.ts'),
    ]);
    await server.listening;
    return server;
  };
  const servers = await Promise.all(ports.map(start));
  const functions = frozen
    ? await thawedByRequests(() => servers.map((process, index) => ({ process, url: String(addresses[index]) })))
    : null;
  proxies.targets = functions === null ? addresses : [functions.url];
  const upkeep = async (): Promise<boolean> => {
    if (functions === null) return true;
    const headers = { authorization: `Bearer ${cron.secret}` };
    const { status, body } = await functions.ask('/v1/upkeep', { method: 'POST', headers });
    return status === 200 && (JSON.parse(body) as UpkeepAnswer).done;
  };

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
      // Not `child.killed`, which is so after any signal: a function is stopped and woken by signals.
      const dying = new Set<ServeProcess>();
      proxies.at(moment, 1 + Math.floor(random() * range[moment]), () => {
        if (victim.child.kill('SIGKILL')) dying.add(victim);
      });
      const kind = oneOf(['serverError', 'reset', 'halfBody', 'html', 'lockTimeout'] as const);
      sandbox.faults.next({ kind, path: '/v1/subscriptions', method: 'GET' });
      sandbox.deliveries.next({ delayMs: never, times: 2 });
      for (let turn = 0; !dying.has(victim); turn += 1) {
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
      // A process that is killed meanwhile answers nothing; the next call finds another.
      await upkeep().catch(() => false);
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
      return await fetch(`${functions?.url ?? addresses[index]}/v1/billing`, {
        headers: { authorization: `Bearer ${token}`, ...headers },
      });
    },
    async verdict(name) {
      await storm.deliverAll();
      // Until a frozen process's claims have come back.
      // oxlint-disable-next-line no-await-in-loop -- call after call, as a cron does
      while (!(await upkeep()));
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
      await functions?.close();
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
