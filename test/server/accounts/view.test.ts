/** A kept view equals the one that would be judged anew: every change that may alter the judgement ends it. */

import { describe, expect, it } from 'vitest';
import type { Account } from '../../../server/src/accounts/account.ts';
import { createReadAccount } from '../../../server/src/accounts/view.ts';
import { defaultPolicy } from '../../../server/src/billing/judge/judge.ts';
import type { BillingStore } from '../../../server/src/ledger/ledger.ts';
import type { CustomerRecord } from '../../../server/src/ledger/customers.ts';
import type { NotedIntroduction } from '../../../server/src/ledger/links.ts';
import { customer, day, noon as now, subscription } from '../fixtures/facts.ts';

const ending = customer([subscription({ status: 'active', cancelAt: now + day })]);
const row: CustomerRecord = {
  host: 'acme',
  account: 'team_1',
  customer: 'cus_1',
  ticket: 3,
  syncedTicket: 3,
  staleSince: null,
  facts: ending,
  fetchedAt: now,
  revision: 2,
  confirmedBy: 'webhook',
  nextChangeAt: now + day,
  failure: null,
  preview: { ticket: 0, revision: 0, invoice: null, askedTicket: 0, askedAt: 0 },
};
const owner: Account = { host: 'acme', account: 'team_1', policy: defaultPolicy, mayManage: true };

function reader() {
  const world = {
    record: { ...row } as CustomerRecord | null,
    introduced: null as NotedIntroduction | null,
    version: 1,
    at: now,
    /** The ledger's commits; `null`: it does not tell. */
    changes: null as number | null,
    rowsRead: 0,
  };
  const store = {
    epoch: 'e',
    changeCount: () => world.changes,
    readAccount: async () => {
      world.rowsRead += 1;
      return { record: world.record, introduced: world.introduced, revision: world.record?.revision ?? 0 };
    },
  } as unknown as BillingStore;
  const catalogue = {
    get version() {
      return world.version;
    },
    productName: () => `Team ${world.version}`,
    price: () => null,
    soldPrice: () => null,
  };
  return { world, read: createReadAccount(store, catalogue, () => world.at) };
}

describe('an unchanged account', () => {
  it('is judged once, also when its row was read again', async () => {
    const { world, read } = reader();
    const first = await read(owner);
    world.record = { ...row, facts: structuredClone(ending) };
    world.at += day / 2;
    expect(await read(owner)).toBe(first);
  });

  it('has one view for managers and another for viewers', async () => {
    const { read } = reader();
    const [manager, colleague] = [await read(owner), await read({ ...owner, mayManage: false })];
    expect(manager.snapshot.actions).not.toEqual([]);
    expect(colleague.snapshot.actions).toEqual([]);
    expect(await read(owner)).toBe(manager);
  });
});

describe('where the ledger tells its commits', () => {
  it('the row is read again after each of them, and not before', async () => {
    const { world, read } = reader();
    world.changes = 7;
    const first = await read(owner);
    expect(await read(owner)).toBe(first);
    expect(world.rowsRead).toBe(1);
    // Of another account: the row is read, and found to be the same.
    world.changes = 8;
    expect(await read(owner)).toBe(first);
    expect(await read(owner)).toBe(first);
    expect(world.rowsRead).toBe(2);
    world.changes = 9;
    world.record = { ...row, ticket: 4, staleSince: now };
    expect((await read(owner)).record?.ticket).toBe(4);
  });

  it('a commit while the row is read is found by the next reading', async () => {
    const { world, read } = reader();
    world.changes = 7;
    const reading = read(owner);
    world.changes = 8;
    await reading;
    world.record = { ...row, ticket: 4, staleSince: now };
    expect((await read(owner)).record?.ticket).toBe(4);
  });

  it.each(['a deadline', 'the clock set back', 'a product renamed', 'another policy'] as const)(
    '%s ends the view without one',
    async (what) => {
      const { world, read } = reader();
      world.changes = 7;
      const first = await read(owner);
      if (what === 'a deadline') world.at = first.nextChangeAt ?? Number.NaN;
      if (what === 'the clock set back') world.at = now - day;
      if (what === 'a product renamed') world.version = 2;
      const policy =
        what === 'another policy' ? { ...defaultPolicy, resumeUrl: 'https://app.example/' } : defaultPolicy;
      expect(await read({ ...owner, policy })).not.toBe(first);
    },
  );
});

