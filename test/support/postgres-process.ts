/**
 * The process that PostgreSQL runs under in tests. It ends with its parent, even a killed one: the channel between them
 * closes, and the server is stopped and its files removed.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port.ts';
import { postgresProgram } from './postgres-program.ts';

/** The commands of the parent, and the answers: the port, or the reason of a failure. */
export type Ask = 'start' | 'halt' | 'stop';
export type Answer = { readonly port: number } | { readonly failed: string };

/** The machine is not switched off in a test, so its disk need not be waited for. Settings of Billhook's sessions stand. */
const fsync = process.argv[2] === 'durable' ? 'on' : 'off';
const folder = await mkdtemp(join(tmpdir(), 'billhook-postgres-'));
const port = await freePort();
const said: string[] = [];
const Program = await postgresProgram();
const server = new Program({
  databaseDir: folder,
  port,
  user: 'postgres',
  password: 'postgres',
  persistent: true,
  // PostgreSQL refuses to run as root.
  createPostgresUser: process.getuid?.() === 0,
  initdbFlags: ['--encoding=UTF8', '--locale=C', '--no-sync', '-c', 'scram_iterations=1'],
  postgresFlags: [
    '-h',
    '127.0.0.1',
    '-c',
    'unix_socket_directories=',
    '-c',
    `fsync=${fsync}`,
    '-c',
    'max_connections=300',
  ],
  onLog: (line) => said.push(line),
  onError: (line) => said.push(String(line)),
});
let initialised = false;

async function start(): Promise<void> {
  if (!initialised) await server.initialise();
  initialised = true;
  await server.start();
}

async function stop(): Promise<void> {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}

const does: Readonly<Record<Ask, () => Promise<void>>> = { start, halt: () => server.stop(), stop };

async function obey(ask: Ask): Promise<void> {
  try {
    await does[ask]();
    answer({ port });
  } catch (cause) {
    answer({ failed: `PostgreSQL could not ${ask}: ${String(cause)}\n${said.slice(-20).join('')}` });
  }
  if (ask === 'stop') process.exit(0);
}

/** One after the other: a parent that is gone may have asked for a start just before. */
let last = Promise.resolve();
const inTurn = (work: () => Promise<void>) => {
  last = last.then(work);
};
process.on('message', (ask: Ask) => inTurn(() => obey(ask)));
process.on('disconnect', () => inTurn(() => obey('stop')));

function answer(what: Answer): void {
  // The parent may be gone meanwhile.
  if (process.connected) process.send?.(what, undefined, undefined, () => undefined);
}
