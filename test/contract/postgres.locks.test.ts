/**
 * Rows that another process has are skipped, not waited for; and rows of one table are locked in one order, so that no
 * two processes ever wait for each other. Another session holds a row here until the test has seen what the others do.
 */

import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { BillingStore } from '../../server/src/ledger/ledger.ts';
import { openPostgresStore } from '../../server/src/ledger/postgres/ledger.ts';
import type { Databases } from '../support/postgres.ts';
import { sharedPostgres } from '../support/shared-postgres.ts';
import { deadlocksOf } from './databases.ts';
import { eventFor, factsWith, lease, t0 } from './harness.ts';

let postgres: Databases;
let stores: BillingStore[];
let operator: Client;
let address: string;

beforeEach(async () => {
  postgres = await sharedPostgres();
  address = await postgres.createDatabase();
  stores = [];
  for (let process = 0; process < 2; process += 1) {
    // oxlint-disable-next-line no-await-in-loop -- the first one makes the tables
    stores.push(await openPostgresStore(address));
  }
  operator = new Client({ connectionString: address });
  await operator.connect();
});
afterEach(async () => {
  await Promise.all(stores.map((store) => store.close()));
  const deadlocks = await deadlocksOf(operator);
  await operator.end();
  expect(deadlocks).toBe(0);
});

const [first, second] = [() => stores[0] as BillingStore, () => stores[1] as BillingStore];
const customers = (count: number) => Array.from({ length: count }, (_, index) => `cus_${100 + index}`);
const link = async (count: number) => {
  for (const customer of customers(count)) {
    // oxlint-disable-next-line no-await-in-loop -- in the order of their ids
    await first().link({ host: 'acme', account: customer }, customer, t0);
  }
};

/** Another process has this row while `work` runs. */
async function holding<T>(sql: string, work: () => Promise<T>): Promise<T> {
  await operator.query('BEGIN');
  expect((await operator.query(`${sql} FOR UPDATE`)).rowCount, 'a row is held').toBe(1);
  try {
    return await work();
  } finally {
    await operator.query('COMMIT');
  }
}

describe('a row that another process has', () => {
  it('is not waited for by a claim', async () => {
    await link(2);
    const claims = await holding(`SELECT 1 FROM billhook.customers WHERE customer = 'cus_100'`, () =>
      first().claim(t0, lease, 2),
    );
    expect(claims.map(({ customer }) => customer)).toEqual(['cus_101']);
  });

  it('is not waited for by a claim of unresolved events', async () => {
    for (const id of ['evt_1', 'evt_2']) {
      const subject = { type: 'charge', id };
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await first().recordEvent(eventFor(id, { concerns: 'subject', customer: null, subject }), t0);
    }
    const taken = await holding(`SELECT 1 FROM billhook.events WHERE event = 'evt_1'`, () =>
      first().claimUnresolved(t0, lease, 2),
    );
    expect(taken.map(({ event }) => event)).toEqual(['evt_2']);
  });

  it('is not waited for by a claim of notices', async () => {
    await link(2);
    for (const claim of await first().claim(t0, lease, 2)) {
      const id = `notice_${claim.customer}`;
      const notices = [{ id, receiver: 'webhook', type: 'subscription.kept', data: {} as never }] as const;
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await first().apply(claim, { facts: factsWith(), fetchedAt: t0, nextChangeAt: null, now: t0, notices });
    }
    const taken = await holding(`SELECT 1 FROM billhook.outbox WHERE id = 'notice_cus_100'`, () =>
      first().claimNotices({ host: 'acme', receiver: 'webhook' }, t0, lease, 2),
    );
    expect(taken.map(({ id }) => id)).toEqual(['notice_cus_101']);
  });

  it('is not waited for by a recheck', async () => {
    await link(2);
    for (const customer of customers(2)) {
      const visit = {
        id: `visit_${customer}`,
        host: 'acme',
        account: customer,
        customer,
        kind: 'portal',
        seen: 0,
      } as const;
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await first().openVisit({ ...visit, openedAt: t0, expiresAt: t0 + lease });
      // oxlint-disable-next-line no-await-in-loop -- as above
      await first().settleVisit(visit.id, 'unchanged', [t0]);
    }
    const raised = await holding(`SELECT 1 FROM billhook.visits WHERE id = 'visit_cus_100'`, () =>
      first().raiseRechecks(t0),
    );
    expect(raised).toBe(1);
  });

  it.each([
    ['an old event', `SELECT 1 FROM billhook.events WHERE event = 'evt_1'`],
    ['a replaced revision', `SELECT 1 FROM billhook.revisions WHERE revision = 1`],
  ])('is not waited for by the deletion of old rows: %s', async (_, sql) => {
    await link(1);
    for (const methodDigest of ['one', 'two']) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const [claim] = await first().claim(t0, lease, 1);
      if (!claim) throw new Error('it is not stale');
      const facts = factsWith({ methodDigest });
      // oxlint-disable-next-line no-await-in-loop -- as above
      await first().apply(claim, { facts, fetchedAt: t0, nextChangeAt: null, now: t0 });
      // oxlint-disable-next-line no-await-in-loop -- as above
      await first().raiseTicket('cus_100', 'check', t0);
    }
    await first().recordEvent(eventFor('evt_1', { concerns: 'none', customer: null }), t0);
    await holding(sql, () => first().prune(t0 + 1));
    // The row itself goes the next time.
    await first().prune(t0 + 1);
    const { rows } = await operator.query(`SELECT (SELECT count(*)::int FROM billhook.events) AS events,
      (SELECT count(*)::int FROM billhook.revisions) AS revisions`);
    expect(rows).toEqual([{ events: 0, revisions: 1 }]);
  });
});

