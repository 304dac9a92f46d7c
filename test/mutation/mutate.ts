/**
 * Changes each room's sources in every small way and runs its tests: prints the changes that no test noticed, and ends with
 * 1 where a room falls below its share. `node test/mutation/mutate.ts tokens` does one room, and
 * `tokens server/src/tokens/mint.ts` one file of it.
 *
 * @see {@link https://stryker-mutator.io/docs/mutation-testing-elements/mutant-states-and-metrics/ Stryker's metrics}
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Stryker } from '@stryker-mutator/core';
import { rooms, type Room } from './rooms.ts';

type MutantResult = Awaited<ReturnType<Stryker['runMutationTest']>>[number];

const repository = resolve(import.meta.dirname, '../..');

const copies = await mkdtemp(join(tmpdir(), 'billhook-mutation-'));

async function mutate({ sources, tests }: Room): Promise<readonly MutantResult[]> {
  process.chdir(repository);
  process.env['MUTATION_TESTS'] = tests.join(' ');
  const stryker = new Stryker({
    mutate: [...sources],
    plugins: [fileURLToPath(import.meta.resolve('@stryker-mutator/vitest-runner'))],
    testRunner: 'vitest',
    vitest: { configFile: relative(repository, resolve(import.meta.dirname, 'vitest.config.ts')), related: false },
    coverageAnalysis: 'perTest',
    // A machine that is busy is no mutant that hangs.
    timeoutMS: 60_000,
    // A constant is changed without a test that runs it being known: all tests would run for each.
    ignoreStatic: true,
    reporters: ['progress-append-only'],
    // Not in the repository: tests that walk its folders would walk the copy, and its links, too.
    tempDirName: copies,
    concurrency: Number(process.env['CONCURRENCY'] ?? 1),
    allowConsoleColors: false,
  });
  return await stryker.runMutationTest();
}

const noticed = new Set(['Killed', 'Timeout']);
const unnoticed = new Set(['Survived', 'NoCoverage']);

const where = ({ fileName, location: { start } }: MutantResult): string =>
  `${relative(repository, fileName)}:${start.line + 1}:${start.column + 1}`;

/** Changes that are left out, by the reason that stands beside them in the source, or by the runner's own. */
function leftOut(results: readonly MutantResult[]): string {
  const counts = new Map<string, number>();
  for (const { status, statusReason = '' } of results) {
    if (status === 'Ignored') counts.set(statusReason, (counts.get(statusReason) ?? 0) + 1);
  }
  return [...counts].map(([reason, count]) => `  ${count} left out: ${reason}\n`).join('');
}

async function report(name: string, room: Room): Promise<boolean> {
  const results = await mutate(room);
  const lived = results.filter(({ status }) => unnoticed.has(status));
  for (const mutant of lived) {
    process.stdout.write(`${where(mutant)}  ${mutant.mutatorName}  ${mutant.status}  ${mutant.replacement ?? ''}\n`);
  }
  const killed = results.filter(({ status }) => noticed.has(status)).length;
  const share = (100 * killed) / (killed + lived.length);
  const isEnough = share >= room.atLeast;
  process.stdout.write(
    `${leftOut(results)}${name}: ${killed} of ${killed + lived.length} noticed, ${share.toFixed(1)} % (at least ${room.atLeast})\n`,
  );
  return isEnough;
}

const [wanted, ...files] = process.argv.slice(2);
for (const [name, room] of Object.entries<Room>(rooms)) {
  if (wanted !== undefined && wanted !== name) continue;
  const some = files.length > 0 ? { ...room, sources: files } : room;
  // oxlint-disable-next-line no-await-in-loop -- each room uses the whole machine
  if (!(await report(name, some))) process.exitCode = 1;
}
await rm(copies, { recursive: true, force: true });
