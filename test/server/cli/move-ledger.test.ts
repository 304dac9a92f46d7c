/** `billhook move-ledger`: everything arrives, nothing is lost on the way, and the old file is closed for good. */

import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { moveLedgerTo } from '../../../server/src/cli/move-ledger.ts';
import { ConfigError } from '../../../server/src/config/config.ts';
import { moveLedger } from '../../../server/src/ledger/move.ts';
import { PostgresDatabase } from '../../../server/src/ledger/postgres/database.ts';
import { epochHere } from '../../../server/src/ledger/postgres/import.ts';
import { openPostgresStore } from '../../../server/src/ledger/postgres/ledger.ts';
import { openSqliteStore } from '../../../server/src/ledger/sqlite/ledger.ts';
import { migrations } from '../../../server/src/ledger/sqlite/schema.ts';
import { type BillingStore } from '../../../server/src/ledger/ledger.ts';
import { deadlocksOf, postgresRows, sqliteRows } from '../../contract/databases.ts';
import { acme, factsWith, eventFor, lease, t0, type Rows } from '../../contract/harness.ts';
import { sharedPostgres } from '../../support/shared-postgres.ts';
import { startBff } from '../support/bff.ts';
import { LedgerPinnedError, StoreUnavailableError } from '../../../server/src/ledger/errors.ts';

let folder: string;
let path: string;
let address: string;
let operator: Client;
const opened: BillingStore[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'billhook-move-'));
  path = join(folder, 'ledger.db');
  address = await (await sharedPostgres()).createDatabase();
  operator = new Client({ connectionString: address });
  await operator.connect();
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
  await operator.end();
  await rm(folder, { recursive: true });
});

const keep = <T extends BillingStore>(store: T): T => {
  opened.push(store);
  return store;
};

async function run(file = path, to = address): Promise<{ code: number; said: string }> {
  const said: string[] = [];
  const output = { write: (text: string) => said.push(text) };
  const code = await moveLedgerTo([file], to, { stdout: output, stderr: output });
  return { code, said: said.join('') };
}

const refusal = async (file = path, to = address): Promise<string> =>
  run(file, to).then(
    ({ said }) => `it went through: ${said}`,
    (cause: unknown) => (cause instanceof StoreUnavailableError ? cause.message : String(cause)),
  );

const webhookNotice = { receiver: 'webhook', type: 'subscription.kept', data: {} } as const;
const subject = { concerns: 'subject', customer: null, subject: { type: 'charge', id: 'ch_1' } } as const;

/** A ledger in the middle of its work: a lease, an open hint, untold notices, a lock, a job, a tombstone. */
async function busyLedger(): Promise<BillingStore> {
  const store = keep(openSqliteStore(path));
  await store.pin({ account: 'acct_1', livemode: false });
  await store.link({ host: 'acme', account: 'gone' }, 'cus_gone', t0 - 1);
  const [gone] = await store.claim(t0, lease, 1);
  if (gone)
    await store.apply(gone, { facts: factsWith({ deleted: true }), fetchedAt: t0, nextChangeAt: null, now: t0 });
  await store.link(acme, 'cus_1', t0);
  for (const [index, methodDigest] of ['one', 'tw\u0000o', '三\u{1F4B3}'].entries()) {
    await store.raiseTicket('cus_1', 'webhook', t0 + index);
    const [claim] = await store.claim(t0 + index, lease, 1);
    if (claim) {
      const notices = [{ ...webhookNotice, id: `n${index}` }];
      await store.apply(claim, {
        facts: factsWith({ methodDigest }),
        fetchedAt: t0 + index,
        nextChangeAt: t0 + lease,
        now: t0 + index,
        notices,
      });
    }
  }
  await store.noticeDelivered({ ...acme, ...webhookNotice, id: 'n0', revision: 1, at: t0, attempts: 1 }, t0 + 4);
  await store.claimNotices({ host: 'acme', receiver: 'webhook' }, t0 + 5, lease, 1);
  await store.prune(0);
  await store.link({ host: 'acme', account: 'team_2' }, 'cus_2', t0);
  await store.recordEvent(eventFor('evt_1', { customer: 'cus_2' }), t0 + 5);
  await store.recordEvent(eventFor('evt_open', subject), t0 + 6);
  await store.claim(t0 + 7, lease, 10);
  await store.claimUnresolved(t0 + 7, lease, 10);
  await store.openVisit({ ...acme, id: 'v1', customer: 'cus_1', kind: 'portal', seen: 1, openedAt: t0, expiresAt: t0 + lease }); // prettier-ignore
  await store.intendCustomer(acme, t0);
  await store.lockCheckout(acme, 'lock', lease, t0);
  await store.saveProducts([{ id: 'prod_1', name: 'Team' }, { id: 'prod_2', name: null }]); // prettier-ignore
  await store.spend(10, 0, t0);
  await store.acquireJob('reconcile', 0, lease, t0);
  return store;
}

