/** One PostgreSQL for a whole run of the tests: started when the first test asks for it, and stopped after the last. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { startPostgres, type Postgres } from './postgres.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Asked by `shared-postgres.ts`; answers the server's address. */
    readonly postgres: string;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  let started: Promise<Postgres> | null = null;
  const addressServer = createServer((_, answer) => {
    started ??= startPostgres();
    started.then(
      (postgres) => answer.end(postgres.url('postgres')),
      (cause: unknown) => answer.writeHead(500).end(cause instanceof Error ? cause.message : String(cause)),
    );
  });
  await new Promise<void>((listening) => addressServer.listen(0, '127.0.0.1', listening));
  project.provide('postgres', `http://127.0.0.1:${(addressServer.address() as AddressInfo).port}/`);

  return async () => {
    addressServer.closeAllConnections();
    addressServer.close();
    await started?.then(
      (postgres) => postgres.stop(),
      () => undefined,
    );
  };
}
