/**
 * How each ledger carries out its hot statements: by an index, whatever the tables hold. A statement that reads a table
 * through, or sorts what grows, is fast in every test and slow after a year.
 */

import process from 'node:process';
import { setImmediate } from 'node:timers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { BillingStore } from '../../server/src/ledger/ledger.ts';
import { collectGarbage } from '../support/collect-garbage.ts';
import { acme, factsWith, eventFor, lease, t0 } from './harness.ts';

export interface Statement {
  readonly sql: string;
  readonly bind: unknown;
}

/** A ledger that tells what it asks its database. */
export interface PlannedLedger {
  readonly store: BillingStore;
  /** Carries out a statement behind the store's back. */
  execute(sql: string): Promise<void>;
  /** The statements while `work` ran. */
  asked(work: () => Promise<unknown>): Promise<readonly Statement[]>;
  /** The steps of a statement's plan that grow with a table: its scans, and sorts of more than some hundred rows. */
  growing(statement: Statement): Promise<readonly string[]>;
}

/** The tables that grow with customers or with time. */
export const growingTables = ['customers', 'events', 'revisions', 'visits', 'outbox', 'syncs'];

const numbers = (count: number) => `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`;

/** So many customers of a year: half of them stale, and half of these resting after a failure. */
export const fillLedger = (count: number): readonly string[] => [
  `${numbers(count)} INSERT INTO customers (customer, host, account, ticket, synced_ticket, claimed_ticket, stale_since,
     next_attempt_at, attempts, failed_at, failure_code, next_change_at, facts, fetched_at, revision, confirmed_by, linked_at)
   SELECT 'cus_f' || i, 'acme', 'team_f' || i, 2, CASE WHEN i % 2 = 0 THEN 1 ELSE 2 END, 1, CASE WHEN i % 2 = 0 THEN ${t0} - i END,
     CASE WHEN i % 4 = 0 THEN ${t0} + 60000 ELSE 0 END, CASE WHEN i % 4 = 0 THEN 1 ELSE 0 END,
     CASE WHEN i % 4 = 0 THEN ${t0} - 9000 END, CASE WHEN i % 4 = 0 THEN 'stripe_unavailable' END,
     ${t0} + i * 1000, '{}', ${t0} - 3600000 - i, 2, 'webhook', ${t0} - 86400000 FROM n`,
  `${numbers(count)} INSERT INTO revisions (customer, revision, at, confirmed_by, facts)
   SELECT 'cus_f' || i, 1, ${t0} - 86400000 - i, 'link', '{}' FROM n`,
  `${numbers(count)} INSERT INTO revisions (customer, revision, at, confirmed_by, facts)
   SELECT 'cus_f' || i, 2, ${t0} - i, CASE WHEN i % 50 = 0 THEN 'reconcile' ELSE 'webhook' END, '{}' FROM n`,
  `${numbers(count)} INSERT INTO events (event, type, received_at, via, customer, subject_type, subject_id, closed_at, next_attempt_at)
   SELECT 'evt_f' || i, 'invoice.paid', ${t0} - i, 'webhook', CASE WHEN i % 4 > 0 THEN 'cus_f' || i END,
     CASE WHEN i % 8 = 0 THEN 'charge' ELSE 'invoice' END, 'in_' || i, CASE WHEN i % 4 > 0 THEN ${t0} - i END,
     CASE WHEN i % 8 = 0 THEN ${t0} + 60000 ELSE 0 END FROM n`,
  `${numbers(count)} INSERT INTO visits (id, host, account, customer, kind, seen, opened_at, expires_at, recheck_at)
   SELECT 'visit_f' || i, 'acme', 'team_f' || i, 'cus_f' || i, 'portal', 1, ${t0} - i, ${t0} + 86400000 - i,
     CASE WHEN i % 10 = 0 THEN ${t0} + 30000 END FROM n`,
  `${numbers(count)} INSERT INTO outbox (id, receiver, host, account, customer, revision, at, written_at, type, data, settled_at)
   SELECT 'notice_f' || i, 'webhook', 'acme', 'team_f' || i, 'cus_f' || i, 1, ${t0} - i, ${t0} - i, 'subscription.kept', '{}',
     CASE WHEN i % 4 > 0 THEN ${t0} - i END FROM n`,
  `${numbers(count)} INSERT INTO syncs (customer, at, ended_at, cause, ticket, claim, outcome)
   SELECT 'cus_f' || i, ${t0} - i, ${t0} - i, 'webhook', 1, 1, 'changed' FROM n`,
];

const team = { host: 'acme', account: 'team_f1' };
const unresolved = eventFor('evt_open', {
  concerns: 'subject',
  customer: null,
  subject: { type: 'invoice', id: 'in_x' },
});
const visit = {
  ...team,
  id: 'visit_new',
  customer: 'cus_f1',
  kind: 'portal',
  seen: 1,
  openedAt: t0,
  expiresAt: t0 + lease,
} as const;

