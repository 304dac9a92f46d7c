import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { promisify } from 'node:util';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LedgerChange } from '../../server/src/ledger/feed.ts';
import { sqliteCustomers } from '../../server/src/ledger/sqlite/customers.ts';
import { SqliteDatabase } from '../../server/src/ledger/sqlite/database.ts';
import { sqliteEvents } from '../../server/src/ledger/sqlite/events.ts';
import { openSqliteStore } from '../../server/src/ledger/sqlite/ledger.ts';
import { billingStoreContract } from './billing-store.ts';
import { sqliteLedger } from './databases.ts';
import { acme, eventFor, factsWith, t0 } from './harness.ts';
import { StoreUnavailableError } from '../../server/src/ledger/errors.ts';

const sqliteModule = new URL('../../server/src/ledger/sqlite/ledger.ts', import.meta.url).href;

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

  it('L30: waits for the disk at every commit but one whose loss harms nothing', async () => {
    const db = new SqliteDatabase(path);
    const synchronous = () => db.get('PRAGMA synchronous', {})?.['synchronous'];
    const unsynced = 1;
    expect(await db.transient(synchronous)).toBe(unsynced);
    expect(await db.transaction(synchronous)).toBe(2);
    const failed = new Error('the work failed');
    const failing = db.transient(() => {
      throw failed;
    });
    await expect(failing).rejects.toBe(failed);
    expect(await db.transaction(synchronous)).toBe(2);
    db.close();
  });

  it('L30: refuses to work where SQLite does not wait for the disk though it was told to', () => {
    const { pragma } = Database.prototype;
    const told = vi.spyOn(Database.prototype, 'pragma').mockImplementation(function (this: Database.Database, ...args) {
      return args[0] === 'synchronous' ? 1 : pragma.apply(this, args);
    });
    try {
      expect(() => openSqliteStore(path)).toThrow(
        expect.objectContaining({
          cause: expect.objectContaining({
            message: 'synchronous is 1, not 2 (FULL): commits would not be durable',
          }),
        }),
      );
    } finally {
      told.mockRestore();
    }
  });

  it('refuses a ledger of a newer schema', async () => {
    await openSqliteStore(path).close();
    const bare = new Database(path);
    const current = Number(bare.pragma('user_version', { simple: true }));
    bare.pragma('user_version = 99');
    expect(() => openSqliteStore(path, { serving: true })).toThrow(
      expect.objectContaining({
        code: 'store_unavailable',
        message: `the ledger at ${path} cannot be opened`,
        cause: expect.objectContaining({
          message: `its schema is version 99, newer than this program’s ${current}`,
        }),
      }),
    );
    bare.pragma(`user_version = ${current}`);
    bare.close();
    await openSqliteStore(path, { serving: true }).close();
  });

  it('leaves nothing taken by a start that failed half way', async () => {
    await openSqliteStore(path).close();
    const behind = new Database(path);
    behind.exec(`CREATE TRIGGER closed BEFORE INSERT ON meta BEGIN SELECT RAISE(ABORT, 'closed'); END`);
    for (let start = 0; start < 2; start++) {
      expect(() => openSqliteStore(path, { serving: true })).toThrow(
        expect.objectContaining({ code: 'store_unavailable', message: 'the ledger cannot be used' }),
      );
    }
    behind.exec(`DROP TRIGGER closed`);
    behind.close();
    await openSqliteStore(path, { serving: true }).close();
  });

  it('refuses a ledger that was moved', async () => {
    await openSqliteStore(path).close();
    const bare = new Database(path);
    bare.exec(`INSERT INTO meta (key, value) VALUES ('moving', 'moved')`);
    bare.close();
    expect(() => openSqliteStore(path)).toThrow(
      expect.objectContaining({ cause: expect.objectContaining({ message: expect.stringContaining('was moved') }) }),
    );
  });

  it('tells of the tickets that it raised, and of nothing else', async () => {
    const store = openSqliteStore(path);
    const told: LedgerChange[] = [];
    const stop = store.subscribe((change) => told.push(change));
    await store.link(acme, 'cus_1', t0);
    await store.recordEvent(eventFor('evt_1'), t0);
    await store.recordEvent(eventFor('evt_2', { customer: 'cus_stranger' }), t0);
    expect(told).toEqual([{ kind: 'raised', customers: ['cus_1'] }]);
    stop();
    await store.recordEvent(eventFor('evt_3'), t0);
    expect(told).toHaveLength(1);
    await store.close();
  });

  it('refuses a file that is no database, and a path that cannot be opened', async () => {
    await writeFile(path, 'not a database, but long enough to be read as a header of one. '.repeat(20));
    expect(() => openSqliteStore(path)).toThrow(StoreUnavailableError);
    const nowhere = join(folder, 'nowhere', 'ledger.db');
    for (const serving of [false, true]) {
      expect(() => openSqliteStore(nowhere, { serving })).toThrow(
        expect.objectContaining({
          code: 'store_unavailable',
          message: `the ledger at ${nowhere} cannot be opened`,
          cause: expect.any(Error),
        }),
      );
    }
  });

  it('fails with a code when the disk is full, writes nothing half, and goes on when there is room', async () => {
    const db = new SqliteDatabase(path);
    const { idle, ...hints } = sqliteEvents(db);
    const customers = sqliteCustomers(db);
    await customers.link(acme, 'cus_1', t0);
    const pages = (limit: number | string) => db.get(`PRAGMA max_page_count = ${limit}`, {});
    pages(Number(db.get('PRAGMA page_count', {})?.['page_count']) + 3);

    // Each event is as large as a page, so that the disk is soon full.
    const type = 'x'.repeat(4_000);
    const outcomes: string[] = [];
    while (!outcomes.some((outcome) => outcome !== 'queued')) {
      const outcome = await hints.recordEvent(eventFor(`evt_${outcomes.length}`, { type }), t0).catch(String);
      outcomes.push(outcome);
    }
    const taken = outcomes.length - 1;
    expect(taken).toBeGreaterThan(0);
    expect(outcomes.at(-1)).toBe('StoreUnavailableError: the ledger’s disk is full');
    expect(await customers.findAccount(acme), 'what is known can still be read').toMatchObject({ ticket: 1 + taken });

    pages(1_000_000);
    expect(await hints.recordEvent(eventFor('evt_0'), t0), 'what was answered is kept').toBe('duplicate');
    expect(await hints.recordEvent(eventFor(`evt_${taken}`), t0), 'what was refused left no trace').toBe('queued');
    expect(await customers.findAccount(acme)).toMatchObject({ ticket: 2 + taken });
    await idle();
    db.close();
  });

  it('refuses a folder, in SQLite’s own words', () => {
    const cause = expect.objectContaining({ code: expect.stringMatching(/^SQLITE_/) });
    expect(() => openSqliteStore(folder)).toThrow(expect.objectContaining({ code: 'store_unavailable', cause }));
  });

  it('makes no file for a ledger in memory', async () => {
    await openSqliteStore(':memory:', { serving: true }).close();
    const isMade = existsSync(':memory:');
    await rm(':memory:', { force: true });
    expect(isMade).toBe(false);
  });

  it('refuses a file, and a folder, that it may only read', async () => {
    await openSqliteStore(path).close();
    // Root may write everywhere, so another user must try: a user that may not even enter a folder like `/root`, where Node
    // and the packages may well be. So everything is loaded before, the driver's own library with another ledger.
    const script = `import { chmodSync } from 'node:fs';
      import { openSqliteStore } from ${JSON.stringify(sqliteModule)};
      const [path, folder] = process.argv.slice(1);
      await openSqliteStore(path + '.other').close();
      chmodSync(path, 0o444);
      chmodSync(folder, 0o555);
      if (process.getuid?.() === 0) {
        process.setgroups([]);
        process.setgid(65_534);
        process.setuid(65_534);
      }
      try { await openSqliteStore(path).ping(); console.log('it opened'); }
      catch (cause) { console.log(cause.code, '|', cause.cause.code); }`;
    const asked = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script, path, folder]);
    await chmod(folder, 0o755);
    expect(asked.stdout).toMatch(/^store_unavailable \| SQLITE_(?:READONLY|CANTOPEN)/);
  });

  it('F30: waits for another program’s lock between turns: reads go on, and writes keep their order', async () => {
    const store = openSqliteStore(path);
    await store.link(acme, 'cus_1', t0);
    const other = new Database(path);
    other.exec('BEGIN IMMEDIATE');

    const done: string[] = [];
    const write = async (name: string, account: string) => {
      await store.link({ host: 'acme', account }, `cus_${name}`, t0);
      done.push(name);
    };
    const writes = [write('first', 'a'), write('second', 'b')];
    expect(await store.findAccount(acme), 'a read').toMatchObject({ customer: 'cus_1' });
    expect(await store.stats(t0), 'the gauges').toMatchObject({ customers: 1 });
    await nextTurn();
    expect(done).toEqual([]);

    other.exec('COMMIT');
    writes.push(write('third', 'c'));
    await Promise.all(writes);
    expect(done).toEqual(['first', 'second', 'third']);
    other.close();
    await store.close();
  });

  it('F30: gives a write up behind a lock that stays, in words, and goes on after it', async () => {
    const store = openSqliteStore(path, { busyMs: 1 });
    const other = new Database(path);
    other.exec('BEGIN IMMEDIATE');
    const refused = await Promise.allSettled([store.link(acme, 'cus_1', t0), store.ping()]);
    expect(refused.map((each) => each.status === 'rejected' && String(each.reason))).toEqual(
      Array(2).fill('StoreUnavailableError: the ledger is locked by another program'),
    );
    other.exec('ROLLBACK');
    expect(await store.link(acme, 'cus_1', t0)).toBe('linked');
    other.close();
    await store.close();
  });

  it('N3: makes no ledger for a look, and brings none up to date', async () => {
    const missing = join(dirname(path), 'missing.db');
    const notReady = (because: string, message: RegExp) =>
      expect.objectContaining({ because, message: expect.stringMatching(message) });
    for (const place of [missing, ':memory:']) {
      expect(() => openSqliteStore(place, { looking: true })).toThrow(
        notReady('missing', /^there is no ledger at .*(?:missing\.db|:memory:) yet: "billhook serve" makes it/),
      );
    }
    expect(existsSync(missing)).toBe(false);
    const made = openSqliteStore(path);
    await made.link(acme, 'cus_1', t0);
    await made.close();
    const look = openSqliteStore(path, { looking: true });
    expect(await look.findAccount(acme)).toMatchObject({ customer: 'cus_1' });
    await look.close();
    const file = new Database(path);
    file.pragma('user_version = 1');
    expect(() => openSqliteStore(path, { looking: true })).toThrow(notReady('older', /is of an earlier version/));
    expect(file.pragma('user_version', { simple: true })).toBe(1);
    file.close();
  });

  it('N17: serves one server, says what to do to a second one, and lets commands work beside it', async () => {
    const server = openSqliteStore(path, { serving: true });
    expect(() => openSqliteStore(path, { serving: true })).toThrow(
      expect.objectContaining({
        message: expect.stringMatching(
          /another server works on the ledger at .*ledger\.db, and SQLite serves one: stop that one first, or use PostgreSQL/,
        ),
        cause: expect.objectContaining({ code: 'SQLITE_BUSY' }),
      }),
    );
    const command = openSqliteStore(path);
    expect(await command.link(acme, 'cus_1', t0)).toBe('linked');
    await command.close();
    expect(() => openSqliteStore(path, { serving: true }), 'a command ends no lock').toThrow(StoreUnavailableError);
    await server.close();
    await openSqliteStore(path, { serving: true }).close();
    const inMemory = [1, 2].map(() => openSqliteStore(':memory:', { serving: true }));
    for (const one of inMemory) await one.close();
  });

  it('N17: serves one server, by whichever name of the file', async () => {
    const links = [`${path}-link`, `${path}-early-link`];
    await symlink(path, links[1] ?? '');
    // The link leads to a file that is not there yet.
    const server = openSqliteStore(links[1] ?? '', { serving: true });
    await symlink(path, links[0] ?? '');
    for (const name of [path, ...links]) {
      expect(() => openSqliteStore(name, { serving: true }), name).toThrow(/another server works on the ledger/);
    }
    await server.close();
  });

  it('forgets every old row, more than it takes at a time', async () => {
    const store = openSqliteStore(path);
    const customers = 1_100;
    const file = new Database(path);
    file.exec(`
      CREATE TEMP TABLE n AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${customers}) SELECT i FROM n;
      INSERT INTO syncs (customer, at, ended_at, cause, ticket, claim, outcome) SELECT 'cus_1', i, i, 'link', 1, 1, '' FROM n;
      INSERT INTO revisions (customer, revision, at, confirmed_by, facts) SELECT 'cus_' || i, 1, 1, 'link', '{}' FROM n;
      INSERT INTO revisions (customer, revision, at, confirmed_by, facts) SELECT 'cus_' || i, 2, 2, 'link', '{}' FROM n;
      INSERT INTO revisions (customer, revision, at, confirmed_by, facts) SELECT 'many', i, 3, 'link', '{}' FROM n;`);
    await store.prune(t0);
    expect(file.prepare(`SELECT count(*) FROM syncs`).pluck().get()).toBe(0);
    const kept = file.prepare(`SELECT count(*) AS count, min(revision) AS first FROM revisions WHERE customer GLOB ?`);
    expect(kept.get('cus_*'), 'the facts of now').toEqual({ count: customers, first: 2 });
    expect(kept.get('many')).toEqual({ count: 1, first: customers });
    file.close();
    await store.close();
  });

  it('asks about other programs’ commits once a turn', async () => {
    const store = openSqliteStore(path);
    const count = store.changeCount();
    const behind = new Database(path);
    behind.exec(`INSERT INTO products (id) VALUES ('prod_1')`);
    expect(store.changeCount()).toBe(count);
    await nextTurn();
    expect(store.changeCount()).not.toBe(count);
    behind.close();
    await store.close();
  });

  it('answers no ping while its file refuses writes', async () => {
    const store = openSqliteStore(path);
    const behind = new Database(path);
    behind.exec(`CREATE TRIGGER closed BEFORE UPDATE ON meta BEGIN SELECT RAISE(ABORT, 'closed'); END`);
    await expect(store.ping()).rejects.toThrow(StoreUnavailableError);
    behind.exec(`DROP TRIGGER closed`);
    await store.ping();
    behind.close();
    await store.close();
  });

  it('leaves out former facts that are damaged', async () => {
    const store = openSqliteStore(path);
    await store.link(acme, 'cus_1', t0);
    const [claim] = await store.claim(t0, 1, 1);
    if (!claim) throw new Error('nothing was stale');
    const facts = factsWith({ deleted: true });
    await store.apply(claim, { facts, fetchedAt: t0, nextChangeAt: null, now: t0 });
    expect(await store.formerFacts(acme)).toEqual([facts]);
    const behind = new Database(path);
    behind.exec(`UPDATE customers SET facts = '{"deleted":tr'`);
    behind.close();
    expect(await store.formerFacts(acme)).toEqual([]);
    await store.close();
  });

  it('refuses calls after it was closed', async () => {
    const store = openSqliteStore(path);
    await store.close();
    const refused = { code: 'store_unavailable', message: 'the ledger cannot be used', cause: expect.any(Error) };
    await expect(store.ping()).rejects.toMatchObject(refused);
    await expect(store.findAccount(acme)).rejects.toMatchObject(refused);
    expect(() => store.changeCount()).toThrow(expect.objectContaining(refused));
  });
});
