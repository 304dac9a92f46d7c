/** A ledger that a former version wrote, or that is damaged: no read fails, and its customers are fetched anew. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { legibleFacts } from '../../../server/src/billing/legible-facts.ts';
import type { CustomerFacts, SubscriptionFacts } from '../../../server/src/billing/facts.ts';
import { customer as factsOf, item, open, pastDue, subscription } from '../fixtures/facts.ts';
import { followAccount, type FollowedAccount } from '../support/followed-account.ts';

const plans = [{ key: 'team', lookupKey: 'team_monthly', features: ['export'] }];

let followed: FollowedAccount;
let stored: CustomerFacts;
beforeAll(async () => {
  followed = await followAccount({ plans });
  const [row] = query('SELECT facts FROM customers WHERE customer = ?') as { facts: string }[];
  stored = JSON.parse(row?.facts ?? '') as CustomerFacts;
});
afterAll(() => followed.close());

/** By another program, as an operator's. */
function query(sql: string, ...values: readonly string[]): unknown[] {
  const { bff, customers } = followed.harness;
  const db = new Database(bff.database);
  try {
    const statement = db.prepare(sql);
    return statement.reader ? statement.all(...values, customers.active) : [statement.run(...values, customers.active)];
  } finally {
    db.close();
  }
}

async function store(facts: unknown): Promise<void> {
  query('UPDATE customers SET facts = ?, revision = revision + 1 WHERE customer = ?', JSON.stringify(facts));
  // The database is asked once a turn whether another program wrote to it.
  await nextTurn();
}
const without = (...names: (keyof SubscriptionFacts)[]) =>
  stored.subscriptions.map((each) =>
    Object.fromEntries(Object.entries(each).filter(([name]) => !(names as string[]).includes(name))),
  );
const withItem = (items: unknown) => stored.subscriptions.map((each) => ({ ...each, items }));

describe('facts that cannot be read', () => {
  beforeEach(() => followed.accessWhen(({ level }) => level === 'full'));

  it.each<[string, () => unknown]>([
    ['nothing', () => ({})],
    ['a list', () => []],
    ['no subscriptions', () => ({ ...stored, subscriptions: null })],
    ['an empty subscription', () => ({ ...stored, subscriptions: [{}] })],
    ['no next phase', () => ({ ...stored, subscriptions: without('next') })],
    ['no pause', () => ({ ...stored, subscriptions: without('pause') })],
    ['no invoices', () => ({ ...stored, subscriptions: without('latestInvoice', 'openInvoices') })],
    ['an empty item', () => ({ ...stored, subscriptions: withItem([{}]) })],
    ['no item', () => ({ ...stored, subscriptions: withItem([null]) })],
  ])('%s: known again at the first look, without news', async (_, facts) => {
    await store(facts());
    followed.heard();
    const snapshot = await followed.harness.bff.snapshot(followed.harness.as('active'));
    expect(snapshot).toMatchObject({ state: 'active', plan: { name: 'Team' } });
    expect(await followed.access()).toMatchObject({ level: 'full', features: ['export'] });
    expect(followed.heard()).toEqual([]);
  });

  it('a backend is told "unknown" while Stripe cannot be asked, and never "none"', async () => {
    const { faults } = followed.harness.sandbox;
    faults.next({ kind: 'serverError', path: '/v1/subscriptions', times: 100 });
    await store({});
    expect(await followed.access()).toMatchObject({ level: 'unknown', state: 'unknown', plans: [] });
    faults.clear();
    expect(await followed.accessWhen(({ level }) => level === 'full')).toMatchObject({ features: ['export'] });
  });
});

it('all facts that a look makes can be read', () => {
  const facts = factsOf([subscription(), pastDue(), subscription({ ...open(), next: { at: 1, items: [item()] } })]);
  expect(legibleFacts(facts)).toBe(facts);
  expect(legibleFacts(JSON.parse(JSON.stringify(stored)))).toEqual(stored);
});
