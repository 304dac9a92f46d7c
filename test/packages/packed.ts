/**
 * The packages as npm would get them, installed in a project outside of the workspace. They are packed from a copy:
 * packing builds, and other tests read the workspace's own build. Their dependencies are the workspace's installed ones, so
 * no network is needed.
 */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');
const folders = { widget: 'widget', server: 'server', host: 'server/host' } as const;
export type Name = keyof typeof folders;
/** The others are compiled against the widget's published types, so the widget goes first. */
export const names = ['widget', 'server', 'host'] as const;
/** Vite would build for tests, as the test runner says. */
const env = { ...process.env, NODE_ENV: 'production' };

export interface Consumer {
  readonly folder: string;
  /** The files of each tarball, relative to the package. */
  readonly files: Readonly<Record<Name, readonly string[]>>;
  /** Where the package's tarball is. */
  tarball(name: Name): string;
  manifest(name: Name): Promise<Record<string, never>>;
  /** Runs Node in the project; answers its output, and how it ended. */
  node(...args: string[]): Promise<{ code: number; output: string }>;
  remove(): Promise<void>;
}

/** @param within - a folder for the project. Default: the system's temporary one, where no module is found by chance. */
export async function installPacked(within = tmpdir()): Promise<Consumer> {
  await mkdir(within, { recursive: true });
  // macOS's temporary folder is a link, and Node's modules are found by their real paths.
  const folder = await realpath(await mkdtemp(join(within, 'billhook-packed-')));
  const copy = join(folder, 'copy');
  await mkdir(copy);
  for (const file of ['package.json', 'pnpm-workspace.yaml', 'tsconfig.json', 'LICENSE']) {
    await cp(join(root, file), join(copy, file));
  }
  await link(join(root, 'node_modules'), join(copy, 'node_modules'));
  const installed = join(folder, 'project/node_modules');
  const files: Record<string, readonly string[]> = {};
  for (const name of names) {
    const skip = new Set(['node_modules', 'dist']);
    const [source, own] = [join(root, folders[name]), join(copy, folders[name])];
    await cp(source, own, { recursive: true, filter: (path) => !skip.has(basename(path)) });
    await link(join(source, 'node_modules'), join(own, 'node_modules'));
    await run('pnpm', ['pack', '--out', join(folder, `${name}.tgz`)], { cwd: own, env });
    const target = join(installed, '@billhook', name);
    await mkdir(target, { recursive: true });
    await run('tar', ['-xzf', join(folder, `${name}.tgz`), '-C', target, '--strip-components=1']);
    files[name] = (await readdir(target, { recursive: true, withFileTypes: true }))
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(target.length + 1))
      .toSorted();
    await linkDependencies(name, installed);
  }
  await mkdir(join(installed, '@types'), { recursive: true });
  await link(join(root, 'node_modules/@types/node'), join(installed, '@types/node'));
  const project = join(folder, 'project');
  await writeFile(join(project, 'package.json'), '{ "private": true, "type": "module" }');

  return {
    folder: project,
    files: files as Consumer['files'],
    tarball: (name) => join(folder, `${name}.tgz`),
    manifest: async (name) => JSON.parse(await readFile(join(installed, '@billhook', name, 'package.json'), 'utf8')),
    async node(...args) {
      try {
        const { stdout, stderr } = await run(process.execPath, args, { cwd: project });
        return { code: 0, output: stdout + stderr };
      } catch (cause) {
        const { code, stdout, stderr } = cause as { code: number; stdout: string; stderr: string };
        return { code, output: stdout + stderr };
      }
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Only what the packed package says it needs: something forgotten there must be missing here. */
async function linkDependencies(name: Name, installed: string): Promise<void> {
  const packed = JSON.parse(await readFile(join(installed, '@billhook', name, 'package.json'), 'utf8'));
  for (const dependency of Object.keys(packed.dependencies)) {
    if (dependency.startsWith('@billhook/')) continue;
    await mkdir(join(installed, dependency, '..'), { recursive: true });
    // Two packages may need the same; the workspace has one version of each.
    if (existsSync(join(installed, dependency))) continue;
    await link(join(root, folders[name], 'node_modules', dependency), join(installed, dependency));
  }
}

const link = async (from: string, to: string) => symlink(await realpath(from), to, 'junction');
