/**
 * Several processes at once. Each test lets two of them do the same in the same moment, again and again, so that the one
 * place where they could both be right is met. The mutant named at each test makes it fail.
 */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { BillingStore } from '../../server/src/ledger/ledger.ts';
import { acme, factsWith, eventFor, lease, t0, type ContractHarness } from './harness.ts';
import type { LedgerChange } from '../../server/src/ledger/feed.ts';

const rounds = 10;
/** Calls of each process in a round. */
const width = 3;

export function processesContract(harness: ContractHarness, hears: boolean): void {
  const team = (index: number) => ({ host: 'acme', account: `race_${index}` });

  /** All at once, in every round; answers what each was told. */
  async function race<T>(
    what: (store: BillingStore, round: number, who: string) => Promise<T>,
    times = rounds,
  ): Promise<T[][]> {
    const other = await harness.open();
    const results: T[][] = [];
    for (let round = 0; round < times; round++) {
      const calls = Array.from({ length: 2 * width }, (_, index) =>
        what(index % 2 === 0 ? harness.store : other, round, `${index}`),
      );
      results.push(await Promise.all(calls));
    }
    return results;
  }

  const counted = (outcomes: readonly string[]): Record<string, number> =>
    Object.fromEntries(
      Object.entries(Object.groupBy(outcomes, (each) => each)).map(([key, all]) => [key, all?.length ?? 0]),
    );

  describe('two processes at once', () => {
    // Mutant: `claim` without FOR UPDATE.
    it('claim each customer once', async () => {
      const links = Array.from({ length: 60 }, (_, index) => harness.store.link(team(index), `cus_${index}`, t0));
      await Promise.all(links);
      const taken = (await race((store) => store.claim(t0, lease, 5))).flat(2).map(({ customer }) => customer);
      expect(taken).toHaveLength(60);
      expect(new Set(taken).size).toBe(60);
    });

    // Mutant: `claimNotices` without FOR UPDATE.
    it('take each notice once', async () => {
      const notice = { receiver: 'webhook', type: 'subscription.kept', data: {} } as const;
      await Promise.all(Array.from({ length: 40 }, (_, index) => harness.store.link(team(index), `cus_${index}`, t0)));
      const claims = await harness.store.claim(t0, lease, 40);
      await Promise.all(
        claims.map((claim) =>
          harness.store.apply(claim, {
            facts: factsWith(),
            fetchedAt: t0,
            nextChangeAt: null,
            now: t0,
            notices: [{ ...notice, id: claim.customer }],
          }),
        ),
      );
      const to = { host: 'acme', receiver: 'webhook' } as const;
      const taken = (await race((store) => store.claimNotices(to, t0, lease, 4))).flat(2).map(({ id }) => id);
      expect(taken).toHaveLength(40);
      expect(new Set(taken).size).toBe(40);
    });

    // Mutant: `apply` reads without FOR UPDATE, and writes where only the customer is the same.
    it('apply one claim once: one revision, and one entry in the history', async () => {
      await harness.store.link(acme, 'cus_1', t0);
      const other = await harness.open();
      for (let round = 0; round < rounds; round++) {
        await harness.store.raiseTicket('cus_1', 'webhook', t0 + round);
        const claim = await harness.claimOne(t0 + round);
        const write = (store: BillingStore, by: string) =>
          store.apply(claim, {
            facts: factsWith({ methodDigest: `${round}${by}` }),
            fetchedAt: t0 + round,
            nextChangeAt: null,
            now: t0 + round,
          });
        const applied = await Promise.all([write(harness.store, 'a'), write(other, 'b')]);
        expect(applied.filter((each) => each.applied)).toHaveLength(1);
      }
      expect(await harness.store.findAccount(acme)).toMatchObject({ revision: rounds });
    });

    // Mutants: `apply` without the claim in its WHERE, or without `written_claim` in its SET.
    it('write one of an expired claim and its successor in any order, and never the other over it', async () => {
      await harness.store.link(acme, 'cus_1', t0);
      const other = await harness.open();
      for (let round = 0; round < rounds; round++) {
        const now = t0 + 2 * round * lease;
        await harness.store.raiseTicket('cus_1', 'webhook', now);
        const slow = await harness.claimOne(now);
        // The two are of two tickets: the fence alone tells them apart.
        await harness.store.raiseTicket('cus_1', 'webhook', now + 1);
        const quick = await harness.claimOne(now + lease);
        const looked = (methodDigest: string, fetchedAt: number) => ({
          facts: factsWith({ methodDigest }),
          fetchedAt,
          nextChangeAt: null,
          now: now + lease,
        });
        const [late, inTime] = await Promise.all([
          harness.store.apply(slow, looked(`slow ${round}`, now)),
          other.apply(quick, looked(`quick ${round}`, now + lease)),
        ]);
        expect([late.applied, inTime.applied].filter(Boolean)).toHaveLength(1);
        const written = late.applied ? `slow ${round}` : `quick ${round}`;
        expect((await harness.store.findAccount(acme))?.facts?.methodDigest).toBe(written);
        if (late.applied) await harness.syncOnce(factsWith(), now + lease);
      }
    });

    // Mutant: `apply` without FOR UPDATE, so that a ticket raised between its look and its write is overlooked.
    it('leave a customer stale when an event came while its facts were written', async () => {
      await harness.store.link(acme, 'cus_1', t0);
      const other = await harness.open();
      for (let round = 0; round < rounds; round++) {
        const now = t0 + round * 10;
        await harness.store.raiseTicket('cus_1', 'webhook', now);
        const claim = await harness.claimOne(now);
        await Promise.all([
          other.recordEvent(eventFor(`evt_${round}`), now + 1),
          harness.store.apply(claim, { facts: factsWith(), fetchedAt: now, nextChangeAt: null, now: now + 2 }),
        ]);
        const record = await harness.store.findAccount(acme);
        expect(record?.ticket, 'both tickets count').toBe(claim.ticket + 1);
        expect(record?.syncedTicket).toBe(claim.ticket);
        expect(record?.staleSince).not.toBeNull();
        await harness.syncOnce(factsWith(), now + 5);
      }
    });

    // Mutant: no unique index on the account, or `link` that looks first and inserts without ON CONFLICT.
    it('link an account to one customer, and a customer to one account', async () => {
      const others = 2 * width - 1;
      const same = await race((store, round, who) => store.link(team(round), `cus_${round}_${who}`, t0));
      for (const outcomes of same) expect(counted(outcomes)).toEqual({ linked: 1, accountTaken: others });
      const stolen = await race((store, round, who) =>
        store.link({ host: who, account: `team_${round}` }, `cus_shared_${round}`, t0),
      );
      for (const outcomes of stolen) expect(counted(outcomes)).toEqual({ linked: 1, customerTaken: others });
      const again = await race((store, round) =>
        store.link({ host: 'c', account: `${round}` }, `cus_again_${round}`, t0),
      );
      for (const outcomes of again) expect(counted(outcomes)).toEqual({ linked: 1, alreadyLinked: others });
    });

    // Mutant: `link` that does not lock the account's earlier rows.
    it('never decrease a revision when one links an account anew that the other finds deleted', async () => {
      const other = await harness.open();
      for (let round = 0; round < rounds; round++) {
        const ref = team(round);
        await harness.store.link(ref, `cus_${round}`, t0);
        await harness.syncOnce(factsWith(), t0);
        await harness.store.raiseTicket(`cus_${round}`, 'webhook', t0 + 1);
        const claim = await harness.claimOne(t0 + 1);
        const [outcome] = await Promise.all([
          other.link(ref, `cus_${round}_next`, t0 + 2),
          harness.store.apply(claim, {
            facts: factsWith({ deleted: true }),
            fetchedAt: t0 + 1,
            nextChangeAt: null,
            now: t0 + 2,
          }),
        ]);
        // In either order: the call that came too early is repeated.
        if (outcome === 'accountTaken') await other.link(ref, `cus_${round}_next`, t0 + 3);
        expect(await harness.store.findAccount(ref)).toMatchObject({ customer: `cus_${round}_next`, revision: 2 });
        await harness.store.claim(t0 + 3, lease, 1);
      }
    });

    // Mutant: `recordHint` without its transaction, or an event id that is looked up before it is inserted.
    it('count an event once that is delivered to both', async () => {
      await harness.store.link(acme, 'cus_1', t0);
      const outcomes = await race((store, round) => store.recordEvent(eventFor(`evt_${round}`), t0));
      for (const each of outcomes) expect(counted(each)).toEqual({ queued: 1, duplicate: 2 * width - 1 });
      expect(await harness.ticketOf()).toBe(1 + rounds);
    });

    // Mutant: `lockLiving` without ORDER BY; seen in the server's own count of deadlocks (`postgres.test.ts`).
    it('record the same events in opposite orders without a deadlock', async () => {
      const customers = Array.from({ length: 150 }, (_, index) => `cus_${String(index).padStart(3, '0')}`);
      await Promise.all(customers.map((customer, index) => harness.store.link(team(index), customer, t0)));
      const storms = 5;
      await race((store, round, who) => {
        const order = Number(who) % 2 === 0 ? customers : customers.toReversed();
        return Promise.all(
          order.map((customer) => store.recordEvent(eventFor(`evt_${round}_${who}_${customer}`, { customer }), t0)),
        );
      }, storms);
      expect((await harness.store.customersAfter(null, 1_000)).map(({ ticket }) => ticket)).toEqual(
        customers.map(() => 1 + 2 * width * storms),
      );
    });

    // Mutants: `returnVisit` without either FOR UPDATE.
    it('raise one ticket for two visits of a customer that return in several tabs', async () => {
      await Promise.all(
        Array.from({ length: rounds }, (_, round) => harness.store.link(team(round), `cus_${round}`, t0)),
      );
      for (const claim of await harness.store.claim(t0, lease, rounds)) {
        await harness.store.apply(claim, { facts: factsWith(), fetchedAt: t0, nextChangeAt: null, now: t0 });
      }
      const visit = { kind: 'portal', seen: 0, openedAt: t0, expiresAt: t0 + lease } as const;
      for (let round = 0; round < rounds; round++) {
        for (const tab of [0, 1]) {
          await harness.store.openVisit({ ...visit, ...team(round), id: `v${round}_${tab}`, customer: `cus_${round}` });
        }
      }
      const tickets = await race((store, round, who) =>
        store.returnVisit(`v${round}_${Math.floor(Number(who) / 2) % 2}`, 5_000, t0),
      );
      for (const each of tickets) expect(new Set(each)).toEqual(new Set([2]));
      const customers = await harness.store.customersAfter(null, rounds);
      expect(customers.map(({ ticket }) => ticket)).toEqual(customers.map(() => 2));
    });

    // Mutant: `lockCheckout` that reads `locked_until` before it writes.
    it('give an account’s Checkout to one of them', async () => {
      const locks = await race((store, round, who) => store.lockCheckout(acme, who, lease, t0 + round * lease));
      for (const each of locks) expect(each.filter((lock) => lock !== null)).toHaveLength(1);
    });

    // Mutant: `intendCustomer` without ON CONFLICT; `renewIntent` without the generation in its WHERE.
    it('record one intent to create a customer, and renew it once', async () => {
      const intents = await race((store, round, who) => store.intendCustomer(team(round), t0 + Number(who)));
      for (const each of intents) expect(new Set(each.map(({ since }) => since)).size).toBe(1);
      const renewed = await race((store, round) => store.renewIntent(team(round), 0, t0 + 9));
      for (const { generation } of renewed.flat()) expect(generation).toBe(1);
    });

    // Mutant: `takeTurn` that reads before it writes.
    it('give a job to one of them', async () => {
      const turns = await race(async (store, round) => store.acquireJob('sweep', 0, 1_000, t0 + round * 1_000));
      for (const each of turns) expect(each.filter((turn) => turn !== null)).toHaveLength(1);
      expect(Math.max(...turns.flat().map((turn) => turn?.fence ?? 0))).toBe(rounds);
    });

    // Mutant: `spend` without FOR UPDATE.
    it('spend one budget', async () => {
      const other = await harness.open();
      const asks = Array.from({ length: 40 }, (_, index) => (index % 2 === 0 ? harness.store : other).spend(20, 0, t0));
      expect((await Promise.all(asks)).filter((waitMs) => waitMs === 0)).toHaveLength(20);
    });

    // Mutant: `takeOpenHints` without FOR UPDATE; `raiseRechecks` likewise; `raiseDue` without `wasDueAt`.
    it('share unresolved events, due customers, and visits to recheck', async () => {
      await harness.store.link(acme, 'cus_1', t0);
      const subject = { concerns: 'subject', customer: null, subject: { type: 'charge', id: 'ch_1' } } as const;
      for (let index = 0; index < 40; index++) await harness.store.recordEvent(eventFor(`evt_${index}`, subject), t0);
      const hints = (await race((store) => store.claimUnresolved(t0, lease, 4))).flat(2).map(({ event }) => event);
      expect(hints).toHaveLength(40);
      expect(new Set(hints).size).toBe(40);

      await harness.store.apply(await harness.claimOne(t0), {
        facts: factsWith(),
        fetchedAt: t0,
        nextChangeAt: t0 + 100,
        now: t0,
      });
      for (let round = 0; round < rounds; round++) {
        const dueAt = (await harness.store.findAccount(acme))?.nextChangeAt ?? 0;
        const before = (await harness.ticketOf()) ?? 0;
        const other = await harness.open();
        await Promise.all([harness.store, other].map((store) => store.raiseDue('cus_1', dueAt, dueAt + 100, dueAt)));
        await other.close();
        expect(await harness.ticketOf()).toBe(before + 1);
      }

      const visits = {
        ...acme,
        customer: 'cus_1',
        kind: 'portal',
        seen: 0,
        openedAt: t0,
        expiresAt: t0 + lease,
      } as const;
      for (let index = 0; index < rounds; index++) {
        await harness.store.openVisit({ ...visits, id: `v${index}` });
        await harness.store.settleVisit(`v${index}`, 'unchanged', [t0 + index]);
      }
      const before = (await harness.ticketOf()) ?? 0;
      const raised = (await race((store, round) => store.raiseRechecks(t0 + round))).flat(2);
      expect(raised.reduce((sum, each) => sum + each, 0)).toBe(rounds);
      expect(await harness.ticketOf()).toBe(before + rounds);
    });
  });

  describe('changes of other processes', () => {
    it('are counted with those of this one where the database tells, and where it does not nothing is said', async () => {
      const { store } = harness;
      const other = await harness.open();
      const counts = [store.changeCount()];
      const counted = () => void counts.push(store.changeCount());
      await store.link(acme, 'cus_1', t0);
      counted();
      await store.raiseTicket('cus_1', 'check', t0);
      counted();
      await store.readAccount(acme);
      await store.findAccount(acme);
      counted();
      await other.raiseTicket('cus_1', 'check', t0 + 1);
      await nextTurn();
      counted();
      await nextTurn();
      counted();
      const isCounted = harness.store.changeCount() !== null;
      expect(isCounted).toBe(!harness.sharedByProcesses);
      const steps = counts.slice(1).map((count, index) => Number(count) - Number(counts[index]));
      expect(steps.map((step) => step > 0)).toEqual(
        isCounted ? [true, true, false, true, false] : Array(5).fill(false),
      );
    });

    it.skipIf(!hears)('are told where several share a ledger, after their commit', async () => {
      expect(harness.store.shared).toBe(harness.sharedByProcesses);
      const other = await harness.open();
      const heard: LedgerChange[] = [];
      let woken: () => void = () => {};
      const stop = other.subscribe((commit) => {
        heard.push(commit);
        woken();
      });
      // A process that works alone knows its own commits, and no feed reports them.
      if (!harness.sharedByProcesses) {
        await harness.store.link(acme, 'cus_1', t0);
        stop();
        expect(heard).toEqual([]);
        return;
      }
      const until = async (kind: LedgerChange['kind']): Promise<LedgerChange | undefined> => {
        while (heard.every((commit) => commit.kind !== kind)) await new Promise<void>((done) => (woken = done));
        const found = heard.find((commit) => commit.kind === kind);
        heard.splice(0);
        return found;
      };
      await until('missed');

      await harness.store.link(acme, 'cus_1', t0);
      await until('raised');
      await harness.store.recordEvent(eventFor('evt_1'), t0);
      await until('raised');
      await harness.store.recordEvent(
        eventFor('evt_2', { concerns: 'subject', customer: null, subject: { type: 'charge', id: 'ch_1' } }),
        t0,
      );
      await until('raised');
      await harness.store.raiseTickets(['cus_1'], 'sweep', t0);
      await until('raised');

      const notice = { id: 'n1', receiver: 'webhook', type: 'subscription.kept', data: {} } as const;
      await harness.store.apply(await harness.claimOne(t0), {
        facts: factsWith(),
        fetchedAt: t0,
        nextChangeAt: null,
        now: t0,
        notices: [notice],
      });
      // A notice is a reason to look, and comes with the news of the facts that it follows from.
      while (heard.length < 2) await new Promise<void>((done) => (woken = done));
      expect(heard.splice(0)).toEqual(
        expect.arrayContaining([
          { kind: 'looked', ...acme, customer: 'cus_1' },
          { kind: 'raised', customers: [] },
        ]),
      );

      await harness.store.raiseTicket('cus_1', 'check', t0);
      await until('raised');
      await harness.store.fail(await harness.claimOne(t0), 'stripe_unavailable', t0 + 1, t0);
      expect(await until('looked')).toEqual({ kind: 'looked', ...acme, customer: 'cus_1' });

      await harness.store.saveProducts([{ id: 'prod_1', name: 'Team' }]);
      await until('catalogue');
      await harness.store.savePrices([]);
      await until('catalogue');

      await harness.store.link({ host: 'acme', account: 'ä'.repeat(5_000) }, 'cus_2', t0);
      await until('raised');
      await harness.store.apply(await harness.claimOne(t0), {
        facts: factsWith(),
        fetchedAt: t0,
        nextChangeAt: null,
        now: t0,
      });
      // A name too long for a notification: every process polls.
      await until('missed');
      stop();
    });

    it.skipIf(!hears)(
      'names the customers whose tickets were raised, also to the process that raised them',
      async () => {
        const named = new Set<string>();
        let woken: () => void = () => {};
        const stop = harness.store.subscribe((change) => {
          if (change.kind === 'raised') for (const customer of change.customers) named.add(customer);
          woken();
        });
        const until = async (customer: string) => {
          while (!named.has(customer)) await new Promise<void>((done) => (woken = done));
        };
        const customers = Array.from({ length: 230 }, (_, index) => `cus_${index}`);
        for (const customer of customers) await harness.store.link({ host: 'acme', account: customer }, customer, t0);
        await Promise.all(
          customers
            .slice(0, 210)
            .map((customer) => harness.store.recordEvent(eventFor(`evt_${customer}`, { customer }), t0)),
        );
        for (const customer of customers.slice(0, 210)) await until(customer);
        await harness.store.raiseTickets(['cus_220', 'cus_nobody'], 'reconcile', t0);
        await until('cus_220');
        await harness.store.raiseTicket('cus_221', 'check', t0);
        await until('cus_221');
        expect(named.has('cus_nobody')).toBe(false);
        stop();
      },
    );
  });
}
