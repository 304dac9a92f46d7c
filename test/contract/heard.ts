/**
 * The commits of another process that one has heard of: each that changes an account's row is among them, and a row that was
 * read before it is known to be old.
 */

import { expect, it, describe, vi, onTestFinished } from 'vitest';
import type { AccountRef } from '../../server/src/ledger/account.ts';
import type { ClaimOptions } from '../../server/src/ledger/customers.ts';
import { HeardChanges } from '../../server/src/ledger/postgres/heard-changes.ts';
import type { HeardCommits } from '../../server/src/ledger/feed.ts';
import type { BillingStore } from '../../server/src/ledger/ledger.ts';
import { eventFor, factsWith, lease, t0, type ContractHarness } from './harness.ts';

interface Subject extends AccountRef {
  readonly customer: string;
}

interface Change {
  /** Makes the state before it. Default: a customer that was fetched. */
  readonly before?: (store: BillingStore, subject: Subject) => Promise<unknown>;
  readonly commit: (store: BillingStore, subject: Subject) => Promise<unknown>;
}

const rest = 60_000;

const claimed = async (store: BillingStore, { customer }: Subject) => {
  const options: ClaimOptions = { watched: [customer], prioritized: true };
  const [claim] = await store.claim(t0 + 10, lease, 1, options);
  if (claim?.customer !== customer) throw new Error('the customer was not stale');
  return claim;
};
const synced = async (store: BillingStore, subject: Subject, facts = factsWith(), nextChangeAt: number | null = null) =>
  store.apply(await claimed(store, subject), { facts, fetchedAt: t0 + 10, nextChangeAt, now: t0 + 11 });
const linked = async (store: BillingStore, subject: Subject) => store.link(subject, subject.customer, t0);
const linkedAndSynced = async (store: BillingStore, subject: Subject) => {
  await linked(store, subject);
  await synced(store, subject);
};
const visit = ({ customer, ...ref }: Subject) =>
  ({ ...ref, id: customer, customer, kind: 'portal', seen: 0, openedAt: t0, expiresAt: t0 + lease }) as const;
const raised = async (store: BillingStore, subject: Subject) => {
  await linkedAndSynced(store, subject);
  await store.raiseTicket(subject.customer, 'check', t0 + 20);
};
const other = (subject: Subject): Subject => ({
  ...subject,
  account: `${subject.account} other`,
  customer: `${subject.customer}_other`,
});
const doubted = (store: BillingStore, subject: Subject) =>
  store.noteIntroduction(subject, other(subject).customer, 'customerTaken', t0, t0);

