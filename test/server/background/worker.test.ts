/** The worker on a real ledger, with a clock of the test's own and a Stripe that answers as the test says. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { currentContext, type Priority } from '../../../server/src/stripe/request-budget.ts';
import type { Catalogue } from '../../../server/src/background/catalogue.ts';
import { readConfig } from '../../../server/src/config/config.ts';
import { backOffMs } from '../../../server/src/background/backoff.ts';
import { createMetrics } from '../../../server/src/operations/metrics.ts';
import { openSqliteStore } from '../../../server/src/ledger/sqlite/ledger.ts';
import { type BillingStore } from '../../../server/src/ledger/ledger.ts';
import { StripeFailure } from '../../../server/src/stripe/failure.ts';
import { createStripeGateway, type StripeGateway } from '../../../server/src/stripe/gateway.ts';
import type { CustomerData } from '../../../server/src/stripe/facts/customer.ts';
import { Waiters } from '../../../server/src/background/waiters.ts';
import { Worker, type WorkerOptions } from '../../../server/src/background/worker.ts';
import { factsWith } from '../../contract/harness.ts';
import { holdTimeLimits } from '../../support/time-limits.ts';
import { hostSecret, origin, publicUrl } from '../support/bff.ts';
import { day, noon } from '../fixtures/facts.ts';
import { logRecorder, type LogRecorder } from '../../support/log-recorder.ts';
import { LedgerPinnedError } from '../../../server/src/ledger/errors.ts';
import type { Subject, StripeEvent } from '../../../server/src/ledger/events.ts';
import type { WorkerParts } from '../../../server/src/background/context.ts';

let now: number;
let store: BillingStore;
let log: LogRecorder;
let waiters: Waiters;
/** In the order of their beginning. */
let looks: { customer: string; lane: Priority }[];
let answer: (customer: string) => Promise<CustomerData>;
const working: Worker[] = [];

const nothing = (customer: string): Promise<CustomerData> =>
  Promise.resolve({ customer: { id: customer, object: 'customer' }, subscriptions: [], openInvoices: [] });

beforeEach(() => {
  now = noon;
  store = openSqliteStore(':memory:');
  log = logRecorder();
  waiters = new Waiters();
  looks = [];
  answer = nothing;
});
afterEach(async () => {
  await Promise.all(working.splice(0).map((worker) => worker.stop()));
  await store.close();
});

async function startWorker(
  options: WorkerOptions = {},
  { requestsPerSecond = 20, ...change }: Partial<WorkerParts> & { readonly requestsPerSecond?: number } = {},
): Promise<Worker> {
  const config = await readConfig({
    publicUrl,
    database: ':memory:',
    stripe: { secretKey: 'sk_test_1', webhookSecrets: ['whsec_1'], requestsPerSecond },
    hosts: [{ id: 'acme', secrets: [hostSecret], origins: [origin], returnUrl: `${origin}/billing` }],
    now: () => now,
    log,
  });
  const gateway = {
    fetchCustomer(customer: string) {
      looks.push({ customer, lane: currentContext().priority });
      return answer(customer);
    },
  } as unknown as StripeGateway;
  const catalogue = {
    fetchMissing: async () => undefined,
    productName: () => null,
    price: () => null,
    soldPrice: () => null,
    offersAreDue: () => false,
  } as unknown as Catalogue;
  const parts: WorkerParts = {
    config,
    store,
    gateway,
    catalogue,
    metrics: createMetrics(),
    digest: (text) => text,
    confirm: async () => undefined,
    wakeOutbox: () => undefined,
    ...change,
  };
  // It looks when it is woken, and its back-off has no jitter.
  const worker = new Worker(parts, waiters, { pollMs: 2 ** 30, random: () => 0.5, ...options });
  working.push(worker);
  await worker.start();
  return worker;
}

const link = async (name: string) => {
  await store.link({ host: 'acme', account: name }, `cus_${name}`, now);
  return `cus_${name}`;
};
const raise = (customer: string) => store.raiseTicket(customer, 'webhook', now);
const synced = (times = 1) => log.line(({ what }) => /^sync\.(?:un)?changed$/.test(what), times);
const failed = (times = 1) => log.line(({ what }) => what === 'sync.failed', times);
/** Everything that a wake sets going is done. */
const quiet = async (worker: Worker) => {
  worker.wake();
  for (let turn = 0; turn < 20; turn += 1) await nextTurn();
};

