/**
 * A host's introduction and the ledger's link may differ: a customer that was deleted, moved, is unknown, or pays for
 * another account. No account is locked out, none gets another's access, and nothing is sold twice.
 */

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AccessAnswer, OpenedVisit } from '@billhook/widget/contract';
import { diagnoseLinks } from '../../../server/src/cli/doctor/links.ts';
import { linkAccount } from '../../../server/src/cli/link.ts';
import type { LogFields } from '../../../server/src/log.ts';
import { openSqliteStore } from '../../../server/src/ledger/sqlite/ledger.ts';
import { problemOf, type CallInit } from '../support/bff.ts';
import { billingWhen, startBffHarness, type BffHarness } from '../support/with-sandbox.ts';

let harness: BffHarness;
/** Milliseconds by which all clocks are ahead. It never decreases. */
let lead = 0;
const later = (ms: number) => void (lead += ms);
const warned: { readonly what: string; readonly fields: LogFields }[] = [];
beforeAll(async () => {
  const real = Date.now;
  vi.spyOn(Date, 'now').mockImplementation(() => real() + lead);
  const note = (what: string, fields: LogFields = {}) => void warned.push({ what, fields });
  harness = await startBffHarness({
    host: { offers: [{ id: 'team', price: 'team_monthly' }] },
    log: { info: note, warn: note, error: note },
  });
});
afterAll(async () => {
  await harness.close();
  vi.restoreAllMocks();
});
afterEach(async () => {
  const store = openSqliteStore(harness.bff.database);
  await store.forgetIntroduction({ host: 'acme', account });
  await store.close();
});

let count = 0;
let account: string;
beforeEach(() => {
  account = `workspace_${++count}`;
  warned.length = 0;
  harness.sandbox.requests.clear();
});

const made = async () => (await harness.stripe.customers.create({})).id;
const introducing = (customer: string, init: CallInit = {}): CallInit => ({ account, mint: { customer }, ...init });
const backend = (customer?: string): CallInit => ({
  account,
  mint: { scope: ['access'], ...(customer === undefined ? {} : { customer }) },
});
const access = async (init: CallInit) => (await (await harness.bff.call('/v1/access', init)).json()) as AccessAnswer;
const buy = (init: CallInit) =>
  harness.bff.call('/v1/checkout-sessions', { ...init, body: { offer: 'team', seen: null } });
const lookedUp = (customer: string) =>
  harness.sandbox.requests.list({ method: 'GET', path: `/v1/customers/${customer}` }).length;
const sold = () => harness.sandbox.requests.list({ method: 'POST', path: '/v1/checkout/sessions' }).length;
const told = (what: string) => warned.filter((line) => line.what === what).map(({ fields }) => fields);

/** The worker has asked for the offers' prices. */
const offered = (init: CallInit) => billingWhen(harness, init, (snapshot) => snapshot.offers.length > 0);

async function link(...args: string[]) {
  const said = { out: '', err: '' };
  const code = await linkAccount(args, harness.options, {
    stdout: { write: (text: string) => (said.out += text) },
    stderr: { write: (text: string) => (said.err += text) },
  });
  return { code, ...said };
}

async function diagnosed() {
  const store = openSqliteStore(harness.bff.database);
  try {
    return await diagnoseLinks(store);
  } finally {
    await store.close();
  }
}

async function paying(): Promise<string> {
  const customer = await made();
  const method = await harness.stripe.paymentMethods.attach('pm_card_visa', { customer });
  const [price] = (await harness.stripe.prices.list({ lookup_keys: ['team_monthly'] })).data;
  await harness.stripe.subscriptions.create({
    customer,
    default_payment_method: method.id,
    items: [{ price: String(price?.id) }],
  });
  return customer;
}

/** The account’s own customer, empty, and a second one of the same buyer, who pays. */
async function twoCustomers() {
  const [own, other] = [await made(), await paying()];
  await harness.bff.snapshot(introducing(own));
  return { own, other };
}

