/**
 * One server works on a ledger's file: a second one would take over the leases of the first, and neither would hear the
 * other's commits. The server holds a lock on a file beside the ledger, which the operating system releases with the
 * process, however it ends. Commands take none: they may run beside the server.
 */

import { realpathSync } from 'node:fs';
import Database from 'better-sqlite3';
import { createForOwner, servingLockSuffix } from './file-mode.ts';

/** @returns releases it @throws SqliteError `SQLITE_BUSY` where another server, of this process or of another, holds it. */
export function takeServingLock(path: string): () => void {
  if (path === ':memory:') return () => undefined;
  // Beside the file itself, and not beside a link to it. A link may lead to a file that is to be made first.
  createForOwner(path);
  const file = `${realpathSync(path)}${servingLockSuffix}`;
  createForOwner(file);
  const db = new Database(file, { timeout: 0 });
  try {
    db.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    db.close();
    throw cause;
  }
  return () => void db.close();
}
