/** PostgreSQL as no other store is: addresses, schemas, rights, connections that break, locks. */

import type { Client } from 'pg';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { openPostgresStore } from '../../server/src/ledger/postgres/ledger.ts';
import { type BillingStore } from '../../server/src/ledger/ledger.ts';
import { asOperator } from '../support/as-operator.ts';
import type { Databases } from '../support/postgres.ts';
import { sharedPostgres } from '../support/shared-postgres.ts';
import { deadlocksOf, postgresRows } from './databases.ts';
import { acme, factsWith, eventFor, lease, t0 } from './harness.ts';
import { StoreUnavailableError } from '../../server/src/ledger/errors.ts';

let postgres: Databases;
beforeAll(async () => {
  postgres = await sharedPostgres();
});

/** Waits for what the server itself shows. */
async function until(sql: string, of: Client): Promise<void> {
  while ((await of.query(sql)).rowCount === 0) await new Promise<void>((again) => setImmediate(again));
}

/** Once messages are known to arrive. */
async function provenMoment(store: BillingStore): Promise<number> {
  for (;;) {
    const moment = store.heard?.moment() ?? null;
    if (moment !== null) return moment;
    // oxlint-disable-next-line no-await-in-loop -- the connection is asked, and answers
    await store.ping();
  }
}

const refusal = async (at: string): Promise<string> =>
  openPostgresStore(at).then(
    async (store) => {
      await store.close();
      return 'it opened';
    },
    (cause: unknown) => (cause instanceof StoreUnavailableError ? cause.message : String(cause)),
  );

describe('PostgreSQL at a wrong address', () => {
  let database: string;
  beforeAll(async () => {
    database = await postgres.createDatabase();
  });

  it.each([
    ['a wrong password', (url: URL) => (url.password = 'wrong'), /refuses this user or password/],
    ['a wrong user', (url: URL) => (url.username = 'nobody'), /refuses this user or password/],
    ['a wrong database', (url: URL) => (url.pathname = '/nowhere'), /no such database/],
    ['a port where nobody listens', (url: URL) => (url.port = '1'), /cannot be reached/],
    ['a name that nobody has', (url: URL) => (url.hostname = 'nowhere.invalid'), /name is not known|cannot be reached/],
  ])('names the problem: %s', async (_, change, said) => {
    const url = new URL(database);
    change(url);
    expect(await refusal(url.href)).toMatch(said);
  });
});