/** Every call of the contract whose commit changes the answer of `readAccount`, but for a preview that is asked for. */
const changes: Record<string, Change> = {
  'a link': { before: async () => undefined, commit: linked },
  'an event': {
    commit: (store, { customer }) => store.recordEvent(eventFor(`evt_${customer}`, { customer }), t0 + 20),
  },
  'an event that is resolved': {
    async before(store, subject) {
      await linkedAndSynced(store, subject);
      const found = { concerns: 'subject', customer: null, subject: { type: 'charge', id: 'ch_1' } } as const;
      await store.recordEvent(eventFor(`evt_${subject.customer}`, found), t0);
    },
    commit: (store, { customer }) => store.resolveEvent(`evt_${customer}`, customer, t0 + 20),
  },
  'a ticket': { commit: (store, { customer }) => store.raiseTicket(customer, 'check', t0 + 20) },
  'tickets of several': { commit: (store, { customer }) => store.raiseTickets([customer], 'sweep', t0 + 20) },
  'first facts': { before: linked, commit: (store, subject) => synced(store, subject) },
  'other facts': {
    before: raised,
    commit: (store, subject) => synced(store, subject, factsWith({ methodDigest: 'other' })),
  },
  'a deletion': { before: raised, commit: (store, subject) => synced(store, subject, factsWith({ deleted: true })) },
  'a failure': {
    before: raised,
    commit: async (store, subject) => store.fail(await claimed(store, subject), 'stripe_unavailable', t0 + 30, t0 + 20),
  },
  'a preview': {
    commit: async (store, { customer }) => {
      const claim = await store.claimPreview(customer, t0 + 20, rest);
      if (claim === null) throw new Error('the preview was taken');
      return await store.keepPreview(claim, null);
    },
  },
  'a deadline that has come': {
    before: async (store, subject) => {
      await linked(store, subject);
      await synced(store, subject, factsWith(), t0 + 15);
    },
    commit: (store, { customer }) => store.raiseDue(customer, t0 + 15, t0 + 30, t0 + 20),
  },
  'a return': {
    before: async (store, subject) => {
      await linkedAndSynced(store, subject);
      await store.openVisit(visit(subject));
    },
    commit: (store, { customer }) => store.returnVisit(customer, rest, t0 + 20),
  },
  'a recheck': {
    before: async (store, subject) => {
      await linkedAndSynced(store, subject);
      await store.openVisit(visit(subject));
      await store.settleVisit(subject.customer, 'unchanged', [t0 + 15]);
    },
    commit: (store) => store.raiseRechecks(t0 + 20),
  },
  'a doubt': { commit: doubted },
  'a doubt that is over': {
    before: async (store, subject) => {
      await linkedAndSynced(store, subject);
      await doubted(store, subject);
    },
    commit: (store, subject) => store.forgetIntroduction(subject),
  },
  'a doubt that another account’s link ends': {
    before: async (store, subject) => {
      await linkedAndSynced(store, subject);
      await doubted(store, subject);
    },
    commit: (store, subject) => store.changeLink(other(subject), other(subject).customer, true, t0 + 20),
  },
  'a doubt that is forgotten with time': {
    before: async (store, subject) => {
      await linkedAndSynced(store, subject);
      await doubted(store, subject);
    },
    commit: (store) => store.prune(t0 + 1),
  },
  'another customer': {
    commit: (store, subject) => store.changeLink(subject, other(subject).customer, true, t0 + 20),
  },
  'no customer any more': { commit: (store, subject) => store.changeLink(subject, null, true, t0 + 20) },
  'a new life': { commit: (store) => store.beginAnew(t0 + 20, 0) },
};

export function heardContract(harness: ContractHarness): void {
  describe('commits that are heard of', () => {
    it('are all that change what is read: of another process by its messages, of this one before its call resolves', async () => {
      const reader = await Reader.on(harness);
      const writer = await harness.open();
      for (const [what, change] of Object.entries(changes)) {
        expect.soft(await reader.hears(`${what}, of another`, change, writer, true), what).toBe(true);
        expect.soft(await reader.hears(`${what}, of its own`, change, harness.store, false), what).toBe(true);
      }
    });

    it('are missed, each of them, by a process that does not take down what it hears', async () => {
      const reader = await Reader.on(harness);
      const writer = await harness.open();
      vi.spyOn(HeardChanges.prototype, 'hear').mockImplementation(() => undefined);
      onTestFinished(() => void vi.restoreAllMocks());
      for (const [what, change] of Object.entries(changes)) {
        expect.soft(await reader.hears(what, change, writer, true), what).toBe(false);
      }
    });

    it('tell of the accounts that they change alone', async () => {
      const reader = await Reader.on(harness);
      const writer = await harness.open();
      const [one, another] = [subjectOf('one'), subjectOf('another')];
      await linkedAndSynced(writer, one);
      await linkedAndSynced(writer, another);
      await reader.caughtUp(writer);
      const moment = await reader.moment();
      await writer.raiseTicket(another.customer, 'check', t0 + 20);
      await reader.caughtUp(writer);
      expect(reader.heard.isSameSince(moment, one, one.customer)).toBe(true);
      expect(reader.heard.isSameSince(moment, another, another.customer)).toBe(false);
      expect(reader.heard.isSameSince(moment, one, another.customer)).toBe(false);
    });

    it('are not told where nothing is changed: an event that is ignored, or comes again, and tickets of no customer', async () => {
      const reader = await Reader.on(harness);
      const writer = await harness.open();
      await linkedAndSynced(writer, subjectOf('one'));
      await writer.recordEvent(eventFor('evt_1', { customer: 'cus_one' }), t0);
      await reader.caughtUp(writer);
      const before = await reader.moment();
      const ignored = [
        eventFor('evt_1', { customer: 'cus_one' }),
        eventFor('evt_2', { customer: 'cus_stranger' }),
        eventFor('evt_3', { concerns: 'none', customer: null }),
      ];
      for (const event of ignored) await writer.recordEvent(event, t0 + 1);
      expect(await writer.raiseTickets(['cus_stranger'], 'sweep', t0 + 1)).toBe(0);
      await reader.caughtUp(writer);
      // That it has caught up is told.
      expect(await reader.moment()).toBe(before + 1);
      const unresolved = eventFor('evt_4', {
        concerns: 'subject',
        customer: null,
        subject: { type: 'charge', id: 'ch_1' },
      });
      await Promise.all([...ignored, unresolved].map((event) => writer.recordEvent(event, t0 + 2)));
      await reader.caughtUp(writer);
      expect(await reader.moment(), 'one among them that is to be resolved').toBe(before + 3);
      await writer.recordEvent(unresolved, t0 + 3);
      await reader.caughtUp(writer);
      expect(await reader.moment()).toBe(before + 4);
    });

    it('prove nothing once the last answer of the connection is older than the bound, until it answers again', async () => {
      const reader = await Reader.on(harness);
      await reader.moment();
      for (const clock of [
        [performance, 'now'],
        [Date, 'now'],
      ] as const) {
        const [of, name] = clock as [Performance, 'now'];
        const real = of[name].bind(of);
        const late = vi.spyOn(of, name).mockImplementation(() => real() + reader.heard.lateAtMostMs);
        expect(reader.heard.moment()).toBeNull();
        await reader.moment();
        late.mockRestore();
        // Set back: of an answer that comes from the future nothing is known.
        if (of === (Date as unknown)) expect(reader.heard.moment()).toBeNull();
        await reader.moment();
      }
    });
  });
}

