/** The rights of a ledger's file, which holds billing facts and the key of the digests. */

import { closeSync, existsSync, openSync, statSync } from 'node:fs';

/** Of the file that a server locks while it works on the ledger. */
export const servingLockSuffix = '-serving';

/** The ledger's files. SQLite gives those that it writes beside it the file's own mode. */
const suffixes = ['', '-wal', '-shm', servingLockSuffix];

/** Makes a new ledger's file readable by its owner alone. A file that is there keeps the mode that its operator gave it. */
export function createForOwner(path: string): void {
  if (path === ':memory:' || existsSync(path)) return;
  closeSync(openSync(path, 'a', 0o600));
}

/** Those of a ledger's files that others than their owner may read or write. Windows has no such modes. */
export function widerThanOwner(path: string): string[] {
  if (process.platform === 'win32') return [];
  return suffixes
    .map((suffix) => `${path}${suffix}`)
    .filter((file) => ((statSync(file, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0);
}
