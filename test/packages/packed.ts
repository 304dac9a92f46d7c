/**
 * Both packages as npm would get them, installed in a project outside of the workspace. They are packed from a copy:
 * packing builds, and other tests read the workspace's own build. Their dependencies are the workspace's installed ones, so
 * no network is needed.
 */

import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');
const names = ['widget', 'server'] as const;
/** Vite would build for tests, as the test runner says. */
const env = { ...process.env, NODE_ENV: 'production' };

export interface Consumer {
  readonly folder: string;
  /** The files of each tarball, relative to the package. */
  readonly files: Readonly<Record<(typeof names)[number], readonly string[]>>;
  manifest(name: (typeof names)[number]): Promise<Record<string, never>>;
  /** Runs Node in the project; answers what it printed, and how it ended. */
  node(...args: string[]): Promise<{ code: number; output: string }>;
  remove(): Promise<void>;
}

export async function installPacked(): Promise<Consumer> {
  // macOS's temporary folder is a link, and Node's modules are found by their real paths.
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'billhook-packed-')));
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
    await cp(join(root, name), join(copy, name), { recursive: true, filter: (path) => !skip.has(basename(path)) });
    await link(join(root, name, 'node_modules'), join(copy, name, 'node_modules'));
    // The server is compiled against the widget's published types, so the widget goes first.
    await run('pnpm', ['pack', '--out', join(folder, `${name}.tgz`)], { cwd: join(copy, name), env });
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
async function linkDependencies(name: string, installed: string): Promise<void> {
  const packed = JSON.parse(await readFile(join(installed, '@billhook', name, 'package.json'), 'utf8'));
  for (const dependency of Object.keys(packed.dependencies)) {
    if (dependency.startsWith('@billhook/')) continue;
    await mkdir(join(installed, dependency, '..'), { recursive: true });
    await link(join(root, name, 'node_modules', dependency), join(installed, dependency));
  }
}

const link = async (from: string, to: string) => symlink(await realpath(from), to, 'junction');
