/** `billhook serve` as a stranger reaches it: a process of its own on a real port, with a Stripe that counts and fails. */

import { createServer } from 'node:http';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { mintWidgetToken } from '@billhook/server';
import { hostSecret, origin } from '../server/support/bff.ts';
import { serveProcess } from '../server/support/process.ts';
import { freePort } from '../support/free-port.ts';
import { listening } from '../support/listening.ts';

export interface Served {
  readonly url: string;
  readonly port: number;
  /** The errors in its log, but for its own rounds that this Stripe fails. */
  errors(): readonly string[];
  /** Calls that reached Stripe, but for those of its own rounds: events that were missed, customers to compare. */
  calls(): readonly string[];
  /** Rows of each table, without the server's notes of its own rounds. */
  rows(): Record<string, number>;
  /** The lines of `/metrics` that are values. */
  metrics(): Promise<readonly string[]>;
  /** Megabytes that its objects and buffers hold, once what nothing refers to was collected. */
  megabytes(): Promise<number>;
  token(account: string): Promise<string>;
  /** Sends bytes as they are, and answers everything that came back until the server, or the time, ended it. */
  raw(bytes: string | Buffer, options?: RawOptions): Promise<RawAnswer>;
  close(): Promise<void>;
}

export interface RawOptions {
  /** Sends so many bytes more, one in each such time. */
  readonly drip?: { readonly everyMs: number; readonly byte: string };
  /** Milliseconds after which this end hangs up. */
  readonly patienceMs?: number;
}

export interface RawAnswer {
  readonly text: string;
  /** The statuses of all answers. */
  readonly statuses: readonly number[];
  /** The server ended the connection. */
  readonly closed: boolean;
  readonly ms: number;
}

const ownRounds = /^\/v1\/(?:account|events|subscriptions)(?:\?(?!.*customer=)|$)/;

/** Collects all garbage at a signal, and writes how much is kept: what a process has of the system says little of that. */
const heapProbe = (path: string): string => `
  import { renameSync, writeFileSync } from 'node:fs';
  import { setFlagsFromString } from 'node:v8';
  import { runInNewContext } from 'node:vm';
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc');
  process.on('SIGUSR2', () => {
    collect();
    const { heapUsed, external } = process.memoryUsage();
    writeFileSync('${path}.new', String(heapUsed + external));
    renameSync('${path}.new', '${path}');
  });
`;

export async function startServed(change: Record<string, string> = {}): Promise<Served> {
  const folder = await mkdtemp(join(tmpdir(), 'billhook-served-'));
  const calls: string[] = [];
  const stripe = await listening(
    createServer(({ method, url: path = '' }, response) => {
      if (!ownRounds.test(path)) calls.push(`${method} ${path}`);
      response.writeHead(500).end('{"error":{"type":"api_error"}}');
    }),
  );
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const ledger = join(folder, 'ledger.db');
  const heap = join(folder, 'heap');
  const process = serveProcess({
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(heapProbe(heap))}`,
    PORT: String(port),
    BILLHOOK_URL: url,
    DATABASE_URL: ledger,
    STRIPE_SECRET_KEY: 'sk_test_served',
    STRIPE_WEBHOOK_SECRET: 'whsec_served',
    STRIPE_API_URL: stripe.url,
    BILLHOOK_METRICS: 'open',
    BILLHOOK_HOST_ID: 'acme',
    BILLHOOK_HOST_SECRET: hostSecret,
    BILLHOOK_HOST_ORIGINS: origin,
    BILLHOOK_HOST_RETURN_URL: `${origin}/billing`,
    ...change,
  });
  await process.listening;
  return {
    url,
    port,
    errors: () =>
      process.lines.filter((line) => {
        const { level, msg } = JSON.parse(line) as { level: number; msg: string };
        return level >= 50 && !/^(?:sweep|reconcile)\./.test(msg);
      }),
    calls: () => [...calls],
    rows() {
      const db = new Database(ledger, { readonly: true });
      try {
        const tables = db.prepare<[], { name: string }>(`SELECT name FROM sqlite_master WHERE type = 'table'`).all();
        const counted = tables.filter(({ name }) => !['budget', 'jobs'].includes(name));
        return Object.fromEntries(
          counted.map(({ name }) => [name, Number(db.prepare(`SELECT count(*) FROM "${name}"`).pluck().get())]),
        );
      } finally {
        db.close();
      }
    },
    async metrics() {
      const page = await (await fetch(`${url}/metrics`)).text();
      return page.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    },
    async megabytes() {
      await writeFile(heap, '');
      process.child.kill('SIGUSR2');
      let bytes = '';
      while (bytes === '') {
        // oxlint-disable-next-line no-await-in-loop -- until it was written
        [bytes] = await Promise.all([readFile(heap, 'utf8'), nextTurn()]);
      }
      return Math.round(Number(bytes) / 1024 ** 2);
    },
    token: (account) => mintWidgetToken({ secret: hostSecret, issuer: 'acme', audience: url, account }),
    raw: (bytes, options) => raw(port, bytes, options),
    async close() {
      process.child.kill('SIGKILL');
      await process.ended;
      await stripe.close();
      await rm(folder, { recursive: true });
    },
  };
}

function raw(port: number, bytes: string | Buffer, { drip, patienceMs = 2_000 }: RawOptions = {}): Promise<RawAnswer> {
  return new Promise((done) => {
    const began = performance.now();
    let text = '';
    let closed = true;
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes, 'latin1'));
    const dripping = drip && setInterval(() => socket.write(drip.byte), drip.everyMs);
    const hangUp = setTimeout(() => {
      closed = false;
      socket.destroy();
    }, patienceMs);
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(hangUp);
      clearInterval(dripping);
      const statuses = [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status));
      done({ text, statuses, closed, ms: performance.now() - began });
    });
  });
}