describe('a storm of events about one customer', () => {
  it('causes one fetch a second without waiting pages, and no event is lost', async () => {
    const customer = await link('storm');
    const worker = await startWorker();
    await synced();
    for (let event = 0; event < 100; event += 1) await raise(customer);
    await quiet(worker);
    now += 999;
    await quiet(worker);
    expect(looks).toHaveLength(1);
    now += 1;
    await quiet(worker);
    expect(looks).toHaveLength(2);
    expect(await store.findAccount({ host: 'acme', account: 'storm' })).toMatchObject({
      ticket: 101,
      syncedTicket: 101,
    });
  });

  it('is fetched though the clock was set back', async () => {
    const customer = await link('early');
    const worker = await startWorker();
    await synced();
    now -= 3_600_000;
    await raise(customer);
    await quiet(worker);
    expect(looks).toHaveLength(2);
  });

  it('is fetched at once for a waiting page, before the background', async () => {
    const customer = await link('wanted');
    const worker = await startWorker();
    await synced();
    await raise(customer);
    await store.prioritize(customer, now + 5_000);
    await quiet(worker);
    expect(looks.map(({ lane }) => lane)).toEqual(['background', 'waiting']);
  });

  it('is fetched at once for a long poll that is open when the next event comes', async () => {
    const customer = await link('watched');
    const waiter = waiters.register('acme', 'watched', customer);
    store.subscribe((change) => change.kind === 'raised' && waiters.watched.raised(change.customers));
    const worker = await startWorker();
    await synced();
    await quiet(worker);
    await raise(customer);
    await quiet(worker);
    expect(looks.map(({ lane }) => lane)).toEqual(['background', 'waiting']);
    waiter.release();
  });
});

describe('places', () => {
  it('are reserved for prioritized customers, however many others hang', async () => {
    for (let number = 0; number < 20; number += 1) await link(`slow_${number}`);
    const wanted = await link('wanted');
    const gates: (() => void)[] = [];
    answer = (customer) =>
      customer === wanted
        ? nothing(customer)
        : new Promise((look) =>
            gates.push(() => look({ customer: { id: customer }, subscriptions: [], openInvoices: [] })),
          );
    const worker = await startWorker({ concurrency: 8 });
    await quiet(worker);
    expect(looks).toHaveLength(6);
    await store.prioritize(wanted, now + 5_000);
    worker.wake();
    await synced();
    expect(looks.at(-1)).toEqual({ customer: wanted, lane: 'waiting' });
    expect(looks).toHaveLength(7);
    answer = nothing;
    for (const open of gates) open();
    await synced(21);
  });

  it.each([
    [1, 8],
    [20, 10],
    [80, 40],
    [1_000, 64],
  ])('follow a budget of %d requests a second: %d', async (requestsPerSecond, places) => {
    for (let number = 0; number < 80; number += 1) await link(`slow_${number}`);
    let open = () => {};
    const gate = new Promise<void>((opened) => (open = opened));
    answer = (customer) => gate.then(() => nothing(customer));
    const worker = await startWorker({ reservedForPriority: 0 }, { requestsPerSecond });
    await quiet(worker);
    expect(looks).toHaveLength(places);
    open();
    await synced(80);
  });
});

describe('old rows', () => {
  it('are forgotten after 35 days, at the start and then every day', async () => {
    const old = (id: string): StripeEvent => ({
      event: id,
      type: 'payout.paid',
      livemode: false,
      concerns: 'none',
      customer: null,
      subject: null,
    });
    const isKnown = async (id: string) => (await store.recordEvent(old(id), now - 36 * day)) === 'duplicate';
    await store.recordEvent(old('evt_1'), now - 36 * day);
    await store.recordEvent(old('evt_2'), now - 34 * day);
    const worker = await startWorker();
    await quiet(worker);
    expect(await isKnown('evt_2')).toBe(true);
    expect(await isKnown('evt_1')).toBe(false);
    now += day;
    await quiet(worker);
    expect(await isKnown('evt_1'), 'the last day is not over').toBe(true);
    now += 1;
    await quiet(worker);
    expect(await isKnown('evt_1')).toBe(false);
  });
});

describe('one bad row', () => {
  it('that cannot be judged is fetched instead, once, and the other rows are synced', async () => {
    const [bad, good] = [await link('bad'), await link('good')];
    for (const claim of await store.claim(now, 1_000, 2)) {
      const facts = claim.customer === bad ? { ...factsWith(), subscriptions: null } : factsWith();
      await store.apply(claim, {
        facts: facts as unknown as ReturnType<typeof factsWith>,
        fetchedAt: now,
        nextChangeAt: now + 60_000,
        now,
      });
    }
    now += 2 * day;
    const worker = await startWorker();
    await synced(2);
    await quiet(worker);
    expect(looks.map(({ customer }) => customer).toSorted()).toEqual([bad, good]);
    expect(log.lines.filter(({ what }) => what === 'due.failed')).toHaveLength(1);
    expect(log.lines.filter(({ what }) => what === 'facts.illegible')).toHaveLength(1);
    expect((await store.findAccount({ host: 'acme', account: 'bad' }))?.facts?.subscriptions).toEqual([]);
    expect(await store.due(now, 10)).toEqual([]);
  });

  it('with a malformed answer of Stripe’s fails alone, with its code', async () => {
    const [bad] = [await link('bad'), await link('good')];
    answer = (customer) => (customer === bad ? Promise.resolve({} as CustomerData) : nothing(customer));
    await startWorker();
    await synced();
    expect((await failed()).fields).toMatchObject({ account: 'bad', code: 'stripe_object_malformed', attempts: 1 });
    expect((await store.stats(now)).failing).toEqual({ stripe_object_malformed: 1 });
  });
});