describe('a view is judged again when', () => {
  const changes: Record<string, Partial<CustomerRecord>> = {
    'the facts differ': { revision: 3, facts: customer([]) },
    'another customer is linked': { customer: 'cus_2' },
    'a ticket is raised': { ticket: 4, staleSince: now },
    'a ticket is synced': { syncedTicket: 2 },
    'the facts are fresher': { fetchedAt: now + 1 },
    'something else confirmed them': { confirmedBy: 'return' },
    'the next deadline moved': { nextChangeAt: null },
    'a fetch failed': { failure: { code: 'stripe_unavailable', at: now, attempts: 1 } },
  };
  it.each(Object.entries(changes))('%s', async (_, change) => {
    const { world, read } = reader();
    const first = await read(owner);
    world.record = { ...row, ...change };
    const second = await read(owner);
    expect(second).not.toBe(first);
    expect(second.record).toBe(world.record);
  });

  it('the host introduces another customer, and sells nothing until it is clear which one is the account’s', async () => {
    const { world, read } = reader();
    expect((await read(owner)).snapshot.access.level).toBe('full');
    const noted = { customer: 'cus_2', since: now, seenAt: now, checkedAt: now } as const;
    world.introduced = { ...noted, code: 'accountTaken' };
    expect((await read(owner)).snapshot.access).toMatchObject({ level: 'unknown', reason: 'unknown' });
    world.introduced = { ...noted, code: 'customerDeleted' };
    expect((await read(owner)).snapshot.access.level, 'a deleted one leaves no doubt').toBe('full');
  });

  it('a fetch failed once more', async () => {
    const { world, read } = reader();
    world.record = { ...row, failure: { code: 'stripe_unavailable', at: now, attempts: 1 } };
    const first = await read(owner);
    world.record = { ...row, failure: { code: 'stripe_unavailable', at: now + 1, attempts: 2 } };
    expect(await read(owner)).not.toBe(first);
  });

  it('its account is not linked any more', async () => {
    const { world, read } = reader();
    await read(owner);
    world.record = null;
    expect((await read(owner)).snapshot.state).toBe('none');
  });

  it('a deadline has come: ended access is not served from the kept view', async () => {
    const { world, read } = reader();
    world.record = { ...row, fetchedAt: now + day, nextChangeAt: null };
    world.at = now + day - 1;
    const before = await read(owner);
    world.at = before.nextChangeAt ?? Number.NaN;
    expect(Number.isFinite(world.at)).toBe(true);
    expect(await read(owner)).not.toBe(before);
  });

  it('the clock was set back', async () => {
    const { world, read } = reader();
    const first = await read(owner);
    world.at = now - day;
    expect(await read(owner)).not.toBe(first);
  });

  it('a product was renamed', async () => {
    const { world, read } = reader();
    expect((await read(owner)).snapshot.plan?.name).toBe('Team 1');
    world.version = 2;
    expect((await read(owner)).snapshot.plan?.name).toBe('Team 2');
  });

  it('the host’s policy is another', async () => {
    const { read } = reader();
    const first = await read(owner);
    expect(await read({ ...owner, policy: { ...defaultPolicy, resumeUrl: 'https://app.example/resume' } })).not.toBe(
      first,
    );
  });

  it('a portal rule is a function, which may read the clock', async () => {
    const { read } = reader();
    const rules = [{ use: 'limited', when: () => true }];
    const account = { ...owner, policy: { ...defaultPolicy, portal: { ...defaultPolicy.portal, rules } } };
    expect(await read(account)).not.toBe(await read(account));
  });
});