describe('F2, L35: a customer that is deleted, or unknown to Stripe', () => {
  it('leaves its account readable, which buys again with a new customer, while the host goes on introducing it', async () => {
    const gone = await paying();
    expect((await harness.bff.snapshot(introducing(gone))).state).toBe('active');
    await harness.stripe.customers.del(gone);
    const { state, access: given } = await offered(introducing(gone));
    expect([state, given.level]).toEqual(['ended', 'none']);
    expect((await access(backend(gone))).level).toBe('none');
    const bought = await buy(introducing(gone));
    expect(bought.status, await bought.clone().text()).toBe(200);
    const [own] = harness.sandbox.state.customers
      .list()
      .filter(({ metadata }) => metadata['billhook_account'] === account);
    expect(own?.id).toMatch(/^cus_/);

    expect((await harness.bff.snapshot(introducing(gone))).access.level, 'no doubt about the new one').toBe('none');
    expect((await buy(introducing(gone))).status).toBe(200);
    expect(told('link.deleted_introduced'), 'said once').toEqual([
      expect.objectContaining({ account, customer: gone, audit: true }),
    ]);
    expect(await diagnosed()).toEqual([]);
  });

  it('and was never linked: the account is read as one without a customer', async () => {
    const gone = await made();
    await harness.stripe.customers.del(gone);
    expect((await offered(introducing(gone))).state).toBe('none');
    await harness.bff.snapshot(introducing(gone));
    expect(lookedUp(gone), 'a deleted one stays deleted').toBe(1);
    expect((await buy(introducing(gone))).status).toBe(200);
  });

  it('of which Stripe knows nothing: readable, and nothing is sold', async () => {
    const snapshot = await harness.bff.snapshot(introducing('cus_nobody'));
    expect(snapshot).toMatchObject({ state: 'none', offers: [], access: { level: 'unknown' } });
    expect(await problemOf(await buy(introducing('cus_nobody')))).toMatchObject({ code: 'introduction_refused' });
    expect(lookedUp('cus_nobody'), 'asked once in ten minutes').toBe(1);
    later(11 * 60_000);
    await harness.bff.snapshot(introducing('cus_nobody'));
    expect(lookedUp('cus_nobody')).toBe(2);
    const own = await made();
    expect((await harness.bff.snapshot(introducing(own))).access.level, 'the right one ends it').toBe('none');
    expect(await diagnosed()).toEqual([]);
  });
});

describe('F19: another living customer than the account’s is introduced', () => {
  it('nothing is sold by any token and no access is said, until an operator decides', async () => {
    const { own, other } = await twoCustomers();
    expect((await access(backend())).level).toBe('none');
    const snapshot = await harness.bff.snapshot(introducing(other));
    expect(snapshot).toMatchObject({ state: 'none', offers: [], access: { level: 'unknown', reason: 'unknown' } });
    expect((await access(backend())).level, 'the guard says what the page says').toBe('unknown');
    expect((await harness.bff.billhook.access(account)).level).toBe('unknown');
    for (const init of [introducing(other), { account }, introducing(own)]) {
      expect(await problemOf(await buy(init))).toMatchObject({ status: 403, code: 'introduction_refused' });
    }
    expect(sold()).toBe(0);
    expect(lookedUp(other), 'asked once').toBe(1);
    expect(told('link.differs')).toEqual([expect.objectContaining({ account, customer: other, code: 'accountTaken' })]);
    expect(await diagnosed()).toEqual([
      expect.objectContaining({
        check: 'links',
        level: 'warn',
        what: expect.stringContaining(`acme/${account} has ${own} and is introduced as ${other}`),
        fix: expect.stringContaining('billhook link <host> <account> <customer> --replace'),
      }),
    ]);

    expect(await link('acme', account, other), 'only when told to').toMatchObject({
      code: 1,
      err: expect.stringContaining(`is linked to ${own}. With --replace`),
    });
    expect(await link('acme', account, other, '--replace')).toMatchObject({
      code: 0,
      out: expect.stringContaining(`is linked to ${other} in place of ${own}`),
    });
    expect((await access(backend(other))).level).toBe('full');
    expect(await problemOf(await buy(introducing(other)))).toMatchObject({ code: 'subscription_exists' });
    expect(await diagnosed()).toEqual([]);
  });

  it('ends when the host introduces the account’s own again, and no token with the other can be under way', async () => {
    const { own, other } = await twoCustomers();
    await harness.bff.snapshot(introducing(other));
    later(60_000);
    expect((await harness.bff.snapshot(introducing(own))).access.level).toBe('unknown');
    later(22 * 60_000);
    expect((await harness.bff.snapshot({ account })).access.level, 'silence decides nothing').toBe('unknown');
    expect((await harness.bff.snapshot(introducing(own))).access.level).toBe('none');
    expect(told('link.agreed')).toHaveLength(1);
  });

  it('lasts while the other is introduced at all, however often the account’s own is', async () => {
    const { own, other } = await twoCustomers();
    for (let minutes = 0; minutes < 60; minutes += 5) {
      later(5 * 60_000);
      expect((await harness.bff.snapshot(introducing(other))).access.level).toBe('unknown');
      expect((await harness.bff.snapshot(introducing(own))).access.level).toBe('unknown');
    }
  });

  it('and then deleted: it leaves no doubt', async () => {
    const { other } = await twoCustomers();
    await harness.bff.snapshot(introducing(other));
    await harness.stripe.customers.del(other);
    later(11 * 60_000);
    expect((await harness.bff.snapshot(introducing(other))).access.level).toBe('none');
  });

  it('which Stripe cannot be asked about: the account stays readable, and nothing is sold', async () => {
    const { other } = await twoCustomers();
    harness.sandbox.faults.next({ kind: 'html', path: `/v1/customers/${other}`, times: 9 });
    expect((await harness.bff.snapshot(introducing(other))).state).toBe('none');
    expect(await problemOf(await buy(introducing(other)))).toMatchObject({ status: 503, code: 'stripe_unavailable' });
    harness.sandbox.faults.clear();
    expect((await harness.bff.snapshot(introducing(other))).access.level).toBe('unknown');
  });

  it('an account that pays keeps its page and its portal', async () => {
    const payer = harness.as('active');
    account = payer.account;
    expect((await harness.bff.snapshot(payer)).access.level).toBe('full');
    const other = await made();
    expect(await harness.bff.snapshot(introducing(other))).toMatchObject({
      state: 'active',
      access: { level: 'unknown' },
    });
    const portal = await harness.bff.call('/v1/portal-sessions', introducing(other, { body: { seen: null } }));
    expect(portal.status).toBe(200);
    expect(await link('acme', account, harness.customers.active), 'the operator keeps it').toMatchObject({
      code: 0,
      out: expect.stringContaining('keeps it'),
    });
    expect((await harness.bff.snapshot(payer)).access.level).toBe('full');
  });
});