describe('PostgreSQL alone', () => {
  let address: string;
  const opened: BillingStore[] = [];
  const open = async (at = address) => {
    const store = await openPostgresStore(at);
    opened.push(store);
    return store;
  };
  beforeEach(async () => {
    address = await postgres.createDatabase();
    return async () => void (await Promise.all(opened.splice(0).map((store) => store.close())));
  });

  // Mutant: `lockLiving` without its ORDER BY.
  it('locks customers in one order: two batches over the same ones do not deadlock', async () => {
    const [one, other] = [await open(), await open()];
    const customers = Array.from({ length: 40 }, (_, index) => `cus_order_${index}`);
    await Promise.all(customers.map((customer) => one.link({ host: 'order', account: customer }, customer, t0)));
    await asOperator(address, async (operator) => {
      // Another session holds one row in the middle, so that both storms stop with the locks that they have so far.
      await operator.query('BEGIN');
      await operator.query(`SELECT 1 FROM billhook.customers WHERE customer = 'cus_order_27' FOR UPDATE`);
      const storms = [one, other].map((store, which) =>
        Promise.all(
          customers.map((customer) => store.recordEvent(eventFor(`evt_${which}_${customer}`, { customer }), t0)),
        ),
      );
      await asOperator(address, (client) => until(`SELECT 1 FROM pg_stat_activity WHERE datname = current_database()
        AND wait_event_type = 'Lock' HAVING count(*) = 2`, client)); // prettier-ignore
      await operator.query('COMMIT');
      expect((await Promise.all(storms)).flat()).toEqual(Array.from({ length: 80 }, () => 'queued'));
    });
    await Promise.all(opened.splice(0).map((store) => store.close()));
    expect(await asOperator(address, deadlocksOf)).toBe(0);
  });

  it('makes its tables once, however many processes start at once', async () => {
    const stores = await Promise.all(Array.from({ length: 6 }, () => open()));
    expect(new Set(stores.map(({ epoch }) => epoch)).size).toBe(1);
    expect(new Set(stores.map(({ digestKey }) => digestKey)).size).toBe(1);
  });

  it('keeps its tables apart from the host’s own, and ledgers of one database apart from each other', async () => {
    const [one, other] = await Promise.all([open(), open(`${address}?schema=second`)]);
    expect(one.epoch).not.toBe(other.epoch);
    await one.link(acme, 'cus_1', t0);
    expect(await other.findAccount(acme)).toBeNull();
    const { rows } = await asOperator(address, (client) =>
      client.query(`SELECT DISTINCT schemaname FROM pg_tables WHERE tablename = 'customers' ORDER BY 1`),
    );
    expect(rows).toEqual([{ schemaname: 'billhook' }, { schemaname: 'second' }]);
  });

  it('N3: makes no ledger for a look, and brings none up to date', async () => {
    const look = () => openPostgresStore(address, undefined, true);
    await expect(look()).rejects.toThrow(/^there is no ledger at the schema billhook of this database yet/);
    const made = await asOperator(address, (client) =>
      client.query(`SELECT FROM pg_namespace WHERE nspname = 'billhook'`),
    );
    expect(made.rowCount).toBe(0);
    await (await open()).close();
    await (await look()).close();
    await asOperator(address, (client) =>
      client.query(`UPDATE billhook.meta SET value = '1' WHERE key = 'schema_version'`),
    );
    await expect(look()).rejects.toThrow(/is of an earlier version/);
  });

  it('refuses a ledger of a newer schema', async () => {
    await (await open()).close();
    await asOperator(address, (client) =>
      client.query(`UPDATE billhook.meta SET value = '99' WHERE key = 'schema_version'`),
    );
    expect(await refusal(address)).toBe('the ledger was written by a newer program');
  });

  it('leaves nothing behind when its tables cannot be made', async () => {
    // A view of that name stands in the way of one of the tables.
    await asOperator(address, (client) =>
      client.query(`CREATE SCHEMA billhook; CREATE VIEW billhook.outbox AS SELECT 1 AS one`),
    );
    expect(await refusal(address)).toBe('the ledger cannot be used');
    const { rows } = await asOperator(address, (client) =>
      client.query(`SELECT 1 FROM pg_tables WHERE schemaname = 'billhook'`),
    );
    expect(rows).toEqual([]);
    await asOperator(address, (client) => client.query(`DROP VIEW billhook.outbox`));
    await expect((await open()).ping()).resolves.toBeUndefined();
  });

  it('fails with a clear message where it may not create its tables', async () => {
    await asOperator(address, async (client) => {
      await client.query(`DROP ROLE IF EXISTS reader; CREATE ROLE reader LOGIN PASSWORD 'reader'`);
    });
    const url = new URL(address);
    [url.username, url.password] = ['reader', 'reader'];
    expect(await refusal(url.href)).toBe('the database user lacks a right');
  });

  it('fails while the database is read-only, and goes on when it is writable again', async () => {
    const store = await open();
    await store.link(acme, 'cus_1', t0);
    const readOnly = (value: 'on' | 'off') =>
      asOperator(address, async (client) => {
        await client.query(`SET default_transaction_read_only = off`);
        await client.query(`ALTER DATABASE ${client.database} SET default_transaction_read_only = ${value}`);
      });
    await readOnly('on');
    await postgres.cutConnections(address);
    await expect(store.recordEvent(eventFor('evt_1'), t0)).rejects.toThrow(StoreUnavailableError);
    await expect(store.recordEvent(eventFor('evt_1'), t0)).rejects.toThrow('the database is read-only');
    await expect(store.ping()).rejects.toThrow('the database is read-only');
    expect(await store.findAccount(acme), 'what is known can still be read').toMatchObject({ ticket: 1 });
    await readOnly('off');
    expect(await untilItAnswers(() => store.recordEvent(eventFor('evt_1'), t0))).toBe('queued');
  });

  it('survives cut connections, and reports that changes may have been missed', async () => {
    const [store, other] = await Promise.all([open(), open()]);
    await store.link(acme, 'cus_1', t0);
    const heard: string[] = [];
    let woken: () => void = () => {};
    other.subscribe(({ kind }) => {
      heard.push(kind);
      woken();
    });
    const next = async (kind: string) => {
      while (!heard.includes(kind)) await new Promise<void>((done) => (woken = done));
      heard.splice(0);
    };
    await next('missed');
    const claims = await store.claim(t0, lease, 1);
    const moment = await provenMoment(other);
    const isSame = () => other.heard?.isSameSince(moment, acme, 'cus_1');
    expect(isSame()).toBe(true);
    await postgres.cutConnections(address);
    await next('missed');
    expect(isSame(), 'of rows that were read before the cut nothing is known').toBe(false);
    const [claim] = claims;
    if (!claim) throw new Error('it was stale');
    expect(
      await untilItAnswers(() =>
        store.apply(claim, { facts: factsWith(), fetchedAt: t0, nextChangeAt: null, now: t0 }),
      ),
    ).toMatchObject({ applied: true });
    await next('looked');
  });

  it('proves nothing while no connection listens', async () => {
    const [store, deaf] = await Promise.all([open(), open()]);
    store.subscribe(() => undefined);
    await provenMoment(store);
    await store.close();
    expect(store.heard?.moment()).toBeNull();
    // Nothing follows its changes, as in a function.
    await deaf.readAccount(acme);
    expect(deaf.heard?.moment()).toBeNull();
  });

  it('refuses calls after it was closed', async () => {
    const store = await openPostgresStore(address);
    await store.close();
    await expect(store.ping()).rejects.toThrow(StoreUnavailableError);
    await expect(store.recordEvent(eventFor('evt_1'), t0)).rejects.toThrow(StoreUnavailableError);
  });

  it('deletes many old rows, some thousand at a time', async () => {
    const store = await open();
    await asOperator(address, (client) =>
      client.query(`INSERT INTO billhook.events (event, type, received_at, closed_at)
                    SELECT 'evt_' || n, 'ping', ${t0}, ${t0} FROM generate_series(1, 12000) AS n`),
    );
    await store.prune(t0 + 1);
    expect((await asOperator(address, (client) => postgresRows(client)))['events']).toEqual([]);
  });
});

/** The first call on a broken connection fails; the next call has a new one. */
async function untilItAnswers<T>(call: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (cause) {
      if (!(cause instanceof StoreUnavailableError) || attempt === 20) throw cause;
    }
  }
}
