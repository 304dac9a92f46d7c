/** Sources of the rooms that the last day's commits changed: the usual run asks for some of their changes. */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync } from 'node:fs';
import { promisify } from 'node:util';
import { repository } from './change.ts';
import { rooms, type Room } from './rooms.ts';

const daySeconds = 24 * 60 * 60;

async function git(...args: readonly string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('git', [...args], { cwd: repository, maxBuffer: 2 ** 26 });
  return stdout.trim();
}

/**
 * @param most - files, chosen by the last commit
 * @returns the rooms with their changed files; none without a history, in an archive of the sources, say.
 */
export async function lastChanged(most: number): Promise<ReadonlyMap<string, readonly string[]>> {
  const [commit = '', at = ''] = (await git('log', '-1', '--format=%H %ct').catch(() => '')).split(' ');
  if (commit === '') return new Map();
  const since = `--since=${Number(at) - daySeconds}`;
  const changed = new Set((await git('log', since, '--format=', '--name-only')).split('\n'));
  // A room without a threshold was never measured.
  const measured = Object.entries<Room>(rooms).filter(([, { atLeast }]) => atLeast > 0);
  const found = measured.flatMap(([room, { sources }]) =>
    globSync([...sources], { cwd: repository })
      .map((file) => ({ room, file: file.replaceAll('\\', '/') }))
      .filter(({ file }) => changed.has(file)),
  );
  const placeOf = ({ file }: { readonly file: string }) =>
    createHash('sha256').update(`${commit} ${file}`).digest('hex');
  const chosen = found.toSorted((a, b) => placeOf(a).localeCompare(placeOf(b))).slice(0, most);
  return new Map(measured.map(([room]) => [room, chosen.filter((each) => each.room === room).map(({ file }) => file)]));
}