/** The rows as text, without their order and the driver's types: it must be the same in both. */
const comparable = (rows: Readonly<Record<string, readonly object[]>>) =>
  Object.fromEntries(
    Object.entries(rows).map(([table, all]) => [
      table,
      all
        .map((row) => Object.entries(row).map(([column, value]) => `${column}=${value === null ? '' : String(value)}`))
        .map((cells) => cells.toSorted().join(' '))
        .toSorted(),
    ]),
  );

const behind = <T>(work: (db: Database.Database) => T): T => {
  const db = new Database(path);
  try {
    return work(db);
  } finally {
    db.close();
  }
};

describe('a ledger that moves', () => {
  it('arrives whole, with its epoch, its digest key and its pin, and continues from there', async () => {
    const store = await busyLedger();
    const { epoch, digestKey } = store;
    // Leases belong to processes that cannot write any more: exactly these are let go.
    const db = behind((file): Rows => {
      const rows = sqliteRows(file);
      const free = (table: string, change: object) => rows[table]?.map((row) => ({ ...row, ...change })) ?? [];
      return {
        ...rows,
        customers: free('customers', { lease_until: 0 }),
        jobs: free('jobs', { lease_until: 0 }),
        events: rows['events']?.map((row) => ('closed_at' in row && row.closed_at === null ? { ...row, next_attempt_at: 0 } : row)) ?? [], // prettier-ignore
        outbox: rows['outbox']?.map((row) => ('settled_at' in row && row.settled_at === null ? { ...row, next_attempt_at: 0 } : row)) ?? [], // prettier-ignore
      };
    });

    const { code, said } = await run();
    expect(code).toBe(0);
    expect(said).toMatch(/^customers +3 rows$/m);
    expect(said).toMatch(/Moved \d+ rows, counted there/);

    const there = await postgresRows(operator);
    const { meta, ...tables } = there;
    const { meta: metaBefore, ...tablesBefore } = db;
    expect(comparable(tables)).toEqual(comparable(tablesBefore));
    expect(meta).not.toContainEqual(expect.objectContaining({ key: 'moving' }));
    expect(comparable({ meta: meta ?? [] }).meta).toEqual(
      expect.arrayContaining(comparable({ meta: metaBefore ?? [] })['meta'] ?? []),
    );

    const moved = keep(await openPostgresStore(address));
    expect([moved.epoch, moved.digestKey]).toEqual([epoch, digestKey]);
    await expect(moved.pin({ account: 'acct_2', livemode: false })).rejects.toThrow(LedgerPinnedError);
    const claims = await moved.claim(t0 + 8, lease, 10);
    expect(claims.map(({ customer }) => customer)).toEqual(['cus_2']);
    expect(await moved.claimUnresolved(t0 + 8, lease, 10)).toMatchObject([{ event: 'evt_open', attempts: 2 }]);
    expect(await moved.recordEvent(eventFor('evt_1', { customer: 'cus_2' }), t0 + 9)).toBe('duplicate');
    expect(await moved.link({ host: 'acme', account: 'new' }, 'cus_gone', t0 + 9)).toBe('customerDeleted');
    expect((await moved.claimNotices({ host: 'acme', receiver: 'webhook' }, t0 + 9, lease, 9)).map(({ id }) => id)).toEqual(['n1']); // prettier-ignore
    // A number that was given before is not given again, also when its row was forgotten.
    const [claim] = claims;
    if (!claim) throw new Error('it was stale');
    const notice = { ...webhookNotice, id: 'n_after' };
    expect(
      await moved.apply(claim, {
        facts: factsWith(),
        fetchedAt: t0 + 9,
        nextChangeAt: null,
        now: t0 + 9,
        notices: [notice],
      }),
    ).toMatchObject({ noticesWritten: 1 });
    expect((await operator.query(`SELECT id FROM billhook.outbox ORDER BY sequence DESC LIMIT 1`)).rows).toEqual([
      { id: 'n_after' },
    ]);
  });

  it('refuses a server that still runs on the file, and one that is started on it', async () => {
    const store = await busyLedger();
    await run();
    for (const call of [
      () => store.recordEvent(eventFor('evt_late'), t0 + 10),
      () => store.ping(),
      () => store.claim(t0 + 2 * lease, lease, 10),
      () => store.findAccount(acme),
    ]) {
      await expect(call()).rejects.toThrow(StoreUnavailableError);
    }
    const late = await store.ping().catch((cause: unknown) => cause);
    expect(String((late as Error).cause)).toContain('moved to PostgreSQL');
    const opening = () => openSqliteStore(path);
    expect(opening).toThrow(StoreUnavailableError);
    expect(opening).toThrow(expect.objectContaining({ cause: expect.objectContaining({ message: expect.stringContaining('start with DATABASE_URL=postgres://') }) })); // prettier-ignore
  });

  it('refuses webhooks from the first moment on, so that Stripe keeps them for the new server', async () => {
    const bff = await startBff();
    const deliver = (event: string) => {
      const invoice = { object: 'invoice', id: 'in_1', customer: 'cus_1' };
      return bff.deliver({ id: event, type: 'invoice.paid', livemode: false, data: { object: invoice } });
    };
    try {
      expect((await deliver('evt_before')).status).toBe(200);
      const during: Promise<Response>[] = [];
      await moveLedger(bff.database, address, (table) => during.push(deliver(`evt_during_${table}`)));
      expect(during.length).toBeGreaterThan(5);
      for (const answer of await Promise.all(during)) expect(answer.status).toBe(503);
      expect((await deliver('evt_after')).status).toBe(503);
      expect((await bff.billhook.app.request('/readyz')).status).toBe(503);
    } finally {
      await bff.close();
    }
    const events = (await postgresRows(operator))['events'];
    expect(events).toEqual([expect.objectContaining({ event: 'evt_before' })]);
  });
});

