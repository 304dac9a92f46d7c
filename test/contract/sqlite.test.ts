import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../server/src/store/sqlite.ts';
import { StoreUnavailableError } from '../../server/src/store/store.ts';
import { billingStoreContract } from './billing-store.ts';
import { sqliteLedger } from './ledgers.ts';

billingStoreContract('SQLite', false, sqliteLedger);

describe('SQLite alone', () => {
  let folder: string;
  let path: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'billhook-ledger-'));
    path = join(folder, 'ledger.db');
  });
  afterEach(() => rm(folder, { recursive: true }));

  it('L30: writes durably also when it opens an existing file, where the driver alone falls back to NORMAL', async () => {
    await openSqliteStore(path).close();
    const bare = new Database(path);
    expect(bare.pragma('synchronous', { simple: true }), 'the trap is still there').toBe(1);
    bare.close();

    // The store asserts it at every open; that it was set is seen from the pragma's assertion not failing.
    const again = openSqliteStore(path);
    await again.close();
  });

  it('refuses a ledger that a newer program wrote', async () => {
    await openSqliteStore(path).close();
    const bare = new Database(path);
    bare.pragma('user_version = 99');
    bare.close();
    expect(() => openSqliteStore(path)).toThrow(StoreUnavailableError);
  });

  it('refuses what is no database, and what cannot be reached', async () => {
    await writeFile(path, 'not a database, but long enough to be read as a header of one. '.repeat(20));
    expect(() => openSqliteStore(path)).toThrow(StoreUnavailableError);
    expect(() => openSqliteStore(join(folder, 'nowhere', 'ledger.db'))).toThrow(StoreUnavailableError);
  });

  it('says so after it was closed, instead of pretending', async () => {
    const store = openSqliteStore(path);
    await store.close();
    await expect(store.ping()).rejects.toThrow(StoreUnavailableError);
  });
});