describe('F20: one customer for two workspaces', () => {
  it('is refused in words, and told by the doctor; the first is not touched', async () => {
    const payer = harness.as('ending');
    await harness.bff.snapshot(payer);
    const customer = harness.customers.ending;
    expect(await problemOf(await harness.bff.call('/v1/billing', introducing(customer)))).toMatchObject({
      status: 403,
      code: 'introduction_refused',
      detail: 'The customer pays for another account: one customer has one account.',
    });
    await harness.bff.call('/v1/billing', introducing(customer));
    expect(lookedUp(customer), 'asked about once for each account').toBe(2);
    expect((await diagnosed())[0]?.what).toContain(`acme/${account} has none and is introduced as ${customer}`);
    expect((await harness.bff.snapshot(payer)).access.level).toBe('full');
    expect(await link('acme', account, customer, '--replace')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/pays for acme\/team_ending.*billhook link acme team_ending --unlink/),
    });
  });

  it('moves when the operator takes it from the first', async () => {
    const { own, other } = await twoCustomers();
    const first = account;
    account = `${first}_moved`;
    expect(await link('acme', first, '--unlink')).toMatchObject({ code: 0, out: expect.stringContaining(own) });
    expect((await harness.bff.billhook.access(first)).level).toBe('unknown');
    expect(await link('acme', account, other)).toMatchObject({ code: 0 });
    expect((await access(backend(other))).level).toBe('full');
  });
});

describe('billhook link', () => {
  it('closes the Checkout that the old customer would pay in', async () => {
    const { own, other } = await twoCustomers();
    await offered({ account });
    const opened = (await (await buy({ account })).json()) as OpenedVisit;
    const open = () => harness.sandbox.state.checkoutSessions.list().find(({ customer }) => customer === own)?.status;
    expect([opened.url, open()]).toEqual([expect.stringContaining('http'), 'open']);
    await link('acme', account, other);
    expect(open(), 'nothing was changed').toBe('open');
    await link('acme', account, other, '--replace');
    expect(open()).toBe('expired');
  });

  it('says what goes on at Stripe and no account shows', async () => {
    const { own, other } = await twoCustomers();
    await link('acme', account, other, '--replace');
    await access(backend(other));
    const { out } = await link('acme', account, own, '--replace');
    expect(out).toContain(`${other} has a subscription that go`);
    expect(await link('acme', account, '--unlink')).toMatchObject({ out: expect.stringContaining('billhook_account') });
    expect(await link('acme', account, '--unlink')).toMatchObject({
      code: 1,
      err: expect.stringContaining('notLinked'),
    });
  });

  it.each([
    [['acme', 'a', 'cus_nobody'], 'stripe_customer_missing'],
    [['nobody', 'a', 'cus_1'], 'there is no host "nobody"'],
    [['acme', 'a'], 'a customer is wanted'],
    [['acme'], 'an account is wanted'],
    [['acme', 'a', 'acct_1'], 'the id of a Stripe customer'],
    [['acme', 'a', 'cus_1', '--unlink'], '--unlink takes a host and an account only'],
    [['acme', 'a', 'cus_1', 'b'], 'one argument too many: "b"'],
  ])('%j: says what is wrong', async (args, words) => {
    const said = await link(...args).catch((cause: Error & { code?: string }) => ({
      code: 1,
      err: String(cause.code),
    }));
    expect(said.err).toContain(words);
    expect(said.code).not.toBe(0);
  });
});