describe('a move', () => {
  const move = () => moveLedger(path, address, () => undefined);
  const made = () => openSqliteStore(path).close();
  /** The commit of the copy goes through, and its answer does not arrive. */
  const loseTheAnswer = (lost: Error) => {
    const { transaction } = PostgresDatabase.prototype;
    return vi.spyOn(PostgresDatabase.prototype, 'transaction').mockImplementation(async function (
      this: PostgresDatabase,
      ...given
    ) {
      const result = await transaction.apply(this, given);
      if ((await epochHere(this)) === null) return result;
      throw lost;
    });
  };
  afterEach(() => vi.restoreAllMocks());

  it('says whether it was done now or before, and leaves no connection open', async () => {
    await made();
    expect(await move()).toBe('now');
    expect(await move()).toBe('before');
    expect(existsSync(`${path}-wal`)).toBe(false);
    expect(await deadlocksOf(operator), 'asked when the sessions have ended').toBe(0);
  });

  it('is one of the newest version, whichever the file was of', async () => {
    behind((db) => {
      db.exec(migrations.slice(0, -1).join(';'));
      db.pragma(`user_version = ${migrations.length - 1}`);
      db.exec(`INSERT INTO meta (key, value) VALUES ('epoch', 'first')`);
    });
    expect(await move()).toBe('now');
    expect(behind((db) => db.pragma('user_version', { simple: true }))).toBe(migrations.length);
    expect(keep(await openPostgresStore(address)).epoch).toBe('first');
  });

  it('has gone through where everything arrived, though the answer was lost', async () => {
    await made();
    loseTheAnswer(new Error('the connection broke'));
    expect(await move()).toBe('now');
    expect(() => openSqliteStore(path)).toThrow(
      expect.objectContaining({ cause: expect.objectContaining({ message: expect.stringContaining('was moved') }) }),
    );
  });

  it('leaves the file closed where it is not known what arrived, and is finished by another run', async () => {
    await made();
    const lost = new Error('the connection broke');
    const { get } = PostgresDatabase.prototype;
    let isLost = false;
    loseTheAnswer(lost);
    vi.spyOn(PostgresDatabase.prototype, 'get').mockImplementation(async function (this: PostgresDatabase, ...given) {
      if (isLost) throw new Error('no answer');
      return await get.apply(this, given);
    });
    const moving = moveLedger(path, address, () => (isLost = true));
    await expect(moving).rejects.toMatchObject({
      code: 'store_unavailable',
      message:
        'it is not known whether the ledger has arrived, so the file stays closed: run this again when the database answers',
      cause: expect.any(Error),
    });
    vi.restoreAllMocks();
    expect(() => openSqliteStore(path)).toThrow(
      expect.objectContaining({ cause: expect.objectContaining({ message: expect.stringContaining('being moved') }) }),
    );
    expect(await move()).toBe('before');
  });

  it('is refused where the file cannot be opened, or not be written', async () => {
    await expect(moveLedger(folder, address, () => undefined)).rejects.toMatchObject({
      code: 'store_unavailable',
      message: `the ledger at ${folder} cannot be opened`,
      cause: expect.any(Error),
    });
    await made();
    behind((db) => db.exec(`CREATE TRIGGER closed BEFORE INSERT ON meta BEGIN SELECT RAISE(ABORT, 'closed'); END`));
    await expect(move()).rejects.toMatchObject({
      code: 'store_unavailable',
      message: 'the ledger’s file cannot be written',
      cause: expect.any(Error),
    });
  });
});

