/** The weight of an installed package: with all that it brings along, on the disk and in a process that imports it. */

import { existsSync } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Consumer } from './packed.ts';

export interface Installed {
  readonly packages: number;
  readonly kilobytes: number;
}

/** The package and its dependencies, theirs included, each counted once. */
export async function installedWeight({ folder }: Consumer, name: string): Promise<Installed> {
  const found = new Map<string, number>();
  await visit(await realpath(join(folder, 'node_modules', name)), join(folder, 'node_modules'), found);
  const bytes = [...found.values()].reduce((sum, each) => sum + each, 0);
  return { packages: found.size, kilobytes: Math.round(bytes / 1_000) };
}

async function visit(at: string, top: string, found: Map<string, number>): Promise<void> {
  if (found.has(at)) return;
  found.set(at, 0);
  found.set(at, await sizeOf(at));
  const { dependencies = {}, optionalDependencies = {} } = JSON.parse(
    await readFile(join(at, 'package.json'), 'utf8'),
  ) as Record<string, Record<string, string> | undefined>;
  for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
    const path = nearest(name, at) ?? join(top, name);
    // An optional one that is for another system is not there.
    // oxlint-disable-next-line no-await-in-loop -- each is counted once, whichever needs it first
    if (existsSync(path)) await visit(await realpath(path), top, found);
  }
}

/** As Node looks for it: in each folder above. */
function nearest(name: string, from: string): string | null {
  for (let at = from; dirname(at) !== at; at = dirname(at)) {
    const path = join(at, 'node_modules', name);
    if (existsSync(path)) return path;
  }
  return null;
}

async function sizeOf(folder: string): Promise<number> {
  const entries = await readdir(folder, { withFileTypes: true });
  const sizes = entries.map(async (entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? 0 : await sizeOf(path);
    return entry.isFile() ? (await stat(path)).size : 0;
  });
  return (await Promise.all(sizes)).reduce((sum, size) => sum + size, 0);
}

interface Run {
  readonly ms: number;
  readonly megabytes: number;
}

export interface Imported {
  /** Milliseconds, of the median run. */
  readonly ms: number;
  /** Of the fastest run: the nearest that a busy machine comes to a quiet one. */
  readonly leastMs: number;
  /** Megabytes of memory that the process has more than before. */
  readonly megabytes: number;
}

/** Imports each in a process of its own, in turns, so that a busy machine is busy for all of them alike. */
export async function imported(
  { node }: Consumer,
  modules: Readonly<Record<string, readonly string[]>>,
  runs: number,
): Promise<Readonly<Record<string, Imported>>> {
  const measured = new Map(Object.keys(modules).map((name) => [name, [] as Run[]]));
  for (let run = 0; run < runs; run += 1) {
    for (const [name, specifiers] of Object.entries(modules)) {
      const script = `
        const before = process.memoryUsage().rss;
        const began = performance.now();
        for (const each of ${JSON.stringify(specifiers)}) await import(each);
        const ms = performance.now() - began;
        console.log(JSON.stringify({ ms, megabytes: (process.memoryUsage().rss - before) / 1e6 }));`;
      // oxlint-disable-next-line no-await-in-loop -- one at a time, so that none waits for another
      const { code, output } = await node('--input-type=module', '--eval', script);
      if (code !== 0) throw new Error(output);
      measured.get(name)?.push(JSON.parse(output) as Run);
    }
  }
  const median = (values: readonly number[]) =>
    values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
  return Object.fromEntries(
    [...measured].map(([name, all]) => [
      name,
      {
        ms: median(all.map(({ ms }) => ms)),
        leastMs: Math.min(...all.map(({ ms }) => ms)),
        megabytes: median(all.map(({ megabytes }) => megabytes)),
      },
    ]),
  );
}
