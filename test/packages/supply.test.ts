/** The supply: dependencies pinned by their content and each with its reason; packages with their provenance. */

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { report } from '../attacks/corpus.ts';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');
const read = (path: string) => readFile(resolve(root, path), 'utf8');
const manifest = async (folder: string) =>
  JSON.parse(await read(`${folder}/package.json`)) as {
    readonly private?: boolean;
    readonly scripts?: Record<string, string>;
    readonly publishConfig?: { readonly access?: string; readonly provenance?: boolean };
    readonly dependencies?: Record<string, string>;
    readonly devDependencies?: Record<string, string>;
  };
const published = ['widget', 'server', 'server/host'];
const own = ['.', ...published, 'demo', 'test'];

it('every package is published with its provenance, and none runs a script where it is installed', async () => {
  for (const folder of own) {
    const { private: isPrivate, publishConfig, scripts = {} } = await manifest(folder);
    expect(isPrivate === true, folder).toBe(!published.includes(folder));
    if (published.includes(folder)) expect(publishConfig, folder).toMatchObject({ access: 'public', provenance: true });
    expect(
      Object.keys(scripts).filter((name) => /^(?:pre|post)?install$|^prepare$/.test(name)),
      folder,
    ).toEqual([]);
  }
});

it('every dependency in the lockfile is named by its content, and comes from a registry', async () => {
  const lockfile = await read('pnpm-lock.yaml');
  const packages = lockfile.slice(lockfile.indexOf('\npackages:'), lockfile.indexOf('\nsnapshots:'));
  const resolutions = [...packages.matchAll(/resolution: (\{[^}]*\})/g)].map(([, resolution = '']) => resolution);
  const wrong = resolutions.filter((each) => !/integrity: sha512-/.test(each) || /tarball|repo:|git/.test(each));
  report('lockfile', { packages: resolutions.length, 'without a hash': wrong.length });
  expect(resolutions.length).toBeGreaterThan(100);
  expect(wrong).toEqual([]);
});

it('every dependency has its reason in CONTRIBUTING.md', async () => {
  const text = await read('CONTRIBUTING.md');
  const table = text.slice(text.indexOf('## Dependencies, and why each'));
  const reasons = table
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .flatMap((line) => (line.split('|')[2] ?? '').split(',').map((name) => name.trim().replaceAll('\\', '')));
  const isNamed = (name: string) =>
    reasons.some((reason) => reason === name || (reason.endsWith('*') && name.startsWith(reason.slice(0, -1))));
  const unnamed: string[] = [];
  for (const folder of own) {
    const { dependencies = {}, devDependencies = {} } = await manifest(folder);
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies })) {
      if (!version.startsWith('workspace:') && !isNamed(name)) unnamed.push(`${folder}: ${name}`);
    }
  }
  expect(unnamed).toEqual([]);
});

it('each package has a bill of materials, with every component by name, version and address', async () => {
  for (const name of ['@billhook/widget', '@billhook/server', '@billhook/host']) {
    const { stdout } = await run(
      'pnpm',
      ['--filter', name, 'sbom', '--prod', '--sbom-format', 'cyclonedx', '--lockfile-only'],
      { cwd: root, maxBuffer: 2 ** 26 },
    );
    const bill = JSON.parse(stdout) as {
      readonly bomFormat: string;
      readonly components: readonly { readonly name: string; readonly version: string; readonly purl: string }[];
    };
    expect(bill.bomFormat).toBe('CycloneDX');
    for (const { purl } of bill.components) expect(purl).toMatch(/^pkg:npm\/.+@\d/);
    report(`bill of materials of ${name}`, { components: bill.components.length });
    expect(bill.components.length).toBeGreaterThan(0);
  }
});

it('the integrity that the widget’s build prints is that of its file', async () => {
  const given = JSON.parse(await read('widget/dist/integrity.json')) as Record<string, string>;
  const hash = createHash('sha384')
    .update(await readFile(resolve(root, 'widget/dist/widget.js')))
    .digest('base64');
  expect(given).toEqual({ 'widget.js': `sha384-${hash}` });
});
