/**
 * `billhook serve` as processes: from the start until it listens, the work of a process that has nothing to do, and the cost
 * of a read where one, two and four share a ledger.
 */

import { execFile, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import type { BillhookOptions } from '@billhook/server';
import { hostSecret, origin, publicUrl, token } from '../server/support/bff.ts';
import { serveProcess, type ServeProcess } from '../server/support/process.ts';
import { startBffHarness, type BffHarness } from '../server/support/with-sandbox.ts';
import { freePort } from '../support/free-port.ts';
import { median } from './measure.ts';

/** Milliseconds from a process's start until it listens, in the median. */
export interface Start {
  /** As the published package is started: compiled, and started before. */
  readonly ours: number;
  /** Of that, the processor's time. */
  readonly oursCpu: number;
  /** The same where nothing is kept from an earlier start, as in a new container. */
  readonly first: number;
  /** A program that listens with Hono and does nothing else. */
  readonly bare: number;
}

export interface Idle {
  /** Of a second, in milliseconds. */
  readonly cpuMs: number;
  /** Transactions of its database in a second; `null` on SQLite. */
  readonly transactions: number | null;
}

/** The scheduler counts a process's time in these, on every platform that the bench runs on. */
const clockTicksASecond = 100;

const bareServer = `
  const { serve } = await import('@hono/node-server');
  const { Hono } = await import('hono');
  serve({ fetch: new Hono().get('/', (c) => c.text('ok')).fetch, port: 0 }, () => console.log('server.listening'));`;

export interface Serving {
  readonly process: ServeProcess;
  readonly url: string;
}

/** `billhook serve` on a port of its own, once it listens. */
export async function serving(
  { secretKey, webhookSecrets, apiUrl = '' }: BillhookOptions['stripe'],
  database: string,
  more: Record<string, string> = {},
  program?: string[],
): Promise<Serving> {
  const port = await freePort();
  const environment = {
    PORT: String(port),
    BILLHOOK_URL: publicUrl,
    DATABASE_URL: database,
    STRIPE_SECRET_KEY: secretKey,
    STRIPE_WEBHOOK_SECRET: webhookSecrets.join(','),
    STRIPE_API_URL: apiUrl,
    BILLHOOK_HOST_ID: 'acme',
    BILLHOOK_HOST_SECRET: hostSecret,
    BILLHOOK_HOST_ORIGINS: origin,
    BILLHOOK_HOST_RETURN_URL: `${origin}/billing`,
    ...more,
  };
  const process = serveProcess(environment, program);
  await process.listening;
  return { process, url: `http://127.0.0.1:${port}` };
}

/** Processes of a ledger beside a sandbox. */
export class Fleet {
  readonly #harness: BffHarness;
  readonly #database: string;
  readonly #running: Serving[] = [];

  /** @param database - of these processes alone */
  static async at(database: string): Promise<Fleet> {
    return new Fleet(await startBffHarness(), database);
  }

  private constructor(harness: BffHarness, database: string) {
    this.#harness = harness;
    this.#database = database;
  }

  get size(): number {
    return this.#running.length;
  }

  async start(more?: Record<string, string>, program?: string[]): Promise<string> {
    const started = await serving(this.#harness.options.stripe, this.#database, more, program);
    this.#running.push(started);
    return started.url;
  }

  async stopAll(): Promise<void> {
    await Promise.all(
      this.#running.splice(0).map(({ process }) => {
        process.child.kill('SIGTERM');
        return process.ended;
      }),
    );
  }

  async close(): Promise<void> {
    await this.stopAll();
    await this.#harness.close();
  }

  /** Milliseconds of CPU time that they have had so far. */
  async cpuMs(): Promise<number> {
    const times = await Promise.all(this.#running.map(({ process }) => cpuMsOf(Number(process.child.pid))));
    return times.reduce((sum, each) => sum + each, 0);
  }

  /** After the work of the start, and once it rests. */
  async idle(seconds: number): Promise<Idle> {
    await pause(20_000);
    const before = [await this.cpuMs(), await transactionsOf(this.#database)] as const;
    await pause(seconds * 1_000);
    const after = [await this.cpuMs(), await transactionsOf(this.#database)] as const;
    const transactions = before[1] === null || after[1] === null ? null : (after[1] - before[1]) / seconds;
    return { cpuMs: (after[0] - before[0]) / seconds, transactions };
  }

  /**
   * Microseconds of the processes' CPU time for a read, asked of each in turn.
   *
   * @param count - reads of each process, after as many to warm up
   */
  async read(count: number): Promise<number> {
    // Of many accounts: each may ask so often in a minute.
    const bearers = await Promise.all(Array.from({ length: 200 }, (_, index) => token({ account: `team_${index}` })));
    const ask = async (index: number) => {
      const headers = { origin, authorization: `Bearer ${bearers[(index >> 3) % bearers.length]}` };
      const url = this.#running[index % this.#running.length]?.url;
      const answer = await fetch(`${url}/v1/billing`, { headers });
      await answer.text();
      if (answer.status !== 200) throw new Error(`a read was answered ${answer.status}`);
    };
    const all = async (reads: number) => {
      for (let index = 0; index < reads; index += 8) {
        // oxlint-disable-next-line no-await-in-loop -- eight at a time
        await Promise.all(Array.from({ length: 8 }, (_, one) => ask(index + one)));
      }
    };
    // Each process has the code warm that it is measured by.
    const reads = count * this.size;
    await all(reads);
    const before = await this.cpuMs();
    await all(reads);
    return ((await this.cpuMs()) - before) / (reads / 1_000);
  }
}

const server = resolve(import.meta.dirname, '../../server');
const compiled = join(server, 'dist/cli/cli.js');

/** The program that is published. */
async function compile(): Promise<void> {
  const vite = join(server, 'node_modules/vite/bin/vite.js');
  await promisify(execFile)(process.execPath, [vite, 'build', '--logLevel', 'warn'], { cwd: server });
}

export async function measureStart(fleet: Fleet, rounds = 5): Promise<Start> {
  await compile();
  const cache = await mkdtemp(join(tmpdir(), 'billhook-start-'));
  const figures = { ours: [] as number[], oursCpu: [] as number[], first: [] as number[], bare: [] as number[] };
  const start = async (more: Record<string, string>) => {
    const began = performance.now();
    await fleet.start(more, [compiled, 'serve']);
    const took = { ms: performance.now() - began, cpuMs: await fleet.cpuMs() };
    await fleet.stopAll();
    return took;
  };
  for (let round = 0; round <= rounds; round += 1) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    const first = await start({ NODE_DISABLE_COMPILE_CACHE: '1' });
    // oxlint-disable-next-line no-await-in-loop -- as above
    const again = await start({ XDG_CACHE_HOME: cache });
    // oxlint-disable-next-line no-await-in-loop -- as above
    const bare = await bareStart();
    // The first round leaves the compiled code that the others find.
    if (round === 0) continue;
    figures.first.push(first.ms);
    figures.ours.push(again.ms);
    figures.oursCpu.push(again.cpuMs);
    figures.bare.push(bare);
  }
  await rm(cache, { recursive: true });
  const { ours, oursCpu, first, bare } = figures;
  return { ours: median(ours), oursCpu: median(oursCpu), first: median(first), bare: median(bare) };
}

async function bareStart(): Promise<number> {
  const began = performance.now();
  const child = spawn(process.execPath, ['--input-type=module', '--eval', bareServer], {
    cwd: import.meta.dirname,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise<void>((listens) => void createInterface(child.stdout).once('line', () => listens()));
  const took = performance.now() - began;
  child.kill();
  return took;
}

/** As Linux tells it: the time in the program and in the kernel are the 14th and 15th fields, behind the name in brackets. */
export async function cpuMsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return ((Number(fields[11]) + Number(fields[12])) / clockTicksASecond) * 1_000;
}

async function transactionsOf(database: string): Promise<number | null> {
  if (!database.startsWith('postgres')) return null;
  // Not of the database itself: this question would be counted.
  const address = new URL(database);
  const name = address.pathname.slice(1);
  address.pathname = '/postgres';
  const client = new Client({ connectionString: address.href });
  await client.connect();
  try {
    const { rows } = await client.query<{ count: string }>(
      'SELECT xact_commit + xact_rollback AS count FROM pg_stat_database WHERE datname = $1',
      [name],
    );
    return Number(rows[0]?.count);
  } finally {
    await client.end();
  }
}