it('a history is of one moment, whatever is committed while it is read', async () => {
  await link(1);
  const syncs = async () =>
    (await first().timeline({ host: 'acme', account: 'cus_100' }, 0, 100)).filter(({ what }) => what === 'sync').length;
  const { query } = Client.prototype;
  let isCommitted = false;
  const reads = vi.spyOn(Client.prototype, 'query').mockImplementation(async function (
    this: Client,
    text: string,
    ...more: never[]
  ) {
    if (!isCommitted && text.includes('FROM syncs')) {
      isCommitted = true;
      await Reflect.apply(query, operator, [
        `INSERT INTO billhook.syncs (customer, at, ended_at, cause, ticket, claim, outcome)
         VALUES ('cus_100', ${t0}, ${t0}, 'link', 1, 1, 'changed')`,
      ]);
    }
    return (await Reflect.apply(query, this, [text, ...more])) as never;
  } as never);
  expect([await syncs(), isCommitted]).toEqual([0, true]);
  reads.mockRestore();
  expect(await syncs()).toBe(1);
});

describe('two processes that lock the same rows', () => {
  /** Both wait for a lock, one of them for the held row. */
  const bothWait = async () => {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- the server itself shows it
      const { rowCount } = await operator.query(`SELECT 1 FROM pg_stat_activity
        WHERE datname = current_database() AND wait_event_type = 'Lock' HAVING count(*) = 2`);
      if (rowCount === 1) return;
    }
  };

  it('rechecks and webhooks: both get them, whatever order the visits have', async () => {
    await link(30);
    for (const [index, customer] of customers(30).entries()) {
      const id = `visit_${100 - index}`;
      const visit = { id, host: 'acme', account: customer, customer, kind: 'portal', seen: 0 } as const;
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await first().openVisit({ ...visit, openedAt: t0, expiresAt: t0 + lease });
    }
    // Settled from the last customer to the first: so they lie in the table, and so they are found.
    for (let index = 29; index >= 0; index -= 1) {
      // oxlint-disable-next-line no-await-in-loop -- as above
      await first().settleVisit(`visit_${100 - index}`, 'unchanged', [t0]);
    }
    const done = await holding(`SELECT 1 FROM billhook.customers WHERE customer = 'cus_115'`, async () => {
      const work = Promise.all([
        first().raiseRechecks(t0),
        Promise.all(
          customers(30).map((customer) => second().recordEvent(eventFor(`evt_${customer}`, { customer }), t0)),
        ),
      ]);
      await bothWait();
      return { work };
    });
    const [raised, outcomes] = await done.work;
    expect(raised).toBe(30);
    expect(new Set(outcomes)).toEqual(new Set(['queued']));
  });

  it('webhooks of the same customers, where one finds them by the table and the other by its index', async () => {
    const reversed = customers(40).toReversed();
    for (const customer of reversed) {
      // oxlint-disable-next-line no-await-in-loop -- so they lie in the table: against the order of their ids
      await first().link({ host: 'acme', account: customer }, customer, t0);
    }
    const database = new URL(address).pathname.slice(1);
    const openWith = async (settings: Readonly<Record<string, 'on' | 'off'>>) => {
      for (const [name, value] of Object.entries(settings)) {
        // oxlint-disable-next-line no-await-in-loop -- a connection that is opened afterwards has them
        await operator.query(`ALTER DATABASE ${database} SET ${name} = ${value}`);
      }
      const store = await openPostgresStore(address);
      stores.push(store);
      return store;
    };
    const byTable = await openWith({ enable_indexscan: 'off', enable_bitmapscan: 'off' });
    const byIndex = await openWith({ enable_indexscan: 'on', enable_seqscan: 'off' });
    const deliver = (store: BillingStore, name: string) =>
      Promise.all(reversed.map((customer) => store.recordEvent(eventFor(`evt_${name}_${customer}`, { customer }), t0)));
    const { work } = await holding(`SELECT 1 FROM billhook.customers WHERE customer = 'cus_120'`, async () => {
      const both = Promise.all([deliver(byTable, 'one'), deliver(byIndex, 'other')]);
      await bothWait();
      return { work: both };
    });
    expect(new Set((await work).flat())).toEqual(new Set(['queued']));
  });

  it('changes of one customer, where the database’s own transactions are strict (F3)', async () => {
    await link(1);
    const database = new URL(address).pathname.slice(1);
    await operator.query(`ALTER DATABASE ${database} SET default_transaction_isolation = serializable`);
    const [strict, other] = [await openPostgresStore(address), await openPostgresStore(address)];
    stores.push(strict, other);
    const { work } = await holding(`SELECT 1 FROM billhook.customers WHERE customer = 'cus_100'`, async () => {
      await operator.query(`UPDATE billhook.customers SET cause = 'sweep'`);
      const alone = strict.raiseTicket('cus_100', 'check', t0);
      const together = other.recordEvent(eventFor('evt_1', { customer: 'cus_100' }), t0);
      await bothWait();
      return { work: Promise.all([alone, together]) };
    });
    // Which of the two comes first is the server's choice.
    expect([
      [2, 'queued'],
      [3, 'queued'],
    ]).toContainEqual(await work);
  });

  it('the same events in opposite orders: each is recorded once', async () => {
    await link(1);
    const ids = Array.from({ length: 40 }, (_, index) => `evt_${100 + index}`);
    const deliver = (store: BillingStore, order: readonly string[]) =>
      Promise.all(order.map((id) => store.recordEvent(eventFor(id, { concerns: 'none', customer: null }), t0)));
    await operator.query('BEGIN');
    await operator.query(`INSERT INTO billhook.events (event, type, received_at, closed_at)
                          VALUES ('evt_120', 'invoice.paid', ${t0}, ${t0})`);
    const work = Promise.all([deliver(first(), ids), deliver(second(), ids.toReversed())]);
    await bothWait();
    await operator.query('COMMIT');
    const outcomes = (await work).flat();
    expect(outcomes.filter((outcome) => outcome === 'ignored')).toHaveLength(39);
    expect(outcomes.filter((outcome) => outcome === 'duplicate')).toHaveLength(41);
  });
});
