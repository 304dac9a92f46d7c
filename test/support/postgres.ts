/**
 * A real PostgreSQL for tests, brought by a package: nothing to install, on a free port, in a folder of its own.
 *
 * Tests share the one that `postgres.setup.ts` starts for the run (`shared-postgres.ts`), each with a database of its own.
 * A test that restarts the server starts one of its own.
 */

import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { Client } from 'pg';
import type { Answer, Ask } from './postgres-process.ts';

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
  /** Stops the server until {@link start}. */
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
 *
 * @param options.isDurable - each commit waits for the disk, as in service. Default: false
 */
export async function startPostgres({ isDurable = false }: { isDurable?: boolean } = {}): Promise<Postgres> {
  const program = fileURLToPath(new URL('./postgres-process.ts', import.meta.url));
  // A group of its own: an interrupt of the tests at the keyboard must not interrupt the process that cleans up.
  const child = fork(program, isDurable ? ['durable'] : [], {
    detached: true,
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    execArgv: [],
  });
  const asks = (what: Ask) =>
    new Promise<number>((answered, failed) => {
      const ended = () => failed(new Error(`PostgreSQL’s process ended before it could ${what}`));
      child.once('exit', ended);
      child.once('message', (answer: Answer) => {
        child.off('exit', ended);
        if ('port' in answer) answered(answer.port);
        else failed(new Error(answer.failed));
      });
      child.send(what);
    });
  const port = await asks('start').catch(async (cause: unknown) => {
    child.disconnect();
    throw cause;
  });
  return {
    ...databasesAt(`postgres://postgres:postgres@127.0.0.1:${port}/postgres`),
    async restart() {
      await asks('halt');
      await asks('start');
    },
    halt: async () => void (await asks('halt')),
    start: async () => void (await asks('start')),
    stop: async () => void (await asks('stop')),
  };
}

/** The databases of a server, of which only the address is needed. */
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
