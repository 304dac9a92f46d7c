/**
 * A real PgBouncer before a PostgreSQL of the tests, with the configuration that its package ships but for addresses: no
 * `ignore_startup_parameters`, no `server_reset_query` of its own. Debian's package is found by its path; nothing brings it.
 */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { freePort } from './free-port.ts';

export const pgbouncerModes = ['session', 'transaction'] as const;
export type PgbouncerMode = (typeof pgbouncerModes)[number];

/** The program, or `null` on a machine without it. */
export const pgbouncerProgram = ['/usr/sbin/pgbouncer', 'pgbouncer'].find(isThere) ?? null;

function isThere(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export interface Pgbouncer {
  /** The same database, through the pooler. */
  through(address: string): string;
  stop(): Promise<void>;
}

/** @param server - the address of any database on the PostgreSQL that it stands before */
export async function startPgbouncer(server: string, mode: PgbouncerMode): Promise<Pgbouncer> {
  if (pgbouncerProgram === null) throw new Error('pgbouncer is not on this machine');
  const { hostname, port, username, password } = new URL(server);
  const folder = await mkdtemp(join(tmpdir(), 'billhook-pgbouncer-'));
  const own = await freePort();
  const users = join(folder, 'users.txt');
  await writeFile(users, `"${decodeURIComponent(username)}" "${decodeURIComponent(password)}"\n`);
  const settings = {
    listen_addr: '127.0.0.1',
    listen_port: own,
    unix_socket_dir: '',
    auth_type: 'md5',
    auth_file: users,
    pool_mode: mode,
    max_client_conn: 500,
    default_pool_size: mode === 'session' ? 60 : 8,
  };
  const config = join(folder, 'pgbouncer.ini');
  const lines = Object.entries(settings).map(([name, value]) => `${name} = ${value}`);
  await writeFile(config, `[databases]\n* = host=${hostname} port=${port}\n[pgbouncer]\n${lines.join('\n')}\n`);
  // It refuses to run as root, and then reads its files as another user.
  const asRoot = process.getuid?.() === 0;
  if (asRoot) for (const path of [folder, config, users]) await chmod(path, path === folder ? 0o755 : 0o644);
  const child = spawn(pgbouncerProgram, [...(asRoot ? ['-u', 'nobody'] : []), config], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'exit');
  await new Promise<void>((ready, failed) => {
    const said: string[] = [];
    createInterface(child.stderr).on('line', (line) => {
      said.push(line);
      if (line.includes('process up')) ready();
    });
    void ended.then(() => failed(new Error(`pgbouncer ended:\n${said.join('\n')}`)));
  });
  return {
    through: (address) => Object.assign(new URL(address), { host: `127.0.0.1:${own}` }).href,
    async stop() {
      child.kill('SIGINT');
      child.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
