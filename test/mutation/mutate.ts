/**
 * Changes each room's sources in every small way and runs its tests: prints the changes that no test noticed, and ends with
 * 1 where a room falls below its share. `node test/mutation/mutate.ts tokens` does one room, and
 * `tokens server/src/tokens/mint.ts` one file of it. `CONCURRENCY=2` uses two processors, `SHARE=0.1 SEED=7` takes every tenth
 * change, and `AGAIN=survivors` asks only for those that the last run of the room did not notice, or, interrupted, did not come
 * to. `changed` takes some files that were changed last, as the usual run does.
 *
 * @see {@link https://stryker-mutator.io/docs/mutation-testing-elements/mutant-states-and-metrics/ Stryker's metrics}
 */

import { rmSync } from 'node:fs';
import { chmod, mkdtemp, readFile, statfs, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { Stryker } from '@stryker-mutator/core';
import { fileOf, repository, sidesOf, told, type MutantResult } from './change.ts';
import { equivalents, type Equivalent } from './equivalent.ts';
import { lastChanged } from './last-changed.ts';
import { rooms, type Room } from './rooms.ts';

/** The results of each room's last run. */
const kept = join(repository, 'node_modules/.cache/billhook-mutation');

/** Of all changes, by the seed: the score is an estimate then. */
const share = Number(process.env['SHARE'] ?? 1);
const seed = process.env['SEED'] ?? '1';
const ofShare = share < 1 ? `, of a share of ${share} by seed ${seed}` : '';
/** So many of a share may live beyond what the room allows: it is small. */
const luck = share < 1 ? 2 : 0;
/** Changed files of a usual run. */
const changedFiles = 3;

/** Where the system has a place in memory for files. In a container it is often too small for a database. */
const inMemory = '/dev/shm';
const enoughBytes = 2 ** 30;
const { bavail, bsize } = await statfs(inMemory).catch(() => ({ bavail: 0, bsize: 0 }));
const isInMemory = bavail * bsize >= enoughBytes;
const copies = await mkdtemp(join(tmpdir(), 'billhook-mutation-'));
/** The tests' files, of runs too that were ended. Not in memory where a change that never ends may fill a whole database. */
const files = {
  disk: await mkdtemp(join(tmpdir(), 'billhook-mutation-files-')),
  memory: await mkdtemp(join(isInMemory ? inMemory : tmpdir(), 'billhook-mutation-files-')),
};
// PostgreSQL's own user passes through it.
for (const folder of Object.values(files)) await chmod(folder, 0o711);
process.once('exit', () => {
  for (const folder of [copies, ...Object.values(files)]) rmSync(folder, { recursive: true, force: true });
});

const noticed = new Set(['Killed', 'Timeout']);

interface LastRun {
  readonly files: Record<string, { mutants: readonly Pick<MutantResult, 'status'>[] }>;
}

/**
 * Of the last run those alone are kept that a test noticed. The runner itself would ask again where a test has another name:
 * it does not know of what a test file imports.
 */
async function forgetUnnoticed(path: string): Promise<void> {
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return;
  const last = JSON.parse(text) as LastRun;
  for (const file of Object.values(last.files)) file.mutants = file.mutants.filter(({ status }) => noticed.has(status));
  await writeFile(path, JSON.stringify(last));
}

async function mutate(
  name: string,
  { sources, tests, testMs = 30_000, keepsFiles = 'memory' }: Room,
): Promise<readonly MutantResult[]> {
  process.chdir(repository);
  const lastRun = join(kept, `${name}.json`);
  const again = process.env['AGAIN'] === 'survivors';
  if (again) await forgetUnnoticed(lastRun);
  process.env['MUTATION_TESTS'] = tests.join(' ');
  process.env['MUTATION_TEST_MS'] = `${testMs}`;
  // Properties look for what no table thought of; here each change asks them all, and the tables are what is measured.
  process.env['PROPERTY_RUNS'] ??= '40';
  // The tests' ledgers in files: no change waits for a disk.
  process.env['TMPDIR'] = files[keepsFiles];
  const stryker = new Stryker({
    mutate: [...sources],
    plugins: [
      fileURLToPath(import.meta.resolve('@stryker-mutator/vitest-runner')),
      resolve(import.meta.dirname, 'plugins.ts'),
    ],
    checkers: share < 1 ? ['share'] : [],
    testRunner: 'vitest',
    vitest: { configFile: relative(repository, resolve(import.meta.dirname, 'vitest.config.ts')), related: false },
    coverageAnalysis: 'perTest',
    // A machine that is busy is no mutant that hangs.
    timeoutMS: 30_000,
    dryRunTimeoutMinutes: 20,
    incremental: true,
    incrementalFile: lastRun,
    // A change that an unchanged test noticed needs no second look, unless sources beside the room's have changed.
    force: !again,
    // A constant is changed without a test that runs it being known: all tests would run for each.
    ignoreStatic: true,
    reporters: ['progress-append-only', 'lived'],
    // Not in the repository: tests that walk its folders would walk the copy, and its links, too.
    tempDirName: copies,
    concurrency: Number(process.env['CONCURRENCY'] ?? 1),
    allowConsoleColors: false,
  });
  return await stryker.runMutationTest();
}

const unnoticed = new Set(['Survived', 'NoCoverage']);

/** Is this one of the list? */
const isSame = (mutant: MutantResult, { file, was, became }: Equivalent): boolean => {
  if (fileOf(mutant) !== file) return false;
  const sides = sidesOf(mutant);
  return sides[0] === was && sides[1] === became;
};

/** Changes that are left out, by the reason that stands beside them in the source, or by the runner's own. */
function leftOut(results: readonly MutantResult[]): string {
  const counts = new Map<string, number>();
  for (const { status, statusReason = '' } of results) {
    if (status === 'Ignored') counts.set(statusReason, (counts.get(statusReason) ?? 0) + 1);
  }
  return [...counts].map(([reason, count]) => `  ${count} left out: ${reason}\n`).join('');
}

async function report(name: string, room: Room): Promise<boolean> {
  const results = await mutate(name, room);
  const unseen = results.filter(({ status }) => unnoticed.has(status));
  const lived = unseen.filter((mutant) => !equivalents.some((each) => isSame(mutant, each)));
  for (const mutant of lived) process.stdout.write(`${told(mutant)}\n`);
  const seen = results.filter(({ status }) => noticed.has(status));
  // Of two changes that read alike, a share may have the other one.
  const listed = share < 1 ? [] : equivalents;
  const wrong = listed.filter(
    (each) => seen.some((mutant) => isSame(mutant, each)) && !unseen.some((mutant) => isSame(mutant, each)),
  );
  for (const { file, was, became } of wrong) {
    process.stdout.write(`${file}: is noticed, and no equivalent: ${was}  →  ${became}\n`);
  }
  const all = seen.length + lived.length;
  const percent = (100 * seen.length) / all;
  process.stdout.write(
    `${leftOut(results)}  ${unseen.length - lived.length} equivalent\n${name}: ${seen.length} of ${all} noticed, ${percent.toFixed(1)} % (at least ${room.atLeast})${ofShare}\n`,
  );
  return seen.length + luck >= (all * room.atLeast) / 100 && wrong.length === 0;
}

const [wanted, ...named] = process.argv.slice(2);
const changed = wanted === 'changed' ? await lastChanged(changedFiles) : null;
for (const [name, room] of Object.entries<Room>(rooms)) {
  const given = changed?.get(name) ?? named;
  if (changed === null ? wanted !== undefined && wanted !== name : given.length === 0) continue;
  const some = given.length > 0 ? { ...room, sources: given } : room;
  // oxlint-disable-next-line no-await-in-loop -- each room uses the whole machine
  if (!(await report(name, some))) process.exitCode = 1;
}