describe('a ledger that cannot move', () => {
  it('stays where it is when the database has a ledger already', async () => {
    const store = await busyLedger();
    const other = keep(await openPostgresStore(address));
    expect(await refusal()).toBe('the database holds a ledger already');
    expect(await store.recordEvent(eventFor('evt_after'), t0 + 10)).toBe('queued');
    expect(await other.findAccount(acme)).toBeNull();
  });

  it('stays where it is, and leaves nothing in the database, when a row does not arrive', async () => {
    const store = await busyLedger();
    // PostgreSQL cannot store a zero character; only a direct write to the file can bring one in.
    behind((db) => db.exec(`UPDATE visits SET account = char(0)`));
    expect(await refusal()).toBe('the ledger cannot be used');
    expect(await store.recordEvent(eventFor('evt_after'), t0 + 10)).toBe('queued');
    const { meta, ...tables } = await postgresRows(operator);
    expect(meta).toEqual([{ key: 'schema_version', value: expect.any(String) }]);
    expect(Object.values(tables).flat()).toEqual([]);
    behind((db) => db.exec(`UPDATE visits SET account = 'team_1'`));
    expect((await run()).code).toBe(0);
  });

  it('is finished by a second run when the first was ended before, or after, everything had arrived', async () => {
    await (await busyLedger()).close();
    opened.splice(0);
    // Ended while it copied: the file is closed, and nothing is there.
    behind((db) => db.exec(`INSERT INTO meta (key, value) VALUES ('moving', 'moving')`));
    expect(() => openSqliteStore(path)).toThrow(StoreUnavailableError);
    expect((await run()).said).toContain('Moved');
    // Ended before the file was closed for good.
    behind((db) => {
      for (const { name } of db.prepare<[], { name: string }>(`SELECT name FROM sqlite_schema WHERE type = 'trigger'`).all()) db.exec(`DROP TRIGGER ${name}`); // prettier-ignore
      db.exec(`ALTER TABLE customers_moved RENAME TO customers; UPDATE meta SET value = 'moving' WHERE key = 'moving'`);
    });
    expect((await run()).said).toContain('An earlier run had moved everything');
    expect(() => openSqliteStore(path)).toThrow(StoreUnavailableError);
    expect((await run()).said, 'and again').toContain('An earlier run had moved everything');
  });

  it('does not move twice, to two places', async () => {
    await busyLedger();
    await run();
    const elsewhere = `${address}?schema=elsewhere`;
    expect(await refusal(path, elsewhere)).toBe('this file’s ledger was moved already, to another database');
    expect(keep(await openPostgresStore(elsewhere)).epoch).not.toBe(keep(await openPostgresStore(address)).epoch);
  });

  it('reports a wrong command line', async () => {
    expect(await refusal(join(folder, 'nowhere.db'))).toBe(`there is no ledger at ${join(folder, 'nowhere.db')}`);
    await expect(run(path, 'ledger.db')).rejects.toThrow(ConfigError);
    const output = { write: () => undefined };
    expect(await moveLedgerTo([], address, { stdout: output, stderr: output })).toBe(2);
    new Database(path).close();
    expect(await refusal()).toBe('the file holds no ledger');
    behind((db) => db.exec(`CREATE TABLE meta (key TEXT, value TEXT)`));
    expect(await refusal(), 'of another program').toBe('the file holds no ledger');
    await rm(path);
    await busyLedger().catch(() => undefined);
    const url = new URL(address);
    url.port = '1';
    expect(await refusal(path, url.href)).toBe('the database server cannot be reached');
    expect(await opened.at(-1)?.recordEvent(eventFor('evt_after'), t0 + 10), 'the file was not touched').toBe('queued');
  });
});
