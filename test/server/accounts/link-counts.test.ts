/**
 * L10, L31, L35: accounts whose customer is in question, each kind several times, with every token that a page or a backend of
 * theirs may have and several tabs at once. The table counts events that may never happen: a second purchase, a payer that is locked out,
 * an account that is let in without having paid.
 */

import process from 'node:process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { OpenedVisit } from '@billhook/widget/contract';
import { linkAccount } from '../../../server/src/cli/link.ts';
import type { CallInit } from '../support/bff.ts';
import { startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

/** Accounts of each kind. */
const each = 5;
const tabs = 4;

let harness: BffHarness;
const table: string[] = [];
beforeAll(async () => {
  harness = await startBffHarness({ host: { offers: [{ id: 'team', price: 'team_monthly' }] } });
  // The worker has asked for the offers' prices.
  const { account } = harness.as('ended');
  await harness.bff.snapshot(harness.as('ended'));
  while ((await harness.bff.snapshot({ account })).offers.length === 0) await new Promise(setImmediate);
});
afterAll(async () => {
  process.stdout.write(`\nkind | accounts | purchases tried | ${columns.join(' | ')}\n${table.join('\n')}\n`);
  await harness.close();
});

const columns = ['bought', 'second purchases', 'payers locked out', 'let in without paying', 'left unknown'] as const;

/** One account in the end: whether it is paid for, and the customers that are, or were said to be, its buyer's. */
interface Settled {
  readonly account: string;
  readonly paid: boolean;
  readonly customers: readonly string[];
}

const made = async (metadata: Record<string, string> = {}) => (await harness.stripe.customers.create({ metadata })).id;
async function paying(metadata: Record<string, string> = {}): Promise<string> {
  const customer = await made(metadata);
  const method = await harness.stripe.paymentMethods.attach('pm_card_visa', { customer });
  const [price] = (await harness.stripe.prices.list({ lookup_keys: ['team_monthly'] })).data;
  const items = [{ price: String(price?.id) }];
  await harness.stripe.subscriptions.create({ customer, default_payment_method: method.id, items });
  return customer;
}

const by = (account: string, customer: string | null = null): CallInit => ({ account, mint: { customer } });
const read = (init: CallInit) => harness.bff.call('/v1/billing', init);
const form = { number: '4242 4242 4242 4242', expiry: '12 / 34', cvc: '123' };

let tried = 0;
/** Buys in several tabs at once with each of the tokens, and pays on every page that opens. */
async function buyWith(tokens: readonly CallInit[]): Promise<void> {
  const asked = Array.from({ length: tabs }, () => tokens).flat();
  tried += asked.length;
  const answers = await Promise.all(
    asked.map((init) => harness.bff.call('/v1/checkout-sessions', { ...init, body: { offer: 'team', seen: null } })),
  );
  for (const answer of answers) {
    if (answer.status !== 200) continue;
    const { url } = (await answer.json()) as OpenedVisit;
    // oxlint-disable-next-line no-await-in-loop -- one buyer, one page after the other
    await fetch(url, { method: 'POST', body: new URLSearchParams(form), redirect: 'manual' });
  }
  await harness.sandbox.deliveries.settled();
}

const customersMadeFor = (account: string) =>
  harness.sandbox.state.customers
    .list()
    .filter(({ metadata }) => metadata['billhook_account'] === account)
    .map(({ id }) => id);
const living = (customers: readonly string[]) =>
  harness.sandbox.state.subscriptions
    .list()
    .filter(({ customer, status }) => customers.includes(String(customer)) && status !== 'canceled').length;

/** The level once the account's facts are known; the test's own time limit is the limit. */
async function levelOf({ account, paid }: Settled, mayBeUnknown: boolean): Promise<string> {
  for (;;) {
    const { level, stale } = await harness.bff.billhook.access(account);
    if (!stale && (level === 'full') === paid) return level;
    if (level === 'unknown' && mayBeUnknown) return level;
    // A worker's look is under way, or the wrong answer stands: then it is counted.
    if (!stale && harness.bff.rows()['customers']?.every((row) => Object(row).stale_since === null)) return level;
    await new Promise(setImmediate);
  }
}

async function counted(kind: string, one: (account: string) => Promise<readonly Settled[]>, mayBeUnknown = false) {
  tried = 0;
  const settled: Settled[] = [];
  // oxlint-disable-next-line no-await-in-loop -- the tabs of one account are what comes at once
  for (let index = 0; index < each; index += 1) settled.push(...(await one(`${kind.replaceAll(' ', '_')}_${index}`)));
  const counts = { bought: 0, second: 0, lockedOut: 0, letIn: 0, unknown: 0 };
  for (const account of settled) {
    const bought = living([...new Set([...account.customers, ...customersMadeFor(account.account)])]);
    // oxlint-disable-next-line no-await-in-loop -- as above
    const level = await levelOf(account, mayBeUnknown);
    counts.bought += bought;
    counts.second += Math.max(0, bought - 1);
    counts.lockedOut += Number(account.paid && level === 'none');
    counts.letIn += Number(!account.paid && (level === 'full' || level === 'readOnly'));
    counts.unknown += Number(level === 'unknown');
  }
  table.push([kind, settled.length, tried, ...Object.values(counts)].join(' | '));
  return counts;
}

const never = { second: 0, lockedOut: 0, letIn: 0 };
const output = { stdout: { write: () => true }, stderr: { write: () => true } };

it('several tabs of an account without a customer: one purchase', async () => {
  const counts = await counted('two tabs', async (account) => {
    await read(by(account));
    await buyWith([by(account)]);
    await buyWith([by(account)]);
    return [{ account, paid: true, customers: [] }];
  });
  expect(counts).toEqual({ ...never, bought: each, unknown: 0 });
});

it('a customer that was deleted at Stripe, and is introduced still: let in again by buying anew', async () => {
  const counts = await counted('deleted customer', async (account) => {
    const gone = await paying();
    await read(by(account, gone));
    await harness.stripe.customers.del(gone);
    await harness.sandbox.deliveries.settled();
    const { level } = await harness.bff.billhook.access(account);
    expect(['none', 'full'], 'as Stripe was asked last').toContain(level);
    await buyWith([by(account, gone), by(account)]);
    return [{ account, paid: true, customers: [] }];
  });
  expect(counts).toEqual({ ...never, bought: each, unknown: 0 });
});

it('a customer that the host moved the account to: nothing is sold, and an operator lets the payer in', async () => {
  const customers = new Map<string, string>();
  const before = await counted(
    'moved customer',
    async (account) => {
      const [own, other] = [await made(), await paying()];
      customers.set(account, other);
      await read(by(account, own));
      await read(by(account, other));
      await buyWith([by(account, other), by(account, own), by(account)]);
      return [{ account, paid: true, customers: [own, other] }];
    },
    true,
  );
  expect(before).toEqual({ ...never, bought: each, unknown: each });
  const after = await counted('and linked by an operator', async (account) => {
    const moved = account.replace('and_linked_by_an_operator', 'moved_customer');
    const other = customers.get(moved) ?? '';
    expect(await linkAccount(['acme', moved, other, '--replace'], harness.options, output)).toBe(0);
    await read(by(moved, other));
    await buyWith([by(moved, other), by(moved)]);
    return [{ account: moved, paid: true, customers: [other] }];
  });
  expect(after).toEqual({ ...never, bought: each, unknown: 0 });
});

it('a customer of another account’s: the stranger is not let in, and the payer keeps what it has', async () => {
  const counts = await counted(
    'foreign customer',
    async (account) => {
      const owner = `${account}_owner`;
      // Billhook made it for its owner, which the metadata says.
      const customer = await paying({ billhook_host: 'acme', billhook_account: owner });
      await read(by(owner, customer));
      expect((await read(by(account, customer))).status).toBe(403);
      await buyWith([by(account, customer)]);
      return [
        { account: owner, paid: true, customers: [customer] },
        { account, paid: false, customers: [] },
      ];
    },
    true,
  );
  expect(counts).toEqual({ ...never, bought: each, unknown: each });
});

it('one customer for two workspaces: the first has it, and nothing is sold to the second by its name', async () => {
  const counts = await counted(
    'one customer for two workspaces',
    async (account) => {
      const second = `${account}_second`;
      const customer = await paying();
      await read(by(account, customer));
      await read(by(second, customer));
      await buyWith([by(account, customer), by(second, customer)]);
      return [
        { account, paid: true, customers: [customer] },
        { account: second, paid: false, customers: [] },
      ];
    },
    true,
  );
  expect(counts).toEqual({ ...never, bought: each, unknown: each });
});