/** Everything that requests and loops ask all day. */
const hot: readonly (readonly [what: string, work: (store: BillingStore) => Promise<unknown>])[] = [
  ['reading an account', (store) => store.findAccount(team)],
  ['reading an account that is not linked', (store) => store.findAccount({ host: 'acme', account: 'nobody' })],
  ['the facts of a revision', (store) => store.factsAt('cus_f1', 1)],
  ['linking', (store) => store.link(acme, 'cus_1', t0)],
  ['raising a ticket', (store) => store.raiseTicket('cus_f1', 'check', t0)],
  ['prioritizing', (store) => store.prioritize('cus_f1', t0 + 5_000)],
  ['recording an event', (store) => store.recordEvent(eventFor('evt_1', { customer: 'cus_f3' }), t0)],
  ['recording an unresolved event', (store) => store.recordEvent(unresolved, t0)],
  ['claiming unresolved events', (store) => store.claimUnresolved(t0, lease, 16, { charge: 3 })],
  ['resolving an event', (store) => store.resolveEvent('evt_open', 'cus_f1', t0)],
  ['postponing an event', (store) => store.postponeEvent('evt_f4', t0 + 1)],
  ['claiming', (store) => store.claim(t0, lease, 6, { restMs: 1_000 })],
  ['claiming prioritized customers', (store) => store.claim(t0, lease, 8, { prioritized: true })],
  [
    'claiming watched customers',
    (store) => store.claim(t0, lease, 8, { prioritized: true, watched: ['cus_f6', 'cus_f8'] }),
  ],
  [
    'a claim that fails, and one that is applied',
    async (store) => {
      const [one, other] = await store.claim(t0, lease, 2);
      if (!one || !other) throw new Error('nothing was stale');
      await store.fail(one, 'stripe_unavailable', t0 + 1_000, t0);
      await store.apply(other, { facts: factsWith(), fetchedAt: t0, nextChangeAt: null, now: t0 });
    },
  ],
  ['who is due', (store) => store.due(t0 + 5_000, 100)],
  ['raising who is due', (store) => store.raiseDue('cus_f2', t0 + 2_000, null, t0 + 2_000)],
  ['opening a visit', (store) => store.openVisit(visit)],
  ['finding a visit', (store) => store.findVisit('visit_new', team, t0)],
  ['a return', (store) => store.returnVisit('visit_new', 5_000, t0)],
  ['settling a visit', (store) => store.settleVisit('visit_new', 'unchanged', [t0 + 5_000, t0 + 30_000])],
  ['rechecks', (store) => store.raiseRechecks(t0 + 5_000)],
  ['spending the budget', (store) => store.spend(80, 0, t0)],
  ['claiming notices', (store) => store.claimNotices({ host: 'acme', receiver: 'webhook' }, t0, lease, 4)],
  ['a page of customers', (store) => store.customersAfter('cus_f5', 100)],
  ['customers by id', (store) => store.customersAmong(['cus_f1', 'cus_f2'])],
  ['raising many tickets', (store) => store.raiseTickets(['cus_f1', 'cus_f2'], 'reconcile', t0)],
  ['what a cause has changed', (store) => store.changesCausedBy('reconcile', t0 - 5_000, 100)],
  ['forgetting', (store) => store.prune(t0 - 19_000)],
];

export function plansContract(ledger: () => PlannedLedger): void {
  it.each(hot)('%s follows an index', async (_, work) => {
    const { store, asked, growing } = ledger();
    const statements = await asked(() => work(store));
    expect(statements.length, 'something was asked').toBeGreaterThan(0);
    for (const statement of statements) {
      // oxlint-disable-next-line no-await-in-loop -- one connection
      expect(await growing(statement), statement.sql).toEqual([]);
    }
  });

  it('the gauges are read by indexes of what waits, and leave the rows alone', async () => {
    const { store, asked, growing } = ledger();
    const statements = await asked(() => store.stats(t0));
    const plans = await Promise.all(statements.map((statement) => growing(statement)));
    // The linked customers are counted, one by one, whatever the index.
    const counts = plans.flat().filter((step) => !/USING (?:COVERING )?INDEX|^Seq Scan customers/.test(step));
    expect(counts).toEqual([]);
  });

  it('no pause of 50 ms while gauges are read, notices claimed and rows forgotten', async () => {
    const { store } = ledger();
    const works: readonly ((round: number) => Promise<unknown>)[] = [
      () => store.stats(t0),
      () => store.claimNotices({ host: 'acme', receiver: 'webhook' }, t0, lease, 4),
      (round) => store.prune(t0 - 15_000 + 5_000 * round),
    ];
    for (const work of works) {
      const longestTurns = [];
      for (const round of [0, 1, 2]) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        longestTurns.push(await longestTurnOf(() => work(round)));
      }
      // A pause of the work's own is in each round.
      expect(Math.min(...longestTurns)).toBeLessThan(50);
    }
  });
}

/**
 * CPU milliseconds of this thread in the longest turn of the event loop while `work` runs: neither other programs nor threads
 * that compile and collect meanwhile make it longer. A system counts this time by its own ticks: a turn may be told some of
 * what ran before it.
 */
async function longestTurnOf(work: () => Promise<unknown>): Promise<number> {
  // Of the files that the same process ran before: collecting it may be a turn of 50 ms.
  collectGarbage();
  let longestMs = 0;
  let began = process.threadCpuUsage();
  let isDone = false;
  const look = () => {
    const { user, system } = process.threadCpuUsage(began);
    longestMs = Math.max(longestMs, (user + system) / 1000);
    began = process.threadCpuUsage();
    if (!isDone) setImmediate(look);
  };
  setImmediate(look);
  await work();
  isDone = true;
  await nextTurn();
  return longestMs;
}