const subjectOf = (name: string): Subject => ({ host: 'acme', account: name, customer: `cus_${name}` });

/** A process that reads, and hears of what others write. */
class Reader {
  readonly heard: HeardCommits;
  readonly #store: BillingStore;
  readonly #marks = new Set<string>();
  #woken: () => void = () => {};

  static async on({ store }: ContractHarness): Promise<Reader> {
    if (store.heard === null) throw new Error('the store hears nothing');
    const reader = new Reader(store, store.heard);
    await store.link(subjectOf('mark'), 'cus_mark', t0);
    await reader.moment();
    return reader;
  }

  private constructor(store: BillingStore, heard: HeardCommits) {
    this.#store = store;
    this.heard = heard;
    onTestFinished(
      store.subscribe((change) => {
        if (change.kind === 'raised') for (const customer of change.customers) this.#marks.add(customer);
        this.#woken();
      }),
    );
  }

  /** Once messages are known to arrive. */
  async moment(): Promise<number> {
    for (;;) {
      const moment = this.heard.moment();
      if (moment !== null) return moment;
      // oxlint-disable-next-line no-await-in-loop -- the connection is asked, and answers
      await this.#store.ping();
    }
  }

  /** Messages arrive in the order of the commits: once this one is there, so are those from before it. */
  async caughtUp(writer: BillingStore): Promise<void> {
    this.#marks.clear();
    await writer.raiseTicket('cus_mark', 'check', t0);
    while (!this.#marks.has('cus_mark')) {
      // oxlint-disable-next-line no-await-in-loop -- as above
      await new Promise<void>((done) => (this.#woken = done));
    }
  }

  /** Whether a row that was read before the commit is known to be old after it. */
  async hears(name: string, change: Change, writer: BillingStore, byMessage: boolean): Promise<boolean> {
    const subject = subjectOf(name.replaceAll(/\W/g, '_'));
    await (change.before ?? linkedAndSynced)(writer, subject);
    await this.caughtUp(writer);
    const moment = await this.moment();
    const before = await this.#read(subject);
    await change.commit(writer, subject);
    if (byMessage) await this.caughtUp(writer);
    expect((await this.#read(subject)).text, `${name}: a change`).not.toBe(before.text);
    return !this.heard.isSameSince(moment, subject, before.customer);
  }

  async #read(subject: Subject) {
    const { record, ...row } = await this.#store.readAccount(subject);
    return {
      customer: record?.customer ?? null,
      text: JSON.stringify({ ...row, record: record === null ? null : { ...record, facts: record.facts } }),
    };
  }
}
