/**
 * A real PostgreSQL for tests, brought by a package: nothing to install, on a free port, in a folder of its own.
 *
 * Tests share the one that `postgres.setup.ts` starts for the run (`shared-postgres.ts`), each with a database of its own.
 * Who restarts the server starts one alone.
 */

import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { postgresProgram } from './postgres-program.ts';

export interface Databases {
  /** The address of a database on this server. */
  url(database: string): string;
  /** A new, empty database; answers its address. */
  createDatabase(): Promise<string>;
  /** Ends every connection to a database, as an operator or a network might. */
  cutConnections(url: string): Promise<void>;
}

export interface Postgres extends Databases {
  /** Everything committed is there again; every connection is gone. */
  restart(): Promise<void>;
  /** Nobody answers until {@link start}. */
  halt(): Promise<void>;
  start(): Promise<void>;
  /** Ends it and removes its files. */
  stop(): Promise<void>;
}

/**
 * Starts a server.
 *
 * @example
 * ```ts
 * const postgres = await startPostgres();
 * const database = await postgres.createDatabase(); // postgres://postgres:…@127.0.0.1:49152/test_…
 * await postgres.stop();
 * ```
 */
export async function startPostgres(): Promise<Postgres> {
  const folder = await mkdtemp(join(tmpdir(), 'billhook-postgres-'));
  const port = await freePort();
  const said: string[] = [];
  const EmbeddedPostgres = await postgresProgram();
  const server = new EmbeddedPostgres({
    databaseDir: folder,
    port,
    user: 'postgres',
    password: 'postgres',
    persistent: true,
    // PostgreSQL refuses to run as root.
    createPostgresUser: process.getuid?.() === 0,
    initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync'],
    // The machine is not switched off in a test, so its disk need not be waited for. What Billhook asks of a session stands.
    postgresFlags: [
      '-h',
      '127.0.0.1',
      '-c',
      'unix_socket_directories=',
      '-c',
      'fsync=off',
      '-c',
      'max_connections=300',
    ],
    onLog: (line) => said.push(line),
    onError: (line) => said.push(String(line)),
  });
  const orSaid = async (what: Promise<void>) =>
    what.catch((cause: unknown) => {
      throw new Error(`PostgreSQL did not start:\n${said.slice(-20).join('')}`, { cause });
    });
  try {
    await orSaid(server.initialise());
    await orSaid(server.start());
  } catch (cause) {
    await rm(folder, { recursive: true, force: true });
    throw cause;
  }
  return {
    ...databasesAt(`postgres://postgres:postgres@127.0.0.1:${port}/postgres`),
    async restart() {
      await server.stop();
      await orSaid(server.start());
    },
    halt: () => server.stop(),
    start: () => orSaid(server.start()),
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What needs no more than an address of the server. */
export function databasesAt(address: string): Databases {
  const url = (database: string) => Object.assign(new URL(address), { pathname: `/${database}` }).href;
  const asOperator = async (sql: string, values: readonly string[] = []) => {
    const client = new Client({ connectionString: address });
    await client.connect();
    try {
      await client.query(sql, [...values]);
    } finally {
      await client.end();
    }
  };
  return {
    url,
    async createDatabase() {
      const name = `test_${randomUUID().replaceAll('-', '')}`;
      await asOperator(`CREATE DATABASE ${name}`);
      return url(name);
    },
    cutConnections: (of) =>
      asOperator(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1`, [
        new URL(of).pathname.slice(1),
      ]),
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const address = server.address();
  await new Promise<void>((closed) => server.close(() => closed()));
  return typeof address === 'object' && address ? address.port : 0;
}
