/**
 * Checks that bring programs of their own from the registry, and so are no part of every run: the packages' types under each TypeScript
 * from 5.4 to 7 and each resolution, and `attw`, which resolves them as every kind of project does.
 */

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { consumerProject, resolutions, typeCheck } from './consumer-project.ts';
import { installPacked, names, type Consumer } from './packed.ts';

const versions = ['5.4.5', '5.5.4', '5.6.3', '5.7.3', '5.8.3', '5.9.3', '6.0.3', '7.0.2'] as const;
const attwVersion = '0.18.5';
const alias = (version: string) => `typescript-${version}`;

let tools: string;
let consumer: Consumer;
beforeAll(async () => {
  tools = await mkdtemp(join(tmpdir(), 'billhook-tools-'));
  await writeFile(join(tools, 'package.json'), '{ "private": true }');
  const wanted = versions.map((version) => `${alias(version)}@npm:typescript@${version}`);
  const install = ['install', '--no-audit', '--no-fund', `@arethetypeswrong/cli@${attwVersion}`, ...wanted];
  await promisify(execFile)('npm', install, { cwd: tools });
  consumer = await installPacked();
});
afterAll(async () => {
  await consumer.remove();
  await rm(tools, { recursive: true, force: true });
});

describe.each(versions)('TypeScript %s', (version) => {
  it.each(resolutions)('reads the packages’ types under %s', async (resolution) => {
    const tsc = join(tools, 'node_modules', alias(version), 'bin/tsc');
    const complaints = await typeCheck(consumer, tsc, await consumerProject(consumer.folder, resolution));
    // Node's and Hono's own types want TypeScript 5.7; their faults are not said here.
    const isOfOthers = (line: string) => /node_modules\/(?!@billhook)/.test(line.split('(')[0] ?? '');
    expect(complaints.filter((line) => !isOfOthers(line))).toEqual([]);
  });
});

it.each(names)('attw finds nothing wrong with %s for projects of ES modules', async (name) => {
  // The script tag's file is no module to import, and has no types.
  const rest = name === 'widget' ? ['--exclude-entrypoints', 'widget.js'] : [];
  const attw = join(tools, 'node_modules/@arethetypeswrong/cli/dist/index.js');
  const { code, output } = await consumer.node(attw, consumer.tarball(name), '--profile', 'esm-only', ...rest);
  expect(code, output).toBe(0);
});
