/** What every `BillingStore` must do, as tests: run it against each implementation, with a ledger of its own for each test. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CustomerFacts, ItemFacts } from '../../server/src/facts.ts';
import type { Hint } from '../../server/src/hints.ts';
import {
  LedgerPinnedError,
  type BillingStore,
  type Claim,
  type NoticeClaim,
  type OutboxEntry,
} from '../../server/src/store/store.ts';

/** One ledger for one test: `open` may be called several times, for what another process would see. */
export interface LedgerUnderTest {
  open(): Promise<BillingStore>;
  remove(): Promise<void>;
}

const acme = { host: 'acme', account: 'team_1' };
const lease = 60_000;
const t0 = 1_800_000_000_000;

export function factsWith(change: Partial<CustomerFacts> = {}): CustomerFacts {
  return {
    deleted: false,
    livemode: false,
    methodOnFile: true,
    methodDigest: 'a',
    billingDetailsDigest: 'b',
    subscriptions: [],
    ...change,
  };
}

function hintFor(event: string, change: Partial<Hint> = {}): Hint {
  return {
    event,
    type: 'invoice.paid',
    livemode: false,
    concerns: 'customer',
    customer: 'cus_1',
    subject: null,
    ...change,
  };
}

/** @param sharedByProcesses Several processes may work on one ledger, so a start must not end the others' leases. */
export function billingStoreContract(
  name: string,
  sharedByProcesses: boolean,
  makeLedger: () => Promise<LedgerUnderTest>,
): void {
  describe(`BillingStore contract: ${name}`, () => {
    let ledger: LedgerUnderTest;
    let store: BillingStore;
    const opened: BillingStore[] = [];
    const open = async () => {
      const another = await ledger.open();
      opened.push(another);
      return another;
    };

    beforeEach(async () => {
      ledger = await makeLedger();
      store = await open();
    });
    afterEach(async () => {
      for (const one of opened.splice(0)) await one.close();
      await ledger.remove();
    });

    const claimOne = async (now: number): Promise<Claim> => {
      const [claim] = await store.claim(now, lease, 10);
      if (!claim) throw new Error('nothing was stale');
      return claim;
    };
    const syncOnce = async (facts: CustomerFacts, now: number) =>
      store.apply(await claimOne(now), facts, now, null, now);
    const ticketOf = async () => (await store.findAccount(acme))?.ticket;

    describe('linking', () => {
      it('starts at ticket 1, synced 0: stale, unknown, wanted by nobody', async () => {
        expect(await store.link(acme, 'cus_1', t0)).toBe('linked');
        expect(await store.findAccount(acme)).toMatchObject({
          customer: 'cus_1',
          ticket: 1,
          syncedTicket: 0,
          staleSince: t0,
          facts: null,
          revision: 0,
        });
      });

      it('is for good, one customer an account and one account a customer', async () => {
        await store.link(acme, 'cus_1', t0);
        expect(await store.link(acme, 'cus_1', t0)).toBe('alreadyLinked');
        expect(await store.link(acme, 'cus_2', t0)).toBe('accountTaken');
        expect(await store.link({ host: 'acme', account: 'team_2' }, 'cus_1', t0)).toBe('customerTaken');
        expect(await store.link({ host: 'other', account: 'team_1' }, 'cus_1', t0)).toBe('customerTaken');
        expect(await store.link({ host: 'other', account: 'team_1' }, 'cus_2', t0)).toBe('linked');
      });

      it('leaves a tombstone of a deleted customer, and lets its account have another whose revision goes on', async () => {
        await store.link(acme, 'cus_1', t0);
        await syncOnce(factsWith(), t0);
        await store.raiseTicket('cus_1', 'webhook', t0 + 1);
        await syncOnce(factsWith({ deleted: true }), t0 + 1);
        expect((await store.findAccount(acme))?.facts?.deleted).toBe(true);

        expect(await store.link(acme, 'cus_1', t0 + 2)).toBe('customerDeleted');
        expect(await store.link(acme, 'cus_2', t0 + 2)).toBe('linked');
        expect(await store.findAccount(acme)).toMatchObject({ customer: 'cus_2', revision: 2, facts: null });
      });

      it('never claims or raises a tombstone', async () => {
        await store.link(acme, 'cus_1', t0);
        await syncOnce(factsWith({ deleted: true }), t0);
        expect(await store.raiseTicket('cus_1', 'return', t0 + 1)).toBeNull();
        expect(await store.recordHint(hintFor('evt_1'), t0 + 1)).toBe('closed');
        expect(await store.claim(t0 + 2, lease, 10)).toEqual([]);
      });
    });

    describe('hints', () => {
      beforeEach(() => store.link(acme, 'cus_1', t0));

      it('raise the ticket once an event id, however often it is delivered', async () => {
        expect(await store.recordHint(hintFor('evt_1'), t0)).toBe('ticket');
        expect(await store.recordHint(hintFor('evt_1'), t0 + 1)).toBe('duplicate');
        expect(await ticketOf()).toBe(2);
      });

      it('leave it stale since the first of them', async () => {
        await syncOnce(factsWith(), t0);
        await store.recordHint(hintFor('evt_1'), t0 + 1);
        await store.recordHint(hintFor('evt_2'), t0 + 2);
        expect(await store.findAccount(acme)).toMatchObject({ ticket: 3, staleSince: t0 + 1 });
      });

      it('of a customer nobody linked are recorded and closed, without a row', async () => {
        expect(await store.recordHint(hintFor('evt_1', { customer: 'cus_stranger' }), t0)).toBe('closed');
        expect(await store.recordHint(hintFor('evt_1', { customer: 'cus_stranger' }), t0)).toBe('duplicate');
        expect(await store.claim(t0, lease, 10)).toHaveLength(1);
      });

      it('delivered together are all counted, each for itself', async () => {
        const hints = Array.from({ length: 40 }, (_, index) => hintFor(`evt_${index % 25}`));
        const outcomes = await Promise.all(hints.map((hint) => store.recordHint(hint, t0)));
        expect(outcomes.filter((outcome) => outcome === 'ticket')).toHaveLength(25);
        expect(outcomes.filter((outcome) => outcome === 'duplicate')).toHaveLength(15);
        expect(await ticketOf()).toBe(26);
      });

      it('that cannot be written fail alone in a shared commit, and leave no trace', async () => {
        const bad = hintFor('evt_bad', { type: Symbol('no column holds this') as unknown as string });
        const [first, second, third] = await Promise.allSettled([
          store.recordHint(hintFor('evt_1'), t0),
          store.recordHint(bad, t0),
          store.recordHint(hintFor('evt_2'), t0),
        ]);
        expect([first?.status, second?.status, third?.status]).toEqual(['fulfilled', 'rejected', 'fulfilled']);
        expect(await ticketOf()).toBe(3);
        expect(await store.recordHint(hintFor('evt_bad'), t0)).toBe('ticket');
      });

      it('survive the process: what was answered is there when the ledger is opened again', async () => {
        await store.recordHint(hintFor('evt_1'), t0);
        const later = await open();
        expect(await later.recordHint(hintFor('evt_1'), t0)).toBe('duplicate');
        expect(await later.findAccount(acme)).toMatchObject({ ticket: 2 });
      });

      it('without a customer stay open until somebody finds it, and raise the ticket when they close', async () => {
        const open = hintFor('evt_1', {
          concerns: 'subject',
          customer: null,
          subject: { type: 'subscription', id: 'sub_1' },
        });
        expect(await store.recordHint(open, t0)).toBe('open');
        expect(await ticketOf()).toBe(1);

        expect(await store.takeOpenHints(t0, lease, 10)).toEqual([
          { event: 'evt_1', subject: { type: 'subscription', id: 'sub_1' }, attempts: 1 },
        ]);
        expect(await store.takeOpenHints(t0 + 1, lease, 10), 'taken until the lease ends').toEqual([]);
        expect(await store.takeOpenHints(t0 + lease, lease, 10), 'the taker died').toHaveLength(1);

        expect(await store.closeHint('evt_1', 'cus_1', t0 + lease)).toEqual(acme);
        expect(await ticketOf()).toBe(2);
        expect(await store.closeHint('evt_1', 'cus_1', t0 + lease), 'closed once').toBeNull();
        expect(await ticketOf()).toBe(2);
        expect(await store.takeOpenHints(t0 + 9 * lease, lease, 10)).toEqual([]);
      });

      it('that could not be resolved come back when their time has come', async () => {
        await store.recordHint(
          hintFor('evt_1', { concerns: 'subject', customer: null, subject: { type: 'invoice', id: 'in_1' } }),
          t0,
        );
        await store.takeOpenHints(t0, lease, 10);
        await store.postponeHint('evt_1', t0 + 500);
        expect(await store.takeOpenHints(t0 + 499, lease, 10)).toEqual([]);
        expect(await store.takeOpenHints(t0 + 500, lease, 10)).toMatchObject([{ attempts: 2 }]);
      });
    });

    describe('claim and apply', () => {
      beforeEach(() => store.link(acme, 'cus_1', t0));

      it('make the customer fresh', async () => {
        const claim = await claimOne(t0);
        expect(claim).toMatchObject({
          customer: 'cus_1',
          ticket: 1,
          claim: 1,
          cause: 'link',
          facts: null,
          fetchedAt: null,
          linkedAt: t0,
        });
        expect(await store.apply(claim, factsWith(), t0, t0 + 5, t0 + 3)).toEqual({
          applied: true,
          changed: true,
          stale: false,
          told: 0,
        });
        expect(await store.findAccount(acme)).toMatchObject({
          syncedTicket: 1,
          staleSince: null,
          fetchedAt: t0,
          revision: 1,
          confirmedBy: 'link',
          nextChangeAt: t0 + 5,
          facts: factsWith(),
        });
        expect(await store.claim(t0 + 10, lease, 10)).toEqual([]);
      });

      it('leave it stale when a hint came during the fetch', async () => {
        const claim = await claimOne(t0);
        await store.recordHint(hintFor('evt_1'), t0 + 1);
        expect(await store.apply(claim, factsWith(), t0, null, t0 + 2)).toEqual({
          applied: true,
          changed: true,
          stale: true,
          told: 0,
        });
        expect(await store.findAccount(acme)).toMatchObject({ ticket: 2, syncedTicket: 1, staleSince: t0 });
        expect(await claimOne(t0 + 3)).toMatchObject({ ticket: 2, cause: 'webhook' });
      });

      it('let nobody else in while the lease lasts, and somebody else when it ran out', async () => {
        await claimOne(t0);
        expect(await store.claim(t0 + lease - 1, lease, 10)).toEqual([]);
        expect(await claimOne(t0 + lease)).toMatchObject({ claim: 2 });
      });

      it('end with a process that is gone, where there is only one', async () => {
        await claimOne(t0);
        await store.recordHint(
          hintFor('evt_1', { concerns: 'subject', customer: null, subject: { type: 'invoice', id: 'in_1' } }),
          t0,
        );
        await store.takeOpenHints(t0, lease, 10);
        const restarted = await open();
        await restarted.resume();
        expect(await restarted.claim(t0 + 1, lease, 10)).toHaveLength(sharedByProcesses ? 0 : 1);
        expect(await restarted.takeOpenHints(t0 + 1, lease, 10)).toHaveLength(sharedByProcesses ? 0 : 1);
      });

      it('fence a slow worker: after its lease ran out its older truth is not written', async () => {
        const slow = await claimOne(t0);
        const quick = await claimOne(t0 + lease);
        await store.apply(quick, factsWith({ methodDigest: 'newer' }), t0 + lease, null, t0 + lease);
        await store.raiseTicket('cus_1', 'webhook', t0 + lease + 1);
        expect(await store.apply(slow, factsWith({ methodDigest: 'older' }), t0, null, t0 + lease + 2)).toMatchObject({
          applied: false,
        });
        expect((await store.findAccount(acme))?.facts?.methodDigest).toBe('newer');
      });

      it('fence a slow worker also before the newer one has written', async () => {
        const slow = await claimOne(t0);
        const quick = await claimOne(t0 + lease);
        expect(await store.apply(slow, factsWith({ methodDigest: 'older' }), t0, null, t0 + lease)).toMatchObject({
          applied: false,
        });
        expect(await store.apply(quick, factsWith(), t0 + lease, null, t0 + lease)).toMatchObject({ applied: true });
      });

      it('do not let the slow worker’s failure touch the newer claim', async () => {
        const slow = await claimOne(t0);
        await claimOne(t0 + lease);
        await store.fail(slow, 'stripe_unavailable', t0 + 9 * lease, t0 + lease);
        expect(await store.claim(t0 + lease + 1, lease, 10), 'the newer lease still stands').toEqual([]);
        expect(await claimOne(t0 + 2 * lease)).toMatchObject({ claim: 3, attempts: 0 });
      });

      it('keep the revision when the content is the same', async () => {
        await syncOnce(factsWith(), t0);
        await store.raiseTicket('cus_1', 'return', t0 + 1);
        expect(await syncOnce(factsWith(), t0 + 2)).toEqual({ applied: true, changed: false, stale: false, told: 0 });
        expect(await store.findAccount(acme)).toMatchObject({ revision: 1, confirmedBy: 'link', fetchedAt: t0 + 2 });
      });

      it('keep what each revision was', async () => {
        await syncOnce(factsWith({ methodDigest: 'one' }), t0);
        await store.raiseTicket('cus_1', 'return', t0 + 1);
        await syncOnce(factsWith({ methodDigest: 'two' }), t0 + 1);
        expect(await store.factsAt('cus_1', 1)).toEqual(factsWith({ methodDigest: 'one' }));
        expect(await store.factsAt('cus_1', 2)).toEqual(factsWith({ methodDigest: 'two' }));
        expect(await store.factsAt('cus_1', 3)).toBeNull();
      });

      it('back off after a failure, keep the facts, and say so', async () => {
        await syncOnce(factsWith(), t0);
        await store.raiseTicket('cus_1', 'webhook', t0 + 1);
        await store.fail(await claimOne(t0 + 2), 'stripe_unavailable', t0 + 5_000, t0 + 3);
        expect(await store.findAccount(acme)).toMatchObject({
          facts: factsWith(),
          staleSince: t0 + 1,
          failure: { code: 'stripe_unavailable', at: t0 + 3, attempts: 1 },
        });
        expect(await store.claim(t0 + 4_999, lease, 10)).toEqual([]);
        const again = await claimOne(t0 + 5_000);
        expect(again.attempts).toBe(1);
        await store.apply(again, factsWith(), t0 + 5_000, null, t0 + 5_001);
        expect(await store.findAccount(acme)).toMatchObject({ failure: null, staleSince: null });
      });

      it('cut the back-off short for somebody who waits, but do not hammer', async () => {
        await store.fail(await claimOne(t0), 'stripe_unavailable', t0 + 300_000, t0);
        await store.want('cus_1', t0 + 25_000);
        expect(await store.claim(t0 + 1_999, lease, 10)).toEqual([]);
        expect(await store.claim(t0 + 2_000, lease, 10)).toHaveLength(1);
      });

      it('take first those with somebody waiting, then the longest stale', async () => {
        await store.link({ host: 'acme', account: 'team_2' }, 'cus_2', t0 + 1);
        await store.link({ host: 'acme', account: 'team_3' }, 'cus_3', t0 + 2);
        await store.want('cus_3', t0 + 1_000);
        expect(await store.claim(t0 + 3, lease, 1)).toMatchObject([{ customer: 'cus_3' }]);
        expect(await store.claim(t0 + 3, lease, 1)).toMatchObject([{ customer: 'cus_1' }]);
      });

      it('give each stale customer to one of two workers', async () => {
        for (let index = 2; index <= 12; index++)
          await store.link({ host: 'acme', account: `team_${index}` }, `cus_${index}`, t0);
        const other = await open();
        const [mine, theirs] = await Promise.all([store.claim(t0, lease, 8), other.claim(t0, lease, 8)]);
        const taken = [...mine, ...theirs].map(({ customer }) => customer);
        expect(new Set(taken).size).toBe(12);
        expect(taken).toHaveLength(12);
      });
    });

    describe('time', () => {
      it('makes a customer due once, at its moment', async () => {
        await store.link(acme, 'cus_1', t0);
        await store.apply(await claimOne(t0), factsWith(), t0, t0 + 100, t0);
        expect(await store.due(t0 + 99, 10)).toEqual([]);
        expect(await store.due(t0 + 100, 10)).toMatchObject([{ customer: 'cus_1', nextChangeAt: t0 + 100 }]);
        await store.raiseDue('cus_1', t0 + 100, t0 + 500, t0 + 100);
        await store.raiseDue('cus_1', t0 + 100, t0 + 900, t0 + 100);
        expect(await store.findAccount(acme)).toMatchObject({ ticket: 2, nextChangeAt: t0 + 500 });
        expect(await claimOne(t0 + 101)).toMatchObject({ cause: 'time' });
      });
    });

    describe('the outbox', () => {
      const webhook = { host: 'acme', receiver: 'webhook' } as const;
      const entry = (id: string, change: Partial<OutboxEntry> = {}): OutboxEntry => ({
        id,
        receiver: 'webhook',
        type: 'subscription.kept',
        data: { subscription: id, plan: null },
        ...change,
      });
      const tell = async (notices: readonly OutboxEntry[], at: number, customer = 'cus_1') => {
        await store.raiseTicket(customer, 'webhook', at);
        const claims = await store.claim(at, lease, 10);
        const claim = claims.find((each) => each.customer === customer);
        if (!claim) throw new Error('nothing was stale');
        return await store.apply(claim, factsWith(), at, null, at + 1, notices);
      };
      const ids = (claims: readonly NoticeClaim[]) => claims.map(({ id }) => id);
      const take = async (now: number, limit = 10) => store.claimNotices(webhook, now, lease, limit);
      const takeOne = async (now: number): Promise<NoticeClaim> => {
        const [claim] = await take(now);
        if (!claim) throw new Error('nothing was to be told');
        return claim;
      };
      beforeEach(() => store.link(acme, 'cus_1', t0));

      it('is written with the facts, whether or not their content differs', async () => {
        expect(await tell([entry('n1')], t0)).toMatchObject({ changed: true, told: 1 });
        expect(await takeOne(t0 + 2)).toEqual({ ...acme, ...entry('n1'), revision: 1, at: t0, attempts: 1 });
        await store.noticeDelivered(await takeOne(t0 + 2 + lease), t0 + 2 + lease);
        expect(await tell([entry('n2')], t0 + 5)).toMatchObject({ changed: false, told: 1 });
        expect(await (await open()).claimNotices(webhook, t0 + 9, lease, 10)).toMatchObject([
          { id: 'n2', revision: 1 },
        ]);
      });

      it('gets nothing from a fenced worker', async () => {
        const slow = await claimOne(t0);
        const quick = await claimOne(t0 + lease);
        expect(await store.apply(slow, factsWith(), t0, null, t0 + lease, [entry('slow')])).toMatchObject({
          applied: false,
          told: 0,
        });
        await store.apply(quick, factsWith(), t0 + lease, null, t0 + lease, [entry('quick')]);
        expect(ids(await take(t0 + lease))).toEqual(['quick']);
      });

      it('gets nothing when the facts are not written', async () => {
        const claim = await claimOne(t0);
        const unwritable = entry('n1', {
          data: {
            toJSON() {
              throw new Error('unwritable');
            },
          },
        });
        await expect(
          store.apply(claim, factsWith({ methodDigest: 'new' }), t0, null, t0, [entry('n0'), unwritable]),
        ).rejects.toThrow('unwritable');
        expect(await store.findAccount(acme)).toMatchObject({ facts: null, syncedTicket: 0 });
        expect(await take(t0)).toEqual([]);
      });

      it('tells a fact once, each receiver by itself', async () => {
        expect(await tell([entry('n1'), entry('n1', { receiver: 'process' })], t0)).toMatchObject({ told: 2 });
        await store.noticeDelivered(await takeOne(t0 + 2), t0 + 2);
        expect(await tell([entry('n1'), entry('n1', { receiver: 'process' })], t0 + 5)).toMatchObject({ told: 0 });
        expect(await take(t0 + 9)).toEqual([]);
        const toProcess = { host: 'acme', receiver: 'process' } as const;
        expect(ids(await store.claimNotices(toProcess, t0 + 9, lease, 10))).toEqual(['n1']);
        expect(await store.claimNotices({ host: 'other', receiver: 'webhook' }, t0 + 9, lease, 10)).toEqual([]);
      });

      it('keeps each account’s order: the next one waits for the one before, other accounts do not', async () => {
        await store.link({ host: 'acme', account: 'team_2' }, 'cus_2', t0);
        await tell([entry('n1'), entry('n2')], t0);
        await tell([entry('n3')], t0 + lease);
        await tell([entry('m1')], t0 + 2 * lease, 'cus_2');

        const now = t0 + 3 * lease;
        const [first, other] = await take(now);
        expect([first?.id, other?.id]).toEqual(['n1', 'm1']);
        expect(await take(now), 'the rest waits').toEqual([]);
        if (!first || !other) throw new Error('two were to be told');
        await store.noticeDelivered(other, now);

        await store.noticeFailed(first, 'webhook_refused', now + 500, now);
        expect(await take(now + 499), 'also while the first one backs off').toEqual([]);
        await store.noticeDelivered(await takeOne(now + 500), now + 500);
        await store.noticeFailed(await takeOne(now + 501), 'webhook_refused', null, now + 502);
        expect(ids(await take(now + 503)), 'a given up one stands in nobody’s way').toEqual(['n3']);
      });

      it('is taken oldest first, and by one of two deliverers', async () => {
        for (let index = 2; index <= 12; index++) {
          await store.link({ host: 'acme', account: `team_${index}` }, `cus_${index}`, t0);
          await store.claim(t0, lease, 1);
        }
        for (let index = 2; index <= 12; index++) await tell([entry(`n${index}`)], t0 + index * lease, `cus_${index}`);
        const other = await open();
        const now = t0 + 20 * lease;
        const [mine, theirs] = await Promise.all([take(now, 6), other.claimNotices(webhook, now, lease, 6)]);
        expect(ids(mine)).toEqual(['n2', 'n3', 'n4', 'n5', 'n6', 'n7']);
        expect(ids(theirs)).toEqual(['n8', 'n9', 'n10', 'n11', 'n12']);
      });

      it('delivers again after a crash between claim and delivery: when the lease ends, or at once where nobody else works', async () => {
        await tell([entry('n1')], t0);
        await takeOne(t0 + 1);
        expect(await take(t0 + lease)).toEqual([]);
        expect(await takeOne(t0 + 1 + lease)).toMatchObject({ id: 'n1', attempts: 2 });
        const restarted = await open();
        await restarted.resume();
        expect(await restarted.claimNotices(webhook, t0 + 2 + lease, lease, 10)).toHaveLength(
          sharedByProcesses ? 0 : 1,
        );
      });

      it('does not let a slow deliverer’s failure touch the newer claim, but takes its success', async () => {
        await tell([entry('n1')], t0);
        const slow = await takeOne(t0 + 1);
        await takeOne(t0 + 1 + lease);
        await store.noticeFailed(slow, 'webhook_timeout', null, t0 + 2 + lease);
        expect(await take(t0 + 3 + lease), 'neither given up nor back in the queue').toEqual([]);
        expect(await takeOne(t0 + 1 + 2 * lease)).toMatchObject({ id: 'n1', attempts: 3 });
        await store.noticeDelivered(slow, t0 + 2 * lease);
        expect(await take(t0 + 9 * lease)).toEqual([]);
      });

      it('is forgotten in time, and a fact that was forgotten can be told again', async () => {
        await tell([entry('n1')], t0);
        await tell([entry('n2')], t0 + 100);
        await store.prune(t0 + 50);
        expect(ids(await take(t0 + 200))).toEqual(['n2']);
        expect(await tell([entry('n1')], t0 + 300)).toMatchObject({ told: 1 });
      });
    });

    describe('a first purchase', () => {
      it('notes once that a customer is about to be created, and again only when it was renewed', async () => {
        expect(await store.intendCustomer(acme, t0)).toEqual({ generation: 0, since: t0 });
        expect(await (await open()).intendCustomer(acme, t0 + 9)).toEqual({ generation: 0, since: t0 });
        expect(await store.renewIntent(acme, 0, t0 + 10)).toEqual({ generation: 1 });
        expect(await store.renewIntent(acme, 0, t0 + 10), 'somebody else was first').toEqual({ generation: 1 });
        expect(await store.intendCustomer(acme, t0 + 11)).toEqual({ generation: 1, since: t0 + 10 });
        expect(await store.intendCustomer({ host: 'other', account: 'team_1' }, t0)).toEqual({
          generation: 0,
          since: t0,
        });
      });

      it('after a customer was deleted is of another generation: the old key would give the deleted one', async () => {
        await store.intendCustomer(acme, t0);
        await store.link(acme, 'cus_1', t0);
        await syncOnce(factsWith({ deleted: true }), t0);
        expect(await store.intendCustomer(acme, t0 + 1)).toEqual({ generation: 1, since: t0 + 1 });
      });

      it('is one at a time: the lock is held by one, for a while, and gives what is open', async () => {
        const other = await open();
        expect(await store.lockCheckout(acme, 'mine', 1_000, t0)).toEqual({ last: null });
        expect(await other.lockCheckout(acme, 'theirs', 1_000, t0 + 999)).toBeNull();
        expect(await other.lockCheckout({ host: 'acme', account: 'team_2' }, 'theirs', 1_000, t0)).toEqual({
          last: null,
        });
        const checkout = { session: 'cs_1', offer: 'team', returnUrl: 'https://app.acme.example/' };
        await store.keepCheckout(acme, 'mine', checkout);
        await store.unlockCheckout(acme, 'mine');
        expect(await other.lockCheckout(acme, 'theirs', 1_000, t0 + 1)).toEqual({ last: checkout });
      });

      it('is not written by whoever lost the lock', async () => {
        await store.lockCheckout(acme, 'slow', 1_000, t0);
        expect(await store.lockCheckout(acme, 'quick', 1_000, t0 + 1_000)).toEqual({ last: null });
        await store.keepCheckout(acme, 'slow', { session: 'cs_slow', offer: 'team', returnUrl: '' });
        await store.unlockCheckout(acme, 'slow');
        expect(await store.lockCheckout(acme, 'third', 1_000, t0 + 1_500), 'the quick one still has it').toBeNull();
        expect(await store.lockCheckout(acme, 'third', 1_000, t0 + 2_000)).toEqual({ last: null });
      });
    });

    describe('visits', () => {
      const visit = {
        ...acme,
        id: 'v1',
        customer: 'cus_1',
        kind: 'portal',
        seen: 0,
        openedAt: t0,
        expiresAt: t0 + 10_000,
      } as const;
      beforeEach(async () => {
        await store.link(acme, 'cus_1', t0);
        await syncOnce(factsWith(), t0);
        await store.openVisit(visit);
      });

      it('are found by their own account, until they expire', async () => {
        expect(await store.findVisit('v1', acme, t0 + 9_999)).toMatchObject({
          ...visit,
          returnTicket: null,
          outcome: null,
        });
        expect(await store.findVisit('v1', acme, t0 + 10_000)).toBeNull();
        expect(await store.findVisit('v1', { host: 'acme', account: 'team_2' }, t0)).toBeNull();
        expect(await store.findVisit('v1', { host: 'other', account: 'team_1' }, t0)).toBeNull();
        expect(await store.findVisit('v2', acme, t0)).toBeNull();
      });

      it('raise at most one ticket in a while, and name the one to wait for', async () => {
        expect(await store.returnVisit('v1', 5_000, t0 + 1)).toBe(2);
        expect(await store.returnVisit('v1', 5_000, t0 + 5_000)).toBe(2);
        expect(await store.returnVisit('v1', 5_000, t0 + 5_001)).toBe(3);
        expect(await ticketOf()).toBe(3);
      });

      it('do not wait for a fetch that began before the return; it is fenced', async () => {
        await store.raiseTicket('cus_1', 'webhook', t0 + 1);
        const early = await claimOne(t0 + 1);
        await store.returnVisit('v1', 5_000, t0 + 2);
        const answering = await claimOne(t0 + 2);
        expect(answering.ticket).toBe(3);
        expect(await store.apply(early, factsWith({ methodDigest: 'early' }), t0 + 1, null, t0 + 3)).toMatchObject({
          applied: false,
        });
        expect(await store.apply(answering, factsWith(), t0 + 2, null, t0 + 3)).toMatchObject({ applied: true });
      });

      it('settle; unchanged may become changed, changed stays', async () => {
        await store.settleVisit('v1', 'unchanged', []);
        expect(await store.findVisit('v1', acme, t0)).toMatchObject({ outcome: 'unchanged' });
        await store.settleVisit('v1', 'changed', []);
        await store.settleVisit('v1', 'unchanged', []);
        expect(await store.findVisit('v1', acme, t0)).toMatchObject({ outcome: 'changed' });
      });

      it('are looked at again at their times, each once', async () => {
        await store.settleVisit('v1', 'unchanged', [t0 + 5_000, t0 + 30_000]);
        await store.settleVisit('v1', 'unchanged', [t0 + 6_000, t0 + 31_000]);
        expect(await store.raiseRechecks(t0 + 4_999)).toBe(0);
        expect(await store.raiseRechecks(t0 + 5_000)).toBe(1);
        expect(await store.raiseRechecks(t0 + 29_999)).toBe(0);
        expect(await store.raiseRechecks(t0 + 30_000)).toBe(1);
        expect(await store.raiseRechecks(t0 + 99_000)).toBe(0);
        expect(await ticketOf()).toBe(3);
      });

      it('are not looked at again once they turned out changed', async () => {
        await store.settleVisit('v1', 'unchanged', [t0 + 5_000, t0 + 30_000]);
        await store.settleVisit('v1', 'changed', []);
        expect(await store.raiseRechecks(t0 + 99_000)).toBe(0);
      });
    });

    describe('the ledger itself', () => {
      it('has an epoch and a digest key for good', async () => {
        const again = await open();
        expect(again.epoch).toBe(store.epoch);
        expect(again.digestKey).toBe(store.digestKey);
        expect(store.digestKey.length).toBeGreaterThanOrEqual(43);
      });

      it('belongs to one Stripe account and mode', async () => {
        await store.pin({ account: 'acct_1', livemode: false });
        await store.pin({ account: 'acct_1', livemode: false });
        await expect(store.pin({ account: 'acct_2', livemode: false })).rejects.toThrow(LedgerPinnedError);
        await expect((await open()).pin({ account: 'acct_1', livemode: true })).rejects.toThrow(LedgerPinnedError);
      });

      it('keeps the catalogue', async () => {
        await store.saveProducts([
          { id: 'prod_1', name: 'Team' },
          { id: 'prod_2', name: null },
        ]);
        await store.saveProducts([{ id: 'prod_1', name: 'Team plus' }]);
        expect(new Map((await store.products()).map(({ id, name }) => [id, name]))).toEqual(
          new Map([
            ['prod_1', 'Team plus'],
            ['prod_2', null],
          ]),
        );
      });

      it('keeps prices, and a lookup key with the price that has it now', async () => {
        const price = (id: string, lookupKey: string | null, unitAmount = 900): ItemFacts => ({
          price: id,
          product: 'prod_1',
          lookupKey,
          currency: 'eur',
          unitAmount,
          interval: 'month',
          intervalCount: 1,
          quantity: 1,
          metered: false,
          taxExcluded: false,
        });
        await store.savePrices([price('price_1', 'team'), price('price_2', null)]);
        await store.savePrices([price('price_3', 'team', 1_200)]);
        const saved = (await store.prices()).toSorted((a, b) => a.price.localeCompare(b.price));
        expect(saved).toEqual([price('price_1', null), price('price_2', null), price('price_3', 'team', 1_200)]);
      });

      it('forgets what is old, but never an open hint', async () => {
        await store.link(acme, 'cus_1', t0);
        await store.recordHint(hintFor('evt_old'), t0);
        await store.recordHint(
          hintFor('evt_open', { concerns: 'subject', customer: null, subject: { type: 'charge', id: 'ch_1' } }),
          t0,
        );
        await store.recordHint(hintFor('evt_new'), t0 + 100);
        await store.prune(t0 + 50);
        expect(await store.recordHint(hintFor('evt_old'), t0 + 200)).toBe('ticket');
        expect(await store.recordHint(hintFor('evt_new'), t0 + 200)).toBe('duplicate');
        expect(await store.takeOpenHints(t0 + 200, lease, 10)).toMatchObject([{ event: 'evt_open' }]);
      });

      it('answers a ping', async () => {
        await expect(store.ping()).resolves.toBeUndefined();
      });
    });
  });
}
