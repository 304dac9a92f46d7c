/** Which ports the demo takes: all are known before anything starts, because each part is told the others' addresses. */

import { randomInt } from 'node:crypto';
import { createServer, type AddressInfo, type Server } from 'node:net';

/**
 * Where "any" port is looked for: below the range that systems hand out by themselves (Linux from 32,768, others from
 * 49,152; RFC 6335, section 6). A chosen port is released before its server listens, and no other program is given it
 * in between.
 */
const anyFrom = 20_000;
const anyBelow = 32_768;

/** One or more ports belong to another program. Its message names them, and the variables that move them. */
export class PortTakenError extends Error {
  override readonly name = 'PortTakenError';
  readonly code = 'port_taken';
  readonly ports: readonly number[];

  constructor(taken: readonly { variable: string; port: number }[]) {
    super(
      taken
        .map(({ variable, port }) => `Port ${port} is taken by another program; ${variable}=0 takes any.`)
        .join('\n'),
    );
    this.ports = taken.map(({ port }) => port);
  }
}

/**
 * Finds out whether the wanted ports are free, and which ones 0 ("any") shall be.
 *
 * @param wanted - ports by the name of the variable that sets them.
 * @throws {PortTakenError} `port_taken`, with all that are taken at once.
 */
export async function choosePorts<Variable extends string>(
  wanted: Readonly<Record<Variable, number>>,
): Promise<Record<Variable, number>> {
  const entries = Object.entries(wanted) as [Variable, number][];
  const tried = await Promise.all(
    entries.map(async ([variable, port]) => ({ variable, port, server: await hold(port) })),
  );
  const chosen = tried.map(({ variable, port, server }) => [variable, server ? portOf(server) : port] as const);
  // All are held until all are known, or "any" could be the same one twice.
  await Promise.all(tried.map(async ({ server }) => server && (await release(server))));

  const taken = tried.filter(({ server }) => server === null);
  if (taken.length > 0) throw new PortTakenError(taken);
  return Object.fromEntries(chosen) as Record<Variable, number>;
}

/**
 * Holds a port on every address. On the loopback address alone, a program that has only `[::1]:4000` would go unseen,
 * and a browser would find it instead of us at `localhost:4000`.
 */
async function hold(port: number): Promise<Server | null> {
  if (port === 0) return await holdAny();
  const server = createServer();
  try {
    await new Promise<void>((listening, failed) => server.once('error', failed).listen(port, listening));
    return server;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EADDRINUSE') return null;
    throw cause;
  }
}

async function holdAny(): Promise<Server> {
  const server = await hold(randomInt(anyFrom, anyBelow));
  return server ?? (await holdAny());
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port;
const release = (server: Server): Promise<void> => new Promise((released) => server.close(() => released()));
