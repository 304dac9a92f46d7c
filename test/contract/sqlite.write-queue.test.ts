/** Writes of one process beside another program's lock: at once where they can be, and in their order where not. */

import Database from 'better-sqlite3';
import { expect, it } from 'vitest';
import { WriteQueue } from '../../server/src/ledger/sqlite/write-queue.ts';

/** A file that another program locks and frees. */
function lockedFile() {
  const tried: string[] = [];
  const file = { isLocked: true, tried };
  const writeOf = (name: string) => () => {
    tried.push(name);
    if (file.isLocked) throw new Database.SqliteError('database is locked', 'SQLITE_BUSY_SNAPSHOT');
    return name;
  };
  return { file, writeOf };
}

it('a write is committed at once where the file is free, also after others had to wait', async () => {
  const { file, writeOf } = lockedFile();
  const queue = new WriteQueue(60_000);
  const waiting = [queue.write(writeOf('first')), queue.write(writeOf('second'))];
  expect(file.tried, 'the second waits behind the first').toEqual(['first']);
  file.isLocked = false;
  expect(await Promise.all(waiting)).toEqual(['first', 'second']);
  file.tried.length = 0;
  const third = queue.write(writeOf('third'));
  expect(file.tried).toEqual(['third']);
  expect(await third).toBe('third');
});

it('a write that fails for itself is tried once', async () => {
  let tries = 0;
  const failed = new Error('the work failed');
  const write = new WriteQueue(60_000).write(() => {
    tries += 1;
    throw failed;
  });
  await expect(write).rejects.toBe(failed);
  expect(tries).toBe(1);
});

it('a write that waits and then fails for itself is given up, and the one behind it is not', async () => {
  const { file, writeOf } = lockedFile();
  const queue = new WriteQueue(60_000);
  const failed = new Error('the work failed');
  const failing = queue.write(() => {
    writeOf('first')();
    throw failed;
  });
  const behind = queue.write(writeOf('second'));
  file.isLocked = false;
  await expect(failing).rejects.toBe(failed);
  expect(await behind).toBe('second');
});