describe('a customer that fails', () => {
  const refusal = (code: ConstructorParameters<typeof StripeFailure>[0]) => () =>
    Promise.reject(new StripeFailure(code, new Error('no')));

  it('is tried again after 1, 2, 4 … 300 seconds, and logged as an error after a while', async () => {
    await link('gone');
    answer = refusal('stripe_customer_missing');
    const worker = await startWorker();
    const waits: number[] = [];
    for (let attempt = 1; attempt < 12; attempt += 1) {
      expect((await failed(attempt)).level).toBe('warn');
      const tried = looks.length;
      let seconds = 0;
      while (looks.length === tried) {
        now += 1_000;
        seconds += 1;
        await quiet(worker);
      }
      waits.push(seconds);
    }
    expect((await failed(12)).level).toBe('error');
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
    expect(await store.findAccount({ host: 'acme', account: 'gone' })).toMatchObject({
      failure: { code: 'stripe_customer_missing', attempts: 12 },
    });
  });

  it('is fresh again after the first fetch that succeeds', async () => {
    await link('back');
    answer = refusal('stripe_unavailable');
    const worker = await startWorker();
    await failed();
    answer = nothing;
    now += 1_000;
    worker.wake();
    await synced();
    expect(await store.findAccount({ host: 'acme', account: 'back' })).toMatchObject({
      failure: null,
      staleSince: null,
    });
  });

  it('is not fetched while the ledger may belong to another Stripe account', async () => {
    await link('foreign');
    await startWorker({}, { confirm: () => Promise.reject(new LedgerPinnedError('it belongs to another')) });
    expect((await failed()).fields).toMatchObject({ code: 'ledger_pinned' });
    expect(looks).toEqual([]);
  });

  it.each([
    ['what passes by itself is tried every half a minute', new StripeFailure('stripe_unavailable', null), 20, 30_000],
    ['what does not, every five minutes', new StripeFailure('stripe_rejected', null), 20, 300_000],
    ['what nobody foresaw, likewise', new TypeError('x'), 20, 300_000],
    ['the first try comes after a second', new TypeError('x'), 0, 1_000],
  ])('backs off: %s', (_, cause, failures, milliseconds) => {
    expect(backOffMs(cause, failures, () => 0.5)).toBe(milliseconds);
    expect(backOffMs(cause, failures, () => 0)).toBe(milliseconds * 0.75);
    expect(backOffMs(cause, failures, () => 1)).toBe(milliseconds * 1.25);
  });
});

describe('events without a customer', () => {
  const hint = (event: string, id: string): StripeEvent => ({
    event,
    type: 'invoice_payment.paid',
    livemode: false,
    concerns: 'subject',
    customer: null,
    subject: { type: 'invoice_payment', id },
  });

  it('with the same subject cause one request, and each is resolved', async () => {
    await link('payer');
    for (let number = 0; number < 15; number += 1) await store.recordEvent(hint(`evt_${number}`, 'inpay_1'), now);
    await store.recordEvent(hint('evt_other', 'inpay_2'), now);
    const subjects: string[] = [];
    const gateway = {
      fetchCustomer: nothing,
      customerOf: async ({ id }: Subject) => {
        subjects.push(`${currentContext().priority} ${id}`);
        return 'cus_payer';
      },
    } as unknown as StripeGateway;
    const worker = await startWorker({}, { gateway });
    await quiet(worker);
    expect(subjects).toEqual(['background inpay_1', 'background inpay_2']);
    expect(await store.stats(now)).toMatchObject({ openHints: 0 });
    expect(await store.findAccount({ host: 'acme', account: 'payer' })).toMatchObject({ ticket: 17 });
  });
});

describe('a fetch', () => {
  it('with endless pages is ended before its lease', async () => {
    await link('endless');
    const limits = holdTimeLimits();
    let pages = 0;
    const page = () => ({
      object: 'list',
      has_more: true,
      data: [
        { id: `sub_${pages}`, object: 'subscription', status: 'active', customer: 'cus_endless', items: { data: [] } },
      ],
    });
    const gateway = createStripeGateway({
      secretKey: 'sk_test_1',
      webhookSecrets: ['whsec_1'],
      fetch: async (_, init) => {
        pages += 1;
        if (pages === 5) limits.pass();
        await nextTurn();
        init?.signal?.throwIfAborted();
        return Response.json(page());
      },
    });
    await startWorker({ leaseMs: 45_000, fetchLimitMs: 35_000 }, { gateway });
    expect((await failed()).fields).toMatchObject({ code: 'stripe_unavailable' });
    for (let turn = 0; turn < 20; turn += 1) await nextTurn();
    expect(limits.set).toContain(35_000);
    expect(pages, 'no page after the limit').toBe(5);
    gateway.close();
  });
});
