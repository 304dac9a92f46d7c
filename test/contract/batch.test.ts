/** Calls that share a commit: which of them do, and what each is told when it fails. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { Batch } from '../../server/src/ledger/batch.ts';

it('calls of one turn share a commit, and those that come while it is written share the next one', async () => {
  const commits: { readonly entries: readonly string[]; end(): void }[] = [];
  const batch = new Batch<string, string>(async (entries) => {
    await new Promise<void>((end) => commits.push({ entries, end }));
    return entries.map((entry) => `${entry} written`);
  });
  const first = [batch.add('a'), batch.add('b')];
  await nextTurn();
  const later = [batch.add('c'), batch.add('d')];
  let isIdle = false;
  const idle = batch.idle().then(() => (isIdle = true));
  commits[0]?.end();
  expect(await Promise.all(first)).toEqual(['a written', 'b written']);
  await nextTurn();
  expect(isIdle, 'the next commit is under way').toBe(false);
  commits[1]?.end();
  expect(await Promise.all(later)).toEqual(['c written', 'd written']);
  await idle;
  expect(commits.map(({ entries }) => entries)).toEqual([
    ['a', 'b'],
    ['c', 'd'],
  ]);
});

it('a commit that fails is tried one entry after the other, and one that fails alone once', async () => {
  const commits: (readonly string[])[] = [];
  const batch = new Batch<string, string>(async (entries) => {
    commits.push(entries);
    if (entries.includes('bad')) throw new Error('unwritable');
    return [...entries];
  });
  const settled = await Promise.allSettled(['a', 'bad', 'b'].map((entry) => batch.add(entry)));
  expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  await expect(batch.add('bad')).rejects.toThrow('unwritable');
  expect(commits).toEqual([['a', 'bad', 'b'], ['a'], ['bad'], ['b'], ['bad']]);
});
